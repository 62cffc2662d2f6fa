use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::{Heard, Question, Watch, ask_all, questions, tell, watch::watches};
use crate::{
    digest::digest_of,
    failure::{Failure, Fault},
    plan,
    port::World,
    store::{Created, Kept, Store},
};

/// How long a tick begins new questions: the function has a minute, and each question takes its own time.
const BUDGET: SignedDuration = SignedDuration::from_secs(25);

/// Asks every probe whose time has come, notes what came of it, and tells people where a verdict has changed.
///
/// # Errors
/// When the plan or the records can't be read or written.
pub async fn tick(world: &World) -> Result<(), Fault> {
    let current = plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?;
    let questions = questions(&current.plan);
    let began = world.clock.now();
    let mut known: BTreeMap<String, Kept<Watch>> = watches(world).await?.into_iter().map(|kept| (kept.value.id.clone(), kept)).collect();
    if questions.is_empty() && known.is_empty() {
        return Ok(());
    }
    let mut due: Vec<Question> = questions
        .iter()
        .filter(|question| known.get(&question.id()).is_none_or(|kept| kept.value.is_due(question.probe.every.0, began)))
        .cloned()
        .collect();
    // Where there is no time for all, those that have waited longest go first.
    due.sort_by_key(|question| known.get(&question.id()).map(|kept| kept.value.asked_at));
    let goes_on = || world.clock.now().duration_since(began) < BUDGET;
    for heard in ask_all(world, &current.plan, &due, goes_on).await {
        let id = heard.question.id();
        if let Some(kept) = note(world, &heard, known.remove(&id)).await? {
            known.insert(id, kept);
        }
    }
    forget(world, &questions, &known).await?;
    tell::tell(world, &current.plan, &questions, &known).await
}

/// Deletes the records of probes that the plan does not have any more.
async fn forget(world: &World, questions: &[Question], known: &BTreeMap<String, Kept<Watch>>) -> Result<(), Fault> {
    let wanted: BTreeSet<String> = questions.iter().map(Question::id).collect();
    let store = Store::of(world);
    for (_, kept) in known.iter().filter(|(id, _)| !wanted.contains(*id)) {
        store.delete(kept).await?;
    }
    Ok(())
}

/// Writes an answer down. Whoever else has asked at the same moment has written theirs: then ours is not needed.
async fn note(world: &World, heard: &Heard, kept: Option<Kept<Watch>>) -> Result<Option<Kept<Watch>>, Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    let asks = digest_of(&heard.question.probe)?;
    let Some(kept) = kept else {
        let fresh = Watch::new(&heard.question, now)?.heard(&heard.answer, now);
        return Ok(Some(match store.create(fresh).await? {
            Created::New(kept) | Created::Already(kept) => kept,
        }));
    };
    // The plan asks something else under this name now.
    let before = if kept.value.asks == asks { kept.value.clone() } else { Watch::new(&heard.question, now)? };
    match store.replace(&kept, before.heard(&heard.answer, now)).await? {
        Ok(kept) => Ok(Some(kept)),
        Err(_) => store.load(&kept.value.id).await,
    }
}
