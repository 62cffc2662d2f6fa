use jiff::SignedDuration;

use super::{read, read_form, read_stable, sample::*};
use crate::{
    action::{Act, Connect, Gate, Status, Through},
    ident::{RunId, StepId},
    plan::{Argument, Quorum, Span, ValueKind},
    policy::Verb,
    proposal::{Flow, GateOf, Group, OnFailure, Proposal},
    run::StepState,
    runbook::load,
    view::{ListedRunbook, RunbookChoices, run_headline, runbook_dry_run, runbook_form, runbook_list, runbook_shown, step_said},
};

const TEXT: &str = "
name: Mend the data
trigger: Rows are missing
steps:
  - parallel:
      - {name: Look, commands: [npm run db:status, npm run db:connection-test]}
      - {name: Keep, commands: [npm run backup:emergency], on_failure: continue}
  - {name: Check, commands: [npm run db:verify-integrity], retries: 1}
  - {name: Ask, condition: check_failed, gate: {message: Restore it?}}
  - {name: Mend, condition: check_failed, commands: [npm run db:conjure --rows=all], on_failure: undo}
";

/// A run of a runbook of the organization's own: all that a step can say of the others.
pub(super) fn runbook() -> Proposal {
    let connect = Act::Connect(Connect {
        region: "eu-west-1".to_owned(),
        through: Through::Secret,
        port: 5432,
        database: "inventory".to_owned(),
        secret: "mayday/inventory".to_owned(),
        checks: Vec::new(),
        only_reports: true,
    });
    let quorum = Quorum { needed: 1, roles: vec!["dba".to_owned()], within: Span(SignedDuration::from_mins(20)) };
    let status = || Act::Status(Status { region: "eu-west-1".to_owned(), instance: OLD.to_owned() });
    let mut steps = vec![
        planned("look-1", "Look: db:status", status(), 15, Some(3)),
        planned("look-2", "Look: db:connection-test", connect, 15, None),
        planned("check", "Check", status(), 10, None),
        planned("ask", "Ask", Act::Gate(Gate { message: "Restore it?".to_owned(), quorum }), 20, None),
        planned("undo-0-check", "Undo Check", status(), 15, None),
    ];
    let group = |id: &str, again| Some(Group { id: StepId(id.to_owned()), again });
    steps[0].flow = Flow { group: group("look", 0), database: Some("inventory".to_owned()), ..Flow::default() };
    steps[1].flow = Flow { group: group("look", 0), on_failure: Some(OnFailure::Continue), ..Flow::default() };
    steps[2].flow = Flow {
        condition: Some("!connection_failed && steps.look.state == 'done'".to_owned()),
        fact: Some("data_wrong".to_owned()),
        group: group("check", 2),
        on_failure: Some(OnFailure::Undo),
        ..Flow::after([StepId("look-1".to_owned())])
    };
    steps[3].flow = Flow { on_failure: Some(OnFailure::Stop), ..Flow::default() };
    steps[4].flow = Flow { undoes: Some(StepId("check".to_owned())), ..Flow::after([]) };
    Proposal {
        verb: Verb::Run,
        title: "Run Mend the data on shop".to_owned(),
        runbook: "Mend the data".to_owned(),
        locks: vec!["inventory".to_owned(), "service shop".to_owned()],
        steps,
        ..retire()
    }
}

/// The rest of that run, at its gate.
pub(super) fn rest() -> Proposal {
    let gate = GateOf { run: RunId("r-01jd9xkz3v8f5w2q7n4t6b1c8e".to_owned()), step: StepId("ask".to_owned()) };
    Proposal { gate: Some(gate), title: "Go on with Run Mend the data on shop".to_owned(), ..runbook() }
}

#[test]
fn r60_the_list_names_what_is_missing() {
    let listed = |name: &str, is_own, missing: &[&str]| ListedRunbook {
        name: name.to_owned(),
        summary: format!("What {name} does"),
        is_own,
        missing: missing.iter().map(|verb| (*verb).to_owned()).collect(),
    };
    let message = runbook_list(&[listed("mend", true, &["db:conjure", "db:vanish"]), listed("restore", false, &[])]);
    insta::assert_snapshot!(read(&message), @r#"
    (2 runbooks)
    # Runbooks
    `mend`: What mend does ⚠️ can't be run yet, for want of `db:conjure`, `db:vanish`
    `restore` (built in): What restore does

    ~ `/dr runbook show NAME` shows every step of one.
    "#);
}

#[test]
fn r60_a_runbook_is_shown_step_by_step() {
    let message = runbook_shown("mend", &load(TEXT).unwrap());
    let said = read(&message).lines().filter(|line| !line.starts_with("~ Digest")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(said.trim_end(), @r#"
    (Runbook Mend the data: 6 steps)
    # Mend the data
    *When* Rows are missing
    1. *Look: db:status* `db:status`, 15 min at most
    2. *Look: db:connection-test* `db:connection-test`, 15 min at most
    3. *Keep* `backup:emergency`, at once, if it fails it goes on, 15 min at most
    4. *Check* `db:verify-integrity`, after `look-2`, `keep`, again up to 1 times, 15 min at most
    5. *Ask* ✋ stops until the rest is approved: Restore it?, only if `check_failed`, 15 min at most
    6. *Mend* `db:conjure` `--rows=all`, only if `check_failed`, if it fails all is undone, 15 min at most
    ⚠️ It can't be run yet: this release does not know `db:conjure` (step `mend`).
    "#);
}

#[test]
fn r60_a_dry_run_says_first_that_nothing_was_done() {
    let message = runbook_dry_run(&runbook());
    insta::assert_snapshot!(read(&message), @r#"
    (Dry run: Run Mend the data on shop. Nothing was done.)
    # Dry run: Run Mend the data on shop
    *Nothing was done.* It would wait for the approval of 1 of those with the role dba.

    *Time* no past run to go by.
    *Undo* Not undoable, but the final snapshot can be restored.
    *Point of no return* step 0, “” (`retire`)
    ⚠️ The log and the automated backups of inventory-db go with it.

    ----
    *What exactly will be done*

    *1. Look: db:status*
    • how `inventory-db` in eu-west-1 stands
    • database `inventory`
    • one of the commands of `look`, not done again by themselves
    • step `look-1`, action `db:status`: usually 3 s, a person is asked after 15 min, tried again 3 times at most

    *2. Look: db:connection-test*
    • signs in as applications do, by the host in the secret, port 5432, to `inventory` in eu-west-1 with `mayday/inventory`
    • what it finds wrong does not stop the run
    • one of the commands of `look`, not done again by themselves
    • if it fails: continue
    • step `look-2`, action `db:connect`: a person is asked after 15 min, tried again 3 times at most

    *3. Check*
    • how `inventory-db` in eu-west-1 stands
    • begins when these are over: `look-1`
    • only if `!connection_failed &amp;&amp; steps.look.state == 'done'`
    • one of the commands of `check`, all of them done again up to 2 times when one fails
    • if it fails: undo what was done, last things first
    • if it fails, this is so: `data_wrong`
    • step `check`, action `db:status`: a person is asked after 10 min, tried again 3 times at most

    *4. Ask*
    • stops until people have seen what is known by then, and approved the rest
    • they are asked: Restore it?
    • 1 must approve with the role dba, within 20 min
    • if it fails: stop, people decide
    • step `ask`, action `gate`: a person is asked after 20 min, tried again 3 times at most

    *5. Undo Check*
    • how `inventory-db` in eu-west-1 stands
    • waits for no other step
    • only to undo `check`, when the run undoes what it has done
    • step `undo-0-check`, action `db:status`: a person is asked after 15 min, tried again 3 times at most
    "#);
}

#[test]
fn r60_a_run_shows_what_was_not_needed_what_went_on_and_what_waits() {
    let proposal = runbook();
    let mut run = run(&proposal);
    finish(&mut run, 0, "14:12:00", "14:12:03", crate::action::Finding::said("inventory is available"));
    run.steps[1].state = StepState::Failed(crate::action::Finding::said("no connection"));
    run.steps[1].tolerated = true;
    run.steps[2].state = StepState::NotNeeded { why: "!connection_failed is not so".to_owned() };
    run.steps[3].started_at = Some(at("14:12:05"));
    run.steps[3].state = StepState::Asked { proposal: crate::ident::ProposalId("p-01jd9xkz3v8f5w2q7n4t6b1c8e".to_owned()) };
    insta::assert_snapshot!(read_stable(&run_headline(&run, &proposal, at("14:12:30")), &run.digest), @r#"
    (Run Mend the data on shop: ✋ *Waits for approval* of the rest, at step 4 of 4, “Ask”.)
    # Run Mend the data on shop
    ✋ *Waits for approval* of the rest, at step 4 of 4, “Ask”.

    3 min 50 s since it was asked. How long the rest takes is not known: no past run to go by.

    ✅ 1. Look: db:status: 3 s, usually 3 s (inventory is available)
    ⚠️ 2. Look: db:connection-test: failed, and it went on (no connection)
    ➖ 3. Check: not needed (!connection_failed is not so)
    ✋ 4. Ask: `p-01jd9xkz3v8f5w2q7n4t6b1c8e` waits for approval

    ~ Run `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, asked by <@U0ANA00001>, digest `DIG`, details by `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    [Stop at the next safe point](cancel r-01kb3m6v9d5x2y7z8a4c6e0f1g)
    "#);
}

#[test]
fn r60_the_form_of_a_runbook_asks_for_what_it_must_be_told() {
    let argument = |title: &str, kind, default: Option<&str>, choices: &[&str]| Argument {
        title: title.to_owned(),
        kind,
        default: default.map(str::to_owned),
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
    };
    let choices = RunbookChoices {
        name: "rollback".to_owned(),
        targets: vec!["orders".to_owned(), "shop".to_owned()],
        target: Some("orders".to_owned()),
        arguments: [
            ("at", argument("Back to which moment?", ValueKind::Moment, None, &[])),
            ("loud", argument("Wake people?", ValueKind::Truth, Some("false"), &[])),
            ("site", argument("Where?", ValueKind::Text, Some("ireland"), &["ireland", "frankfurt"])),
            ("times", argument("How often?", ValueKind::Number, Some("3"), &[])),
        ]
        .map(|(name, argument)| (name.to_owned(), argument))
        .into(),
        typed: [("at".to_owned(), "<!channel> soon".to_owned())].into(),
        reason: None,
        problem: Some("“soon” is not a time.".to_owned()),
    };
    insta::assert_snapshot!(read_form(&runbook_form(&choices)), @r"
    [[ Run a runbook ]] runbook
    ⚠️ “soon” is not a time.

    *rollback* You see exactly what would be done before anything is done; what replaces or deletes waits for approval.

    On what: 
       (•) orders = orders
       ( ) shop = shop
    Back to which moment?: ____<!channel> soon____
       Such as 14:05, 2026-11-22 14:05 Berlin or 10m ago.
    Wake people? (optional): 
       ( ) yes = yes
       (•) no = no
    Where? (optional): 
       (•) ireland = ireland
       ( ) frankfurt = frankfurt
    How often? (optional): ____3____
       A number.
    Why (optional): ________
       Those who approve see it, and it is kept.
    [Close] [Propose the run] rollback
    ");
}

#[test]
fn r60_what_a_step_says_is_text_and_names_its_run() {
    let run = RunId("r-01kb3m6v9d5x2y7z8a4c6e0f1g".to_owned());
    let lines = ["Kept `s-1` for <!channel>".to_owned(), "Look: done: it is *available*".to_owned()];
    insta::assert_snapshot!(read(&step_said(&run, &lines)), @r"
    (Kept `s-1` for &lt;!channel&gt;)
    Kept `s-1` for &lt;!channel&gt;
    Look: done: it is *available*

    ~ Said by a step of `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, details by `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    ");
}
