//! What the service keeps of an instance and of a snapshot.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::setup::{Changes, Setup};
use crate::service::ACCOUNT;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// A moment by both clocks: the stack's, which callers see, and the system's, which PostgreSQL wrote into its WAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    pub(super) real: Timestamp,
}

/// What is being done to an instance. It stands in the instance's file, so that a stack that was killed does it over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Work {
    Create {
        password: String,
    },
    FromSnapshot {
        backup: String,
    },
    ToTime {
        source: String,
        backup: String,
        target: Moment,
    },
    Replicate {
        source: String,
    },
    /// The same for the first world, without the statuses' delays.
    SeedReplica {
        source: String,
    },
    Seed {
        password: String,
        rows: u64,
    },
    Promote,
    Modify(Box<Changes>),
    Snapshot {
        backup: String,
    },
    Reboot,
    Start,
    Stop,
    Delete {
        final_snapshot: Option<String>,
        keep_backups: bool,
    },
}

/// A database instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Instance {
    pub(super) resource: String,
    pub(super) region: String,
    pub(super) identifier: String,
    pub(super) status: String,
    pub(super) engine_version: String,
    pub(super) master_user: String,
    pub(super) database: Option<String>,
    pub(super) created: Timestamp,
    pub(super) setup: Setup,
    pub(super) tags: Vec<Tag>,
    pub(super) pending: Changes,
    /// A parameter group was changed and waits for a reboot.
    pub(super) reboot_pending: bool,
    pub(super) address: Ipv4Addr,
    /// The server has answered once: the endpoint is told.
    pub(super) answered: bool,
    /// Somebody killed the server: it stays down until a reboot, even when the stack is started again.
    pub(super) killed: bool,
    /// The resource id of the instance that this one follows.
    pub(super) follows: Option<String>,
    /// Up to when it can be restored.
    pub(super) latest: Option<Moment>,
    /// The first master password of a seeded instance, for the secret that is made after it.
    pub(super) seeded: Option<String>,
    pub(super) work: Option<Work>,
}

impl Instance {
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:rds:{}:{ACCOUNT}:db:{}", self.region, self.identifier)
    }

    /// The name that the stack's DNS answers.
    pub(super) fn endpoint(&self) -> String {
        super::endpoint(&self.identifier, &self.region)
    }

    pub(super) fn zone(&self) -> String {
        self.setup.availability_zone.clone().unwrap_or_else(|| format!("{}a", self.region))
    }
}

/// A snapshot, manual or automated. Its data is the base backup of the same name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Snapshot {
    pub(super) backup: String,
    pub(super) region: String,
    pub(super) identifier: String,
    pub(super) status: String,
    pub(super) automated: bool,
    /// What it was taken of, as that was then: instance identifier, settings, owner.
    pub(super) of: Instance,
    pub(super) began: Timestamp,
    /// When the original was taken, for a copy.
    pub(super) original: Timestamp,
    /// When it was complete: the earliest time that can be restored from it.
    pub(super) finished: Option<Moment>,
    /// The ARN that it was copied from, and the backup that is being copied.
    pub(super) copy_of: Option<(String, String)>,
    pub(super) encrypted: bool,
    pub(super) kms_key: Option<String>,
    pub(super) tags: Vec<Tag>,
}

impl Snapshot {
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:rds:{}:{ACCOUNT}:snapshot:{}", self.region, self.identifier)
    }
}

/// Something that happened, as `DescribeEvents` tells it.
#[derive(Debug, Clone)]
pub(super) struct Happening {
    pub(super) at: Timestamp,
    pub(super) region: String,
    pub(super) source: String,
    pub(super) source_type: &'static str,
    pub(super) arn: String,
    pub(super) category: &'static str,
    pub(super) message: String,
}

/// The part of an endpoint that AWS makes of account and region.
pub(super) fn region_hash(region: &str) -> String {
    let digest = <sha2::Sha256 as sha2::Digest>::digest(format!("{ACCOUNT}/{region}"));
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    digest.iter().take(12).filter_map(|byte| letters.get(usize::from(*byte) % letters.len())).map(|byte| char::from(*byte)).collect()
}
