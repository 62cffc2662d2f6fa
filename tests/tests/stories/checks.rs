use mayday_core::run::{Happened, State, StepState};
use mayday_tests::{CHANNEL, Card, INSTANCE, Message, Stage};

/// Half of the items go missing; the newest recovery point has that too. Ana wants it, Bob approves, and a check fails.
async fn a_failed_check(stage: &Stage) -> (Card, Message) {
    stage.sql("delete from movements; delete from items where id > 500").await;
    stage.until_restorable(stage.now()).await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    stage.person("bob").approves(&card).await;
    let run = stage.until_stuck(&card.run()).await;
    let failed: Vec<&str> =
        run.steps.iter().filter(|step| matches!(step.state, StepState::Failed(_))).map(|step| step.id.as_str()).collect();
    assert_eq!(failed, ["verify"]);
    assert_eq!(stage.serving(), INSTANCE, "traffic has not moved");
    let asked = stage
        .until("people are asked", async || stage.messages(CHANNEL).into_iter().rev().find(|message| message.has_button("skip")))
        .await;
    assert!(asked.says(&["items are there", "500", "1000"]), "expected and found: {}", asked.words());
    (card, asked)
}

#[tokio::test]
async fn r41_what_was_checked_stands_in_the_report_with_expected_and_found() {
    let stage = Stage::open().await;
    let restored = stage.carried_out("/dr restore inventory --latest").await;
    let report = stage.report(restored.run.id.as_str());
    for wanted in ["tenants are there", "at least 1", "5", "items are there", "1000", "every movement has its item", "0"] {
        assert!(report.says(&[wanted]), "{wanted} in {}", report.words());
    }
}

#[tokio::test]
async fn r41_a_failed_check_stops_before_traffic_moves_and_only_another_approver_can_waive_it() {
    let stage = Stage::open().await;
    let (card, asked) = a_failed_check(&stage).await;

    // Neither whoever asked, nor somebody who only looks.
    for name in ["ana", "dave"] {
        stage.person(name).presses("skip", &asked).await;
        assert!(matches!(stage.run(&card.run()).unwrap().state, State::Stuck { .. }), "{name} can't waive a check");
    }
    stage.person("carol").presses("skip", &asked).await;
    let run = stage.until_over(&card.run()).await;
    assert_eq!(run.state, State::Succeeded);
    assert_ne!(stage.serving(), INSTANCE);
    assert_eq!(stage.rows("items").await, 500);
    let report = stage.report(&card.run());
    assert!(report.says(&["U0CAROL001"]), "who waived it is in the report: {}", report.words());
    // What failed its checks is not known to be good, whatever was decided.
    let told = stage.person("ana").types("/dr restore inventory --last-known-good").await;
    assert_eq!(told.find_card(), None);
}

#[tokio::test]
async fn r41_a_failed_check_is_looked_at_again_after_the_data_was_mended() {
    let stage = Stage::open().await;
    let (card, asked) = a_failed_check(&stage).await;
    let made = stage.instances().await.into_iter().find(|one| one != INSTANCE).unwrap();

    stage.person("ana").presses("retry", &asked).await;
    stage
        .until_run(&card.run(), "fails again", |run| {
            let failures = run.log.iter().filter(|told| matches!(told.what, Happened::StepFailed(_))).count();
            failures == 2 && run.told == run.log.len()
        })
        .await;
    stage
        .sql_on(&made, "insert into items (tenant_id, sku, name, quantity) select 1, 'M-' || n, 'Mended', 1 from generate_series(1, 500) n")
        .await;
    let asked = stage.messages(CHANNEL).into_iter().rev().find(|message| message.has_button("retry")).unwrap();
    stage.person("ana").presses("retry", &asked).await;
    let run = stage.until_over(&card.run()).await;
    assert_eq!(run.state, State::Succeeded);
    assert_eq!(stage.serving(), made);
    assert_eq!(stage.rows("items").await, 1000);
}

#[tokio::test]
async fn r41_a_run_stopped_at_a_failed_check_leaves_traffic_where_it_was_and_the_database_free() {
    let stage = Stage::open().await;
    let (card, asked) = a_failed_check(&stage).await;

    stage.person("ana").presses("cancel", &asked).await;
    let run = stage.until_over(&card.run()).await;
    assert!(matches!(run.state, State::Stopped { .. }), "{:?}", run.state);
    assert_eq!(stage.serving(), INSTANCE);
    assert!(stage.report(&card.run()).says(&[INSTANCE]), "where traffic is, is said");
    let told = stage.person("ana").types("/dr restore inventory --latest").await;
    assert!(told.find_card().is_some(), "{}", told.words());
    // Late buttons say how it is.
    let told = stage.person("carol").presses_what_was("skip", &asked).await;
    assert!(!told.whispered().is_empty());
    assert_eq!(stage.run(&card.run()).unwrap(), run);
}
