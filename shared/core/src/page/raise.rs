use jiff::Timestamp;
use serde_json::json;

use super::{Page, PageKey, State, note, send};
use crate::{
    audit,
    failure::Fault,
    ident::{Actor, PageId},
    plan::Severity,
    port::World,
    store::{Created, Kept, Record as _, Store},
};

/// How often a write that lost a race is made again.
const RACES: u32 = 10;

/// What people are woken for.
#[derive(Debug, Clone, PartialEq)]
pub struct Raise {
    /// What it is about, once: raised again with the same key, it is the same page.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// In one line, as it stands in a text message: `orders: the restore is stuck at step 3`.
    pub subject: String,
    /// What is known, and the way out.
    pub why: String,
    /// Who raises it.
    pub by: Actor,
    /// When the trouble began. A page that was resolved after that is not opened again; trouble that began later is a new page.
    pub since: Timestamp,
    /// The run that it is about.
    pub run: Option<String>,
    /// Whom to wake before the plan's levels: people or rotations, by their names in the plan. Empty: the plan's levels.
    pub to: Vec<String>,
}

/// What came of raising a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raised {
    /// It is new, and the first level was woken.
    New(PageId),
    /// It was raised before, and is not over.
    Already(PageId),
    /// This trouble was resolved already.
    Over,
}

/// Keeps a page and wakes the first level. To be repeated until it returns; any number of calls make one page.
///
/// # Errors
/// When the records can't be read or written. Ways that fail are no errors: they are on the page, and others are tried.
pub async fn raise(world: &World, raise: Raise) -> Result<Raised, Fault> {
    let store = Store::of(world);
    for _ in 0..RACES {
        let wanted = PageKey { key: raise.key.clone(), page: None, resolved_at: None };
        let known: Option<Kept<PageKey>> = store.load(&wanted.id()).await?;
        let page = match known.as_ref().and_then(|known| known.value.page.clone()) {
            Some(id) => store.load::<Page>(id.as_str()).await?.map(|kept| kept.value),
            None => None,
        };
        if page.as_ref().is_some_and(|page| !page.is_resolved()) {
            return Ok(page.map_or(Raised::Over, |page| Raised::Already(page.id)));
        }
        let over = known.as_ref().and_then(|known| known.value.resolved_at);
        if over.is_some_and(|over| raise.since <= over) {
            return Ok(Raised::Over);
        }
        // A key whose page was never written is from somebody who died in between: the page is written now.
        let unwritten = known.as_ref().filter(|_| page.is_none()).and_then(|known| known.value.page.clone());
        let id = match unwritten {
            Some(id) => id,
            None => match reserve(world, known.as_ref(), wanted).await? {
                Some(id) => id,
                None => continue,
            },
        };
        return open(world, raise, id).await;
    }
    Err(Fault::new("a page is raised by too many at once"))
}

/// Makes the key stand for a new page. `None`: somebody else was faster.
async fn reserve(world: &World, known: Option<&Kept<PageKey>>, wanted: PageKey) -> Result<Option<PageId>, Fault> {
    let store = Store::of(world);
    let id = PageId::new(world.clock.now(), world.random.bits());
    let wanted = PageKey { page: Some(id.clone()), ..wanted };
    let landed = match known {
        Some(known) => store.replace(known, wanted).await?.is_ok(),
        None => matches!(store.create(wanted).await?, Created::New(_)),
    };
    Ok(landed.then_some(id))
}

async fn open(world: &World, raise: Raise, id: PageId) -> Result<Raised, Fault> {
    let now = world.clock.now();
    let event = audit::Event {
        at: now,
        actor: raise.by.clone(),
        what: "page.raised".to_owned(),
        about: id.0.clone(),
        digest: None,
        detail: json!({"key": raise.key, "severity": raise.severity, "subject": raise.subject, "to": raise.to}),
    };
    audit::append(world, event).await?;
    let page = Page {
        id: id.clone(),
        key: raise.key,
        severity: raise.severity,
        subject: raise.subject,
        why: raise.why,
        raised_by: raise.by,
        raised_at: now,
        since: raise.since,
        run: raise.run,
        to: raise.to,
        state: State::Open,
        round: 0,
        begun: 1,
        level: 0,
        next_at: Some(now),
        attempts: Vec::new(),
        codes: std::collections::BTreeMap::new(),
        headline: None,
        shown: None,
        pagerduty: None,
        unanswered_at: None,
        log: Vec::new(),
        told: 0,
    };
    match Store::of(world).create(page).await? {
        Created::New(kept) => {
            send::climb(world, kept).await?;
            Ok(Raised::New(id))
        }
        Created::Already(_) => Ok(Raised::Already(id)),
    }
}

/// Says that the trouble under a key is over: whoever was woken is told, and nobody else is. Over before it was ever raised is over
/// all the same, so that events which come in the wrong order open nothing.
///
/// # Errors
/// When the records can't be read or written.
pub async fn resolve(world: &World, key: &str, by: &str, why: &str) -> Result<(), Fault> {
    let store = Store::of(world);
    let now = world.clock.now();
    for _ in 0..RACES {
        let fresh = PageKey { key: key.to_owned(), page: None, resolved_at: Some(now) };
        let known: Kept<PageKey> = match store.load(&fresh.id()).await? {
            Some(known) => known,
            None => match store.create(fresh).await? {
                Created::New(_) => return Ok(()),
                Created::Already(known) => known,
            },
        };
        let page: Option<Kept<Page>> = match &known.value.page {
            Some(id) => store.load(id.as_str()).await?,
            None => None,
        };
        let Some(page) = page.filter(|page| !page.value.is_resolved()) else { return Ok(()) };
        // The key first: who dies in between leaves a page that is open too long, never one that is raised again.
        let over = PageKey { resolved_at: Some(now), ..known.value.clone() };
        if store.replace(&known, over).await?.is_err() {
            continue;
        }
        return note::resolved(world, page, by, why).await.map(drop);
    }
    Err(Fault::new("a page is resolved by too many at once"))
}
