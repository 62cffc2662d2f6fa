//! The adapters against the local stack's services, in this process, under a clock that stands.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "real servers work in real time beside a clock that stands")]

mod contract;
mod faults;
mod stack;
