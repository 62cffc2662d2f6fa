//! Runbooks: the list, one of them, and what a run of one would do.

use super::{
    Block, Code, Message, Mrkdwn, Span,
    approval::consequence_lines,
    card::{step_names, steps},
};
use crate::{
    ident::RunId,
    mrkdwn,
    proposal::{OnFailure, Proposal},
    runbook::{Loaded, Step},
};

/// A runbook in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRunbook {
    /// What is typed for it.
    pub name: String,
    /// What it does, or why it can't be used.
    pub summary: String,
    /// Whether it is the organization's own.
    pub is_own: bool,
    /// Its verbs that are not built yet.
    pub missing: Vec<String>,
}

/// All runbooks.
#[must_use]
pub fn runbook_list(runbooks: &[ListedRunbook]) -> Message {
    let line = |runbook: &ListedRunbook| {
        let own = if runbook.is_own { mrkdwn!("") } else { mrkdwn!(" (built in)") };
        let missing = if runbook.missing.is_empty() {
            mrkdwn!("")
        } else {
            let verbs = Mrkdwn::join(runbook.missing.iter().map(|verb| mrkdwn!("{}", Code(verb))), ", ");
            mrkdwn!(" ⚠️ can't be run yet, for want of {}", verbs)
        };
        mrkdwn!("{}{}: {}{}", Code(&runbook.name), own, runbook.summary, missing)
    };
    let mut blocks = vec![Block::title("Runbooks")];
    blocks.extend(Block::paragraphs(runbooks.iter().map(line)));
    blocks.push(Block::small_print(mrkdwn!("{} shows every step of one.", Code("/dr runbook show NAME"))));
    Message { text: mrkdwn!("{} runbooks", runbooks.len()), blocks }
}

/// Every step of a runbook, as it is written.
#[must_use]
pub fn runbook_shown(name: &str, loaded: &Loaded) -> Message {
    let runbook = &loaded.runbook;
    let says_more = runbook.trigger.as_ref().is_none_or(|trigger| !runbook.summary.ends_with(trigger.as_str()));
    let mut lines: Vec<Mrkdwn> = says_more.then(|| mrkdwn!("{}", runbook.summary)).into_iter().collect();
    lines.extend(runbook.trigger.iter().map(|trigger| mrkdwn!("*When* {}", trigger)));
    lines.extend(runbook.steps.iter().enumerate().map(|(index, step)| step_line(index + 1, step)));
    let missing = runbook.missing();
    if !missing.is_empty() {
        let said = missing.iter().map(|(step, verb)| mrkdwn!("{} (step {})", Code(verb), Code(step.as_str())));
        lines.push(mrkdwn!("⚠️ It can't be run yet: this release does not know {}.", Mrkdwn::join(said, ", ")));
    } else {
        lines.push(mrkdwn!("{} shows what it would touch.", Code(&format!("/dr runbook run {name} --on TARGET --dry-run"))));
    }
    let mut blocks = vec![Block::title(runbook.name.clone())];
    blocks.extend(Block::paragraphs(lines));
    blocks.push(Block::small_print(mrkdwn!("Digest of its text {}", Code(&loaded.digest))));
    Message { text: mrkdwn!("Runbook {}: {} steps", runbook.name, runbook.steps.len()), blocks }
}

fn step_line(number: usize, step: &Step) -> Mrkdwn {
    let what = match &step.gate {
        Some(gate) => mrkdwn!("✋ stops until the rest is approved: {}", gate.message),
        None => {
            let arguments = step.arguments.iter().map(|(name, value)| mrkdwn!(" {}", Code(&format!("--{name}={value}"))));
            mrkdwn!("{}{}", Code(&step.action), Mrkdwn::join(arguments, ""))
        }
    };
    let condition = step.flow.condition.as_ref().map(|text| mrkdwn!(", only if {}", Code(text))).unwrap_or_default();
    let after = match step.flow.after.as_deref() {
        None => mrkdwn!(""),
        Some([]) => mrkdwn!(", at once"),
        Some(after) => mrkdwn!(", after {}", Mrkdwn::join(after.iter().map(|id| mrkdwn!("{}", Code(id.as_str()))), ", ")),
    };
    let again = step.flow.group.as_ref().filter(|group| group.again > 0);
    let again = again.map(|group| mrkdwn!(", again up to {} times", group.again)).unwrap_or_default();
    let fails = match step.flow.on_failure {
        None => mrkdwn!(""),
        Some(OnFailure::Stop) => mrkdwn!(", if it fails people decide"),
        Some(OnFailure::Continue) => mrkdwn!(", if it fails it goes on"),
        Some(OnFailure::Undo) => mrkdwn!(", if it fails all is undone"),
    };
    mrkdwn!("{}. *{}* {}{}{}{}{}, {} at most", number, step.name, what, condition, after, again, fails, Span(step.timeout.0))
}

/// What a step says to people.
#[must_use]
pub fn step_said(run: &RunId, lines: &[String]) -> Message {
    let first = lines.first().map(String::as_str).unwrap_or_default();
    let mut blocks = Block::paragraphs(lines.iter().map(|line| mrkdwn!("{}", line.as_str())));
    blocks.push(Block::small_print(mrkdwn!("Said by a step of {}, details by {}", Code(run.as_str()), Code(&format!("/dr why {run}")))));
    Message { text: mrkdwn!("{}", first), blocks }
}

/// What a run would do, with every argument. Nothing was done, and nobody was asked.
#[must_use]
pub fn runbook_dry_run(proposal: &Proposal) -> Message {
    let blocks = |steps: Vec<Block>| {
        let mut blocks = vec![Block::title(format!("Dry run: {}", proposal.title))];
        let approvers = match &proposal.quorum {
            Some(quorum) => {
                mrkdwn!("It would wait for the approval of {} of those with the role {}.", quorum.needed, super::one_of(&quorum.roles))
            }
            None => mrkdwn!("It would need nobody's approval to begin: it replaces and deletes nothing."),
        };
        blocks.extend(Block::paragraphs([mrkdwn!("*Nothing was done.* {}", approvers)]));
        blocks.extend(Block::paragraphs(consequence_lines(proposal)));
        blocks.push(Block::Divider {});
        blocks.extend(steps);
        blocks
    };
    let text = mrkdwn!("Dry run: {}. Nothing was done.", proposal.title);
    let whole = blocks(steps(proposal));
    let blocks = if Block::fit(&whole) { whole } else { blocks(step_names(proposal)) };
    Message { text, blocks }
}
