//! What the domain needs from the outside. Real adapters are in `shared/aws` and `shared/slack`, simulated ones in
//! `shared/sim`; one contract suite for each port runs against both (`tests/contract`).
//!
//! Every call that changes the world takes a [`Permit`](crate::policy::Permit), which only the policy can make. Our own
//! records (the table) and what people read (the chat) need none.

mod blobs;
mod charts;
mod chat;
mod clock;
mod databases;
mod directory;
mod dns;
mod installation;
mod pager;
mod probes;
mod secrets;
mod sql;
mod table;
mod workflow;

use std::sync::Arc;

pub use blobs::{Blob, Blobs};
pub use charts::{Charts, NoCharts};
pub use chat::{Chat, Posted, ResponseUrl, TriggerId, ViewId};
pub use clock::{Clock, Random};
pub use databases::{
    BACKING_UP, Databases, Difference, Endpoint, Instance, Phase, Quota, ReplicaSource, Replication, Restoration, RestoreFrom, Settings,
    Snapshot, SnapshotKind, Tags, WRONG_STATE,
};
pub use directory::{Directory, Profile};
pub use dns::{ChangeStatus, Dns, RecordChange, RecordSet, SwitchPlace, Turned, one_by_one, sound};
pub use installation::{App, BucketCare, Installation, KeysCare, ScheduleCare, TableCare, Workspace};
pub use pager::{Alert, Letter, Mail, Pager, Phone, Sent, Ways};
pub use probes::{Answer, Probes};
pub use secrets::{SecretPlace, SecretText, SecretVersion, Secrets};
pub use sql::{Changed, Inspection, InspectorRequest, Mark, Probe, ProbeResult, Sql, SqlChange, SqlTarget};
pub use table::{Body, Expect, Key, Page, Row, Table, Write};
pub use workflow::{Delivery, Launch, Workflow};

/// Everything outside, in one hand. Cheap to clone.
///
/// A handler that uses two ports takes those two; this bundle is for the doors, which pass it on.
#[derive(Clone)]
pub struct World {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids.
    pub random: Arc<dyn Random>,
    /// Our records.
    pub table: Arc<dyn Table>,
    /// Files: the plan, payloads too large for a record.
    pub blobs: Arc<dyn Blobs>,
    /// Database instances and snapshots.
    pub databases: Arc<dyn Databases>,
    /// Secrets.
    pub secrets: Arc<dyn Secrets>,
    /// Names.
    pub dns: Arc<dyn Dns>,
    /// Questions to services, from outside.
    pub probes: Arc<dyn Probes>,
    /// Questions to a database.
    pub sql: Arc<dyn Sql>,
    /// What draws pictures.
    pub charts: Arc<dyn Charts>,
    /// Messages and forms.
    pub chat: Arc<dyn Chat>,
    /// Who people are.
    pub directory: Arc<dyn Directory>,
    /// What the workspace says of the app itself.
    pub workspace: Arc<dyn Workspace>,
    /// The bot's own table, bucket and keys.
    pub installation: Arc<dyn Installation>,
    /// PagerDuty.
    pub pager: Arc<dyn Pager>,
    /// Text messages and calls.
    pub phone: Arc<dyn Phone>,
    /// Email.
    pub mail: Arc<dyn Mail>,
    /// What drives runs.
    pub workflow: Arc<dyn Workflow>,
}
