//! The record of every call that the stack's services answered.

use std::sync::Mutex;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    faults::Rule,
    service::{Call, Reply},
};

/// Whether a call of this operation can change anything: vendors name the ones that only read alike.
#[must_use]
pub fn is_change(operation: &str) -> bool {
    const READS: [&str; 8] = ["BatchGet", "Describe", "Get", "Head", "List", "Query", "Scan", "users.info"];
    !READS.iter().any(|read| operation.starts_with(read))
}

/// One call, as `GET /local/calls` tells it.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// The place in the record, from 0.
    pub offset: usize,
    /// The stack's time when it came in.
    pub at: Timestamp,
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The region.
    pub region: String,
    /// The function that made it, if one of the stack's did.
    pub function: Option<String>,
    /// The request's body as text, cut at 4,000 characters; its query where there is no body.
    pub request: String,
    /// How many bytes the request had.
    pub sent: usize,
    /// How many bytes the answer had.
    pub answered: usize,
    /// The answer's status; absent when the caller got none.
    pub status: Option<u16>,
    /// The fault that struck it.
    pub fault: Option<Rule>,
}

/// All calls since the stack started.
#[derive(Debug, Default)]
pub struct Calls(Mutex<Vec<Record>>);

impl Calls {
    /// Notes one call.
    pub fn record(&self, at: Timestamp, call: &Call, reply: Option<&Reply>, fault: Option<&Rule>) {
        let mut records = self.lock();
        let offset = records.len();
        let body = String::from_utf8_lossy(&call.body);
        let request = if body.is_empty() { call.query.as_str() } else { &body };
        records.push(Record {
            offset,
            at,
            service: call.service.clone(),
            operation: call.operation.clone(),
            region: call.region.clone(),
            function: call.function().map(str::to_owned),
            request: request.chars().take(4_000).collect(),
            sent: body.len(),
            answered: reply.map_or(0, |reply| reply.body.len()),
            status: reply.map(|reply| reply.status.as_u16()),
            fault: fault.cloned(),
        });
    }

    /// The calls from `offset` on.
    #[must_use]
    pub fn since(&self, offset: usize) -> Vec<Record> {
        self.lock().get(offset..).map(<[Record]>::to_vec).unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Record>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
