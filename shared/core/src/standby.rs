//! What a database and its standby say of themselves: whether one follows the other, how far behind it is, and whether it
//! takes writes. Asked by SQL, since what the vendor's monitoring says of a replica is minutes old, and `-1` there means
//! “not replicating” and not “ahead”.

use crate::{
    failure::CallError,
    port::{Endpoint, Inspection, Instance, Mark, Probe, SqlTarget, World},
};

/// Whether it replays somebody's log: `t` or `f`.
pub const IN_RECOVERY: &str = "select pg_is_in_recovery()";
/// How many connections it receives a log through: `0` is “not replicating”, whatever the lag says.
pub const RECEIVERS: &str = "select count(*) from pg_stat_wal_receiver where status = 'streaming'";
/// How far behind it is, in seconds. When all that was received is replayed, that is nothing: the age of the newest commit
/// would only say how long nobody has written. One that has replayed no commit since it started has all from before its
/// checkpoint, and is as far behind as that is old.
pub const LAG: &str = "select case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0 \
                       else extract(epoch from now() - coalesce(pg_last_xact_replay_timestamp(), \
                       (select checkpoint_time from pg_control_checkpoint()))) end";
/// How long ago the newest commit that it has was made, in seconds: what is lost at most if the source does not come back.
pub const NEWEST: &str = "select extract(epoch from now() - pg_last_xact_replay_timestamp())";
/// Whether new sessions only read: `on` or `off`.
pub const READ_ONLY: &str = "select current_setting('default_transaction_read_only')";
/// The run that froze it last.
pub const FROZEN_BY: &str = "select run from mayday.mark where what = 'frozen'";
/// The run that wrote to it last.
pub const WRITTEN_BY: &str = "select run from mayday.mark where what = 'written'";
/// How many sessions there still are from before it was frozen: they may write.
pub const OLD_SESSIONS: &str = "select count(*) from pg_stat_activity a where a.datname = current_database() \
                                and a.backend_type = 'client backend' and a.application_name <> 'mayday' \
                                and a.usesysid not in (select oid from pg_roles where rolsuper) \
                                and a.backend_start < (select at from mayday.mark where what = 'frozen')";

/// A database on an instance, and the sign-in to it.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The region.
    pub region: &'a str,
    /// The database's name on the server.
    pub database: &'a str,
    /// The secret to sign in with.
    pub secret: &'a str,
}

/// Answers by the statement that was asked.
#[derive(Debug, Clone, Default)]
pub struct Said(Vec<(&'static str, Option<String>)>);

impl Said {
    /// What a statement gave; `None` for NULL, no row, or a table that is not there.
    #[must_use]
    pub fn of(&self, statement: &str) -> Option<&str> {
        self.0.iter().find(|(asked, _)| *asked == statement).and_then(|(_, value)| value.as_deref())
    }

    /// What a statement gave, as a number.
    #[must_use]
    pub fn number(&self, statement: &str) -> Option<f64> {
        self.of(statement)?.parse().ok()
    }
}

/// The statement that reads a mark.
#[must_use]
pub fn mark(mark: Mark) -> &'static str {
    match mark {
        Mark::Frozen => FROZEN_BY,
        Mark::Written => WRITTEN_BY,
    }
}

/// Where a database on an instance is asked.
#[must_use]
pub fn target(place: Place<'_>, endpoint: &Endpoint) -> SqlTarget {
    SqlTarget {
        region: place.region.to_owned(),
        host: endpoint.host.clone(),
        port: endpoint.port,
        database: place.database.to_owned(),
        secret: place.secret.to_owned(),
    }
}

/// Asks a database on an instance. `Err(why)`: it does not answer.
///
/// # Errors
/// When it can't be asked, or answers a question with an error of its own.
pub async fn ask(
    world: &World,
    place: Place<'_>,
    instance: &Instance,
    questions: &[&'static str],
) -> Result<Result<Said, String>, CallError> {
    let Some(endpoint) = &instance.endpoint else { return Ok(Err(format!("{} has no endpoint", instance.id))) };
    ask_at(world, &target(place, endpoint), questions).await
}

/// As [`ask`], at an address.
///
/// # Errors
/// As for [`ask`].
pub async fn ask_at(world: &World, target: &SqlTarget, questions: &[&'static str]) -> Result<Result<Said, String>, CallError> {
    let probes: Vec<Probe> = questions.iter().map(|sql| Probe { name: (*sql).to_owned(), sql: (*sql).to_owned() }).collect();
    let found: Inspection = world.sql.inspect(target, &probes).await?;
    if let Some(why) = found.connection_error {
        return Ok(Err(why));
    }
    let mut said = Said::default();
    for question in questions {
        let answer = found.results.iter().find(|result| result.name == *question);
        match answer.map(|answer| (&answer.value, &answer.error)) {
            Some((value, None)) => said.0.push((question, value.clone())),
            // Nobody has set a mark yet.
            Some((_, Some(error))) if error.contains("(42P01)") || error.contains("(3F000)") => said.0.push((question, None)),
            Some((_, Some(error))) => return Err(CallError::NotNow { code: "Unanswered".to_owned(), why: error.clone() }),
            None => return Err(CallError::NotNow { code: "Unanswered".to_owned(), why: format!("no answer to “{question}”") }),
        }
    }
    Ok(Ok(said))
}
