//! AWS's wire protocols, as far as the services share them. Each service picks one; all begin and end here.
//!
//! [`query`]: form in, XML out (RDS, SNS, SES, CloudWatch). [`json`]: `X-Amz-Target` and JSON (DynamoDB, Step Functions,
//! Secrets Manager). [`rest`]: paths and JSON or XML (S3, Route 53, Lambda, Scheduler). [`xml`] writes XML.

pub mod json;
pub mod query;
pub mod rest;
pub mod xml;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};

use crate::service::Reply;

/// A random id in the shape of a UUID, as request ids have it.
#[must_use]
pub fn uuid() -> String {
    let digits = format!("{:032x}", rand_bits());
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// A random number in 0..1.
#[must_use]
pub fn fraction() -> f64 {
    let bits = u32::try_from(rand_bits() & u128::from(u32::MAX)).unwrap_or_default();
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

/// A ULID's 80 random bits are its low ones; the rest is made of a second one.
fn rand_bits() -> u128 {
    let random = |ulid: ulid::Ulid| ulid.0 & ((1 << 80) - 1);
    (random(ulid::Ulid::generate()) << 64) ^ random(ulid::Ulid::generate())
}

/// A reply with a content type and a request id.
#[must_use]
pub fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(&uuid()) {
        headers.insert("x-amzn-requestid", id);
    }
    Reply { status, headers, body: body.into() }
}

/// Sets a header; a value that HTTP can't carry is left out.
#[must_use]
pub fn with_header(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers.insert(name, value);
    }
    reply
}

/// `Sender` for the caller's mistakes, `Receiver` for the service's.
pub(crate) fn fault_of(status: StatusCode) -> &'static str {
    if status.is_server_error() { "Receiver" } else { "Sender" }
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_have_the_shape_of_a_uuid_and_differ() {
        let (one, other) = (super::uuid(), super::uuid());
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_ne!(one, other);
    }
}
