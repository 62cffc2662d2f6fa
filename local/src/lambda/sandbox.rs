//! One process of a function, and the Runtime API that it alone talks to.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tokio::{
    net::TcpListener,
    process::Command,
    sync::{Notify, mpsc, oneshot, watch},
};

use super::{
    function::{Function, Outcome},
    processes::Processes,
};
use crate::service::Shared;

/// A process gets this long from its start to its first question for work. AWS gives 10 s; a debug build on a busy machine needs more.
const INIT: Duration = Duration::from_secs(30);
/// Lambda's limit for an answer, in bytes.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024 + 100;

/// One invocation on its way to a process.
pub(super) struct Job {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) function_arn: String,
    /// Until when the function may run, in milliseconds since 1970 of the stack's time.
    pub(super) deadline_ms: i64,
}

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
        let runtime = Arc::new(Runtime { queue: tokio::sync::Mutex::new(queue), current: Mutex::new(None) });
        let serve = axum::serve(listener, router(runtime)).into_future();
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
    let log = shared.data.join("logs").join(format!("{}.log", function.name));
    let log = std::fs::File::options().create(true).append(true).open(log)?;
    let mut command = Command::new(&function.binary);
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "en_US.UTF-8")
        .env("TZ", ":UTC")
        .env("AWS_LAMBDA_FUNCTION_NAME", &function.name)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "local")
        .env("AWS_REGION", region)
        .env("AWS_DEFAULT_REGION", region)
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_SESSION_TOKEN", "local")
        .envs(&function.environment)
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
struct Runtime {
    queue: tokio::sync::Mutex<mpsc::Receiver<Sent>>,
    current: Mutex<Option<(String, oneshot::Sender<Outcome>)>>,
}

impl Runtime {
    fn finish(&self, outcome: Outcome) -> StatusCode {
        let current = self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take_if(|(id, _)| *id == outcome.request_id);
        match current {
            Some((_, answer)) => {
                answer.send(outcome).ok();
                StatusCode::ACCEPTED
            }
            None => StatusCode::BAD_REQUEST,
        }
    }
}

fn router(runtime: Arc<Runtime>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::disable())
        .with_state(runtime)
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    let Some(Sent { job, taken, answer }) = runtime.queue.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    taken.send(()).ok();
    *runtime.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((job.request_id.clone(), answer));
    let trace = format!("Root=1-{:08x}-{:024x};Sampled=0", job.deadline_ms / 1000, job.deadline_ms);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", job.request_id),
        ("lambda-runtime-deadline-ms", job.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", job.function_arn),
        ("lambda-runtime-trace-id", trace),
    ];
    (headers, job.payload).into_response()
}

async fn response(State(runtime): State<Arc<Runtime>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let outcome = if body.len() > LARGEST_ANSWER {
        let message = format!("Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes).");
        Outcome::failure(&id, json!({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}).to_string().into())
    } else {
        Outcome::success(&id, body)
    };
    runtime.finish(outcome)
}

async fn error(State(runtime): State<Arc<Runtime>>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> StatusCode {
    runtime.finish(Outcome::failure(&id, error_body(&headers, body)))
}

/// The process says why it can't start, then ends.
async fn init_error(State(runtime): State<Arc<Runtime>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Ok(Sent { job, taken, answer }) = runtime.queue.lock().await.try_recv() else { return StatusCode::ACCEPTED };
    taken.send(()).ok();
    answer.send(Outcome::failure(&job.request_id, error_body(&headers, body))).ok();
    StatusCode::ACCEPTED
}

/// A runtime that sends no body still names the error in a header.
fn error_body(headers: &HeaderMap, body: Bytes) -> Bytes {
    if !body.is_empty() {
        return body;
    }
    let kind = headers.get("lambda-runtime-function-error-type").and_then(|kind| kind.to_str().ok()).unwrap_or("Runtime.Unknown");
    json!({"errorType": kind, "errorMessage": ""}).to_string().into()
}
