//! A restore of the database `inventory`, and what becomes of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    action::{Act, Align, AwaitRestorable, Backup, Compare, Finding, Restore, Retire, Switch, Through, Verify},
    approval::{Approval, State, Vote},
    backup::{RecoveryPoint, Verification},
    database::{Live, Route},
    ident::{Actor, Identity, ProposalId, RunId, StepId},
    plan::{self, Check, Expectation, Objectives, Quorum, Span, Traffic},
    policy::Verb,
    port::{Instance, Phase, Posted, RecordSet, Restoration, RestoreFrom, Settings, Snapshot, SnapshotKind, Tags},
    proposal::{Consequences, Flow, PlannedStep, Proposal, Target, TargetKind},
    run::{Happened, Run, StepState, Told},
};

pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-11-22T{time}Z").parse().unwrap()
}

pub(crate) fn who(user: &str) -> Identity {
    Identity { org: "T0MAYDAY01".to_owned(), user: user.to_owned() }
}

pub(super) const OLD: &str = "inventory-db";
pub(super) const NEW: &str = "inventory-db-r-a4c6e0f1g2";
const ID: &str = "p-01kb3m6v9d5x2y7z8a4c6e0f1g";

pub(super) fn settings() -> Settings {
    Settings {
        instance_class: "db.r6g.large".to_owned(),
        engine: "postgres".to_owned(),
        engine_version: "15.8".to_owned(),
        subnet_group: Some("private-subnets".to_owned()),
        security_groups: vec!["sg-0a1b2c".to_owned(), "sg-3d4e5f".to_owned()],
        parameter_group: Some("orders-pg15".to_owned()),
        multi_az: true,
        deletion_protection: true,
        backup_retention_days: 14,
        allocated_storage: 100,
        storage_encrypted: true,
        monitoring_interval: 60,
        port: Some(5432),
        tags: Tags::from([("team".to_owned(), "warehouse".to_owned())]),
        ..Settings::default()
    }
}

pub(super) fn check(name: &str, sql: &str, expect: Expectation) -> Check {
    Check { name: name.to_owned(), sql: sql.to_owned(), expect }
}

fn checks() -> Vec<Check> {
    vec![
        check("items are there", "select count(*) from items", Expectation::AtLeast(1_000)),
        check("no orphans", "select count(*) from movements where item_id is null", Expectation::Equals("0".to_owned())),
        check("data is fresh", "select max(at) from movements", Expectation::NewerThan(Span(SignedDuration::from_mins(15)))),
    ]
}

pub(super) fn planned(id: &str, name: &str, act: Act, minutes: i64, usual_seconds: Option<u64>) -> PlannedStep {
    let timeout = Span(SignedDuration::from_mins(minutes));
    PlannedStep { id: StepId(id.to_owned()), name: name.to_owned(), act, timeout, retries: 3, usual_seconds, flow: Flow::default() }
}

fn secret_route() -> Route {
    Route::Secret {
        region: "eu-west-1".to_owned(),
        name: "mayday/inventory".to_owned(),
        version: "8f0b-old".to_owned(),
        host: format!("{OLD}.abc.eu-west-1.rds.amazonaws.com"),
    }
}

fn verify(instance: &str, through: Through) -> Act {
    let checks = if through == Through::Endpoint { checks() } else { Vec::new() };
    Act::Verify(Verify {
        region: "eu-west-1".to_owned(),
        instance: instance.to_owned(),
        through,
        database: "inventory".to_owned(),
        secret: "mayday/inventory".to_owned(),
        checks,
        recovery_point: Some(at("14:02:00")),
    })
}

fn restore_steps() -> Vec<PlannedStep> {
    let region = || "eu-west-1".to_owned();
    let owner = Tags::from([
        ("mayday:run".to_owned(), "r-01kb3m6v9d5x2y7z8a4c6e0f1g".to_owned()),
        ("mayday:step".to_owned(), "restore".to_owned()),
    ]);
    let restoration = Restoration {
        region: region(),
        from: RestoreFrom::Time { instance: OLD.to_owned(), at: at("14:02:00") },
        new_instance: NEW.to_owned(),
        settings: settings(),
        owner,
    };
    let reach = AwaitRestorable { region: region(), instance: OLD.to_owned(), resource_id: "db-OLD123".to_owned(), at: at("14:02:00") };
    let compare = Compare {
        region: region(),
        instance: NEW.to_owned(),
        old_instance: OLD.to_owned(),
        old_resource_id: "db-OLD123".to_owned(),
        settings: settings(),
    };
    let switch = Switch { before: secret_route(), region: region(), to: NEW.to_owned(), version: "c0ffee".repeat(10) + "c0ff" };
    vec![
        planned("reach", "Wait until that moment can be restored", Act::AwaitRestorable(reach), 30, Some(60)),
        planned(
            "restore",
            "Restore to a new instance",
            Act::Restore(Restore { restoration, source_resource_id: "db-OLD123".to_owned() }),
            360,
            Some(540),
        ),
        planned(
            "align",
            "Give it all settings of the old one",
            Act::Align(Align { region: region(), instance: NEW.to_owned(), settings: settings() }),
            60,
            Some(150),
        ),
        planned("compare", "Compare every setting with the old one", Act::Compare(compare), 5, Some(2)),
        planned("verify", "Check the restored data", verify(NEW, Through::Endpoint), 30, Some(20)),
        planned("switch", "Lead traffic to the new instance", Act::Switch(switch), 15, Some(45)),
        planned("confirm", "Check what traffic now reaches", verify(NEW, Through::Secret), 15, Some(10)),
    ]
}

pub(super) fn restore() -> Proposal {
    Proposal {
        id: ProposalId(ID.to_owned()),
        verb: Verb::Restore,
        title: "Restore inventory to 2026-11-22 14:02:00 UTC".to_owned(),
        requester: Actor::Person(who("U0ANA00001")),
        right: crate::proposal::Right::Granted,
        reason: Some("a migration emptied the items table".to_owned()),
        asked_at: at("14:08:40"),
        target: Target {
            kind: TargetKind::Database,
            name: "inventory".to_owned(),
            environment: "production".to_owned(),
            region: "eu-west-1".to_owned(),
        },
        locks: Vec::new(),
        plan_version: "v-3Lk9".to_owned(),
        plan_digest: "ab".repeat(32),
        runbook: "restore".to_owned(),
        runbook_digest: "cd".repeat(32),
        steps: restore_steps(),
        consequences: Consequences {
            recovery_point: Some(at("14:02:00")),
            source: Some(format!("the log of {OLD}")),
            lost_seconds: Some(400),
            usual_seconds: Some(827),
            rto_seconds: 3_600,
            cost: Some("0.38 USD an hour for a second instance, until the old one is retired".to_owned()),
            undo: format!("Until traffic moves, nothing has changed. Afterwards {OLD} is still there, as it was."),
            point_of_no_return: Some(StepId("switch".to_owned())),
            warnings: vec!["Applications that hold connections to the old instance keep writing there until they reconnect.".to_owned()],
        },
        quorum: Some(Quorum { needed: 2, roles: vec!["dba".to_owned(), "lead".to_owned()], within: Span(SignedDuration::from_mins(30)) }),
        phrase: "inventory 14:02 eu-west-1".to_owned(),
        expires_at: at("14:38:40"),
        gate: None,
    }
}

/// The deletion of the replaced instance, where traffic goes by a CNAME.
pub(super) fn retire() -> Proposal {
    let record = RecordSet {
        name: "inventory.db.internal".to_owned(),
        kind: "CNAME".to_owned(),
        ttl: 30,
        values: vec![format!("{NEW}.abc.eu-west-1.rds.amazonaws.com")],
    };
    let act = Act::Retire(Retire {
        region: "eu-west-1".to_owned(),
        instance: OLD.to_owned(),
        resource_id: "db-OLD123".to_owned(),
        final_snapshot: "mayday-inventory-20261122-160000-a4c6e0f1g2".to_owned(),
        route: Route::Cname { zone: "db.internal".to_owned(), record },
    });
    Proposal {
        verb: Verb::Retire,
        title: format!("Retire {OLD}, replaced in inventory"),
        reason: None,
        runbook: "retire".to_owned(),
        steps: vec![planned("retire", "Delete the old instance", act, 120, None)],
        consequences: Consequences {
            undo: "Not undoable, but the final snapshot can be restored.".to_owned(),
            point_of_no_return: Some(StepId("retire".to_owned())),
            warnings: vec![format!("The log and the automated backups of {OLD} go with it.")],
            ..Consequences::default()
        },
        quorum: Some(Quorum { needed: 1, roles: vec!["dba".to_owned()], within: Span(SignedDuration::from_mins(30)) }),
        phrase: format!("retire {OLD} eu-west-1"),
        ..restore()
    }
}

pub(super) fn backup() -> Proposal {
    let act = Act::Backup(Backup {
        region: "eu-west-1".to_owned(),
        instance: OLD.to_owned(),
        resource_id: "db-OLD123".to_owned(),
        snapshot: "mayday-inventory-20261122-140840-a4c6e0f1g2".to_owned(),
        tags: Tags::from([("mayday:class".to_owned(), "archive".to_owned())]),
    });
    Proposal {
        verb: Verb::Backup,
        title: "Back up inventory".to_owned(),
        runbook: "backup".to_owned(),
        steps: vec![planned("snapshot", "Take a snapshot", act, 120, None)],
        consequences: Consequences {
            undo: "Nothing is changed; the snapshot can be deleted.".to_owned(),
            cost: Some("storage of up to 100 GiB, until the snapshot is deleted".to_owned()),
            ..Consequences::default()
        },
        quorum: None,
        phrase: "inventory eu-west-1".to_owned(),
        ..restore()
    }
}

pub(super) fn approval(proposal: &Proposal) -> Approval {
    let mut approval = Approval::of(proposal, proposal.digest().unwrap(), who("U0ANA00001")).unwrap();
    approval.cards.push(Posted { channel: "C0RECOVERY".to_owned(), ts: "1.1".to_owned() });
    approval
}

pub(super) fn voted(proposal: &Proposal, votes: &[(&str, &str)]) -> Approval {
    let votes = votes.iter().map(|(by, time)| Vote { by: who(by), at: at(time) }).collect();
    Approval { votes, ..approval(proposal) }
}

pub(super) fn approved(proposal: &Proposal) -> Approval {
    let state = State::Approved { at: at("14:11:50") };
    Approval { state, ..voted(proposal, &[("U0BOB00001", "14:10:02"), ("U0CAROL001", "14:11:50")]) }
}

/// A run of which nothing was done yet. Built from its stored form, as the table gives it.
pub(super) fn run(proposal: &Proposal) -> Run {
    let steps: Vec<Value> = proposal.steps.iter().map(|step| json!({"id": step.id, "state": "waiting", "attempts": 0})).collect();
    serde_json::from_value(json!({
        "id": proposal.id.run(), "proposal": proposal.id, "digest": proposal.digest().unwrap(), "target": "inventory",
        "title": proposal.title, "state": "running", "epoch": 1, "visits": 1, "visited_at": at("14:11:52"), "steps": steps,
        "log": [], "told": 0, "distressed": 0, "decided_at": at("14:11:50"), "started_at": at("14:11:52"),
    }))
    .unwrap()
}

/// Ends a step well.
pub(super) fn finish(run: &mut Run, step: usize, from: &str, to: &str, finding: Finding) {
    let record = &mut run.steps[step];
    record.attempts = 1;
    record.started_at = Some(at(from));
    record.ended_at = Some(at(to));
    record.state = StepState::Done(finding);
}

/// The restore up to, and without, its fifth step.
pub(super) fn halfway(proposal: &Proposal) -> Run {
    let mut run = run(proposal);
    finish(&mut run, 0, "14:11:52", "14:12:30", Finding::said("the log reaches 2026-11-22 14:07:11 UTC"));
    finish(&mut run, 1, "14:12:30", "14:23:32", Finding::said(format!("{NEW} is available")));
    finish(&mut run, 2, "14:23:32", "14:25:50", Finding::said(format!("{NEW} has all that the old instance had")));
    let line = |field: &str, was: &str, is: &str, why: &str| json!({"field": field, "was": was, "is": is, "why": why});
    let explained = json!({"explained": [line("id", OLD, NEW, "a restore makes a new instance")]});
    let compared = Finding { summary: "all 37 settings are as they were".to_owned(), detail: explained };
    finish(&mut run, 3, "14:25:50", "14:25:52", compared);
    run
}

/// The restore with all its steps done.
pub(super) fn succeeded(proposal: &Proposal) -> Run {
    let mut run = halfway(proposal);
    let result = |name: &str, expected: &str, found: &str| json!({"name": name, "expected": expected, "found": found, "passed": true});
    let detail = json!({"checks": [
        result("items are there", "at least 1000", "100001"),
        result("no orphans", "“0”", "0"),
        result("data is fresh", "at most 15m older than the recovery point", "2026-11-22 14:01:58.2+00"),
    ]});
    finish(&mut run, 4, "14:25:52", "14:26:10", Finding { summary: "signed in; all 3 checks passed".to_owned(), detail });
    finish(&mut run, 5, "14:26:10", "14:26:58", Finding::said(format!("traffic goes to {NEW}")));
    finish(&mut run, 6, "14:26:58", "14:27:05", Finding::said(format!("signed in as the applications do: they reach {NEW}")));
    run.state = crate::run::State::Succeeded;
    run.ended_at = Some(at("14:27:05"));
    run
}

pub(super) fn told(time: &str, what: Happened) -> Told {
    Told { at: at(time), what }
}

pub(crate) fn live() -> Live {
    Live {
        name: "inventory".to_owned(),
        entry: plan::Database {
            environment: "production".to_owned(),
            region: "eu-west-1".to_owned(),
            database: "inventory".to_owned(),
            secret: "mayday/inventory".to_owned(),
            traffic: Traffic::Secret,
            objectives: Objectives { rto: Span(SignedDuration::from_hours(1)), rto_max: None, rpo: Span(SignedDuration::from_mins(15)) },
            checks: checks(),
            hourly_cost: None,
            backups: Vec::new(),
            heartbeat: None,
            alerts: plan::Alerts::default(),
        },
        route: secret_route(),
        instance: Instance {
            id: OLD.to_owned(),
            resource_id: "db-OLD123".to_owned(),
            region: "eu-west-1".to_owned(),
            status: Phase::Available,
            endpoint: None,
            created_at: None,
            latest_restorable: Some(at("14:05:00")),
            earliest_restorable: Some("2026-11-08T02:00:00Z".parse().unwrap()),
            settings: settings(),
            pending_reboot: false,
            replica_of: None,
        },
        gone: false,
    }
}

pub(crate) fn point(id: &str, taken_at: Option<Timestamp>, passed: Option<bool>) -> RecoveryPoint {
    let automated = id.starts_with("rds:");
    RecoveryPoint {
        snapshot: Snapshot {
            id: id.to_owned(),
            instance: OLD.to_owned(),
            resource_id: "db-OLD123".to_owned(),
            region: "eu-west-1".to_owned(),
            status: if taken_at.is_some() { Phase::Available } else { Phase::Underway("creating".to_owned()) },
            percent: if taken_at.is_some() { 100 } else { 45 },
            taken_at,
            kind: if automated { SnapshotKind::Automated } else { SnapshotKind::Manual },
            size_gib: 100,
            encrypted: !automated,
            engine_version: "15.8".to_owned(),
            tags: Tags::new(),
        },
        verification: passed.map(|passed| Verification {
            snapshot: id.to_owned(),
            passed,
            at: at("06:00:00"),
            run: RunId("r-1".to_owned()),
            checks: Vec::new(),
        }),
    }
}
