//! STS: who signed this? The one service whose signatures are checked, since that is all that it is asked for.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use http::{StatusCode, header::AUTHORIZATION};
use jiff::{SignedDuration, civil::DateTime, tz::TimeZone};
use mayday_core::plan::load;

use crate::{
    service::{ACCOUNT, Call, Reply, Service, Shared},
    wire::query,
};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// How far a signature's date may be from now.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// Somebody who may call AWS, and whom no plan knows.
pub const STRANGER: &str = "stranger";

/// Somebody's keys, and who AWS takes them for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The access key's id.
    pub access_key: String,
    /// The secret key.
    pub secret_key: String,
    /// The ARN.
    pub arn: String,
}

/// The keys of the plan's people: `AKIALOCAL` and the name in capitals; the secret is `local-` and the name. Whoever has no principal in
/// the plan is a user of that name, and so is a [`STRANGER`]. The functions have theirs.
#[must_use]
pub fn principals(plan_yaml: &str) -> Vec<Principal> {
    let user = |name: &str| format!("arn:aws:iam::{ACCOUNT}:user/{name}");
    let keys = |name: &str, arn: String| {
        let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        Principal { access_key: format!("AKIALOCAL{}", letters.to_uppercase()), secret_key: format!("local-{name}"), arn }
    };
    let plan = load(plan_yaml).ok();
    let people = plan.iter().flat_map(|plan| &plan.people);
    let mut all: Vec<Principal> =
        people.map(|(name, person)| keys(name, person.aws.first().cloned().unwrap_or_else(|| user(name)))).collect();
    all.push(keys(STRANGER, user(STRANGER)));
    let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/mayday/function");
    all.push(Principal { access_key: "local".to_owned(), secret_key: "local".to_owned(), arn });
    all
}

/// The service `sts`.
#[derive(Debug)]
pub struct Sts {
    shared: Arc<Shared>,
    principals: Vec<Principal>,
}

impl Sts {
    /// Over these principals.
    #[must_use]
    pub fn new(shared: Arc<Shared>, principals: Vec<Principal>) -> Self {
        Self { shared, principals }
    }

    fn caller(&self, call: &Call) -> Result<&Principal, Reply> {
        let refuse = |code: &str, why: &str| self.error(StatusCode::FORBIDDEN, code, why);
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        let fields = header(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("AWS4-HMAC-SHA256 "));
        let fields = fields.ok_or_else(|| refuse("MissingAuthenticationToken", "Request is missing Authentication Token"))?;
        let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('=')).unwrap_or_default();
        let key = field("Credential").split('/').next().unwrap_or_default();
        let principal = self.principals.iter().find(|principal| principal.access_key == key);
        let principal =
            principal.ok_or_else(|| refuse("InvalidClientTokenId", "The security token included in the request is invalid."))?;
        let date = header("x-amz-date").and_then(|date| DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?.to_zoned(TimeZone::UTC).ok());
        let date = date.ok_or_else(|| refuse("IncompleteSignature", "Date must be in ISO-8601 'basic format'."))?.timestamp();
        if self.shared.clock.now().duration_since(date).abs() > WINDOW {
            return Err(refuse("SignatureDoesNotMatch", "Signature expired."));
        }
        let covered: Vec<&str> = field("SignedHeaders").split(';').collect();
        match signature(principal, call, &covered, date.as_second()) {
            Some(ours) if ours == field("Signature") => Ok(principal),
            _ => Err(refuse(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
            )),
        }
    }
}

/// What the principal's own signature of this request would be.
fn signature(principal: &Principal, call: &Call, covered: &[&str], at: i64) -> Option<String> {
    let text = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    let token = text("x-amz-security-token").map(str::to_owned);
    let identity = Credentials::new(&principal.access_key, &principal.secret_key, token, None, "local").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&call.region)
        .name("sts")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at).ok()?))
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    // The signer adds these three by itself.
    let own = ["host", "x-amz-date", "x-amz-security-token"];
    let headers: Option<Vec<(&str, &str)>> =
        covered.iter().filter(|name| !own.contains(*name)).map(|name| Some((*name, text(name)?))).collect();
    let url = format!("http://{}{}?{}", text("host")?, call.path, call.query);
    let signable =
        SignableRequest::new(call.method.as_str(), url.trim_end_matches('?'), headers?.into_iter(), SignableBody::Bytes(&call.body));
    Some(sign(signable.ok()?, &params).ok()?.signature().to_owned())
}

#[async_trait]
impl Service for Sts {
    fn name(&self) -> &'static str {
        "sts"
    }

    fn operation(&self, call: &Call) -> String {
        query::operation(call)
    }

    async fn handle(&self, call: &Call) -> Reply {
        if call.operation != "GetCallerIdentity" {
            return self.error(
                StatusCode::BAD_REQUEST,
                "InvalidAction",
                "The local stack knows GetCallerIdentity and nothing else of STS.",
            );
        }
        match self.caller(call) {
            Err(refused) => refused,
            Ok(principal) => query::reply("GetCallerIdentity", NAMESPACE, |xml| {
                xml.text("Arn", &principal.arn);
                xml.text("UserId", &principal.access_key);
                xml.text("Account", ACCOUNT);
            }),
        }
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        query::error(status, code, message)
    }
}
