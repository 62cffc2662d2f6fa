//! The calendar of each of the two recovery plans, day by day: backups taken, kept and pruned, and what would be lost.

use jiff::{SignedDuration, Timestamp, civil::Weekday};
use mayday_core::{
    alert::{Kind, Standing},
    backup::Hour,
    plan::{self, BackupClass, Plan},
    view::Span,
};
use mayday_tests::{CAPLIQUIFY, INVENTORY, Organization, Setup, Stage};

use super::schedule::{agenda, alerts, taken, utc};

/// A Saturday after which a week and a month begin, so near to each other that no other backup is due between; and that
/// month's first day. So far away that something is missed before.
fn saturday(now: Timestamp) -> (Timestamp, Timestamp) {
    let far = utc(now + SignedDuration::from_hours(24 * 10)).start_of_day().unwrap();
    let days = std::iter::successors(Some(far), |day| day.tomorrow().ok());
    let first = days.into_iter().find(|day| day.day() == 1 && day.weekday() == Weekday::Monday).unwrap();
    (first.timestamp() - SignedDuration::from_hours(48), first.timestamp())
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

async fn the_calendar(organization: &Organization) {
    let stage = Stage::with(Setup { scale: 8.0, ..organization.setup() }).await;
    let plan = plan::load(organization.plan).unwrap();
    let entry = &plan.databases[organization.cast.database];
    // The calendar counts from the first tick that sees it.
    stage.until("the calendar is seen", async || agenda(&stage).filter(|agenda| agenda.dealt_with.len() == entry.backups.len())).await;
    the_loss_is_measured(&stage, organization, &plan).await;
    backups_come_and_go(&stage, organization, &plan).await;
    trouble_is_told_in_time(&stage, organization, entry.objectives.rpo.0).await;
}

/// What would be lost is measured by the minute, by the log, the snapshots and the heartbeat, and held against the objective.
async fn the_loss_is_measured(stage: &Stage, organization: &Organization, plan: &Plan) {
    let name = organization.cast.database;
    let samples = || stage.records::<Hour>("rpo").into_iter().filter(|hour| hour.database == name).flat_map(|hour| hour.samples);
    stage
        .until("it is measured", async || {
            stage.pass_time();
            (samples().filter(|sample| sample.loss.is_some() && sample.heartbeat.is_some()).count() >= 2).then_some(())
        })
        .await;
    let objective = Span(plan.databases[name].objectives.rpo.0);
    let told = stage.asker().types(&format!("/dr status {name}")).await.whispered();
    for words in ["would be lost", &format!("the objective (RPO) is {objective}"), "heartbeat", "daily"] {
        assert!(told.contains(words), "{words}\nis not in\n{told}");
    }
    // And what each scenario allows.
    let shown = stage.asker().types("/dr plan show objectives").await.words();
    let scenarios = plan.scenarios.values().filter(|scenario| scenario.objectives.rpo.is_some());
    for scenario in scenarios {
        assert!(shown.contains(&format!("scenario {}* RPO: ", scenario.title)), "{}\nis not in\n{shown}", scenario.title);
    }
}

/// Each class is taken at its times, once, and goes when its time is over.
async fn backups_come_and_go(stage: &Stage, organization: &Organization, plan: &Plan) {
    let name = organization.cast.database;
    let entry = &plan.databases[name];
    let has = |class: BackupClass| entry.backups.iter().any(|schedule| schedule.class == class);
    let by_hand = stage.backed_up().await;
    let (saturday, first) = saturday(stage.now());
    // What is missed until then is made up by one backup.
    stage.advance(saturday.duration_since(stage.now()));
    stage
        .until("what was missed is made up", async || {
            stage.pass_time();
            agenda(stage).filter(|agenda| agenda.slot.is_none() && !agenda.past.is_empty())
        })
        .await;
    let daily = [taken(stage, name, "daily", saturday + hours(2)).await, taken(stage, name, "daily", saturday + hours(26)).await];
    let mut kept = vec![by_hand];
    if has(BackupClass::Full) {
        kept.push(taken(stage, name, "full", saturday + hours(27)).await);
    }
    taken(stage, name, "daily", first + hours(2)).await;
    if has(BackupClass::Archive) {
        kept.push(taken(stage, name, "archive", first + hours(4)).await);
    }
    let told = stage.asker().types(&format!("/dr status {name}")).await.whispered();
    for schedule in &entry.backups {
        assert!(told.contains(&format!("{}: next ", schedule.class)), "{}: {told}", schedule.class);
    }

    // The daily ones go after their fortnight; what is kept longer, and what people made, does not.
    stage.advance(hours(24 * 15));
    let left = stage.until("old ones go", async || {
        stage.pass_time();
        let left = stage.snapshots("manual").await;
        (!left.iter().any(|name| daily.contains(name))).then_some(left)
    });
    let left = left.await;
    assert!(kept.iter().all(|name| left.contains(name)), "{kept:?} in {left:?}");
    if has(BackupClass::Full) {
        stage.advance(hours(24 * 80));
        let full = kept.remove(1);
        let left = stage.until("the weekly one goes", async || {
            stage.pass_time();
            let left = stage.snapshots("manual").await;
            (!left.contains(&full)).then_some(left)
        });
        let left = left.await;
        assert!(kept.iter().all(|name| left.contains(name)), "{kept:?} in {left:?}");
    }
}

/// A backup that fails, and a loss that grows, are told while there is time.
async fn trouble_is_told_in_time(stage: &Stage, organization: &Organization, rpo: SignedDuration) {
    let name = organization.cast.database;
    stage.until("nothing is under way", async || agenda(stage).filter(|agenda| agenda.slot.is_none())).await;
    let fault = stage.fault(
        serde_json::json!({"service": "rds", "operation": "CreateDBSnapshot", "effect": "throttle", "code": "SnapshotQuotaExceeded"}),
    );
    let tomorrow = utc(stage.now()).tomorrow().unwrap().start_of_day().unwrap().timestamp() + hours(2);
    stage.advance(tomorrow.duration_since(stage.now()) + SignedDuration::from_secs(20));
    let failed = [&format!("backup of {name}"), "failed", "SnapshotQuotaExceeded", "tried again"];
    stage
        .until("it is told", async || {
            stage.pass_time();
            (!alerts(stage, &failed).is_empty()).then_some(())
        })
        .await;
    stage.mend(fault);
    stage
        .until("it is taken after all, said to be over, and the log has caught up with the clock", async || {
            stage.pass_time();
            let standing = stage.records::<Standing>("alert");
            let of = |kind: Kind| standing.iter().find(|one| one.alert.kind == kind && one.alert.subject == name);
            let over = of(Kind::BackupFailed).is_some_and(|one| one.told_resolved) && of(Kind::Rpo).is_none_or(|one| !one.is_open());
            (over && agenda(stage)?.slot.is_none()).then_some(())
        })
        .await;

    // The log stands still, and no snapshot can be taken.
    stage.break_it("kill_primary", &stage.serving()).await;
    let objective = Span(rpo);
    let lost = format!("{name} would lose");
    let (close, broken) =
        ([lost.as_str(), &format!("close to its objective (RPO) of {objective}")], [lost.as_str(), "more than its objective"]);
    let warned = alerts(stage, &close).len();
    stage.advance(rpo * 4 / 5);
    stage
        .until("people are warned", async || {
            stage.pass_time();
            (alerts(stage, &close).len() > warned).then_some(())
        })
        .await;
    let before = alerts(stage, &broken).len();
    stage.advance(rpo / 5);
    stage
        .until("people are told", async || {
            stage.pass_time();
            (alerts(stage, &broken).len() > before).then_some(())
        })
        .await;
}

#[tokio::test]
async fn r27_r06_r73_the_calendar_of_capliquify_s_plan() {
    the_calendar(&CAPLIQUIFY).await;
}

#[tokio::test]
async fn r27_r06_r73_the_calendar_of_the_inventory_system_s_plan() {
    the_calendar(&INVENTORY).await;
}
