//! Functions that die at any call, and stacks that die at any moment: each run ends, each effect is made once.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use mayday_core::{approval::State as Decided, audit, run::State};
use mayday_tests::{Card, Child, Stage};
use serde_json::{Value, json};

/// The calls that change the world outside in a restore, and what starts and ends one.
const CHANGES: [&str; 5] =
    ["RestoreDBInstanceToPointInTime", "ModifyDBInstance", "PutSecretValue", "UpdateSecretVersionStage", "StartExecution"];

/// One restore through which all functions are killed once, where the rule says so. Gives whether it came to that.
async fn restore_killed_at(stage: &Stage, rule: &Value) -> bool {
    let (old, instances, rows) = (stage.serving(), stage.instances().await, stage.rows("movements").await);
    let calls = stage.calls();
    let fault = stage.fault(rule.clone());
    let card = asked(stage).await;
    approved(stage, &card).await;
    let run = stage.until_over_in_time(&card.run()).await;
    stage.mend(fault);
    let struck = stage.shared().calls.since(calls).iter().filter(|call| call.fault.is_some()).count();
    let told = format!("killed by {rule}: {run:?}");

    assert_eq!(run.state, State::Succeeded, "{told}");
    let made: Vec<String> = stage.instances().await.into_iter().filter(|one| !instances.contains(one)).collect();
    assert_eq!(made, [stage.serving()], "one instance was made, and it has the traffic; {told}");
    assert_ne!(stage.serving(), old);
    assert_eq!(stage.rows("movements").await, rows, "{told}");
    for operation in ["RestoreDBInstanceToPointInTime", "PutSecretValue"] {
        // The same secret version under the same token is the same effect: Secrets Manager takes it, and changes nothing.
        let effects: BTreeSet<String> = stage.effects(calls, operation).into_iter().collect();
        assert_eq!(effects.len(), 1, "{operation} took effect once; {told}");
    }
    let begun = stage.runs().into_iter().filter(|one| one.proposal.as_str() == card.proposal).count();
    assert_eq!(begun, 1, "{told}");
    audit::verify(&stage.audit()).expect("the audit chain is whole");
    struck > 0
}

/// Ana asks until there is a card: whose answer is lost types it again.
async fn asked(stage: &Stage) -> Card {
    let told = stage.person("ana").types("/dr restore inventory --latest").await;
    if let Some(card) = told.find_card() {
        return card;
    }
    let known: BTreeSet<String> = stage.runs().into_iter().map(|run| run.proposal.0).collect();
    let mut waited = 0;
    stage
        .until("a card is posted", async || {
            stage.pass_time();
            waited += 1;
            if waited % 60 == 0 {
                stage.person("ana").types("/dr restore inventory --latest").await;
            }
            stage.messages(mayday_tests::CHANNEL).into_iter().rev().find_map(|message| {
                let proposal = message.value_of("approve").filter(|proposal| !known.contains(proposal))?;
                Some(Card { message, proposal })
            })
        })
        .await
}

/// Bob presses and types until it counts.
async fn approved(stage: &Stage, card: &Card) {
    let phrase = stage.proposal(&card.proposal).phrase;
    let mut waited = 0;
    stage
        .until("the approval counts", async || {
            if matches!(stage.approval(&card.proposal).state, Decided::Approved { .. }) {
                return Some(());
            }
            if waited % 40 == 0 {
                stage.send(&stage.phrase_request("U0BOB00001", &card.proposal, &phrase)).await;
                stage.settle().await;
            } else {
                stage.pass_time();
            }
            waited += 1;
            None
        })
        .await;
}

async fn killed_around(operation: &str) {
    let stage = Stage::open().await;
    for effect in ["kill_before", "kill_after"] {
        stage.advance(SignedDuration::from_mins(2));
        let rule = json!({"operation": operation, "nth": 1, "effect": effect});
        assert!(restore_killed_at(&stage, &rule).await, "{operation} was called");
    }
}

#[tokio::test]
async fn f1_f2_killed_around_the_restore_call_it_is_restored_once() {
    killed_around(CHANGES[0]).await;
}

#[tokio::test]
async fn f1_f2_killed_around_the_call_that_aligns_the_run_ends() {
    killed_around(CHANGES[1]).await;
}

#[tokio::test]
async fn f1_f2_killed_around_the_switch_traffic_moves_once() {
    killed_around(CHANGES[2]).await;
}

#[tokio::test]
async fn f1_a_function_killed_around_the_moving_of_a_secret_s_label_loses_nothing() {
    killed_around(CHANGES[3]).await;
}

#[tokio::test]
async fn f1_killed_around_the_start_of_the_execution_one_runs() {
    killed_around(CHANGES[4]).await;
}

/// The stack itself is killed, with everything in it but the database servers, and started again over what it left.
#[tokio::test]
async fn a_whole_stack_killed_in_the_middle_of_a_restore_finishes_it_when_it_is_back() {
    // By the step that the run is at.
    for moment in ["restore", "align", "switch"] {
        let mut child = Child::open().await;
        let card = child.asks_and_approves("/dr restore inventory --latest").await;
        child.until_step(&card, moment).await;
        child.kill().await;
        child.start().await;
        let run = child.until_over(&card).await;
        assert_eq!(run["state"], "succeeded", "killed at {moment}: {run}");
        let mut instances = child.instances().await;
        instances.retain(|instance| instance.starts_with("inventory-production"));
        assert_eq!(instances.len(), 2, "restored once, killed at {moment}: {instances:?}");
    }
}
