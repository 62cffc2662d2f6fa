//! The data plane against a real server: what a restore relies on.
#![cfg(test)]

use std::sync::Arc;

use mayday_local::postgres::{Addresses, Cluster, Damage, Installation, Settings};

struct Machine {
    installation: Arc<Installation>,
    addresses: Addresses,
    _dir: tempfile::TempDir,
}

impl Machine {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let installation = Arc::new(Installation::open(&dir.path().join("postgres")).await.unwrap());
        Self { installation, addresses: Addresses::seeded(&dir.path().to_string_lossy()), _dir: dir }
    }

    fn cluster(&self, name: &str) -> Cluster {
        Cluster::at(self.installation.clone(), name, self.addresses.free().unwrap())
    }

    async fn filled(&self, name: &str, rows: u64) -> Cluster {
        let cluster = self.cluster(name);
        cluster.create().await.unwrap();
        cluster.start(&Settings::default(), &self.addresses).await.unwrap();
        cluster.set_up("app", "it's secret", Some("inventory")).await.unwrap();
        cluster.fill("inventory", "app", rows).await.unwrap();
        cluster
    }
}

async fn rows(cluster: &Cluster) -> i64 {
    cluster.databases().await.unwrap().iter().flat_map(|database| &database.tables).map(|table| table.rows).sum()
}

#[tokio::test]
async fn deleted_rows_come_back_at_a_point_in_time() {
    let machine = Machine::new().await;
    let source = machine.filled("source", 20_000).await;
    source.base_backup("first").await.unwrap();
    let before = source.archive_now().await.unwrap().before;
    let broken = source.damage(Damage::DeleteRows).await.unwrap();
    assert!(broken.rows > 10_000, "{broken:?}");
    source.archive_now().await.unwrap();

    let target = machine.cluster("target");
    target.restore_to("first", (&source, before), &Settings::default(), &machine.addresses).await.unwrap();
    assert_eq!(rows(&target).await, 20_000);
    assert!(rows(&source).await < 10_000);
    // The copy goes on by itself: it takes writes and can be restored in its turn.
    target.base_backup("second").await.unwrap();
    let again = target.archive_now().await.unwrap().before;
    target.damage(Damage::DropTable).await.unwrap();
    target.archive_now().await.unwrap();
    let third = machine.cluster("third");
    third.restore_to("second", (&target, again), &Settings::default(), &machine.addresses).await.unwrap();
    assert_eq!(rows(&third).await, 20_000);
    for cluster in [source, target, third] {
        cluster.remove().await.unwrap();
    }
}

#[tokio::test]
async fn a_time_that_the_archive_does_not_reach_fails_with_the_servers_words() {
    let machine = Machine::new().await;
    let source = machine.filled("source", 10).await;
    source.base_backup("first").await.unwrap();
    let after = source.archive_now().await.unwrap().before + jiff::SignedDuration::from_hours(1);
    let target = machine.cluster("target");
    let error = target.restore_to("first", (&source, after), &Settings::default(), &machine.addresses).await.unwrap_err();
    assert!(format!("{error:#}").contains("recovery ended before configured recovery target was reached"), "{error:#}");
    source.remove().await.unwrap();
    target.remove().await.unwrap();
}

#[tokio::test]
async fn a_replica_follows_and_goes_on_alone_when_its_source_is_killed() {
    let machine = Machine::new().await;
    let source = machine.filled("source", 1_000).await;
    let replica = machine.cluster("replica");
    replica.follow(&source).await.unwrap();
    let settings = Settings { source: Some((source.address(), source.archive())), ..Settings::default() };
    replica.start(&settings, &machine.addresses).await.unwrap();
    assert_eq!(rows(&replica).await, 1_000);
    assert!(replica.replica_lag().await.unwrap().is_some());
    assert!(replica.damage(Damage::DropTable).await.is_err(), "a replica takes no writes");

    source.kill().await.unwrap();
    assert!(source.databases().await.is_err());
    replica.promote(&Settings::default()).await.unwrap();
    assert_eq!(replica.replica_lag().await.unwrap(), None);
    replica.damage(Damage::DropTable).await.unwrap();
    source.start(&Settings::default(), &machine.addresses).await.unwrap();
    assert_eq!(rows(&source).await, 1_000, "a killed server comes back with everything it committed");
    source.remove().await.unwrap();
    replica.remove().await.unwrap();
}

#[tokio::test]
async fn the_master_user_signs_in_with_the_password_and_the_inspector_with_a_token_only_where_iam_is_on() {
    let machine = Machine::new().await;
    let cluster = machine.filled("source", 10).await;
    let sign_in = async |user: &str, password: &str| {
        let mut config = tokio_postgres::Config::new();
        config.host(cluster.address().to_string()).user(user).password(password).dbname("inventory");
        config.connect(tokio_postgres::NoTls).await.map(drop)
    };
    sign_in("app", "it's secret").await.unwrap();
    sign_in("app", "guessed").await.unwrap_err();
    sign_in("mayday_inspector", "token").await.unwrap_err();
    cluster.configure(&Settings { iam_authentication: true, ..Settings::default() }).unwrap();
    cluster.reload().await.unwrap();
    // A reload is read by the server in its own time.
    for _ in 0..200 {
        if sign_in("mayday_inspector", "token").await.is_ok() {
            break;
        }
        tokio::task::yield_now().await;
    }
    sign_in("mayday_inspector", "token").await.unwrap();
    cluster.remove().await.unwrap();
}
