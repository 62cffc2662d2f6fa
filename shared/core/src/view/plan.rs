//! What is said of the plan itself.

use super::{Block, Code, Message, Mrkdwn, Prose};
use crate::{
    mrkdwn,
    plan::{Current, Finding, Refused, Weight},
};

/// Findings that one message shows: a plan that is this wrong is read where it is written.
const SHOWN: usize = 12;

/// A newer version of the plan that can't be used, and the one that stays in force.
#[must_use]
pub fn plan_refused(current: &Current, refused: &Refused) -> Message {
    let text = refused_line(current, refused);
    let mut blocks = vec![Block::title("The new plan can't be used"), Block::paragraph(text.clone())];
    blocks.extend(Block::paragraphs(findings(&refused.findings)));
    blocks.push(Block::small_print(mrkdwn!(
        "{} says all that is wrong; {} puts a mended one in place.",
        Code("mayday plan check FILE"),
        Code("mayday plan put FILE")
    )));
    Message { text, blocks }
}

fn refused_line(current: &Current, refused: &Refused) -> Mrkdwn {
    mrkdwn!(
        "❌ Version {} of the plan can't be used: {}. Version {} stays in force.",
        Code(&refused.version),
        Prose(&refused.why),
        Code(&current.version)
    )
}

fn findings(findings: &[Finding]) -> Vec<Mrkdwn> {
    let line = |finding: &Finding| {
        let mark = if finding.weight == Weight::Error { "❌" } else { "⚠️" };
        mrkdwn!("{} {}", mark, Prose(&finding.to_string()))
    };
    let more = findings.len().checked_sub(SHOWN).filter(|more| *more > 0).map(|more| mrkdwn!("{} more.", more));
    findings.iter().take(SHOWN).map(line).chain(more).collect()
}
