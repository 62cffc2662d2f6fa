//! RDS over real PostgreSQL servers, through its wire format.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "real servers take real time: the tests look again until they are ready")]

mod dns;
mod lifecycle;
mod restore;
mod support;
