//! One question: one statement, which reads.

use std::time::Duration;

use tokio_postgres::{Client, Error, SimpleQueryMessage};

/// The longest that the server may work on one question.
const LONGEST: Duration = Duration::from_secs(30);

/// The first row's first column as text; `None` for NULL or no row.
///
/// The statement is first prepared, which the server does for exactly one statement: so no second one can follow a semicolon,
/// end the read-only transaction and write, and no parser of ours has to know where a literal ends. Then it is asked by the
/// simple protocol, which gives any type as text.
pub(crate) async fn ask(client: &Client, sql: &str, left: Duration) -> Result<Option<String>, Error> {
    let longest = left.min(LONGEST).as_millis();
    // One snapshot, and no waiting for somebody's ALTER TABLE.
    client.batch_execute(&format!("BEGIN READ ONLY; SET LOCAL statement_timeout = {longest}; SET LOCAL lock_timeout = {longest}")).await?;
    let answer = first(client, sql).await;
    // Also after an error, which leaves the transaction open. A statement that ended it by itself gets a warning only.
    client.batch_execute("ROLLBACK").await?;
    answer
}

async fn first(client: &Client, sql: &str) -> Result<Option<String>, Error> {
    client.prepare(sql).await?;
    let messages = client.simple_query(sql).await?;
    Ok(messages
        .iter()
        .find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.try_get(0).ok().flatten().map(str::to_owned)),
            _ => None,
        })
        .flatten())
}

/// `SHOW server_version`.
pub(crate) async fn server_version(client: &Client) -> Option<String> {
    first(client, "SHOW server_version").await.ok().flatten()
}
