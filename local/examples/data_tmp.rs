//! Temporary.
use std::sync::Arc;
use mayday_local::{clock::Clock, data::Data, front::{self, Front}, lambda::Lambda, seed::*, service::Shared, registry::Registry};
#[tokio::main]
async fn main() {
    let dir = std::path::PathBuf::from(std::env::args().nth(1).unwrap());
    std::fs::create_dir_all(&dir).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let shared = Arc::new(Shared::new(Clock::open(&dir, 1.0).unwrap(), dir.clone(), url.clone()));
    let seed = Seed { regions: vec!["eu-west-1".into(), "eu-central-1".into()], plan_yaml: "x: 1".into(),
        databases: vec![SeedDatabase{instance:"orders-db".into(),region:"eu-west-1".into(),secret:"orders/app".into(),database:"orders".into(),rows:50_000}],
        zones: vec![SeedZone{name:"internal.example.com".into(),private:true,records:vec![]}], ..Seed::default() };
    let data = Data::open(&shared, &seed, std::time::Duration::from_secs(2)).await.unwrap();
    let lambda = Lambda::open(shared.clone(), "eu-west-1").unwrap();
    let services = Arc::new(Registry::new(data.services()));
    let app = Front { shared: shared.clone(), services, lambda, door: "x" }.app(axum::Router::new());
    println!("ready {url} dns {}", data.dns.port());
    tokio::select! { () = front::serve(listener, shared.clone(), app) => {}, _ = tokio::signal::ctrl_c() => {} }
    shared.tasks.abort_all();
    data.close().await;
}
