//! What the world holds when a stack starts for the first time: plain data, taken from a plan by whoever starts it.

use serde::{Deserialize, Serialize};

/// The whole world of one stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Seed {
    /// The Slack workspace's id.
    pub team_id: String,
    /// The Slack app's id.
    pub app_id: String,
    /// The user id of the app's bot.
    pub bot_user_id: String,
    /// The members of the workspace.
    pub people: Vec<SeedPerson>,
    /// Its channels.
    pub channels: Vec<SeedChannel>,
    /// The databases that run when the stack is ready.
    pub databases: Vec<SeedDatabase>,
    /// Their read replicas in other regions.
    #[serde(default)]
    pub standbys: Vec<SeedStandby>,
    /// The AWS regions of the plan; the first is home.
    pub regions: Vec<String>,
    /// Those that the bot lives in, the first of them being where people reach it; empty: home alone.
    #[serde(default)]
    pub bot_regions: Vec<String>,
    /// The plan itself, put into the bucket as `plan.yaml`.
    pub plan_yaml: String,
    /// The hosted zones of Route 53.
    pub zones: Vec<SeedZone>,
    /// The switches that health checks of its names read.
    #[serde(default)]
    pub switches: Vec<SeedSwitch>,
    /// The hosts on which its services answer.
    #[serde(default)]
    pub sites: Vec<SeedSite>,
}

impl Seed {
    /// The region that people reach first.
    #[must_use]
    pub fn home(&self) -> &str {
        self.bot_regions.first().or(self.regions.first()).map_or("eu-west-1", String::as_str)
    }

    /// The regions that the bot lives in.
    #[must_use]
    pub fn bot(&self) -> Vec<String> {
        if self.bot_regions.is_empty() { vec![self.home().to_owned()] } else { self.bot_regions.clone() }
    }
}

/// A member of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedPerson {
    /// The Slack user id.
    pub id: String,
    /// The handle, without its at sign.
    pub name: String,
    /// The name as people write it.
    pub real_name: String,
    /// The plan's roles, shown in the console.
    pub roles: Vec<String>,
}

/// A channel of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedChannel {
    /// The Slack channel id.
    pub id: String,
    /// The name, without its hash.
    pub name: String,
}

/// A database instance with rows in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedDatabase {
    /// The RDS instance identifier.
    pub instance: String,
    /// Its region.
    pub region: String,
    /// The name of the secret with its host, user and password.
    pub secret: String,
    /// The PostgreSQL database inside.
    pub database: String,
    /// How many rows are in its tables.
    pub rows: u64,
}

/// A read replica of a seeded database, in another region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedStandby {
    /// The instance that it follows.
    pub of: String,
    /// The region of that.
    pub of_region: String,
    /// The RDS instance identifier.
    pub instance: String,
    /// Its region.
    pub region: String,
    /// The secret there, which leads to it.
    pub secret: String,
}

/// A hosted zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedZone {
    /// The zone's name, without a trailing dot.
    pub name: String,
    /// Whether only VPCs see it.
    pub private: bool,
    /// Name, type, TTL in seconds, value.
    pub records: Vec<(String, String, u64, String)>,
    /// Names that follow a health check.
    #[serde(default)]
    pub failovers: Vec<SeedFailover>,
}

/// A name with two records, of which a health check decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedFailover {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: String,
    /// Seconds.
    pub ttl: u64,
    /// What it answers while the check is well.
    pub primary: Vec<String>,
    /// What it answers while it is not.
    pub secondary: Vec<String>,
    /// The check's id.
    pub check: String,
}

/// A health check over a file in S3, upside down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedSwitch {
    /// Its id.
    pub check: String,
    /// The region of the bucket.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The file.
    pub key: String,
}

/// A host on which a service answers by HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedSite {
    /// Its name.
    pub host: String,
    /// What it is asked for.
    pub pages: Vec<SeedPage>,
}

/// What a site answers while it is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedPage {
    /// The port.
    pub port: u16,
    /// The path, which begins with a slash.
    pub path: String,
    /// The status.
    pub status: u16,
    /// What the answer contains.
    pub says: String,
}
