//! Against a real server.

use std::{os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use mayday_core::port::{Changed, InspectorRequest, Probe, SqlChange, SqlTarget};
use mayday_local::postgres::{Addresses, Cluster, Installation, Settings};
use mayday_resolver::Resolver;
use serde_json::json;

use super::*;

const PASSWORD: &str = "it's a secret";

struct Machine {
    cluster: Cluster,
    dir: tempfile::TempDir,
}

impl Machine {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let installation = Arc::new(Installation::open(&dir.path().join("postgres")).await.unwrap());
        let addresses = Addresses::seeded(&dir.path().to_string_lossy());
        let cluster = Cluster::at(installation, "orders", addresses.free().unwrap());
        cluster.create().await.unwrap();
        cluster.start(&Settings::default(), &addresses).await.unwrap();
        cluster.set_up("app", PASSWORD, Some("inventory")).await.unwrap();
        Self { cluster, dir }
    }

    fn request(&self, questions: &[&str]) -> InspectorRequest {
        let probes =
            questions.iter().enumerate().map(|(number, sql)| Probe { name: format!("q{number}"), sql: (*sql).to_owned() }).collect();
        let host = self.cluster.address().to_string();
        let target =
            SqlTarget { region: "eu-west-1".to_owned(), host, port: 5432, database: "inventory".to_owned(), secret: "orders".to_owned() };
        InspectorRequest { target, user: "app".to_owned(), password: PASSWORD.to_owned(), probes, change: None }
    }

    async fn ask(&self, questions: &[&str]) -> Vec<Result<Option<String>, String>> {
        let found = inspector(false, None).inspect(&self.request(questions)).await;
        assert_eq!(found.connection_error, None);
        assert!(found.server_version.is_some());
        found.results.into_iter().map(|result| result.error.map_or(Ok(result.value), Err)).collect()
    }

    /// Gives the server a certificate of an authority of its own, and returns the authority's.
    async fn offer_tls(&self) -> std::path::PathBuf {
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = authority.self_signed(&authority_key).unwrap();
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["orders.abc.eu-west-1.rds.amazonaws.com".to_owned()];
        let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();

        let admin = self.cluster.connect("postgres").await.unwrap();
        let data: String = admin.query_one("SHOW data_directory", &[]).await.unwrap().get(0);
        give_to_owner(Path::new(&data), "server.crt", &certificate.pem());
        give_to_owner(Path::new(&data), "server.key", &key.serialize_pem());
        admin.execute("ALTER SYSTEM SET ssl = on", &[]).await.unwrap();
        admin.execute("SELECT pg_reload_conf()", &[]).await.unwrap();
        let file = self.dir.path().join("root.pem");
        std::fs::write(&file, root.pem()).unwrap();
        file
    }

    async fn end(self) {
        self.cluster.remove().await.unwrap();
    }
}

fn give_to_owner(data: &Path, name: &str, pem: &str) {
    use std::os::unix::fs::MetadataExt as _;
    let file = data.join(name);
    std::fs::write(&file, pem).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let owner = std::fs::metadata(data).unwrap();
    std::os::unix::fs::chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
}

fn inspector(tls_required: bool, roots: Option<std::path::PathBuf>) -> Inspector {
    Inspector::new(Config { resolver: Resolver::from_list("127.0.0.1:1").unwrap(), tls_required, roots }).unwrap()
}

#[tokio::test]
async fn answers_of_any_type_come_as_text() {
    let machine = Machine::new().await;
    let questions = [
        "SELECT count(*) FROM pg_class WHERE false",
        "SELECT true",
        "SELECT NULL",
        "SELECT 1 WHERE false",
        "SELECT 1.50, 'second'",
        "SHOW default_transaction_isolation",
        "VALUES ('one;two'), ('three')",
    ];
    let answers = machine.ask(&questions).await;
    let text = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(answers, [text("0"), text("t"), Ok(None), Ok(None), text("1.50"), text("read committed"), text("one;two")]);
    machine.end().await;
}

#[tokio::test]
async fn no_question_can_write() {
    let machine = Machine::new().await;
    let admin = machine.cluster.connect("inventory").await.unwrap();
    admin.batch_execute("CREATE TABLE kept (id int); GRANT ALL ON kept TO app").await.unwrap();
    let answers = machine
        .ask(&[
            "INSERT INTO kept VALUES (1)",
            "SELECT 1; INSERT INTO kept VALUES (1)",
            "COMMIT; INSERT INTO kept VALUES (1)",
            "SET TRANSACTION READ WRITE",
            "COMMIT",
            "SET default_transaction_read_only = off",
            "INSERT INTO kept VALUES (1)",
            "SELECT count(*) FROM kept",
        ])
        .await;
    assert_eq!(answers[0], Err("cannot execute INSERT in a read-only transaction (25006)".to_owned()));
    assert_eq!(answers[1], Err("cannot insert multiple commands into a prepared statement (42601)".to_owned()));
    assert!(answers[2].is_err(), "{answers:?}");
    assert_eq!(answers[6], answers[0]);
    assert_eq!(answers[7], Ok(Some("0".to_owned())));
    machine.end().await;
}

#[tokio::test]
async fn a_refused_question_is_told_in_the_databases_words_and_the_next_is_asked() {
    let machine = Machine::new().await;
    let answers = machine.ask(&["SELECT * FROM gone", "SELECT $1::int", "SELECT 1"]).await;
    assert_eq!(answers[0], Err("relation \"gone\" does not exist (42P01)".to_owned()));
    assert!(answers[1].is_err());
    assert_eq!(answers[2], Ok(Some("1".to_owned())));
    machine.end().await;
}

#[tokio::test]
async fn a_lost_connection_leaves_the_rest_unanswered_and_says_so() {
    let machine = Machine::new().await;
    let admin = machine.cluster.connect("postgres").await.unwrap();
    admin.batch_execute("GRANT pg_signal_backend TO app").await.unwrap();
    let answers = machine.ask(&["SELECT 1", "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 2"]).await;
    assert_eq!((answers.len(), &answers[0]), (3, &Ok(Some("1".to_owned()))));
    assert!(answers[2].as_ref().is_err_and(|why| !why.is_empty()), "{answers:?}");
    machine.end().await;
}

#[tokio::test]
async fn what_keeps_a_connection_from_coming_about_is_an_answer() {
    let machine = Machine::new().await;
    let why = async |change: fn(&mut InspectorRequest)| {
        let mut request = machine.request(&["SELECT 1"]);
        change(&mut request);
        let found = inspector(false, None).inspect(&request).await;
        assert!(found.results.is_empty());
        let why = found.connection_error.unwrap();
        assert!(!why.contains("secret"), "{why}");
        why
    };
    assert_eq!(
        why(|request| request.password = "a wrong secret".to_owned()).await,
        "password authentication failed for user \"app\" (28P01)"
    );
    assert_eq!(why(|request| request.target.database = "gone".to_owned()).await, "database \"gone\" does not exist (3D000)");
    assert!(why(|request| request.target.port = 1).await.contains("refused"));
    assert!(why(|request| request.target.host = "gone.example".to_owned()).await.contains("no name server answered for gone.example"));
    machine.end().await;
}

#[tokio::test]
async fn tls_is_used_where_it_is_offered_and_its_authority_must_be_trusted() {
    let machine = Machine::new().await;
    let request = machine.request(&["SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"]);
    let refused = inspector(true, None).inspect(&request).await.connection_error.unwrap();
    assert!(refused.contains("does not support TLS"), "{refused}");

    let roots = machine.offer_tls().await;
    let encrypted = inspector(true, Some(roots)).inspect(&request).await;
    assert_eq!((encrypted.connection_error, encrypted.results[0].value.as_deref()), (None, Some("t")));
    let stranger = inspector(false, None).inspect(&request).await.connection_error.unwrap();
    assert!(stranger.contains("UnknownIssuer"), "{stranger}");
    machine.end().await;
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_refused_without_a_word_of_it() {
    let payload = json!({"target": {"host": "orders"}, "user": "app", "password": 12345, "probes": []});
    let error = answer(&inspector(false, None), payload).await.unwrap_err();
    assert_eq!(error.error_type, "BadRequest");
    assert!(!error.error_message.contains("12345"));
}

impl Machine {
    async fn change(&self, change: SqlChange) -> Changed {
        let request = InspectorRequest { change: Some(change), ..self.request(&[]) };
        let found = inspector(false, None).inspect(&request).await;
        assert_eq!(found.connection_error, None);
        found.changed.expect("what came of it")
    }

    /// A session as an application holds one, as long as it is let.
    #[expect(clippy::disallowed_methods, reason = "an application's session goes on beside the test")]
    async fn application(&self) -> tokio_postgres::Client {
        let mut config = tokio_postgres::Config::new();
        config.host(self.cluster.address().to_string()).port(5432).user("app").password(PASSWORD).dbname("inventory");
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

#[tokio::test]
async fn a_freeze_ends_writes_and_sessions_and_a_thaw_lets_them_back() {
    let machine = Machine::new().await;
    let run = || "r-o'hara\\".to_owned();
    assert_eq!(machine.change(SqlChange::WriteProbe { run: run() }).await, Changed::Made("a row was written".to_owned()));
    let application = machine.application().await;
    application.batch_execute("create table kept (one int)").await.unwrap();

    for ended in [1, 0] {
        let made = Changed::Made(format!("new sessions only read, and {ended} others were ended"));
        assert_eq!(machine.change(SqlChange::Freeze { run: run() }).await, made, "done twice, it is the same");
    }
    assert!(application.batch_execute("insert into kept values (1)").await.is_err(), "its session was ended");
    let refused = machine.application().await.batch_execute("insert into kept values (1)").await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "25006");
    let probed = machine.change(SqlChange::WriteProbe { run: run() }).await;
    assert!(matches!(&probed, Changed::Refused { code, .. } if code == "25006"), "{probed:?}");
    let said = machine.ask(&[mayday_core::standby::FROZEN_BY, mayday_core::standby::READ_ONLY, mayday_core::standby::OLD_SESSIONS]).await;
    assert_eq!(said, [Ok(Some(run())), Ok(Some("on".to_owned())), Ok(Some("0".to_owned()))]);

    let thawed = machine.change(SqlChange::Thaw).await;
    assert!(matches!(thawed, Changed::Made(_)), "{thawed:?}");
    machine.application().await.batch_execute("insert into kept values (1)").await.unwrap();
    machine.end().await;
}

#[tokio::test]
async fn what_was_not_proven_is_not_frozen() {
    let machine = Machine::new().await;
    // Whoever may set it for themselves is not stopped by the database's default.
    let admin = machine.cluster.connect("postgres").await.unwrap();
    admin.batch_execute("alter role app in database inventory set default_transaction_read_only = off").await.unwrap();
    let frozen = machine.change(SqlChange::Freeze { run: "r-1".to_owned() }).await;
    assert!(matches!(&frozen, Changed::Refused { code, .. } if code == "StillWritable"), "{frozen:?}");
    machine.end().await;
}
