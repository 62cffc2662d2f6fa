//! REST services: the operation in method and path, JSON or XML in the body.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use crate::{
    service::{Call, Reply},
    wire::{self, xml::Xml},
};

/// The path's segments, percent-decoded. A trailing slash makes an empty last one.
#[must_use]
pub fn segments(call: &Call) -> Vec<String> {
    call.path.trim_start_matches('/').split('/').map(decode).collect()
}

/// Percent-decodes; a plus stays a plus, as it is in a path.
#[must_use]
pub fn decode(text: &str) -> String {
    let protected = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(protected.as_bytes()).next().map(|(key, _)| key.into_owned()).unwrap_or_default()
}

/// The query string's fields.
#[must_use]
pub fn query(call: &Call) -> BTreeMap<String, String> {
    form_urlencoded::parse(call.query.as_bytes()).into_owned().collect()
}

/// A JSON answer.
#[must_use]
pub fn json(status: StatusCode, body: &impl Serialize) -> Reply {
    wire::reply(status, "application/json", serde_json::to_vec(body).unwrap_or_default())
}

/// An error of a REST JSON service (Lambda, Scheduler): the code in a header.
#[must_use]
pub fn json_error(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = json!({"Type": if status.is_server_error() { "Service" } else { "User" }, "Message": message, "message": message});
    wire::with_header(json(status, &body), "x-amzn-errortype", code)
}

/// An XML answer.
#[must_use]
pub fn xml(status: StatusCode, body: Xml) -> Reply {
    wire::reply(status, "application/xml", body.into_string())
}

/// An error of S3: a bare `<Error>`.
#[must_use]
pub fn s3_error(status: StatusCode, code: &str, message: &str) -> Reply {
    let mut body = Xml::default();
    body.element("Error", |xml| {
        xml.text("Code", code);
        xml.text("Message", message);
        xml.text("RequestId", wire::uuid());
    });
    xml(status, body)
}

/// An error of Route 53: wrapped, in the service's namespace.
#[must_use]
pub fn xml_error(status: StatusCode, namespace: &str, code: &str, message: &str) -> Reply {
    let mut body = Xml::default();
    body.root("ErrorResponse", namespace, |xml| {
        xml.element("Error", |xml| {
            xml.text("Type", wire::fault_of(status));
            xml.text("Code", code);
            xml.text("Message", message);
        });
        xml.text("RequestId", wire::uuid());
    });
    xml(status, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_segment_by_segment() {
        assert_eq!(decode("a%2Fb+c%20d=e&f"), "a/b+c d=e&f");
    }
}
