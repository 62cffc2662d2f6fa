//! Proposals before those who decide: the card.

use jiff::Timestamp;

use super::{
    Block, Code, Element, Message, Moment, Mrkdwn, Span, Style,
    card::{one_of, span, step_count, step_names, steps},
};
use crate::{
    approval::{Approval, State, Vote},
    mrkdwn,
    policy::Verb,
    proposal::Proposal,
};

/// Characters of a title that a header shows; a longer one stands below it too.
const HEADER: usize = 150;

/// The card: everything that the digest covers, who may decide, and how it stands. Always fits into one message, since it
/// is edited: steps that don't fit go into its thread by [`approval_details`].
#[must_use]
pub fn approval_card(proposal: &Proposal, approval: &Approval, now: Timestamp) -> Message {
    let shortened = [steps, step_names].into_iter().map(|steps| card(proposal, approval, now, steps(proposal)));
    let mut fitting = shortened.filter(|blocks| Block::fit(blocks));
    let blocks = fitting.next().unwrap_or_else(|| card(proposal, approval, now, step_count(proposal)));
    let text = mrkdwn!("{}: {} Asked by {}: {}", proposal.title, standing(approval, now), proposal.requester, reason(proposal));
    Message { text, blocks }
}

/// What the card has no room for: every step with every argument, for the card's thread. Nothing, where the card shows it.
#[must_use]
pub fn approval_details(proposal: &Proposal, approval: &Approval, now: Timestamp) -> Option<Message> {
    let steps = steps(proposal);
    let text = mrkdwn!("Every step of {} with every argument.", proposal.title);
    (!Block::fit(&card(proposal, approval, now, steps.clone()))).then_some(Message { text, blocks: steps })
}

fn card(proposal: &Proposal, approval: &Approval, now: Timestamp, steps: Vec<Block>) -> Vec<Block> {
    let mut blocks = vec![Block::title(proposal.title.clone())];
    if proposal.title.chars().count() > HEADER {
        blocks.extend(Block::paragraphs([mrkdwn!("*{}*", proposal.title)]));
    }
    blocks.extend(Block::paragraphs(decision_lines(approval, now)));
    blocks.extend(Block::paragraphs(asked_lines(proposal)));
    blocks.extend(Block::paragraphs(consequence_lines(proposal)));
    // The buttons stand where a phone still shows them; what they stand for goes on below, to the last argument.
    if approval.is_open(now) {
        blocks.push(buttons(proposal));
        blocks.push(Block::small_print(mrkdwn!("The button asks you to type {} before it counts.", Code(&approval.phrase))));
    }
    blocks.push(Block::Divider {});
    blocks.extend(steps);
    blocks.push(Block::Divider {});
    blocks.extend(Block::small_prints(origin_lines(proposal, approval)));
    blocks
}

fn buttons(proposal: &Proposal) -> Block {
    let id = proposal.id.as_str();
    Block::Actions {
        block_id: "decide".to_owned(),
        elements: vec![
            Element::button("approve", &format!("Approve: {}…", deed(proposal)), id, Some(Style::Primary)),
            Element::button("deny", "Deny", id, Some(Style::Danger)),
            Element::button("cancel", "Take back", id, None),
        ],
    }
}

/// What would be done, in two words: for buttons.
pub(super) fn deed(proposal: &Proposal) -> String {
    let database = &proposal.target.name;
    match proposal.verb {
        Verb::Restore => format!("restore {database}"),
        Verb::Retire => format!("delete {}", super::run::retired(proposal).unwrap_or(database)),
        Verb::Backup => format!("back up {database}"),
        Verb::Failover | Verb::Run | Verb::Look | Verb::Page | Verb::Approve => proposal.title.clone(),
    }
}

fn decision_lines(approval: &Approval, now: Timestamp) -> Vec<Mrkdwn> {
    let mut lines = vec![standing(approval, now)];
    if approval.is_open(now) {
        lines.push(mrkdwn!("{}, who asked, does not count. It expires: {}.", approval.requester, Moment(approval.expires_at)));
    }
    if !approval.votes.is_empty() && !matches!(approval.state, State::Approved { .. }) {
        lines.push(mrkdwn!("Approvals so far: {}.", votes(&approval.votes)));
    }
    lines
}

/// How an approval stands, in a sentence with its emoji.
pub(super) fn standing(approval: &Approval, now: Timestamp) -> Mrkdwn {
    let nothing = "Nothing was done.";
    match &approval.state {
        State::Pending if approval.is_open(now) => mrkdwn!("⏳ *Waits for approval*: {}.", wanting(approval)),
        State::Pending | State::Expired => {
            mrkdwn!("⌛ *Expired* at {}: {} {}", Moment(approval.expires_at), given(approval), nothing)
        }
        State::Approved { at } => {
            mrkdwn!("✅ *Approved* at {} by {}. {}", Moment(*at), voters(&approval.votes), goes_on(approval))
        }
        State::Denied { by, at } => mrkdwn!("❌ *Denied* by {} at {}. {}", by, Moment(*at), nothing),
        State::Cancelled { by, at } => mrkdwn!("⏹ *Taken back* by {} at {}. {}", by, Moment(*at), nothing),
    }
}

fn goes_on(approval: &Approval) -> Mrkdwn {
    match &approval.rest_of {
        Some(run) => mrkdwn!("{} goes on.", Code(run.as_str())),
        None => mrkdwn!("It runs as {}.", Code(approval.proposal.run().as_str())),
    }
}

/// `1 of 2 given; needs one more from dba or lead`.
pub(super) fn wanting(approval: &Approval) -> Mrkdwn {
    let more = match approval.missing() {
        1 => mrkdwn!("one more person"),
        several => mrkdwn!("{} more people", several),
    };
    let (votes, needed) = (approval.votes.len(), approval.quorum.needed);
    mrkdwn!("{} of {} given; needs {} with the role {}", votes, needed, more, one_of(&approval.quorum.roles))
}

fn given(approval: &Approval) -> Mrkdwn {
    mrkdwn!("{} of {} had approved.", approval.votes.len(), approval.quorum.needed)
}

fn votes(votes: &[Vote]) -> Mrkdwn {
    Mrkdwn::join(votes.iter().map(|vote| mrkdwn!("{} at {}", vote.by, Moment(vote.at))), ", ")
}

fn voters(votes: &[Vote]) -> Mrkdwn {
    Mrkdwn::join(votes.iter().map(|vote| mrkdwn!("{}", vote.by)), " and ")
}

fn reason(proposal: &Proposal) -> Mrkdwn {
    proposal.reason.as_ref().map_or_else(|| mrkdwn!("no reason given."), |reason| mrkdwn!("{}", reason))
}

fn asked_lines(proposal: &Proposal) -> Vec<Mrkdwn> {
    let target = &proposal.target;
    let mut lines = vec![
        mrkdwn!("*Asked by* {}, {}", proposal.requester, Moment(proposal.asked_at)),
        mrkdwn!("*Why* {}", reason(proposal)),
        mrkdwn!("*Target* the {} {}, {}, {}", target.kind.to_string(), Code(&target.name), target.environment, Code(&target.region)),
    ];
    if !proposal.locks.is_empty() {
        let locks = Mrkdwn::join(proposal.locks.iter().map(|lock| mrkdwn!("{}", Code(lock))), ", ");
        lines.push(mrkdwn!("*Meanwhile* nothing else runs on {}", locks));
    }
    if let Some(gate) = &proposal.gate {
        let (run, step) = (Code(gate.run.as_str()), Code(gate.step.as_str()));
        lines.push(mrkdwn!("*In the middle* of {}, which waits at its step {}; what is known by now stands below", run, step));
    }
    lines
}

/// What it would mean, in the order in which it is asked about.
pub(super) fn consequence_lines(proposal: &Proposal) -> Vec<Mrkdwn> {
    let meant = &proposal.consequences;
    let mut lines = Vec::new();
    if let Some(point) = meant.recovery_point {
        lines.push(mrkdwn!("*Data* as of {}, from {}", Moment(point), meant.source.as_deref().unwrap_or("an unnamed source")));
        lines.push(loss(proposal));
    } else if let Some(source) = &meant.source {
        lines.push(mrkdwn!("*Data* from {}", source));
    }
    lines.push(duration(proposal));
    lines.extend(meant.cost.as_ref().map(|cost| mrkdwn!("*Cost* {}", cost)));
    lines.push(mrkdwn!("*Undo* {}", meant.undo));
    lines.extend(meant.point_of_no_return.as_ref().map(|id| {
        let number = proposal.steps.iter().position(|step| step.id == *id).map_or(0, |index| index + 1);
        let name = proposal.step(id).map_or("", |step| step.name.as_str());
        mrkdwn!("*Point of no return* step {}, “{}” ({})", number, name, Code(id.as_str()))
    }));
    lines.extend(meant.warnings.iter().map(|warning| mrkdwn!("⚠️ {}", warning)));
    lines
}

fn loss(proposal: &Proposal) -> Mrkdwn {
    match proposal.consequences.lost_seconds {
        Some(0) => mrkdwn!("*Lost* nothing that was written before this was asked"),
        Some(seconds) => {
            mrkdwn!("*Lost* you lose about {}: everything written after that moment, counted up to when this was asked", span(seconds))
        }
        None => mrkdwn!("*Lost* not known beforehand"),
    }
}

fn duration(proposal: &Proposal) -> Mrkdwn {
    let meant = &proposal.consequences;
    let objective = match meant.rto_seconds {
        0 => mrkdwn!(""),
        seconds => mrkdwn!("; the objective (RTO) is {}", span(seconds)),
    };
    match meant.usual_seconds {
        // A median of nothing sums up to nothing: no step has a past.
        Some(seconds) if seconds > 0 => {
            let over = if meant.rto_seconds > 0 && seconds > meant.rto_seconds { " ⚠️ That is longer than the objective." } else { "" };
            mrkdwn!("*Time* usually {}, by past runs{}.{}", span(seconds), objective, over)
        }
        _ => mrkdwn!("*Time* no past run to go by{}.", objective),
    }
}

fn origin_lines(proposal: &Proposal, approval: &Approval) -> Vec<Mrkdwn> {
    let quorum = &approval.quorum;
    vec![
        mrkdwn!(
            "Who may approve: {} of those with the role {}, within {}, in {}",
            quorum.needed,
            one_of(&quorum.roles),
            Span(quorum.within.0),
            approval.environment
        ),
        mrkdwn!("Proposal {}, expires: {}", Code(proposal.id.as_str()), Moment(proposal.expires_at)),
        mrkdwn!("Verb {}, runbook {}, digest {}", proposal.verb.to_string(), Code(&proposal.runbook), Code(&proposal.runbook_digest)),
        mrkdwn!("Plan version {}, digest of what it says of this {}", Code(&proposal.plan_version), Code(&proposal.plan_digest)),
        mrkdwn!("What is approved: {}, in full {}", Code(short_digest(&approval.digest)), Code(&approval.digest)),
    ]
}

/// The beginning of a digest: enough to compare by eye.
pub(super) fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
