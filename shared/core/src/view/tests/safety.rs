use jiff::SignedDuration;

use super::{
    read,
    sample::{at, live, point, who},
};
use crate::{
    alert::{Alert, Kind, Level, Standing},
    backup::{Agenda, Hold, Outcome, Past, Sample, Slot, schedule::Due},
    plan::{BackupClass, Schedule, Span},
    view::{Safety, backup_held, backup_released, backups_list, database_status, with_holds},
};

fn due(class: BackupClass, time: &str) -> Due {
    Due { at: at(time), class, serves: vec![BackupClass::Daily, class] }
}

fn agenda() -> Agenda {
    let past = |class, time, outcome| Past { due: due(class, time), at: at("03:20:00"), outcome };
    let slot = Slot {
        due: Due { serves: vec![BackupClass::Daily], ..due(BackupClass::Daily, "14:00:00") },
        proposal: None,
        tries: 1,
        not_before: at("14:10:00"),
        waits_for: None,
        failed: Some("the quota is <used> up".to_owned()),
    };
    Agenda {
        database: "inventory".to_owned(),
        slot: Some(slot),
        past: vec![
            past(BackupClass::Daily, "01:00:00", Outcome::Failed("it was empty".to_owned())),
            past(BackupClass::Full, "03:00:00", Outcome::Taken("mayday-inventory-full-20261122-0300".to_owned())),
        ],
        ..Agenda::default()
    }
}

#[test]
fn r73_one_database_in_detail() {
    let (live, point, agenda) = (live(), point("mayday-inventory-1", Some(at("02:00:00")), Some(true)), agenda());
    let sample = Sample { at: at("14:07:00"), loss: Some(132), log: Some(132), verified: Some(43_620), heartbeat: Some(20) };
    let schedule = Schedule {
        class: BackupClass::Daily,
        cron: "0 2 * * *".to_owned(),
        timezone: None,
        spread: None,
        keep: Span(SignedDuration::from_hours(24 * 30)),
    };
    let standing = Standing {
        alert: Alert {
            kind: Kind::BackupFailed,
            subject: "inventory".to_owned(),
            level: Level::Warning,
            sentence: "The daily backup failed.".to_owned(),
            way_out: None,
        },
        since: at("14:01:00"),
        told: Some(Level::Warning),
        resolved: None,
        told_resolved: false,
        telling: None,
        posted: None,
    };
    let full = Safety {
        live: &live,
        point: Some(&point),
        sample: Some(&sample),
        trend: &[(at("13:00:00"), 120), (at("13:30:00"), 540), (at("14:00:00"), 180)],
        schedules: &[(schedule, Some(at("16:00:00")))],
        agenda: Some(&agenda),
        alerts: &[standing],
        now: at("14:08:00"),
    };
    let blind = Sample { loss: None, ..sample };
    let bare = Safety { sample: Some(&blind), trend: &[], schedules: &[], agenda: None, alerts: &[], point: None, ..full };
    let never = Safety { sample: None, ..bare };
    let told = [full, bare, never].map(|safety| read(&database_status(&safety)));
    insta::assert_snapshot!(told.join("\n====\n"), @r"
    (✅ If inventory were lost now, 3 min 12 s would be lost; the objective (RPO) is 15 min.)
    # How safe inventory is
    ✅ If inventory were lost now, 3 min 12 s would be lost; the objective (RPO) is 15 min.

    ✅ *inventory* (production, eu-west-1): `inventory-db` is available
    • any moment up to 3 min ago can be restored
    • newest snapshot `mayday-inventory-1`, 12 h 08 min old, ✅ verified at 2026-11-22 (06:00:00 UTC)

    • since 2026-11-22 (13:00:00 UTC): 2 min at best, usually 3 min, 9 min at worst
    • the newest recovery point that was found good is 12 h 07 min old
    • its heartbeat was 20 s old

    ⚠️ The daily backup failed. Since 2026-11-22 (14:01:00 UTC).

    *Backups*
    • daily: next 2026-11-22 (16:00:00 UTC), kept 30 d
    ⏳ daily, due 2026-11-22 (14:00:00 UTC): tried again soon; it failed: the quota is &lt;used&gt; up
    ✅ full `mayday-inventory-full-20261122-0300`, due 2026-11-22 (03:00:00 UTC), for daily too
    ❌ daily, due 2026-11-22 (01:00:00 UTC), was not taken: it was empty

    ====
    (❌ Nobody knows what would be lost of inventory: it could not be measured at 2026-11-22 (14:07:00 UTC).)
    # How safe inventory is
    ❌ Nobody knows what would be lost of inventory: it could not be measured at 2026-11-22 (14:07:00 UTC).

    ✅ *inventory* (production, eu-west-1): `inventory-db` is available
    • any moment up to 3 min ago can be restored
    • ❌ no snapshot that can be restored

    • the newest recovery point that was found good is 12 h 07 min old
    • its heartbeat was 20 s old

    *Backups* The plan has no schedule for it.

    ====
    (Nobody has measured yet what would be lost of inventory.)
    # How safe inventory is
    Nobody has measured yet what would be lost of inventory.

    ✅ *inventory* (production, eu-west-1): `inventory-db` is available
    • any moment up to 3 min ago can be restored
    • ❌ no snapshot that can be restored

    *Backups* The plan has no schedule for it.
    ");
}

#[test]
fn what_people_hold() {
    let hold = Hold {
        snapshot: "mayday-inventory-1".to_owned(),
        database: "inventory".to_owned(),
        reason: "case <!channel> 7".to_owned(),
        by: who("U0ANA00001"),
        at: at("14:00:00"),
        released: None,
    };
    let list = backups_list(&live(), &[point("mayday-inventory-1", Some(at("02:00:00")), None)], None, None, at("14:08:00"));
    let told = [read(&backup_held(&hold)), read(&backup_released(&hold)), read(&with_holds(list, &[hold]))];
    insta::assert_snapshot!(told.join("\n====\n"), @r"
    (✅ `mayday-inventory-1` of inventory is held since 2026-11-22 (14:00:00 UTC) by <@U0ANA00001>: case &lt;!channel&gt; 7. It stays until somebody says `/dr backups release mayday-inventory-1`.)
    ====
    (✅ `mayday-inventory-1` of inventory is not held any more: it is deleted when the time of its class is over, and stays if it has none.)
    ====
    (inventory has one snapshot. None is known to be good: no restore of one has passed its checks.)
    # Recovery points of inventory
    inventory has one snapshot. None is known to be good: no restore of one has passed its checks.

    ✅ Any moment from 2026-11-08 (02:00:00 UTC) up to 2026-11-22 (14:05:00 UTC), 3 min ago, can be restored from the log of `inventory-db`: `/dr restore inventory --at WHEN`

    `mayday-inventory-1`
    • 2026-11-22 (02:00:00 UTC), 12 h 08 min old
    • never verified, 100 GiB, of `inventory-db`, stays until it is deleted

    ~ Restore one: `/dr restore inventory --id RECOVERY_POINT`
    *Held*
    • `mayday-inventory-1` since 2026-11-22 (14:00:00 UTC) by <@U0ANA00001>: case &lt;!channel&gt; 7
    ");
}
