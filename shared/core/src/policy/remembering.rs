//! Who people are, where the workspace can't be asked for a while: for what changes nothing.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    failure::{CallError, Fault},
    port::{Directory, Profile, World},
    store::{Kept, Record, Store},
};

/// How old what is remembered may be.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(15);
/// How old it is before it is written anew: not every look is worth a write.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// An account as the workspace last showed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The account.
    pub profile: Profile,
    /// When the workspace said so.
    pub at: Timestamp,
}

impl Record for Known {
    const PARTITION: &'static str = "known";

    fn id(&self) -> String {
        self.profile.user.clone()
    }
}

/// The directory, and our memory of it. Only [`Directory::lately`] ever answers from memory.
pub struct Remembering<'a> {
    world: &'a World,
}

impl<'a> Remembering<'a> {
    /// Over the world's directory and table.
    #[must_use]
    pub fn of(world: &'a World) -> Self {
        Self { world }
    }

    async fn recall(&self, user: &str) -> Result<Option<Kept<Known>>, Fault> {
        Store::of(self.world).load(user).await
    }

    /// Keeps what was just seen, if what is kept is old or other.
    async fn remember(&self, profile: &Profile) -> Result<(), Fault> {
        let now = self.world.clock.now();
        let store = Store::of(self.world);
        let known = Known { profile: profile.clone(), at: now };
        match self.recall(&profile.user).await? {
            Some(kept) if kept.value.profile == *profile && now.duration_since(kept.value.at) < FRESH => {}
            // Whoever was faster has seen the same workspace.
            Some(kept) => drop(store.replace(&kept, known).await?),
            None => drop(store.create(known).await?),
        }
        Ok(())
    }
}

#[async_trait]
impl Directory for Remembering<'_> {
    async fn profile(&self, user: &str) -> Result<Option<Profile>, CallError> {
        self.world.directory.profile(user).await
    }

    async fn lately(&self, user: &str) -> Result<Option<Profile>, CallError> {
        let error = match self.profile(user).await {
            Ok(Some(profile)) => {
                if let Err(fault) = self.remember(&profile).await {
                    tracing::warn!(fault = fault.chain(), "an account is not remembered");
                }
                return Ok(Some(profile));
            }
            Ok(None) => return Ok(None),
            Err(error) => error,
        };
        let now = self.world.clock.now();
        match self.recall(user).await {
            Ok(Some(kept)) if now.duration_since(kept.value.at) < GOOD_FOR => Ok(Some(kept.value.profile)),
            _ => Err(error),
        }
    }
}
