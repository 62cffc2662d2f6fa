use super::{plain, read, read_stable, sample::*};
use crate::{
    action::Finding,
    ident::StepId,
    proposal::Proposal,
    run::{Happened, Intervention, Run, State, StepState, Stop},
    view::{intervention_noted, run_headline, run_reply, run_report, started},
};

fn step(id: &str) -> StepId {
    StepId(id.to_owned())
}

/// The fifth step, whose checks failed.
fn stuck(proposal: &Proposal) -> Run {
    let mut run = halfway(proposal);
    let record = &mut run.steps[4];
    record.attempts = 3;
    record.started_at = Some(at("14:25:52"));
    record.ended_at = Some(at("14:26:40"));
    let checks = serde_json::json!({"checks": [{"name": "items are there", "expected": "at least 1000", "found": "0", "passed": false}]});
    let summary = "1 of 3 checks failed: items are there: expected at least 1000, found 0".to_owned();
    record.state = StepState::Failed(Finding { summary, detail: checks });
    run.state = State::Stuck { step: step("verify"), since: at("14:26:40") };
    run
}

fn headline(run: &Run, proposal: &Proposal, now: &str) -> String {
    read_stable(&run_headline(run, proposal, at(now)), &run.digest)
}

#[test]
fn the_headline_of_a_run_in_its_second_step() {
    let proposal = restore();
    let mut run = run(&proposal);
    finish(&mut run, 0, "14:11:52", "14:12:30", Finding::said("the log reaches 2026-11-22 14:07:11 UTC"));
    run.steps[1].started_at = Some(at("14:12:30"));
    run.steps[1].attempts = 1;
    run.steps[1].state = StepState::Called { at: at("14:12:31") };
    run.steps[1].percent = Some(40);
    insta::assert_snapshot!(headline(&run, &proposal, "14:16:30"), @r"
    (Restore inventory to 2026-11-22 14:02:00 UTC: ▶ *Running*: step 2 of 7, “Restore to a new instance”.)
    # Restore inventory to 2026-11-22 14:02:00 UTC
    ▶ *Running*: step 2 of 7, “Restore to a new instance”.

    🟢 ▰▱▱▱▱▱▱▱▱▱ 7 min 50 s of 1 h used since it was asked. About 9 min 47 s to go: done at about 2026-11-22 (14:26:17 UTC).

    ✅ 1. Wait until that moment can be restored: 38 s, usually 1 min (the log reaches 2026-11-22 14:07:11 UTC)
    ▶ 2. Restore to a new instance: 4 min, usually 9 min, 40 % done
    ⏳ 3. Give it all settings of the old one, usually 2 min 30 s
    ⏳ 4. Compare every setting with the old one, usually 2 s
    ⏳ 5. Check the restored data, usually 20 s
    ⏳ 6. Lead traffic to the new instance, usually 45 s
    ⏳ 7. Check what traffic now reaches, usually 10 s

    ~ Run `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, asked by <@U0ANA00001>, digest `DIG`, details by `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    [Stop at the next safe point](cancel r-01kb3m6v9d5x2y7z8a4c6e0f1g)
    ");
}

#[test]
fn the_headline_says_when_the_objective_can_not_be_met_any_more() {
    let proposal = restore();
    let mut run = run(&proposal);
    run.steps[0].started_at = Some(at("14:11:52"));
    let budget = |now: &str| headline(&run, &proposal, now).lines().nth(4).unwrap().to_owned();
    // 52 min 47 s are left for the last moment at which 13 min 47 s of usual work fit into the hour.
    assert!(budget("14:54:00").starts_with("🟢 ▰▰▰▰▰▰▰▱▱▱ 45 min 20 s of 1 h used"), "{}", budget("14:54:00"));
    insta::assert_snapshot!(budget("14:58:00"), @"🔴 ▰▰▰▰▰▰▰▰▱▱ *The objective of 1 h can't be met any more*: 49 min 20 s used. About 12 min 47 s to go: done at about 2026-11-22 (15:10:47 UTC).");
    insta::assert_snapshot!(budget("15:30:00"), @"🔴 ▰▰▰▰▰▰▰▰▰▰ *The objective of 1 h can't be met any more*: 1 h 21 min used. About 12 min 47 s to go: done at about 2026-11-22 (15:42:47 UTC).");
}

#[test]
fn a_run_without_a_past_promises_nothing() {
    let proposal = backup();
    let mut run = run(&proposal);
    run.steps[0].started_at = Some(at("14:11:52"));
    insta::assert_snapshot!(headline(&run, &proposal, "14:12:40"), @r"
    (Back up inventory: ▶ *Running*: step 1 of 1, “Take a snapshot”.)
    # Back up inventory
    ▶ *Running*: step 1 of 1, “Take a snapshot”.

    4 min since it was asked. How long the rest takes is not known: no past run to go by.

    ▶ 1. Take a snapshot: 48 s

    ~ Run `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, asked by <@U0ANA00001>, digest `DIG`, details by `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    [Stop at the next safe point](cancel r-01kb3m6v9d5x2y7z8a4c6e0f1g)
    ");
}

#[test]
fn the_headline_of_a_stuck_run_offers_what_can_be_decided() {
    let proposal = restore();
    insta::assert_snapshot!(headline(&stuck(&proposal), &proposal, "14:30:00"), @r"
    (Restore inventory to 2026-11-22 14:02:00 UTC: ❌ *Stuck* since 2026-11-22 (14:26:40 UTC): step 5 of 7, “Check the restored data”, failed. A person must decide.)
    # Restore inventory to 2026-11-22 14:02:00 UTC
    ❌ *Stuck* since 2026-11-22 (14:26:40 UTC): step 5 of 7, “Check the restored data”, failed. A person must decide.

    🟢 ▰▰▰▱▱▱▱▱▱▱ 21 min 20 s of 1 h used since it was asked. The clock runs while it waits for a decision.

    ✅ 1. Wait until that moment can be restored: 38 s, usually 1 min (the log reaches 2026-11-22 14:07:11 UTC)
    ✅ 2. Restore to a new instance: 11 min 02 s, usually 9 min (inventory-db-r-a4c6e0f1g2 is available)
    ✅ 3. Give it all settings of the old one: 2 min 18 s, usually 2 min 30 s (inventory-db-r-a4c6e0f1g2 has all that the old instance had)
    ✅ 4. Compare every setting with the old one: 2 s, usually 2 s (all 37 settings are as they were)
    ❌ 5. Check the restored data: 48 s, usually 20 s (1 of 3 checks failed: items are there: expected at least 1000, found 0)
    ⏳ 6. Lead traffic to the new instance, usually 45 s
    ⏳ 7. Check what traffic now reaches, usually 10 s

    ~ Run `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, asked by <@U0ANA00001>, digest `DIG`, details by `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g`
    [Try the step again](retry r-01kb3m6v9d5x2y7z8a4c6e0f1g) [Go on without it](skip r-01kb3m6v9d5x2y7z8a4c6e0f1g) [Stop here](cancel r-01kb3m6v9d5x2y7z8a4c6e0f1g)
    ");
}

#[test]
fn a_run_that_is_asked_to_stop_offers_nothing_more() {
    let proposal = restore();
    let run = Run { stop: Some(Stop { by: who("U0BOB00001"), at: at("14:26:00") }), ..halfway(&proposal) };
    let shown = headline(&run, &proposal, "14:26:10");
    assert!(!shown.contains("](cancel"), "{shown}");
    insta::assert_snapshot!(shown.lines().nth(2).unwrap(), @"⏹ *Stopping* at the next safe point, as <@U0BOB00001> asked at 2026-11-22 (14:26:00 UTC).");
}

#[test]
fn the_headline_of_an_ended_run_has_no_buttons() {
    let proposal = restore();
    let ended = Some(at("14:27:05"));
    let states = [State::Succeeded, State::Failed { why: "the lock was lost".to_owned() }, State::Stopped { by: who("U0BOB00001") }];
    let lines = states.map(|state| {
        let shown = headline(&Run { state, ended_at: ended, ..halfway(&proposal) }, &proposal, "15:00:00");
        assert!(!shown.contains("]("), "{shown}");
        shown.lines().nth(2).unwrap().to_owned()
    });
    insta::assert_snapshot!(lines.join("\n"), @r"
    ✅ *Done* at 2026-11-22 (14:27:05 UTC).
    ❌ *Given up* at 2026-11-22 (14:27:05 UTC): the lock was lost.
    ⏹ *Stopped* by <@U0BOB00001> at 2026-11-22 (14:27:05 UTC), after 4 of 7 steps.
    ");
}

#[test]
fn each_thing_that_happens_is_said_in_a_sentence() {
    let (proposal, bob) = (restore(), who("U0BOB00001"));
    let (run, stuck) = (halfway(&proposal), stuck(&proposal));
    let ended = |state| Run { state, ended_at: Some(at("14:27:05")), ..stuck.clone() };
    let said = [
        (&run, Happened::Began),
        (&run, Happened::StepDone(step("restore"))),
        (&run, Happened::StepDone(step("compare"))),
        (&stuck, Happened::StepFailed(step("verify"))),
        (&stuck, Happened::StillStuck(step("verify"))),
        (&run, Happened::Retried(step("verify"), bob.clone())),
        (&run, Happened::Skipped(step("verify"), bob.clone())),
        (&run, Happened::StopAsked(bob.clone())),
        (&run, Happened::Distressed("Lambda.Timeout: thread 'main' panicked".to_owned())),
        (&run, Happened::Resumed),
        (&run, Happened::HeldOff(at("14:31:40"))),
        (&run, Happened::Unknown(serde_json::json!({"rewound": "the sun"}))),
        (&succeeded(&proposal), Happened::Ended),
        (&ended(State::Stopped { by: bob }), Happened::Ended),
        (&ended(State::Failed { why: "inventory is held by another run; nothing was done".to_owned() }), Happened::Ended),
    ];
    let said = said.map(|(run, what)| plain(run_reply(run, &proposal, &told("14:26:40", what)).text.as_str()));
    insta::assert_snapshot!(said.join("\n\n"), @r"
    ▶ It has begun: 7 steps on `inventory`, production, `eu-west-1`.

    ✅ Step 2 of 7, “Restore to a new instance”, is done in 11 min 02 s, usually 9 min: inventory-db-r-a4c6e0f1g2 is available.

    ✅ Step 4 of 7, “Compare every setting with the old one”, is done in 2 s, usually 2 s: all 37 settings are as they were.

    ❌ Step 5 of 7, “Check the restored data”, failed: 1 of 3 checks failed: items are there: expected at least 1000, found 0.
    *Traffic has not moved: applications still use `inventory-db`.*
    <@U0ANA00001>, the buttons above decide. *Try again* or *stop*: you, or anybody who may restore in production. *Go on without it*: somebody with the role dba or lead, but not whoever asked; then traffic goes to data that did not pass its checks.

    ⏳ Step 5 of 7, “Check the restored data”, still waits for a decision since 2026-11-22 (14:26:40 UTC). Traffic has not moved: applications still use `inventory-db`. <@U0ANA00001>, the buttons above decide. *Try again* or *stop*: you, or anybody who may restore in production. *Go on without it*: somebody with the role dba or lead, but not whoever asked; then traffic goes to data that did not pass its checks.

    ▶ <@U0BOB00001> has it try step 5 of 7, “Check the restored data” again.

    ⏭ <@U0BOB00001> goes on without step 5 of 7, “Check the restored data”: traffic goes to data that did not pass its checks.

    ⏹ <@U0BOB00001> wants it to stop. It stops at the next safe point: no call is left half-way.

    ⏳ Something broke on our side. It is tried again, and no step was given up. `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g` has what broke.

    ▶ Nobody drove this run for a while. It goes on where it was.

    ⏳ It begins at 2026-11-22 (14:31:40 UTC): a call of the run before was never answered and may arrive until then, which could undo what this one does.

    Something happened that this release of the bot has no word for. `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g` has it.

    ✅ It is done: 7 steps. The report is in the channel.

    ⏹ It has stopped, as <@U0BOB00001> wanted. Traffic has not moved: applications still use `inventory-db`. The report is in the channel.

    ❌ It was given up: inventory is held by another run; nothing was done. Traffic has not moved: applications still use `inventory-db`. The report is in the channel.
    ");
}

#[test]
fn a_failure_around_the_move_of_traffic_says_where_applications_are() {
    let proposal = restore();
    let mut run = succeeded(&proposal);
    run.state = State::Stuck { step: step("switch"), since: at("14:26:58") };
    run.steps[5].state = StepState::Failed(Finding::said("not done within 15m"));
    let told_of = |id: &str, run: &Run| {
        let text = run_reply(run, &proposal, &told("14:26:58", Happened::StepFailed(step(id)))).text;
        plain(text.as_str()).lines().nth(1).unwrap().to_owned()
    };
    assert!(
        told_of("switch", &run)
            .contains("Traffic may have moved: look whether applications use `inventory-db` or `inventory-db-r-a4c6e0f1g2`")
    );
    run.steps[5].attempts = 0;
    assert!(told_of("switch", &run).contains("Traffic has not moved: applications still use `inventory-db`."));
    run.steps[5].state = StepState::Done(Finding::said("traffic goes there"));
    run.steps[6].state = StepState::Failed(Finding::said("no connection"));
    assert!(
        told_of("confirm", &run)
            .contains("Traffic has moved: applications use `inventory-db-r-a4c6e0f1g2`. `inventory-db` is still there.")
    );
}

#[test]
fn the_report_of_a_restore_that_went_well() {
    let proposal = restore();
    let run = succeeded(&proposal);
    insta::assert_snapshot!(read_stable(&run_report(&run, &proposal), &run.digest), @r"
    (Restore inventory to 2026-11-22 14:02:00 UTC: ✅ *Done* at 2026-11-22 (14:27:05 UTC). ✅ 18 min 25 s since it was asked: within the objective (RTO) of 1 h.)
    # Done: Restore inventory to 2026-11-22 14:02:00 UTC
    ✅ *Done* at 2026-11-22 (14:27:05 UTC).
    ✅ 18 min 25 s since it was asked: within the objective (RTO) of 1 h.

    *Time*
    • asked at 2026-11-22 (14:08:40 UTC)
    • approved at 2026-11-22 (14:11:50 UTC), 3 min 10 s later
    • begun at 2026-11-22 (14:11:52 UTC), 2 s later
    • new instance there at 2026-11-22 (14:23:32 UTC), 11 min 40 s later
    • data checked at 2026-11-22 (14:26:10 UTC), 2 min 38 s later
    • traffic moved at 2026-11-22 (14:26:58 UTC), 48 s later
    • traffic checked at 2026-11-22 (14:27:05 UTC), 7 s later
    • ended at 2026-11-22 (14:27:05 UTC), 0 s later

    *Data*
    • recovery point: 2026-11-22 (14:02:00 UTC), from the log of inventory-db
    • measured loss: at most 24 min 58 s. What was written to `inventory-db` between the recovery point and the move of traffic is there only.

    *Steps*
    ✅ 1. Wait until that moment can be restored: the log reaches 2026-11-22 14:07:11 UTC
    ✅ 2. Restore to a new instance: inventory-db-r-a4c6e0f1g2 is available
    ✅ 3. Give it all settings of the old one: inventory-db-r-a4c6e0f1g2 has all that the old instance had
    ✅ 4. Compare every setting with the old one: all 37 settings are as they were
    ✅ 5. Check the restored data: signed in; all 3 checks passed
    ✅ 6. Lead traffic to the new instance: traffic goes to inventory-db-r-a4c6e0f1g2
    ✅ 7. Check what traffic now reaches: signed in as the applications do: they reach inventory-db-r-a4c6e0f1g2

    *Checks of the data*
    ✅ items are there: expected at least 1000, found 100001
    ✅ no orphans: expected “0”, found 0
    ✅ data is fresh: expected at most 15m older than the recovery point, found 2026-11-22 14:01:58.2+00

    *Settings against the old instance*: all 37 settings are as they were
    ✅ id: inventory-db → inventory-db-r-a4c6e0f1g2 (a restore makes a new instance)

    *The old instance*
    `inventory-db` is still there, as it was, and costs as before. It stays until somebody lets go of it.

    [Let go of the old instance inventory-db…](retire r-01kb3m6v9d5x2y7z8a4c6e0f1g)
    ~ Run `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, digest `DIG`. `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g` shows who decided what, and every step.
    ");
}

#[test]
fn the_report_says_what_was_left_out_and_what_took_too_long() {
    let mut proposal = restore();
    proposal.consequences.rto_seconds = 600;
    let mut run = succeeded(&proposal);
    run.steps[4].state = StepState::Skipped { by: who("U0CAROL001") };
    let report = read(&run_report(&run, &proposal));
    insta::assert_snapshot!(report.lines().skip(2).take(3).collect::<Vec<_>>().join("\n"), @r"
    ✅ *Done* at 2026-11-22 (14:27:05 UTC).
    ❌ 18 min 25 s since it was asked: 8 min 25 s over the objective (RTO) of 10 min.
    ⚠️ Without step 5, “Check the restored data”: traffic goes to data that did not pass its checks.
    ");
    assert!(report.contains("⏭ 5. Check the restored data: left out by <@U0CAROL001>"), "{report}");
}

#[test]
fn the_report_of_a_stopped_restore_names_what_is_left_behind() {
    let proposal = restore();
    let mut run = stuck(&proposal);
    run.state = State::Stopped { by: who("U0BOB00001") };
    run.ended_at = Some(at("14:31:00"));
    insta::assert_snapshot!(read_stable(&run_report(&run, &proposal), &run.digest), @r"
    (Restore inventory to 2026-11-22 14:02:00 UTC: ⏹ *Stopped* by <@U0BOB00001> at 2026-11-22 (14:31:00 UTC), after 4 of 7 steps. *Traffic has not moved: applications still use `inventory-db`.*)
    # Stopped: Restore inventory to 2026-11-22 14:02:00 UTC
    ⏹ *Stopped* by <@U0BOB00001> at 2026-11-22 (14:31:00 UTC), after 4 of 7 steps.
    *Traffic has not moved: applications still use `inventory-db`.*

    *Time*
    • asked at 2026-11-22 (14:08:40 UTC)
    • approved at 2026-11-22 (14:11:50 UTC), 3 min 10 s later
    • begun at 2026-11-22 (14:11:52 UTC), 2 s later
    • new instance there at 2026-11-22 (14:23:32 UTC), 11 min 40 s later
    • ended at 2026-11-22 (14:31:00 UTC), 7 min 28 s later

    *Data*
    • recovery point: 2026-11-22 (14:02:00 UTC), from the log of inventory-db

    *Steps*
    ✅ 1. Wait until that moment can be restored: the log reaches 2026-11-22 14:07:11 UTC
    ✅ 2. Restore to a new instance: inventory-db-r-a4c6e0f1g2 is available
    ✅ 3. Give it all settings of the old one: inventory-db-r-a4c6e0f1g2 has all that the old instance had
    ✅ 4. Compare every setting with the old one: all 37 settings are as they were
    ❌ 5. Check the restored data: 1 of 3 checks failed: items are there: expected at least 1000, found 0
    2 of 7 were not begun.

    *Checks of the data*
    ❌ items are there: expected at least 1000, found 0

    *Settings against the old instance*: all 37 settings are as they were
    ✅ id: inventory-db → inventory-db-r-a4c6e0f1g2 (a restore makes a new instance)

    *What is left behind*
    • the instance `inventory-db-r-a4c6e0f1g2` in eu-west-1
    Nothing deletes these by themselves. Delete what is not needed any more in AWS.
    *Next*
    To try it anew: `/dr restore inventory`.

    ~ Run `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, digest `DIG`. `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g` shows who decided what, and every step.
    ");
}

#[test]
fn the_report_of_a_run_that_never_began() {
    let proposal = restore();
    let mut run = run(&proposal);
    run.state = State::Failed { why: "inventory is held by r-2 (Back up inventory); nothing was done".to_owned() };
    run.ended_at = Some(at("14:12:00"));
    insta::assert_snapshot!(read_stable(&run_report(&run, &proposal), &run.digest), @r"
    (Restore inventory to 2026-11-22 14:02:00 UTC: ❌ *Given up* at 2026-11-22 (14:12:00 UTC): inventory is held by r-2 (Back up inventory); nothing was done. *Traffic has not moved: applications still use `inventory-db`.*)
    # Not done: Restore inventory to 2026-11-22 14:02:00 UTC
    ❌ *Given up* at 2026-11-22 (14:12:00 UTC): inventory is held by r-2 (Back up inventory); nothing was done.
    *Traffic has not moved: applications still use `inventory-db`.*

    *Time*
    • asked at 2026-11-22 (14:08:40 UTC)
    • approved at 2026-11-22 (14:11:50 UTC), 3 min 10 s later
    • begun at 2026-11-22 (14:11:52 UTC), 2 s later
    • ended at 2026-11-22 (14:12:00 UTC), 8 s later

    *Data*
    • recovery point: 2026-11-22 (14:02:00 UTC), from the log of inventory-db

    *Steps*: none was begun

    *What is left behind*
    Nothing: this run made nothing.
    *Next*
    To try it anew: `/dr restore inventory`.

    ~ Run `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, digest `DIG`. `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g` shows who decided what, and every step.
    ");
}

#[test]
fn the_report_of_a_backup() {
    let proposal = backup();
    let mut run = run(&proposal);
    let snapshot = "mayday-inventory-20261122-140840-a4c6e0f1g2 is available (100 GiB)";
    finish(&mut run, 0, "14:11:52", "14:13:02", Finding::said(snapshot));
    run.state = State::Succeeded;
    run.ended_at = Some(at("14:13:02"));
    insta::assert_snapshot!(read_stable(&run_report(&run, &proposal), &run.digest), @r"
    (Back up inventory: ✅ *Done* at 2026-11-22 (14:13:02 UTC). It took 4 min 22 s since it was asked.)
    # Done: Back up inventory
    ✅ *Done* at 2026-11-22 (14:13:02 UTC).
    It took 4 min 22 s since it was asked.

    *Time*
    • asked at 2026-11-22 (14:08:40 UTC)
    • begun at 2026-11-22 (14:11:52 UTC), 3 min 12 s later
    • ended at 2026-11-22 (14:13:02 UTC), 1 min 10 s later

    *Steps*
    ✅ 1. Take a snapshot: mayday-inventory-20261122-140840-a4c6e0f1g2 is available (100 GiB)

    ~ Run `r-01kb3m6v9d5x2y7z8a4c6e0f1g`, digest `DIG`. `/dr why r-01kb3m6v9d5x2y7z8a4c6e0f1g` shows who decided what, and every step.
    ");
}

#[test]
fn whoever_asked_or_decided_is_answered() {
    let proposal = backup();
    let run = run(&proposal);
    let noted = [Intervention::Retry, Intervention::Skip, Intervention::Stop].map(|what| intervention_noted(&run, what));
    let told: Vec<String> = std::iter::once(started(&run, &proposal, "C0RECOVERY")).chain(noted).map(|message| read(&message)).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    (▶ *Back up inventory* has begun: nobody has to approve it, since it only adds. Watch it in <#C0RECOVERY>; it is `r-01kb3m6v9d5x2y7z8a4c6e0f1g`.)
    (▶ Noted: the failed step of *Back up inventory* is tried again.)
    (⏭ Noted: *Back up inventory* goes on without the failed step. That is on the record under your name.)
    (⏹ Noted: *Back up inventory* stops at the next safe point. A call that is on its way is waited for first.)
    ");
}
