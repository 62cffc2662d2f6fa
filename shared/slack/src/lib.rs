//! Slack: what arrives from it, and what is said to it.
//!
//! Without features this crate is what Slack's door needs: [`verify`], [`form`], [`json`], [`response_url`] and
//! the [`envelope`] that carries a verified request to the worker. The feature `client` adds the typed payloads and the
//! Web API.

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod door;
pub mod envelope;
pub mod form;
pub mod json;
#[cfg(feature = "client")]
mod layout;
#[cfg(feature = "client")]
pub mod payload;
pub mod redact;
pub mod response_url;
pub mod verify;
