//! Everything outside that a function needs, from its environment.

use std::{path::Path, sync::Arc};

use mayday_core::{
    policy::Vouching,
    port::{Blobs, Chat, Clock, Directory, NoCharts, Probes, Secrets, Table, Ways, Workspace, World},
};
use mayday_resolver::{LookupError, Resolver};

use crate::{
    blobs::S3Blobs,
    client::Connection,
    clock::{StackClock, SystemClock, UnreadableClock},
    databases::RdsDatabases,
    dns::Route53Dns,
    installation::{Names, OwnInstallation},
    random::SystemRandom,
    secrets::SecretsManager,
    settings::{Missing, Settings, optional, required},
    sql::InspectorSql,
    table::DynamoTable,
    workflow::StepFunctions,
};

/// Why a function can't start. Nothing in it is secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A variable is missing.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// The stack's clock can't be read.
    #[error(transparent)]
    Clock(#[from] UnreadableClock),
    /// No name server is known.
    #[error(transparent)]
    Names(#[from] LookupError),
}

/// What the environment of a function says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Region, keys and addresses.
    pub settings: Settings,
    /// `MAYDAY_TABLE`.
    pub table: String,
    /// `MAYDAY_BUCKET`.
    pub bucket: String,
    /// `MAYDAY_STATE_MACHINE`: an ARN.
    pub state_machine: String,
    /// `MAYDAY_INSPECTOR`: a function's name.
    pub inspector: String,
    /// `MAYDAY_KEYS_SECRET`: the secret with the bot's own keys; `mayday/keys` where it is not set.
    pub keys: String,
    /// `MAYDAY_CLOCK`: a local stack's clock.
    pub clock: Option<String>,
    /// `MAYDAY_DNS_SERVERS`: a local stack's name servers.
    pub dns_servers: Option<String>,
}

impl Environment {
    /// Reads the environment through a look-up, which only a function's `main` may make from `std::env::var`.
    ///
    /// # Errors
    /// When a variable is missing.
    pub fn read(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self, Missing> {
        Ok(Self {
            settings: Settings::from_env(lookup)?,
            table: required(lookup, "MAYDAY_TABLE")?,
            bucket: required(lookup, "MAYDAY_BUCKET")?,
            state_machine: required(lookup, "MAYDAY_STATE_MACHINE")?,
            inspector: required(lookup, "MAYDAY_INSPECTOR")?,
            keys: optional(lookup, "MAYDAY_KEYS_SECRET").unwrap_or_else(|| "mayday/keys".to_owned()),
            clock: optional(lookup, "MAYDAY_CLOCK"),
            dns_servers: optional(lookup, "MAYDAY_DNS_SERVERS"),
        })
    }
}

/// All of AWS that the domain needs. Chat and people come from elsewhere: [`Self::world`].
pub struct Aws {
    environment: Environment,
    connection: Arc<Connection>,
    clock: Arc<dyn Clock>,
    secrets: Arc<SecretsManager>,
    resolver: Resolver,
}

impl Aws {
    /// Connects as the environment says. No call is made.
    ///
    /// # Errors
    /// When the clock or the name servers that the environment names are not there.
    pub fn connect(environment: Environment) -> Result<Self, ConfigurationError> {
        let connection = Connection::new(environment.settings.clone());
        let clock: Arc<dyn Clock> = match &environment.clock {
            Some(file) => Arc::new(StackClock::open(Path::new(file))?),
            None => Arc::new(SystemClock),
        };
        Self::through(environment, connection, clock)
    }

    /// As [`Self::connect`], over another connection and clock: a local stack's in this process.
    ///
    /// # Errors
    /// When no name server is known.
    pub fn through(environment: Environment, connection: Connection, clock: Arc<dyn Clock>) -> Result<Self, ConfigurationError> {
        let resolver = Resolver::configured(environment.dns_servers.as_deref())?;
        let connection = Arc::new(connection);
        let secrets = Arc::new(SecretsManager::new(&connection));
        Ok(Self { environment, connection, clock, secrets, resolver })
    }

    /// Secrets: the bot's own keys are needed before there is a chat.
    #[must_use]
    pub fn secrets(&self) -> Arc<dyn Secrets> {
        self.secrets.clone()
    }

    /// Region, keys and addresses.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.environment.settings
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The function's own region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.environment.settings.region
    }

    /// The name of the secret with the bot's own keys.
    #[must_use]
    pub fn keys(&self) -> &str {
        &self.environment.keys
    }

    /// What looks names up, for those who ask services.
    #[must_use]
    pub fn resolver(&self) -> Resolver {
        self.resolver.clone()
    }

    /// Whether this is a local stack: everything there is on loopback.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.environment.clock.is_some()
    }

    /// Everything outside, with Slack (messages, people, and the app itself), probes and the ways to wake people as given.
    #[must_use]
    pub fn world(&self, slack: Arc<impl Chat + Directory + Workspace + 'static>, probes: Arc<dyn Probes>, ways: Ways) -> World {
        let Self { environment, connection, .. } = self;
        let names = Names { table: environment.table.clone(), bucket: environment.bucket.clone(), keys: environment.keys.clone() };
        let table: Arc<dyn Table> = Arc::new(DynamoTable::new(connection, environment.table.clone()));
        let blobs: Arc<dyn Blobs> = Arc::new(S3Blobs::new(connection, environment.bucket.clone()));
        World {
            clock: self.clock.clone(),
            random: Arc::new(SystemRandom),
            directory: Arc::new(Vouching::over(slack.clone(), (table.clone(), blobs.clone()), self.clock.clone())),
            table,
            blobs,
            databases: Arc::new(RdsDatabases::new(connection)),
            secrets: self.secrets.clone(),
            dns: Arc::new(Route53Dns::new(connection, self.resolver.clone(), self.clock.clone())),
            probes,
            sql: Arc::new(InspectorSql::new(connection, environment.inspector.clone(), self.secrets.clone())),
            charts: Arc::new(NoCharts),
            chat: slack.clone(),
            workspace: slack,
            installation: Arc::new(OwnInstallation::new(connection, names)),
            pager: ways.pager,
            phone: ways.phone,
            mail: ways.mail,
            workflow: Arc::new(StepFunctions::new(connection, environment.state_machine.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: [(&str, &str); 9] = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "hush"),
        ("MAYDAY_TABLE", "mayday"),
        ("MAYDAY_BUCKET", "mayday-000000000000-eu-west-1"),
        ("MAYDAY_STATE_MACHINE", "arn:aws:states:eu-west-1:000000000000:stateMachine:mayday-run"),
        ("MAYDAY_INSPECTOR", "mayday-inspector"),
        ("MAYDAY_DNS_SERVERS", "127.0.0.1:5300"),
        ("MAYDAY_CLOCK", "/nowhere/clock.json"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<Environment, Missing> {
        Environment::read(&|name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn every_variable_that_must_be_there_is_named_when_it_is_not() {
        for (number, (name, _)) in LOCAL.iter().enumerate().take(7) {
            let mut without = LOCAL.to_vec();
            without.remove(number);
            assert_eq!(read(&without).unwrap_err().0, *name);
        }
    }

    #[test]
    fn a_stack_whose_clock_is_not_there_is_refused_rather_than_run_in_real_time() {
        assert!(matches!(Aws::connect(read(&LOCAL).unwrap()), Err(ConfigurationError::Clock(_))));
        assert!(Aws::connect(read(&LOCAL[..8]).unwrap()).is_ok());
    }
}
