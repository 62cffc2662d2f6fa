use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio_postgres::NoTls;

use crate::{Card, Stage, Xml, binaries};

/// What a story has after a restore that went well.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The card that was approved.
    pub card: Card,
    /// The run, as it ended.
    pub run: mayday_core::run::Run,
}

impl Stage {
    /// What the secret of the database says now.
    #[must_use]
    pub fn secret(&self) -> Value {
        self.secret_in(&self.home.region)
    }

    /// The instance that applications are led to by the secret.
    #[must_use]
    pub fn serving(&self) -> String {
        self.secret()["host"].as_str().unwrap().split('.').next().unwrap().to_owned()
    }

    /// What the stack's DNS server answers for a name.
    #[must_use]
    pub fn dns(&self, name: &str) -> Vec<String> {
        self.stack.data().dns.lookup(name)
    }

    /// How many rows a table has on the instance that the secret leads to: signed in as an application would.
    pub async fn rows(&self, table: &str) -> i64 {
        self.rows_on(&self.serving(), table).await
    }

    /// How many rows a table has on an instance.
    pub async fn rows_on(&self, instance: &str, table: &str) -> i64 {
        let rows = self.client(instance).await.query_one(&format!("select count(*) from {table}"), &[]).await;
        rows.unwrap().get(0)
    }

    /// Changes the data on the instance that the secret leads to, as an application would.
    pub async fn sql(&self, statements: &str) {
        self.sql_on(&self.serving(), statements).await;
    }

    /// Changes the data on an instance.
    pub async fn sql_on(&self, instance: &str, statements: &str) {
        self.client(instance).await.batch_execute(statements).await.unwrap();
    }

    async fn client(&self, instance: &str) -> tokio_postgres::Client {
        let secret = self.secret();
        let host = self.instance(instance).await.expect("the instance").text("Address");
        let address = self.stack.data().rds.resolve(&host).expect("an endpoint has an address");
        let text = |name: &str| secret[name].as_str().unwrap().to_owned();
        let mut config = tokio_postgres::Config::new();
        config.host(address.to_string()).port(5432).user(text("username")).password(text("password")).dbname(text("dbname"));
        let (client, connection) = config.connect(NoTls).await.expect("the server takes connections");
        tokio::spawn(connection);
        client
    }

    /// Deletes rows by a careless statement. Gives the last whole second when they were there, which can be restored to
    /// at once, and how many there were.
    pub async fn lose_rows(&self) -> (Timestamp, i64) {
        let before = self.rows("movements").await;
        let at = self.break_it("delete_rows", &self.serving()).await;
        assert!(self.rows("movements").await < before, "rows are gone");
        let at = Timestamp::from_second(at.as_second()).unwrap();
        self.until_restorable(at).await;
        (at, before)
    }

    /// Waits until the log reaches a moment.
    pub async fn until_restorable(&self, at: Timestamp) {
        let serving = self.serving();
        self.until("the log reaches it", async || {
            self.advance(SignedDuration::from_secs(1));
            let latest: Timestamp = self.instance(&serving).await?.text("LatestRestorableTime").parse().ok()?;
            (latest > at).then_some(())
        })
        .await;
    }

    /// One asks for something, another approves it, and it runs to its end.
    pub async fn carried_out(&self, command: &str) -> Restored {
        let card = self.asker().types(command).await.card();
        self.approver().approves(&card).await;
        let run = self.until_over(&card.run()).await;
        Restored { card, run }
    }

    /// A backup by hand that is there. Gives the snapshot's name.
    pub async fn backed_up(&self) -> String {
        let before = self.snapshots("manual").await;
        let told = self.asker().types(&format!("/dr backup {}", self.cast.database)).await;
        let run = self.until_over(&told.run()).await;
        assert_eq!(run.state, mayday_core::run::State::Succeeded, "{}", self.picture());
        // What is taken later is told apart by the second.
        self.advance(SignedDuration::from_mins(1));
        self.snapshots("manual").await.into_iter().find(|snapshot| !before.contains(snapshot)).expect("a new snapshot")
    }
}

/// What two instances differ in, but for what makes each of them itself.
#[must_use]
pub fn differences(old: &Xml, new: &Xml) -> Vec<String> {
    const OWN: [&str; 10] = [
        "DBInstanceIdentifier",
        "DBInstanceArn",
        "DbiResourceId",
        "Address",
        "InstanceCreateTime",
        "LatestRestorableTime",
        "RequestId",
        "TagList",
        "MasterUserSecret",
        "EarliestRestorableTime",
    ];
    let (old, new) = (leaves(&old.0), leaves(&new.0));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differ = names.into_iter().filter(|name| !OWN.iter().any(|own| name.contains(own)) && old.get(*name) != new.get(*name));
    differ.map(|name| format!("{name}: {:?} became {:?}", old.get(name), new.get(name))).collect()
}

/// Every element that holds text, by its path.
fn leaves(xml: &str) -> BTreeMap<String, Vec<String>> {
    let (mut path, mut leaves) = (Vec::new(), BTreeMap::<String, Vec<String>>::new());
    for piece in xml.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else { continue };
        if tag.starts_with('/') {
            path.pop();
        } else if !tag.ends_with('/') && !tag.starts_with('?') {
            path.push(tag.split(' ').next().unwrap_or_default());
            if !text.trim().is_empty() {
                leaves.entry(path.join("/")).or_default().push(text.to_owned());
            }
        }
    }
    // Groups and log exports are sets: RDS tells them in any order.
    leaves.values_mut().for_each(|texts| texts.sort());
    leaves
}

/// Where `initdb`'s work of an earlier stage is kept: it takes a third of a stack's start.
fn kept_template() -> Option<PathBuf> {
    let mut versions: Vec<String> =
        std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    versions.sort();
    Some(binaries().join(format!("story-postgres-{}", versions.join("-"))))
}

/// Puts the kept template where the stack looks for its own.
pub(crate) fn lend_template(data: &Path) {
    let Some(kept) = kept_template().filter(|kept| kept.exists()) else { return };
    copy(&kept, &data.join("postgres"));
}

/// Keeps the template that a stack has made.
pub(crate) fn keep_template(data: &Path) {
    let Some(kept) = kept_template().filter(|kept| !kept.exists()) else { return };
    let made = data.join("postgres");
    if !made.join("template").exists() {
        return;
    }
    let draft = kept.with_extension(format!("draft-{}", std::process::id()));
    std::fs::create_dir_all(&draft).unwrap();
    copy(&made.join("template"), &draft.join("template"));
    copy(&made.join("admin.password"), &draft.join("admin.password"));
    // Whoever was faster has kept the same.
    if std::fs::rename(&draft, &kept).is_err() {
        std::fs::remove_dir_all(&draft).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success(), "can't copy {} to {}", from.display(), to.display());
}

/// Ends the database servers of a data directory: they outlive a stack that is killed or dropped before its files go.
pub(crate) fn quit_servers(data: &Path) {
    let clusters = std::fs::read_dir(data.join("postgres/clusters")).into_iter().flatten().flatten();
    for file in clusters.map(|cluster| cluster.path().join("data/postmaster.pid")) {
        let pid = std::fs::read_to_string(file).ok().and_then(|text| text.lines().next().map(str::to_owned));
        if let Some(pid) = pid {
            std::process::Command::new("kill").args(["-QUIT", &pid]).stderr(std::process::Stdio::null()).status().ok();
        }
    }
}
