//! Which version of the plan is in force, and whether a newer one can't be.

use serde_json::json;

use crate::{
    audit,
    failure::{Failure, Fault},
    ident::Actor,
    plan::{self, Current, Refused},
    port::World,
    store::{Record, Store},
    view,
};

/// A version of the plan that people were told can't be used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct ToldRefused {
    version: String,
}

impl Record for ToldRefused {
    const PARTITION: &'static str = "plan-refused";

    fn id(&self) -> String {
        self.version.clone()
    }
}

/// Remembers a plan that is good; tells people once of each that is not.
pub(super) async fn watch(world: &World) -> Result<(), Fault> {
    // Where nothing was ever good, there is no channel to speak in.
    let current = plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?;
    match &current.refused {
        Some(refused) => tell(world, &current, refused).await,
        None => {
            if plan::remember(world.blobs.as_ref(), &current).await? {
                note(world, "plan.live", &current.version, json!({"sha256": current.digest})).await?;
            }
            Ok(())
        }
    }
}

async fn tell(world: &World, current: &Current, refused: &Refused) -> Result<(), Fault> {
    let store = Store::of(world);
    if store.load::<ToldRefused>(&refused.version).await?.is_some() {
        return Ok(());
    }
    tracing::error!(version = refused.version, why = refused.why, live = current.version, "a new plan can't be used");
    // What can't be told now is tried again in a minute; it is audited when it was.
    world.chat.post(&current.plan.slack.channel, None, &view::plan_refused(current, refused)).await?;
    note(world, "plan.refused", &refused.version, json!({"why": refused.why, "live": current.version})).await?;
    store.create(ToldRefused { version: refused.version.clone() }).await.map(drop)
}

pub(super) async fn note(world: &World, what: &str, version: &str, detail: serde_json::Value) -> Result<(), Fault> {
    let event = audit::Event {
        at: world.clock.now(),
        actor: Actor::System("sweep".to_owned()),
        what: what.to_owned(),
        about: version.to_owned(),
        digest: None,
        detail,
    };
    audit::append(world, event).await.map(drop)
}
