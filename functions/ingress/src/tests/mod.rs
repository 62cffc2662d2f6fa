//! The door as a whole, with a vault, a worker and a clock that the tests hold.

mod setup;

mod authenticity;
mod handing_over;
mod keys;
mod links;
mod mutants;
mod requests;
