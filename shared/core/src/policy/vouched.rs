//! Who people are while the workspace can't be asked: those whom AWS has vouched for a moment ago.
//!
//! At a terminal people prove by their own AWS credentials who they are, and the plan says which principal is whose. That proof is worth
//! what a look-up in the workspace is worth, so it stands in for one, for a while and only where the workspace gives no answer. What the
//! workspace does say of an account (deactivated, a guest, unknown) always counts. So does what it says of the bot: where it answers, and
//! refuses the bot itself (its token was revoked, say), nobody is vouched for. That is no outage: somebody did it, who would else decide
//! whose word is not asked for any more. Nor is it one where it answers with another account than was asked for: that is a refusal, too.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    failure::{CallError, Fault},
    ident::Identity,
    port::{Blobs, Clock, Directory, Profile, Table, World},
    store::{Created, Kept, Record, Store},
};

/// For how long a proof stands in: from asking to the first call of a run, with the time for an approval in between.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);
/// How old it is before it is written anew: not every look is worth a write.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// AWS has said that a request was made with somebody's credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    /// Whose they are, by the plan.
    pub who: Identity,
    /// Their short name in the plan.
    pub name: String,
    /// The principal, as `sts:GetCallerIdentity` names it.
    pub principal: String,
    /// When AWS said so.
    pub at: Timestamp,
}

impl Record for Vouched {
    const PARTITION: &'static str = "vouched";

    fn id(&self) -> String {
        self.who.user.clone()
    }
}

/// Keeps that AWS has vouched for somebody now.
///
/// # Errors
/// When it can't be written.
pub async fn vouch(world: &World, who: &Identity, name: &str, principal: &str) -> Result<(), Fault> {
    let store = Store::of(world);
    let vouched = Vouched { who: who.clone(), name: name.to_owned(), principal: principal.to_owned(), at: world.clock.now() };
    if let Some(kept) = store.load::<Vouched>(&who.user).await? {
        let same = Vouched { at: kept.value.at, ..vouched.clone() } == kept.value;
        if !same || vouched.at.duration_since(kept.value.at) >= FRESH {
            // Whoever was faster has proved the same a moment ago.
            drop(store.replace(&kept, vouched).await?);
        }
        return Ok(());
    }
    let _: Created<Vouched> = store.create(vouched).await?;
    Ok(())
}

/// The workspace's directory; where that gives no answer or only one for now, whom AWS has vouched for lately.
pub struct Vouching {
    workspace: Arc<dyn Directory>,
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Vouching {
    /// Over the workspace's directory and our records.
    #[must_use]
    pub fn over(workspace: Arc<dyn Directory>, (table, blobs): (Arc<dyn Table>, Arc<dyn Blobs>), clock: Arc<dyn Clock>) -> Self {
        Self { workspace, store: Store::new(table, blobs), clock }
    }
}

#[async_trait]
impl Directory for Vouching {
    async fn profile(&self, user: &str) -> Result<Option<Profile>, CallError> {
        let error = match self.workspace.profile(user).await {
            Err(error @ (CallError::NotNow { .. } | CallError::Unknown { .. })) => error,
            Err(error @ CallError::Refused { .. }) => {
                tracing::error!(
                    user,
                    why = error.why(),
                    "the workspace answers, and not about this account: nobody is vouched for meanwhile"
                );
                return Err(error);
            }
            said @ Ok(_) => return said,
        };
        let vouched: Option<Kept<Vouched>> = self.store.load(user).await.unwrap_or_default();
        match vouched.map(|kept| kept.value).filter(|vouched| self.clock.now().duration_since(vouched.at) < GOOD_FOR) {
            Some(vouched) => Ok(Some(of(&vouched))),
            None => Err(error),
        }
    }
}

/// An account of which nothing is known but whose it is.
fn of(vouched: &Vouched) -> Profile {
    Profile { user: vouched.who.user.clone(), team: vouched.who.org.clone(), name: vouched.name.clone(), ..Profile::default() }
}
