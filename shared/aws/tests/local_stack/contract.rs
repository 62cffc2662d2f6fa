//! The adapters hold the ports' contracts against the local stack's services, in this process.

use mayday_aws::{
    blobs::S3Blobs, clock::SystemClock, databases::RdsDatabases, dns::Route53Dns, secrets::SecretsManager, table::DynamoTable,
    workflow::StepFunctions,
};
use mayday_contract as contract;
use mayday_local::{
    dynamodb::DynamoDb,
    rds::{self, GroupKind, Rds},
    route53::Route53,
    s3::S3,
    secrets::Secrets,
    seed::SeedZone,
    states::{States, StatesService},
};
use mayday_resolver::Resolver;

use crate::stack::{HOME, Stack};

#[tokio::test]
async fn the_table_holds_its_contract() {
    let stack = Stack::new();
    let service = std::sync::Arc::new(DynamoDb::open(stack.data()).unwrap());
    service.ensure_table("mayday").unwrap();
    contract::table::everything(&DynamoTable::new(&stack.connection([service]), "mayday".to_owned())).await;
}

#[tokio::test]
async fn files_hold_their_contract() {
    let stack = Stack::new();
    let service = S3::open(stack.shared.clone()).unwrap();
    service.seed(HOME, "mayday-000000000000-eu-west-1");
    contract::blobs::everything(&S3Blobs::new(&stack.connection([service]), "mayday-000000000000-eu-west-1".to_owned())).await;
}

#[tokio::test]
async fn secrets_hold_their_contract() {
    let stack = Stack::new();
    let service = Secrets::open(stack.shared.clone()).unwrap();
    service.seed(HOME, "orders", "{}");
    contract::secrets::everything(&SecretsManager::new(&stack.connection([service])), HOME, "orders").await;
}

#[tokio::test]
async fn names_hold_their_contract() {
    let stack = Stack::new();
    let route53 = Route53::open(stack.shared.clone()).unwrap();
    let rds = Rds::open(stack.shared.clone(), rds::Options::default()).await.unwrap();
    let id = route53.seed(&SeedZone {
        name: "db.contract.internal".to_owned(),
        private: true,
        records: vec![
            ("orders.db.contract.internal".to_owned(), "CNAME".to_owned(), 60, "old.example.com".to_owned()),
            ("api.db.contract.internal".to_owned(), "A".to_owned(), 60, "192.0.2.1".to_owned()),
        ],
        failovers: Vec::new(),
    });
    let server = mayday_local::dns::Dns::open(&stack.shared, route53.clone(), rds, std::sync::Arc::default()).await.unwrap();
    let resolver = Resolver::from_list(&format!("127.0.0.1:{}", server.port())).unwrap();
    let dns = Route53Dns::new(&stack.connection([route53]), resolver, std::sync::Arc::new(SystemClock));
    contract::dns::everything(&dns, &stack, &contract::dns::Zone { id: &id }).await;
}

#[tokio::test]
async fn runs_hold_their_contract() {
    const WAITING: &str = r#"{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 100000, "End": true}}}"#;
    let stack = Stack::new();
    // Nothing is called by a machine that only waits.
    let nobody = std::sync::Arc::new(DynamoDb::open(stack.data()).unwrap());
    let service = States::open(stack.shared.clone(), nobody, HOME).unwrap();
    service.add("mayday-run", WAITING).unwrap();
    let workflow = StepFunctions::new(
        &stack.connection([std::sync::Arc::new(StatesService::new(service.clone()))]),
        service.machine_arn("mayday-run"),
    );
    let end = async |name: &str| {
        let arn = service.machine_arn("mayday-run").replace(":stateMachine:", ":execution:");
        let execution = service.execution(&format!("{arn}:{name}")).unwrap();
        execution.abort(stack.shared.clock.now(), None, None).unwrap();
    };
    contract::workflow::everything(&workflow, end).await;
}

#[tokio::test]
async fn databases_hold_their_contract() {
    let stack = Stack::new();
    let service = Rds::open(stack.shared.clone(), rds::Options::default()).await.unwrap();
    service.add_group(GroupKind::Parameter, HOME, "orders-parameters").unwrap();
    service.add_group(GroupKind::Subnet, HOME, "orders-subnets").unwrap();
    let connection = stack.connection([service.clone()]);
    stack.create_database(service.clone(), "orders").await;
    let databases = RdsDatabases::new(&connection);
    stack.until_restorable(&databases, "orders").await;
    let world = contract::databases::World { databases: &databases, time: &stack, region: HOME, instance: "orders" };
    contract::databases::everything(&world).await;
    service.close().await;
}
