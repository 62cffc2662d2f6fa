//! Who calls from a terminal, proved by AWS.
//!
//! Whoever asks signs a request to `sts:GetCallerIdentity` with their own credentials and hands it over unsent. The worker sends it:
//! if AWS says whose it is, whoever asked holds that principal's credentials at this moment. HashiCorp Vault and Amazon EKS let people in
//! by the same means. Nothing secret travels: the signature is good for that one request.
//!
//! What is asked for is bound to it: its digest is a header that is part of the signature. So a proof serves for one wish, of one
//! installation, within five minutes; the desk claims it by its nonce, so that it serves once. The worker takes nothing of the request from
//! whoever asks but the signature and its date: method, address, body and headers are its own. What another product's sign-in has led
//! somebody to sign lacks the header, and is no proof here.

mod intent;
mod verify;

pub use intent::{ALIAS, DIGEST_HEADER, Intent, SCHEMA, SignedIntent, Sts};
pub use verify::{Caller, Unproven, WINDOW, verify};
