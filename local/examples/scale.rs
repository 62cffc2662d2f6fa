//! What a tick of the scheduler, `/dr status` and the first look cost over accounts of different sizes: the real functions over the
//! stack's services, with fleets that have no servers.
//!
//! `cargo run -p mayday-local --example scale -- [--databases 1,10,100,1000,10000] [--snapshots 7] [--ticks 11] [--functions DIR]
//! [--json FILE]`. `scripts/scale` builds what it needs and runs it.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "an example is its own main: it reads its arguments and prints")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use bytes::Bytes;
use jiff::SignedDuration;
use mayday_local::{
    calls::Record,
    functions::{SCHEDULER, WORKER},
    rds::Fleet,
    service::Call,
    stack::{Options, Stack},
};
use serde_json::{Value, json};

const REGION: &str = "eu-west-1";
const FLEETS: &str = include_str!("../../tests/fixtures/fleet.yaml");

/// What is asked for on the command line.
struct Wanted {
    databases: Vec<usize>,
    snapshots: usize,
    ticks: usize,
    functions: PathBuf,
    json: Option<PathBuf>,
}

impl Wanted {
    fn read() -> anyhow::Result<Self> {
        let own = std::env::current_exe()?;
        let functions = own.parent().and_then(Path::parent).context("an example lies in a folder of the target")?.to_owned();
        let mut wanted = Self { databases: vec![1, 10, 100, 1_000, 10_000], snapshots: 7, ticks: 11, functions, json: None };
        let mut words = std::env::args().skip(1);
        while let (Some(option), Some(value)) = (words.next(), words.next()) {
            match option.as_str() {
                "--databases" => wanted.databases = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--snapshots" => wanted.snapshots = value.parse()?,
                "--ticks" => wanted.ticks = value.parse()?,
                "--functions" => wanted.functions = value.into(),
                "--json" => wanted.json = Some(value.into()),
                other => anyhow::bail!("there is no option {other}"),
            }
        }
        Ok(wanted)
    }
}

/// What was done and what it took.
#[derive(Debug, Default)]
struct Measured {
    what: String,
    seconds: f64,
    /// Of the tick that took longest.
    longest: f64,
    cpu: f64,
    /// Resident at most, in MB, the binary's own pages among it; and what of it the process holds by itself.
    peak: f64,
    held: f64,
    /// By service and operation: calls, bytes sent, bytes answered.
    calls: BTreeMap<String, (usize, usize, usize)>,
}

impl Measured {
    fn json(&self, ticks: usize) -> Value {
        let calls: BTreeMap<&String, Value> = self
            .calls
            .iter()
            .map(|(name, (calls, sent, answered))| (name, json!({"calls": calls, "sent": sent, "answered": answered})))
            .collect();
        json!({"what": self.what, "ticks": ticks, "seconds": self.seconds, "longest": self.longest, "cpu": self.cpu, "peak_mb": self.peak, "held_mb": self.held, "calls": calls})
    }

    fn print(&self, ticks: usize) {
        let every = f64::from(u32::try_from(ticks).unwrap_or(1));
        println!(
            "  {}: {:.2} s ({:.2} s at most), {:.2} s of CPU, {:.0} MB at most ({:.0} MB its own)",
            self.what,
            self.seconds / every,
            self.longest,
            self.cpu / every,
            self.peak,
            self.held
        );
        for (name, (calls, _, answered)) in &self.calls {
            let (calls, answered) = (u32::try_from(*calls).unwrap_or(u32::MAX), u32::try_from(*answered / 1_000).unwrap_or(u32::MAX));
            println!("    {:>9.1}  {name} ({:.0} KB)", f64::from(calls) / every, f64::from(answered) / every);
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let wanted = Wanted::read()?;
    let mut all = Vec::new();
    for databases in &wanted.databases {
        println!("{databases} databases, {} snapshots each", wanted.snapshots);
        let measured = measure(*databases, &wanted).await?;
        all.push(json!({"databases": databases, "snapshots": wanted.snapshots, "measured": measured}));
    }
    if let Some(file) = wanted.json {
        std::fs::write(file, format!("{}\n", serde_json::to_string_pretty(&all)?))?;
    }
    Ok(())
}

async fn measure(databases: usize, wanted: &Wanted) -> anyhow::Result<Vec<Value>> {
    let dir = tempfile::tempdir()?;
    let demo = include_str!("../../plans/demo.yaml");
    let people = demo.split("\ndatabases:").next().context("the demo's plan has databases")?;
    let seed = mayday_local::from_plan::seed(&format!("{people}\ndatabases: {{}}\n{FLEETS}"), 0)?;
    let options = Options::new(dir.path().to_owned(), wanted.functions.clone(), seed);
    let stack = Stack::start(options).await?;
    stop_the_schedule(&stack).await;
    let names: Vec<String> = (0..databases).map(|number| format!("tenant-{number:05}")).collect();
    let fleet = Fleet {
        region: REGION.to_owned(),
        instances: names.clone(),
        tags: vec![("fleet".to_owned(), "tenants".to_owned())],
        snapshots: wanted.snapshots,
    };
    let secrets = stack.data().rds.put_up(&fleet);
    let secrets = names.iter().zip(secrets).map(|(name, secret)| (format!("tenants/{name}"), secret.to_string()));
    stack.data().secrets.seed_all(REGION, secrets.collect());

    let mut told = Vec::new();
    let first = ticks(&stack, "the first tick", 1).await?;
    first.print(1);
    told.push(first.json(1));
    // What a share does the first time is not what it does every time. One that had no turn because the fleets were looked up has it in
    // the next round.
    let shares = databases.div_ceil(mayday_core::backup::SHARE);
    let others = ticks(&stack, "a share's first tick", 2 * shares).await?;
    others.print(2 * shares);
    told.push(others.json(2 * shares));
    let usual = ticks(&stack, "a tick", wanted.ticks).await?;
    usual.print(wanted.ticks);
    told.push(usual.json(wanted.ticks));
    let status = status(&stack).await?;
    status.print(1);
    told.push(status.json(1));
    stack.stop().await;
    Ok(told)
}

/// Ticks come when they are measured.
async fn stop_the_schedule(stack: &Stack) {
    let call = Call {
        service: "scheduler".to_owned(),
        operation: "DeleteSchedule".to_owned(),
        region: REGION.to_owned(),
        method: http::Method::DELETE,
        path: format!("/schedules/{}", mayday_local::functions::SWEEP),
        query: "groupName=mayday".to_owned(),
        headers: http::HeaderMap::new(),
        body: Bytes::new(),
    };
    if let Some(scheduler) = stack.services().get("scheduler") {
        scheduler.handle(&call).await;
    }
}

/// So many minutes' ticks in one process, as a warm function does them. Of eleven, one looks the account through for its fleets.
async fn ticks(stack: &Stack, what: &str, count: usize) -> anyhow::Result<Measured> {
    let mut all = Measured { what: what.to_owned(), ..Measured::default() };
    for _ in 0..count {
        // To the next minute's beginning, so that a tick that takes long skips no share's turn.
        let second = stack.shared().clock.now().as_second().rem_euclid(60);
        stack.shared().clock.advance(SignedDuration::from_secs(60 - second))?;
        stack.data().rds.keep_up();
        let (offset, cpu, began) = (stack.shared().calls.since(0).len(), spent(stack, SCHEDULER).cpu, Instant::now());
        let outcome = stack.lambda().invoke(SCHEDULER, Bytes::from_static(br#"{"tick":"sweep"}"#)).await?;
        let took = began.elapsed().as_secs_f64();
        all.seconds += took;
        all.longest = all.longest.max(took);
        anyhow::ensure!(!outcome.failed, "the tick failed: {}", String::from_utf8_lossy(&outcome.payload));
        let answer: Value = serde_json::from_slice(&outcome.payload)?;
        if answer.get("failed").and_then(Value::as_u64) != Some(0) {
            println!(
                "  a part of the tick failed: {answer}; see {}",
                std::fs::read_to_string(stack.lambda().log(SCHEDULER)).unwrap_or_default()
            );
        }
        note(&mut all, stack, SCHEDULER, (offset, cpu));
    }
    Ok(all)
}

async fn status(stack: &Stack) -> anyhow::Result<Measured> {
    let mut all = Measured { what: "/dr status".to_owned(), ..Measured::default() };
    let (offset, cpu, began) = (stack.shared().calls.since(0).len(), 0.0, Instant::now());
    let act = json!({"as": "ana", "do": "command", "channel": "C0RECOVERY", "text": "/dr status", "settle_ms": 30_000});
    let http = reqwest::Client::builder().no_proxy().build()?;
    let told: Value = http.post(format!("{}/local/act", stack.url())).json(&act).send().await?.json().await?;
    all.seconds = began.elapsed().as_secs_f64();
    all.longest = all.seconds;
    let message = told.pointer("/messages/0").cloned().unwrap_or_default();
    let blocks = message.get("blocks").and_then(Value::as_array).map_or(0, Vec::len);
    println!(
        "  /dr status: {} messages, {blocks} blocks: {}",
        told.get("messages").and_then(Value::as_array).map_or(0, Vec::len),
        message.get("text").unwrap_or(&Value::Null)
    );
    note(&mut all, stack, WORKER, (offset, cpu));
    Ok(all)
}

/// Adds the calls since `offset` and what the function's process has spent since `cpu`.
fn note(all: &mut Measured, stack: &Stack, function: &str, (offset, cpu): (usize, f64)) {
    let spent = spent(stack, function);
    all.cpu += spent.cpu - cpu;
    all.peak = all.peak.max(spent.peak);
    all.held = all.held.max(spent.held);
    for Record { service, operation, sent, answered, .. } in
        stack.shared().calls.since(offset).into_iter().filter(|record| record.function.as_deref().is_none_or(|by| by == function))
    {
        let sum = all.calls.entry(format!("{service} {operation}")).or_default();
        *sum = (sum.0 + 1, sum.1 + sent, sum.2 + answered);
    }
}

#[derive(Default)]
struct Spent {
    cpu: f64,
    peak: f64,
    held: f64,
}

/// What the processes of a function have spent, as Linux counts it: seconds, and megabytes at most.
fn spent(stack: &Stack, function: &str) -> Spent {
    let mut sum = Spent::default();
    for pid in stack.lambda().pids(function) {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let megabytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1_000.0
        };
        sum.peak = sum.peak.max(megabytes("VmHWM:"));
        sum.held = sum.held.max(megabytes("RssAnon:"));
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let ticks = stat.rsplit(") ").next().unwrap_or_default().split_whitespace().skip(11).take(2);
        sum.cpu += ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0;
    }
    sum
}
