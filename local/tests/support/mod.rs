//! What the tests of the stack share: a stack with functions made for tests, and stock clients for it.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_types::{SdkConfig, region::Region};
use mayday_local::{
    lambda::{Function, Lambda},
    seed::Seed,
    stack::{Options, Stack},
};
use serde_json::Value;

/// A folder of the test's own, or one that somebody else deletes.
pub(crate) struct Folder {
    path: PathBuf,
    _guard: Option<tempfile::TempDir>,
}

impl Folder {
    pub(crate) fn temporary() -> Arc<Self> {
        let guard = tempfile::tempdir().unwrap();
        Arc::new(Self { path: guard.path().to_owned(), _guard: Some(guard) })
    }

    pub(crate) fn at(path: PathBuf) -> Arc<Self> {
        Arc::new(Self { path, _guard: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// A stack in a temporary folder.
pub(crate) struct World {
    pub(crate) dir: Arc<Folder>,
    pub(crate) stack: Stack,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_in(Folder::temporary()).await
    }

    pub(crate) async fn start_in(dir: Arc<Folder>) -> Self {
        let stack = Stack::start(options(dir.path())).await.unwrap();
        Self { dir, stack }
    }

    /// A stack over that data, with functions added before anything else happens.
    pub(crate) async fn start_with(dir: Arc<Folder>, add: impl FnOnce(&Self)) -> Self {
        let world = Self::start_in(dir).await;
        add(&world);
        world
    }

    /// Gives up the stack without a word, as SIGKILL would, and starts another over the same data.
    pub(crate) async fn crash_and_restart(self) -> Self {
        let dir = self.dir.clone();
        drop(self);
        Self::start_in(dir).await
    }

    pub(crate) fn lambda(&self) -> &Arc<Lambda> {
        self.stack.lambda()
    }

    /// Adds a function that does what its events say.
    pub(crate) fn function(&self, name: &str) -> FunctionBuilder<'_> {
        let environment = BTreeMap::from([("TEST_LOG".to_owned(), self.log_file().display().to_string())]);
        let function =
            Function { name: name.to_owned(), binary: bootstrap(), timeout: Duration::from_secs(20), environment, on_failure: None };
        FunctionBuilder { world: self, function }
    }

    /// The events that functions got, oldest first.
    pub(crate) fn events(&self, function: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["function"] == function).map(|line| line["event"].clone()).collect()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("events.jsonl")
    }

    pub(crate) fn config(&self) -> SdkConfig {
        config().endpoint_url(self.stack.url()).http_client(aws_smithy_http_client::Builder::new().build_http()).build()
    }
}

pub(crate) struct FunctionBuilder<'world> {
    world: &'world World,
    function: Function,
}

impl FunctionBuilder<'_> {
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.function.timeout = timeout;
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.function.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn on_failure(mut self, function: &str) -> Self {
        self.function.on_failure = Some(function.to_owned());
        self
    }

    pub(crate) fn add(self) {
        self.world.lambda().add(self.function);
    }
}

pub(crate) fn options(dir: &Path) -> Options {
    let seed = Seed { regions: vec!["eu-west-1".to_owned()], ..Seed::default() };
    Options::new(dir.join("data"), dir.join("functions"), seed)
}

pub(crate) fn config() -> aws_types::sdk_config::Builder {
    SdkConfig::builder()
        .behavior_version(aws_sdk_lambda::config::BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("local", "local", None, None, "local")))
}

fn bootstrap() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/function.py")
}

/// Waits for something that happens in the background, a few real milliseconds at a time. Gives up after ten seconds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("did not happen: {what}");
}

/// One HTTP request by hand; the whole answer as text.
pub(crate) async fn http(stack: &Stack, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(stack.url().trim_start_matches("http://")).await.unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
