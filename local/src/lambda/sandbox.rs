//! One process of a function, and its own Runtime API ([`runtime`]).

use std::{
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::{
    net::TcpListener,
    process::Command,
    sync::{Notify, mpsc, oneshot, watch},
};

use super::{
    function::{Function, Outcome},
    processes::Processes,
    runtime::{self, Job, Work},
};
use crate::service::Shared;

/// A process gets this long from its start to its first question for work. AWS gives 10 s; a debug build on a busy machine needs more.
const INIT: Duration = Duration::from_secs(30);

struct Sent {
    job: Job,
    taken: oneshot::Sender<()>,
    answer: oneshot::Sender<Outcome>,
}

/// What became of a job.
pub(super) enum Run {
    /// It ran.
    Done(Outcome),
    /// The process ended before it asked for the job: nothing happened.
    NotTaken(Outcome),
}

/// A process.
#[derive(Debug)]
pub(super) struct Sandbox {
    pub(super) pid: u32,
    work: mpsc::Sender<Sent>,
    exit: watch::Receiver<Option<String>>,
    kill: Arc<Notify>,
}

impl Sandbox {
    /// Starts a process of `function`.
    pub(super) async fn start(function: &Function, region: &str, shared: &Shared, processes: Arc<Processes>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut command = command(function, region, shared)?;
        command.env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string());
        let mut child = command.spawn().with_context(|| format!("fork/exec {}", function.binary.display()))?;
        let pid = child.id().context("the process ended at once")?;
        processes.note(pid);

        let (work, queue) = mpsc::channel(1);
        let (ended, exit) = watch::channel(None);
        let kill = Arc::new(Notify::new());
        let conversation = Arc::new(Conversation { queue: tokio::sync::Mutex::new(queue), current: Mutex::new(None) });
        let serve = axum::serve(listener, runtime::router(conversation)).into_future();
        let killed = kill.clone();
        shared.tasks.spawn(async move {
            let status = tokio::select! {
                status = child.wait() => status,
                _ = serve => child.wait().await,
                () = killed.notified() => {
                    child.start_kill().ok();
                    child.wait().await
                }
            };
            processes.forget(pid);
            ended.send_replace(Some(status.map_or_else(|error| error.to_string(), describe)));
        });
        Ok(Self { pid, work, exit, kill })
    }

    /// Runs one job to its end. The caller gives a process one job at a time.
    pub(super) async fn run(&self, job: Job, timeout: Duration) -> Run {
        let request_id = job.request_id.clone();
        let (taken, was_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        // A process that has ended lets the channel's other side go; what follows then says so.
        self.work.send(Sent { job, taken, answer }).await.ok();
        tokio::select! {
            biased;
            took = was_taken => if took.is_err() {
                return Run::NotTaken(self.died(&request_id).await);
            },
            outcome = self.died(&request_id) => return Run::NotTaken(outcome),
            () = tokio::time::sleep(INIT) => {
                self.kill();
                self.ended().await;
                return Run::Done(Outcome::fault(&request_id, "Sandbox.Timedout", &format!("Task timed out after {:.2} seconds", INIT.as_secs_f64())));
            }
        }
        tokio::select! {
            biased;
            outcome = answered => match outcome {
                Ok(outcome) => Run::Done(outcome),
                Err(_) => Run::Done(self.died(&request_id).await),
            },
            outcome = self.died(&request_id) => Run::Done(outcome),
            () = tokio::time::sleep(timeout) => {
                self.kill();
                self.ended().await;
                let what = format!("Task timed out after {:.2} seconds", timeout.as_secs_f64());
                Run::Done(Outcome::fault(&request_id, "Sandbox.Timedout", &what))
            }
        }
    }

    /// Ends the process with SIGKILL, whatever it does.
    pub(super) fn kill(&self) {
        self.kill.notify_one();
    }

    pub(super) fn alive(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Waits for the process to end, and says how it did.
    pub(super) async fn ended(&self) -> String {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await;
        ended.ok().and_then(|how| how.clone()).unwrap_or_else(|| "the stack stopped".to_owned())
    }

    async fn died(&self, request_id: &str) -> Outcome {
        let how = self.ended().await;
        Outcome::fault(request_id, "Runtime.ExitError", &format!("Runtime exited with error: {how}"))
    }
}

/// As Lambda words it.
fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, signal) => format!("signal: {}", signal.unwrap_or_default()),
    }
}

fn command(function: &Function, region: &str, shared: &Shared) -> anyhow::Result<Command> {
    let log = shared.folder(region).join("logs").join(format!("{}.log", function.name));
    let log = std::fs::File::options().create(true).append(true).open(log)?;
    let mut command = Command::new(&function.binary);
    command
        .env_clear()
        .envs(runtime::environment(function, region))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    if let Some(clock) = shared.clock.file() {
        command.env("MAYDAY_CLOCK", std::path::absolute(clock)?);
    }
    Ok(command)
}

/// The process's side of the conversation.
struct Conversation {
    queue: tokio::sync::Mutex<mpsc::Receiver<Sent>>,
    current: Mutex<Option<(String, oneshot::Sender<Outcome>)>>,
}

#[async_trait]
impl Work for Conversation {
    async fn next(&self) -> Option<Job> {
        let Sent { job, taken, answer } = self.queue.lock().await.recv().await?;
        taken.send(()).ok();
        *self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((job.request_id.clone(), answer));
        Some(job)
    }

    fn finish(&self, outcome: Outcome) -> bool {
        let current = self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take_if(|(id, _)| *id == outcome.request_id);
        let Some((_, answer)) = current else { return false };
        answer.send(outcome).ok();
        true
    }

    async fn cannot_start(&self, error: Bytes) {
        let Ok(Sent { job, taken, answer }) = self.queue.lock().await.try_recv() else { return };
        taken.send(()).ok();
        answer.send(Outcome::failure(&job.request_id, error)).ok();
    }
}
