//! Whether each service could be led over, asked before anybody needs it: a standby that stopped following long ago is found here
//! and not in the hour in which it is needed.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Direction, judge, survey};
use crate::{
    alert::{self, Alert, Kind, Level},
    failure::{Failure, Fault, Refusal},
    plan::{self, Current},
    port::World,
    proposal::database_lock,
    run::Lock,
    store::{Created, Kept, Record, Store},
};

/// How often a service is looked at.
const EVERY: SignedDuration = SignedDuration::from_mins(30);
/// How soon again when it was found unfit: what passes by itself, such as an instance that restarts, alarms nobody.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);
/// So many services are looked at in one tick; the others wait for the next.
const AT_ONCE: usize = 5;

/// When a service was looked at last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Looked {
    service: String,
    at: Timestamp,
    /// It was unfit then.
    unfit: bool,
}

impl Record for Looked {
    const PARTITION: &'static str = "readiness";

    fn id(&self) -> String {
        self.service.clone()
    }
}

impl Looked {
    fn is_due(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) >= if self.unfit { AGAIN } else { EVERY }
    }
}

/// Looks at the services whose time has come, and tells people of each that was found unfit twice in a row. A service that a run
/// is working on is left alone.
///
/// # Errors
/// When the plan or the records can't be read or written, or nobody can be told.
pub async fn watch(world: &World) -> Result<(), Fault> {
    let current = match plan::current(world.blobs.as_ref()).await {
        Ok(current) => current,
        Err(Failure::Fault(fault)) => return Err(fault),
        Err(Failure::Refusal(refusal)) => return Err(Fault::new(refusal.to_string())),
    };
    let movable: BTreeSet<&str> =
        current.plan.services.iter().filter(|(_, service)| service.failover.is_some()).map(|(name, _)| name.as_str()).collect();
    let mut looked = 0;
    for service in &movable {
        if looked == AT_ONCE {
            break;
        }
        let Some(before) = due(world, &current, service).await? else { continue };
        looked += 1;
        note(world, &current, before).await?;
    }
    for kept in alert::standing(world).await? {
        let alert = &kept.value.alert;
        if alert.kind == Kind::Standby && !movable.contains(alert.subject.as_str()) {
            alert::resolve_standing(world, kept).await?;
        }
    }
    Ok(())
}

/// The service's record, if it is to be looked at now. One that is seen for the first time has its turn later.
async fn due(world: &World, current: &Current, service: &str) -> Result<Option<Kept<Looked>>, Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    let Some(kept) = store.load::<Looked>(service).await? else {
        let _: Created<Looked> = store.create(Looked { service: service.to_owned(), at: now, unfit: false }).await?;
        return Ok(None);
    };
    if !kept.value.is_due(now) {
        return Ok(None);
    }
    for database in current.plan.services.get(service).into_iter().flat_map(|entry| &entry.databases) {
        let lock: Option<Kept<Lock>> = store.load(&database_lock(database)).await?;
        if lock.is_some_and(|lock| lock.value.run.is_some()) {
            return Ok(None);
        }
    }
    Ok(Some(kept))
}

async fn note(world: &World, current: &Current, before: Kept<Looked>) -> Result<(), Fault> {
    let service = before.value.service.clone();
    let unfit = match unfit(world, current, &service).await {
        Ok(unfit) => unfit,
        // Nobody knows; that AWS does not answer is told elsewhere.
        Err(fault) => {
            tracing::warn!(service, fault = fault.chain(), "whether a service could be led over was not found out");
            return Ok(());
        }
    };
    let now = Looked { service: service.clone(), at: world.clock.now(), unfit: unfit.is_some() };
    let twice = before.value.unfit && now.unfit;
    if Store::of(world).replace(&before, now).await?.is_err() {
        return Ok(());
    }
    match unfit {
        Some(refusal) if twice => alert::raise(world, alert(&service, refusal)).await,
        Some(_) => Ok(()),
        None => alert::resolve(world, Kind::Standby, &service).await,
    }
}

fn alert(service: &str, refusal: Refusal) -> Alert {
    let way_out = format!("`/dr failover verify {service}` shows how it stands.");
    Alert {
        kind: Kind::Standby,
        subject: service.to_owned(),
        level: Level::Warning,
        sentence: format!("{service} could not be led to its other site if it had to be now. {}", refusal.sentence),
        way_out: Some(refusal.way_out.unwrap_or(way_out)),
    }
}

/// Why the service could not go to the site where it is not, if it could not.
async fn unfit(world: &World, current: &Current, service: &str) -> Result<Option<Refusal>, Fault> {
    let judged = async {
        let away = survey(world, current, service, Direction::Away).await?;
        let found = if away.pairs.is_empty() && away.to_move().next().is_none() {
            survey(world, current, service, Direction::Home).await?
        } else {
            away
        };
        judge::judge(&found, false)?;
        Ok(())
    };
    match judged.await {
        Ok(()) => Ok(None),
        Err(Failure::Refusal(refusal)) => Ok(Some(refusal)),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}
