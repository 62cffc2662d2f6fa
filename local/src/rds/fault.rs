//! The service's refusals, with the codes and statuses of its API model.

use http::StatusCode;

use crate::{service::Reply, wire::query};

/// A refusal. What names a thing that isn't there answers 404, all others 400.
pub(super) fn fault(code: &str, message: &str) -> Reply {
    let missing = code.ends_with("NotFound") || code.ends_with("NotFoundFault");
    query::error(if missing { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST }, code, message)
}

pub(super) fn invalid(message: &str) -> Reply {
    fault("InvalidParameterValue", message)
}

pub(super) fn no_instance(identifier: &str) -> Reply {
    fault("DBInstanceNotFound", &format!("DBInstance {identifier} not found."))
}

pub(super) fn no_snapshot(identifier: &str) -> Reply {
    fault("DBSnapshotNotFound", &format!("DBSnapshot {identifier} not found."))
}

pub(super) fn wrong_state(message: &str) -> Reply {
    fault("InvalidDBInstanceState", message)
}

/// The stack's own failure: the disk, mostly.
pub(super) fn internal(error: &anyhow::Error) -> Reply {
    query::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", &format!("the local stack failed: {error:#}"))
}
