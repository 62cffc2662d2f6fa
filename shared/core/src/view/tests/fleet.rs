//! A fleet at one glance: counts, the worst by name, and never more than Slack takes.

use super::{limits::fits, read, sample::*};
use crate::{
    alert::{Kind, Level},
    backup::crowd::{FleetGlance, Tally, Trouble},
    view::{Board, status_board},
};

fn trouble(database: String, level: Level) -> Trouble {
    let sentence = format!("{database} would lose 40 min if it were lost now, more than its objective (RPO) of 15 min.");
    Trouble { database, kind: Kind::Rpo, level, sentence }
}

fn tally(share: usize, broken: usize, warned: usize) -> Tally {
    let worst = (0..broken.min(40)).map(|number| trouble(format!("tenant-{share}-{number:04}"), Level::Broken));
    let warnings = (0..warned.min(2)).map(|number| trouble(format!("tenant-{share}-9{number:03}"), Level::Warning));
    Tally {
        share,
        of: 5,
        at: at(&format!("14:0{share}:00")),
        databases: 2_000,
        unseen: 3,
        broken,
        warned,
        together: [(Kind::Rpo, broken + warned)].into(),
        worst: worst.chain(warnings).collect(),
    }
}

#[test]
fn r73_ten_thousand_databases_at_one_glance() {
    let of_before = Tally { of: 4, at: at("13:00:00"), ..tally(2, 7, 7) };
    let tallies = vec![tally(0, 2, 1), tally(1, 0, 0), tally(3, 0, 0), tally(4, 0, 0), of_before];
    let fleet = FleetGlance::of(tallies, 10_000);
    insta::assert_snapshot!(read(&status_board(&Board { fleet: Some(fleet), ..Board::default() }, at("14:05:00"))), @r"
    (❌ 12 of 10000 databases need a look. Nothing waits for approval, no run going on.)
    # How things stand
    ❌ 12 of 10000 databases need a look. Nothing waits for approval, no run going on.

    *Databases*
    • ✅ 7988 as they should be
    • ⚠️ 1 with a warning
    • ❌ 2 with something broken
    • 12 that can't be seen

    ❌ tenant-0-0000 would lose 40 min if it were lost now, more than its objective (RPO) of 15 min.
    ❌ tenant-0-0001 would lose 40 min if it were lost now, more than its objective (RPO) of 15 min.
    ⚠️ tenant-0-9000 would lose 40 min if it were lost now, more than its objective (RPO) of 15 min.

    ~ 8000 of 10000 looked at, the first of them at 2026-11-22 (14:00:00 UTC). `/dr status NAME` looks at one.
    [Restore…](open_restore restore) [Back up now…](open_backup backup)
    ~ On call: the plan has no rotation.
    ");
}

#[test]
fn a_fleet_of_which_everything_is_broken_fits_into_a_message() {
    let tallies = (0..5).map(|share| tally(share, 2_000, 0)).collect();
    let board = status_board(&Board { fleet: Some(FleetGlance::of(tallies, 10_000)), ..Board::default() }, at("14:05:00"));
    fits(&board);
    assert!(read(&board).contains("9985 more with something wrong"), "{}", read(&board));
}
