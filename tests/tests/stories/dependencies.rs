use mayday_core::run::State;
use mayday_tests::{CHANNEL, INSTANCE, Message, Stage};
use serde_json::json;

#[tokio::test]
async fn j1_a_run_goes_on_without_slack_and_everything_is_told_later() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let bob = stage.person("bob");
    let form = bob.opens_approval(&card.message).await;
    let down = stage.fault(json!({"service": "slack", "effect": "error"}));
    let sent = stage.send_until_taken(&stage.phrase_request(&bob.id, &card.proposal, &form.phrase())).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    // Whether Bob may approve can't be verified without Slack: “cannot verify” is not a yes.
    stage.settle().await;
    assert_eq!(stage.approval(&card.proposal).votes, Vec::new());
    stage.mend(down);
    let sent = stage.send_until_taken(&stage.phrase_request(&bob.id, &card.proposal, &form.phrase())).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    stage.until_run(&card.run(), "begins", |_| true).await;

    // Speaking fails from here on; people can still be looked up.
    let down: Vec<u64> = ["chat.postMessage", "chat.update", "chat.postEphemeral"]
        .map(|method| stage.fault(json!({"service": "slack", "operation": method, "effect": "error"})))
        .to_vec();
    let run = stage.until_run(&card.run(), "ends", |run| run.state.is_final()).await;
    assert_eq!(run.state, State::Succeeded);
    assert_ne!(stage.serving(), INSTANCE);
    down.into_iter().for_each(|fault| stage.mend(fault));
    stage.until_over_in_time(&card.run()).await;
    assert!(stage.report(&card.run()).says(&[&stage.serving()]));
}

#[tokio::test]
async fn j2_a_rate_limit_delays_what_is_said_and_not_the_run() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    for nth in [2, 3] {
        stage.fault(json!({"service": "slack", "operation": "chat.postMessage", "nth": nth, "effect": "throttle", "code": "1"}));
    }
    stage.fault(json!({"service": "slack", "operation": "chat.update", "nth": 3, "effect": "throttle", "code": "none"}));
    stage.person("bob").approves(&card).await;
    let run = stage.until_over(&card.run()).await;
    assert_eq!(run.state, State::Succeeded);
    // All was said, each once. The picture of what took how long has no words.
    let thread = run.headline.as_ref().unwrap().ts.clone();
    let in_thread = |message: &Message| message.thread() == Some(&thread) && !message.words().trim().is_empty();
    let replies = stage.messages(CHANNEL).into_iter().filter(in_thread).count();
    assert_eq!(replies, run.log.len());
    assert!(stage.report(&card.run()).has_button("retire"));
}

#[tokio::test]
async fn j3_where_the_response_url_is_used_up_the_answer_comes_another_way() {
    let stage = Stage::open().await;
    let mut respond = String::new();
    let signed = stage.command_request("U0ANA00001", "backups inventory", |fields| {
        respond = fields.iter().find(|(name, _)| *name == "response_url").unwrap().1.clone();
    });
    for number in 0..5 {
        assert_eq!(stage.post_json(&respond, &json!({"text": format!("used {number}")})).await, 200);
    }
    assert_ne!(stage.post_json(&respond, &json!({"text": "once too often"})).await, 200);
    assert_eq!(stage.send_until_taken(&signed).await.status, 200);
    stage.settle().await;
    let heard = stage.heard_by("U0ANA00001");
    assert!(heard.contains(INSTANCE), "{heard}");
}
