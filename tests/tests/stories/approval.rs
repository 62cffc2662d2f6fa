use jiff::SignedDuration;
use mayday_core::approval::State as Decided;
use mayday_tests::{Card, Setup, Signed, Stage};

/// Everything that the world would show if something had been done.
async fn nothing_done(stage: &Stage) {
    assert_eq!(stage.runs(), Vec::new(), "nothing was started");
    assert_eq!(stage.instances().await, [mayday_tests::INSTANCE]);
}

async fn send_all(stage: &Stage, requests: &[Signed]) {
    let mut sending = Vec::new();
    for request in requests {
        sending.push(stage.send_until_taken(request));
    }
    for answer in mayday_tests::together(sending).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    stage.settle().await;
}

/// A phrase sent by hand for what a card proposes.
fn phrase(stage: &Stage, user: &str, card: &Card) -> Signed {
    stage.phrase_request(user, &card.proposal, &stage.proposal(&card.proposal).phrase)
}

#[tokio::test]
async fn d1_whoever_asked_does_not_count_by_button_or_by_forged_form() {
    let stage = Stage::open().await;
    // Bob may both ask and approve.
    let bob = stage.person("bob");
    let card = bob.types("/dr restore inventory --latest").await.card();
    let told = bob.presses("approve", &card.message).await;
    assert!(told.forms.is_empty() && !told.whispered().is_empty(), "{}", told.words());
    send_all(&stage, &[phrase(&stage, &bob.id, &card)]).await;
    assert_eq!(stage.approval(&card.proposal).votes, Vec::new());
    assert!(stage.audited(&card.proposal).iter().filter(|what| what.ends_with(".refused")).count() >= 2, "both are in the audit");
    nothing_done(&stage).await;
}

#[tokio::test]
async fn d2_ten_approvals_at_once_are_one_decision_and_one_execution() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let requests: Vec<Signed> =
        (0..10).map(|number| phrase(&stage, if number % 2 == 0 { "U0BOB00001" } else { "U0CAROL001" }, &card)).collect();
    send_all(&stage, &requests).await;

    let approval = stage.approval(&card.proposal);
    assert!(matches!(approval.state, Decided::Approved { .. }) && approval.votes.len() == 1, "{approval:?}");
    stage.until_over(&card.run()).await;
    assert_eq!(stage.runs().len(), 1);
    let executions = stage.stack().states().executions();
    assert_eq!(executions.len(), 1, "{executions:?}");
    assert_eq!(stage.instances().await.len(), 2, "restored once");
}

#[tokio::test]
async fn d3_two_approvals_by_one_person_at_once_start_one_run_and_show_no_error() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    send_all(&stage, &[phrase(&stage, "U0BOB00001", &card), phrase(&stage, "U0BOB00001", &card)]).await;
    let last = stage.stack().slack().changed_since(0);
    assert!(!last.to_string().contains("broke"), "no red error");
    let approval = stage.approval(&card.proposal);
    assert_eq!(approval.votes.len(), 1);
    stage.until_over(&card.run()).await;
    assert_eq!(stage.stack().states().executions().len(), 1);
}

#[tokio::test]
async fn d5_the_first_decision_stands_whatever_comes_after_it() {
    let stage = Stage::open().await;
    let (ana, bob, carol) = (stage.person("ana"), stage.person("bob"), stage.person("carol"));
    let denied = ana.types("/dr restore inventory --latest").await.card();
    carol.presses("deny", &denied.message).await;
    let told = bob.presses_what_was("approve", &denied.message).await;
    assert!(told.forms.is_empty() && told.whispered().contains("U0CAROL001"), "who decided is said: {}", told.words());
    send_all(&stage, &[phrase(&stage, &bob.id, &denied)]).await;
    assert!(matches!(stage.approval(&denied.proposal).state, Decided::Denied { .. }));
    assert!(!stage.card(&denied).has_button("approve"), "the buttons are gone");

    stage.advance(SignedDuration::from_secs(10));
    let cancelled = ana.types("/dr restore inventory --latest").await.card();
    ana.presses("cancel", &cancelled.message).await;
    send_all(&stage, &[phrase(&stage, &bob.id, &cancelled)]).await;
    assert!(matches!(stage.approval(&cancelled.proposal).state, Decided::Cancelled { .. }));
    nothing_done(&stage).await;

    stage.advance(SignedDuration::from_secs(10));
    let approved = ana.types("/dr restore inventory --latest").await.card();
    bob.approves(&approved).await;
    carol.presses_what_was("deny", &approved.message).await;
    assert!(matches!(stage.approval(&approved.proposal).state, Decided::Approved { .. }));
}

#[tokio::test]
async fn d6_of_two_needed_approvals_one_person_gives_one() {
    let stage = Stage::with(Setup::default().with_plan("needed: 1", "needed: 2")).await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let bob = stage.person("bob");
    bob.approves(&card).await;
    bob.approves(&card).await;
    send_all(&stage, &[phrase(&stage, &bob.id, &card), phrase(&stage, &bob.id, &card)]).await;
    let approval = stage.approval(&card.proposal);
    assert_eq!((approval.votes.len(), &approval.state), (1, &Decided::Pending));
    assert!(stage.card(&card).says(&["1 of 2"]), "{}", stage.card(&card).words());
    nothing_done(&stage).await;

    stage.person("carol").approves(&card).await;
    assert_eq!(stage.approval(&card.proposal).votes.len(), 2);
    stage.until_run(&card.run(), "begins", |_| true).await;
}

#[tokio::test]
async fn d7_an_approval_counts_until_the_last_millisecond_and_not_at_the_expiry() {
    for (early, counts) in [(1, true), (0, false)] {
        let stage = Stage::open().await;
        let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
        stage.settle().await;
        stage.set_scale(0.0);
        let expires = stage.approval(&card.proposal).expires_at;
        stage.advance(expires.duration_since(stage.now()) - SignedDuration::from_millis(early));
        send_all(&stage, &[phrase(&stage, "U0BOB00001", &card)]).await;
        let approval = stage.approval(&card.proposal);
        assert_eq!(matches!(approval.state, Decided::Approved { .. }), counts, "{early} ms before: {approval:?}");
        assert_eq!(stage.runs().len(), usize::from(counts));
    }
}

#[tokio::test]
async fn d8_a_card_from_before_all_functions_died_still_works() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    stage.kill_all().await;
    let form = stage.person("bob").opens_approval(&card.message).await;
    stage.kill_all().await;
    stage.person("bob").types_phrase(&form).await;
    assert!(matches!(stage.approval(&card.proposal).state, Decided::Approved { .. }));
}

#[tokio::test]
async fn d9_a_buttons_value_is_an_opaque_id_and_nothing_else() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let ts = card.message.ts().to_owned();
    let altered = format!("{}x", card.proposal);
    let values = [
        altered.as_str(),
        "p-01m80wrbe0g8327k1vw4bxfwqe",
        r#"{"proposal":"p-1","action":"approve","target":"inventory"}"#,
        &card.run(),
        "",
        "../../approval",
    ];
    let presses = values.iter().flat_map(|value| ["approve", "deny", "cancel", "retry", "skip", "retire"].map(|action| (action, *value)));
    let requests: Vec<Signed> = presses.map(|(action, value)| stage.click_request("U0BOB00001", &ts, action, value)).collect();
    send_all(&stage, &requests).await;
    let approval = stage.approval(&card.proposal);
    assert_eq!((approval.state, approval.votes.len()), (Decided::Pending, 0));
    nothing_done(&stage).await;
}

#[tokio::test]
async fn d10_a_form_whose_hidden_reference_was_altered_approves_nothing_by_another_phrase() {
    let stage = Stage::open().await;
    let ana = stage.person("ana");
    let point = stage.backed_up().await;
    stage.advance(SignedDuration::from_mins(2));
    stage.until_restorable(stage.now()).await;
    let harmless = ana.types("/dr restore inventory --latest").await.card();
    let other = ana.types(&format!("/dr restore inventory --id {point}")).await.card();
    let (said, meant) = (stage.proposal(&harmless.proposal).phrase, stage.proposal(&other.proposal).phrase);
    assert_ne!(said, meant, "what must be typed tells them apart");
    let forged = [
        stage.phrase_request("U0BOB00001", &other.proposal, &said),
        stage.phrase_request("U0BOB00001", "", &said),
        stage.phrase_request("U0BOB00001", &format!("{}\",\"approved\":true", harmless.proposal), &said),
        // Right in all, but sent by somebody who may not.
        stage.phrase_request("U0DAVE0001", &harmless.proposal, &said),
    ];
    send_all(&stage, &forged).await;
    for card in [&harmless, &other] {
        assert_eq!(stage.approval(&card.proposal).votes, Vec::new());
    }
    assert!(stage.runs().iter().all(|run| run.title.starts_with("Back up")), "only the backup ran");
}

#[tokio::test]
async fn d17_of_a_cancel_and_an_approval_at_once_one_wins_and_both_are_told() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let cancel = stage.click_request("U0ANA00001", card.message.ts(), "cancel", &card.proposal);
    send_all(&stage, &[cancel, phrase(&stage, "U0BOB00001", &card)]).await;
    match stage.approval(&card.proposal).state {
        Decided::Approved { .. } => {
            let words = stage.heard_by("U0ANA00001");
            assert!(words.contains("U0BOB00001"), "ana is told who won: {words}");
        }
        Decided::Cancelled { .. } => {
            let words = stage.heard_by("U0BOB00001");
            assert!(words.contains("U0ANA00001"), "bob is told who won: {words}");
            nothing_done(&stage).await;
        }
        other => panic!("nobody won: {other:?}"),
    }
}

#[tokio::test]
async fn d18_an_approval_whose_writer_died_is_started_within_a_minute_and_once() {
    let stage = Stage::with(Setup { scale: 1.0, ..Setup::default() }).await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    // The approval is decided in the table; whoever wrote it learns nothing any more.
    stage.fault(serde_json::json!({
        "service": "dynamodb", "operation": "PutItem", "contains": "\"approved\":{", "nth": 1, "effect": "kill_after",
    }));
    stage.send_until_taken(&phrase(&stage, "U0BOB00001", &card)).await;
    let decided = stage
        .until("the decision is written", async || match stage.approval(&card.proposal).state {
            Decided::Approved { at } => Some(at),
            _ => None,
        })
        .await;
    assert_eq!(stage.runs(), Vec::new(), "nobody has started it");
    // Short strides: by how much they overshoot counts as late.
    stage
        .until("somebody starts it", async || {
            stage.pass_a_second();
            stage.run(&card.run())
        })
        .await;
    let run = stage.until_over_in_time(&card.run()).await;
    let late = run.started_at.duration_since(decided);
    assert!(late <= SignedDuration::from_secs(70), "started {late} later");
    assert_eq!(stage.runs().len(), 1);
    assert_eq!(stage.stack().states().executions().len(), 1);
    assert_eq!(stage.instances().await.len(), 2);
}
