//! EventBridge Scheduler: schedules that invoke functions, asynchronously, when the stack's clock says so.
//!
//! A tick that was missed, because the stack was down or its clock jumped, fires late and once.

mod api;
pub mod expression;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub use api::SchedulerService;
use expression::Expression;

use crate::{
    lambda::Lambda,
    service::{ACCOUNT, Shared},
    wire,
};

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Wanted {
    /// `at(…)`, `rate(…)` or `cron(…)`.
    pub schedule_expression: String,
    /// The time zone that it is read in; UTC when absent.
    pub schedule_expression_timezone: Option<String>,
    /// The group; `default` when absent.
    pub group_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// `ENABLED` or `DISABLED`.
    pub state: Option<String>,
    /// `NONE` or `DELETE`.
    pub action_after_completion: Option<String>,
    /// Nothing fires before, in seconds since 1970.
    pub start_date: Option<f64>,
    /// Nothing fires after, in seconds since 1970.
    pub end_date: Option<f64>,
    /// Kept, and taken for `OFF`: nothing here needs to be spread.
    pub flexible_time_window: Value,
    /// What is invoked.
    pub target: Target,
    /// The same token again is the same request.
    pub client_token: Option<String>,
}

/// What is invoked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Target {
    /// A function's ARN.
    pub arn: String,
    /// The event, with the service's `<aws.scheduler.…>` words in it.
    pub input: Option<String>,
    /// Role, retries, dead letters: kept as they are.
    #[serde(flatten)]
    pub others: serde_json::Map<String, Value>,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    name: String,
    group: String,
    wanted: Wanted,
    created: Timestamp,
    modified: Timestamp,
    next: Option<Timestamp>,
}

impl Schedule {
    fn arn(&self, region: &str) -> String {
        format!("arn:aws:scheduler:{region}:{ACCOUNT}:schedule/{}/{}", self.group, self.name)
    }

    fn enabled(&self) -> bool {
        self.wanted.state.as_deref() != Some("DISABLED")
    }

    /// The next time after `now` within start and end.
    fn following(&self, now: Timestamp) -> Option<Timestamp> {
        let zone = self.wanted.schedule_expression_timezone.as_deref().unwrap_or("UTC");
        let expression = Expression::parse(&self.wanted.schedule_expression, zone).ok()?;
        let start = self.wanted.start_date.and_then(timestamp);
        let from = start.map_or(now, |start| now.max(start.saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(start)));
        let next = expression.next(start.unwrap_or(self.modified), from)?;
        let end = self.wanted.end_date.and_then(timestamp);
        end.is_none_or(|end| next <= end).then_some(next)
    }
}

type Key = (String, String);

/// The service of one stack.
pub struct Scheduler {
    shared: Arc<Shared>,
    lambda: Arc<Lambda>,
    region: String,
    file: PathBuf,
    schedules: Mutex<BTreeMap<Key, Schedule>>,
    changed: Notify,
}

impl Scheduler {
    /// Opens the service with the schedules of an earlier stack; nothing fires before [`Self::resume`].
    ///
    /// # Errors
    /// When they can't be read.
    pub fn open(shared: Arc<Shared>, lambda: Arc<Lambda>, region: &str) -> anyhow::Result<Arc<Self>> {
        let file = shared.folder(region).join("schedules.json");
        let kept: Vec<Schedule> = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{} holds no schedules", file.display()))?,
            Err(_) => Vec::new(),
        };
        let schedules = kept.into_iter().map(|schedule| ((schedule.group.clone(), schedule.name.clone()), schedule)).collect();
        let region = region.to_owned();
        Ok(Arc::new(Self { shared, lambda, region, file, schedules: Mutex::new(schedules), changed: Notify::new() }))
    }

    /// Adds a schedule unless there is one of its name: for what the template would declare.
    ///
    /// # Errors
    /// When the expression is none, or the disk refuses.
    pub fn ensure(&self, name: &str, wanted: Wanted) -> anyhow::Result<()> {
        let group = wanted.group_name.clone().unwrap_or_else(|| "default".to_owned());
        if self.lock().contains_key(&(group, name.to_owned())) {
            return Ok(());
        }
        self.put(name, wanted).map(drop).map_err(anyhow::Error::msg)
    }

    /// Begins to fire.
    pub fn resume(self: &Arc<Self>) {
        let scheduler = self.clone();
        self.shared.tasks.spawn(async move {
            loop {
                let next = scheduler.lock().values().filter(|schedule| schedule.enabled()).filter_map(|schedule| schedule.next).min();
                tokio::select! {
                    () = scheduler.shared.clock.sleep_until(next.unwrap_or(Timestamp::MAX)) => {
                        scheduler.shared.outages.up(&scheduler.region).await;
                        scheduler.fire_due();
                    }
                    () = scheduler.changed.notified() => {}
                }
            }
        });
    }

    /// Creates a schedule, or replaces the one of its name. Gives its ARN, or what is wrong.
    fn put(&self, name: &str, wanted: Wanted) -> Result<String, String> {
        let zone = wanted.schedule_expression_timezone.as_deref().unwrap_or("UTC");
        Expression::parse(&wanted.schedule_expression, zone)?;
        if !wanted.target.arn.starts_with("arn:aws:lambda:") {
            return Err("The local stack's schedules invoke functions only.".to_owned());
        }
        let now = self.shared.clock.now();
        let group = wanted.group_name.clone().unwrap_or_else(|| "default".to_owned());
        let key = (group.clone(), name.to_owned());
        let arn = {
            let mut schedules = self.lock();
            let created = schedules.get(&key).map_or(now, |old| old.created);
            let mut schedule = Schedule { name: name.to_owned(), group, wanted, created, modified: now, next: None };
            schedule.next = schedule.following(now);
            let arn = schedule.arn(&self.region);
            schedules.insert(key, schedule);
            self.save(&schedules).map_err(|error| error.to_string())?;
            arn
        };
        self.changed.notify_one();
        Ok(arn)
    }

    fn remove(&self, key: &Key) -> bool {
        let mut schedules = self.lock();
        let removed = schedules.remove(key).is_some();
        self.save(&schedules).ok();
        removed
    }

    fn get(&self, key: &Key) -> Option<Schedule> {
        self.lock().get(key).cloned()
    }

    fn all(&self) -> Vec<Schedule> {
        self.lock().values().cloned().collect()
    }

    /// Fires what is due. A crash between the invocation and the note of the next time fires once more: at least once, as AWS.
    fn fire_due(&self) {
        let now = self.shared.clock.now();
        let mut schedules = self.lock();
        for schedule in schedules.values_mut().filter(|schedule| schedule.enabled()) {
            let Some(due) = schedule.next.filter(|next| *next <= now) else { continue };
            self.invoke(schedule, due);
            schedule.next = schedule.following(now);
        }
        schedules.retain(|_, schedule| schedule.next.is_some() || schedule.wanted.action_after_completion.as_deref() != Some("DELETE"));
        if let Err(error) = self.save(&schedules) {
            tracing::error!(%error, "the schedules can't be written down");
        }
    }

    fn invoke(&self, schedule: &Schedule, due: Timestamp) {
        let time = due.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let words = [
            ("<aws.scheduler.scheduled-time>", time.clone()),
            ("<aws.scheduler.schedule-arn>", schedule.arn(&self.region)),
            ("<aws.scheduler.execution-id>", wire::uuid()),
            ("<aws.scheduler.attempt-number>", "1".to_owned()),
        ];
        let default = json!({
            "version": "0", "id": wire::uuid(), "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": ACCOUNT,
            "time": time, "region": self.region, "resources": [schedule.arn(&self.region)], "detail": "{}",
        });
        let input = schedule.wanted.target.input.clone().unwrap_or_else(|| default.to_string());
        let input = words.iter().fold(input, |input, (word, value)| input.replace(word, value));
        if let Err(error) = self.lambda.enqueue(&schedule.wanted.target.arn, input.as_bytes()) {
            tracing::warn!(%error, schedule = schedule.name, "a schedule can't invoke its function");
        }
    }

    fn save(&self, schedules: &BTreeMap<Key, Schedule>) -> anyhow::Result<()> {
        let draft = self.file.with_extension("draft");
        std::fs::write(&draft, serde_json::to_vec(&schedules.values().collect::<Vec<_>>())?)?;
        std::fs::rename(&draft, &self.file).with_context(|| format!("can't write {}", self.file.display()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Schedule>> {
        self.schedules.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Scheduler").field("file", &self.file).finish_non_exhaustive()
    }
}

fn timestamp(seconds: f64) -> Option<Timestamp> {
    let since = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::from_duration(since).ok()
}
