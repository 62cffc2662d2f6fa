//! The two AWS calls that the door makes, signed by hand: linking two SDK crates would cost more start-up time and memory
//! than all the rest of this function.

use std::{rc::Rc, time::Duration};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use bytes::Bytes;
use http::{Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use mayday_slack::response_url::ResponseUrl;
use serde::Deserialize;

use crate::{
    clock,
    config::Config,
    port::{Lost, Replies, Vault, VaultError, Worker},
};

/// A connection within a region takes a few milliseconds.
const CONNECT_LIMIT: Duration = Duration::from_millis(500);
/// The largest answer that is read: a hundred options with long labels, or a secret of 64 KB.
const MAX_ANSWER: usize = 256 * 1024;

/// A signing HTTP client for both services. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Aws(Rc<Inner>);

struct Inner {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    credentials: Credentials,
    region: String,
    lambda_endpoint: String,
    secrets_endpoint: String,
}

/// One call to sign and send.
struct Call<'a> {
    service: &'static str,
    url: String,
    headers: &'a [(&'static str, &'static str)],
    body: Bytes,
}

struct Reply {
    status: StatusCode,
    failed: bool,
    body: Bytes,
}

impl Aws {
    /// A client with ring and Mozilla's roots: no second TLS stack, no folder of certificates to read.
    pub(crate) fn new(config: &Config) -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_LIMIT));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Ok(Self(Rc::new(Inner {
            http: Client::builder(TokioExecutor::new()).build(connector),
            credentials: config.credentials.clone(),
            region: config.region.clone(),
            lambda_endpoint: config.lambda_endpoint.clone(),
            secrets_endpoint: config.secrets_endpoint.clone(),
        })))
    }

    /// The secret of that name.
    pub(crate) fn vault(&self, secret: String) -> SecretsManager {
        SecretsManager { aws: self.clone(), secret }
    }

    /// The function of that name.
    pub(crate) fn worker(&self, function: &str) -> Function {
        // A name may be an ARN or carry an alias: the colons have to be escaped in a path.
        let url = format!("{}/2015-03-31/functions/{}/invocations", self.0.lambda_endpoint, function.replace(':', "%3A"));
        Function { aws: self.clone(), url }
    }

    /// Unsigned posts to Slack.
    pub(crate) fn replies(&self) -> ResponseUrls {
        ResponseUrls { aws: self.clone() }
    }

    async fn call(&self, call: Call<'_>) -> Result<Reply, Lost> {
        self.send(self.signed(call).map_err(|error| Lost::NotTaken(error.to_string()))?).await
    }

    fn signed(&self, call: Call<'_>) -> Result<Request<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
        let identity = self.0.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.0.region)
            .name(call.service)
            .time(clock::system())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let signable = SignableRequest::new("POST", call.url.as_str(), call.headers.iter().copied(), SignableBody::Bytes(&call.body))?;
        let (signature, _) = sign(signable, &params)?.into_parts();
        let mut request = Request::post(&call.url);
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Full::new(call.body.clone()))?;
        signature.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Reply, Lost> {
        let response = self.0.http.request(request).await.map_err(|error| {
            let chain = chain(&error);
            if error.is_connect() { Lost::NotTaken(chain) } else { Lost::Doubtful(chain) }
        })?;
        let (status, failed) = (response.status(), response.headers().contains_key("x-amz-function-error"));
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await.map_err(|error| Lost::Doubtful(error.to_string()))?;
        Ok(Reply { status, failed, body: body.to_bytes() })
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// A secret in Secrets Manager.
pub(crate) struct SecretsManager {
    aws: Aws,
    secret: String,
}

#[derive(Deserialize)]
struct Secret {
    #[serde(rename = "SecretString")]
    text: Option<String>,
}

#[derive(Deserialize)]
struct AwsError {
    #[serde(rename = "__type")]
    code: String,
}

impl Vault for SecretsManager {
    async fn read(&self) -> Result<String, VaultError> {
        let body = serde_json::json!({"SecretId": self.secret}).to_string().into();
        let headers = &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "secretsmanager.GetSecretValue")];
        let call = Call { service: "secretsmanager", url: format!("{}/", self.aws.0.secrets_endpoint), headers, body };
        let reply = self.aws.call(call).await.map_err(|error| VaultError::Unavailable(error.to_string()))?;
        if reply.status.is_success() {
            let secret = serde_json::from_slice::<Secret>(&reply.body).ok();
            return secret.and_then(|secret| secret.text).ok_or(VaultError::Missing);
        }
        let code = serde_json::from_slice::<AwsError>(&reply.body).map_or_else(|_| String::new(), |error| error.code);
        if code.ends_with("ResourceNotFoundException") {
            return Err(VaultError::Missing);
        }
        Err(VaultError::Unavailable(format!("{} {code}", reply.status.as_u16())))
    }
}

/// The worker, a Lambda function.
pub(crate) struct Function {
    aws: Aws,
    url: String,
}

impl Function {
    async fn invoke(&self, headers: &[(&'static str, &'static str)], envelope: &[u8]) -> Result<Reply, Lost> {
        let call = Call { service: "lambda", url: self.url.clone(), headers, body: Bytes::copy_from_slice(envelope) };
        let reply = self.aws.call(call).await?;
        let status = reply.status.as_u16();
        match status {
            200..300 => Ok(reply),
            // Lambda's own errors, not the function's: what it refused it did not queue, what broke it may have queued.
            500.. => Err(Lost::Doubtful(format!("status {status}"))),
            _ => Err(Lost::NotTaken(format!("status {status}"))),
        }
    }
}

impl Worker for Function {
    async fn hand_over(&self, envelope: &[u8]) -> Result<(), Lost> {
        self.invoke(&[("content-type", "application/json"), ("x-amz-invocation-type", "Event")], envelope).await.map(|_| ())
    }

    async fn ask(&self, envelope: &[u8]) -> Result<Vec<u8>, Lost> {
        let headers = &[("content-type", "application/json"), ("x-amz-invocation-type", "RequestResponse")];
        let reply = self.invoke(headers, envelope).await?;
        if reply.failed { Err(Lost::Doubtful("the worker failed".to_owned())) } else { Ok(reply.body.into()) }
    }
}

/// Slack's response URLs.
pub(crate) struct ResponseUrls {
    aws: Aws,
}

impl Replies for ResponseUrls {
    async fn post(&self, url: &ResponseUrl, json: &str) -> Result<(), Lost> {
        let request = Request::post(url.as_str()).header(CONTENT_TYPE, "application/json").body(Full::new(Bytes::from(json.to_owned())));
        // This client follows no redirect.
        let reply = self.aws.send(request.map_err(|error| Lost::NotTaken(error.to_string()))?).await?;
        if reply.status.is_success() { Ok(()) } else { Err(Lost::NotTaken(format!("status {}", reply.status.as_u16()))) }
    }
}

#[cfg(test)]
mod tests;
