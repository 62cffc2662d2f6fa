use mayday_core::run::{Run, State, StepState};
use mayday_tests::{CHANNEL, Card, INSTANCE, Message, Setup, Stage};

/// As it stands in the recovery plan, word by word.
const DATABASE_RECOVERY: &str = include_str!("../../../plans/capliquify/runbooks/database-recovery.yaml");

/// A stage whose plan has these runbooks, and whose responders may run them.
async fn stage(runbooks: &[(&str, &str)]) -> Stage {
    let mut setup = Setup::default().with_plan("verbs: [backup, restore, retire", "verbs: [run, backup, restore, retire");
    setup.plan.push_str("\nrunbooks:\n");
    for (name, _) in runbooks {
        setup.plan.push_str(&format!("  {name}: {{file: runbooks/{name}.yaml}}\n"));
    }
    let stage = Stage::with(setup).await;
    for (name, text) in runbooks {
        put(&stage, name, text);
    }
    stage
}

fn put(stage: &Stage, name: &str, text: &str) {
    let key = format!("runbooks/{name}.yaml");
    stage.stack().data().s3.put("mayday-000000000000-eu-west-1", &key, text.as_bytes()).unwrap();
}

fn state<'a>(run: &'a Run, id: &str) -> &'a StepState {
    &run.steps.iter().find(|step| step.id.as_str() == id).unwrap_or_else(|| panic!("no step {id}: {:?}", run.steps)).state
}

/// The card of a gate, once it is shown.
async fn gate(stage: &Stage) -> Card {
    let shown = || stage.messages(CHANNEL).into_iter().rev().find(|message| message.says(&["Go on with"]) && message.has_button("approve"));
    let message: Message = stage.until("people are asked about the rest", async || shown()).await;
    let proposal = message.value_of("approve").unwrap();
    Card { message, proposal }
}

/// Two things at once, a check, and a restore that people must approve when the check fails.
fn mended(at: &str) -> String {
    format!(
        "name: Mend the data
trigger: Rows are missing
steps:
  - parallel:
      - {{name: Look, commands: [npm run db:status, npm run db:connection-test]}}
      - {{name: Keep a copy, id: keep, commands: [npm run backup:emergency], timeout: 1h}}
  - {{name: Check, commands: [npm run db:verify-integrity], retries: 1}}
  - {{name: Ask, condition: check_failed, gate: {{message: Restore what was there before the rows went?}}}}
  - {{name: Mend, condition: check_failed, commands: ['npm run db:restore --timestamp={at}']}}
  - {{name: Rest, condition: '!check_failed', commands: [npm run backup:database]}}
  - {{name: After, commands: [npm run db:health-check]}}
"
    )
}

#[tokio::test]
async fn r60_the_database_recovery_runbook_is_shown_and_refused_with_every_verb_that_is_missing() {
    let stage = stage(&[("database-recovery", DATABASE_RECOVERY)]).await;
    let ana = stage.person("ana");
    let listed = ana.types("/dr runbook").await.whispered();
    assert!(listed.contains("database-recovery") && listed.contains("db:reconnect"), "{listed}");
    let shown = ana.types("/dr runbook show database-recovery").await.whispered();
    for wanted in ["Database connection failure", "Failover to Replica", "reconnection_failed", "replica_unavailable", "db:restore-latest"]
    {
        assert!(shown.contains(wanted), "{wanted} in {shown}");
    }
    let before = stage.calls();
    let told = ana.types("/dr runbook run database-recovery --on inventory").await;
    let said = told.whispered();
    for missing in ["db:reconnect", "db:failover-replica", "app:update-connection", "db:analyze-failure", "alert:send-report"] {
        assert!(said.contains(missing), "{missing} in {said}");
    }
    assert!(!said.contains("db:verify-connection"), "what is built is not missed: {said}");
    assert_eq!(told.find_card(), None);
    assert_eq!(stage.runs(), []);
    assert_eq!(stage.effects(before, "CreateDBSnapshot"), Vec::<String>::new());
}

#[tokio::test]
async fn r60_dry_run_shows_every_step_and_touches_nothing() {
    let text = mended("NEVER").replace("--timestamp=NEVER", "--latest");
    let stage = stage(&[("mend", &text)]).await;
    stage.until_restorable(stage.now()).await;
    let before = stage.calls();
    let told = stage.person("ana").types("/dr runbook run mend --on inventory --dry-run").await;
    let said = told.whispered();
    for wanted in ["Nothing was done", "only if `check_failed`", "keep", "mend-switch", INSTANCE, "dba", "Point of no return"] {
        assert!(said.contains(wanted), "{wanted} in {said}");
    }
    assert_eq!(told.find_card(), None);
    assert_eq!(stage.runs(), []);
    for operation in ["CreateDBSnapshot", "RestoreDBInstanceToPointInTime", "PutSecretValue"] {
        assert_eq!(stage.effects(before, operation), Vec::<String>::new());
    }
}

#[tokio::test]
async fn r60_a_runbook_with_parallel_steps_a_condition_and_a_gate_in_the_middle_runs_to_its_end() {
    let stage = stage(&[("mend", "")]).await;
    let (ana, bob, carol) = (stage.person("ana"), stage.person("bob"), stage.person("carol"));
    let before = stage.rows("items").await;
    stage.until_restorable(stage.now()).await;
    let at = stage.now();
    stage.advance(jiff::SignedDuration::from_mins(1));
    stage.sql("delete from movements; delete from items where id > 500").await;
    stage.until_restorable(stage.now()).await;
    put(&stage, "mend", &mended(&jiff::Timestamp::from_second(at.as_second()).unwrap().to_string()));

    let card = ana.types("/dr runbook run mend --on inventory --reason \"rows are missing\"").await.card();
    assert!(card.message.says(&["Mend the data", "check_failed"]), "{}", card.message.words());
    bob.approves(&card).await;
    let gate = gate(&stage).await;
    let asked = stage.run(&card.run()).unwrap();
    assert!(matches!(state(&asked, "keep"), StepState::Done(_)) && matches!(state(&asked, "look-2"), StepState::Done(_)), "{asked:?}");
    assert!(matches!(state(&asked, "check"), StepState::Failed(_)), "{asked:?}");
    assert_eq!(stage.serving(), INSTANCE, "nothing moves before the rest is approved");
    assert!(gate.message.says(&["Restore what was there", "items are there", "check_failed"]), "what is known: {}", gate.message.words());
    // Whoever asked decides on no part of it.
    assert!(ana.presses("approve", &gate.message).await.forms.is_empty());
    carol.approves(&gate).await;

    let run = stage.until_over(&card.run()).await;
    assert_eq!(run.state, State::Succeeded, "{:?}", run.log);
    assert!(matches!(state(&run, "rest"), StepState::NotNeeded { .. }), "{run:?}");
    assert!(matches!(state(&run, "after"), StepState::Done(_)), "{run:?}");
    assert_ne!(stage.serving(), INSTANCE);
    assert_eq!(stage.rows("items").await, before, "the rows are back");
    let said: Vec<String> = stage.messages(CHANNEL).iter().map(Message::words).collect();
    assert!(said.iter().any(|words| words.contains("not needed")), "{said:?}");
    let audited = stage.audited(&card.run());
    for wanted in ["gate.asked", "step.not_needed", "step.failed", "run.end"] {
        assert!(audited.iter().any(|what| what == wanted), "{wanted} in {audited:?}");
    }
}

#[tokio::test]
async fn r60_whoever_says_no_at_a_gate_stops_the_run_with_what_it_has_done() {
    let stage = stage(&[(
        "ask",
        "name: Ask in the middle
steps:
  - {name: Keep a copy, id: keep, commands: [npm run backup:database]}
  - {name: Ask, gate: {message: Go on?}}
  - {name: Again, commands: [npm run backup:emergency]}
",
    )])
    .await;
    let told = stage.person("ana").types("/dr runbook run ask --on inventory").await;
    let run = told.run();
    let gate = gate(&stage).await;
    stage.person("bob").presses("deny", &gate.message).await;
    let run = stage.until_over(&run).await;
    assert!(matches!(run.state, State::Stopped { .. }), "{:?}", run.state);
    assert!(matches!(state(&run, "keep"), StepState::Done(_)));
    assert_eq!(*state(&run, "again"), StepState::Waiting, "what stands behind the gate was not done");
    assert_eq!(stage.snapshots("manual").await.len(), 1);
}
