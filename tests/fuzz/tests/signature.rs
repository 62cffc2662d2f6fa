//! Our verdict on a signature against a strict reading of Slack's specification, which shares no code with the product.
//!
//! The specification: <https://docs.slack.dev/authentication/verifying-requests-from-slack/>. `tests/fixtures/signatures.json` lists
//! where the verifier of Slack's own Python SDK says otherwise, and why; `tests/clients/test_signature.py` holds the SDK's side.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use bolero::TypeGenerator;
use mayday_fuzz::Edit;
use mayday_slack::verify::{SIGNATURE_HEADER, SigningSecret, TIMESTAMP_HEADER, sign, verify};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const NOW: i64 = 1_531_420_618;
const WORDS: [&str; 12] = ["v0=", "v1=", "0", "+", "-", " ", ",", "_", ".0", "\n", "é", "\0"];

/// RFC 2104 in its own words.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    let short = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block[..short.len()].copy_from_slice(&short);
    let pad = |with: u8| block.map(|byte| byte ^ with).to_vec();
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).into()
}

/// The steps of the specification, strictly: one header of each name; the time is a number in plain decimal digits, at most five
/// minutes away; the signature is, letter by letter, `v0=` and the digest in lower case over version, time and raw body.
fn reference(headers: &[(String, String)], body: &[u8], now: i64) -> bool {
    let of = |name: &str| {
        let values: Vec<&str> = headers.iter().filter(|(key, _)| key.to_lowercase() == name).map(|(_, value)| value.as_str()).collect();
        if let [value] = values[..] { Some(value) } else { None }
    };
    let (Some(timestamp), Some(signature)) = (of("x-slack-request-timestamp"), of("x-slack-signature")) else { return false };
    let Ok(second) = timestamp.parse::<i64>() else { return false };
    if second.to_string() != timestamp || second <= 0 || i128::from(second).abs_diff(i128::from(now)) > 60 * 5 {
        return false;
    }
    let base = [b"v0:".as_slice(), timestamp.as_bytes(), b":", body].concat();
    let digits: String = hmac_sha256(SECRET.as_bytes(), &base).iter().map(|byte| format!("{byte:02x}")).collect();
    signature == format!("v0={digits}")
}

/// A signed request, and what is done to it before it arrives. Signed anew, it is what somebody with the key could send.
#[derive(Debug, Clone, TypeGenerator)]
struct Case {
    body: Vec<u8>,
    late: i16,
    timestamp: Option<Edit>,
    signed_anew: bool,
    signature: Option<Edit>,
    changed_body: Option<Edit>,
    twice: Option<bool>,
    capitals: bool,
}

fn agrees(case: &Case) {
    let edited = |edit: &Option<Edit>, text: String| match edit {
        Some(edit) => String::from_utf8_lossy(&edit.applied(text.into_bytes(), &WORDS)).into_owned(),
        None => text,
    };
    let timestamp = edited(&case.timestamp, NOW.to_string());
    let signature = if case.signed_anew {
        let base = [b"v0:".as_slice(), timestamp.as_bytes(), b":", &case.body].concat();
        format!("v0={}", hex::encode(hmac_sha256(SECRET.as_bytes(), &base)))
    } else {
        sign(&SigningSecret::new(SECRET).unwrap(), NOW, &case.body)
    };
    let signature = edited(&case.signature, signature);
    let body = case.changed_body.as_ref().map_or(case.body.clone(), |edit| edit.applied(case.body.clone(), &WORDS));
    let name = |name: &str| if case.capitals { name.to_uppercase() } else { name.to_owned() };
    let mut headers = vec![(name(TIMESTAMP_HEADER), timestamp), (name(SIGNATURE_HEADER), signature)];
    if let Some(which) = case.twice {
        headers.push(headers[usize::from(which)].clone());
    }
    // About half of them in time.
    let now = NOW + i64::from(case.late % 600);
    let ours = verify(&headers, &body, now, &[SigningSecret::new(SECRET).unwrap()]).is_ok();
    assert_eq!(ours, reference(&headers, &body, now), "at {now}: {headers:?}");
}

#[test]
fn a1_a7_our_verdict_is_the_specifications() {
    bolero::check!().with_iterations(100_000).with_type::<Case>().for_each(agrees);
}

#[derive(Deserialize)]
struct Fixture {
    secret: String,
    cases: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    now: i64,
    headers: Vec<(String, String)>,
    body: Option<String>,
    body_hex: Option<String>,
    ours: String,
    slack_sdk: String,
    meant: Option<String>,
}

#[test]
fn a1_a7_every_difference_from_slack_sdk_is_listed_and_meant() {
    let fixture: Fixture = serde_json::from_str(include_str!("../../fixtures/signatures.json")).unwrap();
    assert_eq!(fixture.secret, SECRET);
    for case in &fixture.cases {
        let body = case.body.clone().map_or_else(|| hex::decode(case.body_hex.as_ref().unwrap()).unwrap(), String::into_bytes);
        let ours = verify(&case.headers, &body, case.now, &[SigningSecret::new(SECRET).unwrap()]).is_ok();
        assert_eq!(if ours { "accepted" } else { "refused" }, case.ours, "{}", case.name);
        assert_eq!(ours, reference(&case.headers, &body, case.now), "{}: not what the specification says", case.name);
        assert_eq!(case.ours != case.slack_sdk, case.meant.is_some(), "{}", case.name);
    }
    assert!(fixture.cases.iter().filter(|case| case.meant.is_some()).count() >= 10);
}
