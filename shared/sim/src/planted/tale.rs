//! What people do in a scenario, and what is changed by hand.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use mayday_core::{
    action::Act,
    desk::Request,
    plan::PLAN_KEY,
    policy::OWNER_TAG,
    port::{Phase, Profile, Snapshot, SnapshotKind, Tags},
    proposal::Proposal,
    run::State as RunState,
};

use crate::{
    executor::{Sim, stamp},
    fault::{Fate, Faults, HOUR, MINUTE, SECOND},
    invariant, schedule,
    setting::{self, BEGAN, REGION, TROUBLE},
    state::{SnapshotState, State},
    story::{RESTORE, click, phrase, tick},
    trace::Port,
};

pub(super) fn schedules(sim: &mut Sim) {
    tick(&sim.shared, 5 * MINUTE);
    schedule::people(&sim.shared);
    let limit = sim.shared.lock().now + 48 * HOUR;
    sim.until_over(limit);
}

/// Runs until all is over; what is stuck is tried again, or stopped.
fn to_the_end(sim: &mut Sim) {
    let limit = sim.shared.lock().now + 24 * HOUR;
    while sim.violation().is_none() && !schedule::over(sim) {
        if sim.shared.lock().now > limit {
            sim.shared.lock().violated(invariant::ENDS, "it does not".to_owned());
        }
        sim.run_for(5 * MINUTE);
        let stuck = sim.run().filter(|run| matches!(run.state, RunState::Stuck { .. }));
        if let Some(run) = stuck {
            let action = if sim.shared.lock().dice.below(5) == 0 { "cancel" } else { "retry" };
            sim.as_("ana").sends(click(action, run.id.as_str(), None));
        }
    }
}

/// Ana asks until there is a proposal, and Ben approves it.
fn approved(sim: &mut Sim, command: &str) -> Option<Proposal> {
    for _ in 0..6 {
        sim.as_("ana").types(command);
        if sim.proposal().is_some_and(|proposal| sim.approval(&proposal).is_some()) {
            break;
        }
    }
    let proposal = sim.proposal()?;
    for _ in 0..4 {
        if sim.approval(&proposal).is_some_and(|approval| approval.is_open(sim.now())) {
            sim.as_("ben").approves(&proposal);
        }
    }
    Some(proposal)
}

pub(super) fn restore(sim: &mut Sim) {
    sim.ticks();
    approved(sim, RESTORE);
    to_the_end(sim);
    sim.run_for(HOUR);
}

pub(super) fn failover(sim: &mut Sim) {
    sim.ticks();
    approved(sim, "failover shop");
    to_the_end(sim);
}

pub(super) fn failover_thawed(sim: &mut Sim) {
    sim.ticks();
    approved(sim, "failover shop");
    sim.run_until(HOUR, |sim| sim.effects("promote") == 1);
    sim.by_hand(|state, now| {
        let old = state.databases.instances.get_mut(&(REGION.to_owned(), "orders-db".to_owned()));
        old.into_iter().for_each(|old| old.data.set_read_only(now, false));
    });
    sim.run_for(HOUR);
}

/// The first so many writes of a kind kill whoever makes them.
/// What is asked for beside the usual restore of the same database.
const OTHER_RESTORE: &str = "restore orders --at 2026-11-22T11:47:00Z";

/// A run's twelfth write kills whoever makes it, again and again, and nobody drives the run any more.
pub(super) fn unattended(sim: &mut Sim) {
    sim.ticks();
    approved(sim, RESTORE);
    sim.run_for(HOUR);
}

pub(super) fn race(sim: &mut Sim) {
    sim.ticks();
    let Some(proposal) = sim.as_("ana").asks_restore() else { return };
    sim.as_("ben").sends(phrase(&proposal, "V-1"));
    sim.as_("ana").sends(click("cancel", proposal.id.as_str(), None));
    sim.as_("cleo").sends(click("deny", proposal.id.as_str(), None));
    to_the_end(sim);
}

pub(super) fn two_runs(sim: &mut Sim, at_once: bool) {
    sim.ticks();
    let Some(first) = sim.as_("ana").asks_restore() else { return };
    sim.as_("ana").types(OTHER_RESTORE);
    let Some(second) = sim.proposal() else { return };
    if at_once {
        sim.as_("ben").sends(phrase(&first, "V-1"));
        sim.as_("cleo").sends(phrase(&second, "V-2"));
    } else {
        sim.as_("ben").approves(&first);
        sim.as_("ben").approves(&second);
    }
    to_the_end(sim);
}

pub(super) fn alone(sim: &mut Sim) {
    sim.ticks();
    sim.as_("dora").types("restore inventory --at 2026-11-22T11:49:30Z");
    let Some(proposal) = sim.proposal() else { return };
    sim.as_("dora").approves(&proposal);
    sim.run_for(30 * MINUTE);
}

pub(super) fn twice(sim: &mut Sim) {
    sim.put_plan(&setting::plan(2));
    sim.ticks();
    sim.as_("ana").types(RESTORE);
    let Some(proposal) = sim.proposal() else { return };
    for who in ["ben", "ben", "cleo"] {
        sim.as_(who).approves(&proposal);
    }
    to_the_end(sim);
}

pub(super) fn tampered(sim: &mut Sim) {
    sim.ticks();
    let Some(first) = sim.as_("ana").asks_restore() else { return };
    sim.as_("ana").types(OTHER_RESTORE);
    let Some(other) = sim.proposal() else { return };
    sim.by_hand(|state, _| {
        let Some(mut row) = state.rows.get("proposal", other.id.as_str()).cloned() else { return };
        if let Some(id) = Arc::make_mut(&mut row.body).pointer_mut("/record/id") {
            *id = first.id.as_str().into();
        }
        row.key.id.clone_from(&first.id.0);
        state.rows.set(row);
    });
    sim.as_("ben").approves(&Proposal { phrase: first.phrase.clone(), ..first });
    sim.run_for(30 * MINUTE);
}

pub(super) fn after_approval(sim: &mut Sim, was: &str, is: &str) {
    sim.ticks();
    approved(sim, RESTORE);
    sim.put_plan(&setting::plan(1).replace(was, is));
    sim.run_for(30 * MINUTE);
}

pub(super) fn strangers(sim: &mut Sim) {
    sim.ticks();
    let Some(proposal) = sim.as_("ana").asks_restore() else { return };
    sim.profile("U0CLEO", |profile: &mut Profile| profile.restricted = true);
    sim.as_("eve").approves(&proposal);
    sim.as_("ben").of("T0OTHER").approves(&proposal);
    sim.as_("cleo").approves(&proposal);
    sim.as_("eve").types(RESTORE);
    to_the_end(sim);
}

pub(super) fn unknown(sim: &mut Sim) {
    sim.ticks();
    let Some(proposal) = sim.as_("ana").asks_restore() else { return };
    sim.profile("U0CLEO", |profile: &mut Profile| profile.deleted = true);
    sim.as_("cleo").approves(&proposal);
    to_the_end(sim);
}

pub(super) fn late_vote(sim: &mut Sim) {
    let Some(proposal) = sim.as_("ana").asks_restore() else { return };
    let late = sim.shared.lock().dice.between(15 * MINUTE, 24 * MINUTE);
    sim.run_for(late);
    sim.as_("ben").approves(&proposal);
    sim.ticks();
    to_the_end(sim);
}

pub(super) fn late_start(sim: &mut Sim) {
    let Some(proposal) = sim.as_("ana").asks_restore() else { return };
    sim.as_("ben").sends(phrase(&proposal, "V-1"));
    sim.run_for(6 * HOUR);
    sim.ticks();
    to_the_end(sim);
}

pub(super) fn lost_delivery(sim: &mut Sim) {
    let sent = sim.as_("ana").sends(Request::Command(RESTORE.to_owned()));
    sim.run_for(15 * MINUTE);
    if sim.violation().is_none() && sim.answer(&sent).is_none() {
        sim.shared.lock().violated(invariant::ANSWERED, format!("{} was not", sent.key));
    }
    sim.ticks();
    to_the_end(sim);
}

pub(super) fn foreign(sim: &mut Sim) {
    sim.ticks();
    let Some(proposal) = sim.as_("ana").asks_restore() else { return };
    let made = proposal.steps.iter().find_map(|step| match &step.act {
        Act::Restore(restore) => Some(restore.restoration.new_instance.clone()),
        _ => None,
    });
    sim.by_hand(|state, _| {
        let theirs = state.databases.instances.get(&(REGION.to_owned(), "inventory-db".to_owned())).cloned();
        let theirs = theirs.map(|mut theirs| {
            theirs.settings.iter_mut().for_each(|(_, settings)| settings.monitoring_interval = 0);
            theirs
        });
        state.databases.instances.extend(made.zip(theirs).map(|(made, theirs)| ((REGION.to_owned(), made), theirs)));
    });
    sim.as_("ben").approves(&proposal);
    sim.run_for(HOUR);
}

/// Leads the traffic of `orders` where it was led at the beginning.
fn lead_back(state: &mut State) {
    let Some(secret) = state.secrets.get_mut(&(REGION.to_owned(), "prod/orders".to_owned())) else { return };
    let first = secret.versions.first().map(|(_, value)| ("led-back-by-hand".to_owned(), value.clone()));
    secret.versions.extend(first);
}

pub(super) fn retired(sim: &mut Sim, in_use: bool) {
    sim.ticks();
    approved(sim, RESTORE);
    let Some(run) = sim.until_run_ends(2 * HOUR) else { return };
    sim.as_("ana").clicks("retire", run.id.as_str());
    let Some(proposal) = sim.proposal() else { return };
    if in_use {
        sim.by_hand(|state, _| lead_back(state));
    }
    sim.as_("ben").approves(&proposal);
    sim.run_for(HOUR);
    if in_use {
        // By whoever moved it: traffic belongs where the rows are.
        sim.by_hand(|state, _| {
            let secret = state.secrets.get_mut(&(REGION.to_owned(), "prod/orders".to_owned()));
            secret.into_iter().for_each(|secret| drop(secret.versions.pop()));
        });
    }
}

/// Changes the current plan's text.
fn edit_plan(sim: &mut Sim, edit: impl FnOnce(String) -> String) {
    let text = sim.see(|state| state.blobs.get(PLAN_KEY).and_then(|versions| versions.last()).cloned().unwrap_or_default());
    sim.put_plan(&edit(String::from_utf8_lossy(&text).into_owned()));
}

/// A backup of `orders` every night, kept for a day.
fn nightly(sim: &mut Sim) {
    let backups = "    traffic: secret\n    backups:\n      - {class: daily, cron: \"0 2 * * *\", timezone: UTC, keep: 1d}\n";
    edit_plan(sim, |plan| plan.replacen("    traffic: secret\n", backups, 1));
}

pub(super) fn nights(sim: &mut Sim, by_hand: impl FnOnce(&mut State, i64)) {
    nightly(sim);
    sim.by_hand(by_hand);
    tick(&sim.shared, 5 * MINUTE);
    sim.run_for(72 * HOUR);
}

pub(super) fn nights_busy(sim: &mut Sim) {
    nightly(sim);
    tick(&sim.shared, 5 * MINUTE);
    sim.run_for(20 * HOUR);
    sim.by_hand(|state, now| {
        let orders = state.databases.instances.get_mut(&(REGION.to_owned(), "orders-db".to_owned()));
        orders.into_iter().for_each(|orders| orders.phases.push((now, Phase::Underway("modifying".to_owned()))));
    });
    sim.run_for(48 * HOUR);
}

/// A snapshot that a retirement left behind, say: it has an owner, and no schedule has made it.
pub(super) fn others_snapshot(state: &mut State, now: i64) {
    let taken = now - 10 * 24 * HOUR;
    let snapshot = Snapshot {
        id: "before-the-migration".to_owned(),
        instance: "orders-db".to_owned(),
        resource_id: "db-OLD0".to_owned(),
        region: REGION.to_owned(),
        status: Phase::Available,
        percent: 100,
        taken_at: Some(stamp(taken)),
        kind: SnapshotKind::Manual,
        size_gib: 20,
        encrypted: true,
        engine_version: "16.4".to_owned(),
        tags: Tags::from([(OWNER_TAG.to_owned(), "r-of-somebody".to_owned())]),
    };
    let kept = SnapshotState { created: taken, complete: taken, data: crate::state::Data::default(), snapshot };
    state.databases.snapshots.insert((REGION.to_owned(), kept.snapshot.id.clone()), kept);
}

/// The first night's backup.
const FIRST_NIGHT: &str = "mayday-orders-daily-20261123-0200";

/// Whoever deletes it falls asleep after its last look; nothing can be restored.
fn asleep_at_the_deletion() -> Faults {
    let looks = AtomicU64::new(0);
    Faults::rule(move |call| {
        let looks_at = call.port == Port::Databases && call.method == "snapshot" && call.about == FIRST_NIGHT;
        match call.method {
            "restore" => Fate::NotNow,
            _ if looks_at && looks.fetch_add(1, Ordering::Relaxed) == 2 => Fate::FreezeAfter(45 * SECOND),
            _ => Fate::Well,
        }
    })
}

pub(super) fn nights_meant(sim: &mut Sim) {
    nightly(sim);
    sim.ticks();
    sim.run_until(48 * HOUR, |sim| sim.run().is_some_and(|run| run.title.starts_with("Delete")));
    sim.set_faults(asleep_at_the_deletion());
    sim.run_for(10 * SECOND);
    sim.as_("ana").types(&format!("restore orders --id {FIRST_NIGHT}"));
    if let Some(proposal) = sim.proposal() {
        sim.as_("ben").approves(&proposal);
    }
    sim.run_for(10 * MINUTE);
}

pub(super) fn stuck(sim: &mut Sim, by: &str, telephone: &str) {
    let on_call = format!(
        "on_call:
  rounds: 2
  escalation:
    - {{ name: Primary, notify: [ana], by: {by}, within: 5m }}
    - {{ name: Secondary, notify: [ben], by: [sms, slack], within: 5m }}
"
    );
    edit_plan(sim, |plan| {
        let plan = plan
            .replace("ana: { slack: U0ANA,", &format!("ana: {{ slack: U0ANA, phone: {telephone}, email: ana@example.com,"))
            .replace("ben: { slack: U0BEN,", "ben: { slack: U0BEN, phone: +1-555-0002, email: ben@example.com,");
        format!("{plan}{on_call}")
    });
    sim.ticks();
    approved(sim, RESTORE);
    sim.run_for(40 * MINUTE);
}

/// A check, and a restore that people must approve when the check fails.
const RUNBOOK: &str = "
name: Mend
steps:
  - {name: Check, commands: [npm run db:verify-integrity]}
  - {name: Ask, condition: check_failed, gate: {message: Restore what was there before the rows went?}}
  - {name: Mend, condition: check_failed, commands: [npm run db:restore --timestamp=MOMENT]}
";

pub(super) fn gated(sim: &mut Sim) {
    edit_plan(sim, |plan| {
        let plan =
            plan.replace("verbs: [look, backup, restore, retire, failover]", "verbs: [look, run, backup, restore, retire, failover]");
        format!("{plan}runbooks:\n  mine: {{ file: runbooks/mine.yaml }}\n")
    });
    let text = RUNBOOK.replace("MOMENT", &stamp(BEGAN - TROUBLE - 5 * MINUTE).to_string());
    sim.by_hand(|state, _| state.blobs.insert("runbooks/mine.yaml".to_owned(), vec![text.into_bytes()]));
    sim.ticks();
    approved(sim, "runbook run mine --on orders");
    sim.run_for(3 * HOUR);
}

pub(super) fn markup(sim: &mut Sim) {
    sim.as_("ana").types(&format!("{RESTORE} --reason \"&lt;!channel&gt; the rows are gone\""));
    sim.ticks();
    to_the_end(sim);
}

pub(super) fn stopped(sim: &mut Sim) {
    sim.ticks();
    approved(sim, RESTORE);
    sim.run_until(HOUR, |sim| sim.effects("restore") == 1);
    if let Some(run) = sim.run() {
        sim.as_("ana").clicks("cancel", run.id.as_str());
    }
    to_the_end(sim);
}

pub(super) fn bad_moment(sim: &mut Sim) {
    sim.ticks();
    approved(sim, "restore orders --at 2026-11-22T11:55:00Z");
    sim.run_for(2 * HOUR);
}

pub(super) fn moved(sim: &mut Sim) {
    sim.ticks();
    approved(sim, RESTORE);
    sim.run_until(HOUR, |sim| sim.effects("restore") == 1);
    sim.by_hand(|state, _| lead_back(state));
    sim.run_for(HOUR);
}
