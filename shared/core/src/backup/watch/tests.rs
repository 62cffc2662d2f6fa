use super::*;
use crate::{
    backup::{Past, Slot, schedule::Due},
    database::Lineage,
    failure::CallError,
    plan::BackupClass,
    port::Quota,
    view::tests::sample::{at as clock, live, point},
};

fn due(class: BackupClass) -> Due {
    Due { at: clock("02:00:00"), class, serves: vec![class] }
}

fn sample(loss: Option<u32>, log: Option<u32>) -> Sample {
    Sample { at: clock("14:08:00"), loss, log, verified: None, heartbeat: None }
}

struct Case {
    seen: Result<Seen, Unseen>,
    hour: Hour,
    agenda: Agenda,
    entry: plan::Database,
}

impl Case {
    /// All is well.
    fn new() -> Self {
        let live = live();
        let entry = live.entry.clone();
        let seen = Seen { lineage: Lineage::first(&live), points: vec![point("mayday-inventory-1", Some(clock("02:00:00")), None)], live };
        let hour = Hour {
            database: "inventory".to_owned(),
            hour: clock("14:00:00"),
            before: None,
            unknown_since: None,
            samples: vec![sample(Some(180), Some(180)), sample(Some(180), Some(180))],
        };
        Self { seen: Ok(seen), hour, agenda: Agenda { database: "inventory".to_owned(), ..Agenda::default() }, entry }
    }

    fn measured(loss: [Option<u32>; 2], log: [Option<u32>; 2]) -> Self {
        let mut case = Self::new();
        case.hour.samples = vec![sample(loss[0], log[0]), sample(loss[1], log[1])];
        case
    }

    fn told(&self) -> String {
        let situation = Situation {
            name: "inventory",
            entry: &self.entry,
            seen: &self.seen,
            hour: &self.hour,
            agenda: &self.agenda,
            now: clock("14:08:00"),
        };
        let (found, left) = findings(&situation);
        let told =
            found.iter().map(|alert| format!("{} {:?}: {} | {}", alert.kind, alert.level, alert.sentence, alert.way_out.clone().unwrap()));
        let left =
            (!left.is_empty()).then(|| format!("not judged: {}", left.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
        told.chain(left).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn r06_the_loss_is_told_before_the_objective_is_broken_and_when_it_is() {
    assert_eq!(Case::new().told(), "");
    let told: Vec<String> = [[719, 719], [720, 720], [900, 901], [901, 960]]
        .iter()
        .map(|[a, b]| Case::measured([Some(*a), Some(*b)], [Some(1), Some(1)]).told())
        .collect();
    insta::assert_snapshot!(told.join("\n--\n"), @r"

    --
    rpo Warning: inventory would lose 12 min if it were lost now, close to its objective (RPO) of 15 min: its log ends at 2026-11-22 14:05 UTC. | `/dr backup inventory` makes a recovery point now; `/dr status inventory` shows more.
    --
    rpo Warning: inventory would lose 15 min if it were lost now, close to its objective (RPO) of 15 min: its log ends at 2026-11-22 14:05 UTC. | `/dr backup inventory` makes a recovery point now; `/dr status inventory` shows more.
    --
    rpo Broken: inventory would lose 15 min 01 s if it were lost now, more than its objective (RPO) of 15 min: its log ends at 2026-11-22 14:05 UTC. | `/dr backup inventory` makes a recovery point now; `/dr status inventory` shows more.
    ");
    // One stale answer alarms nobody, and one measurement alone neither.
    assert_eq!(Case::measured([Some(60), Some(3_600)], [Some(60), Some(60)]).told(), "");
    let mut first = Case::measured([None, None], [None, None]);
    first.hour.samples.truncate(1);
    assert_eq!(first.told(), "");
}

#[test]
fn h11_a_log_that_stands_still_an_empty_snapshot_and_nothing_at_all() {
    let still = Case::measured([Some(600), Some(600)], [Some(1_801), Some(1_860)]);
    let mut empty = Case::new();
    if let Ok(seen) = &mut empty.seen {
        seen.points[0].snapshot.size_gib = 0;
    }
    let nothing = Case::measured([None, None], [None, None]);
    let mut gone = Case::measured([Some(43_000), Some(43_060)], [None, None]);
    if let Ok(seen) = &mut gone.seen {
        seen.live.gone = true;
    }
    insta::assert_snapshot!([still, empty, nothing, gone].map(|case| case.told()).join("\n--\n"), @r"
    log Warning: The log of inventory (inventory-db) has not moved for 30 min 01 s: no moment since then can be restored. | Look at the events of inventory-db in RDS; `/dr backup inventory` makes a recovery point now.
    --
    backup-empty Broken: The newest snapshot of inventory, mayday-inventory-1, is empty: nothing can be restored from it. | `/dr backup inventory` makes another one.
    --
    rpo Broken: inventory has nothing to restore from: no log and no snapshot. All of it would be lost. | `/dr backup inventory` makes a recovery point now; `/dr status inventory` shows more.
    --
    rpo Broken: inventory would lose 11 h 56 min if it were lost now, more than its objective (RPO) of 15 min: its instance inventory-db is gone. | `/dr backup inventory` makes a recovery point now; `/dr status inventory` shows more.
    ");
}

#[test]
fn h11_a_backup_that_fails_is_late_or_is_found_bad() {
    let slot = |tries, failed: Option<&str>, waits: Option<&str>| Slot {
        due: due(BackupClass::Daily),
        proposal: None,
        tries,
        not_before: clock("14:10:00"),
        waits_for: waits.map(str::to_owned),
        failed: failed.map(str::to_owned),
    };
    let mut failing = Case::new();
    failing.agenda.slot =
        Some(Slot { due: Due { at: clock("14:00:00"), ..due(BackupClass::Daily) }, ..slot(1, Some("the quota is used up"), None) });
    let mut late = Case::new();
    late.agenda.slot = Some(slot(0, None, Some("r-1 (Restore inventory) holds inventory")));
    let mut failed = Case::new();
    let past = |outcome| Past { due: due(BackupClass::Full), at: clock("02:40:00"), outcome };
    failed.agenda.past = vec![past(Outcome::Failed("mayday-inventory-full-20261122-0200 is empty".to_owned()))];
    let mut mended = Case::new();
    mended.agenda.past = vec![past(Outcome::Failed("it was empty".to_owned())), past(Outcome::Taken("mayday-inventory-full".to_owned()))];
    assert_eq!(mended.told(), "");
    let mut bad = Case::new();
    bad.seen.as_mut().unwrap().points = vec![point("mayday-inventory-1", Some(clock("02:00:00")), Some(false))];
    let mut never = Case::new();
    never.entry.alerts.verified_within = Some(plan::Span(SignedDuration::from_hours(24 * 8)));
    insta::assert_snapshot!([failing, late, failed, bad, never].map(|case| case.told()).join("\n--\n"), @r"
    backup-failed Warning: The daily backup of inventory, due at 2026-11-22 14:00 UTC, failed: the quota is used up. It is tried again. | `/dr backup inventory` makes one now; `/dr status inventory` shows more.
    --
    backup-late Warning: The daily backup of inventory, due at 2026-11-22 02:00 UTC, is 12 h 08 min late. It waits: r-1 (Restore inventory) holds inventory. | `/dr backup inventory` makes one now; `/dr status inventory` shows more.
    --
    backup-failed Broken: The full backup of inventory, due at 2026-11-22 02:00 UTC, was not taken, and is not tried again: mayday-inventory-full-20261122-0200 is empty. | `/dr backup inventory` makes one now; `/dr status inventory` shows more.
    --
    unverified Broken: mayday-inventory-1 of inventory was restored and found bad: it can't be relied on. | `/dr backups inventory` shows which are good.
    --
    unverified Warning: No recovery point of inventory was ever restored and found good. | `/dr restore inventory --id RECOVERY_POINT` checks one; the data of the old instance stays.
    ");
}

#[test]
fn r06_unknown_is_not_stale_and_is_said_as_such() {
    let mut case = Case::measured([Some(60), None], [Some(60), None]);
    let throttled = CallError::NotNow { code: "Throttling".to_owned(), why: "Rate exceeded".to_owned() };
    case.seen = Err(Unseen::Unknown(throttled.to_string()));
    case.hour.unknown_since = Some(clock("14:04:00"));
    let soon = case.told();
    case.hour.unknown_since = Some(clock("14:02:00"));
    let later = case.told();
    case.seen = Err(Unseen::Missing("The zone db.internal has no CNAME inventory.".to_owned()));
    insta::assert_snapshot!([soon, later, case.told()].join("\n--\n"), @r"
    not judged: rpo, log, backup-empty, unverified, heartbeat
    --
    unknown Warning: Nobody can tell how stale the backups of inventory are: AWS has not answered since 2026-11-22 14:02 UTC (not now (Throttling): Rate exceeded). | Look at the AWS Health Dashboard. This says nothing about the backups themselves.
    not judged: rpo, log, backup-empty, unverified, heartbeat
    --
    unknown Warning: Nobody can tell how stale the backups of inventory are: what the plan names is not there since 2026-11-22 14:02 UTC. The zone db.internal has no CNAME inventory. | Correct the plan, or what it names.
    not judged: rpo, log, backup-empty, unverified, heartbeat
    ");
}

#[test]
fn a_heartbeat_that_has_stopped() {
    let mut case = Case::new();
    for sample in &mut case.hour.samples {
        sample.heartbeat = Some(901);
    }
    insta::assert_snapshot!(case.told(), @"heartbeat Warning: The heartbeat of inventory is 15 min 01 s old: nothing is written, or whoever writes it has stopped. | `/dr status inventory` shows whether the database answers.");
}

#[test]
fn snapshots_are_told_of_before_the_quota_is_reached() {
    let counted = |used| Counted { region: "eu-west-1".to_owned(), at: clock("14:00:00"), quota: Quota { used, max: 100 } };
    let told = |used, foreign, scheduled| {
        crowded(&counted(used), foreign, scheduled).map(|alert| format!("{:?}: {}", alert.level, alert.sentence))
    };
    assert_eq!(told(79, 10, 69), None);
    assert_eq!(told(10, 10, 69), None);
    let warned = told(12, 10, 70).unwrap();
    insta::assert_snapshot!([warned, told(12, 10, 91).unwrap(), told(80, 10, 10).unwrap()].join("\n"), @r"
    Warning: eu-west-1 has 12 manual snapshots of 100 that the account may have, and the schedules will make it 80: beyond that, no backup can be taken and no instance be deleted with a final snapshot.
    Broken: eu-west-1 has 12 manual snapshots of 100 that the account may have, and the schedules will make it 101: beyond that, no backup can be taken and no instance be deleted with a final snapshot.
    Warning: eu-west-1 has 80 manual snapshots of 100 that the account may have, and the schedules will make it 20: beyond that, no backup can be taken and no instance be deleted with a final snapshot.
    ");
}
