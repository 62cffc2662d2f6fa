//! A function URL: HTTP in, payload format 2.0 to the function, its answer back as HTTP.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>

use std::collections::BTreeMap;

use axum::{body::Body, extract::Request, response::Response};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Front, NoAnswer, respond};
use crate::wire;

/// Lambda's limit for a synchronous invocation.
const LARGEST_BODY: usize = 6 * 1024 * 1024;

/// Invokes the bot's door with a request.
pub(super) async fn invoke(front: &Front, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
    };
    let event = event(&parts, &body, front.shared.clock.now());
    let Some((_, entrance)) = front.regions.entrance() else { return NoAnswer::response() };
    let (lambda, door) = (entrance.lambda.clone(), front.door);
    // Spawned: a caller that hangs up doesn't end the invocation.
    let outcome = front.shared.tasks.run(async move { lambda.invoke(door, event.to_string().into()).await }).await;
    match outcome {
        Some(Ok(outcome)) if !outcome.failed => answer(&outcome.payload),
        _ => message(StatusCode::BAD_GATEWAY, "Internal Server Error"),
    }
}

/// What AWS itself says where the function said nothing.
fn message(status: StatusCode, text: &str) -> Response {
    respond(Some(wire::reply(status, "application/json", json!({"Message": text}).to_string())))
}

/// The event of payload format 2.0.
fn event(parts: &Parts, body: &Bytes, now: Timestamp) -> Value {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers.entry(name.as_str().to_owned()).and_modify(|have| *have = format!("{have},{value}")).or_insert_with(|| value.into_owned());
    }
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": "127.0.0.1",
            "domainPrefix": "127",
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": headers.get("user-agent"),
            },
            "requestId": wire::uuid(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    if let Some(fields) = event.as_object_mut() {
        if !query.is_empty() {
            let query: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            fields.insert("queryStringParameters".to_owned(), json!(query));
        }
        if !body.is_empty() {
            let text = std::str::from_utf8(body).ok().filter(|_| is_text(&parts.headers));
            fields.insert("isBase64Encoded".to_owned(), json!(text.is_none()));
            fields.insert("body".to_owned(), json!(text.map_or_else(|| BASE64_STANDARD.encode(body), str::to_owned)));
        }
    }
    event
}

/// Lambda passes only these on as text; a form, as Slack sends it, comes base64-encoded.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    !headers.contains_key(header::CONTENT_ENCODING)
        && (kind.starts_with("text/") || matches!(kind.as_str(), "application/json" | "application/xml" | "application/javascript"))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Structured {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// A structured answer is taken apart; any other valid JSON is the body of a 200.
fn answer(payload: &Bytes) -> Response {
    let Ok(structured) = serde_json::from_slice::<Structured>(payload) else {
        return respond(Some(wire::reply(StatusCode::OK, "application/json", payload.clone())));
    };
    let text = structured.body.unwrap_or_default();
    let body = if structured.is_base64_encoded { BASE64_STANDARD.decode(&text).ok() } else { Some(text.into_bytes()) };
    let (Some(body), Ok(status)) = (body, StatusCode::from_u16(structured.status_code)) else {
        return message(StatusCode::BAD_GATEWAY, "Internal Server Error");
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in structured.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    for cookie in structured.cookies {
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event_of(content_type: &str, body: &'static str) -> Value {
        let request = http::Request::post("/slack/commands?a=b%20c").header("content-type", content_type).header("X-Twice", "1");
        let (parts, ()) = request.header("x-twice", "2").body(()).unwrap().into_parts();
        event(&parts, &Bytes::from_static(body.as_bytes()), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_form_comes_base64_encoded_and_json_as_text() {
        let form = event_of("application/x-www-form-urlencoded", "text=help");
        assert_eq!((&form["isBase64Encoded"], &form["body"]), (&json!(true), &json!("dGV4dD1oZWxw")));
        let text = event_of("application/json; charset=utf-8", "{}");
        assert_eq!((&text["isBase64Encoded"], &text["body"]), (&json!(false), &json!("{}")));
    }

    #[test]
    fn headers_are_lower_case_and_joined() {
        let event = event_of("text/plain", "");
        assert_eq!(event["headers"]["x-twice"], "1,2");
        assert_eq!(event["queryStringParameters"]["a"], "b c");
        assert_eq!(event["body"], Value::Null);
    }

    #[test]
    fn an_answer_without_a_status_is_a_body() {
        let response = answer(&Bytes::from_static(br#"{"ok":true}"#));
        assert_eq!(response.status(), StatusCode::OK);
        let response = answer(&Bytes::from_static(br#"{"statusCode":405,"headers":{"allow":"POST"}}"#));
        assert_eq!((response.status(), &response.headers()["allow"]), (StatusCode::METHOD_NOT_ALLOWED, &HeaderValue::from_static("POST")));
    }
}
