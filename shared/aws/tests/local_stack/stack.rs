//! Services of the local stack without sockets, under a clock that stands.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use aws_smithy_runtime_api::client::{behavior_version::BehaviorVersion, http::SharedHttpClient};
use jiff::{SignedDuration, Timestamp};
use mayday_aws::{
    client::Connection,
    databases::RdsDatabases,
    settings::{Keys, Settings},
};
use mayday_contract::Time;
use mayday_core::port::Databases as _;
use mayday_local::{
    clock::Clock,
    connector::Connector,
    service::{Registry, Service, Shared},
};

pub(crate) const HOME: &str = "eu-west-1";

pub(crate) struct Stack {
    pub(crate) shared: Arc<Shared>,
    dir: tempfile::TempDir,
}

impl Stack {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::standing_at(Timestamp::now());
        Self { shared: Arc::new(Shared::new(clock, dir.path().to_owned(), String::new())), dir }
    }

    pub(crate) fn data(&self) -> &Path {
        self.dir.path()
    }

    fn http<S: Service + 'static>(&self, services: impl IntoIterator<Item = Arc<S>>) -> SharedHttpClient {
        let services = Registry::new(services.into_iter().map(|service| service as Arc<dyn Service>));
        SharedHttpClient::new(Connector::new(self.shared.clone(), Arc::new(services)))
    }

    pub(crate) fn connection<S: Service + 'static>(&self, services: impl IntoIterator<Item = Arc<S>>) -> Arc<Connection> {
        let keys = Keys { access_key: "AKIA".to_owned(), secret_key: "hush".to_owned(), session_token: None };
        let endpoint = Some("http://stack.local".to_owned());
        let settings = Settings { region: HOME.to_owned(), keys, endpoint, endpoints: std::collections::BTreeMap::new() };
        Arc::new(Connection::through(settings, self.http(services)))
    }
}

impl Stack {
    /// An instance with as much as possible other than the vendor's defaults.
    pub(crate) async fn create_database<S: Service + 'static>(&self, service: Arc<S>, id: &str) {
        use aws_sdk_rds::{Client, config, types::Tag};
        let config = config::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(config::Region::new(HOME))
            .credentials_provider(config::Credentials::new("AKIA", "hush", None, None, "test"))
            .endpoint_url("http://stack.local")
            .http_client(self.http([service]))
            .build();
        let create = Client::from_conf(config).create_db_instance().db_instance_identifier(id).db_instance_class("db.r6g.large");
        let create = create.engine("postgres").master_username("app").master_user_password("it's a secret").db_name("inventory");
        let create = create.allocated_storage(100).max_allocated_storage(500).storage_type("gp3").storage_encrypted(true);
        let create = create.db_parameter_group_name("orders-parameters").db_subnet_group_name("orders-subnets");
        let create = create.vpc_security_group_ids("sg-2").vpc_security_group_ids("sg-1").multi_az(true).publicly_accessible(false);
        let create = create.deletion_protection(true).enable_iam_database_authentication(true).copy_tags_to_snapshot(true);
        let create = create.enable_cloudwatch_logs_exports("postgresql").enable_cloudwatch_logs_exports("upgrade");
        let create = create.backup_retention_period(14).preferred_backup_window("01:00-01:30").auto_minor_version_upgrade(false);
        let create = create.preferred_maintenance_window("mon:02:00-mon:02:30").ca_certificate_identifier("rds-ca-ecc384-g1");
        let create = create.monitoring_interval(30).monitoring_role_arn("arn:aws:iam::000000000000:role/monitoring");
        let create = create.tags(Tag::builder().key("team").value("shop").build()).enable_performance_insights(true);
        create.send().await.unwrap();
    }

    pub(crate) async fn until_restorable(&self, databases: &RdsDatabases, id: &str) {
        for _ in 0..300 {
            if databases.instance(HOME, id).await.unwrap().is_some_and(|instance| instance.latest_restorable.is_some()) {
                return;
            }
            self.pass(SignedDuration::from_secs(2)).await;
        }
        panic!("{id} can't be restored");
    }
}

#[async_trait]
impl Time for Stack {
    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    async fn pass(&self, span: SignedDuration) {
        self.shared.clock.advance(span).unwrap();
        // PostgreSQL works in real time.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
