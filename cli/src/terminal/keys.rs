//! Whose hands these are: AWS credentials, from the environment, else from the AWS CLI, which knows profiles, single sign-on and MFA.

use anyhow::Context as _;
use mayday_notify::AwsKeys;
use serde::Deserialize;

/// What `aws configure export-credentials` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exported {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

/// The credentials. Their region is that of whoever is asked.
pub(super) async fn find(variable: &impl Fn(&str) -> Option<String>) -> anyhow::Result<AwsKeys> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let (Some(access_key), Some(secret_key)) = (set("AWS_ACCESS_KEY_ID"), set("AWS_SECRET_ACCESS_KEY")) {
        return Ok(AwsKeys { region: String::new(), access_key, secret_key, session_token: set("AWS_SESSION_TOKEN") });
    }
    let command = tokio::process::Command::new("aws").args(["configure", "export-credentials", "--format", "process"]).output();
    let none = "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with the AWS CLI (aws sso login)";
    let output = command.await.context(none)?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{none}. The AWS CLI says: {}", said.trim());
    let keys: Exported = serde_json::from_slice(&output.stdout).context("the AWS CLI's credentials can't be read")?;
    Ok(AwsKeys {
        region: String::new(),
        access_key: keys.access_key_id,
        secret_key: keys.secret_access_key,
        session_token: keys.session_token,
    })
}
