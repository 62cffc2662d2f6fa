use proptest::prelude::*;

use super::*;
use crate::{
    backup::Verification,
    ident::RunId,
    plan::Span,
    port::{Phase, Snapshot, Tags},
};

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

fn schedules() -> Vec<Schedule> {
    let schedule = |class, days| Schedule {
        class,
        cron: "0 2 * * *".to_owned(),
        timezone: None,
        spread: None,
        keep: Span(SignedDuration::from_secs(days * DAY)),
    };
    vec![schedule(BackupClass::Daily, 7), schedule(BackupClass::Full, 28)]
}

fn at(days_ago: i64) -> Timestamp {
    Timestamp::from_second(NOW - days_ago * DAY).unwrap()
}

/// A backup of the serving instance.
fn point(id: &str, class: Option<&str>, days_ago: i64) -> RecoveryPoint {
    let mut tags = Tags::from([(OWNER_TAG.to_owned(), "r-1".to_owned()), (DATABASE_TAG.to_owned(), "orders".to_owned())]);
    tags.extend(class.map(|class| (CLASS_TAG.to_owned(), class.to_owned())));
    let snapshot = Snapshot {
        id: id.to_owned(),
        instance: "orders-db".to_owned(),
        resource_id: "db-NOW".to_owned(),
        region: "eu-west-1".to_owned(),
        status: Phase::Available,
        percent: 100,
        taken_at: Some(at(days_ago)),
        kind: SnapshotKind::Manual,
        size_gib: 20,
        encrypted: true,
        engine_version: "16.4".to_owned(),
        tags,
    };
    RecoveryPoint { snapshot, verification: None }
}

fn found(mut point: RecoveryPoint, passed: bool) -> RecoveryPoint {
    let snapshot = point.snapshot.id.clone();
    point.verification = Some(Verification { snapshot, passed, at: at(0), run: RunId("r-2".to_owned()), checks: Vec::new() });
    point
}

fn go(points: &[RecoveryPoint], serving: Option<&str>, held: &[&str]) -> Vec<String> {
    let (schedules, held) = (schedules(), held.iter().map(|id| (*id).to_owned()).collect());
    let facts = Facts { database: "orders", region: "eu-west-1", schedules: &schedules, serving, points, held: &held, now: at(0) };
    expendable(&facts).iter().map(|backup| backup.point.id().to_owned()).collect()
}

const SERVING: Option<&str> = Some("db-NOW");

#[test]
fn each_class_goes_at_its_own_time_oldest_first() {
    let points = [
        point("d1", Some("daily"), 1),
        point("d6", Some("daily"), 6),
        point("d7", Some("daily"), 7),
        point("d9", Some("daily"), 9),
        point("f1", Some("full"), 2),
        point("f9", Some("full"), 9),
        point("f30", Some("full"), 30),
        point("a900", Some("archive"), 900),
        point("by-hand", None, 900),
    ];
    assert_eq!(go(&points, SERVING, &[]), ["f30", "d9", "d7"], "an archive without a schedule stays, and so does what people made");
}

#[test]
fn g7_what_is_held_verified_newest_or_another_s_stays() {
    let old = |id: &str| point(id, Some("daily"), 20);
    let mut automated = old("automated");
    automated.snapshot.kind = SnapshotKind::Automated;
    let mut elsewhere = old("elsewhere");
    elsewhere.snapshot.region = "us-east-1".to_owned();
    let mut other = old("other");
    other.snapshot.tags.insert(DATABASE_TAG.to_owned(), "billing".to_owned());
    let mut foreign = old("foreign");
    foreign.snapshot.tags.remove(OWNER_TAG);
    let mut tagged = old("tagged");
    tagged.snapshot.tags.insert(HOLD_TAG.to_owned(), "legal".to_owned());
    let verified = found(old("verified"), true);
    let earlier = found(point("earlier", Some("daily"), 30), true);
    let bad = found(point("bad", Some("daily"), 10), false);
    let points =
        [point("new", Some("daily"), 0), automated, elsewhere, other, foreign, tagged, old("held"), verified, earlier, bad, old("plain")];
    assert_eq!(go(&points, SERVING, &["held"]), ["earlier", "plain", "bad"]);
}

#[test]
fn g7_the_only_copies_stay_however_old() {
    assert_eq!(go(&[point("only", Some("daily"), 400)], SERVING, &[]), [""; 0]);
    // An automated snapshot is newer, but dies with its instance; and an empty one is no copy.
    let mut automated = point("automated", None, 0);
    automated.snapshot.kind = SnapshotKind::Automated;
    let mut empty = point("empty", Some("daily"), 1);
    empty.snapshot.size_gib = 0;
    assert_eq!(go(&[point("only", Some("daily"), 400), automated, empty], SERVING, &[]), [""; 0]);
    // The schedule has stopped working: the last of each class stays.
    let points =
        [point("d8", Some("daily"), 8), point("d9", Some("daily"), 9), point("f50", Some("full"), 50), point("f60", Some("full"), 60)];
    assert_eq!(go(&points, SERVING, &[]), ["f60", "d9"]);
}

#[test]
fn after_a_switch_the_predecessor_s_backups_stay_until_the_new_one_has_its_own() {
    let past = [point("d1", Some("daily"), 1), point("d9", Some("daily"), 9), point("f2", Some("full"), 2), point("f40", Some("full"), 40)];
    let of_the_new = |id: &str, class: &str| {
        let mut point = point(id, Some(class), 0);
        point.snapshot.resource_id = "db-NEW".to_owned();
        point
    };
    let with = |own: &[RecoveryPoint]| go(&[&past, own].concat(), Some("db-NEW"), &[]);
    assert_eq!(with(&[]), [""; 0]);
    assert_eq!(with(&[of_the_new("own-d", "daily")]), ["d9"]);
    assert_eq!(with(&[of_the_new("own-f", "full")]), ["f40", "d9"], "what is kept longer is history enough");
    assert_eq!(go(&past, None, &[]), [""; 0], "nothing serves: all may be needed");
}

fn any_point() -> impl Strategy<Value = RecoveryPoint> {
    let class = prop_oneof![Just(None), Just(Some("daily")), Just(Some("full")), Just(Some("archive")), Just(Some("weird"))];
    let verdict = prop_oneof![3 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    (0u32..1_000, class, 0i64..60, verdict, 0..6u8, any::<bool>(), prop_oneof![Just("db-NOW"), Just("db-OLD")]).prop_map(
        |(id, class, days, verdict, odd, hold, of)| {
            let mut point = point(&format!("p{id}"), class, days);
            point.snapshot.resource_id = of.to_owned();
            match odd {
                0 => point.snapshot.kind = SnapshotKind::Automated,
                1 => point.snapshot.size_gib = 0,
                2 => point.snapshot.status = Phase::Broken("failed".to_owned()),
                3 if hold => drop(point.snapshot.tags.insert(HOLD_TAG.to_owned(), String::new())),
                _ => {}
            }
            match verdict {
                Some(passed) => found(point, passed),
                None => point,
            }
        },
    )
}

proptest! {
    #[test]
    fn g7_h11_whatever_there_is_the_last_good_one_is_never_deleted(
        points in prop::collection::vec(any_point(), 0..25),
        serving in prop_oneof![Just(None), Just(Some("db-NOW")), Just(Some("db-NEW"))],
    ) {
        let mut points = points;
        points.sort_by(|left, right| left.id().cmp(right.id()));
        points.dedup_by(|left, right| left.id() == right.id());
        let gone = go(&points, serving, &[]);
        let left: Vec<&RecoveryPoint> = points.iter().filter(|point| !gone.contains(&point.id().to_owned())).collect();
        let newest = |of: &[&RecoveryPoint], wanted: fn(&RecoveryPoint) -> bool| {
            of.iter().filter(|point| point.is_usable() && wanted(point)).filter_map(|point| point.taken_at()).max()
        };
        let before: Vec<&RecoveryPoint> = points.iter().collect();
        for wanted in [|_: &RecoveryPoint| true, RecoveryPoint::is_verified, |point: &RecoveryPoint| !point.dies_with_instance()] {
            prop_assert_eq!(newest(&before, wanted), newest(&left, wanted));
        }
        // Deterministic, and once it is done there is nothing more to do.
        prop_assert_eq!(&gone, &go(&points, serving, &[]));
        let left: Vec<RecoveryPoint> = left.into_iter().cloned().collect();
        prop_assert_eq!(go(&left, serving, &[]), [""; 0]);
        // Each is judged anew before its call: what was deleted before it never lets more go than was decided at first.
        for id in &gone {
            let without: Vec<RecoveryPoint> = points.iter().filter(|point| point.id() != id).cloned().collect();
            let more: Vec<String> = go(&without, serving, &[]).into_iter().filter(|other| !gone.contains(other)).collect();
            prop_assert_eq!(more, [""; 0]);
        }
    }
}
