//! What the environment says, read once.

use mayday_slack::response_url::Origin;

use crate::message::Identity;

/// The function's configuration.
pub(crate) struct Config {
    /// The ids that a signed request must carry.
    pub(crate) identity: Identity,
    /// The worker's function name.
    pub(crate) worker: String,
    /// The name of the secret with the signing keys.
    pub(crate) keys_secret: String,
    /// The local stack's clock file; unset on AWS.
    pub(crate) clock_file: Option<String>,
    /// Where answers may be posted to besides Slack itself: the origin of `SLACK_API_URL`.
    pub(crate) slack_api_url: Option<Origin>,
    /// The region of both services.
    pub(crate) region: String,
    /// Lambda's endpoint, without a trailing slash.
    pub(crate) lambda_endpoint: String,
    /// Secrets Manager's endpoint, without a trailing slash.
    pub(crate) secrets_endpoint: String,
    /// The function's own credentials, which Lambda puts into the environment for as long as this process lives.
    pub(crate) credentials: aws_credential_types::Credentials,
}

/// A variable that has to be set and is not.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub(crate) struct Unset(&'static str);

impl Config {
    /// Reads the environment.
    pub(crate) fn from_environment() -> Result<Self, Unset> {
        Self::read(environment)
    }

    fn read(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, Unset> {
        let need = |name| get(name).ok_or(Unset(name));
        let region = need("AWS_REGION")?;
        let endpoint = |variable, service| endpoint(get(variable).or_else(|| get("AWS_ENDPOINT_URL")), service, &region);
        let mut credentials = aws_credential_types::Credentials::builder()
            .access_key_id(need("AWS_ACCESS_KEY_ID")?)
            .secret_access_key(need("AWS_SECRET_ACCESS_KEY")?)
            .provider_name("environment");
        credentials.set_session_token(get("AWS_SESSION_TOKEN"));
        Ok(Self {
            identity: Identity {
                team: need("MAYDAY_SLACK_TEAM")?,
                app: need("MAYDAY_SLACK_APP")?,
                enterprise: get("MAYDAY_SLACK_ENTERPRISE"),
            },
            worker: need("MAYDAY_WORKER")?,
            keys_secret: get("MAYDAY_KEYS_SECRET").unwrap_or_else(|| "mayday/keys".to_owned()),
            clock_file: get("MAYDAY_CLOCK"),
            slack_api_url: get("SLACK_API_URL").and_then(|url| Origin::of(&url)),
            lambda_endpoint: endpoint("AWS_ENDPOINT_URL_LAMBDA", "lambda"),
            secrets_endpoint: endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER", "secretsmanager"),
            credentials: credentials.build(),
            region,
        })
    }
}

fn endpoint(configured: Option<String>, service: &str, region: &str) -> String {
    match configured {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None if region.starts_with("cn-") => format!("https://{service}.{region}.amazonaws.com.cn"),
        None => format!("https://{service}.{region}.amazonaws.com"),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place where the function reads its environment")]
fn environment(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [&str; 6] =
        ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "MAYDAY_SLACK_TEAM", "MAYDAY_SLACK_APP", "MAYDAY_WORKER"];

    fn read(more: &[(&'static str, &str)]) -> Config {
        let get = |name| {
            let more = more.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
            more.or_else(|| NEEDED.contains(&name).then(|| "eu-west-1".to_owned()))
        };
        Config::read(get).unwrap()
    }

    #[test]
    fn without_an_endpoint_variable_the_region_decides() {
        assert_eq!(read(&[]).lambda_endpoint, "https://lambda.eu-west-1.amazonaws.com");
        assert_eq!(read(&[("AWS_REGION", "cn-north-1")]).secrets_endpoint, "https://secretsmanager.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn the_services_own_endpoint_variable_wins() {
        let config = read(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1/"), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:2")]);
        assert_eq!(config.lambda_endpoint, "http://127.0.0.1:1");
        assert_eq!(config.secrets_endpoint, "http://127.0.0.1:2");
    }

    #[test]
    fn a_missing_variable_is_named() {
        for missing in NEEDED {
            let read = Config::read(|name| (name != missing).then(|| "x".to_owned()));
            assert_eq!(read.err().unwrap().to_string(), format!("the environment variable {missing} is not set"));
        }
    }
}
