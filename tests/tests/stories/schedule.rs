use jiff::{SignedDuration, Timestamp, Zoned, civil::Weekday, tz::TimeZone};
use mayday_core::{
    alert::{Kind, Standing},
    backup::{Agenda, Hour},
    run::State,
};
use mayday_tests::{CHANNEL, Message, Setup, Stage};
use serde_json::json;

/// Schedules as both plans have them, kept shorter so that a story sees backups go; the week's day and the month's day are near, so
/// that no other one comes before them.
fn backups(week: Weekday, month: i8) -> String {
    format!(
        r#"    hourly_cost: "0.38"
    backups:
      - {{class: daily, cron: "0 2 * * *", timezone: UTC, keep: 1d}}
      - {{class: full, cron: "0 3 * * {}", timezone: UTC, keep: 21d}}
      - {{class: archive, cron: "0 4 {month} * *", timezone: UTC, keep: 365d}}
    heartbeat: select max(at) from heartbeat
"#,
        week.to_sunday_zero_offset()
    )
}

/// The noon that comes next, far from every hour at which something is due.
#[expect(clippy::disallowed_methods, reason = "a stage begins at the machine's time")]
fn noon() -> Timestamp {
    next(Timestamp::now(), 12, |_| true)
}

/// A stage at noon, and the days of the week and of the month on which the longer classes are due.
async fn scheduled() -> (Stage, Weekday, i8) {
    let begins = noon();
    let in_days = |days: i64| utc(begins + SignedDuration::from_hours(24 * days));
    let (week, month) = (in_days(2).weekday(), in_days(4).day());
    let setup = Setup { begins: Some(begins), ..Setup::default() };
    let stage = Stage::with(setup.with_plan("    hourly_cost: \"0.38\"\n", &backups(week, month))).await;
    // The calendar counts from the first tick that sees it.
    stage.until("the calendar is seen", async || agenda(&stage).filter(|agenda| agenda.dealt_with.len() == 3)).await;
    (stage, week, month)
}

pub(crate) fn agenda(stage: &Stage) -> Option<Agenda> {
    stage.records::<Agenda>("agenda").into_iter().next()
}

pub(crate) fn utc(at: Timestamp) -> Zoned {
    at.to_zoned(TimeZone::UTC)
}

/// The first of the following days that is wanted, at an hour.
fn next(after: Timestamp, hour: i8, wanted: impl Fn(&Zoned) -> bool) -> Timestamp {
    let midnight = utc(after).start_of_day().unwrap();
    let days = std::iter::successors(Some(midnight), |day| day.tomorrow().ok());
    let times = days.filter(|day| wanted(day)).map(|day| day.timestamp() + SignedDuration::from_hours(i64::from(hour)));
    times.into_iter().find(|at| *at > after).unwrap()
}

fn name(database: &str, class: &str, due: Timestamp) -> String {
    format!("mayday-{database}-{class}-{}", due.strftime("%Y%m%d-%H%M"))
}

/// Moves the time to just after a moment, and waits for the snapshot that is due then.
pub(crate) async fn taken(stage: &Stage, database: &str, class: &str, due: Timestamp) -> String {
    let left = due.duration_since(stage.now()) + SignedDuration::from_secs(20);
    stage.advance(left.max(SignedDuration::ZERO));
    let name = name(database, class, due);
    stage
        .until(&format!("{name} is taken"), async || {
            stage.pass_time();
            let snapshot = stage.snapshot(&name).await?;
            (snapshot.text("Status") == "available" && agenda(stage)?.slot.is_none()).then_some(())
        })
        .await;
    name
}

pub(crate) fn alerts(stage: &Stage, words: &[&str]) -> Vec<Message> {
    let open = |message: &Message| message.only_for().is_none() && message.says(words);
    stage.messages(CHANNEL).into_iter().filter(open).collect()
}

#[tokio::test]
async fn r27_daily_weekly_and_monthly_backups_are_taken_at_their_times_and_pruned_by_their_class() {
    let (stage, week, month) = scheduled().await;
    let by_hand = stage.backed_up().await;
    let said = stage.messages(CHANNEL).len();

    // An ordinary day, then the week's, then the month's.
    let weekly = |day: &Zoned| day.weekday() == week;
    let monthly = |day: &Zoned| day.day() == month;
    let ordinary = next(stage.now(), 2, |day| !weekly(day) && !monthly(day));
    let day = taken(&stage, "inventory", "daily", ordinary).await;
    let snapshot = stage.snapshot(&day).await.unwrap();
    let tags = snapshot.all("Tag").join(" ");
    for tag in ["mayday:class", "daily", "mayday:database", "inventory", "mayday:run"] {
        assert!(tags.contains(tag), "{tag}: {tags}");
    }
    let on_week = next(ordinary, 2, weekly);
    let second = taken(&stage, "inventory", "daily", on_week).await;
    let full = taken(&stage, "inventory", "full", next(on_week, 3, weekly)).await;
    let on_month = next(on_week, 2, monthly);
    let third = taken(&stage, "inventory", "daily", on_month).await;
    let archive = taken(&stage, "inventory", "archive", next(on_month, 4, monthly)).await;

    // Each goes when the time of its class is over, and not the newest of it, nor what people made.
    let gone = stage.until("old ones go", async || {
        stage.pass_time();
        let left = stage.snapshots("manual").await;
        (!left.contains(&day) && !left.contains(&second)).then_some(left)
    });
    let mut left = gone.await;
    left.sort();
    let mut wanted = vec![by_hand, third, full, archive];
    wanted.sort();
    assert_eq!(left, wanted);
    assert_eq!(stage.effects(0, "CreateDBSnapshot").len(), 6, "each once");

    // All of it went without a word of a backup that failed or was late (of the log and the loss there are some: both stood still
    // while the clock was moved on); whoever asks is told.
    let words: Vec<String> = stage.messages(CHANNEL).into_iter().skip(said).map(|message| message.words()).collect();
    assert!(words.iter().all(|words| !words.contains("backup of inventory")), "{words:?}");
    let told = stage.person("ana").types("/dr status inventory").await.whispered();
    assert!(told.contains("daily") && told.contains("archive"), "{told}");
    let run = stage.runs().into_iter().find(|run| run.title.contains("time is over")).unwrap();
    let why = stage.person("ana").types(&format!("/dr why {}", run.id)).await.whispered();
    assert!(why.contains("schedule") && why.contains("backup:prune"), "{why}");
}

#[tokio::test]
async fn e6_a_backup_that_was_missed_for_days_is_made_up_once_for_all_that_it_was_due_for() {
    let (stage, ..) = scheduled().await;
    // A fortnight without a tick holds each day of the week.
    let calls = stage.calls();
    stage.advance(SignedDuration::from_hours(24 * 14));
    let made_up = stage
        .until("it is made up", async || {
            stage.pass_time();
            agenda(&stage).filter(|agenda| agenda.slot.is_none())?.past.into_iter().next()
        })
        .await;
    assert!(made_up.due.serves.len() >= 2, "{made_up:?}");
    stage.advance(SignedDuration::from_mins(5));
    stage.until("another tick", async || (agenda(&stage)?.dealt_with.values().all(|at| *at <= stage.now())).then_some(())).await;
    assert_eq!(stage.effects(calls, "CreateDBSnapshot").len(), 1, "one serves for all");
}

#[tokio::test]
async fn r06_a_backup_that_fails_or_goes_stale_alerts_before_the_rpo_is_broken() {
    let (stage, ..) = scheduled().await;
    let due = next(stage.now(), 2, |_| true);
    let fault =
        stage.fault(json!({"service": "rds", "operation": "CreateDBSnapshot", "effect": "throttle", "code": "KMSKeyNotAccessibleFault"}));
    stage.advance(due.duration_since(stage.now()) + SignedDuration::from_secs(20));
    let failed = ["backup of inventory", "failed", "KMSKeyNotAccessibleFault", "tried again"];
    stage
        .until("it is told", async || {
            stage.pass_time();
            (!alerts(&stage, &failed).is_empty()).then_some(())
        })
        .await;
    stage.mend(fault);
    stage
        .until("it is taken after all and said to be over", async || {
            stage.pass_time();
            let over = alerts(&stage, &["inventory: over since"]);
            (!over.is_empty() && agenda(&stage)?.slot.is_none()).then_some(())
        })
        .await;
    assert_eq!(alerts(&stage, &failed).len(), 1, "told once");
    assert!(stage.snapshots("manual").await.iter().any(|name| name.ends_with("-0200-2") || name.ends_with("-0200-3")));

    // What the jump of the clock made of the loss is over, and what stands still from here on is no older than a minute.
    stage
        .until("the log has caught up with the clock", async || {
            let loss = stage.records::<Standing>("alert").into_iter().find(|one| one.alert.kind == Kind::Rpo);
            let latest: Timestamp = stage.instance(&stage.serving()).await?.text("LatestRestorableTime").parse().ok()?;
            let caught_up = stage.now().duration_since(latest) < SignedDuration::from_mins(1);
            (caught_up && loss.is_none_or(|one| !one.is_open() && one.told_resolved)).then_some(())
        })
        .await;

    // The log stands still: people hear of it while there is time, and again when there is not.
    stage.break_it("kill_primary", &stage.serving()).await;
    let (close, broken) =
        (["inventory would lose", "close to its objective (RPO) of 15 min"], ["inventory would lose", "more than its objective"]);
    let (warned, told) = (alerts(&stage, &close).len(), alerts(&stage, &broken).len());
    stage.advance(SignedDuration::from_secs(12 * 60));
    stage
        .until("people are warned", async || {
            stage.pass_time();
            (alerts(&stage, &close).len() > warned).then_some(())
        })
        .await;
    assert_eq!(alerts(&stage, &broken).len(), told, "before it is too late");
    stage.advance(SignedDuration::from_secs(3 * 60));
    stage
        .until("people are told", async || {
            stage.pass_time();
            (alerts(&stage, &broken).len() > told).then_some(())
        })
        .await;
    assert_eq!((alerts(&stage, &close).len(), alerts(&stage, &broken).len()), (warned + 1, told + 1), "each once");
}

#[tokio::test]
async fn r06_when_aws_does_not_answer_nobody_claims_that_backups_are_stale() {
    let (stage, ..) = scheduled().await;
    stage.fault(json!({"service": "rds", "operation": "DescribeDBInstances", "effect": "error", "code": "ServiceUnavailable"}));
    let unknown = ["Nobody can tell how stale the backups of inventory are", "AWS has not answered"];
    stage
        .until("it is said", async || {
            stage.pass_time();
            (!alerts(&stage, &unknown).is_empty()).then_some(())
        })
        .await;
    assert_eq!(alerts(&stage, &["would lose"]).len(), 0);
}

#[tokio::test]
async fn r73_the_rpo_of_each_database_is_measured_and_shown() {
    let (stage, ..) = scheduled().await;
    let hours = || stage.records::<Hour>("rpo");
    stage
        .until("it is measured", async || {
            stage.pass_time();
            let samples: Vec<_> = hours().into_iter().flat_map(|hour| hour.samples).collect();
            (samples.iter().filter(|sample| sample.loss.is_some()).count() >= 3).then_some(())
        })
        .await;
    let serving = stage.instance(&stage.serving()).await.unwrap();
    let latest: Timestamp = serving.text("LatestRestorableTime").parse().unwrap();
    let newest = hours().into_iter().flat_map(|hour| hour.samples).max_by_key(|sample| sample.at).unwrap();
    let (loss, now) = (i64::from(newest.loss.unwrap()), stage.now());
    assert!(loss <= now.duration_since(latest).as_secs() + now.duration_since(newest.at).as_secs() + 60, "{loss} s, {latest}, {now}");
    assert!(newest.heartbeat.is_some(), "the inspector has asked: {newest:?}");
    let told = stage.person("ana").types("/dr status inventory").await.whispered();
    for words in ["would be lost", "objective (RPO)", "15 min", "heartbeat"] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

/// At the worst hour the nightly snapshot is running: a restore does not wait for it.
#[tokio::test]
async fn h5_a_restore_is_proposed_approved_and_done_while_a_scheduled_snapshot_is_running() {
    let (stage, week, month) = scheduled().await;
    let due = next(stage.now(), 2, |day| day.weekday() != week && day.day() != month);
    let snapshot = name("inventory", "daily", due);
    // Nobody is told that it is there, however often it is asked: it takes as long as that of a large volume.
    let hidden = json!({
        "service": "rds", "operation": "DescribeDBSnapshots", "contains": format!("DBSnapshotIdentifier={snapshot}"),
        "effect": "throttle", "code": "Throttling",
    });
    let slow = stage.fault(hidden);
    stage.advance(due.duration_since(stage.now()) + SignedDuration::from_secs(20));
    let backup = stage
        .until("the snapshot is asked for", async || {
            stage.pass_time();
            stage.runs().into_iter().find(|run| run.title.starts_with("Back up inventory (daily"))
        })
        .await;

    let restored = stage.carried_out("/dr restore inventory --latest").await;
    assert_eq!(restored.run.state, State::Succeeded, "{:?}", restored.run.steps);
    assert_eq!(stage.run(backup.id.as_str()).map(|run| run.state), Some(State::Running), "it is still running");
    let told = stage.person("ana").types("/dr backup inventory").await.whispered();
    assert!(told.contains("backup of inventory") && told.contains("is held by"), "backups of one database exclude each other: {told}");

    stage.mend(slow);
    assert_eq!(stage.until_over_in_time(backup.id.as_str()).await.state, State::Succeeded);
    assert!(stage.snapshots("manual").await.contains(&snapshot));
}
