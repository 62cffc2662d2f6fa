//! Requests to AWS, signed by hand with Signature Version 4.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use jiff::Timestamp;
use mayday_core::{
    failure::CallError,
    port::{Clock, Sent},
};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::{
    clean,
    http::{trouble, unreachable},
};

/// The region and the keys that requests are signed with.
#[derive(Clone)]
pub struct AwsKeys {
    /// The function's own region.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: String,
    /// `AWS_SESSION_TOKEN`; a role's keys always have one.
    pub session_token: Option<String>,
}

/// Why a request could not be signed.
pub type NotSigned = Box<dyn std::error::Error + Send + Sync>;

/// Signs a request to a service: every header that it has, and its body.
///
/// # Errors
/// When it is none that can be signed.
pub fn signed(keys: &AwsKeys, service: &str, now: Timestamp, unsigned: http::Request<String>) -> Result<reqwest::Request, NotSigned> {
    let identity = Credentials::new(&keys.access_key, &keys.secret_key, keys.session_token.clone(), None, "environment").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&keys.region)
        .name(service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.as_millisecond())?))
        .settings(SigningSettings::default())
        .build()?
        .into();
    let headers = unsigned.headers().iter().map(|(name, value)| value.to_str().map(|value| (name.as_str(), value)));
    let headers: Vec<(&str, &str)> = headers.collect::<Result<_, _>>()?;
    let (method, url) = (unsigned.method().as_str(), unsigned.uri().to_string());
    let signable = SignableRequest::new(method, &url, headers.into_iter(), SignableBody::Bytes(unsigned.body().as_bytes()))?;
    let (signature, _) = sign(signable, &params)?.into_parts();
    let mut request = unsigned;
    signature.apply_to_request_http1x(&mut request);
    Ok(reqwest::Request::try_from(request)?)
}

/// One service of one region.
pub(crate) struct Signed {
    http: reqwest::Client,
    keys: AwsKeys,
    service: &'static str,
    endpoint: String,
    clock: Arc<dyn Clock>,
}

/// What a service answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The code of an error, without its namespace.
    pub(crate) code: String,
    pub(crate) body: Value,
}

impl Signed {
    pub(crate) fn new(
        http: &reqwest::Client,
        keys: &AwsKeys,
        (service, endpoint): (&'static str, Option<String>),
        clock: Arc<dyn Clock>,
    ) -> Self {
        // SES answers under the name that it had in the beginning.
        let host = if service == "ses" { "email" } else { service };
        let endpoint = endpoint.unwrap_or_else(|| format!("https://{host}.{}.amazonaws.com", keys.region));
        Self { http: http.clone(), keys: keys.clone(), service, endpoint: endpoint.trim_end_matches('/').to_owned(), clock }
    }

    /// Sends one request. A server's error and a throttle are errors; what the service refused is an answer.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, CallError> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let url = format!("{}{path}", self.endpoint);
        let mut unsigned = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            unsigned = unsigned.header(*name, *value);
        }
        let request =
            unsigned.body(text).map_err(NotSigned::from).and_then(|unsigned| signed(&self.keys, self.service, self.clock.now(), unsigned));
        let request = request.map_err(|error| CallError::refused("not_signed", error.to_string()))?;
        let response = self.http.execute(request).await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let header = response.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body: Value = serde_json::from_str(&response.text().await.unwrap_or_default()).unwrap_or_default();
        let code = header.or_else(|| body.get("__type").and_then(Value::as_str).map(str::to_owned)).unwrap_or_default();
        let code = code.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default().to_owned();
        let throttled = matches!(code.as_str(), "ThrottlingException" | "TooManyRequestsException");
        let status_or_throttle = if throttled { StatusCode::TOO_MANY_REQUESTS } else { status };
        match trouble(status_or_throttle, &code) {
            Some(error) => Err(error),
            None => Ok(Answer { status, code, body }),
        }
    }
}

impl Answer {
    /// Taken under this id, or surely not delivered.
    pub(crate) fn sent(&self) -> Sent {
        if self.status.is_success() {
            let reference = self.body.get("MessageId").and_then(Value::as_str).unwrap_or_default().to_owned();
            return Sent::Accepted { reference };
        }
        let text = |name: &str| self.body.get(name).and_then(Value::as_str);
        let words = text("Reason").or_else(|| text("message")).or_else(|| text("Message")).unwrap_or_default();
        Sent::Undelivered { why: clean(format!("{} {words}", self.code).trim()) }
    }
}
