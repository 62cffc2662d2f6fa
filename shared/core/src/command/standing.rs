//! `standing`, named so since databases are called orders: what may be done with nobody awake, and the approvals of it.

use std::collections::BTreeMap;

use super::{Examples, SLASH, Spellings};
use crate::{
    approval::{Answer, Approval, Decision, decide, phrase_matches},
    desk::{Desk, Reply},
    failure::{Failure, Refusal},
    policy::{self, Standing},
    view::{self, Message},
};

/// In one line.
pub const SUMMARY: &str = "Show the standing orders: what may be done with nobody awake, under which conditions, and who approved it.";
/// For the help.
pub const EXAMPLES: Examples =
    &[("standing", "each standing order of the plan, how it stands, and buttons to ask for its approval or give it")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {}

/// Answers it.
///
/// # Errors
/// A refusal when the caller may not look.
pub async fn run(desk: &Desk<'_>, _: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let orders = policy::orders(desk.world, &desk.current.plan).await?;
    Ok(Reply::Message(view::orders_list(&orders, desk.world.clock.now())))
}

/// Does what a button of the list says. It carries the order's digest: other words in the plan are another order.
pub(crate) async fn pressed(desk: &Desk<'_>, action: &str, value: &str) -> Result<Reply, Failure> {
    let standing = find(desk, value).await?;
    match action {
        "order_ask" => ask(desk, standing).await,
        "order_approve" => form(desk, &standing).await,
        "order_deny" => {
            let approval = asked(&standing)?.clone();
            decided(desk, standing, &approval, Decision::Deny).await.map(Reply::Message)
        }
        _ => Err(Refusal::new("This button is not known to this release. Nothing was done.").into()),
    }
}

/// What was typed into the form in which an order is approved.
pub(crate) async fn submitted(desk: &Desk<'_>, reference: &str, values: &BTreeMap<String, String>) -> Result<Reply, Failure> {
    let standing = find(desk, reference).await?;
    let approval = asked(&standing)?.clone();
    let typed = values.get("phrase").map_or("", String::as_str);
    if let Err(difference) = phrase_matches(&approval.phrase, typed) {
        return Ok(Reply::Form(view::order_form(&standing, typed, Some(&difference))));
    }
    let told = decided(desk, standing, &approval, Decision::Approve).await?;
    Ok(Reply::Form(view::told_form("Standing order", &told)))
}

async fn find(desk: &Desk<'_>, id: &str) -> Result<Standing, Failure> {
    let orders = policy::orders(desk.world, &desk.current.plan).await?;
    let changed = || {
        Refusal::new("The plan has no standing order with these words any more. Nothing was done.")
            .instead(format!("`{SLASH} standing` shows those that it has."))
    };
    Ok(orders.into_iter().find(|standing| standing.id() == id).ok_or_else(changed)?)
}

fn asked(standing: &Standing) -> Result<&Approval, Refusal> {
    standing.approval.as_ref().ok_or_else(|| {
        Refusal::new("Nobody has asked for this order's approval yet.").instead(format!("`{SLASH} standing` has a button for it."))
    })
}

/// Whoever could do it themselves may ask that it be done without them.
async fn ask(desk: &Desk<'_>, standing: Standing) -> Result<Reply, Failure> {
    let plan = &desk.current.plan;
    for name in &standing.order.services {
        desk.allowed(standing.order.verb, Some(&plan.service(name)?.environment)).await?;
    }
    let approval = policy::ask_for_order(desk.world, plan, &standing, &desk.caller.identity).await?;
    let standing = Standing { approval: Some(approval), ..standing };
    let told = view::order_asked(&standing, desk.world.clock.now());
    desk.world.chat.post(&plan.slack.channel, None, &told).await?;
    Ok(Reply::Message(view::order_put(&standing, &plan.slack.channel)))
}

async fn form(desk: &Desk<'_>, standing: &Standing) -> Result<Reply, Failure> {
    let approval = asked(standing)?;
    if !approval.is_open(desk.world.clock.now()) {
        return Ok(Reply::Message(view::order_stands(standing, desk.world.clock.now())));
    }
    if approval.requester == desk.caller.identity {
        return Err(Refusal::new("You asked for this, so your approval does not count.").instead("Somebody else must approve it.").into());
    }
    let directory = desk.world.directory.as_ref();
    policy::counts(&desk.current.plan, directory, &desk.caller.identity, &approval.quorum, &approval.environment).await?;
    Ok(Reply::Form(view::order_form(standing, "", None)))
}

async fn decided(desk: &Desk<'_>, standing: Standing, approval: &Approval, decision: Decision) -> Result<Message, Failure> {
    let now = desk.world.clock.now();
    let answer = decide(desk.world, &desk.current.plan, &approval.proposal, &desk.caller.identity, decision).await?;
    let (approval, counted) = match answer {
        Answer::Counted(approval) => (approval, true),
        Answer::Already(approval) | Answer::TooLate(approval) => (approval, false),
    };
    let standing = Standing { approval: Some(approval), ..standing };
    let told = view::order_stands(&standing, now);
    if counted && let Err(error) = desk.world.chat.post(&desk.current.plan.slack.channel, None, &told).await {
        tracing::warn!(order = standing.name, error = %error, "a decision on a standing order was not told");
    }
    Ok(told)
}
