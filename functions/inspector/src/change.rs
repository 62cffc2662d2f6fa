//! The few changes that this function makes: the end of writes, their return, and one row that proves them. What is not in
//! [`SqlChange`] can't be asked for, and no statement of a caller's is ever run by it.

use mayday_core::port::{Changed, Mark, SqlChange};
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use crate::connect::words;

/// Where our own rows are: apart from everything that is the organization's.
const TABLE: &str = "CREATE SCHEMA IF NOT EXISTS mayday; \
                     CREATE TABLE IF NOT EXISTS mayday.mark (what text PRIMARY KEY, run text NOT NULL, at timestamptz NOT NULL)";

/// Ends everybody else's sessions on this database and waits until they are gone, 5 s for each. The vendor's own
/// administrators are left alone, and can't be ended by others anyway.
const END_SESSIONS: &str = "SELECT count(*) FILTER (WHERE NOT pg_terminate_backend(a.pid, 5000)), count(*) FROM pg_stat_activity a \
                            WHERE a.datname = current_database() AND a.backend_type = 'client backend' \
                            AND a.pid <> pg_backend_pid() AND a.application_name <> 'mayday' \
                            AND a.usesysid NOT IN (SELECT oid FROM pg_roles WHERE rolsuper)";

/// `read_only_sql_transaction`.
const READ_ONLY: &str = "25006";

/// Makes a change. What a freeze did stays done when a later part of it is refused: doing it again is safe.
pub(crate) async fn make(client: &Client, change: &SqlChange) -> Changed {
    let made: Result<String, Trouble> = match change {
        SqlChange::Freeze { run } => freeze(client, run).await,
        SqlChange::Thaw => thaw(client).await,
        SqlChange::WriteProbe { run } => {
            mark(client, Mark::Written, run, "clock_timestamp()").await.map(|()| "a row was written".to_owned())
        }
    };
    made.map_or_else(told, Changed::Made)
}

/// A statement that fails, or a step that did not come to what it should.
#[derive(Debug)]
enum Trouble {
    Database(Error),
    Left(i64),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

fn told(trouble: Trouble) -> Changed {
    match trouble {
        Trouble::Left(sessions) => {
            Changed::Refused { code: "SessionsRemain".to_owned(), why: format!("{sessions} sessions that may write could not be ended") }
        }
        Trouble::Database(error) => match error.code() {
            Some(code) => Changed::Refused { code: code.code().to_owned(), why: words(&error) },
            None => Changed::Unknown(words(&error)),
        },
    }
}

/// Whether a new session that asks for nothing special can write: tried, and undone.
pub(crate) async fn refuses_writes(client: &Client) -> Result<bool, Error> {
    let tried = client.batch_execute("BEGIN; CREATE TABLE mayday.attempt (one int); ROLLBACK").await;
    match tried {
        Ok(()) => Ok(false),
        Err(error) => {
            client.batch_execute("ROLLBACK").await?;
            if error.code().is_some_and(|code| code.code() == READ_ONLY) { Ok(true) } else { Err(error) }
        }
    }
}

async fn freeze(client: &Client, run: &str) -> Result<String, Trouble> {
    client.batch_execute("SET default_transaction_read_only = off").await?;
    client.batch_execute(TABLE).await?;
    client.batch_execute(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database(client).await?)).await?;
    // From here on new sessions only read. Those from before go.
    let since = first(client, "SELECT clock_timestamp()").await?.unwrap_or_default();
    let ended = end_sessions(client).await?;
    // Whoever replays up to this row has everything that was ever committed before.
    mark(client, Mark::Frozen, run, &format!("{}::timestamptz", literal(&since))).await?;
    Ok(format!("new sessions only read, and {ended} others were ended"))
}

async fn thaw(client: &Client) -> Result<String, Trouble> {
    client.batch_execute("SET default_transaction_read_only = off").await?;
    client.batch_execute(&format!("ALTER DATABASE {} RESET default_transaction_read_only", database(client).await?)).await?;
    // Sessions keep what they began with: these would go on only reading.
    let ended = end_sessions(client).await?;
    Ok(format!("new sessions write again, and {ended} others were ended"))
}

async fn end_sessions(client: &Client) -> Result<i64, Trouble> {
    let row = client.query_one(END_SESSIONS, &[]).await?;
    let (left, all): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if left == 0 { Ok(all) } else { Err(Trouble::Left(left)) }
}

async fn mark(client: &Client, mark: Mark, run: &str, at: &str) -> Result<(), Trouble> {
    client.batch_execute(TABLE).await?;
    let (what, run) = (literal(mark.key()), literal(run));
    let statement = format!(
        "INSERT INTO mayday.mark VALUES ({what}, {run}, {at}) ON CONFLICT (what) DO UPDATE SET run = excluded.run, at = excluded.at"
    );
    Ok(client.batch_execute(&statement).await?)
}

/// The name of this database, quoted.
async fn database(client: &Client) -> Result<String, Error> {
    Ok(first(client, "SELECT quote_ident(current_database())").await?.unwrap_or_default())
}

async fn first(client: &Client, sql: &str) -> Result<Option<String>, Error> {
    let messages = client.simple_query(sql).await?;
    Ok(messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten().map(str::to_owned),
        _ => None,
    }))
}

/// A text as PostgreSQL reads it back, whatever is in it.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_text_can_not_leave_its_quotes() {
        assert_eq!(literal("r-1"), "E'r-1'");
        assert_eq!(literal(r"it's \'; drop"), r"E'it''s \\''; drop'");
    }
}
