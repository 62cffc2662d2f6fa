//! Instances, snapshots and replicas through their states, as a caller of the API sees them.

use crate::support::{REGION, World};

const CREATE: [(&str, &str); 7] = [
    ("DBInstanceIdentifier", "orders"),
    ("DBInstanceClass", "db.t4g.medium"),
    ("Engine", "postgres"),
    ("MasterUsername", "app"),
    ("MasterUserPassword", "correct horse"),
    ("DBName", "inventory"),
    ("AllocatedStorage", "20"),
];

fn of<'a>(identifier: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("DBInstanceIdentifier", identifier)], more].concat()
}

#[tokio::test]
async fn an_instance_is_created_protected_and_deleted_with_a_final_snapshot_that_outlives_it() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.call("CreateDBInstance", &CREATE).await.ok();
    assert_eq!(world.call("CreateDBInstance", &CREATE).await.refusal(), (400, "DBInstanceAlreadyExists".to_owned()));
    let busy = world.call("CreateDBSnapshot", &of("orders", &[("DBSnapshotIdentifier", "early")])).await;
    assert_eq!(busy.refusal(), (400, "InvalidDBInstanceState".to_owned()));
    assert_eq!(world.until("orders", "available").await, ["creating", "backing-up", "available"]);
    let endpoint = world.describe("orders").await.text("Address");
    assert!(endpoint.starts_with("orders.") && endpoint.ends_with(".eu-west-1.rds.amazonaws.com"), "{endpoint}");
    let address = world.rds.resolve(&endpoint).unwrap();
    let mut config = tokio_postgres::Config::new();
    config.host(address.to_string()).user("app").password("correct horse").dbname("inventory");
    drop(config.connect(tokio_postgres::NoTls).await.unwrap());

    world.call("ModifyDBInstance", &of("orders", &[("DeletionProtection", "true")])).await.ok();
    world.until("orders", "available").await;
    let delete = of("orders", &[("FinalDBSnapshotIdentifier", "orders-last")]);
    assert_eq!(world.call("DeleteDBInstance", &delete).await.refusal(), (400, "InvalidParameterCombination".to_owned()));
    world.call("ModifyDBInstance", &of("orders", &[("DeletionProtection", "false")])).await.ok();
    world.until("orders", "available").await;
    assert_eq!(world.call("DeleteDBInstance", &of("orders", &[])).await.refusal(), (400, "InvalidParameterCombination".to_owned()));
    let automated = [("DBInstanceIdentifier", "orders"), ("SnapshotType", "automated")];
    assert_eq!(world.call("DescribeDBSnapshots", &automated).await.texts("DBSnapshotIdentifier").len(), 1);
    world.call("DeleteDBInstance", &delete).await.ok();
    world.until_gone("orders").await;
    world.until_snapshot(REGION, "orders-last").await;
    assert!(world.call("DescribeDBSnapshots", &automated).await.texts("DBSnapshotIdentifier").is_empty(), "they die with the instance");
    assert_eq!(world.rds.resolve(&endpoint), None);
    let told: Vec<String> =
        world.shared.bus.emitted().iter().map(|(_, event)| event.detail["EventID"].as_str().unwrap_or_default().to_owned()).collect();
    assert!(told.contains(&"RDS-EVENT-0005".to_owned()) && told.contains(&"RDS-EVENT-0003".to_owned()), "{told:?}");
    world.stop().await;
}

#[tokio::test]
async fn deferred_changes_stay_pending_and_a_rename_moves_the_endpoint() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.seed("orders", 100).await;
    let endpoint = world.describe("orders").await.text("Address");
    world.call("ModifyDBInstance", &of("orders", &[("DBInstanceClass", "db.r6g.xlarge")])).await.ok();
    let pending = world.describe("orders").await;
    assert_eq!(pending.texts("DBInstanceClass"), ["db.r6g.large", "db.r6g.xlarge"]);
    assert_eq!(pending.text("DBInstanceStatus"), "available");

    world.call("ModifyDBInstance", &of("orders", &[("NewDBInstanceIdentifier", "orders-old"), ("ApplyImmediately", "true")])).await.ok();
    world.until_gone("orders").await;
    world.until("orders-old", "available").await;
    assert_eq!(world.rds.resolve(&endpoint), None, "the old name is gone at once");
    assert!(world.rds.resolve(&endpoint.replace("orders.", "orders-old.")).is_some());
    assert_eq!(world.rows("orders-old").await, 100);
    world.stop().await;
}

#[tokio::test]
async fn a_replica_in_another_region_is_promoted_after_its_primary_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    let there = "eu-central-1";
    world.seed("orders", 1_000).await;
    let source = world.describe("orders").await.text("DBInstanceArn");
    let create = of("orders-replica", &[("SourceDBInstanceIdentifier", &source)]);
    let refused = world.call_in(there, "CreateDBInstanceReadReplica", &create).await;
    assert_eq!(refused.refusal(), (400, "KMSKeyNotAccessibleFault".to_owned()), "an encrypted source needs a key of the other region");
    let create = [create, vec![("KmsKeyId", "alias/dr")]].concat();
    world.call_in(there, "CreateDBInstanceReadReplica", &create).await.ok();
    let replica = async || world.call_in(there, "DescribeDBInstances", &of("orders-replica", &[])).await;
    while replica().await.text("DBInstanceStatus") != "available" {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(replica().await.text("ReadReplicaSourceDBInstanceIdentifier"), source);
    assert_eq!(world.describe("orders").await.text("ReadReplicaDBInstanceIdentifier"), replica().await.text("DBInstanceArn"));
    assert_eq!(world.call("PromoteReadReplica", &of("orders", &[])).await.refusal(), (400, "InvalidDBInstanceState".to_owned()));

    world.rds.break_database("kill-primary", "orders").await.unwrap();
    world.call_in(there, "PromoteReadReplica", &of("orders-replica", &[("BackupRetentionPeriod", "7")])).await.ok();
    while replica().await.text("DBInstanceStatus") != "available" {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let promoted = replica().await;
    assert_eq!(
        (promoted.text("ReadReplicaSourceDBInstanceIdentifier"), promoted.text("BackupRetentionPeriod")),
        (String::new(), "7".to_owned())
    );
    assert_eq!(world.rows("orders-replica").await, 1_000);
    world.rds.break_database("drop-table", "orders-replica").await.unwrap();

    world.call("RebootDBInstance", &of("orders", &[])).await.ok();
    world.until("orders", "available").await;
    assert_eq!(world.rows("orders").await, 1_000, "a reboot brings a killed server back");
    world.stop().await;
}

#[tokio::test]
async fn snapshots_are_copied_under_the_key_rule_paged_and_limited() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.seed("orders", 100).await;
    world.call("CreateDBSnapshot", &of("orders", &[("DBSnapshotIdentifier", "s000")])).await.ok();
    world.until_snapshot(REGION, "s000").await;
    let arn = "arn:aws:rds:eu-west-1:000000000000:snapshot:s000";
    let copy = [("SourceDBSnapshotIdentifier", arn), ("TargetDBSnapshotIdentifier", "there"), ("CopyTags", "true")];
    let refused = world.call_in("eu-central-1", "CopyDBSnapshot", &copy).await;
    assert_eq!(refused.refusal(), (400, "KMSKeyNotAccessibleFault".to_owned()));
    let keyed = [&copy[..], &[("KmsKeyId", "arn:aws:kms:eu-central-1:000000000000:key/k")]].concat();
    world.call_in("eu-central-1", "CopyDBSnapshot", &keyed).await.ok();
    world.until_snapshot("eu-central-1", "there").await;
    let copied = world.call_in("eu-central-1", "DescribeDBSnapshots", &[]).await;
    assert_eq!((copied.text("SourceRegion"), copied.texts("Tag").len()), ("eu-west-1".to_owned(), 3));

    for number in 1..100 {
        let name = format!("s{number:03}");
        world.call("CopyDBSnapshot", &[("SourceDBSnapshotIdentifier", "s000"), ("TargetDBSnapshotIdentifier", &name)]).await.ok();
    }
    world.until("orders", "available").await;
    let more = world.call("CreateDBSnapshot", &of("orders", &[("DBSnapshotIdentifier", "one-too-many")])).await;
    assert_eq!(more.refusal(), (400, "SnapshotQuotaExceeded".to_owned()));
    let quotas = world.call("DescribeAccountAttributes", &[]).await;
    let manual = quotas.texts("AccountQuota").into_iter().find(|quota| quota.contains(">ManualSnapshots<")).unwrap();
    assert!(manual.contains("<Used>100</Used><Max>100</Max>"), "{manual}");

    let (mut found, mut marker) = (Vec::new(), String::new());
    loop {
        let page = world.call("DescribeDBSnapshots", &[("SnapshotType", "manual"), ("MaxRecords", "40"), ("Marker", &marker)]).await.ok();
        found.extend(page.texts("DBSnapshotIdentifier"));
        marker = page.text("Marker");
        if marker.is_empty() {
            break;
        }
    }
    assert_eq!((found.len(), found[0].as_str(), found[99].as_str()), (100, "s000", "s099"));
    world.call("DeleteDBSnapshot", &[("DBSnapshotIdentifier", "s000")]).await.ok();
    assert_eq!(
        world.call("DescribeDBSnapshots", &[("DBSnapshotIdentifier", "s000")]).await.refusal(),
        (404, "DBSnapshotNotFound".to_owned())
    );
    world.stop().await;
}

#[tokio::test]
async fn a_stack_that_was_killed_keeps_its_servers_and_does_interrupted_work_over() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    let secret = world.seed("orders", 1_000).await;
    let pid = |name: &str| std::fs::read_to_string(dir.path().join("postgres/clusters").join(name).join("data/postmaster.pid")).unwrap();
    let resource = world.describe("orders").await.text("DbiResourceId");
    let before = pid(&resource);
    let restore = [("SourceDBInstanceIdentifier", "orders"), ("TargetDBInstanceIdentifier", "new"), ("UseLatestRestorableTime", "true")];
    world.call("RestoreDBInstanceToPointInTime", &restore).await.ok();
    world.die();

    let world = World::open(dir.path()).await;
    assert_eq!(pid(&resource), before, "the server was kept");
    world.until("new", "available").await;
    assert_eq!(world.rows("new").await, 1_000);
    assert_eq!(world.seed("orders", 1_000).await, secret, "a second start seeds nothing");
    world.stop().await;

    let world = World::open(dir.path()).await;
    assert_eq!(world.describe("orders").await.text("DBInstanceStatus"), "available");
    assert_eq!(world.rows("orders").await, 1_000, "started again");
    world.stop().await;
}
