//! Paging: whoever is on call is woken by every way, level by level, until a human acknowledges.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mayday_contract as contract;
use mayday_core::{port::Clock, run::State};
use mayday_local::service::Call;
use mayday_notify::{AwsKeys, Settings};
use mayday_tests::{CAPLIQUIFY, CHANNEL, INVENTORY, Message, Setup, Stage};
use secrecy::SecretString;
use serde_json::{Value, json};

/// A stage with a seed's plan, on which time stands still but for what a story moves.
async fn stage(plan: &str) -> Stage {
    Stage::with(Setup { plan: plan.to_owned(), rows: 10, scale: 1.0, ..Setup::default() }).await
}

fn outbox(stage: &Stage, name: &str) -> Vec<Value> {
    let shown = serde_json::to_value(stage.stack().outbox().shown()).unwrap();
    shown[name].as_array().cloned().unwrap_or_default()
}

/// What went to a number, oldest first: kind and text.
fn to_number(stage: &Stage, number: &str) -> Vec<(String, String)> {
    let of = |message: &Value, field: &str| message[field].as_str().unwrap_or_default().to_owned();
    outbox(stage, "sms")
        .iter()
        .filter(|message| message["to"] == number)
        .map(|message| (of(message, "kind"), of(message, "text")))
        .collect()
}

/// The code that somebody was sent.
fn code(stage: &Stage, number: &str) -> String {
    let texts = to_number(stage, number);
    let text = &texts.iter().rev().find(|(_, text)| text.contains("ACK ")).unwrap_or_else(|| panic!("{number} has no code: {texts:?}")).1;
    text.split("ACK ").nth(1).unwrap()[..4].to_owned()
}

async fn act(stage: &Stage, deed: Value) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    http.post(format!("{}/local/act", stage.stack().url())).json(&deed).send().await.unwrap().json().await.unwrap()
}

/// The page's living message as it is shown now.
fn headline(stage: &Stage, subject: &str) -> Message {
    let own = |message: &Message| message.thread().is_none() && message.only_for().is_none() && message.says(&[subject]);
    stage.messages(CHANNEL).into_iter().rev().find(own).unwrap_or_else(|| panic!("no headline for {subject}"))
}

/// Moves time on until the minute tick has done something.
async fn until<T>(stage: &Stage, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut waited = 0;
    stage
        .until(what, async || {
            if let Some(found) = look() {
                return Some(found);
            }
            waited += 1;
            if waited % 25 == 0 && stage.stack().lambda().idle() {
                stage.advance(SignedDuration::from_secs(30));
            }
            None
        })
        .await
}

#[tokio::test]
async fn r08_nobody_acknowledges_and_the_next_level_is_woken_until_somebody_does() {
    let stage = stage(CAPLIQUIFY.plan).await;
    let told = stage.person("alice-brown").types("/dr page \"orders can't be reached\"").await;
    assert!(told.words().contains("orders can't be reached"), "{}", told.words());

    // The first level by every way of it, at once: both people by text message and call, by email, PagerDuty, Slack.
    for number in ["+15550001", "+15550002"] {
        let sent = to_number(&stage, number);
        assert!(
            sent.iter().any(|(kind, text)| kind == "sms" && text.starts_with("MAYDAY SEV1: orders can't be reached. Reply ACK ")),
            "{sent:?}"
        );
        assert!(sent.iter().any(|(kind, text)| kind == "call" && text.contains("Severity 1")), "{sent:?}");
    }
    assert_eq!(to_number(&stage, "+15550003"), [], "the second level sleeps");
    let pages = outbox(&stage, "pages");
    assert_eq!((pages.len(), pages[0]["status"].as_str(), pages[0]["severity"].as_str()), (1, Some("triggered"), Some("critical")));
    let mails: Vec<Value> = outbox(&stage, "email").iter().map(|mail| mail["to"][0].clone()).collect();
    assert_eq!(mails, [json!("cto@sentia.com"), json!("devops@sentia.com")]);
    assert!(headline(&stage, "orders can't be reached").has_button("ack"));

    // Nobody does anything: after five minutes the second level is woken, once.
    stage.advance(SignedDuration::from_mins(5));
    until(&stage, "the second level is woken", || (!to_number(&stage, "+15550004").is_empty()).then_some(())).await;
    let texts = to_number(&stage, "+15550003");
    assert_eq!(texts.iter().filter(|(kind, _)| kind == "sms").count(), 1, "{texts:?}");
    assert_eq!(outbox(&stage, "pages").len(), 1, "it stays one incident");

    // A stranger with the right code does nothing; nor does somebody of the plan with another's code, or with more than a code.
    let code = code(&stage, "+15550003");
    act(&stage, json!({"do": "sms_reply", "from": "+15559999", "text": format!("ACK {code}")})).await;
    act(&stage, json!({"do": "sms_reply", "from": "+15550001", "text": format!("ACK {code}")})).await;
    act(&stage, json!({"do": "sms_reply", "from": "+15550003", "text": format!("please ACK {code} now")})).await;
    stage.until("the strangers were heard", async || (stage.audited("").len() >= 2).then_some(())).await;
    assert!(headline(&stage, "orders can't be reached").has_button("ack"));

    act(&stage, json!({"do": "sms_reply", "from": "+15550003", "text": format!("ack {code}")})).await;
    until(&stage, "somebody has it", || headline(&stage, "orders can't be reached").says(&["<@U0BOBW0001> has it"]).then_some(())).await;
    assert!(!headline(&stage, "orders can't be reached").has_button("ack"));
    until(&stage, "PagerDuty knows", || (outbox(&stage, "pages")[0]["status"] == "acknowledged").then_some(())).await;
    let is_told = || to_number(&stage, "+15550003").iter().any(|(_, text)| text.contains("it is yours")).then_some(());
    until(&stage, "they are told that it counts", is_told).await;

    // Nobody else is woken, however long it takes within the half hour.
    let sent = outbox(&stage, "sms").len();
    stage.advance(SignedDuration::from_mins(12));
    stage.until("a tick has passed", async || stage.stack().lambda().idle().then_some(())).await;
    assert_eq!(outbox(&stage, "sms").len(), sent);
}

#[tokio::test]
async fn r08_the_inventory_plan_wakes_its_three_levels_and_takes_an_acknowledgment_from_pagerduty_or_a_button() {
    // The document says “[Contact]” for everybody: two of them are filled in here.
    let plan = INVENTORY.plan.replace("    title: On-Call Engineer\n", "    title: On-Call Engineer\n    phone: +1-555-0101\n").replace(
        "    title: Database Admin\n",
        "    title: Database Admin\n    phone: +1-555-0102\n    email: dba@inventory.example.com\n",
    );
    let stage = stage(&plan).await;
    stage.person("devops-lead").types("/dr page \"inventory is down\"").await;
    assert_eq!(to_number(&stage, "+15550101").len(), 2, "a text message and a call");
    stage.advance(SignedDuration::from_mins(5));
    until(&stage, "the second level is woken", || (to_number(&stage, "+15550102").len() == 2).then_some(())).await;
    // Who has no number is told in Slack, and the card says why.
    let says_why = || headline(&stage, "inventory is down").says(&["the plan has no telephone number"]).then_some(());
    until(&stage, "the card says so", says_why).await;
    stage.advance(SignedDuration::from_mins(10));
    until(&stage, "the third level is woken", || headline(&stage, "inventory is down").says(&["Management was woken"]).then_some(())).await;

    let pressed = stage.person("cto").presses("ack", &headline(&stage, "inventory is down")).await;
    assert!(pressed.words().contains("is yours"), "{}", pressed.words());
    assert!(headline(&stage, "inventory is down").says(&["<@U0CTO00001> has it", "by the button"]));
    // The button as it was, pressed by somebody who is late.
    let late = stage.person("vp-engineering").presses_what_was("ack", &headline(&stage, "inventory is down")).await;
    assert!(late.words().contains("<@U0CTO00001> has it"), "{}", late.words());
    stage.person("cto").presses("resolve", &headline(&stage, "inventory is down")).await;
    assert!(headline(&stage, "inventory is down").says(&["Over"]));
}

#[tokio::test]
async fn j4_what_pagerduty_took_and_nobody_acknowledged_wakes_others_and_its_human_ends_it() {
    let plan = CAPLIQUIFY.plan.replacen("by: [phone, sms, email, slack, pagerduty], within: 5m", "by: [pagerduty], within: 5m", 1);
    let stage = stage(&plan).await;
    stage.person("alice-brown").types("/dr page \"writes fail\"").await;
    // 202 is not paged: nobody was reached but by PagerDuty, and that counts for nothing.
    assert_eq!(outbox(&stage, "pages").len(), 1);
    assert_eq!(outbox(&stage, "sms").len(), 0);
    stage.advance(SignedDuration::from_mins(5));
    until(&stage, "the second level is woken", || (!to_number(&stage, "+15550004").is_empty()).then_some(())).await;

    let key = outbox(&stage, "pages")[0]["dedup_key"].as_str().unwrap().to_owned();
    let told = act(&stage, json!({"do": "pagerduty_ack", "key": key, "by": "Bob Wilson"})).await;
    assert_eq!(told["status"], 200, "{told}");
    until(&stage, "it counts", || headline(&stage, "writes fail").says(&["Bob Wilson (PagerDuty) has it"]).then_some(())).await;
    act(&stage, json!({"do": "pagerduty_resolve", "key": key, "by": "Bob Wilson"})).await;
    until(&stage, "it is over", || headline(&stage, "writes fail").says(&["Over"]).then_some(())).await;
}

#[tokio::test]
async fn j4_when_pagerduty_fails_the_next_way_is_tried_at_once() {
    let plan = CAPLIQUIFY.plan.replacen("by: [phone, sms, email, slack, pagerduty], within: 5m", "by: [pagerduty], within: 5m", 1);
    let stage = stage(&plan).await;
    stage.fault(json!({"service": "pagerduty", "effect": "error"}));
    stage.person("alice-brown").types("/dr page \"writes fail\"").await;
    assert_eq!(outbox(&stage, "pages").len(), 0);
    for number in ["+15550001", "+15550002"] {
        assert_eq!(to_number(&stage, number).iter().filter(|(kind, _)| kind == "sms").count(), 1);
    }
    assert!(headline(&stage, "writes fail").says(&["text message instead of PagerDuty"]));
}

#[tokio::test]
async fn j2_when_slack_says_too_many_requests_a_text_message_goes_at_once_and_the_card_says_so() {
    let plan = CAPLIQUIFY.plan.replacen("by: [phone, sms, email, slack, pagerduty], within: 5m", "by: [slack], within: 5m", 1);
    let stage = stage(&plan).await;
    let busy = stage.fault(json!({"service": "slack", "operation": "chat.postMessage", "effect": "throttle", "code": "30"}));
    stage.person("alice-brown").types("/dr page \"logins fail\"").await;
    until(&stage, "text messages went out", || (outbox(&stage, "sms").len() == 2).then_some(())).await;
    stage.mend(busy);
    let card = until(&stage, "the card is posted", || {
        let all = stage.messages(CHANNEL);
        all.into_iter().find(|message| message.thread().is_none() && message.says(&["logins fail", "too many requests"]))
    })
    .await;
    assert!(card.says(&["text message instead of Slack"]), "{}", card.words());
}

/// A run that needs a decision wakes people by the ways that are left, and they are let sleep when it goes on.
#[tokio::test]
async fn j1_a_stuck_run_pages_without_slack() {
    let stage = Stage::with(CAPLIQUIFY.setup()).await;
    let refused =
        stage.fault(json!({"service": "rds", "operation": "RestoreDBInstanceToPointInTime", "effect": "throttle", "code": "AccessDenied"}));
    let card = stage.asker().types("/dr restore capliquify --latest").await.card();
    let approver = stage.approver();
    let form = approver.opens_approval(&card.message).await;
    // Nothing can be said from here on; who people are can still be looked up, or nobody could have approved.
    let mut silent: Vec<u64> = ["chat.postMessage", "chat.update", "chat.postEphemeral", "conversations.open"]
        .map(|method| stage.fault(json!({"service": "slack", "operation": method, "effect": "error"})))
        .to_vec();
    let sent = stage.send_until_taken(&stage.phrase_request(&approver.id, &card.proposal, &form.phrase())).await;
    assert_eq!(sent.status, 200, "{}", sent.body);
    let stuck = || stage.run(&card.run()).filter(|run| matches!(run.state, State::Stuck { .. }));
    until(&stage, "it asks people", stuck).await;
    // And then not even that.
    silent.push(stage.fault(json!({"service": "slack", "effect": "error"})));

    let texts = |number: &str| to_number(&stage, number).into_iter().filter(|(kind, _)| kind == "sms").map(|(_, text)| text);
    let woken = || texts("+15550001").find(|text| text.contains("a person must decide"));
    let text = until(&stage, "a text message wakes who is on call", woken).await;
    assert!(text.contains("Reply ACK "), "{text}");
    let event = || outbox(&stage, "pages").into_iter().find(|page| page["status"] == "triggered");
    let event = until(&stage, "PagerDuty has it", event).await;
    assert!(event["dedup_key"].as_str().is_some_and(|key| key.contains(&card.run())), "{event}");
    assert_eq!(stage.run(&card.run()).and_then(|run| run.headline).map(|posted| posted.ts), None, "Slack shows nothing of it");

    // Slack is back, AWS takes it: whoever was woken has it tried again, and is let sleep.
    stage.mend(refused);
    silent.into_iter().for_each(|fault| stage.mend(fault));
    // Whoever waits for people looks again every half an hour.
    stage.advance(SignedDuration::from_mins(36));
    let asks = || {
        let headline = stage.run(&card.run())?.headline?;
        stage.messages(CHANNEL).into_iter().find(|message| message.ts() == headline.ts && message.has_button("retry"))
    };
    let headline = until(&stage, "everything is told later", asks).await;
    approver.presses("retry", &headline).await;
    assert_eq!(stage.until_over_in_time(&card.run()).await.state, State::Succeeded);
    let over = || outbox(&stage, "pages").into_iter().find(|page| page["dedup_key"] == event["dedup_key"] && page["status"] == "resolved");
    until(&stage, "PagerDuty lets them sleep", over).await;
}

/// An address joins SES's suppression list.
async fn suppress(stage: &Stage, address: &str) {
    let ses = stage.services().get("ses").unwrap();
    let mut call = Call {
        service: "ses".to_owned(),
        operation: String::new(),
        region: "eu-west-1".to_owned(),
        method: reqwest::Method::PUT,
        path: "/v2/email/suppression/addresses".to_owned(),
        query: String::new(),
        headers: reqwest::header::HeaderMap::new(),
        body: json!({"EmailAddress": address, "Reason": "BOUNCE"}).to_string().into(),
    };
    call.operation = ses.operation(&call);
    assert_eq!(ses.handle(&call).await.status, 200);
}

struct StackClock(Timestamp);

impl Clock for StackClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The real adapters over HTTP, held to what the simulated ones are held to.
#[tokio::test]
async fn the_ways_hold_their_contract() {
    let stage = stage(CAPLIQUIFY.plan).await;
    let url = stage.stack().url();
    suppress(&stage, "gone@example.com").await;
    let keys = AwsKeys {
        region: "eu-west-1".to_owned(),
        access_key: "AKIAEXAMPLE".to_owned(),
        secret_key: "hush".to_owned(),
        session_token: None,
    };
    let settings = Settings {
        pagerduty_url: Some(format!("{url}/pagerduty")),
        pagerduty_key: Some(SecretString::from("R0UTE".to_owned())),
        sms_sender: Some("+15550100".to_owned()),
        sms_reports: Some("mayday-reports".to_owned()),
        email_sender: Some("mayday@example.com".to_owned()),
        sms_endpoint: Some(url.to_owned()),
        ses_endpoint: Some(url.to_owned()),
        aws: keys,
    };
    let clock: Arc<dyn Clock> = Arc::new(StackClock(stage.now()));
    let ways = mayday_notify::ways(settings, &clock).unwrap();
    let nobody = contract::ways::Nobody { number: "555-0100", address: "gone@example.com" };
    contract::ways::everything(ways.pager.as_ref(), ways.phone.as_ref(), ways.mail.as_ref(), nobody).await;
}

#[tokio::test]
async fn g16_an_address_that_is_suppressed_counts_as_undelivered_and_the_next_way_is_tried() {
    let plan = CAPLIQUIFY.plan.replacen("by: [phone, sms, email, slack, pagerduty], within: 5m", "by: [email], within: 5m", 1);
    let stage = stage(&plan).await;
    suppress(&stage, "cto@sentia.com").await;
    stage.person("alice-brown").types("/dr page \"queue is full\"").await;
    let mails: Vec<Value> = outbox(&stage, "email").iter().map(|mail| mail["to"][0].clone()).collect();
    assert_eq!(mails, [json!("devops@sentia.com")]);
    assert_eq!(to_number(&stage, "+15550001").len(), 1, "the one who got no email got a text message");
    assert_eq!(to_number(&stage, "+15550002").len(), 0);
    assert!(headline(&stage, "queue is full").says(&["suppression list", "text message instead of email"]));
}

/// Taken is not delivered: the vendor says later that it bounced, or that no telephone took it. Then the next way is tried, and where none is
/// left, the next level.
#[tokio::test]
async fn g16_what_was_taken_and_came_back_wakes_the_next_way_and_then_the_next_level_at_once() {
    let plan = CAPLIQUIFY.plan.replacen(
        "{name: Primary, notify: [john-smith, jane-doe], by: [phone, sms, email, slack, pagerduty], within: 5m}",
        "{name: Primary, notify: [john-smith], by: [email], within: 30m}",
        1,
    );
    let stage = stage(&plan).await;
    let at_first = stage.now();
    stage.person("alice-brown").types("/dr page \"queue is full\"").await;
    let id = |message: &Value| message["id"].as_str().unwrap_or_default().to_owned();
    let letter = outbox(&stage, "email").first().map(id).expect("a letter left");
    assert_eq!(to_number(&stage, "+15550001"), []);

    act(&stage, json!({"do": "undelivered", "id": letter})).await;
    let texted = || to_number(&stage, "+15550001").into_iter().find(|(kind, _)| kind == "sms");
    until(&stage, "the text message instead", texted).await;
    let told = || headline(&stage, "queue is full").says(&["it bounced: Permanent General", "text message instead of email"]).then_some(());
    until(&stage, "the headline says so", told).await;
    assert_eq!(to_number(&stage, "+15550003"), [], "the next level sleeps");
    // The same report once more says nothing new.
    act(&stage, json!({"do": "undelivered", "id": letter})).await;
    stage.settle().await;
    assert_eq!(to_number(&stage, "+15550001").len(), 1);

    // Neither the text message nor the call gets through: a message in Slack is all that is left.
    for kind in ["sms", "call"] {
        let sent = || outbox(&stage, "sms").into_iter().find(|message| message["to"] == "+15550001" && message["kind"] == kind);
        let message = until(&stage, kind, sent).await;
        act(&stage, json!({"do": "undelivered", "id": id(&message)})).await;
        stage.settle().await;
    }
    until(&stage, "Slack", || headline(&stage, "queue is full").says(&["Nobody took the call"]).then_some(())).await;
    assert!(stage.now().duration_since(at_first) < SignedDuration::from_mins(30), "nobody had to wait for the level's time to be over");
    let audited: Vec<String> = stage.audit().into_iter().map(|entry| entry.event.what).filter(|what| what == "page.undelivered").collect();
    assert_eq!(audited.len(), 3);
}

#[tokio::test]
async fn r15_contacts_and_external_support_are_at_hand() {
    let stage = stage(CAPLIQUIFY.plan).await;
    let told = stage.person("jane-doe").types("/dr contacts").await.whispered();
    for wanted in [
        "On call now (Primary)",
        "Bob Wilson",
        "Database Admin",
        "+1-555-0003",
        "dba@sentia.com",
        "Render Support",
        "ENT-12345",
        "P1",
        "PRO-67890",
    ] {
        assert!(told.contains(wanted), "{wanted} is not in:\n{told}");
    }
    // Numbers are for people of the plan.
    let told = stage.person("eve").types("/dr contacts").await;
    assert!(told.words().contains("not in this organization's recovery plan") && !told.words().contains("555"), "{}", told.words());
}
