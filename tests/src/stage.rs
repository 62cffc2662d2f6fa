use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use mayday_core::run::Run;
use mayday_local::{
    faults::{Effect, Rule},
    from_plan,
    seed::{SeedDatabase, SeedPerson, SeedStandby},
    service::{Registry, Shared},
    stack::{Options, Stack},
};
use serde_json::{Value, json};

use crate::{Card, Cast, Form, Message, Person, organization::DEMONSTRATION};

/// The channel of the demonstration's plan.
pub const CHANNEL: &str = "C0RECOVERY";
/// The instance that serves when the curtain rises.
pub const INSTANCE: &str = "inventory-production";

const DEMO: &str = include_str!("../../plans/demo.yaml");
/// Few rows: the stories are about which ones come back, not about how many.
const ROWS: u64 = 5_000;
/// Statuses and waits take their course this many times as fast as on a clock.
const SCALE: f64 = 8.0;
/// How far logs trail behind, in the stack's time: putting them away is work, and every server does it.
const ARCHIVE_EVERY: Duration = Duration::from_secs(20);
/// How long before a story the stack's world was made.
const START: SignedDuration = SignedDuration::from_mins(10);
/// How long anything may take in real time. Generous: machines under load are slow, and no test measures.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

/// What a stage is opened with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The plan.
    pub plan: String,
    /// How many rows the database begins with.
    pub rows: u64,
    /// Virtual seconds for each real one.
    pub scale: f64,
    /// How far the log trails behind.
    pub archive_every: Duration,
    /// Whether the other region has its standby. Most stories do without, and begin sooner.
    pub standby: bool,
    /// Where the bot lives, if not in the plan's first region alone.
    pub bot_regions: Vec<String>,
    /// Who plays which part.
    pub cast: Cast,
    /// The stack's time when the curtain rises, if not the machine's.
    pub begins: Option<Timestamp>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            plan: DEMO.to_owned(),
            rows: ROWS,
            scale: SCALE,
            archive_every: ARCHIVE_EVERY,
            standby: false,
            bot_regions: Vec::new(),
            cast: DEMONSTRATION,
            begins: None,
        }
    }
}

impl Setup {
    /// The demonstration's plan with one text put in the place of another, which must be there.
    #[must_use]
    pub fn with_plan(mut self, from: &str, to: &str) -> Self {
        assert!(self.plan.contains(from), "the plan does not say {from}");
        self.plan = self.plan.replace(from, to);
        self
    }
}

/// A whole stack of its own, and everybody in front of it.
pub struct Stage {
    pub(crate) stack: Stack,
    pub(crate) http: reqwest::Client,
    /// The first database of the plan.
    pub(crate) home: SeedDatabase,
    /// Its standby, whether it is there or not.
    pub(crate) standby: Option<SeedStandby>,
    pub(crate) cast: Cast,
    // Goes after the stack, whose files are in it.
    data: tempfile::TempDir,
}

impl Stage {
    /// A stage with the demonstration's plan.
    pub async fn open() -> Self {
        Self::with(Setup::default()).await
    }

    /// A stage with another plan, or other people.
    pub async fn with(setup: Setup) -> Self {
        let data = tempfile::tempdir().unwrap();
        crate::world::lend_template(data.path());
        if let Some(begins) = setup.begins {
            begin_at(data.path(), begins - START);
        }
        let mut seed = from_plan::seed(&setup.plan, setup.rows).expect("the plan of a story must load");
        let home = seed.databases.first().expect("a database").clone();
        let standby = seed.standbys.first().cloned();
        if !setup.standby {
            seed.standbys.clear();
        }
        seed.bot_regions.clone_from(&setup.bot_regions);
        seed.people.push(SeedPerson {
            id: "U0EVE00001".to_owned(),
            name: "eve".to_owned(),
            real_name: "Eve".to_owned(),
            roles: Vec::new(),
        });
        let (time_scale, archive_every) = (setup.scale, setup.archive_every);
        let options = Options { time_scale, archive_every, ..Options::new(data.path().to_owned(), binaries(), seed) };
        let stack = Stack::start(options).await.expect("the stack must start");
        crate::world::keep_template(data.path());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let stage = Self { stack, http, home, standby, cast: setup.cast, data };
        // A moment that can be restored to lies after the seed: nobody waits for it in real time.
        stage.advance(START);
        stage
    }

    /// Somebody of the plan; or `eve`, who is in the workspace only.
    #[must_use]
    pub fn person(&self, name: &str) -> Person<'_> {
        let people = self.stack.slack().people();
        let person = people.iter().find(|person| person.name == name).unwrap_or_else(|| panic!("nobody is called {name}"));
        Person::new(self, &person.id, name)
    }

    /// The stack's own time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared().clock.now()
    }

    /// Moves the time forward at once.
    pub fn advance(&self, by: SignedDuration) {
        self.shared().clock.advance(by).unwrap();
    }

    /// How fast time goes; zero stops it.
    pub fn set_scale(&self, scale: f64) {
        self.shared().clock.set_scale(scale).unwrap();
    }

    /// The clock, the faults and the record of calls.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        self.stack.shared()
    }

    /// The AWS services.
    #[must_use]
    pub fn services(&self) -> &Registry {
        self.stack.services()
    }

    /// The stack.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Who asks in this story.
    #[must_use]
    pub fn asker(&self) -> Person<'_> {
        self.person(self.cast.asks)
    }

    /// Who approves in this story.
    #[must_use]
    pub fn approver(&self) -> Person<'_> {
        self.person(self.cast.approves)
    }

    /// Its standby by the plan.
    pub(crate) fn standby(&self) -> &SeedStandby {
        self.standby.as_ref().expect("the plan has a standby")
    }

    /// The database's instance when the curtain rises, and that of its standby.
    #[must_use]
    pub fn instances_at_first(&self) -> (String, String) {
        (self.home.instance.clone(), self.standby().instance.clone())
    }

    /// Where the stack keeps everything.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// Puts a runbook beside the plan.
    pub fn puts_runbook(&self, name: &str, text: &str) {
        let bucket = mayday_local::data::bucket(&self.home.region);
        self.stack.data().s3.put(&bucket, &format!("runbooks/{name}.yaml"), text.as_bytes()).unwrap();
    }

    /// Makes calls go wrong, as `POST /local/faults` does. Gives the rule's id.
    pub fn fault(&self, rule: Value) -> u64 {
        let rule: Rule = serde_json::from_value(rule).expect("a fault's rule");
        self.shared().faults.add(rule)
    }

    /// Takes a fault away again.
    pub fn mend(&self, fault: u64) {
        assert!(self.shared().faults.remove(fault), "there was no such fault");
    }

    /// Kills the processes of a function with SIGKILL, and waits until they are dead.
    pub async fn kill(&self, function: &str) {
        let lambda = self.stack.lambda();
        let killed = lambda.kill(function);
        self.until("processes die", async || lambda.pids(function).iter().all(|pid| !killed.contains(pid)).then_some(())).await;
    }

    /// Kills all functions' processes with SIGKILL, and waits until they are dead.
    pub async fn kill_all(&self) {
        for function in self.stack.lambda().functions() {
            self.kill(&function.name).await;
        }
    }

    /// Breaks something, as the panel's buttons do. Gives the last moment when all was well.
    pub async fn break_it(&self, what: &str, target: &str) -> Timestamp {
        let answer = self.http.post(format!("{}/local/break", self.stack.url())).json(&json!({"what": what, "target": target}));
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        let before = answer["before"].as_str().unwrap_or_else(|| panic!("{what} {target}: {answer}"));
        before.parse().unwrap()
    }

    /// Looks again and again until something is there, for a bounded real time.
    pub async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(Instant::now() < end, "{what}: it never came to that\n{}", self.picture());
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Waits until a run stands as wanted.
    pub async fn until_run(&self, run: &str, what: &str, holds: impl Fn(&Run) -> bool) -> Run {
        self.until(&format!("{run} {what}"), async || self.run(run).filter(|run| holds(run))).await
    }

    /// Waits until a run has ended and everything was told.
    pub async fn until_over(&self, run: &str) -> Run {
        self.until_run(run, "ends", |run| run.state.is_final() && run.told == run.log.len()).await
    }

    /// Waits until a step has failed and people are asked.
    pub async fn until_stuck(&self, run: &str) -> Run {
        self.until_run(run, "asks people", |run| matches!(run.state, mayday_core::run::State::Stuck { .. }) && run.told == run.log.len())
            .await
    }

    /// Waits for a run of a proposal to end, moving time on whenever nothing can happen without it.
    pub async fn until_over_in_time(&self, run: &str) -> Run {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.run(run).filter(|run| run.state.is_final() && run.told == run.log.len()) {
                return found;
            }
            assert!(Instant::now() < end, "{run} never ended\n{}", self.picture());
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.pass_time();
        }
    }

    /// Moves the time on by a second, if no function is at work: for what counts how late something came.
    pub fn pass_a_second(&self) {
        self.pass(SignedDuration::from_secs(1));
    }

    /// Moves the time on a little, if no function is at work.
    pub fn pass_time(&self) {
        self.pass(SignedDuration::from_secs(8));
    }

    fn pass(&self, stride: SignedDuration) {
        if self.stack.regions().idle() {
            self.advance(stride);
        }
    }

    /// The calls that were made of a kind since a place in the record, and may have taken effect.
    #[must_use]
    pub fn effects(&self, since: usize, operation: &str) -> Vec<String> {
        let calls = self.shared().calls.since(since).into_iter().filter(|call| call.operation == operation);
        let struck = |call: &mayday_local::calls::Record| {
            call.fault.as_ref().is_some_and(|fault| matches!(fault.effect, Effect::LostAnswer | Effect::KillAfter))
        };
        calls.filter(|call| call.status.map_or_else(|| struck(call), |status| status < 300)).map(|call| call.request).collect()
    }

    /// How many calls there were so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared().calls.since(0).len()
    }

    /// All messages of a channel that are still there, oldest first, threads and ephemeral ones included.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<Message> {
        let all = self.stack.slack().changed_since(0);
        let messages = all["messages"].as_array().cloned().unwrap_or_default();
        let mut messages: Vec<Message> =
            messages.into_iter().map(Message).filter(|message| message.channel() == channel && !message.is_deleted()).collect();
        messages.sort_by(|one, other| one.ts().cmp(other.ts()));
        messages
    }

    /// The card of a proposal as it is shown now.
    #[must_use]
    pub fn card(&self, card: &Card) -> Message {
        let found = self.messages(card.message.channel()).into_iter().find(|message| message.ts() == card.message.ts());
        found.expect("a card is never deleted")
    }

    /// The report of a run that has ended: a new message in the channel, for those who come later.
    #[must_use]
    pub fn report(&self, run: &str) -> Message {
        let headline = self.run(run).and_then(|run| run.headline).expect("a headline");
        let own = |message: &Message| message.thread().is_none() && message.ts() > headline.ts.as_str() && message.only_for().is_none();
        let report = self.messages(CHANNEL).into_iter().rev().find(|message| own(message) && message.says(&[run]));
        report.unwrap_or_else(|| panic!("no report of {run}"))
    }

    /// Everything that was said to one person alone: ephemeral and direct messages, forms.
    #[must_use]
    pub fn heard_by(&self, user: &str) -> String {
        let all = self.stack.slack().changed_since(0);
        let list = |name: &str| all[name].as_array().cloned().unwrap_or_default();
        let alone = list("messages").into_iter().map(Message).filter(|message| {
            message.only_for() == Some(user) || message.channel().starts_with(&format!("D{}", user.trim_start_matches('U')))
        });
        let forms = list("views").into_iter().filter(|view| view["user"] == user).map(Form);
        alone.map(|message| message.words()).chain(forms.map(|form| form.words())).collect::<Vec<_>>().join("\n")
    }

    /// Posts JSON somewhere, as the bot would to a response URL. Gives the status.
    pub async fn post_json(&self, url: &str, body: &Value) -> u16 {
        self.http.post(url).json(body).send().await.unwrap().status().as_u16()
    }

    /// What is at an address of the stack.
    pub async fn download(&self, url: &str) -> Vec<u8> {
        self.http.get(url).send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    /// What a failed test wants to know.
    pub(crate) fn picture(&self) -> String {
        let runs: Vec<String> = self
            .runs()
            .iter()
            .map(|run| {
                let steps: Vec<String> = run.steps.iter().map(|step| format!("{} {:?}", step.id, step.state)).collect();
                format!("{} {:?} epoch {}\n    {}", run.id, run.state, run.epoch, steps.join("\n    "))
            })
            .collect();
        let logs: Vec<String> = ["mayday-worker", "mayday-runner", "mayday-scheduler", "mayday-inspector"]
            .into_iter()
            .map(|function| {
                let log = std::fs::read_to_string(self.stack.lambda().log(function)).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                format!("{function}:\n{}", lines[lines.len().saturating_sub(6)..].join("\n"))
            })
            .collect();
        let all = self.stack.slack().changed_since(0)["messages"].as_array().cloned().unwrap_or_default();
        let said: Vec<String> = all[all.len().saturating_sub(6)..].iter().map(|message| Message(message.clone()).words()).collect();
        format!("runs:\n{}\nsaid:\n{}\nlogs:\n{}", runs.join("\n"), said.join("\n---\n"), logs.join("\n"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        crate::world::quit_servers(self.data.path());
    }
}

/// Leaves a clock's reading in a data directory, as an earlier stack would have.
fn begin_at(data: &Path, at: Timestamp) {
    let reading = json!({"real_ms": Timestamp::now().as_millisecond(), "virtual_ms": at.as_millisecond(), "scale": 1.0});
    std::fs::write(data.join("clock.json"), reading.to_string()).unwrap();
}

/// The folder with the functions' binaries: beside the tests' own.
///
/// # Panics
/// When they were not built.
#[must_use]
pub fn binaries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap().to_owned();
    for function in ["ingress", "worker", "runner", "scheduler", "inspector", "mayday"] {
        assert!(folder.join(function).is_file(), "{} has no {function}: build it with `cargo build --bins`", folder.display());
    }
    folder
}

/// Waits for all of these at once.
pub async fn together<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, done) in waiting.iter_mut().filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        if waiting.iter().all(|(_, done)| done.is_some()) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}
