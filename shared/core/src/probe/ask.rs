use super::Question;
use crate::{
    database,
    failure::{CallError, Failure},
    plan::{self, Plan, Probe, ProbeKind, Traffic},
    port::{self, Answer, SqlTarget, World},
    together::together,
};

/// So many questions are under way at once.
const AT_ONCE: usize = 32;
/// Where PostgreSQL listens when nobody says otherwise.
const POSTGRES: u16 = 5432;

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What was asked.
    pub question: Question,
    /// What it came to.
    pub answer: Answer,
}

/// Asks one probe now. That something does not answer is an answer.
pub async fn ask(world: &World, plan: &Plan, probe: &Probe) -> Answer {
    match &probe.how {
        ProbeKind::Postgres { database } => postgres(world, plan, database).await,
        other => world.probes.ask(other, probe.within.0).await,
    }
}

/// Asks all of these now, several at a time, while there is time: those for which `goes_on` says no any more are left out.
pub async fn ask_all(world: &World, plan: &Plan, questions: &[Question], goes_on: impl Fn() -> bool) -> Vec<Heard> {
    let mut heard = Vec::new();
    for some in questions.chunks(AT_ONCE) {
        if !goes_on() {
            break;
        }
        let asked = some
            .iter()
            .map(|question| async move { Heard { question: question.clone(), answer: ask(world, plan, &question.probe).await } });
        heard.extend(together(asked).await);
    }
    heard
}

/// Signs in to a database as its applications do, and has it answer the simplest question.
pub(crate) async fn postgres(world: &World, plan: &Plan, name: &str) -> Answer {
    let ill = |why: String| Answer::Ill { why, took_ms: 0 };
    let Some(entry) = plan.databases.get(name) else { return Answer::blind(format!("the plan has no database {name}")) };
    let target = match target(world, entry).await {
        Ok(target) => target,
        Err(Failure::Refusal(refusal)) => return ill(refusal.sentence),
        Err(Failure::Fault(fault)) => return Answer::blind(format!("where {name} is can't be looked up: {}", fault.chain())),
    };
    let alive = port::Probe { name: "alive".to_owned(), sql: "select 1".to_owned() };
    let found = match world.sql.inspect(&target, &[alive]).await {
        Ok(found) => found,
        // The inspector could not be asked, or could not work: that is our trouble, not the database's.
        Err(error) => return Answer::blind(format!("the inspector does not answer: {}", error.why())),
    };
    let result = found.results.first();
    let took_ms = result.map_or(0, |result| result.took_ms);
    match (found.connection_error, result.and_then(|result| result.error.clone())) {
        (Some(why), _) => Answer::Ill { why, took_ms },
        (None, Some(error)) => Answer::Ill { why: format!("it takes connections, but does not answer: {error}"), took_ms },
        (None, None) => {
            let version = found.server_version.map(|version| format!(", PostgreSQL {version}")).unwrap_or_default();
            Answer::Well { took_ms, note: format!("signed in{version}") }
        }
    }
}

/// Where the applications of a database are led, and how they sign in.
///
/// # Errors
/// A refusal when the plan names what is not there.
pub(crate) async fn target(world: &World, entry: &plan::Database) -> Result<SqlTarget, Failure> {
    let host = match &entry.traffic {
        Traffic::Cname { name, .. } => name.clone(),
        Traffic::Secret => database::route(world, entry).await?.host().to_owned(),
    };
    let port = port_in_secret(world, entry).await?;
    Ok(SqlTarget { region: entry.region.clone(), host, port, database: entry.database.clone(), secret: entry.secret.clone() })
}

async fn port_in_secret(world: &World, entry: &plan::Database) -> Result<u16, CallError> {
    let secret = world.secrets.current(&entry.region, &entry.secret).await?;
    let object: Option<serde_json::Value> = secret.and_then(|secret| serde_json::from_str(secret.value.expose()).ok());
    // Rotation functions write a number, people a text.
    let port = object.as_ref().and_then(|object| object.get("port")).and_then(|port| match port {
        serde_json::Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|port| u16::try_from(port).ok()),
    });
    Ok(port.unwrap_or(POSTGRES))
}
