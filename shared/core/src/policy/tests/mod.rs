//! Who may what, held against what it means.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers are tests too; only functions marked as tests are known as such"
)]

mod document;
mod golden;
mod schema;
