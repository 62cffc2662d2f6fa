//! Slack: what arrives from it, and what is said to it.
//!
//! Without features this crate is what Slack's door needs: [`verify`], [`form`], [`json`] and the [`envelope`] that
//! carries a verified request to the worker. The feature `client` adds the typed payloads and the Web API.

pub mod envelope;
pub mod form;
pub mod json;
pub mod response_url;
pub mod verify;
