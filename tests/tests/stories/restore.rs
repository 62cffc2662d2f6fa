use jiff::{SignedDuration, Timestamp};
use mayday_core::run::State;
use mayday_tests::{CHANNEL, INSTANCE, Setup, Stage, differences};

#[tokio::test]
async fn r35_a_restore_of_the_latest_loses_nothing_that_the_log_had() {
    let stage = Stage::open().await;
    for command in ["/dr restore inventory --latest", "/dr db:restore-latest inventory"] {
        let old = stage.serving();
        stage.sql("insert into movements (item_id, change, reason) select 1, 1, 'sale' from generate_series(1, 7)").await;
        let rows = stage.rows("movements").await;
        stage.until_restorable(stage.now()).await;
        let restored = stage.carried_out(command).await;
        assert_eq!(restored.run.state, State::Succeeded);
        assert_ne!(stage.serving(), old, "traffic has moved");
        assert_eq!(stage.rows("movements").await, rows);
        assert!(stage.instance(&old).await.is_some(), "{old} is kept");
    }
}

#[tokio::test]
async fn r36_point_in_time_restore_brings_deleted_rows_back_beside_the_source() {
    let stage = Stage::open().await;
    let (ana, bob) = (stage.person("ana"), stage.person("bob"));
    let (at, before) = stage.lose_rows().await;
    let left = stage.rows("movements").await;
    let old = stage.instance(INSTANCE).await.unwrap();

    let card = ana.types(&format!("/dr restore inventory --at {at} --reason \"rows deleted by mistake\"")).await.card();
    assert!(card.message.says(&[INSTANCE, "rows deleted by mistake", &stage.approval(&card.proposal).digest]), "{}", card.message.words());
    let told = bob.approves(&card).await;
    assert!(told.words().contains(&card.run()), "{}", told.words());
    let run = stage.until_over(&card.run()).await;

    assert_eq!(run.state, State::Succeeded);
    let new = stage.serving();
    assert_ne!(new, INSTANCE, "traffic has moved");
    assert_eq!(stage.secret()["dbInstanceIdentifier"], new.as_str());
    assert_eq!(stage.rows("movements").await, before);
    assert_eq!(stage.rows_on(INSTANCE, "movements").await, left, "the source is as it was");
    let (old_now, made) = (stage.instance(INSTANCE).await.unwrap(), stage.instance(&new).await.unwrap());
    assert_eq!(differences(&old, &old_now), Vec::<String>::new());
    assert_eq!(differences(&old, &made), Vec::<String>::new(), "everything that the restore call loses was given back");
    for tag in old.all("Tag") {
        assert!(made.0.contains(&tag), "{tag}");
    }
    // The report: who has the traffic, the moment, the objective, what was checked.
    let report = stage.report(&card.run());
    let moment = at.as_second().to_string();
    assert!(report.says(&[&new, &moment, "RTO", "tenants are there", "items are there"]), "{}", report.words());
    assert!(report.has_button("retire"), "the old one is let go of by a person");
}

#[tokio::test]
async fn r37_only_what_was_restored_and_found_good_before_the_trouble_is_known_good() {
    let stage = Stage::open().await;
    let ana = stage.person("ana");
    let good = stage.backed_up().await;

    let told = ana.types("/dr restore inventory --last-known-good").await;
    assert_eq!(told.find_card(), None);
    assert!(told.whispered().contains(&good) && told.whispered().contains("--id"), "the way out is named: {}", told.whispered());

    // A restore whose checks passed makes it known.
    assert_eq!(stage.carried_out(&format!("/dr restore inventory --id {good}")).await.run.state, State::Succeeded);
    let trouble = stage.now();
    stage.advance(SignedDuration::from_mins(1));
    let later = stage.backed_up().await;
    assert_eq!(stage.carried_out(&format!("/dr restore inventory --id {later}")).await.run.state, State::Succeeded);

    let told = ana.types("/dr restore inventory --last-known-good").await;
    assert!(told.card().message.says(&[&later]), "without a time, the newest: {}", told.words());
    ana.presses("cancel", &told.card().message).await;
    let told = ana.types(&format!("/dr restore inventory --last-known-good --before {trouble}")).await;
    assert!(told.card().message.says(&[&good]), "never one from after the trouble began: {}", told.words());
    let unknown = trouble - SignedDuration::from_hours(2);
    let told = ana.types(&format!("/dr restore inventory --last-known-good --before {unknown}")).await;
    assert_eq!(told.find_card(), None, "{}", told.words());
}

#[tokio::test]
async fn a_replaced_instance_goes_only_by_its_own_approved_proposal_and_leaves_a_final_snapshot() {
    let stage = Stage::open().await;
    let (ana, bob) = (stage.person("ana"), stage.person("bob"));
    let restored = stage.carried_out("/dr restore inventory --latest").await;
    let (rows, snapshots) = (stage.rows("movements").await, stage.snapshots("manual").await);

    let report = stage.report(restored.run.id.as_str());
    let card = ana.presses("retire", &report).await.card();
    assert!(stage.instance(INSTANCE).await.is_some(), "a button alone deletes nothing");
    let told = ana.presses("approve", &card.message).await;
    assert!(told.forms.is_empty(), "whoever asked does not count: {}", told.words());
    bob.approves(&card).await;
    assert_eq!(stage.until_over(&card.run()).await.state, State::Succeeded);

    assert_eq!(stage.instance(INSTANCE).await, None, "it is gone");
    let last: Vec<String> = stage.snapshots("manual").await.into_iter().filter(|one| !snapshots.contains(one)).collect();
    let [last] = last.as_slice() else { panic!("one final snapshot: {last:?}") };
    let last = stage.snapshot(last).await.unwrap();
    assert_eq!((last.text("Status"), last.text("DBInstanceIdentifier")), ("available".to_owned(), INSTANCE.to_owned()));
    assert_eq!(stage.rows("movements").await, rows, "applications notice nothing");
    // Retired once; a second press finds nothing to retire.
    let told = ana.presses_what_was("retire", &report).await;
    assert_eq!(told.find_card(), None, "{}", told.words());
}

#[tokio::test]
async fn traffic_by_a_name_moves_in_the_zone_and_the_secret_stays() {
    let traffic = "traffic: {cname: {zone: internal.example, name: inventory.internal.example}}";
    let stage = Stage::with(Setup::default().with_plan("traffic: secret", traffic)).await;
    let secret = stage.secret();
    let before = stage.dns("inventory.internal.example");
    assert!(!before.is_empty(), "the name leads somewhere");

    let restored = stage.carried_out("/dr restore inventory --latest").await;

    assert_eq!(restored.run.state, State::Succeeded);
    let new = stage.instances().await.into_iter().find(|one| one != INSTANCE).unwrap();
    let host = stage.instance(&new).await.unwrap().text("Address");
    let after = stage.dns("inventory.internal.example");
    assert_ne!(after, before);
    assert!(after.contains(&host), "the name leads to {host}: {after:?}");
    assert_eq!(stage.secret(), secret);
}

/// A moment that has passed but is not in the log yet is waited for. Meanwhile somebody edits the plan.
#[tokio::test]
async fn d11_a_plan_changed_after_the_approval_halts_the_run_and_people_are_told() {
    let stage = Stage::with(Setup { scale: 1.0, archive_every: std::time::Duration::from_secs(300), ..Setup::default() }).await;
    let bob = stage.person("bob");
    // The log has just been put away: the next time is minutes off.
    let from = stage.now();
    stage.advance(SignedDuration::from_secs(301));
    stage.until_restorable(from).await;
    stage.advance(SignedDuration::from_secs(10));
    let at = Timestamp::from_second(stage.now().as_second() - 1).unwrap();
    let card = stage.person("ana").types(&format!("/dr restore inventory --at {at}")).await.card();
    bob.approves(&card).await;
    let waiting = stage.until_run(&card.run(), "begins", |run| run.steps[0].started_at.is_some()).await;
    assert_eq!(waiting.steps[0].id.as_str(), "reach", "the run waits for the log");
    let calls = stage.calls();
    let plan = Setup::default().plan.replace("at_least: 1000", "at_least: 999");
    stage.stack().data().s3.put("mayday-000000000000-eu-west-1", "plan.yaml", plan.as_bytes()).unwrap();
    let stuck = stage
        .until("the run halts", async || {
            stage.pass_time();
            stage.run(&card.run()).filter(|run| matches!(run.state, State::Stuck { .. }) && run.told == run.log.len())
        })
        .await;
    assert_eq!(stuck.steps.iter().find(|step| step.id.as_str() == "restore").unwrap().attempts, 0, "nothing was called");
    assert_eq!(stage.effects(calls, "RestoreDBInstanceToPointInTime"), Vec::<String>::new());
    assert_eq!(stage.instances().await, [INSTANCE]);
    let asks = |message: &mayday_tests::Message| message.has_button("retry") && message.says(&["plan"]);
    // The thread is told first; the headline with the buttons is edited after it.
    stage.until("people are asked", async || stage.messages(CHANNEL).iter().any(asks).then_some(())).await;
}
