use async_trait::async_trait;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Node, Ownership, Seen, node::Looked};
use crate::{
    failure::CallError,
    mrkdwn,
    policy::Permit,
    port::{Instance, Phase, World},
    standby::{IN_RECOVERY, LAG, RECEIVERS, Said},
    view::{Code, Mrkdwn, Span},
};

/// `db:check-standby`: waits until a standby follows its source closely enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStandby {
    /// The standby.
    pub standby: Node,
    /// The instance that it must follow.
    pub source: String,
    /// How far behind it may be, in seconds. More than the objective only where people have accepted that.
    pub within_seconds: u64,
    /// Whether the source answered when this was proposed. Where it did not, nothing new comes from it any more.
    pub source_answers: bool,
}

/// What a standby was found to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Following {
    /// It follows its source, so many seconds behind.
    Closely(f64),
    /// It takes nothing in any more; it is so many seconds behind, as far as can be told.
    Cut(f64),
    /// It is no standby of that source. In words.
    Not(String),
}

/// What a standby says of itself, held against what the vendor says.
#[must_use]
pub fn following(found: &Instance, source: &str, said: &Said) -> Following {
    match &found.replica_of {
        None => return Following::Not(format!("{} is no read replica any more", found.id)),
        Some(of) if of.instance != source => return Following::Not(format!("{} follows {}, not {source}", found.id, of.instance)),
        Some(_) => {}
    }
    if said.of(IN_RECOVERY) != Some("t") {
        return Following::Not(format!("{} replays no log: it has been promoted", found.id));
    }
    let lag = said.number(LAG).unwrap_or(f64::MAX).max(0.0);
    // No connection is not “no lag”: the vendor's monitoring says -1 then, which is less than any limit.
    if said.number(RECEIVERS).unwrap_or(0.0) < 1.0 { Following::Cut(lag) } else { Following::Closely(lag) }
}

/// The questions that [`following`] goes by.
pub const QUESTIONS: [&str; 3] = [IN_RECOVERY, RECEIVERS, LAG];

#[async_trait]
impl Action for CheckStandby {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let within = i64::try_from(self.within_seconds).unwrap_or(i64::MAX);
        let answers = if self.source_answers { "which answers" } else { "which does not answer" };
        vec![
            mrkdwn!("{}, {}", self.standby.card(), self.standby.sign_in()),
            mrkdwn!(
                "it must follow {} ({}), at most {} ({} s) behind",
                Code(&self.source),
                answers,
                Span(SignedDuration::from_secs(within)),
                self.within_seconds
            ),
        ]
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        let found = match self.standby.look(world, Some(owner)).await? {
            Looked::There(found) => found,
            Looked::Not(why) => return Ok(Seen::Broken(Finding::said(why))),
        };
        match &found.status {
            Phase::Available => {}
            Phase::Underway(note) => return Ok(Seen::Underway { percent: None, note: note.clone() }),
            other => return Ok(Seen::Broken(Finding::said(format!("{} is {other}", found.id)))),
        }
        let said = match self.standby.ask(world, &found, &QUESTIONS).await? {
            Ok(said) => said,
            Err(why) => return Ok(Seen::Broken(Finding::said(format!("no connection to {}: {why}", found.id)))),
        };
        let (lag, cut) = match following(&found, &self.source, &said) {
            Following::Not(why) => return Ok(Seen::Broken(Finding::said(why))),
            Following::Cut(_) if self.source_answers => {
                return Ok(Seen::Underway { percent: None, note: format!("{} receives nothing from {}", found.id, self.source) });
            }
            Following::Cut(lag) => (lag, true),
            Following::Closely(lag) => (lag, false),
        };
        if lag > as_seconds(self.within_seconds) {
            return Ok(Seen::Underway { percent: None, note: format!("{} is {} behind", found.id, in_words(lag)) });
        }
        let behind = if lag < 1.0 { "has all that it received".to_owned() } else { format!("is {} behind", in_words(lag)) };
        let cut = if cut { format!("; {} sends nothing any more", self.source) } else { String::new() };
        Ok(Seen::Done(Finding { summary: format!("{} {behind}{cut}", found.id), detail: json!({"lag_seconds": lag}) }))
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        self.standby.drift(world).await
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of lag are far below 2^53")]
fn as_seconds(seconds: u64) -> f64 {
    seconds as f64
}

/// `12 s`, or minutes where it is long.
#[must_use]
pub(super) fn in_words(lag: f64) -> String {
    if !(0.0..1e9).contains(&lag) {
        "too far".to_owned()
    } else if lag < 120.0 {
        format!("{lag:.0} s")
    } else {
        format!("{:.0} min", lag / 60.0)
    }
}
