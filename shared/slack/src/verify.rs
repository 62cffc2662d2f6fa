//! Slack's request signature, version 0: HMAC-SHA256 over `v0:TIMESTAMP:BODY`, byte for byte as it arrived.
//!
//! Source: <https://api.slack.com/authentication/verifying-requests-from-slack>.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// The header with the hexadecimal signature.
pub const SIGNATURE_HEADER: &str = "x-slack-signature";
/// The header with the second at which Slack signed.
pub const TIMESTAMP_HEADER: &str = "x-slack-request-timestamp";
/// How far a request's time may lie from ours, in seconds, in either direction. Slack's own figure.
pub const WINDOW_SECONDS: u64 = 300;

const VERSION: &str = "v0";
/// The first second with eleven digits is in the year 2286; more digits than twelve are no time at all.
const TIMESTAMP_DIGITS: usize = 12;

/// A secret that signs. It can't be blank, and it is never formatted.
#[derive(Debug, Clone)]
pub struct SigningSecret(SecretString);

impl SigningSecret {
    /// Takes a secret as it is kept, without the white space that editors and shells leave around it.
    /// A blank one is none: an empty key would verify what anybody can sign.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(SecretString::from(text)))
    }

    /// Whether `signature` is this key's HMAC-SHA256 over the parts in order, compared in constant time.
    #[must_use]
    pub fn authenticates(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.mac(parts).is_some_and(|mac| mac.verify_slice(signature).is_ok())
    }

    fn mac(&self, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length: this never fails, and would deny if it did.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()).ok()?;
        for part in parts {
            mac.update(part);
        }
        Some(mac)
    }
}

/// A request that Slack signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// SHA-256 of the signature header's text, in hexadecimal: the same for a repeated delivery, and no secret.
    pub signature_digest: String,
    /// When Slack signed, in seconds since 1970.
    pub signed_at_s: i64,
}

/// Why a request counts as unsigned. For the log only: whoever sent it learns nothing of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No timestamp header, or an empty one.
    #[error("timestamp_absent")]
    TimestampAbsent,
    /// More than one timestamp header.
    #[error("timestamp_repeated")]
    TimestampRepeated,
    /// The timestamp is not a plain decimal number of seconds.
    #[error("timestamp_malformed")]
    TimestampMalformed,
    /// The timestamp is more than [`WINDOW_SECONDS`] away: a replay, or somebody's clock is wrong.
    #[error("outside_window")]
    OutsideWindow,
    /// No signature header, or an empty one.
    #[error("signature_absent")]
    SignatureAbsent,
    /// More than one signature header.
    #[error("signature_repeated")]
    SignatureRepeated,
    /// The signature is not `v0=` and 64 lower-case hexadecimal digits.
    #[error("signature_malformed")]
    SignatureMalformed,
    /// None of our secrets made this signature over this body.
    #[error("unknown_key")]
    UnknownKey,
}

/// Checks that one of `keys` signed exactly these bytes within the window around `now_s` (seconds since 1970).
///
/// Header names count in any case. A header that appears twice is refused rather than chosen from.
///
/// # Errors
/// [`Denied`], with nothing in it that was secret or sent.
pub fn verify(headers: &[(String, String)], body: &[u8], now_s: i64, keys: &[SigningSecret]) -> Result<Verified, Denied> {
    let timestamp = only(headers, TIMESTAMP_HEADER, Denied::TimestampAbsent, Denied::TimestampRepeated)?;
    let signature = only(headers, SIGNATURE_HEADER, Denied::SignatureAbsent, Denied::SignatureRepeated)?;
    let signed_at_s = seconds(timestamp).ok_or(Denied::TimestampMalformed)?;
    let tag = tag(signature).ok_or(Denied::SignatureMalformed)?;
    if signed_at_s.abs_diff(now_s) > WINDOW_SECONDS {
        return Err(Denied::OutsideWindow);
    }
    let parts = [VERSION.as_bytes(), b":", timestamp.as_bytes(), b":", body];
    // Every key is tried, so that the time taken does not tell which of them is in use.
    let known = keys.iter().fold(false, |known, key| key.authenticates(&parts, &tag) | known);
    if !known {
        return Err(Denied::UnknownKey);
    }
    Ok(Verified { signature_digest: hex::encode(Sha256::digest(signature.as_bytes())), signed_at_s })
}

/// Signs as Slack does: the value of [`SIGNATURE_HEADER`] for a body sent at `timestamp_s`.
///
/// For what plays Slack: the local stack and tests.
#[must_use]
pub fn sign(key: &SigningSecret, timestamp_s: i64, body: &[u8]) -> String {
    let timestamp = timestamp_s.to_string();
    let parts = [VERSION.as_bytes(), b":", timestamp.as_bytes(), b":", body];
    let tag = key.mac(&parts).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default();
    format!("{VERSION}={tag}")
}

fn only<'a>(headers: &'a [(String, String)], name: &str, absent: Denied, repeated: Denied) -> Result<&'a str, Denied> {
    let mut values = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    let value = values.next().filter(|value| !value.is_empty()).ok_or(absent)?;
    if values.next().is_some() { Err(repeated) } else { Ok(value) }
}

/// Only the way Slack writes it: no sign, no space, no leading zero. Two headers that a proxy joined have a comma.
fn seconds(text: &str) -> Option<i64> {
    let plain = text.len() <= TIMESTAMP_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok() } else { None }
}

fn tag(signature: &str) -> Option<[u8; 32]> {
    let digits = signature.strip_prefix(VERSION)?.strip_prefix('=')?;
    if digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut tag = [0; 32];
    hex::decode_to_slice(digits, &mut tag).ok()?;
    Some(tag)
}

#[cfg(test)]
mod tests;
