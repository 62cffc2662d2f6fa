use mayday_core::run::{Run, State, StepState};
use mayday_tests::{AWAY, CHANNEL, Card, HOME, INSTANCE, STANDBY, Setup, Stage};
use serde_json::json;

const WWW: &str = "www.shop.example.com";
const API: &str = "api.shop.example.com";

async fn stage() -> Stage {
    Stage::with(Setup::default().with_standby()).await
}

/// Where people are led, by the name server's own answers.
async fn led(stage: &Stage) -> (String, String) {
    (stage.alias(WWW).await.unwrap_or_default(), stage.addresses(API).await.join(" "))
}

fn home() -> (String, String) {
    ("ireland.shop.example.com".to_owned(), "192.0.2.10".to_owned())
}

fn away() -> (String, String) {
    ("frankfurt.shop.example.com".to_owned(), "198.51.100.10".to_owned())
}

fn state<'a>(run: &'a Run, step: &str) -> &'a StepState {
    &run.steps.iter().find(|one| one.id.as_str() == step).expect("the step").state
}

/// A failover that can't promote, with its writes ended already.
async fn stopped_at_the_promotion(stage: &Stage) -> (Card, u64) {
    let fault = stage.fault(json!({"service": "rds", "operation": "PromoteReadReplica", "effect": "throttle", "code": "AccessDenied"}));
    let card = stage.person("ana").types("/dr failover shop").await.card();
    stage.person("bob").approves(&card).await;
    let stuck = stage.until_stuck(&card.run()).await;
    assert!(matches!(state(&stuck, "promote"), StepState::Failed(_)), "{:?}", stuck.steps);
    (card, fault)
}

/// The headline of a run, with its buttons.
async fn headline(stage: &Stage, run: &str) -> mayday_tests::Message {
    stage
        .until("the headline asks", async || {
            let headline = stage.run(run)?.headline?;
            stage.messages(CHANNEL).into_iter().find(|message| message.ts() == headline.ts && message.has_button("retry"))
        })
        .await
}

#[tokio::test]
async fn r54_planned_failover_moves_the_database_and_the_names_and_is_verified_by_a_write() {
    let stage = stage().await;
    let (ana, bob) = (stage.person("ana"), stage.person("bob"));
    assert_eq!(led(&stage).await, home());

    let card = ana.types("/dr failover shop --to secondary --reason \"the region is degraded\"").await.card();
    let wanted = [INSTANCE, STANDBY, WWW, API, "ireland.shop.example.com", "198.51.100.10", "60 s", "the region is degraded"];
    assert!(card.message.says(&wanted), "{}", card.message.words());
    // What is written while people decide goes along.
    stage.sells(HOME, INSTANCE, 7).await.unwrap();
    let (movements, application) = (stage.movements(HOME, INSTANCE).await, stage.application(HOME, INSTANCE).await);
    bob.approves(&card).await;
    let run = stage.until_over(&card.run()).await;

    assert_eq!(run.state, State::Succeeded, "{:?}", run.steps);
    assert_eq!(led(&stage).await, away());
    assert_eq!(stage.movements(AWAY, STANDBY).await, movements, "nothing was lost");
    assert_eq!(stage.marked(AWAY, STANDBY, "written").await.as_deref(), Some(card.run().as_str()), "proved by a write");
    stage.sells(AWAY, STANDBY, 3).await.unwrap();
    let promoted = stage.instance_in(AWAY, STANDBY).await.unwrap();
    assert_eq!(
        (promoted.text("ReadReplicaSourceDBInstanceIdentifier"), promoted.text("BackupRetentionPeriod")),
        (String::new(), "7".to_owned())
    );
    // The old primary answers and takes no writes: neither of new sessions nor of those from before.
    assert_eq!(stage.sells(HOME, INSTANCE, 1).await, Err("25006".to_owned()));
    assert!(application.batch_execute("delete from movements").await.is_err(), "its session was ended");
    assert_eq!(stage.movements(HOME, INSTANCE).await, movements, "and is otherwise as it was");
    assert!(stage.report(&card.run()).says(&["/dr failback shop"]), "{}", stage.report(&card.run()).words());

    let told = ana.types("/dr failover verify shop").await;
    assert!(told.whispered().contains("refuses writes") && told.whispered().contains("away from home"), "{}", told.whispered());
    let told = ana.types("/dr status").await;
    assert!(told.words().contains(STANDBY), "the standby serves: {}", told.words());
    let told = ana.types("/dr failover shop").await;
    assert!(told.find_card().is_none() && told.whispered().contains("already"), "{}", told.words());
}

#[tokio::test]
async fn r55_failback_brings_everything_home() {
    let stage = stage().await;
    let old = stage.movements(HOME, INSTANCE).await;
    stage.failed_over().await;
    stage.sells(AWAY, STANDBY, 5).await.unwrap();

    let back = stage.carried_out("/dr failback:to-primary shop").await;

    assert_eq!(back.run.state, State::Succeeded, "{:?}", back.run.steps);
    assert_eq!(led(&stage).await, home());
    let new = stage.serving();
    // h7: what served before has gone its own way, and is not followed again.
    assert_ne!(new, INSTANCE, "a fresh one was made");
    assert_eq!(stage.movements(HOME, &new).await, old + 5, "what was written while away came home");
    assert_eq!(stage.movements(HOME, INSTANCE).await, old, "and the old one is kept as it was");
    assert_eq!(stage.marked(HOME, &new, "written").await.as_deref(), Some(back.card.run().as_str()));
    stage.sells(HOME, &new, 1).await.unwrap();
    assert_eq!(stage.sells(AWAY, STANDBY, 1).await, Err("25006".to_owned()), "away, nobody writes any more");
    // A restore would now be of what serves at home.
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    assert!(card.message.says(&[&new, HOME]), "{}", card.message.words());
}

#[tokio::test]
async fn h1_with_both_sites_dead_nothing_is_moved() {
    let stage = stage().await;
    stage.break_it("kill_primary", &format!("{HOME}/{INSTANCE}")).await;
    stage.break_it("kill_primary", &format!("{AWAY}/{STANDBY}")).await;
    let told = stage.person("ana").types("/dr failover shop").await;
    assert!(told.find_card().is_none(), "{}", told.words());
    assert!(told.whispered().contains("Neither site") && told.whispered().contains("/dr page"), "{}", told.whispered());
}

#[tokio::test]
async fn h2_a_primary_that_answers_again_asks_for_a_new_decision() {
    let stage = stage().await;
    let (ana, bob) = (stage.person("ana"), stage.person("bob"));
    stage.break_it("kill_primary", &format!("{HOME}/{INSTANCE}")).await;
    let card = ana.types("/dr failover shop").await.card();
    assert!(card.message.says(&["does not answer"]), "{}", card.message.words());
    stage.rds("RebootDBInstance", &[("DBInstanceIdentifier", INSTANCE)]).await;
    stage
        .until("it is back", async || {
            let back = stage.instance(INSTANCE).await?;
            (back.text("DBInstanceStatus") == "available").then_some(())
        })
        .await;
    let told = bob.approves(&card).await;
    assert!(told.words().contains("answers again"), "{}", told.words());
    assert_eq!(stage.run(&card.run()), None, "nothing was begun");
}

#[tokio::test]
async fn h3_an_old_primary_that_takes_writes_again_stops_it_before_the_names_move() {
    let stage = stage().await;
    let (card, fault) = stopped_at_the_promotion(&stage).await;
    let calls = stage.calls();
    // Somebody lets it write again.
    let somebody = stage.application(HOME, INSTANCE).await;
    let thaw = "set default_transaction_read_only = off; alter database inventory reset default_transaction_read_only";
    for statement in thaw.split("; ") {
        somebody.batch_execute(statement).await.unwrap();
    }
    stage.mend(fault);
    stage.person("bob").presses("retry", &headline(&stage, &card.run()).await).await;
    let stuck = stage
        .until_run(&card.run(), "stops at the fence", |run| {
            matches!(&run.state, State::Stuck { step, .. } if step.as_str() == "fence") && run.told == run.log.len()
        })
        .await;
    assert!(matches!(state(&stuck, "promote"), StepState::Done(_)));
    assert_eq!(stage.effects(calls, "ChangeResourceRecordSets"), Vec::<String>::new());
    assert_eq!(led(&stage).await, home());
    assert!(stage.messages(CHANNEL).iter().any(|message| message.says(&["two primaries"])));
}

#[tokio::test]
async fn h4_a_standby_too_far_behind_is_taken_only_with_the_loss_typed() {
    let stage = Stage::with(Setup::default().with_standby().with_plan("rpo: 15m", "rpo: 1s")).await;
    let ana = stage.person("ana");
    // PostgreSQL's lag goes by the machine's clock, and a server that was started anew replays again.
    let told = stage
        .until("it lags", async || {
            stage.break_it("pause_replay", &format!("{AWAY}/{STANDBY}")).await;
            stage.sells(HOME, INSTANCE, 7).await.unwrap();
            let told = ana.types("/dr failover shop").await;
            match told.find_card() {
                Some(card) => {
                    ana.presses("cancel", &card.message).await;
                    None
                }
                None => Some(told),
            }
        })
        .await;
    assert!(told.whispered().contains("would be lost") && told.whispered().contains("--accept-loss"), "{}", told.whispered());

    let card = ana.types("/dr failover shop --accept-loss").await.card();
    let approval = stage.approval(&card.proposal);
    assert!(card.message.says(&["more than the objective allows"]), "{}", card.message.words());
    assert!(approval.phrase.contains(" lose "), "whoever approves types it: {}", approval.phrase);
}

#[tokio::test]
async fn h6_promoted_and_not_routed_is_said_and_goes_on_by_trying_again() {
    let stage = stage().await;
    let fault =
        stage.fault(json!({"service": "route53", "operation": "ChangeResourceRecordSets", "effect": "throttle", "code": "AccessDenied"}));
    let card = stage.person("ana").types("/dr failover shop").await.card();
    stage.person("bob").approves(&card).await;
    let stuck = stage.until_stuck(&card.run()).await;
    assert!(matches!(state(&stuck, "promote"), StepState::Done(_)) && matches!(state(&stuck, "traffic"), StepState::Failed(_)));
    assert!(stage.messages(CHANNEL).iter().any(|message| message.says(&["Promoted, not routed"])));
    assert_eq!(led(&stage).await, home());

    stage.mend(fault);
    stage.person("bob").presses("retry", &headline(&stage, &card.run()).await).await;
    assert_eq!(stage.until_over(&card.run()).await.state, State::Succeeded);
    assert_eq!(led(&stage).await, away());
}

#[tokio::test]
async fn g10_a_record_that_somebody_moved_stops_the_names_of_its_zone() {
    let stage = stage().await;
    let (card, fault) = stopped_at_the_promotion(&stage).await;
    stage.somebody_moves(API, "A", ("192.0.2.10", "203.0.113.77")).await;
    stage.mend(fault);
    stage.person("bob").presses("retry", &headline(&stage, &card.run()).await).await;
    let stuck = stage
        .until_run(&card.run(), "stops at the names", |run| {
            matches!(&run.state, State::Stuck { step, .. } if step.as_str() == "traffic") && run.told == run.log.len()
        })
        .await;
    assert!(
        matches!(state(&stuck, "traffic"), StepState::Failed(finding) if finding.summary.contains("203.0.113.77")),
        "{:?}",
        stuck.steps
    );
    assert_eq!(stage.alias(WWW).await.as_deref(), Some("ireland.shop.example.com"), "the zone's other name stays, too");
    // The name servers have it, and nothing of ours went over it.
    stage.advance(jiff::SignedDuration::from_secs(5));
    assert_eq!(stage.addresses(API).await, ["203.0.113.77"]);
}

#[tokio::test]
async fn what_may_happen_with_nobody_awake_is_said() {
    let stage = Stage::open().await;
    let told = stage.person("dave").types("/dr failover:auto shop").await;
    assert!(told.whispered().contains("No standing order"), "{}", told.whispered());
    let told = stage.person("ana").types("/dr failover").await;
    assert!(told.form().words().contains("Fail over"), "{}", told.words());
    let told = stage.person("ana").types("/dr failover shpo").await;
    assert!(told.whispered().contains("shop"), "did you mean: {}", told.whispered());
}
