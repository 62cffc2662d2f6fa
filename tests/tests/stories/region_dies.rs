//! Two regions of everything, and the one that drives a run dies in the middle of it: the other one finishes, each effect is made once,
//! the same message goes on, and what comes back does nothing more.

use jiff::SignedDuration;
use mayday_core::{
    audit,
    run::{Run, State, StepState},
};
use mayday_tests::{AWAY, CHANNEL, Card, HOME, INSTANCE, Message, STANDBY, Setup, Stage};
use serde_json::json;

const WWW: &str = "www.shop.example.com";

/// The bot in two regions; people reach it in the first.
fn living_in(regions: [&str; 2]) -> Setup {
    Setup { bot_regions: regions.map(str::to_owned).to_vec(), ..Setup::default() }
}

async fn approved(stage: &Stage, command: &str) -> Card {
    let card = stage.asker().types(command).await.card();
    stage.approver().approves(&card).await;
    card
}

/// The names of a run's executions in a region.
fn executions(stage: &Stage, region: &str, run: &str) -> Vec<String> {
    let there = stage.stack().regions().of(region).expect("a region");
    let mut names: Vec<String> = there.states.executions().into_iter().map(|one| one.name).filter(|name| name.starts_with(run)).collect();
    names.sort();
    names
}

/// The region that drives a run is lost, and stays so until the run is over.
async fn finished_without(stage: &Stage, region: &str, run: &str) -> (Run, Message) {
    let headline = stage.run(run).and_then(|run| run.headline).expect("a headline");
    stage.break_it("region", region).await;
    let over = stage.until_over_in_time(run).await;
    assert_eq!(over.state, State::Succeeded, "{:?}", over.steps);
    assert_eq!(over.headline.as_ref(), Some(&headline), "the same message goes on");
    let other = if region == HOME { AWAY } else { HOME };
    assert_eq!(over.epoch, 2, "taken over once");
    assert!(executions(stage, region, run).contains(&format!("{run}-1")));
    assert!(executions(stage, other, run).contains(&format!("{run}-2")), "by the other region");
    let message = stage.messages(CHANNEL).into_iter().find(|message| message.ts() == headline.ts).expect("the headline");
    audit::verify(&stage.audit()).expect("the audit chain is whole");
    (over, message)
}

/// The region is there again, with the execution that slept in it: that finds another epoch, and ends.
async fn comes_back_and_does_nothing(stage: &Stage, region: &str, over: &Run) {
    let since = stage.calls();
    stage.break_it("mend_region", region).await;
    let there = stage.stack().regions().of(region).expect("a region");
    let name = format!("{}-1", over.id);
    stage
        .until("what slept there ends", async || {
            stage.pass_time();
            there.states.executions().into_iter().find(|one| one.name == name && one.stopped.is_some())
        })
        .await;
    for _ in 0..10 {
        stage.advance(SignedDuration::from_mins(1));
        stage.settle().await;
    }
    for operation in [
        "RestoreDBInstanceToPointInTime",
        "ModifyDBInstance",
        "PutSecretValue",
        "UpdateSecretVersionStage",
        "PromoteReadReplica",
        "ChangeResourceRecordSets",
        "StartExecution",
    ] {
        assert_eq!(stage.effects(since, operation), Vec::<String>::new(), "{operation} by what came back");
    }
    let now = stage.run(over.id.as_str()).expect("the run");
    assert_eq!((now.epoch, now.state, now.steps), (over.epoch, over.state.clone(), over.steps.clone()));
}

#[tokio::test]
async fn j7_a_region_dies_in_the_middle_of_a_restore_and_the_other_one_finishes_it() {
    let stage = Stage::with(living_in([AWAY, HOME])).await;
    let (rows, calls) = (stage.rows("movements").await, stage.calls());
    // The two regions write the same record at once now and then: the strongly consistent table refuses one of them.
    for nth in [3, 11, 25] {
        stage.fault(json!({"service": "dynamodb", "operation": "PutItem", "function": "mayday-runner", "nth": nth, "effect": "throttle",
            "code": "ReplicatedWriteConflictException"}));
    }
    let card = approved(&stage, "/dr restore inventory --latest").await;
    stage.until_run(&card.run(), "restores", |run| run.steps.iter().any(|step| matches!(step.state, StepState::Called { .. }))).await;

    let (over, message) = finished_without(&stage, AWAY, &card.run()).await;

    assert!(message.says(&[&card.run()]), "{}", message.words());
    assert_ne!(stage.serving(), INSTANCE);
    assert_eq!(stage.rows("movements").await, rows);
    for operation in ["RestoreDBInstanceToPointInTime", "PutSecretValue", "UpdateSecretVersionStage"] {
        assert_eq!(stage.effects(calls, operation).len(), 1, "{operation} took effect once");
    }
    comes_back_and_does_nothing(&stage, AWAY, &over).await;
}

#[tokio::test]
async fn j7_a_region_dies_in_the_middle_of_a_failover_out_of_it_and_the_other_one_finishes_it() {
    let stage = Stage::with(living_in([HOME, AWAY]).with_standby()).await;
    stage.sells(HOME, INSTANCE, 7).await.unwrap();
    let (movements, calls) = (stage.movements(HOME, INSTANCE).await, stage.calls());
    let card = approved(&stage, "/dr failover shop").await;
    stage.until("the standby is promoted", async || stage.effects(calls, "PromoteReadReplica").first().cloned()).await;

    let (over, _) = finished_without(&stage, HOME, &card.run()).await;

    assert_eq!(stage.alias(WWW).await.as_deref(), Some("frankfurt.shop.example.com"));
    assert_eq!(stage.movements(AWAY, STANDBY).await, movements, "nothing was lost");
    assert_eq!(stage.marked(AWAY, STANDBY, "written").await.as_deref(), Some(card.run().as_str()), "proved by a write");
    for operation in ["PromoteReadReplica", "ChangeResourceRecordSets"] {
        assert_eq!(stage.effects(calls, operation).len(), 1, "{operation} took effect once");
    }
    // Seen while it still answered, or shown by the mark in its successor: whichever the death left time for.
    let fence = over.steps.iter().find(|step| step.id.as_str() == "fence").expect("the step");
    let fenced = ["answers, and refuses writes", "refused writes before eu-west-1 fell silent"];
    let is_fenced = |state: &StepState| matches!(state, StepState::Done(found) if fenced.iter().any(|words| found.summary.contains(words)));
    assert!(is_fenced(&fence.state), "{fence:?}");

    comes_back_and_does_nothing(&stage, HOME, &over).await;
    assert_eq!(stage.sells(HOME, INSTANCE, 1).await, Err("25006".to_owned()), "the old primary is as it was frozen");
}

/// The names follow a switch in the standby's region, whose bucket is by the template's name.
const SWITCHED: (&str, &str) = ("      records:\n", "      switch: {bucket: mayday-switch-shop-000000000000}\n      records:\n");

/// Home answers nothing, nor does us-east-1, where the control planes of Route 53, IAM and Organizations are: what was approved is carried
/// out all the same, and the names follow.
#[tokio::test]
async fn j7_a_failover_needs_neither_the_region_that_fails_nor_a_control_plane_that_is_elsewhere() {
    let (from, to) = SWITCHED;
    let setup = living_in([HOME, AWAY]).with_standby().with_plan(from, to);
    let stage = Stage::with(setup).await;
    stage.sells(HOME, INSTANCE, 7).await.unwrap();
    let movements = stage.movements(HOME, INSTANCE).await;
    assert_eq!(stage.alias(WWW).await.as_deref(), Some("ireland.shop.example.com"));
    // The tick has seen the databases while they were there.
    for _ in 0..2 {
        stage.advance(SignedDuration::from_mins(1));
        stage.settle().await;
    }
    stage.break_it("region", "us-east-1").await;
    stage.break_it("region", HOME).await;
    let calls = stage.calls();

    let card = stage.asker().types("/dr failover shop --accept-loss").await.card();
    for wanted in ["shop/failed-over", "mayday-switch-shop-000000000000", WWW, "frankfurt.shop.example.com"] {
        assert!(card.message.says(&[wanted]), "{wanted}\nis not in\n{}", card.message.words());
    }
    stage.approver().approves(&card).await;
    let approved = stage.calls();
    let run = stage.until_over_in_time(&card.run()).await;

    assert_eq!(run.state, State::Succeeded, "{:?}", run.steps);
    assert_eq!(stage.alias(WWW).await.as_deref(), Some("frankfurt.shop.example.com"));
    assert_eq!(stage.addresses("api.shop.example.com").await, ["198.51.100.10"]);
    assert_eq!(stage.movements(AWAY, STANDBY).await, movements);
    assert_eq!(stage.marked(AWAY, STANDBY, "written").await.as_deref(), Some(card.run().as_str()), "proved by a write");
    // No call needed an answer that nobody gave: what was asked of home only looked whether it still is silent.
    let by_runner = |call: &mayday_local::calls::Record| call.function.as_deref() == Some("mayday-runner");
    let since: Vec<_> = stage.shared().calls.since(approved).into_iter().filter(by_runner).collect();
    for global in ["route53", "iam", "organizations", "sts"] {
        assert!(!since.iter().any(|call| call.service == global), "{global} was called");
    }
    let unanswered: Vec<_> = since.iter().filter(|call| call.status.is_none()).map(|call| call.operation.as_str()).collect();
    assert!(unanswered.iter().all(|operation| operation.starts_with("Describe")), "{unanswered:?}");
    assert_eq!(stage.effects(calls, "PutObject").iter().filter(|put| put.contains("away r-")).count(), 1, "the switch was turned once");

    the_old_primary_is_fenced_when_it_is_back(&stage).await;
}

/// Home is there again, and so is the old primary, which nobody has frozen: the bot says so, wakes people, and proposes to end its writes.
async fn the_old_primary_is_fenced_when_it_is_back(stage: &Stage) {
    let before = stage.calls();
    stage.break_it("mend_region", HOME).await;
    stage.sells(HOME, INSTANCE, 1).await.unwrap();
    let card = stage
        .until("a fence is proposed", async || {
            stage.pass_time();
            stage.messages(CHANNEL).into_iter().rev().find_map(|message| {
                let proposal = message.value_of("approve").filter(|_| message.says(&["Fence", INSTANCE]))?;
                Some(Card { message, proposal })
            })
        })
        .await;
    stage
        .until("people are woken", async || {
            stage.pass_time();
            stage.stack().outbox().shown().pages.iter().any(|page| page.to_string().contains(INSTANCE)).then_some(())
        })
        .await;
    assert_eq!(stage.sells(HOME, INSTANCE, 1).await, Ok(()), "nothing is done without them");

    stage.approver().approves(&card).await;
    let run = stage.until_over_in_time(&card.run()).await;
    assert_eq!(run.state, State::Succeeded, "{:?}", run.steps);
    assert_eq!(stage.sells(HOME, INSTANCE, 1).await, Err("25006".to_owned()), "it takes no writes");
    stage.sells(AWAY, STANDBY, 1).await.unwrap();
    for operation in ["PromoteReadReplica", "ChangeResourceRecordSets", "DeleteDBInstance"] {
        assert_eq!(stage.effects(before, operation), Vec::<String>::new());
    }
}
