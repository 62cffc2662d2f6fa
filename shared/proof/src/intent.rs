//! What somebody wants, signed.

use jiff::Timestamp;
use mayday_core::{desk::Asked, ident::sha256_hex};
use mayday_notify::{AwsKeys, NotSigned, signed};
use serde::{Deserialize, Serialize};

/// The schema that this build writes and reads.
pub const SCHEMA: u32 = 1;
/// The header that binds the wish to the signature: SHA-256 of the intent's text, in hexadecimal.
pub const DIGEST_HEADER: &str = "x-mayday-intent";
/// The alias of the worker that people may invoke. It takes proofs and nothing else: whoever may invoke the worker itself could hand it
/// what only Slack's door may say.
pub const ALIAS: &str = "cli";

/// All that is ever asked of STS.
pub(crate) const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
pub(crate) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// What somebody wants, of which installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The ARN of the installation's worker, without an alias.
    pub installation: String,
    /// Never used before by this person.
    pub nonce: String,
    /// What is asked for.
    pub asked: Asked,
}

/// An intent with its proof, as the worker is invoked with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedIntent {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The intent's JSON, letter by letter as it was signed.
    pub intent: String,
    /// `X-Amz-Date`.
    pub date: String,
    /// `Authorization`.
    pub authorization: String,
    /// `X-Amz-Security-Token`, where the credentials are temporary.
    #[serde(default)]
    pub security_token: Option<String>,
}

/// STS in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sts {
    /// The region: the one that the worker is in.
    pub region: String,
    /// Its address.
    pub endpoint: String,
}

impl Sts {
    /// At AWS, or elsewhere where an address is given.
    #[must_use]
    pub fn of(region: &str, endpoint: Option<&str>) -> Self {
        let endpoint = endpoint.map_or_else(|| format!("https://sts.{region}.amazonaws.com"), |url| url.trim_end_matches('/').to_owned());
        Self { region: region.to_owned(), endpoint }
    }

    /// The one request, unsigned.
    pub(crate) fn request(&self, digest: &str) -> Result<http::Request<String>, http::Error> {
        http::Request::post(format!("{}/", self.endpoint))
            .header("content-type", CONTENT_TYPE)
            .header(DIGEST_HEADER, digest)
            .body(BODY.to_owned())
    }
}

impl Intent {
    /// Signs it with somebody's keys, at a time.
    ///
    /// # Errors
    /// When the keys or the address are none.
    pub fn sign(&self, keys: &AwsKeys, sts: &Sts, now: Timestamp) -> Result<SignedIntent, NotSigned> {
        let intent = serde_json::to_string(self)?;
        let keys = AwsKeys { region: sts.region.clone(), ..keys.clone() };
        let request = signed(&keys, "sts", now, sts.request(&sha256_hex(intent.as_bytes()))?)?;
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(SignedIntent {
            schema: SCHEMA,
            intent,
            date: header("x-amz-date").unwrap_or_default(),
            authorization: header("authorization").unwrap_or_default(),
            security_token: header("x-amz-security-token"),
        })
    }
}
