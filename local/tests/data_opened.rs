//! The services that hold data, opened together over a seed.
#![cfg(test)]

use std::{sync::Arc, time::Duration};

use mayday_local::{
    clock::Clock,
    data::{Data, bucket},
    seed::{Seed, SeedDatabase, SeedPage, SeedSite, SeedZone},
    service::Shared,
    sites::Sites,
};

fn seed() -> Seed {
    let endpoint = mayday_local::rds::endpoint("orders", "eu-west-1");
    Seed {
        regions: vec!["eu-west-1".to_owned(), "eu-central-1".to_owned()],
        plan_yaml: "name: plan".to_owned(),
        standbys: Vec::new(),
        databases: vec![SeedDatabase {
            instance: "orders".to_owned(),
            region: "eu-west-1".to_owned(),
            secret: "orders/app".to_owned(),
            database: "inventory".to_owned(),
            rows: 500,
        }],
        zones: vec![SeedZone {
            name: "internal.example.com".to_owned(),
            private: true,
            records: vec![("db.internal.example.com".to_owned(), "CNAME".to_owned(), 30, endpoint)],
            failovers: Vec::new(),
        }],
        ..Seed::default()
    }
}

#[tokio::test]
async fn a_client_finds_the_database_by_its_name_and_signs_in_with_its_secret_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut secrets = Vec::new();
    for _ in 0..2 {
        let shared = Arc::new(Shared::new(Clock::open(dir.path(), 1.0).unwrap(), dir.path().to_owned(), String::new()));
        let data = Data::open(&shared, &seed(), Duration::from_secs(2)).await.unwrap();
        let secret = data.secrets.current("eu-west-1", "orders/app").unwrap();
        let fields: serde_json::Value = serde_json::from_str(&secret).unwrap();
        let host = data.dns.lookup("db.internal.example.com").pop().unwrap();
        let mut config = tokio_postgres::Config::new();
        config.host(host).user(fields["username"].as_str().unwrap()).password(fields["password"].as_str().unwrap()).dbname("inventory");
        drop(config.connect(tokio_postgres::NoTls).await.unwrap());
        assert_eq!(data.s3.get(&bucket("eu-central-1"), "plan.yaml").unwrap(), b"name: plan");
        secrets.push(secret);
        shared.tasks.abort_all();
        data.close().await;
        let views = data.rds.databases().await;
        assert!(views.iter().all(|view| !view.answers), "no server outlives a stop");
    }
    assert_eq!(secrets[0], secrets[1]);
}

#[tokio::test]
async fn a_site_answers_as_the_plan_says_until_it_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    let shared = Shared::new(Clock::open(dir.path(), 1.0).unwrap(), dir.path().to_owned(), String::new());
    let page = SeedPage { port: 8080, path: "/health".to_owned(), status: 204, says: String::new() };
    let sites = Sites::open(&shared, &[SeedSite { host: "shop.example.com".to_owned(), pages: vec![page] }]).await;
    let address = sites.resolve("SHOP.example.com.").unwrap();
    assert_eq!(sites.resolve("other.example.com"), None);
    // Only plain HTTP is spoken, but the client wants a provider to exist.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |path: &str| client.get(format!("http://{address}:8080{path}")).send().await.unwrap().status().as_u16();
    assert_eq!((ask("/health").await, ask("/else").await), (204, 404));
    sites.set_broken("shop.example.com", true).unwrap();
    assert_eq!(ask("/health").await, 503);
    sites.set_broken("shop.example.com", false).unwrap();
    assert_eq!(ask("/health").await, 204);
    assert!(sites.set_broken("other.example.com", true).unwrap_err().to_string().contains("shop.example.com"), "what there is, is named");
}
