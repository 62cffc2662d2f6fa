//! PagerDuty's webhook signature: HMAC-SHA256 of the raw body, once for each secret that is active there.
//!
//! Source: <https://developer.pagerduty.com/docs/verifying-webhook-signatures>. It signs no time, so a replay is told
//! by its digest alone.

use mayday_slack::verify::SigningSecret;
use sha2::{Digest as _, Sha256};

const SIGNATURE_HEADER: &str = "x-pagerduty-signature";
/// Two while a secret is being rotated; more are not looked at.
const MAX_SIGNATURES: usize = 8;

/// The SHA-256, in hexadecimal, of the signature that one of our keys made over this body; `None` if none did.
pub(crate) fn verify(headers: &[(String, String)], body: &[u8], keys: &[SigningSecret]) -> Option<String> {
    let values = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(SIGNATURE_HEADER)).flat_map(|(_, value)| value.split(','));
    let signatures = values.map(str::trim).take(MAX_SIGNATURES);
    let valid = |signature: &&str| {
        let tag = signature.strip_prefix("v1=").and_then(|digits| hex::decode(digits).ok());
        tag.is_some_and(|tag| keys.iter().any(|key| key.authenticates(&[body], &tag)))
    };
    signatures.into_iter().find(valid).map(|signature| hex::encode(Sha256::digest(signature.as_bytes())))
}
