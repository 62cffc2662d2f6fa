use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    failure::Fault,
    ident::Identity,
    port::World,
    store::{Created, Kept, Record, Store},
};

/// A tag by which people hold a snapshot in the vendor's own console, whatever its value.
pub const HOLD_TAG: &str = "mayday:hold";
/// How often a write that lost a race is made again.
const RACES: u32 = 5;

/// A recovery point that somebody wants kept whatever its class: for an investigation, by law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The snapshot.
    pub snapshot: String,
    /// The database.
    pub database: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: Identity,
    /// Since when.
    pub at: Timestamp,
    /// Who let go of it, and when.
    pub released: Option<(Identity, Timestamp)>,
}

impl Record for Hold {
    const PARTITION: &'static str = "hold";

    fn id(&self) -> String {
        self.snapshot.clone()
    }
}

impl Hold {
    /// Whether it holds now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.released.is_none()
    }
}

/// Holds a recovery point. Gives the hold that there is now: the earlier one, if it was held already.
///
/// # Errors
/// When it can't be written.
pub async fn hold(world: &World, hold: Hold) -> Result<Hold, Fault> {
    let store = Store::of(world);
    for _ in 0..RACES {
        match store.create(hold.clone()).await? {
            Created::New(kept) => return Ok(kept.value),
            Created::Already(kept) if kept.value.is_held() => return Ok(kept.value),
            Created::Already(kept) => {
                if let Ok(kept) = store.replace(&kept, hold.clone()).await? {
                    return Ok(kept.value);
                }
            }
        }
    }
    Err(Fault::new(format!("the hold on {} is fought over", hold.snapshot)))
}

/// Lets go of a recovery point. `None`: it was not held.
///
/// # Errors
/// When it can't be written.
pub async fn release(world: &World, snapshot: &str, by: &Identity) -> Result<Option<Hold>, Fault> {
    let store = Store::of(world);
    for _ in 0..RACES {
        let kept: Option<Kept<Hold>> = store.load(snapshot).await?;
        let Some(kept) = kept.filter(|kept| kept.value.is_held()) else { return Ok(None) };
        let released = Hold { released: Some((by.clone(), world.clock.now())), ..kept.value.clone() };
        if let Ok(kept) = store.replace(&kept, released).await? {
            return Ok(Some(kept.value));
        }
    }
    Err(Fault::new(format!("the hold on {snapshot} is fought over")))
}
