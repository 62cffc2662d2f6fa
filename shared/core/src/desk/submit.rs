//! Forms. What was typed is read from the submission; what the form was about is looked up by its opaque id.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Desk, Reply, click, propose, shortcut};
use crate::{
    approval::{Answer, Decision, decide, phrase_matches},
    audit, command,
    failure::{Failure, Refusal},
    ident::ProposalId,
    proposal, run, view,
};

/// Does what a form says.
pub(super) async fn handle(desk: &Desk<'_>, callback: &str, reference: &str, values: &BTreeMap<String, String>) -> Result<Reply, Failure> {
    match callback {
        "approval_phrase" => approve(desk, &ProposalId(reference.to_owned()), values.get("phrase").map_or("", String::as_str)).await,
        "restore" => command::restore::submitted(desk, values).await,
        "failover" => command::failover::submitted(desk, values).await,
        "failback" => command::failback::submitted(desk, values).await,
        "page" => command::page::submitted(desk, values).await,
        "ask" => shortcut::asked(desk, values).await,
        "order_phrase" => command::standing::submitted(desk, reference, values).await,
        "runbook" => command::runbook::submitted(desk, reference, values).await,
        "backup" => command::backup::submitted(desk, values).await,
        _ => Err(Refusal::new("This form is not known to this release. Nothing was done.").into()),
    }
}

async fn approve(desk: &Desk<'_>, id: &ProposalId, typed: &str) -> Result<Reply, Failure> {
    let (approval, proposed) = click::load(desk, id).await?;
    if let Err(difference) = phrase_matches(&approval.phrase, typed) {
        return Ok(Reply::Form(view::phrase_form(&proposed, typed, Some(&difference))));
    }
    if approval.is_open(desk.world.clock.now())
        && let Some(what) = proposal::drifted(desk.world, &proposed).await?
    {
        audit::append(desk.world, desk.event("approval.drifted", id.as_str(), json!({"drift": what}))).await?;
        return Err(Refusal::new(format!("The world has changed since this was proposed: {what}. It was not approved."))
            .instead("Ask for it again, so that a new proposal shows what would happen now.")
            .into());
    }
    let answer = decide(desk.world, &desk.current.plan, id, &desk.caller.identity, Decision::Approve).await?;
    let (approval, told) = match answer {
        Answer::Counted(approval) => {
            click::announce(desk, &approval, &proposed, None).await;
            let told = view::decision_counted(&approval, &proposed);
            (approval, told)
        }
        Answer::Already(approval) | Answer::TooLate(approval) => {
            let told = view::decided_already(&approval, &proposed, desk.world.clock.now());
            (approval, told)
        }
    };
    // Whoever saw the last vote starts it, and so does the sweep: starting twice is starting once.
    if let Some(decided_at) = propose::approved_at(&approval) {
        run::begin(desk.world, &proposed, decided_at).await?;
    }
    Ok(Reply::Form(view::told_form("Approval", &told)))
}
