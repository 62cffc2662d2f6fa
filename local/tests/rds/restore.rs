//! Restores, as a caller of the API sees them, over real data.

use crate::support::World;

#[tokio::test]
async fn rows_that_were_deleted_come_back_at_a_point_in_time_and_the_settings_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.seed("orders", 20_000).await;
    world.call("CreateDBSnapshot", &[("DBInstanceIdentifier", "orders"), ("DBSnapshotIdentifier", "before")]).await.ok();
    world.until("orders", "available").await;
    let broken = world.rds.break_database("delete-rows", "orders").await.unwrap();
    assert!(broken.rows.unwrap() > 10_000);
    world.until_restorable("orders", broken.before).await;

    let at = broken.before.to_string();
    let fields = [("SourceDBInstanceIdentifier", "orders"), ("TargetDBInstanceIdentifier", "orders-new"), ("RestoreTime", &at)];
    let answer = world.call("RestoreDBInstanceToPointInTime", &fields).await.ok();
    assert_eq!(answer.text("DBInstanceStatus"), "creating");
    assert_eq!(answer.text("Address"), "", "no endpoint before there is a server");
    let seen = world.until("orders-new", "available").await;
    assert!(seen.contains(&"backing-up".to_owned()), "{seen:?}");
    assert_eq!(world.rows("orders-new").await, 20_000);
    assert!(world.rows("orders").await < 10_000, "the source is as it was");

    let (old, new) = (world.describe("orders").await, world.describe("orders-new").await);
    let lost = [
        ("VpcSecurityGroupId", "sg-default"),
        ("DBParameterGroupName", "default.postgres15"),
        ("DBSubnetGroupName", "default"),
        ("MultiAZ", "false"),
        ("DeletionProtection", "false"),
        ("IAMDatabaseAuthenticationEnabled", "false"),
        ("EnabledCloudwatchLogsExports", ""),
        ("MonitoringInterval", "0"),
        ("PerformanceInsightsEnabled", "false"),
        ("MaxAllocatedStorage", ""),
        ("TagList", ""),
    ];
    for (field, default) in lost {
        assert_eq!(new.text(field), default, "{field}");
        assert_ne!(old.text(field), default, "{field} of the source is something to lose");
    }
    for kept in
        ["DBInstanceClass", "EngineVersion", "StorageType", "StorageEncrypted", "KmsKeyId", "BackupRetentionPeriod", "MasterUsername"]
    {
        assert_eq!(new.text(kept), old.text(kept), "{kept}");
    }
    assert_ne!(new.text("DbiResourceId"), old.text("DbiResourceId"));

    world
        .call("RestoreDBInstanceFromDBSnapshot", &[("DBInstanceIdentifier", "orders-snap"), ("DBSnapshotIdentifier", "before")])
        .await
        .ok();
    world.until("orders-snap", "available").await;
    assert_eq!(world.rows("orders-snap").await, 20_000);
    world.stop().await;
}

#[tokio::test]
async fn a_restore_that_asks_for_its_settings_gets_them_except_what_it_cannot_set() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.seed("orders", 100).await;
    let fields = [
        ("SourceDBInstanceIdentifier", "orders"),
        ("TargetDBInstanceIdentifier", "orders-new"),
        ("UseLatestRestorableTime", "true"),
        ("DBParameterGroupName", "orders-postgres15"),
        ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-a"),
        ("VpcSecurityGroupIds.VpcSecurityGroupId.2", "sg-b"),
        ("MultiAZ", "true"),
        ("DeletionProtection", "true"),
        ("EnableCloudwatchLogsExports.member.1", "postgresql"),
        ("Tags.Tag.1.Key", "mayday:run"),
        ("Tags.Tag.1.Value", "R1"),
        ("MonitoringInterval", "60"),
    ];
    world.call("RestoreDBInstanceToPointInTime", &fields).await.ok();
    world.until("orders-new", "available").await;
    let new = world.describe("orders-new").await;
    assert_eq!(new.texts("VpcSecurityGroupId"), ["sg-a", "sg-b"]);
    assert_eq!(new.text("DBParameterGroupName"), "orders-postgres15");
    assert_eq!((new.text("MultiAZ"), new.text("DeletionProtection")), ("true".to_owned(), "true".to_owned()));
    assert_eq!(new.text("EnabledCloudwatchLogsExports"), "<member>postgresql</member>");
    assert_eq!(new.text("Value"), "R1");
    assert_eq!(new.text("MonitoringInterval"), "0", "a restore has no such field");

    let modify = [
        ("DBInstanceIdentifier", "orders-new"),
        ("ApplyImmediately", "true"),
        ("MonitoringInterval", "60"),
        ("MonitoringRoleArn", "arn:aws:iam::000000000000:role/m"),
        ("DBParameterGroupName", "default.postgres15"),
    ];
    world.call("ModifyDBInstance", &modify).await.ok();
    let seen = world.until("orders-new", "available").await;
    assert!(seen.contains(&"configuring-enhanced-monitoring".to_owned()), "{seen:?}");
    let new = world.describe("orders-new").await;
    assert_eq!((new.text("MonitoringInterval"), new.text("ParameterApplyStatus")), ("60".to_owned(), "pending-reboot".to_owned()));
    world.call("RebootDBInstance", &[("DBInstanceIdentifier", "orders-new")]).await.ok();
    world.until("orders-new", "available").await;
    assert_eq!(world.describe("orders-new").await.text("ParameterApplyStatus"), "in-sync");
    world.stop().await;
}

#[tokio::test]
async fn times_that_cannot_be_restored_are_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.seed("orders", 100).await;
    let restore = async |fields: &[(&str, &str)]| {
        let all = [&[("SourceDBInstanceIdentifier", "orders"), ("TargetDBInstanceIdentifier", "new")], fields].concat();
        world.call("RestoreDBInstanceToPointInTime", &all).await.refusal()
    };
    let invalid = (400, "InvalidParameterValue".to_owned());
    assert_eq!(restore(&[("RestoreTime", "2099-01-01T00:00:00Z")]).await, invalid);
    assert_eq!(restore(&[("RestoreTime", "2001-01-01T00:00:00Z")]).await, invalid);
    assert_eq!(restore(&[("RestoreTime", "yesterday")]).await, invalid);
    assert_eq!(restore(&[]).await, (400, "InvalidParameterCombination".to_owned()));
    let elsewhere = [("UseLatestRestorableTime", "true"), ("DBParameterGroupName", "nobody-made-it")];
    assert_eq!(restore(&elsewhere).await, (404, "DBParameterGroupNotFound".to_owned()));
    assert_eq!(world.describe("new").await.refusal(), (404, "DBInstanceNotFound".to_owned()));

    let off = [("DBInstanceIdentifier", "orders"), ("BackupRetentionPeriod", "0"), ("ApplyImmediately", "true")];
    world.call("ModifyDBInstance", &off).await.ok();
    world.until("orders", "available").await;
    assert_eq!(restore(&[("UseLatestRestorableTime", "true")]).await, (400, "PointInTimeRestoreNotEnabled".to_owned()));
    world.stop().await;
}

#[tokio::test]
async fn a_time_before_the_clock_was_advanced_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.seed("orders", 1_000).await;
    world.shared.clock.advance(jiff::SignedDuration::from_hours(2)).unwrap();
    let broken = world.rds.break_database("drop-table", "orders").await.unwrap();
    world.shared.clock.advance(jiff::SignedDuration::from_hours(5)).unwrap();
    world.until_restorable("orders", broken.before).await;
    // An hour before the damage by the stack's clock, and an instant by PostgreSQL's.
    let at = (broken.before - jiff::SignedDuration::from_hours(1)).to_string();
    let fields = [("SourceDBInstanceIdentifier", "orders"), ("TargetDBInstanceIdentifier", "new"), ("RestoreTime", &at)];
    world.call("RestoreDBInstanceToPointInTime", &fields).await.ok();
    world.until("new", "available").await;
    assert_eq!((world.rows("new").await, world.rows("orders").await < 1_000), (1_000, true));
    world.stop().await;
}

#[tokio::test]
async fn retained_backups_bring_back_an_instance_that_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.seed("orders", 1_000).await;
    let resource = world.describe("orders").await.text("DbiResourceId");
    let protected = [("DBInstanceIdentifier", "orders"), ("DeletionProtection", "false")];
    world.call("ModifyDBInstance", &protected).await.ok();
    world.until("orders", "available").await;
    let delete = [("DBInstanceIdentifier", "orders"), ("SkipFinalSnapshot", "true"), ("DeleteAutomatedBackups", "false")];
    world.call("DeleteDBInstance", &delete).await.ok();
    world.until_gone("orders").await;
    world.stop().await;

    let world = World::open(dir.path()).await;
    let kept = world.call("DescribeDBInstanceAutomatedBackups", &[("DbiResourceId", &resource)]).await;
    assert_eq!(kept.text("Status"), "retained");
    let restore =
        [("SourceDbiResourceId", resource.as_str()), ("TargetDBInstanceIdentifier", "again"), ("UseLatestRestorableTime", "true")];
    world.call("RestoreDBInstanceToPointInTime", &restore).await.ok();
    world.until("again", "available").await;
    assert_eq!(world.rows("again").await, 1_000);
    world.call("DeleteDBInstanceAutomatedBackup", &[("DbiResourceId", &resource)]).await.ok();
    let refused = world.call("RestoreDBInstanceToPointInTime", &restore).await.refusal();
    assert_eq!(refused, (404, "DBInstanceNotFound".to_owned()));
    world.stop().await;
}

#[tokio::test]
async fn a_backup_is_taken_each_day_and_old_ones_go_with_their_retention() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path()).await;
    world.seed("orders", 100).await;
    let automated = async || {
        let found = world.call("DescribeDBSnapshots", &[("SnapshotType", "automated")]).await;
        let whole = found.texts("Status").iter().filter(|status| *status == "available").count();
        (found.texts("DBSnapshotIdentifier"), whole)
    };
    let (first, _) = automated().await;
    world.shared.clock.advance(jiff::SignedDuration::from_hours(25)).unwrap();
    while automated().await.1 < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    world.shared.clock.advance(jiff::SignedDuration::from_hours(24 * 7)).unwrap();
    while automated().await.0.contains(&first[0]) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    world.until_restorable("orders", world.shared.clock.now()).await;
    let restore = [("SourceDBInstanceIdentifier", "orders"), ("TargetDBInstanceIdentifier", "new"), ("UseLatestRestorableTime", "true")];
    world.call("RestoreDBInstanceToPointInTime", &restore).await.ok();
    world.until("new", "available").await;
    assert_eq!(world.rows("new").await, 100);
    world.stop().await;
}
