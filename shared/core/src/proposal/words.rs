//! Commands that say something to people: in the channel, or by waking them.

use super::{
    commands::{self, Lane},
    compose::Site,
};
use crate::{
    action::{Act, Tell, Wake},
    failure::{Failure, Refusal},
    plan::Severity,
    runbook::Step,
};

/// The longest line that is read on a locked screen, in characters.
const LONGEST: usize = 300;

/// Wakes people.
pub(super) async fn page(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    let plan = &site.current.plan;
    let severity = match step.arguments.get("severity").map(String::as_str) {
        None | Some("1") => Severity::Sev1,
        Some("2") => Severity::Sev2,
        Some("3") => Severity::Sev3,
        Some(other) => return Err(Refusal::new(format!("--severity={other} of {} is none of 1, 2 and 3.", step.id)).into()),
    };
    let to: Vec<String> = step.arguments.get("to").iter().flat_map(|to| to.split(',')).map(|name| name.trim().to_owned()).collect();
    if let Some(unknown) = to.iter().find(|name| !plan.people.contains_key(*name) && !plan.on_call.rotations.contains_key(*name)) {
        return Err(
            Refusal::new(format!("The step {} wakes {unknown}, who is neither a person nor a rotation of the plan.", step.id)).into()
        );
    }
    if to.is_empty() && plan.on_call.escalation.is_empty() {
        return Err(Refusal::new(format!("Nobody is on call, so the step {} would wake nobody.", step.id))
            .instead("Add levels under on_call.escalation, or name somebody by --to.")
            .into());
    }
    let message = said(step)?.unwrap_or_else(|| format!("{}: {}", site.about(), step.name));
    Ok(vec![vec![commands::one(step, step.id.clone(), Act::Wake(Wake { severity, message, to }))]])
}

/// Says something in the channel.
pub(super) async fn tell(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    let message = said(step)?;
    if message.is_none() && step.action != "alert:send-report" {
        return Err(Refusal::new(format!("The step {} has nothing to say.", step.id)).instead("Write it: --message=\"…\".").into());
    }
    let tell = Tell { channel: site.current.plan.slack.channel.clone(), message };
    Ok(vec![vec![commands::one(step, step.id.clone(), Act::Tell(tell))]])
}

fn said(step: &Step) -> Result<Option<String>, Refusal> {
    let message = step.arguments.get("message").cloned();
    match &message {
        Some(text) if text.chars().count() > LONGEST => {
            Err(Refusal::new(format!("The message of the step {} has more than {LONGEST} characters.", step.id)))
        }
        _ => Ok(message),
    }
}
