//! What the environment says about AWS, as plain data.

use std::{collections::BTreeMap, fmt};

/// A service of AWS that the product calls, by the name that its endpoint variable ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// The bot's table.
    DynamoDb,
    /// The inspector's invocations.
    Lambda,
    /// Databases.
    Rds,
    /// Hosted zones.
    Route53,
    /// The bot's bucket.
    S3,
    /// The schedule of its ticks.
    Scheduler,
    /// Secrets.
    SecretsManager,
    /// Runs.
    StepFunctions,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::DynamoDb, Self::Lambda, Self::Rds, Self::Route53, Self::S3, Self::Scheduler, Self::SecretsManager, Self::StepFunctions];

    /// The variable that moves this service elsewhere, as every AWS SDK names it.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::Lambda => "AWS_ENDPOINT_URL_LAMBDA",
            Self::Rds => "AWS_ENDPOINT_URL_RDS",
            Self::Route53 => "AWS_ENDPOINT_URL_ROUTE_53",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Scheduler => "AWS_ENDPOINT_URL_SCHEDULER",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::StepFunctions => "AWS_ENDPOINT_URL_SFN",
        }
    }
}

/// The keys that requests are signed with.
///
/// Static is right in a Lambda function: its role's keys are put into the environment when the process starts, and outlive
/// the process by design; the platform gives new ones to new processes only.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: String,
    /// `AWS_SESSION_TOKEN`; a role's keys always have one.
    pub session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[keys]")
    }
}

/// Region, keys and addresses: all that is needed to call AWS, and nothing that has to be asked for.
///
/// The SDK's own chain of sources takes a millisecond and may ask an instance metadata service that isn't there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The function's own region.
    pub region: String,
    /// Signs every request.
    pub keys: Keys,
    /// Where all services are, if not at AWS: `http://127.0.0.1:4566`.
    pub endpoint: Option<String>,
    /// Where single services are, before `endpoint`.
    pub endpoints: BTreeMap<Service, String>,
}

/// What is missing in the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment has no {0}")]
pub struct Missing(pub &'static str);

/// Reads one variable that has to be there. An empty one is not.
///
/// # Errors
/// When it isn't.
pub fn required(lookup: &impl Fn(&str) -> Option<String>, name: &'static str) -> Result<String, Missing> {
    optional(lookup, name).ok_or(Missing(name))
}

/// Reads one variable that may be absent or empty.
pub fn optional(lookup: &impl Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    lookup(name).filter(|value| !value.is_empty())
}

impl Settings {
    /// Reads the variables that AWS Lambda sets, and the endpoint variables that all AWS SDKs agree on.
    ///
    /// # Errors
    /// When region or keys are missing.
    pub fn from_env(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self, Missing> {
        let region = optional(lookup, "AWS_REGION").or_else(|| optional(lookup, "AWS_DEFAULT_REGION"));
        Ok(Self {
            region: region.ok_or(Missing("AWS_REGION"))?,
            keys: Keys {
                access_key: required(lookup, "AWS_ACCESS_KEY_ID")?,
                secret_key: required(lookup, "AWS_SECRET_ACCESS_KEY")?,
                session_token: optional(lookup, "AWS_SESSION_TOKEN"),
            },
            endpoint: optional(lookup, "AWS_ENDPOINT_URL"),
            endpoints: Service::ALL.iter().filter_map(|service| Some((*service, optional(lookup, service.variable())?))).collect(),
        })
    }

    /// Where a service is, if not at AWS.
    #[must_use]
    pub fn endpoint_of(&self, service: Service) -> Option<&str> {
        self.endpoints.get(&service).or(self.endpoint.as_ref()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, Missing> {
        Settings::from_env(&|name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    const LEAST: [(&str, &str); 3] = [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "hush")];

    #[test]
    fn lambdas_own_variables_are_enough() {
        let settings = read(&LEAST).unwrap();
        assert_eq!((settings.region.as_str(), settings.endpoint_of(Service::Rds)), ("eu-west-1", None));
        assert_eq!(settings.keys.session_token, None);
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(read(&LEAST[..2]), Err(Missing("AWS_SECRET_ACCESS_KEY")));
        assert_eq!(read(&[&LEAST[1..], &[("AWS_REGION", "")]].concat()), Err(Missing("AWS_REGION")));
    }

    #[test]
    fn a_services_own_address_comes_before_the_common_one() {
        let moved = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_ENDPOINT_URL_ROUTE_53", "http://127.0.0.1:2")];
        let settings = read(&[&LEAST[..], &moved].concat()).unwrap();
        assert_eq!(settings.endpoint_of(Service::Route53), Some("http://127.0.0.1:2"));
        assert_eq!(settings.endpoint_of(Service::SecretsManager), Some("http://127.0.0.1:1"));
    }

    #[test]
    fn keys_are_not_printed() {
        assert!(!format!("{:?}", read(&LEAST).unwrap()).contains("hush"));
    }
}
