use serde::{Deserialize, Serialize};

use super::Ownership;
use crate::{
    failure::CallError,
    mrkdwn,
    port::{Instance, SqlTarget, World},
    standby::{self, Place, Said},
    view::{Code, Mrkdwn},
};

/// One instance of a database that has several: its primary, its standby.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What people call the database.
    pub name: String,
    /// The region.
    pub region: String,
    /// The instance.
    pub instance: String,
    /// `DbiResourceId`; absent: an earlier step of the same run makes it, and it bears that run's tags.
    pub resource_id: Option<String>,
    /// The database's name on the server.
    pub database: String,
    /// The secret to sign in with, in the same region.
    pub secret: String,
}

/// A node as it was found.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and most of them are instances")]
pub(crate) enum Looked {
    /// It is the one that was meant.
    There(Instance),
    /// It is not there, or it is another one. In words.
    Not(String),
}

impl Node {
    /// For the card.
    pub(super) fn card(&self) -> Mrkdwn {
        let which = match &self.resource_id {
            Some(resource_id) => mrkdwn!("{}", Code(resource_id)),
            None => mrkdwn!("made by this run"),
        };
        mrkdwn!("{} of {} ({}, {})", Code(&self.instance), Code(&self.name), which, Code(&self.region))
    }

    /// How it is signed in to, for the card.
    pub(super) fn sign_in(&self) -> Mrkdwn {
        mrkdwn!("in its database {} with the secret {}", Code(&self.database), Code(&self.secret))
    }

    /// Looks it up, and that it is the one that was meant.
    pub(crate) async fn look(&self, world: &World, owner: Option<Ownership<'_>>) -> Result<Looked, CallError> {
        let Some(found) = world.databases.instance(&self.region, &self.instance).await? else {
            return Ok(Looked::Not(format!("{} is not there", self.instance)));
        };
        let ours = match (&self.resource_id, owner) {
            (Some(resource_id), _) => found.resource_id == *resource_id,
            (None, Some(owner)) => owner.same_run(&found.settings.tags),
            (None, None) => true,
        };
        Ok(if ours { Looked::There(found) } else { Looked::Not(format!("{} is another instance ({})", self.instance, found.resource_id)) })
    }

    /// What is known of it while its region does not answer: nothing, and what must be seen to when it does again.
    pub(super) fn out_of_reach(&self, why: &str) -> String {
        format!(
            "nobody knows whether {} takes writes: {} does not answer ({why}). See to it before anybody reaches it there again",
            self.instance, self.region
        )
    }

    /// What is known of it when its region fell silent after a run had frozen it.
    pub(super) fn silent_since_frozen(&self, why: &str) -> String {
        format!(
            "{} refused writes before {} fell silent ({why}), and will when it is back. See to it before anybody reaches it there again",
            self.instance, self.region
        )
    }

    /// What is no longer as it was: it is gone, or another one has its name.
    pub(super) async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        if self.resource_id.is_none() {
            return Ok(None);
        }
        Ok(match self.look(world, None).await? {
            Looked::There(_) => None,
            Looked::Not(why) => Some(why),
        })
    }

    /// Asks its database. `Err(why)`: it does not answer.
    pub(crate) async fn ask(&self, world: &World, found: &Instance, questions: &[&'static str]) -> Result<Result<Said, String>, CallError> {
        standby::ask(world, self.place(), found, questions).await
    }

    /// Where its database is changed.
    pub(super) async fn target(&self, world: &World) -> Result<SqlTarget, CallError> {
        let gone = || CallError::refused("DBInstanceNotFound", format!("{} has no endpoint", self.instance));
        let endpoint = match self.look(world, None).await? {
            Looked::There(found) => found.endpoint.ok_or_else(gone)?,
            Looked::Not(why) => return Err(CallError::refused("DBInstanceNotFound", why)),
        };
        Ok(standby::target(self.place(), &endpoint))
    }

    fn place(&self) -> Place<'_> {
        Place { region: &self.region, database: &self.database, secret: &self.secret }
    }
}
