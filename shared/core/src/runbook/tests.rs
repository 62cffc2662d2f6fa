use super::*;
use crate::proposal::OnFailure;

const DATABASE: &str = include_str!("../../../../plans/capliquify/runbooks/database-recovery.yaml");
const APPLICATION: &str = include_str!("../../../../plans/capliquify/runbooks/application-recovery.yaml");

fn read(text: &str) -> Runbook {
    load(text).unwrap().runbook
}

fn problem(text: &str) -> String {
    load(text).unwrap_err().message
}

fn after(runbook: &Runbook, id: &str) -> Option<Vec<String>> {
    let step = runbook.steps.iter().find(|step| step.id.as_str() == id).unwrap_or_else(|| panic!("no step {id}"));
    step.flow.after.as_ref().map(|after| after.iter().map(|id| id.0.clone()).collect())
}

#[test]
fn the_built_in_ones_load_and_bear_their_names() {
    for (name, _) in BUILT_IN {
        let loaded = built_in(name).unwrap();
        assert_eq!(loaded.runbook.name, *name);
        assert!(!loaded.runbook.steps.is_empty());
        assert_eq!(loaded.runbook.missing(), [], "{name}");
        assert!(loaded.runbook.steps.iter().all(|step| step.flow.is_plain()), "{name}");
    }
}

#[test]
fn r60_the_database_recovery_runbook_loads_as_it_is_written() {
    let runbook = read(DATABASE);
    assert_eq!(runbook.name, "Database Recovery");
    assert_eq!(runbook.trigger.as_deref(), Some("Database connection failure"));
    let said: Vec<String> = runbook.steps.iter().map(|step| format!("{} {}", step.id, step.action)).collect();
    assert_eq!(
        said,
        [
            "initial-assessment-1 db:status",
            "initial-assessment-2 db:connection-test",
            "attempt-reconnection-1 db:reconnect",
            "attempt-reconnection-2 db:verify-connection",
            "failover-to-replica-1 db:failover-replica",
            "failover-to-replica-2 app:update-connection",
            "restore-from-backup-1 db:restore-latest",
            "restore-from-backup-2 db:verify-integrity",
            "post-recovery-1 db:analyze-failure",
            "post-recovery-2 alert:send-report",
        ]
    );
    let step = |id: &str| runbook.steps.iter().find(|step| step.id.as_str() == id).unwrap();
    assert_eq!(step("initial-assessment-2").timeout.to_string(), "30s");
    assert_eq!(step("attempt-reconnection-1").flow.group.as_ref().unwrap().again, 3);
    assert_eq!(step("attempt-reconnection-2").flow.fact.as_deref(), Some("reconnection_failed"));
    assert_eq!(step("failover-to-replica-1").flow.condition.as_deref(), Some("reconnection_failed"));
    assert_eq!(step("failover-to-replica-1").flow.fact.as_deref(), Some("replica_unavailable"));
    assert_eq!(step("failover-to-replica-2").flow.condition, None, "the first command's answer holds for all of a step");
    assert_eq!(step("restore-from-backup-1").flow.condition.as_deref(), Some("replica_unavailable"));
    assert!(runbook.steps.iter().all(|step| step.flow.after.is_none()), "one after the other, as written");
}

#[test]
fn r60_the_application_recovery_runbook_loads_as_it_is_written() {
    let runbook = read(APPLICATION);
    assert_eq!(runbook.steps.len(), 9);
    let scale = runbook.steps.iter().find(|step| step.action == "scale:up").unwrap();
    assert_eq!(scale.arguments.get("instances").map(String::as_str), Some("2"));
    assert_eq!(scale.flow.condition.as_deref(), Some("resource_exhaustion"));
    assert_eq!(runbook.steps[0].flow.fact.as_deref(), Some("restart_failed"));
    let last = runbook.steps.last().unwrap();
    assert_eq!((last.id.as_str(), last.action.as_str()), ("emergency-mode-2", "app:minimal-service"));
}

#[test]
fn a_verb_that_is_not_built_loads_and_is_named() {
    let text =
        "{name: x, steps: [{id: a, name: A, action: 'db:conjure'}, {name: B, commands: ['npm run db:status'], undo: ['db:vanish']}]}";
    let missing = read(text).missing();
    let said: Vec<String> = missing.iter().map(|(step, verb)| format!("{step} {verb}")).collect();
    assert_eq!(said, ["a db:conjure", "b db:vanish"]);
}

#[test]
fn parallel_steps_and_needs_are_wired() {
    let runbook = read(
        "
name: Wired
steps:
  - {name: Look, commands: ['db:status', 'db:connection-test']}
  - name: Both
    parallel:
      - {name: Left, commands: ['backup:database']}
      - {name: Right, commands: ['db:health-check'], on_failure: continue}
  - {name: Join, commands: ['db:status'], on_failure: undo, undo: ['backup:emergency']}
  - {name: Aside, commands: ['db:status'], needs: [look]}
  - {name: Last, commands: ['db:status'], needs: [both]}
",
    );
    assert_eq!(after(&runbook, "look-1"), None);
    assert_eq!(after(&runbook, "left"), None, "the one before it in the list");
    assert_eq!(after(&runbook, "right"), Some(vec!["look-2".to_owned()]));
    assert_eq!(after(&runbook, "join"), Some(vec!["left".to_owned(), "right".to_owned()]));
    assert_eq!(after(&runbook, "aside"), Some(vec!["look-2".to_owned()]));
    let join = runbook.steps.iter().find(|step| step.id.as_str() == "join").unwrap();
    assert_eq!((join.flow.on_failure, join.undo.len()), (Some(OnFailure::Undo), 1));
}

#[test]
fn l1_steps_that_wait_for_each_other_are_named() {
    let said = problem(
        "
name: Round
steps:
  - {id: a, name: A, commands: ['db:status']}
  - {id: b, name: B, commands: ['db:status'], needs: [d]}
  - {id: c, name: C, commands: ['db:status'], needs: [b]}
  - {id: d, name: D, commands: ['db:status'], needs: [c]}
",
    );
    assert!(said.contains("b → d → c → b") && said.starts_with("line 5, column"), "{said}");
}

#[test]
fn l1_what_is_wrong_is_named_with_its_place() {
    let with = |step: &str| problem(&format!("name: Wrong\nsteps:\n  - {step}\n"));
    for (step, wanted) in [
        ("{name: A, commands: ['rm -rf /']}", "“rm -rf /” is no command"),
        ("{name: A, commands: ['db:status now']}", "an argument of a command is `--NAME=VALUE`"),
        ("{name: A, commands: ['db:status --a=1 --a=2']}", "`--a` is given twice"),
        ("{name: A}", "a step needs `commands`, an `action`, a `gate` or `parallel` members"),
        ("{name: A, commands: []}", "a step needs at least one command"),
        ("{name: A, action: 'db:status', commands: ['db:status']}", "either `commands`, or an `action`, or a `gate`"),
        ("{name: A, commands: ['db:status'], condition: 'a &&'}", "the condition “a &&” is not understood"),
        ("{name: A, commands: ['db:status'], condition: 'steps.nope.state == \"done\"'}", "reads steps.nope, which is no step"),
        ("{name: A, commands: ['db:status'], condition: '[1, 2].all(n, n > 0)'}", "a condition can't loop"),
        ("{name: A, commands: ['db:status'], condition: 'exec(1)'}", "there is no function `exec`"),
        ("{name: A, commands: ['db:status'], needs: [nope]}", "a needs nope, which is no step"),
        ("{name: A, commands: ['db:status'], fact: 'a b'}", "a fact's name has letters"),
        ("{name: A, commands: ['db:status'], retries: 99}", "10 retries are the most"),
        ("{name: '!!!', commands: ['db:status']}", "can't be a step's id"),
        ("{parallel: [{parallel: [{name: A, commands: ['db:status']}]}]}", "can't hold another `parallel`"),
    ] {
        let said = with(step);
        assert!(said.contains(wanted), "{step}: {said}");
        assert!(said.starts_with("line 3, column ") && said.contains("\n   3 | "), "{said}");
    }
    let unknown = with("{name: A, comands: ['db:status']}");
    assert!(unknown.contains("comands") && unknown.contains("line 3"), "{unknown}");
}

#[test]
fn l1_what_is_too_much_is_refused_in_bounded_time() {
    assert!(problem(&"#".repeat(64 * 1024 + 1)).contains("are the most that is read"));
    let many = format!("{{name: Many, steps: [{}]}}", "{name: A, commands: ['db:status']},".repeat(150));
    assert!(problem(&many).contains("two steps are called a"));
    let many: String = (0..201).map(|number| format!("  - {{name: S{number}, commands: ['db:status']}}\n")).collect();
    assert!(problem(&format!("name: Many\nsteps:\n{many}")).contains("a runbook may have 200 steps"));
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nname: Bomb\nsteps: [*c, *c, *c]\n";
    assert!(load(bomb).is_err());
    let deep = format!("name: Deep\nsteps: {}{}\n", "[".repeat(5_000), "]".repeat(5_000));
    assert!(load(&deep).is_err());
    let with =
        |condition: &str| load(&format!("name: Hostile\nsteps:\n  - {{name: A, commands: ['db:status'], condition: '{condition}'}}\n"));
    for condition in ["(".repeat(400), "!".repeat(400), "a?b:".repeat(100), "-".repeat(400), "1+".repeat(200), "a".repeat(501)] {
        assert!(with(&condition).is_err(), "{condition}");
    }
    // What is long and right is read, and asked without an end of the stack.
    let long = format!("a{}", ".b".repeat(240));
    assert!(with(&long).is_ok());
    assert!(condition::Condition::compile(&long).unwrap().holds(&condition::Known::default()).is_err());
}

#[test]
fn r60_conditions_are_asked_of_facts_and_results() {
    use condition::{Condition, Known};
    use serde_json::json;
    let mut known = Known::default();
    known.facts.insert("reconnection_failed".to_owned(), json!(true));
    known.facts.insert("lag_seconds".to_owned(), json!(90));
    known.steps.insert("take-snapshot".to_owned(), json!({"state": "done", "outputs": {"size_gib": 12, "snapshot": "s-1"}}));
    let holds = |text: &str| Condition::compile(text).unwrap().holds(&known);
    for text in [
        "reconnection_failed",
        "!replica_unavailable",
        "reconnection_failed && lag_seconds <= 900",
        "lag_seconds < 90.5",
        "steps.take_snapshot.state == 'done'",
        "steps['take-snapshot'].outputs.size_gib > 0",
        "steps.take_snapshot.outputs.snapshot.startsWith('s-')",
        "has(steps.take_snapshot.outputs.snapshot)",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
    assert_eq!(holds("replica_unavailable"), Ok(false), "what nobody has found out is false");
    assert!(holds("unheard_of <= 3").is_err(), "a comparison with nothing is neither true nor false");
    assert!(holds("1 + 1").unwrap_err().contains("neither true nor false"));
    assert!(holds("steps.take_snapshot.outputs.nothing > 1").is_err());
    let condition = Condition::compile("a && (steps.x.state == 'failed' || b)").unwrap();
    assert_eq!((condition.facts().len(), condition.steps().len()), (2, 1));
}

#[test]
fn r60_what_stands_in_an_argument_is_checked_when_the_runbook_is_read() {
    let steps = |last: &str| {
        format!(
            "name: Checked
steps:
  - {{id: look, name: Look, commands: ['db:status']}}
  - {{id: keep, name: Keep, commands: ['backup:database', 'db:connection-test'], needs: []}}
  - {last}
"
        )
    };
    for (step, wanted) in [
        ("{id: a, name: A, commands: ['alert:update --message=${steps.nope.outputs.status}']}", "which is no step of this runbook"),
        (
            "{id: a, name: A, commands: ['alert:update --message=${steps.look.outputs.status}']}",
            "but does not wait for look: name it under `needs`",
        ),
        ("{id: a, name: A, commands: ['alert:update --message=${steps.a.outputs.said}']}", "does not wait for a"),
        ("{id: a, name: A, commands: ['alert:update --message=${steps.keep.outputs.rows}']}", "it has server_version"),
        (
            "{id: a, name: A, needs: [look], commands: ['alert:update --message=${steps.look.outputs.rows}']}",
            "it has status, latest_restorable",
        ),
        (
            "{id: a, name: A, needs: [look], commands: ['db:restore --timestamp=${steps.look.outputs.status}']}",
            "must be a moment, and ${steps.look.outputs.status} is text",
        ),
        (
            "{id: a, name: A, needs: [look], commands: ['db:restore --timestamp=${steps.look.outputs.latest_restorable}']}",
            "known only in the middle of the run, when nobody approves it any more",
        ),
        ("{id: a, name: A, commands: ['db:restore --timestamp=yesterday']}", "is not a moment: write 2026-11-22T14:05:00Z"),
        (
            "{id: a, name: A, commands: ['db:restore --timestmp=2026-11-22T14:05:00Z']}",
            "takes no --timestmp; it takes --latest, --timestamp",
        ),
        ("{id: a, name: A, commands: ['db:status --all']}", "takes no --all; it takes none"),
        ("{id: a, name: A, commands: ['alert:update --message=${steps.look}']}", "is not understood: write"),
        ("{id: a, name: A, commands: ['alert:update --message=\"half']}", "a quotation mark without its other one"),
        ("{id: a, name: A, gate: {message: 'It is ${steps.nope.outputs.status}'}}", "which is no step of this runbook"),
        ("{id: a, name: A, for_each: dependencies, gate: {message: x}}", "`for_each` belongs to `commands`"),
        ("{id: a, name: A, for_each: everything, commands: ['db:status']}", "line 5"),
    ] {
        let said = problem(&steps(step));
        assert!(said.contains(wanted), "{step}: {said}");
        assert!(said.starts_with("line 5, column ") || said.contains("line 5"), "{said}");
    }
    let good = read(&steps(
        "{id: a, name: A, needs: [look, keep], commands: ['alert:update --message=\"${steps.look.outputs.status}, ${steps.keep-1.outputs.size_gib} GiB\"'], undo: ['db:conjure --x=${steps.nope.outputs.y}']}",
    ));
    let last = good.steps.last().unwrap();
    assert_eq!(
        last.arguments["message"], "${steps.look.outputs.status}, ${steps.keep-1.outputs.size_gib} GiB",
        "words in quotation marks are one"
    );
}

#[test]
fn r60_what_a_runbook_must_be_told_is_known_by_what_it_is_used_for() {
    let text = "
name: Told
steps:
  - {id: back, name: Back, commands: ['db:restore --timestamp=${arguments.at}']}
  - {id: say, name: Say, commands: ['alert:update --message=\"back to ${arguments.at} for ${arguments.why}\"'], undo: ['alert:send --severity=${arguments.bad} --message=x']}
";
    let runbook = read(text);
    let used: Vec<(String, crate::plan::ValueKind)> = runbook.used().into_iter().collect();
    use crate::plan::ValueKind::{Moment, Number, Text};
    assert_eq!(used, [("at".to_owned(), Moment), ("bad".to_owned(), Number), ("why".to_owned(), Text)]);
    let told =
        runbook.told(&BTreeMap::from([("at".to_owned(), "2026-11-22T14:05:00Z".to_owned()), ("why".to_owned(), "a test".to_owned())]));
    assert_eq!(told.steps[0].arguments["timestamp"], "2026-11-22T14:05:00Z");
    assert_eq!(told.steps[1].arguments["message"], "back to 2026-11-22T14:05:00Z for a test");
}

/// Every command that is built says what it takes, and no flag and no output twice.
#[test]
fn r60_every_command_has_a_signature() {
    for command in proposal::COMMANDS {
        let signature = proposal::signature(command).unwrap_or_else(|| panic!("{command}"));
        let mut flags: Vec<&str> = signature.takes.iter().map(|(name, _)| *name).collect();
        flags.sort_unstable();
        flags.dedup();
        assert_eq!(flags.len(), signature.takes.len(), "{command}");
    }
    for later in ["app:restart", "deploy:rollback", "scale:up", "status:update", "db:reconnect"] {
        assert_eq!(proposal::signature(later), None, "{later} is not built, and must not look as if");
    }
}
