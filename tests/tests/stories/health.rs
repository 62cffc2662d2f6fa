use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use jiff::SignedDuration;
use mayday_core::{
    alert::Standing,
    probe::{Outcome, Verdict},
};
use mayday_tests::{CHANNEL, INSTANCE, Message, Setup, Stage};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A web application on loopback that answers as it is told to, until the test ends.
struct App {
    port: u16,
    status: Arc<AtomicU16>,
}

impl App {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let status = Arc::new(AtomicU16::new(200));
        let told = status.clone();
        #[expect(clippy::disallowed_methods, reason = "the application lives beside the test")]
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 2_048];
                let _ = stream.read(&mut request).await;
                let status = told.load(Ordering::SeqCst);
                let body = if status == 200 { "all systems ready" } else { "out of order" };
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { port, status }
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// A stage whose plan has a service with these probes beside the demonstration's. Time stands, so that every minute is the
    /// test's.
    async fn stage(&self, probes: &str) -> Stage {
        let service = format!("  counter:\n    environment: production\n    databases: [inventory]\n    probes:\n{probes}\n");
        let mut setup = Setup { scale: 1.0, ..Setup::default() };
        setup.plan = match setup.plan.split_once("\nservices:\n") {
            Some((before, after)) => format!("{before}\nservices:\n{service}{after}"),
            None => format!("{}\nservices:\n{service}", setup.plan),
        };
        Stage::with(setup).await
    }

    fn front_page(&self) -> String {
        format!("      - {{name: front page, http: {{url: \"http://127.0.0.1:{}/\", contains: ready}}}}", self.port)
    }
}

const FRONT: &str = "counter/service/front page";

/// What was said in the channel to everybody about the service's health.
fn alerts(stage: &Stage) -> Vec<Message> {
    stage.said(&["counter", "not well"])
}

#[tokio::test]
async fn r01_three_failed_health_checks_make_a_verdict_and_people_are_told() {
    let app = App::start().await;
    let stage = app.stage(&app.front_page()).await;
    stage.until_verdict(FRONT, Verdict::Well).await;

    app.answers(503);
    for row in 1..=2 {
        let watch = stage.minute(FRONT).await;
        assert_eq!((watch.verdict, watch.last, watch.row), (Verdict::Well, Outcome::Ill, row), "two are no verdict");
    }
    assert_eq!(alerts(&stage), []);
    let watch = stage.minute(FRONT).await;
    assert_eq!((watch.verdict, watch.row), (Verdict::Ill, 3));
    let alert = stage.until("people are told", async || alerts(&stage).into_iter().next()).await;
    assert!(alert.says(&["front page", "503", "/dr diagnose counter"]), "{}", alert.words());
    stage.minute(FRONT).await;
    assert_eq!(alerts(&stage).len(), 1, "once is enough");

    // Asked by a person, it says the same, now, and in a picture.
    let ana = stage.person("ana");
    let told = ana.types("/dr health:check counter").await;
    let words = told.whispered();
    assert!(words.contains("❌ counter") && words.contains("503") && words.contains("3 of 3 in a row ill"), "{words}");
    let told = ana.types("/dr diagnose counter").await.whispered();
    assert!(told.contains("the application does not answer as it should"), "{told}");
    assert!(told.contains("✅ inventory: ") && told.contains("Is the database accessible?"), "{told}");

    app.answers(200);
    stage.until_verdict(FRONT, Verdict::Well).await;
    stage
        .until("people are told that it is over", async || {
            let standing = stage.records::<Standing>("alert").into_iter().find(|standing| standing.alert.subject == "counter")?;
            let replies = stage.messages(CHANNEL).into_iter().filter(|message| message.thread() == Some(alert.ts()));
            (standing.told_resolved && replies.count() == 1).then_some(())
        })
        .await;
}

#[tokio::test]
async fn r02_database_connectivity_is_watched_and_told() {
    let app = App::start().await;
    let probes = "      - {name: stock database, postgres: {database: inventory}}";
    let stage = app.stage(probes).await;
    let id = "counter/service/stock database";
    stage.until_verdict(id, Verdict::Well).await;
    let ana = stage.person("ana");
    let told = ana.types("/dr db:connection-test inventory").await.whispered();
    assert!(told.contains("✅ *the database inventory*") && told.contains("signed in, PostgreSQL"), "{told}");

    stage.break_it("kill_primary", INSTANCE).await;
    let watch = stage.until_verdict(id, Verdict::Ill).await;
    assert!(watch.row >= 3, "{watch:?}");
    let alert = stage.until("people are told", async || alerts(&stage).into_iter().next()).await;
    assert!(alert.says(&["stock database", "counter is not well"]), "{}", alert.words());
    for command in ["/dr db:health-check inventory", "/dr db:status", "/dr health"] {
        let told = ana.types(command).await.whispered();
        assert!(told.contains("❌"), "{command}: {told}");
    }
    let told = ana.types("/dr diagnose:failures inventory").await.whispered();
    assert!(told.contains("the database can't be reached") || told.contains("the database is gone"), "{told}");
    assert!(told.contains("Are the backups fresh?"), "{told}");
}

#[tokio::test]
async fn h9_a_service_that_flaps_makes_no_verdict_and_nobody_is_told() {
    let app = App::start().await;
    let stage = app.stage(&app.front_page()).await;
    stage.until_verdict(FRONT, Verdict::Well).await;
    for status in [503, 200, 503, 503, 200, 503] {
        app.answers(status);
        let watch = stage.minute(FRONT).await;
        assert_eq!(watch.verdict, Verdict::Well, "{watch:?}");
    }
    assert_eq!(alerts(&stage), []);
    assert_eq!(stage.watch(FRONT).unwrap().recent.iter().filter(|sample| sample.outcome == Outcome::Ill).count(), 4);
}

#[tokio::test]
async fn h10_when_we_see_nothing_it_is_unknown_and_never_down() {
    let app = App::start().await;
    let stage = app.stage("      - {name: stock database, postgres: {database: inventory}}").await;
    let id = "counter/service/stock database";
    stage.until_verdict(id, Verdict::Well).await;
    // The inspector's region is down for us; the database is well.
    stage.fault(json!({"service": "lambda", "operation": "Invoke", "contains": "select 1", "effect": "error", "code": "ServiceException"}));
    let watch = stage.until_verdict(id, Verdict::Unknown).await;
    assert_eq!(watch.last, Outcome::Blind, "{watch:?}");
    let blind = |message: &Message| message.only_for().is_none() && message.says(&["see nothing", "That says nothing about the services"]);
    stage.until("people are told that we are blind", async || stage.messages(CHANNEL).into_iter().find(blind)).await;
    assert_eq!(alerts(&stage), [], "nobody is told that it is down");
    let told = stage.person("ana").types("/dr health counter").await.whispered();
    assert!(told.contains("could not be seen") && told.contains("❔") && !told.contains("❌"), "{told}");
}

/// The pictures of a channel.
fn pictures(stage: &Stage) -> Vec<Message> {
    stage.messages(CHANNEL).into_iter().filter(|message| message.0["files"][0]["mimetype"] == "image/png").collect()
}

#[tokio::test]
async fn k3_pictures_say_what_they_show_and_hold_no_secret() {
    let app = App::start().await;
    let stage = app.stage(&app.front_page()).await;
    stage.until_verdict(FRONT, Verdict::Well).await;
    let ana = stage.person("ana");
    ana.types("/dr health counter").await;
    let shown = stage.until("a chart is shown", async || pictures(&stage).into_iter().next()).await;
    let file = &shown.0["files"][0];
    let alt = file["alt_txt"].as_str().unwrap();
    assert!(alt.contains("counter") && alt.contains("front page") && alt.contains("all well"), "{alt}");

    // A run's timeline stands in the run's own thread.
    let done = stage.carried_out("/dr restore inventory --latest").await;
    let headline = done.run.headline.clone().unwrap();
    let in_thread = |message: &Message| message.thread() == Some(headline.ts.as_str());
    let shown = stage.until("the timeline is shown", async || pictures(&stage).into_iter().find(in_thread)).await;
    let file = &shown.0["files"][0];
    let alt = file["alt_txt"].as_str().unwrap();
    assert!(alt.contains(&done.run.title) && alt.contains("within the RTO of 1 h"), "{alt}");
    let secret = stage.secret();
    for file in pictures(&stage).iter().map(|message| &message.0["files"][0]) {
        let said = file.to_string();
        assert!(!said.contains(secret["password"].as_str().unwrap()) && !said.contains("xoxb"), "{said}");
        let bytes = stage.download(file["url_private"].as_str().unwrap()).await;
        assert!(bytes.starts_with(b"\x89PNG"), "it is a picture");
    }
    assert_eq!(pictures(&stage).iter().filter(|message| in_thread(message)).count(), 1, "it is shown once");
}

#[tokio::test]
async fn k3_a_run_ends_as_well_when_its_picture_can_not_be_shown() {
    let stage = Stage::open().await;
    stage.fault(json!({"service": "slack", "operation": "files.completeUploadExternal", "effect": "error", "code": "internal_error"}));
    let done = stage.carried_out("/dr restore inventory --latest").await;
    assert_eq!(done.run.state, mayday_core::run::State::Succeeded);
    let tries = || stage.shared().calls.since(0).into_iter().filter(|call| call.operation == "files.completeUploadExternal").count();
    stage.until("it is tried", async || (tries() == 1).then_some(())).await;
    for _ in 0..3 {
        stage.advance(SignedDuration::from_mins(6));
        stage.until("functions rest", async || stage.stack().lambda().idle().then_some(())).await;
    }
    assert_eq!(tries(), 1, "it is not tried for ever");
    assert_eq!(pictures(&stage), []);
}

/// The button of an alert does what the words say.
#[tokio::test]
async fn r01_an_alerts_button_diagnoses() {
    let app = App::start().await;
    let stage = app.stage(&app.front_page()).await;
    stage.until_verdict(FRONT, Verdict::Well).await;
    app.answers(500);
    stage.until_verdict(FRONT, Verdict::Ill).await;
    let alert = stage.until("people are told", async || alerts(&stage).into_iter().next()).await;
    let told = stage.person("bob").presses("open_diagnose", &alert).await.whispered();
    assert!(told.contains("Diagnosis of counter"), "{told}");
}
