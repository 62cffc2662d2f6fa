//! A function's process in front of a Runtime API that takes its readings: at each question for work, and at each answer.

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use mayday_local::lambda::{
    Function, Outcome,
    runtime::{self, Job, Work},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
};

use crate::process::{Born, Reading};

/// A process that takes longer for anything than this has hung. Under callgrind everything takes fifty times as long.
const LIMIT: Duration = Duration::from_secs(120);
/// Where all functions are.
pub(crate) const REGION: &str = "eu-west-1";

/// What the process just did.
#[derive(Debug)]
enum Mark {
    /// It asks for work.
    Polled(Reading),
    /// It was given some.
    Given(Reading),
    /// It answers.
    Answered(Reading, Outcome),
    /// It says that it can't start.
    Failed(Bytes),
    /// It can't be read any more.
    Gone(String),
}

/// One process and its Runtime API. Dropping it ends both.
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    jobs: mpsc::Sender<Job>,
    marks: mpsc::UnboundedReceiver<Mark>,
    api: JoinHandle<std::io::Result<()>>,
    log: PathBuf,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.api.abort();
    }
}

impl Process {
    /// Starts a function as Lambda does, with nothing in its environment but what Lambda sets and the function's own. What it
    /// prints goes to a file in `logs`. `under` is a command that runs it: callgrind and its arguments, or nothing.
    pub(crate) async fn start(function: &Function, logs: &Path, under: &[OsString]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (jobs, queue) = mpsc::channel(1);
        let (marks, seen) = mpsc::unbounded_channel();
        let (birth, born) = watch::channel(None);
        let work = Arc::new(Watched { jobs: Mutex::new(queue), marks, born });
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).ok();
        });
        let api = tokio::spawn(axum::serve(listener, runtime::router(work)).into_future());

        let log = logs.join(format!("{}.log", function.name));
        let output = File::create(&log)?;
        let mut words = under.iter().map(OsString::as_os_str).chain([function.binary.as_os_str()]);
        let mut command = Command::new(words.next().context("no program")?);
        command
            .args(words)
            .env_clear()
            .envs(runtime::environment(function, REGION))
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true);
        let at = Instant::now();
        let child = command.spawn().with_context(|| format!("{} can't be started", function.binary.display()))?;
        let pid = Pid::from_raw(child.id().context("the process ended at once")?.try_into()?);
        birth.send_replace(Some(Born { pid, at }));
        Ok(Self { child, pid, jobs, marks: seen, api, log })
    }

    /// Lays an event out for it.
    pub(crate) async fn give(&self, number: u64, payload: Bytes) -> anyhow::Result<()> {
        let job = Job {
            request_id: format!("{number:08x}-0000-4000-8000-000000000000"),
            payload,
            function_arn: format!("arn:aws:lambda:{REGION}:000000000000:function:measured"),
            deadline_ms: i64::MAX / 4,
        };
        self.jobs.send(job).await.context("the process asks for no work any more")
    }

    /// What it had used when it next asked for work.
    pub(crate) async fn polled(&mut self) -> anyhow::Result<Reading> {
        loop {
            if let Mark::Polled(reading) = self.mark().await? {
                return Ok(reading);
            }
        }
    }

    /// When it was given its event, what it had used when it next answered, and the answer.
    pub(crate) async fn answered(&mut self) -> anyhow::Result<(Reading, Reading, Outcome)> {
        let mut given = Reading::default();
        loop {
            match self.mark().await? {
                Mark::Given(reading) => given = reading,
                Mark::Answered(reading, outcome) => return Ok((given, reading, outcome)),
                _ => {}
            }
        }
    }

    async fn mark(&mut self) -> anyhow::Result<Mark> {
        let mark = tokio::select! {
            mark = self.marks.recv() => mark.context("the Runtime API has ended")?,
            status = self.child.wait() => bail!("the process ended: {}. {}", status?, self.printed()),
            () = tokio::time::sleep(LIMIT) => bail!("the process does nothing any more. {}", self.printed()),
        };
        match mark {
            Mark::Failed(error) => bail!("the function can't start: {}", String::from_utf8_lossy(&error)),
            Mark::Gone(why) => bail!("{why}. {}", self.printed()),
            mark => Ok(mark),
        }
    }

    fn printed(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends it at once.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to end, and waits until it has: callgrind writes its counts then.
    pub(crate) async fn end_in_order(mut self) -> anyhow::Result<()> {
        kill(self.pid, Signal::SIGTERM)?;
        tokio::time::timeout(LIMIT, self.child.wait()).await.context("the process does not end")??;
        Ok(())
    }
}

/// The Runtime API's other side.
struct Watched {
    jobs: Mutex<mpsc::Receiver<Job>>,
    marks: mpsc::UnboundedSender<Mark>,
    born: watch::Receiver<Option<Born>>,
}

impl Watched {
    fn note(&self, born: Option<Born>, mark: impl FnOnce(Reading) -> Mark) {
        let reading = born.context("nobody knows the process yet").and_then(|born| born.read());
        self.marks.send(reading.map_or_else(|error| Mark::Gone(format!("{error:#}")), mark)).ok();
    }
}

#[async_trait]
impl Work for Watched {
    async fn next(&self) -> Option<Job> {
        let born = *self.born.clone().wait_for(Option::is_some).await.ok()?;
        self.note(born, Mark::Polled);
        let job = self.jobs.lock().await.recv().await;
        self.note(born, Mark::Given);
        job
    }

    fn finish(&self, outcome: Outcome) -> bool {
        self.note(*self.born.borrow(), |reading| Mark::Answered(reading, outcome));
        true
    }

    async fn cannot_start(&self, error: Bytes) {
        self.marks.send(Mark::Failed(error)).ok();
    }
}
