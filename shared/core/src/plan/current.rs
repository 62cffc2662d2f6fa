use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Finding, PLAN_KEY, Plan, ROSTER_KEY, Roster, load, mustered};
use crate::{
    failure::{Failure, Fault, Refusal},
    ident::sha256_hex,
    port::{Blob, Blobs},
};

/// The key of the pointer to the version of the plan that was last seen to be good.
pub const LIVE_KEY: &str = "plan/live.json";

/// The plan in force, and which version of the file it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Current {
    /// The plan. Shared, since one process reads the same file many times.
    pub plan: Arc<Plan>,
    /// The blob store's version of the file.
    pub version: String,
    /// SHA-256 of the file.
    pub digest: String,
    /// A newer version that can't be used, if there is one: this one stays in force meanwhile.
    pub refused: Option<Refused>,
}

/// A version of the plan that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The blob store's version; `deleted` when the file is gone.
    pub version: String,
    /// Why, in one sentence.
    pub why: String,
    /// All that is wrong with it.
    pub findings: Vec<Finding>,
}

/// Which version of the plan was last seen to be good. Only a pointer: what people wrote is read from its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Live {
    version: String,
    /// SHA-256 of the file.
    digest: String,
}

/// Reads the plan in force: the newest, or the last good one while the newest can't be used.
///
/// # Errors
/// A refusal when there is none that can be used; a fault when it can't be read.
pub async fn current(blobs: &dyn Blobs) -> Result<Current, Failure> {
    let refused = match blobs.get(PLAN_KEY).await? {
        Some(blob) => match read(blob) {
            Ok(current) => return Ok(muster(blobs, current).await?),
            Err(refused) => refused,
        },
        None => Refused { version: "deleted".to_owned(), why: "the file is gone".to_owned(), findings: Vec::new() },
    };
    match last_good(blobs).await? {
        Some(current) => Ok(Current { refused: Some(refused), ..muster(blobs, current).await? }),
        None if refused.version == "deleted" => {
            Err(Refusal::new("There is no plan yet.").instead("Put one in place with `mayday plan put plan.yaml`.").into())
        }
        None => Err(Refusal::new(format!("The plan can't be used: {}.", refused.why))
            .instead("Check it with `mayday plan check` and put it in place again.")
            .into()),
    }
}

/// The roster of the plan's fleets, as the last look at the account left it.
///
/// # Errors
/// When it can't be read.
pub async fn roster(blobs: &dyn Blobs) -> Result<Roster, Fault> {
    let Some(blob) = blobs.get(ROSTER_KEY).await? else { return Ok(Roster::default()) };
    serde_json::from_slice(&blob.bytes).map_err(|error| Fault::because("the roster of the fleets can't be read", error))
}

/// The plan with its fleets, which this process mustered last.
static MUSTERED: Mutex<Option<(String, Roster, Arc<Plan>)>> = Mutex::new(None);

/// Puts the databases of fleets among those of the plan.
async fn muster(blobs: &dyn Blobs, current: Current) -> Result<Current, Fault> {
    if current.plan.fleets.is_empty() {
        return Ok(current);
    }
    let roster = roster(blobs).await?;
    let mut last = MUSTERED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((digest, known, plan)) = last.as_ref()
        && (digest, known) == (&current.digest, &roster)
    {
        return Ok(Current { plan: plan.clone(), ..current });
    }
    // The older one goes first: two of ten thousand databases need not be there at once.
    *last = None;
    let plan = Arc::new(mustered(&current.plan, &roster));
    *last = Some((current.digest.clone(), roster, plan.clone()));
    Ok(Current { plan, ..current })
}

/// Remembers that the plan in force is good, unless that is known. Says whether it was news.
///
/// # Errors
/// When the pointer can't be read or written.
pub async fn remember(blobs: &dyn Blobs, current: &Current) -> Result<bool, Fault> {
    let live = Live { version: current.version.clone(), digest: current.digest.clone() };
    if current.refused.is_some() || pointer(blobs).await?.as_ref() == Some(&live) {
        return Ok(false);
    }
    let bytes = serde_json::to_vec(&live).map_err(|error| Fault::because("a pointer has no JSON form", error))?;
    blobs.put(LIVE_KEY, bytes).await?;
    Ok(true)
}

async fn last_good(blobs: &dyn Blobs) -> Result<Option<Current>, Fault> {
    let Some(live) = pointer(blobs).await? else { return Ok(None) };
    let blob = blobs.version(PLAN_KEY, &live.version).await?;
    // Another content under that version would be somebody's, not the plan that was seen.
    Ok(blob.and_then(|blob| read(blob).ok()).filter(|current| current.digest == live.digest))
}

async fn pointer(blobs: &dyn Blobs) -> Result<Option<Live>, Fault> {
    let Some(blob) = blobs.get(LIVE_KEY).await? else { return Ok(None) };
    serde_json::from_slice(&blob.bytes).map(Some).map_err(|error| Fault::because("the pointer to the last good plan can't be read", error))
}

/// What a file says.
#[derive(Clone)]
struct Read {
    bytes: Arc<[u8]>,
    digest: String,
    plan: Arc<Plan>,
}

/// The file that this process read last: a run asks for the plan in force before every change. What the bytes mean depends on
/// nothing else.
static LAST: Mutex<Option<Read>> = Mutex::new(None);

fn parse(bytes: &[u8]) -> Result<Read, (String, Vec<Finding>)> {
    if let Some(last) = LAST.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
        && *last.bytes == *bytes
    {
        return Ok(last.clone());
    }
    let text = std::str::from_utf8(bytes).map_err(|error| (format!("it is not UTF-8 from byte {} on", error.valid_up_to()), Vec::new()))?;
    let plan = Arc::new(load(text).map_err(|error| (error.message, error.findings))?);
    let read = Read { bytes: bytes.into(), digest: sha256_hex(bytes), plan };
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(read.clone());
    Ok(read)
}

fn read(blob: Blob) -> Result<Current, Refused> {
    match parse(&blob.bytes) {
        Ok(Read { plan, digest, .. }) => Ok(Current { plan, version: blob.version, digest, refused: None }),
        Err((why, findings)) => Err(Refused { version: blob.version, why, findings }),
    }
}
