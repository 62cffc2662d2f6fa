//! Who may what: to one person in Slack, and of everybody as a table.

use std::fmt::Write as _;

use super::{Block, Code, Message, Moment, Mrkdwn};
use crate::{
    command::SLASH,
    ident::Identity,
    mrkdwn,
    plan::{Plan, Quorum},
    policy::{self, Answer, Explanation, Needed, Verb},
    proposal::Proposal,
};

/// Who somebody is to the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Myself {
    /// Who.
    pub who: Identity,
    /// Their short name.
    pub name: String,
    /// Their roles.
    pub roles: Vec<String>,
    /// What makes their account not count, if anything; absent: it can't be looked up now.
    pub account: Option<Option<String>>,
    /// What they may do, and where.
    pub may: Vec<(Verb, Vec<String>)>,
    /// For which approvals they count, and where.
    pub counts_for: Vec<(&'static str, Vec<String>)>,
    /// Whether they are on call.
    pub on_call: bool,
    /// The rotations that they take turns in.
    pub rotations: Vec<String>,
}

/// Who you are to the plan.
#[must_use]
pub fn whoami(myself: &Myself) -> Message {
    let text = mrkdwn!("You are {} ({}) in the plan, with {}.", Code(&myself.name), myself.who, roles(&myself.roles));
    let account = match &myself.account {
        Some(None) => mrkdwn!("✅ Your Slack account is in order."),
        Some(Some(mark)) => mrkdwn!("❌ Your Slack account {}, so you can do none of this.", mark),
        None => mrkdwn!("❔ Slack can't be asked about your account now: until then you can only look."),
    };
    let may = myself.may.iter().map(|(verb, places)| mrkdwn!("• {} in {}", words(*verb), places.join(", ")));
    let may = if myself.may.is_empty() { mrkdwn!("Your roles give you nothing.") } else { Mrkdwn::join(may, "\n") };
    let counts = myself.counts_for.iter().map(|(what, places)| mrkdwn!("{} in {}", approvals(what), places.join(", ")));
    let counts = match myself.counts_for.len() {
        0 => mrkdwn!("Your approval counts for nothing."),
        _ => mrkdwn!("Your approval counts for {}; never for what you asked for yourself.", Mrkdwn::join(counts, "; ")),
    };
    let on_call = match (myself.on_call, myself.rotations.is_empty()) {
        (true, _) => mrkdwn!("🔔 You are on call now."),
        (false, false) => mrkdwn!("You are not on call now; you take turns in {}.", myself.rotations.join(", ")),
        (false, true) => mrkdwn!("You are in no on-call rotation."),
    };
    let blocks = vec![
        Block::paragraph(text.clone()),
        Block::small_print(account),
        Block::paragraph(mrkdwn!("*You may*\n{}", may)),
        Block::paragraph(mrkdwn!("{}\n{}", counts, on_call)),
        Block::small_print(mrkdwn!("{} explains one of them.", Code(&format!("{SLASH} can restore NAME")))),
    ];
    Message { text, blocks }
}

/// To somebody whom the plan does not know: what its owner needs to add them.
#[must_use]
pub fn whoami_stranger(who: &Identity) -> Message {
    Message::sentence(mrkdwn!(
        "You are not in this organization's recovery plan, so you can do nothing here. Whoever maintains it can add you by your user id {} of {}.",
        Code(&who.user),
        Code(&who.org)
    ))
}

/// Somebody has broken the glass: to everybody, with those on call by name.
#[must_use]
pub fn glass_broken(proposal: &Proposal, on_call: &[Identity]) -> Message {
    let needed = proposal.quorum.as_ref().map_or(usize::from(policy::OTHERS), |quorum| usize::from(quorum.needed));
    let text = mrkdwn!(
        "🚨 {} has broken the glass: {}. {} others must approve it until {}.",
        proposal.requester,
        proposal.title,
        needed,
        Moment(proposal.expires_at)
    );
    let mut lines = vec![text.clone(), mrkdwn!("Why: {}", proposal.reason.as_deref().unwrap_or_default())];
    if !on_call.is_empty() {
        lines.push(mrkdwn!("On call: {}.", mentions(on_call)));
    }
    Message { text, blocks: Block::paragraphs(lines) }
}

/// What everybody may.
#[must_use]
pub fn can_everybody(verb: &str) -> Message {
    Message::sentence(mrkdwn!("✅ Yes: {} is for everybody.", Code(verb)))
}

/// Yes or no, by which grant, and what it would take.
#[must_use]
pub fn can_answer(told: &Explanation, asker: &Identity) -> Message {
    let own = told.who == *asker;
    let who = if own { mrkdwn!("You") } else { mrkdwn!("{}", told.who) };
    let whose = if own { mrkdwn!("Your") } else { mrkdwn!("Their") };
    let deed = deed(told);
    let text = match &told.answer {
        Answer::Yes { by, .. } => mrkdwn!("✅ Yes. {} may {}, by the role {}.", who, deed, by.join(", ")),
        Answer::Stranger if own => mrkdwn!("❌ No. You are not in the plan."),
        Answer::Stranger => mrkdwn!("❌ No. {} is not in the plan.", who),
        Answer::NotGranted => mrkdwn!("❌ No. {} may not {}, with {}.", who, deed, roles(&told.roles)),
        Answer::Forbidden { policy, because } => {
            let because = because.as_deref().unwrap_or("A policy of the plan forbids it.");
            mrkdwn!("❌ No. {} That is the plan's policy {}.", because, Code(policy))
        }
        Answer::Account(mark) => mrkdwn!("❌ No. The plan says yes, but {} Slack account {}.", lower(&whose), mark),
        Answer::Unknown => mrkdwn!("❌ No. The plan says yes, but Slack does not know {} account.", lower(&whose)),
        Answer::Unverified => mrkdwn!("❔ The plan says yes, but Slack can't be asked about {} account now.", lower(&whose)),
    };
    let mut lines = Vec::new();
    if let Answer::Yes { places, .. } = &told.answer
        && told.environment.is_none()
    {
        lines.push(mrkdwn!("Where: {}.", places.join(", ")));
    }
    lines.extend(told.approval.as_ref().map(approval));
    if !matches!(told.answer, Answer::Yes { .. } | Answer::Unverified) {
        lines.extend(unlock(told));
    }
    let mut blocks = vec![Block::paragraph(text.clone())];
    blocks.extend(Block::paragraphs(lines));
    Message { text, blocks }
}

fn deed(told: &Explanation) -> Mrkdwn {
    match (&told.target, &told.environment) {
        (Some(target), Some(environment)) => mrkdwn!("{} {} ({})", words(told.verb), Code(target), environment),
        _ => mrkdwn!("{}", words(told.verb)),
    }
}

fn lower(whose: &Mrkdwn) -> Mrkdwn {
    if whose.as_str() == "Your" { mrkdwn!("your") } else { mrkdwn!("their") }
}

fn approval(needed: &Needed) -> Mrkdwn {
    let quorum = &needed.quorum;
    let people = match quorum.needed {
        1 => "one other person".to_owned(),
        several => format!("{several} other people"),
    };
    let by = match needed.by.len() {
        0 => mrkdwn!("nobody could now"),
        _ => mrkdwn!("could be {}", mentions(&needed.by)),
    };
    mrkdwn!("It needs the approval of {} ({}) within {}: {}.", people, quorum.roles.join(" or "), quorum.within.to_string(), by)
}

fn unlock(told: &Explanation) -> Vec<Mrkdwn> {
    let mut lines = Vec::new();
    if matches!(told.answer, Answer::NotGranted | Answer::Stranger) {
        lines.push(match told.roles_that_give.len() {
            0 => mrkdwn!("No role of the plan gives it. Whoever maintains the plan can grant it to one."),
            _ => mrkdwn!("The role {} would give it. Whoever maintains the plan can assign it.", told.roles_that_give.join(" or ")),
        });
    }
    if !told.holders.is_empty() {
        lines.push(mrkdwn!("Who may: {}.", mentions(&told.holders)));
    }
    if told.break_glass {
        lines.push(mrkdwn!(
            "In an emergency: {}. It needs a reason, two others must approve it within 15 minutes, and everybody on call is told.",
            Code(&format!("{SLASH} breakglass {} … --reason \"…\"", told.verb))
        ));
    }
    lines
}

fn mentions(people: &[Identity]) -> Mrkdwn {
    Mrkdwn::join(people.iter().map(|person| mrkdwn!("{}", person)), ", ")
}

fn roles(roles: &[String]) -> Mrkdwn {
    match roles.len() {
        0 => mrkdwn!("no role"),
        1 => mrkdwn!("the role {}", roles.join(", ")),
        _ => mrkdwn!("the roles {}", roles.join(", ")),
    }
}

fn approvals(what: &str) -> &'static str {
    if what == "traffic" { "what moves people from site to site" } else { "what replaces or deletes" }
}

/// A verb, as people say it.
fn words(verb: Verb) -> &'static str {
    match verb {
        Verb::Look => "look",
        Verb::Backup => "back up",
        Verb::Restore => "restore",
        Verb::Retire => "delete what was replaced",
        Verb::Failover => "fail over and back",
        Verb::Run => "run runbooks",
        Verb::Page => "page",
        Verb::Approve => "approve",
    }
}

/// What stands above the tables of who may what.
pub const WHO_MAY_WHAT: &str = "\
# Who may do what

<!-- Written by `mayday plan who`, from the policies and each plan; a test holds it against them. -->

- **✓** they may, by themselves
- **✓ +1** they may ask, and so many others must approve before anything is done; whoever asks never counts
- **–** they may not

Whoever is not in a table may do nothing. Neither may guests, bots, people of other organizations, and accounts that are deactivated or
without a confirmed address, whatever stands here. In an emergency everybody who may look can ask for a restore, a failover or a runbook
(`/dr breakglass`): with a reason, for 15 minutes, two others must approve it, and everybody on call is told.

";

/// Who may what by a plan, as a document for people who read no code: Markdown, one table for each environment.
#[must_use]
pub fn who_may_what(plan: &Plan) -> String {
    let mut out = format!("## {}\n\n", cell(&plan.organization));
    for environment in policy::environments(plan) {
        let _ = write!(out, "### In {}\n\n| |", cell(&environment));
        for verb in Verb::ALL {
            let _ = write!(out, " {} |", words(verb));
        }
        out.push_str("\n|---|");
        out.push_str(&":-:|".repeat(Verb::ALL.len()));
        out.push('\n');
        for (name, person) in &plan.people {
            let called = person.name.as_deref().unwrap_or(name);
            let roles = if person.roles.is_empty() { "no role".to_owned() } else { person.roles.join(", ") };
            let _ = write!(out, "| {} ({}) |", cell(called), cell(&roles));
            let may = policy::person_may(plan, name, person);
            for verb in Verb::ALL {
                let here = may.iter().any(|(granted, places)| *granted == verb && places.contains(&environment));
                let _ = write!(out, " {} |", mark(plan, verb, here));
            }
            out.push('\n');
        }
        out.push('\n');
    }
    for (what, quorum) in [("replaces or deletes", Some(&plan.approvals.destructive)), ("moves people", plan.approvals.traffic.as_ref())] {
        let Some(quorum) = quorum else { continue };
        let _ = writeln!(out, "What {what} needs {}.{}", others(quorum), approvers(plan, quorum));
    }
    out.push('\n');
    for (name, order) in &plan.standing_orders {
        let _ = writeln!(
            out,
            "With nobody awake, once it is approved: {} on {} under the standing order “{}” until {}.",
            words(order.verb),
            cell(&order.services.join(", ")),
            cell(name),
            order.expires.strftime("%Y-%m-%d"),
        );
    }
    for name in plan.policies.keys() {
        let _ = writeln!(out, "The plan's own policy “{}” takes some of this away; `/dr can` says when.", cell(name));
    }
    out.trim_end().to_owned() + "\n"
}

fn mark(plan: &Plan, verb: Verb, may: bool) -> String {
    match (may, policy::quorum_of(plan, verb)) {
        (false, _) => "–".to_owned(),
        (true, None) => "✓".to_owned(),
        (true, Some(quorum)) => format!("✓ +{}", quorum.needed),
    }
}

fn others(quorum: &Quorum) -> String {
    let people = if quorum.needed == 1 { "one other person".to_owned() } else { format!("{} other people", quorum.needed) };
    format!("{people} of {} within {}", cell(&quorum.roles.join(" or ")), quorum.within)
}

/// The people who count, where there are few enough to read.
fn approvers(plan: &Plan, quorum: &Quorum) -> String {
    let counting = policy::counting(plan, quorum, None);
    let name = |user: &Identity| plan.person(&user.user).map(|(name, person)| cell(person.name.as_deref().unwrap_or(name)));
    let names: Vec<String> = counting.iter().filter_map(name).collect();
    if names.is_empty() { " Nobody counts.".to_owned() } else { format!(" Who counts: {}.", names.join(", ")) }
}

/// A text that can't break a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
