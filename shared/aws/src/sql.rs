//! Questions to a database and the few changes by SQL, through the inspector function in the database's network.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_lambda::{Client, primitives::Blob};
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{Changed, Inspection, InspectorRequest, Probe, Secrets, Sql, SqlChange, SqlTarget},
};
use serde::Deserialize;

use crate::{
    classify::{Kind, classify},
    client::{Connection, Regional},
    settings::Service,
};

/// The inspector function, in the region of the database that it is asked about.
pub struct InspectorSql {
    clients: Regional<Client>,
    function: String,
    secrets: Arc<dyn Secrets>,
}

/// A secret as RDS and its rotation functions keep it.
#[derive(Deserialize)]
struct SignIn {
    username: String,
    password: String,
}

/// What Lambda answers when the function failed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FunctionError {
    error_type: String,
    error_message: String,
}

impl InspectorSql {
    /// The function of this name, which is the same in every region.
    #[must_use]
    pub fn new(connection: &Arc<Connection>, function: String, secrets: Arc<dyn Secrets>) -> Self {
        Self { clients: Regional::new(connection, Service::Lambda, Client::new), function, secrets }
    }

    /// The sign-in, or why there is none: the person who asks can mend that, as they can a wrong password.
    async fn sign_in(&self, target: &SqlTarget) -> Result<Result<SignIn, String>, CallError> {
        let Some(secret) = self.secrets.current(&target.region, &target.secret).await? else {
            return Ok(Err(format!("there is no secret {} in {}", target.secret, target.region)));
        };
        // Not the parser's words: they can quote what they stumbled over.
        Ok(serde_json::from_str(secret.value.expose()).map_err(|_| format!("the secret {} holds no username and password", target.secret)))
    }
}

#[async_trait]
impl Sql for InspectorSql {
    async fn inspect(&self, target: &SqlTarget, probes: &[Probe]) -> Result<Inspection, CallError> {
        let SignIn { username, password } = match self.sign_in(target).await? {
            Ok(sign_in) => sign_in,
            Err(why) => return Ok(Inspection { connection_error: Some(why), ..Inspection::default() }),
        };
        let request = InspectorRequest { target: target.clone(), user: username, password, probes: probes.to_vec(), change: None };
        self.invoke(Kind::Read, &request).await
    }

    async fn change(&self, permit: &Permit, target: &SqlTarget, change: &SqlChange) -> Result<String, CallError> {
        tracing::info!(host = target.host, by = ?permit.authority(), "a database is about to be changed by SQL");
        let nothing_done = |why: String| CallError::NotNow { code: "Unreachable".to_owned(), why };
        let SignIn { username, password } = self.sign_in(target).await?.map_err(nothing_done)?;
        let request =
            InspectorRequest { target: target.clone(), user: username, password, probes: Vec::new(), change: Some(change.clone()) };
        let found = self.invoke(Kind::Change, &request).await?;
        match (found.connection_error, found.changed) {
            (Some(why), _) => Err(nothing_done(why)),
            (None, Some(Changed::Made(what))) => Ok(what),
            (None, Some(Changed::Refused { code, why })) => Err(CallError::refused(code, why)),
            (None, Some(Changed::Unknown(why))) => Err(CallError::Unknown { why }),
            (None, None) => Err(CallError::Unknown { why: "the inspector does not say what came of it".to_owned() }),
        }
    }
}

impl InspectorSql {
    /// Invokes the function of the database's region; one that changes something is invoked once, whatever comes of it.
    async fn invoke(&self, kind: Kind, request: &InspectorRequest) -> Result<Inspection, CallError> {
        let payload = serde_json::to_vec(request).map_err(|error| CallError::refused("InvalidRequest", error.to_string()))?;
        // The patient client: it sends once too, and waits for as long as a database may take.
        let client = self.clients.in_region(&request.target.region).reads;
        let invoke = client.invoke().function_name(&self.function).payload(Blob::new(payload));
        let answer = invoke.send().await.map_err(|error| classify(kind, error))?;
        let payload = answer.payload.unwrap_or_else(|| Blob::new([])).into_inner();
        match answer.function_error {
            Some(_) => Err(failed(kind, &payload)),
            None => serde_json::from_slice(&payload).map_err(|error| CallError::refused("UnreadableAnswer", error.to_string())),
        }
    }
}

/// What the function's failure means. Where it only read, whatever cut it short can be tried again; a request that it can't
/// read stays unreadable.
fn failed(kind: Kind, payload: &[u8]) -> CallError {
    let error: FunctionError = serde_json::from_slice(payload).unwrap_or_default();
    match error.error_type.as_str() {
        "BadRequest" => CallError::refused("BadRequest", error.error_message),
        _ if kind == Kind::Change => CallError::Unknown { why: format!("{}: {}", error.error_type, error.error_message) },
        _ => CallError::NotNow { code: error.error_type, why: error.error_message },
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
    use aws_smithy_runtime_api::client::http::SharedHttpClient;
    use aws_smithy_types::body::SdkBody;
    use mayday_core::port::{SecretPlace, SecretText, SecretVersion};

    use super::*;
    use crate::settings::{Keys, Settings};

    struct OneSecret(Option<&'static str>);

    #[async_trait]
    impl Secrets for OneSecret {
        async fn current(&self, _: &str, _: &str) -> Result<Option<SecretVersion>, CallError> {
            Ok(self.0.map(|text| SecretVersion { version: "1".to_owned(), value: SecretText::new(text.to_owned()) }))
        }

        async fn current_of(&self, region: &str, names: &[String]) -> Vec<Result<Option<SecretVersion>, CallError>> {
            let mut found = Vec::new();
            for name in names {
                found.push(self.current(region, name).await);
            }
            found
        }

        async fn write(&self, _: &Permit, _: SecretPlace<'_>, _: &SecretVersion) -> Result<(), CallError> {
            Ok(())
        }

        async fn make_current(&self, _: &Permit, _: SecretPlace<'_>, _: &str, _: &str) -> Result<(), CallError> {
            Ok(())
        }
    }

    fn target() -> SqlTarget {
        let text = |text: &str| text.to_owned();
        SqlTarget { region: text("eu-central-1"), host: text("orders.example"), port: 5432, database: text("shop"), secret: text("orders") }
    }

    fn answering(response: http::response::Builder, body: &'static str) -> StaticReplayClient {
        let request = http::Request::builder().body(SdkBody::empty()).unwrap();
        StaticReplayClient::new(vec![ReplayEvent::new(request, response.body(SdkBody::from(body)).unwrap())])
    }

    async fn inspect(secret: Option<&'static str>, http: &StaticReplayClient) -> Result<Inspection, CallError> {
        let keys = Keys { access_key: "AKIA".to_owned(), secret_key: "hush".to_owned(), session_token: None };
        let settings = Settings { region: "eu-west-1".to_owned(), keys, endpoint: None, endpoints: std::collections::BTreeMap::new() };
        let connection = Arc::new(Connection::through(settings, SharedHttpClient::new(http.clone())));
        let sql = InspectorSql::new(&connection, "mayday-inspector".to_owned(), Arc::new(OneSecret(secret)));
        sql.inspect(&target(), &[Probe { name: "rows".to_owned(), sql: "SELECT 1".to_owned() }]).await
    }

    #[tokio::test]
    async fn the_inspector_of_the_databases_region_is_given_the_sign_in() {
        let http = answering(http::Response::builder(), r#"{"connection_error":null,"server_version":"15.4","results":[]}"#);
        let found = inspect(Some(r#"{"username":"app","password":"pass","host":"x"}"#), &http).await.unwrap();
        assert_eq!(found.server_version.as_deref(), Some("15.4"));
        let sent = http.actual_requests().next().unwrap();
        assert_eq!(sent.uri(), "https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/mayday-inspector/invocations");
        let request: InspectorRequest = serde_json::from_slice(sent.body().bytes().unwrap()).unwrap();
        assert_eq!((request.target, request.user.as_str(), request.password.as_str()), (target(), "app", "pass"));
    }

    #[tokio::test]
    async fn a_secret_without_a_sign_in_is_an_answer_that_quotes_nothing_of_it() {
        let nobody = StaticReplayClient::new(Vec::new());
        let missing = inspect(None, &nobody).await.unwrap().connection_error.unwrap();
        assert_eq!(missing, "there is no secret orders in eu-central-1");
        let odd = inspect(Some(r#"{"username":"app","password":12345}"#), &nobody).await.unwrap().connection_error.unwrap();
        assert_eq!(odd, "the secret orders holds no username and password");
        assert_eq!(nobody.actual_requests().count(), 0);
    }

    #[tokio::test]
    async fn a_failed_function_is_no_answer_of_the_database() {
        let failed = http::Response::builder().header("x-amz-function-error", "Unhandled");
        let http = answering(failed, r#"{"errorType":"Runtime.ExitError","errorMessage":"exit status 1"}"#);
        let error = inspect(Some(r#"{"username":"app","password":"pass"}"#), &http).await.unwrap_err();
        assert!(matches!(&error, CallError::NotNow { code, .. } if code == "Runtime.ExitError"), "{error:?}");
    }

    #[test]
    fn only_a_bad_request_stays_bad() {
        assert!(matches!(failed(Kind::Read, br#"{"errorType":"BadRequest","errorMessage":"no host"}"#), CallError::Refused { .. }));
        let timeout = br#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1 Error: Task timed out after 60.00 seconds"}"#;
        assert!(failed(Kind::Read, timeout).is_code("Sandbox.Timedout"));
        assert!(matches!(failed(Kind::Read, b"no JSON"), CallError::NotNow { .. }));
        assert!(matches!(failed(Kind::Change, timeout), CallError::Unknown { .. }), "it may have been made");
    }
}
