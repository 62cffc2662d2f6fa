use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    failure::Fault,
    ident::StepId,
    port::World,
    store::{Created, Record, Store},
};

/// How many past durations are kept of each step.
const KEPT: usize = 20;
/// How often a write that lost a race is made again.
const RACES: u32 = 5;

/// How long the steps of a runbook took on a database, in seconds, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// The runbook.
    pub runbook: String,
    /// The database.
    pub database: String,
    /// By step.
    pub steps: BTreeMap<StepId, Vec<u64>>,
}

impl Record for Timing {
    const PARTITION: &'static str = "timing";

    fn id(&self) -> String {
        timing_id(&self.runbook, &self.database)
    }
}

fn timing_id(runbook: &str, database: &str) -> String {
    format!("{runbook}/{database}")
}

impl Timing {
    /// The median of a step's past durations.
    #[must_use]
    pub fn usual(&self, step: &StepId) -> Option<u64> {
        let mut past = self.steps.get(step)?.clone();
        past.sort_unstable();
        past.get(past.len() / 2).copied()
    }
}

/// What is known of a runbook's durations on a database.
///
/// # Errors
/// When it can't be read.
pub(super) async fn known(world: &World, runbook: &str, database: &str) -> Result<Timing, Fault> {
    let kept = Store::of(world).load::<Timing>(&timing_id(runbook, database)).await?;
    Ok(kept.map_or_else(|| Timing { runbook: runbook.to_owned(), database: database.to_owned(), ..Timing::default() }, |kept| kept.value))
}

/// Adds what a run's steps took.
///
/// # Errors
/// When it can't be written.
pub async fn note(world: &World, runbook: &str, database: &str, took: &[(StepId, u64)]) -> Result<(), Fault> {
    let store = Store::of(world);
    for _ in 0..RACES {
        let kept = store.load::<Timing>(&timing_id(runbook, database)).await?;
        let fresh = || Timing { runbook: runbook.to_owned(), database: database.to_owned(), ..Timing::default() };
        let mut timing = kept.as_ref().map_or_else(fresh, |kept| kept.value.clone());
        for (step, seconds) in took {
            let past = timing.steps.entry(step.clone()).or_default();
            past.push(*seconds);
            if past.len() > KEPT {
                past.remove(0);
            }
        }
        let landed = match kept {
            Some(kept) => store.replace(&kept, timing).await?.is_ok(),
            None => matches!(store.create(timing).await?, Created::New(_)),
        };
        if landed {
            return Ok(());
        }
    }
    // An estimate that misses one run is still an estimate.
    Ok(())
}
