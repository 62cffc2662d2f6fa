//! The front without sockets: an AWS SDK's own HTTP client that goes straight to the services.
//!
//! With a standing clock and a paused runtime a test is deterministic, retries and time-outs of the SDK included. Bodies
//! are buffered, streamed ones too.

use std::sync::Arc;

use aws_smithy_runtime_api::{
    client::{
        http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::{
    front::Scope,
    service::{Call, Registry, Shared, dispatch},
};

/// An SDK's HTTP client over the services of a stack, or over those that a test made.
#[derive(Debug, Clone)]
pub struct Connector {
    shared: Arc<Shared>,
    services: Arc<Registry>,
}

impl Connector {
    /// A client over these services.
    #[must_use]
    pub fn new(shared: Arc<Shared>, services: Arc<Registry>) -> Self {
        Self { shared, services }
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let misuse = |what: &str| ConnectorError::user(what.into());
        let headers: HeaderMap = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)))
            .collect();
        let uri: http::Uri = request.uri().parse().map_err(|_| misuse("the request's URI is none"))?;
        let query = uri.query().unwrap_or_default().to_owned();
        let scope = Scope::of(&headers, &query).ok_or_else(|| misuse("the request is not signed"))?;
        let service = self.services.get(&scope.service).ok_or_else(|| misuse("the test has no such service"))?;
        let call = Call {
            service: scope.service,
            operation: String::new(),
            region: scope.region,
            method: Method::try_from(request.method()).map_err(|_| misuse("the request's method is none"))?,
            path: uri.path().to_owned(),
            query,
            headers,
            body: collect(request.into_body()).await?,
        };
        let reply = dispatch(&self.shared, &service, call).await;
        let reply = reply.ok_or_else(|| ConnectorError::io("the connection was closed without an answer".into()))?;
        let status = StatusCode::try_from(reply.status.as_u16()).map_err(|_| misuse("the service answered without a status"))?;
        let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
        for (name, value) in &reply.headers {
            if let Ok(value) = value.to_str() {
                response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
            }
        }
        Ok(response)
    }
}

/// Reads a body to its end, however it comes.
async fn collect(body: SdkBody) -> Result<bytes::Bytes, ConnectorError> {
    if let Some(bytes) = body.bytes() {
        return Ok(bytes::Bytes::copy_from_slice(bytes));
    }
    let stream = aws_smithy_types::byte_stream::ByteStream::new(body);
    stream.collect().await.map(aws_smithy_types::byte_stream::AggregatedBytes::into_bytes).map_err(|error| ConnectorError::io(error.into()))
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _settings: &HttpConnectorSettings, _components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
