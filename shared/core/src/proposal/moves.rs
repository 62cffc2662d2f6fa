//! Commands that lead a service to its other site or home: the built-in runbook, inline.

use super::{commands::Lane, compose::Site};
use crate::{
    failover::{self, Direction},
    failure::{Failure, Refusal},
    ident::StepId,
    runbook::Step,
};

pub(super) async fn away(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    lead(site, step, Direction::Away).await
}

pub(super) async fn home(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    lead(site, step, Direction::Home).await
}

/// The whole way, with the ids `STEP-FAILOVER_STEP`. Names alone never move while a database would have to: people would be led to
/// where their data is not.
async fn lead(site: &mut Site<'_>, step: &Step, direction: Direction) -> Result<Vec<Lane>, Failure> {
    let service = site.service(step)?;
    site.note_move(&service)?;
    let accepts_loss = step.arguments.get("accept-loss").is_some_and(|value| value == "true");
    let (found, planned) = failover::steps(site.world, site.current, (&service, direction), accepts_loss, &site.opening).await?;
    let there = found.there();
    if let Some(wanted) = step.arguments.get("target") {
        let side = if direction == Direction::Away { "secondary" } else { "primary" };
        let names = [side, &there.region].into_iter().chain(there.name.as_deref());
        if !names.into_iter().any(|name| name.eq_ignore_ascii_case(wanted)) {
            return Err(Refusal::new(format!("The step {} leads {service} to {}, not to {wanted}.", step.id, found.site(there)))
                .instead(format!("Leave --target out, or write --target={side}."))
                .into());
        }
    }
    if step.action.starts_with("dns:")
        && let Some(pair) = found.pairs.first()
    {
        return Err(Refusal::new(format!(
            "{} moves names only, and the database {} of {service} would have to move too.",
            step.action, pair.name
        ))
        .instead("Write failover:execute, which moves both in the right order.")
        .into());
    }
    let mut lane: Lane = planned;
    for inner in &mut lane {
        inner.id = StepId(format!("{}-{}", step.id, inner.id));
        inner.name = format!("{}: {}", step.name, inner.name);
    }
    Ok(vec![lane])
}
