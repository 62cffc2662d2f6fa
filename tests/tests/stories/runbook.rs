use mayday_core::{
    proposal::COMMANDS,
    run::{Run, State, StepState},
};
use mayday_tests::{CAPLIQUIFY, CHANNEL, Card, INSTANCE, INVENTORY, Message, Setup, Stage};

/// As they stand in the recovery plan, word by word.
const DATABASE_RECOVERY: &str = include_str!("../../../plans/capliquify/runbooks/database-recovery.yaml");
const APPLICATION_RECOVERY: &str = include_str!("../../../plans/capliquify/runbooks/application-recovery.yaml");
const DATABASE_LOSS: &str = include_str!("../../../plans/inventory/runbooks/database-loss.yaml");

/// A stage whose plan has these runbooks.
async fn stage(runbooks: &[(&str, &str)]) -> Stage {
    let mut setup = Setup::default();
    setup.plan.push_str("\nrunbooks:\n");
    for (name, _) in runbooks {
        setup.plan.push_str(&format!("  {name}: {{file: runbooks/{name}.yaml}}\n"));
    }
    let stage = Stage::with(setup).await;
    for (name, text) in runbooks {
        stage.puts_runbook(name, text);
    }
    stage
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

/// Both are listed and shown word by word; as long as a verb of one is missing, it is named and nothing is done.
#[tokio::test]
async fn r60_the_database_recovery_runbook_is_shown_and_refused_with_every_verb_that_is_missing() {
    let stage = Stage::with(Setup { rows: 10, ..CAPLIQUIFY.setup() }).await;
    let asker = stage.asker();
    let runbooks = [
        ("database-recovery", DATABASE_RECOVERY, "database:capliquify"),
        ("application-recovery", APPLICATION_RECOVERY, "service:capliquify"),
    ];
    for (name, text, _) in runbooks {
        stage.puts_runbook(name, text);
    }
    let before = stage.calls();
    for (name, text, on) in runbooks {
        assert!(asker.types("/dr runbook list").await.whispered().contains(name));
        let shown = asker.types(&format!("/dr runbook show {name}")).await.whispered();
        let told = asker.types(&format!("/dr runbook run {name} --on {on}")).await;
        let of = |key: &str| text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key)).collect::<Vec<_>>();
        let (names, conditions) = ([of("name: "), of("trigger: ")].concat(), of("condition: "));
        assert!(names.len() > 4 && conditions.len() > 1, "{names:?} {conditions:?}");
        for wanted in names.into_iter().chain(conditions) {
            assert!(shown.contains(wanted), "{wanted}\nis not in\n{shown}");
        }
        let verbs: Vec<&str> = of("npm run ").into_iter().map(|command| command.split(' ').next().unwrap()).collect();
        let (built, missing): (Vec<&str>, Vec<&str>) = verbs.into_iter().partition(|verb| COMMANDS.contains(verb));
        assert!(!missing.is_empty(), "all verbs of {name} are there by now: let it run");
        for verb in missing {
            assert!(shown.contains(verb) && told.whispered().contains(verb), "{verb} is missing and not named: {}", told.whispered());
        }
        for verb in built {
            assert!(shown.contains(verb) && !told.whispered().contains(verb), "{verb} is built and not missed: {}", told.whispered());
        }
        assert_eq!(told.find_card(), None);
    }
    assert_eq!(stage.runs(), []);
    assert_eq!(stage.effects(before, "CreateDBSnapshot"), Vec::<String>::new());
}

/// What the document says in words: look, keep what can be kept, restore, verify.
#[tokio::test]
async fn r60_the_inventory_system_s_runbook_restores_a_database_that_is_lost() {
    let stage = Stage::with(Setup { scale: 8.0, ..INVENTORY.setup() }).await;
    stage.puts_runbook("database-loss", DATABASE_LOSS);
    let (old, rows) = (stage.serving(), stage.rows("movements").await);
    stage.until_restorable(stage.now()).await;
    stage.break_it("kill_primary", &old).await;
    let card = stage.asker().types("/dr runbook run database-loss --on database:inventory --reason \"nobody can sign in\"").await.card();
    assert!(card.message.says(&["Database Loss", "connection_failed", &old]), "{}", card.message.words());
    stage.approver().approves(&card).await;
    let run = stage.until_over_in_time(&card.run()).await;
    assert_eq!(run.state, State::Succeeded, "{:?}", run.log);
    assert!(matches!(state(&run, "preserve-evidence"), StepState::NotNeeded { .. }), "{run:?}");
    assert_ne!(stage.serving(), old, "traffic has moved");
    assert_eq!(stage.rows("movements").await, rows, "with all that was there");
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
    stage.puts_runbook("mend", &mended(&jiff::Timestamp::from_second(at.as_second()).unwrap().to_string()));

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
