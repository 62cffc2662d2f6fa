//! Functions that die by SIGKILL around numbered calls, in everything that people ask for: `docs/crash-points.md`.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mayday_core::{
    approval::State as Decided,
    audit,
    proposal::Proposal,
    run::{Run, State},
};
use mayday_local::calls::{Record, is_change};
use mayday_tests::{AWAY, CHANNEL, Card, Death, HOME, STANDBY, Setup, Signed, Stage};

const ANA: &str = "U0ANA00001";
const BOB: &str = "U0BOB00001";
const WORKER: &str = "mayday-worker";
const RUNNER: &str = "mayday-runner";

/// What people ask for and decide, from the command to the last answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Backup,
    Deny,
    Cancel,
    Restore,
    Failover,
}

/// What there was before.
struct Before {
    calls: usize,
    proposals: BTreeSet<String>,
    runs: BTreeSet<String>,
    instances: Vec<String>,
    snapshots: Vec<String>,
    serving: String,
    rows: i64,
    heard: usize,
}

impl Before {
    async fn of(stage: &Stage) -> Self {
        Self {
            calls: stage.calls(),
            proposals: stage.records::<Proposal>("proposal").into_iter().map(|proposal| proposal.id.0).collect(),
            runs: stage.runs().into_iter().map(|run| run.id.0).collect(),
            instances: stage.instances().await,
            snapshots: stage.snapshots("manual").await,
            serving: stage.serving(),
            rows: stage.rows("movements").await,
            heard: stage.heard_by(ANA).len(),
        }
    }
}

/// One flow through which all functions die so often. Gives the calls that were made.
async fn dies(stage: &Stage, flow: Flow, deaths: &[Death]) -> Vec<Record> {
    stage.advance(SignedDuration::from_mins(2));
    // All begin anew, so that a call has the same number each time.
    stage.kill_all().await;
    let before = Before::of(stage).await;
    let rules: Vec<u64> = deaths.iter().map(|death| stage.dies(*death)).collect();
    match flow {
        Flow::Backup => backs_up(stage, &before).await,
        Flow::Deny => decides(stage, &before, (BOB, "deny")).await,
        Flow::Cancel => decides(stage, &before, (ANA, "cancel")).await,
        Flow::Restore => restores(stage, &before).await,
        Flow::Failover => fails_over(stage, &before).await,
    }
    stage.until_unlocked().await;
    // Lambda comes back to what somebody died at, and finds it done.
    stage.in_time("all is worked off", async || (stage.stack().lambda().waiting() == 0).then_some(())).await;
    let made =
        stage.records::<Proposal>("proposal").into_iter().filter(|proposal| !before.proposals.contains(proposal.id.as_str())).count();
    let begun = stage.runs().len() - before.runs.len();
    assert_eq!((made, begun), (1, usize::from(!matches!(flow, Flow::Deny | Flow::Cancel))), "one proposal, and its run");
    assert!(stage.heard_by(ANA).len() > before.heard, "whoever asked is answered");
    rules.into_iter().for_each(|rule| stage.mend(rule));
    audit::verify(&stage.audit()).expect("the audit chain is whole");
    stage.shared().calls.since(before.calls)
}

/// Does it once. Only whom Slack shows an error, because the door itself died, does it again; what the door has taken is answered.
async fn sends(stage: &Stage, request: impl Fn() -> Signed) {
    while stage.send(&request()).await.status != 200 {
        stage.settle().await;
    }
}

async fn types(stage: &Stage, text: &str) {
    sends(stage, || stage.command_request(ANA, text, |_| ())).await;
}

async fn card(stage: &Stage, before: &Before) -> Card {
    let newest = || {
        stage.messages(CHANNEL).into_iter().rev().find_map(|message| {
            let proposal = message.value_of("approve").filter(|proposal| !before.proposals.contains(proposal))?;
            Some(Card { message, proposal })
        })
    };
    stage.in_time("a card is posted", async || newest()).await
}

/// Bob presses the button, sees the form or is told how to open it, and types the phrase: each once.
async fn approves(stage: &Stage, card: &Card) {
    let heard = stage.heard_by(BOB).len();
    sends(stage, || stage.click_request(BOB, card.message.ts(), "approve", &card.proposal)).await;
    stage.in_time("bob is answered", async || (stage.heard_by(BOB).len() > heard).then_some(())).await;
    let phrase = stage.proposal(&card.proposal).phrase;
    sends(stage, || stage.phrase_request(BOB, &card.proposal, &phrase)).await;
    let decided = || Some(stage.approval(&card.proposal)).filter(|approval| approval.state != Decided::Pending);
    let approval = stage.in_time("the approval counts", async || decided()).await;
    assert!(matches!(approval.state, Decided::Approved { .. }) && approval.votes.len() == 1, "{approval:?}");
}

/// The one run that there is more than before, once it has ended and was told.
async fn only_run(stage: &Stage, before: &Before) -> Run {
    let new = || stage.runs().into_iter().filter(|run| !before.runs.contains(run.id.as_str())).collect::<Vec<_>>();
    let over = |run: &Run| run.state.is_final() && run.told == run.log.len();
    stage.in_time("a run ends", async || new().first().is_some_and(over).then_some(())).await;
    let [run] = new().try_into().unwrap_or_else(|runs| panic!("one run: {runs:?}"));
    assert_eq!(run.state, State::Succeeded, "{:?}", run.steps);
    assert!(stage.report(run.id.as_str()).words().len() > 20, "everybody is told how it ended");
    let name = format!("{}-1", run.id);
    let started =
        stage.effects(before.calls, "StartExecution").into_iter().filter(|request| request.contains(&name)).collect::<BTreeSet<_>>();
    assert_eq!(started.len(), 1, "one execution begins the run");
    run
}

async fn backs_up(stage: &Stage, before: &Before) {
    types(stage, "backup inventory").await;
    let run = only_run(stage, before).await;
    let made: Vec<String> = stage.snapshots("manual").await.into_iter().filter(|one| !before.snapshots.contains(one)).collect();
    let [made] = made.as_slice() else { panic!("one snapshot: {made:?}") };
    assert_eq!(stage.effects(before.calls, "CreateDBSnapshot").len(), 1, "called once");
    assert!(stage.report(run.id.as_str()).says(&[made]), "what was made is told");
    // The disk is small.
    stage.rds("DeleteDBSnapshot", &[("DBSnapshotIdentifier", made)]).await;
}

async fn decides(stage: &Stage, before: &Before, (who, button): (&str, &str)) {
    types(stage, "restore inventory --latest").await;
    let card = card(stage, before).await;
    sends(stage, || stage.click_request(who, card.message.ts(), button, &card.proposal)).await;
    let told = || Some(stage.approval(&card.proposal)).filter(|approval| approval.state != Decided::Pending && approval.announced);
    let approval = stage.in_time("the decision is told", async || told()).await;
    stage.settle().await;
    let as_meant = match &approval.state {
        Decided::Denied { .. } => button == "deny",
        Decided::Cancelled { .. } => button == "cancel",
        _ => false,
    };
    assert!(as_meant, "{approval:?}");
    // The audit has it before it is done: who dies in between is followed by somebody who writes it again.
    let audited: BTreeSet<String> = stage.audited(&card.proposal).into_iter().filter(|what| what.starts_with("approval.")).collect();
    assert_eq!(audited, BTreeSet::from([format!("approval.{button}")]), "one decision");
    assert!(!stage.card(&card).has_button("approve") && stage.card(&card).says(&[who]), "{}", stage.card(&card).words());
    assert_eq!(stage.runs().len(), before.runs.len(), "nothing was begun");
    assert_eq!(stage.instances().await, before.instances);
}

async fn restores(stage: &Stage, before: &Before) {
    types(stage, "restore inventory --latest").await;
    let card = card(stage, before).await;
    approves(stage, &card).await;
    only_run(stage, before).await;
    let made: Vec<String> = stage.instances().await.into_iter().filter(|one| !before.instances.contains(one)).collect();
    assert_eq!(made, [stage.serving()], "one instance was made, and it has the traffic");
    assert_ne!(stage.serving(), before.serving);
    assert_eq!(stage.rows("movements").await, before.rows);
    for operation in ["RestoreDBInstanceToPointInTime", "PutSecretValue"] {
        // The same secret version under the same token is the same effect: Secrets Manager takes it, and changes nothing.
        let effects: BTreeSet<String> = stage.effects(before.calls, operation).into_iter().collect();
        assert_eq!(effects.len(), 1, "{operation} took effect once");
    }
}

async fn fails_over(stage: &Stage, before: &Before) {
    types(stage, "failover shop").await;
    let card = card(stage, before).await;
    approves(stage, &card).await;
    let run = only_run(stage, before).await;
    for operation in ["PromoteReadReplica", "ChangeResourceRecordSets"] {
        assert_eq!(stage.effects(before.calls, operation).len(), 1, "{operation} took effect once");
    }
    assert_eq!(stage.alias("www.shop.example.com").await.as_deref(), Some("frankfurt.shop.example.com"));
    assert_eq!(stage.addresses("api.shop.example.com").await, ["198.51.100.10"]);
    assert_eq!(stage.movements(AWAY, STANDBY).await, before.rows, "nothing was lost");
    assert_eq!(stage.marked(AWAY, STANDBY, "written").await.as_deref(), Some(run.id.as_str()), "proved by a write");
    assert_eq!(stage.sells(HOME, &before.serving, 1).await, Err("25006".to_owned()), "the old one takes no writes");
}

/// One world for so many deaths, then the next: a stage of a few servers and messages at a time.
struct Worlds {
    flow: Flow,
    stage: Stage,
    left: usize,
}

impl Worlds {
    async fn open(flow: Flow) -> Self {
        // Time goes on by strides: what a slow machine takes for its work makes nothing late.
        let setup = Setup { scale: 1.0, ..Setup::default() };
        let (setup, left) = match flow {
            // What was led away can't be led away again.
            Flow::Failover => (setup.with_standby(), 1),
            Flow::Restore => (setup, 4),
            Flow::Backup | Flow::Deny | Flow::Cancel => (setup, 40),
        };
        Self { flow, stage: Stage::with(setup).await, left }
    }

    async fn dies(&mut self, deaths: &[Death]) -> Vec<Record> {
        if self.left == 0 {
            *self = Self::open(self.flow).await;
        }
        self.left -= 1;
        dies(&self.stage, self.flow, deaths).await
    }

    /// They die at a point, and again so many changes later. A run that is looked at less often makes fewer calls: where one of the
    /// deaths did not come about, the point is moved to half as far.
    async fn dies_at(&mut self, mut point: Death, later: &[u64]) {
        loop {
            let again = later.iter().map(|later| Death { change: point.change + later, ..point });
            let deaths: Vec<Death> = std::iter::once(point).chain(again).collect();
            println!("{deaths:?}");
            if struck(&self.dies(&deaths).await) == deaths.len() {
                return;
            }
            assert!(point.change > 1, "nobody died at a function's first change");
            point.change /= 2;
        }
    }

    /// The points of the flow, by one in which nobody dies: after each call that changes anything, wherever it goes. Who dies keeps
    /// nothing; so to die before a call, or around one that only reads, is to die after the change before it.
    async fn points(&mut self, functions: &[&'static str]) -> Vec<Death> {
        // What is done once in a world is not done in the later rounds: they are counted, where most are such.
        if !matches!(self.flow, Flow::Restore | Flow::Failover) {
            self.dies(&[]).await;
        }
        let calls = self.dies(&[]).await;
        let of = |function: &'static str| {
            let made = calls.iter().filter(move |call| call.function.as_deref() == Some(function) && is_change(&call.operation));
            (1..).zip(made).map(move |(change, _)| Death { function, change })
        };
        functions.iter().flat_map(|function| of(function)).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "which points are tried is chosen outside")]
fn setting(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// So many of the points, evenly spread, from a place that `MAYDAY_CRASH_SEED` moves; with `MAYDAY_CRASH_ALL=N` all of them from the N-th on.
fn chosen(points: &[Death], few: usize) -> Vec<Death> {
    if let Some(from) = setting("MAYDAY_CRASH_ALL") {
        return points[from.clamp(1, points.len()) - 1..].to_vec();
    }
    let seed = setting("MAYDAY_CRASH_SEED").unwrap_or(20_261_122);
    (0..few).map(|nth| points[(seed + nth * points.len() / few) % points.len()]).collect()
}

/// All functions die once in each flow, after one of the calls of a function.
async fn dies_once(flow: Flow, functions: &[&'static str], few: usize) {
    let mut worlds = Worlds::open(flow).await;
    let points = worlds.points(functions).await;
    for (nth, point) in (1..).zip(chosen(&points, few)) {
        println!("{flow:?}: point {nth} of those chosen from {}", points.len());
        worlds.dies_at(point, &[]).await;
    }
}

/// The same, and all die again some changes later, when whoever came after the dead is at work.
async fn dies_twice(flow: Flow, functions: &[&'static str], few: usize) {
    let mut worlds = Worlds::open(flow).await;
    let points = worlds.points(functions).await;
    for (nth, point) in (1..).zip(chosen(&points, few)) {
        println!("{flow:?}: point {nth} of those chosen from {}", points.len());
        worlds.dies_at(point, &[[1, 3, 5, 7][nth % 4]]).await;
    }
}

fn struck(calls: &[Record]) -> usize {
    calls.iter().filter(|call| call.fault.is_some()).count()
}

#[tokio::test]
async fn f1_killed_at_numbered_calls_a_restore_ends_with_each_effect_made_once() {
    dies_once(Flow::Restore, &[RUNNER], 3).await;
}

#[tokio::test]
async fn f1_killed_at_numbered_calls_one_yes_is_one_decision_and_one_execution() {
    dies_once(Flow::Restore, &[WORKER], 2).await;
}

#[tokio::test]
async fn f1_killed_at_numbered_calls_one_no_is_one_decision_and_is_told() {
    dies_once(Flow::Deny, &[WORKER], 3).await;
    dies_once(Flow::Cancel, &[WORKER], 3).await;
}

#[tokio::test]
async fn f1_killed_twice_at_numbered_calls_one_no_is_one_decision_and_is_told() {
    dies_twice(Flow::Deny, &[WORKER], 2).await;
    dies_twice(Flow::Cancel, &[WORKER], 2).await;
}

#[tokio::test]
async fn f1_killed_at_numbered_calls_a_backup_takes_one_snapshot() {
    dies_once(Flow::Backup, &[WORKER, RUNNER], 4).await;
}

#[tokio::test]
async fn f1_killed_twice_at_numbered_calls_a_backup_takes_one_snapshot() {
    dies_twice(Flow::Backup, &[WORKER, RUNNER], 2).await;
}

#[tokio::test]
async fn f1_killed_at_numbered_calls_a_failover_promotes_once_and_moves_the_names_once() {
    dies_once(Flow::Failover, &[WORKER, RUNNER], 2).await;
}

#[tokio::test]
async fn f1_killed_twice_at_numbered_calls_a_failover_promotes_once_and_moves_the_names_once() {
    dies_twice(Flow::Failover, &[WORKER, RUNNER], 2).await;
}
