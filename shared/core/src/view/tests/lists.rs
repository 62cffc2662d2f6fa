use serde_json::{Value, json};

use super::{read, sample::*};
use crate::{
    alert::{Alert, Kind, Level, Standing},
    approval::{Approval, State},
    audit::{Entry, Event},
    ident::Actor,
    port::Phase,
    probe,
    run::Run,
    view::{Board, Links, OnCall, ServiceGlance, approvals_list, backups_list, runs_list, status_board, why_ledger},
};

#[test]
fn the_situation_at_a_glance() {
    let proposal = restore();
    let good = point("mayday-inventory-1", Some(at("02:00:00")), Some(true));
    let mut gone = live();
    gone.name = "orders".to_owned();
    gone.gone = true;
    let mut busy = live();
    busy.instance.status = Phase::Underway("backing-up".to_owned());
    busy.instance.latest_restorable = Some(at("13:20:00"));
    let databases = vec![
        ("inventory".to_owned(), Ok((live(), Some(good)))),
        ("orders".to_owned(), Ok((gone, None))),
        ("busy".to_owned(), Ok((busy, Some(point("rds:inventory-db-1", Some(at("02:00:00")), None))))),
        ("users".to_owned(), Err("There is no secret mayday/users in eu-west-1. Correct the plan, or create it.".to_owned())),
    ];
    let alert = Alert {
        kind: Kind::Health,
        subject: "shop".to_owned(),
        level: Level::Broken,
        sentence: "shop is not well. front page: it answered 503, not 200.".to_owned(),
        way_out: None,
    };
    let service = |name: &str, state| ServiceGlance { name: name.to_owned(), environment: "production".to_owned(), probed: true, state };
    let board = Board {
        databases,
        fleet: None,
        services: vec![service("shop", probe::State::Ill(at("14:20:00"))), service("till", probe::State::Well)],
        alerts: vec![Standing {
            alert,
            since: at("14:20:00"),
            told: Some(Level::Broken),
            resolved: None,
            told_resolved: false,
            telling: None,
            posted: None,
        }],
        pages: Vec::new(),
        approvals: vec![(voted(&proposal, &[("U0BOB00001", "14:10:02")]), proposal.clone())],
        runs: vec![halfway(&proposal)],
        on_call: vec![OnCall { rotation: "responders".to_owned(), users: vec!["U0ANA00001".to_owned()] }],
        links: Links::default(),
    };
    insta::assert_snapshot!(read(&status_board(&board, at("14:26:00"))), @r"
    (❌ 1 of 2 services not well. ❌ 2 of 4 databases need a look. One proposal waits for approval, 1 run going on.)
    # How things stand
    ❌ 1 of 2 services not well. ❌ 2 of 4 databases need a look. One proposal waits for approval, 1 run going on.

    *Wrong*

    ❌ shop is not well. front page: it answered 503, not 200. Since 2026-11-22 (14:20:00 UTC).

    *Services*

    ❌ *shop* (production): ill for 6 min
    ✅ *till* (production): well

    *Databases*

    ✅ *inventory* (production, eu-west-1): `inventory-db` is available
    • any moment up to 21 min ago can be restored
    • newest snapshot `mayday-inventory-1`, 12 h 26 min old, ✅ verified at 2026-11-22 (06:00:00 UTC)
    • ⚠️ 21 min would be lost now: more than the objective (RPO) of 15 min
    ❌ *orders* (production, eu-west-1): `inventory-db` is gone: traffic is still led to it
    • no log to restore from
    • ❌ no snapshot that can be restored
    ⏳ *busy* (production, eu-west-1): `inventory-db` is backing-up
    • any moment up to 1 h 06 min ago can be restored
    • newest snapshot `rds:inventory-db-1`, 12 h 26 min old, never verified
    • ⚠️ 1 h 06 min would be lost now: more than the objective (RPO) of 15 min
    ❌ *users*: There is no secret mayday/users in eu-west-1. Correct the plan, or create it.

    *Waits for approval*

    ⏳ *Restore inventory to 2026-11-22 14:02:00 UTC*
    • asked by <@U0ANA00001> 17 min 20 s ago: a migration emptied the items table
    • 1 of 2 given; needs one more person with the role dba or lead, within 12 min 40 s. Decide on its card in <#C0RECOVERY>.
    • `p-01kb3m6v9d5x2y7z8a4c6e0f1g`

    *Going on*

    *Restore inventory to 2026-11-22 14:02:00 UTC*
    • ▶ step 5 of 7, for 14 min 08 s
    • `r-01kb3m6v9d5x2y7z8a4c6e0f1g`

    [Restore…](open_restore restore) [Back up now…](open_backup backup)
    ~ On call: responders <@U0ANA00001>
    ");
}

#[test]
fn a_quiet_day() {
    let databases = vec![("inventory".to_owned(), Ok((live(), Some(point("mayday-inventory-1", Some(at("02:00:00")), Some(true))))))];
    let text = status_board(&Board { databases, ..Board::default() }, at("14:06:00")).text;
    assert_eq!(text.as_str(), "✅ 1 database, all as they should be. Nothing waits for approval, no run going on.");
    assert_eq!(
        status_board(&Board::default(), at("14:06:00")).text.as_str(),
        "The plan has no database. Nothing waits for approval, no run going on."
    );
}

#[test]
fn the_recovery_points_and_the_one_that_is_known_to_be_good() {
    let points = [
        point("mayday-inventory-3", None, None),
        point("rds:inventory-db-2", Some(at("02:00:00")), None),
        point("mayday-inventory-1", Some(at("01:00:00")), Some(true)),
        point("mayday-inventory-0", Some(at("00:30:00")), Some(false)),
    ];
    insta::assert_snapshot!(read(&backups_list(&live(), &points, Some("mayday-inventory-1"), None, at("14:08:00"))), @r"
    (inventory has 4 snapshots. The last known good is `mayday-inventory-1`.)
    # Recovery points of inventory
    inventory has 4 snapshots. The last known good is `mayday-inventory-1`.

    ✅ Any moment from 2026-11-08 (02:00:00 UTC) up to 2026-11-22 (14:05:00 UTC), 3 min ago, can be restored from the log of `inventory-db`: `/dr restore inventory --at WHEN`

    `mayday-inventory-3`
    • ⏳ being made, 45 % done
    • never verified, 100 GiB, of `inventory-db`, stays until it is deleted
    `rds:inventory-db-2`
    • 2026-11-22 (02:00:00 UTC), 12 h 08 min old
    • never verified, 100 GiB, of `inventory-db`, automated, dies with its instance, not encrypted
    `mayday-inventory-1` *← last known good*
    • 2026-11-22 (01:00:00 UTC), 13 h 08 min old
    • ✅ verified at 2026-11-22 (06:00:00 UTC), 100 GiB, of `inventory-db`, stays until it is deleted
    `mayday-inventory-0`
    • 2026-11-22 (00:30:00 UTC), 13 h 38 min old
    • ❌ found bad at 2026-11-22 (06:00:00 UTC), 100 GiB, of `inventory-db`, stays until it is deleted

    ~ Restore one: `/dr restore inventory --id RECOVERY_POINT`
    ");
}

#[test]
fn recovery_points_of_a_lost_instance_and_none_at_all() {
    let mut gone = live();
    gone.gone = true;
    let points = [point("mayday-inventory-0", Some(at("00:30:00")), None)];
    insta::assert_snapshot!(read(&backups_list(&gone, &points, None, Some(at("01:00:00")), at("14:08:00"))), @r"
    (inventory has one snapshot from before 2026-11-22 (01:00:00 UTC). None is known to be good: no restore of one has passed its checks.)
    # Recovery points of inventory
    inventory has one snapshot from before 2026-11-22 (01:00:00 UTC). None is known to be good: no restore of one has passed its checks.

    ❌ `inventory-db` is gone, and its log and automated snapshots with it or soon.

    `mayday-inventory-0`
    • 2026-11-22 (00:30:00 UTC), 13 h 38 min old
    • never verified, 100 GiB, of `inventory-db`, stays until it is deleted

    ~ Restore one: `/dr restore inventory --id RECOVERY_POINT`
    ");
    let none = backups_list(&live(), &[], None, Some(at("01:00:00")), at("14:08:00"));
    insta::assert_snapshot!(read(&none), @r"
    (inventory has no snapshot from before 2026-11-22 (01:00:00 UTC).)
    # Recovery points of inventory
    inventory has no snapshot from before 2026-11-22 (01:00:00 UTC).

    ✅ Any moment from 2026-11-08 (02:00:00 UTC) up to 2026-11-22 (14:05:00 UTC), 3 min ago, can be restored from the log of `inventory-db`: `/dr restore inventory --at WHEN`
    ");
}

#[test]
fn what_waits_for_a_decision() {
    let proposal = restore();
    let open = [(voted(&proposal, &[("U0BOB00001", "14:10:02")]), proposal.clone()), (approval(&retire()), retire())];
    insta::assert_snapshot!(read(&approvals_list(&open, &Links::default(), at("14:20:00"))), @r"
    (2 proposals wait for approval.)
    # Waits for approval
    ⏳ *Restore inventory to 2026-11-22 14:02:00 UTC*
    • asked by <@U0ANA00001> 11 min 20 s ago: a migration emptied the items table
    • 1 of 2 given; needs one more person with the role dba or lead, within 18 min 40 s. Decide on its card in <#C0RECOVERY>.
    • `p-01kb3m6v9d5x2y7z8a4c6e0f1g`
    ⏳ *Retire inventory-db, replaced in inventory*
    • asked by <@U0ANA00001> 11 min 20 s ago: no reason given
    • 0 of 1 given; needs one more person with the role dba, within 18 min 40 s. Decide on its card in <#C0RECOVERY>.
    • `p-01kb3m6v9d5x2y7z8a4c6e0f1g`
    ");
    assert_eq!(approvals_list(&[], &Links::default(), at("14:20:00")).text.as_str(), "Nothing waits for approval.");
}

#[test]
fn runs_and_how_they_stand() {
    let proposal = restore();
    let in_state = |state| Run { state, ended_at: Some(at("14:27:05")), ..halfway(&proposal) };
    let runs = [
        halfway(&proposal),
        in_state(crate::run::State::Stuck { step: crate::ident::StepId("verify".to_owned()), since: at("14:26:00") }),
        succeeded(&proposal),
        in_state(crate::run::State::Failed { why: "the lock was lost".to_owned() }),
        in_state(crate::run::State::Stopped { by: who("U0BOB00001") }),
    ];
    insta::assert_snapshot!(read(&runs_list(&runs, true, &Links::default(), at("14:30:00"))), @r"
    (5 runs.)
    # Runs
    *Restore inventory to 2026-11-22 14:02:00 UTC*
    • ▶ step 5 of 7, for 18 min 08 s
    • `r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    *Restore inventory to 2026-11-22 14:02:00 UTC*
    • ❌ stuck at step 5 of 7 for 4 min: a person must decide
    • `r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    *Restore inventory to 2026-11-22 14:02:00 UTC*
    • ✅ done 2 min 55 s ago
    • `r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    *Restore inventory to 2026-11-22 14:02:00 UTC*
    • ❌ given up 2 min 55 s ago: the lock was lost
    • `r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    *Restore inventory to 2026-11-22 14:02:00 UTC*
    • ⏹ stopped by <@U0BOB00001> 2 min 55 s ago
    • `r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    ");
    assert_eq!(runs_list(&[], false, &Links::default(), at("14:30:00")).text.as_str(), "There was no run yet.");
    let (going, ended) = runs.split_at(2);
    insta::assert_snapshot!(read(&runs_list(ended, false, &Links::default(), at("14:30:00"))), @r"
    (No run is going on. The last one was Restore inventory to 2026-11-22 14:02:00 UTC.)
    # Runs that are going on
    None.

    *The last that have ended* (`/dr runs --all` shows all)

    *Restore inventory to 2026-11-22 14:02:00 UTC*
    • ✅ done 2 min 55 s ago
    • `r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    *Restore inventory to 2026-11-22 14:02:00 UTC*
    • ❌ given up 2 min 55 s ago: the lock was lost
    • `r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    *Restore inventory to 2026-11-22 14:02:00 UTC*
    • ⏹ stopped by <@U0BOB00001> 2 min 55 s ago
    • `r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    ");
    let shown = read(&runs_list(&runs, false, &Links::default(), at("14:30:00")));
    assert!(shown.contains("2 runs going on") && shown.contains("stuck at step 5") && shown.contains("given up"), "{shown}");
    assert!(!read(&runs_list(going, false, &Links::default(), at("14:30:00"))).contains("ended"));
}

fn entry(seq: u64, time: &str, actor: Actor, what: &str, detail: Value) -> Entry {
    let event = Event { at: at(time), actor, what: what.to_owned(), about: "r-1".to_owned(), digest: None, detail };
    Entry { seq, previous: String::new(), event, hash: "feed".repeat(16) }
}

#[test]
fn k6_the_ledger_of_a_run() {
    let proposal = restore();
    let approval = approved(&proposal);
    let run = succeeded(&proposal);
    let person = |user: &str| Actor::Person(who(user));
    let runner = || Actor::System("runner".to_owned());
    let of = |detail: Value| json!({"after_version": 3, "of": detail});
    let refusal = "You asked for this, so your approval does not count. `/dr approvals` shows who may.";
    let entries = [
        entry(3, "14:08:40", person("U0ANA00001"), "proposal.made", json!({})),
        entry(4, "14:09:30", person("U0ANA00001"), "click.refused", json!({"refusal": refusal, "asked": "approve"})),
        entry(5, "14:10:02", person("U0BOB00001"), "approval.approve", json!({})),
        entry(6, "14:11:50", person("U0CAROL001"), "approval.approve", json!({})),
        entry(7, "14:11:50", person("U0DAVE0001"), "approval.deny", json!({})),
        entry(8, "14:11:52", person("U0ANA00001"), "run.begin", json!({})),
        entry(
            9,
            "14:12:30",
            runner(),
            "step.intent",
            of(json!({"step": "restore", "action": {"action": "db:restore"}, "token": 1, "by": "Approval"})),
        ),
        entry(10, "14:23:32", runner(), "step.done", of(json!({"step": "restore", "found": {"summary": "it is <!here> available"}}))),
        entry(11, "14:25:00", runner(), "run.distress", json!({"error": "time-out"})),
        entry(12, "14:26:00", Actor::System("sweep".to_owned()), "run.epoch", json!({"epoch": 2})),
        entry(13, "14:26:10", runner(), "step.failed", of(json!({"step": "verify", "found": {"summary": "1 of 3 checks failed"}}))),
        entry(14, "14:26:20", person("U0BOB00001"), "run.retry", json!({})),
        entry(15, "14:27:05", runner(), "run.end", of(json!({"state": "succeeded"}))),
        entry(16, "14:27:06", runner(), "something.new", json!({})),
    ];
    let ledger = read(&why_ledger(&run, &proposal, Some(&approval), &entries)).replace(&run.digest, "DIGEST");
    insta::assert_snapshot!(ledger, @r"
    (Restore inventory to 2026-11-22 14:02:00 UTC: ✅ *Done* at 2026-11-22 (14:27:05 UTC).)
    # Why: Restore inventory to 2026-11-22 14:02:00 UTC
    ✅ *Done* at 2026-11-22 (14:27:05 UTC).
    *Asked by* <@U0ANA00001> at 2026-11-22 (14:08:40 UTC): a migration emptied the items table
    *Approval* ✅ *Approved* at 2026-11-22 (14:11:50 UTC) by <@U0BOB00001> and <@U0CAROL001>. It runs as `r-01kb3m6v9d5x2y7z8a4c6e0f1g`.
    • counted: <@U0BOB00001> at 2026-11-22 (14:10:02 UTC)
    • counted: <@U0CAROL001> at 2026-11-22 (14:11:50 UTC)
    *Run* `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, *proposal* `p-01kb3m6v9d5x2y7z8a4c6e0f1g`
    *Digest* that was decided on and carried out `DIGEST`
    *Plan* version `v-3Lk9`, *runbook* `restore` `cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd`

    ----
    3. 2026-11-22 (14:08:40 UTC) <@U0ANA00001> asked for it
    4. 2026-11-22 (14:09:30 UTC) <@U0ANA00001> was refused (approve): You asked for this, so your approval does not count. `/dr approvals` shows who may.
    5. 2026-11-22 (14:10:02 UTC) <@U0BOB00001> approved; counted
    6. 2026-11-22 (14:11:50 UTC) <@U0CAROL001> approved; counted
    7. 2026-11-22 (14:11:50 UTC) <@U0DAVE0001> denied; not counted: it was decided or had expired by then
    8. 2026-11-22 (14:11:52 UTC) <@U0ANA00001> had it begun
    9. 2026-11-22 (14:12:30 UTC) Mayday (runner) was about to call `db:restore` for step `restore`, “Restore to a new instance”, call 1 of the run
    10. 2026-11-22 (14:23:32 UTC) Mayday (runner) saw step `restore`, “Restore to a new instance” done: it is &lt;!here&gt; available
    11. 2026-11-22 (14:25:00 UTC) Mayday (runner) could not drive it for a moment: time-out
    12. 2026-11-22 (14:26:00 UTC) Mayday (sweep) had it driven by execution 2
    13. 2026-11-22 (14:26:10 UTC) Mayday (runner) saw step `verify`, “Check the restored data” fail: 1 of 3 checks failed
    14. 2026-11-22 (14:26:20 UTC) <@U0BOB00001> had the failed step tried again
    15. 2026-11-22 (14:27:05 UTC) Mayday (runner) ended it: all steps are done
    16. 2026-11-22 (14:27:06 UTC) Mayday (runner) `something.new`

    ~ Entries 3 to 16 of the audit chain; the last one's hash is `feedfeedfeed`.
    ");
}

#[test]
fn a_ledger_shows_which_decision_was_counted() {
    let proposal = restore();
    let state = State::Denied { by: who("U0CAROL001"), at: at("14:12:00") };
    let approval = Approval { state, ..voted(&proposal, &[("U0BOB00001", "14:10:02")]) };
    let by = |user: &str| Actor::Person(who(user));
    let mut other = entry(4, "14:12:01", by("U0DAVE0001"), "approval.cancel", json!({}));
    other.event.digest = Some("9".repeat(64));
    let entries = [
        entry(2, "14:10:02", by("U0BOB00001"), "approval.approve", json!({})),
        entry(3, "14:12:00", by("U0CAROL001"), "approval.deny", json!({})),
        other,
    ];
    let ledger = read(&why_ledger(&run(&proposal), &proposal, Some(&approval), &entries));
    let decisions: Vec<&str> = ledger.lines().filter(|line| line.contains("counted")).collect();
    insta::assert_snapshot!(decisions.join("\n"), @r"
    • counted: <@U0BOB00001> at 2026-11-22 (14:10:02 UTC)
    2. 2026-11-22 (14:10:02 UTC) <@U0BOB00001> approved; counted
    3. 2026-11-22 (14:12:00 UTC) <@U0CAROL001> denied; counted
    4. 2026-11-22 (14:12:01 UTC) <@U0DAVE0001> took it back; not counted: it was decided or had expired by then ⚠️ of another digest, `999999999999`
    ");
}
