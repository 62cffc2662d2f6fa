//! What goes over the wire, read back from captured requests.

use std::collections::BTreeMap;

use aws_sdk_rds::{Client, config::Config};
use aws_smithy_http_client::test_util::{CaptureRequestReceiver, capture_request};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::Timestamp;
use mayday_core::port::{Restoration, Tags};

use super::*;
use crate::{
    client::Attempts,
    settings::{Keys, Settings as Environment},
};

fn client() -> (Client, CaptureRequestReceiver) {
    let (http, captured) = capture_request(None);
    let keys = Keys { access_key: "AKIA".to_owned(), secret_key: "hush".to_owned(), session_token: None };
    let environment = Environment { region: "eu-west-1".to_owned(), keys, endpoint: None, endpoints: BTreeMap::new() };
    let connection = Connection::through(environment, SharedHttpClient::new(http));
    (Client::from_conf(Config::new(&connection.configure(Service::Rds, "eu-west-1", Attempts::Once))), captured)
}

/// The form fields of the request that was sent.
fn fields(captured: CaptureRequestReceiver) -> BTreeMap<String, String> {
    let request = captured.expect_request();
    let body = std::str::from_utf8(request.body().bytes().unwrap()).unwrap().to_owned();
    let decoded = |text: &str| text.replace('+', " ").replace("%3A", ":").replace("%2F", "/");
    body.split('&').filter_map(|field| field.split_once('=')).map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

fn settings() -> Settings {
    let some = |text: &str| Some(text.to_owned());
    Settings {
        instance_class: "db.r6g.large".to_owned(),
        engine: "postgres".to_owned(),
        engine_version: "15.4".to_owned(),
        engine_lifecycle_support: some("open-source-rds-extended-support-disabled"),
        license_model: some("postgresql-license"),
        subnet_group: some("orders-subnets"),
        security_groups: vec!["sg-1".to_owned(), "sg-2".to_owned()],
        parameter_group: some("orders-parameters"),
        option_group: some("orders-options"),
        multi_az: true,
        publicly_accessible: false,
        deletion_protection: true,
        iam_authentication: true,
        log_exports: vec!["postgresql".to_owned()],
        backup_retention_days: 14,
        backup_window: some("01:00-01:30"),
        maintenance_window: some("mon:02:00-mon:02:30"),
        allocated_storage: 500,
        max_allocated_storage: Some(1_000),
        storage_type: some("gp3"),
        iops: Some(12_000),
        storage_throughput: Some(500),
        dedicated_log_volume: true,
        storage_encrypted: true,
        kms_key: some("arn:aws:kms:eu-west-1:000000000000:key/1"),
        ca_certificate: some("rds-ca-ecc384-g1"),
        copy_tags_to_snapshot: true,
        auto_minor_version_upgrade: false,
        monitoring_interval: 30,
        monitoring_role: some("arn:aws:iam::000000000000:role/monitoring"),
        performance_insights: true,
        performance_insights_kms_key: some("arn:aws:kms:eu-west-1:000000000000:key/2"),
        performance_insights_retention_days: Some(465),
        database_insights_mode: some("advanced"),
        port: Some(5433),
        network_type: some("IPV4"),
        tags: Tags::from([("team".to_owned(), "shop".to_owned()), ("aws:cloudformation:stack-name".to_owned(), "x".to_owned())]),
    }
}

fn restoration(settings: Settings) -> Restoration {
    let owner = Tags::from([("mayday:proposal".to_owned(), "p-1".to_owned())]);
    let from = RestoreFrom::Snapshot("s".to_owned());
    Restoration { region: "eu-west-1".to_owned(), from, new_instance: "orders-new".to_owned(), settings, owner }
}

const BOTH_CALLS: [(&str, &str); 36] = [
    ("AllocatedStorage", "500"),
    ("AutoMinorVersionUpgrade", "false"),
    ("BackupRetentionPeriod", "14"),
    ("CACertificateIdentifier", "rds-ca-ecc384-g1"),
    ("CopyTagsToSnapshot", "true"),
    ("DBInstanceClass", "db.r6g.large"),
    ("DBParameterGroupName", "orders-parameters"),
    ("DBSubnetGroupName", "orders-subnets"),
    ("DedicatedLogVolume", "true"),
    ("DeletionProtection", "true"),
    ("EnableCloudwatchLogsExports.member.1", "postgresql"),
    ("EnableIAMDatabaseAuthentication", "true"),
    ("Engine", "postgres"),
    ("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
    ("Iops", "12000"),
    ("LicenseModel", "postgresql-license"),
    ("MultiAZ", "true"),
    ("NetworkType", "IPV4"),
    ("OptionGroupName", "orders-options"),
    ("Port", "5433"),
    ("PreferredBackupWindow", "01:00-01:30"),
    ("PubliclyAccessible", "false"),
    ("StorageThroughput", "500"),
    ("StorageType", "gp3"),
    ("Tags.Tag.1.Key", "mayday:proposal"),
    ("Tags.Tag.1.Value", "p-1"),
    ("Tags.Tag.2.Key", "mayday:run"),
    ("Tags.Tag.2.Value", "r-1"),
    ("Tags.Tag.3.Key", "mayday:step"),
    ("Tags.Tag.3.Value", "test"),
    ("Tags.Tag.4.Key", "team"),
    ("Tags.Tag.4.Value", "shop"),
    ("Version", "2014-10-31"),
    ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-1"),
    ("VpcSecurityGroupIds.VpcSecurityGroupId.2", "sg-2"),
    ("Action", ""),
];

fn expected(action: &str, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut all: BTreeMap<_, _> = BOTH_CALLS.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all.insert("Action".to_owned(), action.to_owned());
    all
}

#[tokio::test]
async fn a_restore_from_a_snapshot_passes_all_that_it_takes() {
    let (client, captured) = client();
    let _ = restore::from_snapshot(&client, "s", &Permit::for_test("r-1"), &restoration(settings())).send().await;
    let own = [("DBInstanceIdentifier", "orders-new"), ("DBSnapshotIdentifier", "s")];
    assert_eq!(fields(captured), expected("RestoreDBInstanceFromDBSnapshot", &own));
}

#[tokio::test]
async fn a_restore_to_a_moment_passes_all_that_it_takes() {
    let (client, captured) = client();
    let at: Timestamp = "2026-11-22T14:05:00.9Z".parse().unwrap();
    let _ = restore::from_log(&client, "orders", Some(at), &Permit::for_test("r-1"), &restoration(settings())).send().await;
    let own = [
        ("SourceDBInstanceIdentifier", "orders"),
        ("TargetDBInstanceIdentifier", "orders-new"),
        ("RestoreTime", "2026-11-22T14:05:00Z"),
        ("MaxAllocatedStorage", "1000"),
    ];
    assert_eq!(fields(captured), expected("RestoreDBInstanceToPointInTime", &own));
}

#[tokio::test]
async fn the_latest_moment_is_asked_for_as_such() {
    let (client, captured) = client();
    let _ = restore::from_log(&client, "orders", None, &Permit::for_test("r-1"), &restoration(settings())).send().await;
    let fields = fields(captured);
    assert_eq!(fields.get("UseLatestRestorableTime").map(String::as_str), Some("true"));
    assert_eq!(fields.get("RestoreTime"), None);
}

#[test]
fn a_small_volumes_baseline_is_not_named() {
    let volume = |kind: &str, engine: &str, gib: i32| {
        provisioned_of(Settings { storage_type: Some(kind.to_owned()), engine: engine.to_owned(), allocated_storage: gib, ..settings() })
    };
    assert_eq!(volume("gp3", "postgres", 399), (None, None));
    assert_eq!(volume("gp3", "postgres", 400), (Some(12_000), Some(500)));
    assert_eq!(volume("gp3", "oracle-ee", 200), (Some(12_000), Some(500)));
    assert_eq!(volume("io2", "postgres", 100), (Some(12_000), None));
    assert_eq!(volume("gp2", "postgres", 1_000), (None, None));
}

fn provisioned_of(settings: Settings) -> (Option<i32>, Option<i32>) {
    restore::provisioned(&settings)
}

async fn aligned(now: &Settings, wanted: &Settings) -> Option<BTreeMap<String, String>> {
    let (client, captured) = client();
    let call = align::to_settings(&client, "orders-new", now, wanted)?;
    let _ = call.send().await;
    let mut fields = fields(captured);
    for fixed in ["Action", "ApplyImmediately", "DBInstanceIdentifier", "Version"] {
        fields.remove(fixed).unwrap();
    }
    Some(fields)
}

fn changed(fields: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
    Some(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

#[tokio::test]
async fn nothing_is_changed_where_nothing_differs() {
    assert_eq!(aligned(&settings(), &settings()).await, None);
    // What no call can take away, or give.
    let wanted = Settings { option_group: None, allocated_storage: 20, engine_version: "16.1".to_owned(), tags: Tags::new(), ..settings() };
    assert_eq!(aligned(&settings(), &wanted).await, None);
}

#[tokio::test]
async fn what_a_restore_cannot_take_is_set_together_with_what_belongs_to_it() {
    let restored = Settings {
        maintenance_window: Some("sun:04:00-sun:04:30".to_owned()),
        max_allocated_storage: None,
        monitoring_interval: 0,
        monitoring_role: None,
        performance_insights: false,
        performance_insights_kms_key: None,
        performance_insights_retention_days: None,
        database_insights_mode: Some("standard".to_owned()),
        log_exports: vec!["upgrade".to_owned()],
        ..settings()
    };
    let expected = changed(&[
        ("CloudwatchLogsExportConfiguration.DisableLogTypes.member.1", "upgrade"),
        ("CloudwatchLogsExportConfiguration.EnableLogTypes.member.1", "postgresql"),
        ("DatabaseInsightsMode", "advanced"),
        ("EnablePerformanceInsights", "true"),
        ("MaxAllocatedStorage", "1000"),
        ("MonitoringInterval", "30"),
        ("MonitoringRoleArn", "arn:aws:iam::000000000000:role/monitoring"),
        ("PerformanceInsightsKMSKeyId", "arn:aws:kms:eu-west-1:000000000000:key/2"),
        ("PerformanceInsightsRetentionPeriod", "465"),
        ("PreferredMaintenanceWindow", "mon:02:00-mon:02:30"),
    ]);
    assert_eq!(aligned(&restored, &settings()).await, expected);
}

#[tokio::test]
async fn what_the_vendor_took_a_default_for_all_the_same_is_set_too() {
    let restored = Settings { security_groups: vec!["sg-default".to_owned()], deletion_protection: false, port: Some(5432), ..settings() };
    let expected = changed(&[
        ("DBPortNumber", "5433"),
        ("DeletionProtection", "true"),
        ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-1"),
        ("VpcSecurityGroupIds.VpcSecurityGroupId.2", "sg-2"),
    ]);
    assert_eq!(aligned(&restored, &settings()).await, expected);
}
