//! The worker against the local stack: every call that it makes is answered by the stack's services, in this process.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, ensure};
use mayday_local::{
    from_plan, functions,
    lambda::Function,
    seed::Seed,
    stack::{Options, Stack},
};
use mayday_slack::envelope::{self, Body, Door, Envelope};

use crate::case::{Case, Target, now};

/// Slow enough that no schedule of the stack falls due while we measure.
const TIME_SCALE: f64 = 0.001;
/// Rows in each database: it is not the databases that are measured.
const ROWS: u64 = 100;
/// The folder where the stack looks for functions: it is to start none.
const NO_FUNCTIONS: &str = "no-functions";

/// A stack in which nothing happens but what the worker does.
pub(crate) struct World {
    stack: Arc<Stack>,
    seed: Seed,
    dns: String,
}

impl World {
    /// Starts it with a plan, in a folder.
    pub(crate) async fn open(plan: &str, data: &Path) -> anyhow::Result<Self> {
        let seed = from_plan::seed(plan, ROWS)?;
        let folder = data.join(NO_FUNCTIONS);
        let options = Options { time_scale: TIME_SCALE, ..Options::new(data.to_owned(), folder, seed.clone()) };
        let stack = Arc::new(Stack::start(options).await?);
        let dns = format!("127.0.0.1:{}", stack.data().dns.port());
        Ok(Self { stack, seed, dns })
    }

    /// Its worker, in `folder`.
    fn worker(&self, folder: &Path) -> anyhow::Result<Function> {
        let all = functions::table(folder, self.stack.url(), (&self.seed, self.seed.home()), &self.dns);
        let mut worker = all.into_iter().find(|function| function.name == functions::WORKER).context("the stack has no worker")?;
        worker.environment.insert("AWS_REGION".to_owned(), self.seed.home().to_owned());
        if let Some(clock) = self.stack.shared().clock.file() {
            worker.environment.insert("MAYDAY_CLOCK".to_owned(), std::path::absolute(clock)?.display().to_string());
        }
        Ok(worker)
    }

    /// `/dr TEXT` from the first person of the plan: everything is looked up, and the answer is posted to Slack.
    pub(crate) fn command(&self, name: &'static str, folder: &Path, text: &'static str, targets: &[Target]) -> anyhow::Result<Case> {
        let person = self.seed.people.first().context("the plan has no people")?.id.clone();
        let channel = self.seed.channels.first().context("the plan has no channel")?.id.clone();
        let (team, app) = (self.seed.team_id.clone(), self.seed.app_id.clone());
        let (stack, asked, number) = (self.stack.clone(), Arc::new(Mutex::new(String::new())), AtomicU64::new(0));
        let (answered, expected) = (self.stack.clone(), asked.clone());
        Ok(Case {
            name,
            function: self.worker(folder)?,
            event: Box::new(move || {
                let (trigger, respond) = stack.slack().mint(&person, &channel);
                let body = format!(
                    "team_id={team}&api_app_id={app}&user_id={person}&channel_id={channel}&command=%2Fdr&text={text}\
                     &trigger_id={trigger}&response_url={respond}"
                );
                *asked.lock().unwrap_or_else(PoisonError::into_inner) = respond;
                Ok(serde_json::to_vec(&envelope(&body, number.fetch_add(1, Ordering::SeqCst)))?.into())
            }),
            check: Box::new(move |_| {
                let url = expected.lock().unwrap_or_else(PoisonError::into_inner).clone();
                ensure!(answered.slack().answers_at(&url) > 0, "nobody was answered");
                Ok(())
            }),
            fails: false,
            from_disk: false,
            warm: 100,
            targets: targets.to_vec(),
        })
    }

    /// A command to a worker whose table is elsewhere: it asks it once, first of all, and gives up.
    pub(crate) fn without_table(&self, name: &'static str, folder: &Path, table: &str, targets: &[Target]) -> anyhow::Result<Case> {
        let mut case = Case { fails: true, warm: 0, check: Box::new(|_| Ok(())), ..self.command(name, folder, "status", targets)? };
        case.function.environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), table.to_owned());
        Ok(case)
    }

    /// Stops it in good order; whoever still holds a case of it keeps it from that.
    pub(crate) async fn close(self) {
        if let Some(stack) = Arc::into_inner(self.stack) {
            stack.stop().await;
        }
    }
}

/// As the door hands it over: each a delivery of its own.
fn envelope(body: &str, number: u64) -> Envelope {
    let now = now();
    Envelope {
        schema: envelope::SCHEMA,
        door: Door::Slack,
        path: "/slack/commands".to_owned(),
        content_type: "application/x-www-form-urlencoded".to_owned(),
        body: Body::new(body.as_bytes()),
        signature_digest: format!("{number:064x}"),
        received_at_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        signed_at_s: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        request_id: format!("{number:08x}-0000-4000-8000-000000000000"),
        retry_num: None,
        refused: None,
    }
}
