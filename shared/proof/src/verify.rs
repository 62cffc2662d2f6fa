//! Whether a proof is one, and whose.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use mayday_core::ident::sha256_hex;

use crate::intent::{DIGEST_HEADER, Intent, SCHEMA, SignedIntent, Sts};

/// How far from now a proof may have been signed, either way. As at Slack's door.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// The longest answer that is read.
const LONGEST: usize = 16 * 1024;

/// Whoever asks, and for what: AWS has said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The principal's ARN.
    pub principal: String,
    /// What they want.
    pub intent: Intent,
    /// When they signed it.
    pub signed_at: Timestamp,
}

/// Why somebody is not known to be who they say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It is no proof, or not of this. Nothing was asked of AWS, or AWS said no.
    #[error("{0}")]
    Refused(String),
    /// It was signed too long ago, or by a clock that is wrong.
    #[error("it was signed at {0}, which is not within five minutes of now")]
    WrongClock(Timestamp),
    /// AWS did not answer. Neither a yes nor a no.
    #[error("AWS can't be asked whose signature this is: {0}")]
    Unanswered(String),
}

fn refused(why: impl Into<String>) -> Unproven {
    Unproven::Refused(why.into())
}

/// Asks AWS whose signature stands under an intent, once all else about it is right. `installation` is the worker's own ARN, without
/// an alias.
///
/// # Errors
/// When it is not proved.
pub async fn verify(
    http: &reqwest::Client,
    sts: &Sts,
    installation: &str,
    now: Timestamp,
    signed: &SignedIntent,
) -> Result<Caller, Unproven> {
    if signed.schema != SCHEMA {
        return Err(refused(format!("this release takes proofs of schema {SCHEMA}, and this is one of schema {}", signed.schema)));
    }
    let intent: Intent = serde_json::from_str(&signed.intent).map_err(|error| refused(format!("the intent is none: {error}")))?;
    if intent.installation != installation {
        return Err(refused(format!("it is meant for {}, not for {installation}", intent.installation)));
    }
    let long_enough = (16..=64).contains(&intent.nonce.len()) && intent.nonce.chars().all(|one| one.is_ascii_alphanumeric());
    if !long_enough {
        return Err(refused("its nonce is none"));
    }
    covers(&signed.authorization, &sts.region)?;
    let signed_at = date(&signed.date).ok_or_else(|| refused("its date is none"))?;
    if now.duration_since(signed_at).abs() > WINDOW {
        return Err(Unproven::WrongClock(signed_at));
    }
    let principal = ask(http, sts, signed).await?;
    Ok(Caller { principal, intent, signed_at })
}

/// Whether a signature is for STS in this region, and covers what it must: STS does not look at headers that are not signed.
fn covers(authorization: &str, region: &str) -> Result<(), Unproven> {
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(|| refused("its signature is not of Signature Version 4"))?;
    let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
    let scope = field("Credential").and_then(|credential| credential.split_once('/')).map(|(_, scope)| scope).unwrap_or_default();
    if !matches!(scope.split('/').collect::<Vec<_>>().as_slice(), [_, of, "sts", "aws4_request"] if *of == region) {
        return Err(refused(format!("its signature is not for STS in {region}")));
    }
    let headers: Vec<&str> = field("SignedHeaders").unwrap_or_default().split(';').collect();
    match ["host", "x-amz-date", DIGEST_HEADER].iter().find(|needed| !headers.contains(*needed)) {
        Some(missing) => Err(refused(format!("its signature does not cover {missing}"))),
        None => Ok(()),
    }
}

/// `20261122T140211Z`.
fn date(text: &str) -> Option<Timestamp> {
    let at = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Sends our own request with their signature.
async fn ask(http: &reqwest::Client, sts: &Sts, signed: &SignedIntent) -> Result<String, Unproven> {
    let none = |error: &dyn std::fmt::Display| refused(format!("it can't be sent: {error}"));
    let mut request = sts.request(&sha256_hex(signed.intent.as_bytes())).map_err(|error| none(&error))?;
    let theirs = [
        ("x-amz-date", Some(&signed.date)),
        ("authorization", Some(&signed.authorization)),
        ("x-amz-security-token", signed.security_token.as_ref()),
    ];
    for (name, value) in theirs.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        let value = http::HeaderValue::from_str(value).map_err(|error| none(&error))?;
        request.headers_mut().insert(name, value);
    }
    let request = reqwest::Request::try_from(request).map_err(|error| none(&error))?;
    // An error's text has the address in it, and nothing that helps.
    let response = http
        .execute(request)
        .await
        .map_err(|error| Unproven::Unanswered(if error.is_timeout() { "no answer in time" } else { "no connection" }.to_owned()))?;
    let status = response.status();
    let body = response.text().await.map_err(|_| Unproven::Unanswered("the connection broke".to_owned()))?;
    let body = body.get(..LONGEST).unwrap_or(&body);
    match status.as_u16() {
        200 => principal(body).ok_or_else(|| Unproven::Unanswered("its answer is not understood".to_owned())),
        400 | 401 | 403 => Err(refused(format!("AWS does not accept the signature ({})", inside(body, "Code").unwrap_or("no code")))),
        other => Err(Unproven::Unanswered(format!("HTTP status {other}"))),
    }
}

/// The principal in STS's answer to that one question, and in no other.
fn principal(body: &str) -> Option<String> {
    let result = inside(body, "GetCallerIdentityResult")?;
    let arn = inside(result, "Arn")?.trim();
    let plain = arn.starts_with("arn:") && arn.chars().all(|one| one.is_ascii_graphic() && !matches!(one, '<' | '>' | '&'));
    (plain && result.matches("<Arn>").count() == 1).then(|| arn.to_owned())
}

fn inside<'a>(body: &'a str, element: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{element}>"))?;
    rest.split_once(&format!("</{element}>")).map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mayday_core::desk::Asked;
    use mayday_notify::AwsKeys;
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{body_string, header_exists, method, path},
    };

    use super::*;
    use crate::intent::BODY;

    const INSTALLATION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:mayday-worker";
    const ANA: &str = "arn:aws:iam::123456789012:user/ana";

    fn now() -> Timestamp {
        "2026-11-22T14:02:11Z".parse().unwrap()
    }

    fn intent() -> Intent {
        let asked = Asked::Command { words: "restore orders --at 14:05".to_owned() };
        Intent { installation: INSTALLATION.to_owned(), nonce: "0123456789abcdef".to_owned(), asked }
    }

    fn signed_by_ana(sts: &Sts) -> SignedIntent {
        let keys = AwsKeys {
            region: "us-east-1".to_owned(),
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: "hush".to_owned(),
            session_token: Some("token".to_owned()),
        };
        intent().sign(&keys, sts, now()).unwrap()
    }

    /// STS, which says this to whatever it is sent.
    async fn sts(status: u16, body: &str) -> (MockServer, Sts) {
        let server = MockServer::start().await;
        let question = Mock::given(method("POST")).and(path("/")).and(body_string(BODY)).and(header_exists(DIGEST_HEADER));
        question.respond_with(ResponseTemplate::new(status).set_body_string(body)).mount(&server).await;
        let sts = Sts::of("eu-west-1", Some(&server.uri()));
        (server, sts)
    }

    fn says(arn: &str) -> String {
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        )
    }

    async fn proved(sts: &Sts, at: Timestamp, signed: &SignedIntent) -> Result<Caller, Unproven> {
        verify(&mayday_notify::client().unwrap(), sts, INSTALLATION, at, signed).await
    }

    #[tokio::test]
    async fn c5_whoever_aws_names_has_asked_for_what_was_signed() {
        let (server, sts) = sts(200, &says(ANA)).await;
        let caller = proved(&sts, now(), &signed_by_ana(&sts)).await.unwrap();
        assert_eq!((caller.principal.as_str(), caller.intent, caller.signed_at), (ANA, intent(), now()));
        let sent = &server.received_requests().await.unwrap()[0];
        assert_eq!(sent.headers["x-amz-security-token"], "token");
        assert_eq!(sent.headers[DIGEST_HEADER], sha256_hex(serde_json::to_string(&intent()).unwrap().as_bytes()).as_str());
    }

    #[tokio::test]
    async fn c5_what_is_no_proof_of_this_wish_here_and_now_never_reaches_aws() {
        let (server, sts) = sts(200, &says(ANA)).await;
        let good = signed_by_ana(&sts);
        let with = |change: &dyn Fn(&mut SignedIntent)| {
            let mut other = good.clone();
            change(&mut other);
            other
        };
        let elsewhere = Intent { installation: INSTALLATION.replace("1234", "4321"), ..intent() };
        let wrong = [
            (with(&|it| it.authorization = it.authorization.replace(";x-mayday-intent", "")), "does not cover x-mayday-intent"),
            (with(&|it| it.authorization = it.authorization.replace("host;", "")), "does not cover host"),
            (with(&|it| it.authorization = it.authorization.replace("/sts/", "/iam/")), "not for STS in eu-west-1"),
            (with(&|it| it.authorization = it.authorization.replace("/eu-west-1/", "/us-east-1/")), "not for STS in eu-west-1"),
            (with(&|it| it.authorization = "Bearer x".to_owned()), "not of Signature Version 4"),
            (with(&|it| it.date = "yesterday".to_owned()), "its date is none"),
            (with(&|it| it.schema = 2), "schema"),
            (with(&|it| it.intent = it.intent.replace("0123456789abcdef", "1")), "nonce"),
            (with(&|it| it.intent = serde_json::to_string(&elsewhere).unwrap()), "it is meant for"),
            (with(&|it| it.intent = it.intent.replace("\"words\"", "\"more\":1,\"words\"")), "the intent is none"),
        ];
        for (signed, why) in wrong {
            let unproven = proved(&sts, now(), &signed).await.unwrap_err();
            assert!(matches!(&unproven, Unproven::Refused(said) if said.contains(why)), "{why}: {unproven:?}");
        }
        for away in [SignedDuration::from_secs(301), SignedDuration::from_secs(-301)] {
            assert_eq!(proved(&sts, now().checked_add(away).unwrap(), &good).await, Err(Unproven::WrongClock(now())));
        }
        assert_eq!(server.received_requests().await.unwrap().len(), 0);
        assert!(proved(&sts, now().checked_add(SignedDuration::from_secs(300)).unwrap(), &good).await.is_ok());
    }

    #[tokio::test]
    async fn c9_a_no_of_aws_is_a_no_and_silence_is_neither() {
        let error = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>";
        let answers = BTreeMap::from([
            ((403, error.to_owned()), "SignatureDoesNotMatch"),
            ((500, error.to_owned()), "HTTP status 500"),
            ((429, String::new()), "HTTP status 429"),
            ((301, String::new()), "HTTP status 301"),
            ((200, "<Arn>arn:aws:iam::123456789012:user/ana</Arn>".to_owned()), "not understood"),
            ((200, says("arn:aws:iam::1:user/a</Arn><Arn>arn:aws:iam::1:user/b")), "not understood"),
            ((200, says("ana")), "not understood"),
        ]);
        for ((status, body), why) in answers {
            let (_server, sts) = sts(status, &body).await;
            let unproven = proved(&sts, now(), &signed_by_ana(&sts)).await.unwrap_err();
            assert_eq!(matches!(unproven, Unproven::Refused(_)), status == 403, "{unproven:?}");
            assert!(unproven.to_string().contains(why), "{unproven}");
        }
        let gone = Sts::of("eu-west-1", Some("http://127.0.0.1:1"));
        assert_eq!(proved(&gone, now(), &signed_by_ana(&gone)).await, Err(Unproven::Unanswered("no connection".to_owned())));
    }
}
