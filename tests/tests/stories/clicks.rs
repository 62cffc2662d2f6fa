//! Many hands on one button: the real door and the real worker, as many of them at once as Lambda would start.

use std::collections::BTreeSet;

use mayday_core::{approval::State as Decided, audit};
use mayday_tests::{CHANNEL, Card, Setup, Signed, Stage, together};

const HANDS: usize = 50;
const CLICKS: usize = 20;
/// Both may approve.
const PEOPLE: [&str; 2] = ["U0BOB00001", "U0CAROL001"];

/// What a hand does at its nth turn: it presses the button, but sends the form once.
fn click(stage: &Stage, card: &Card, phrase: &str, (hand, turn): (usize, usize)) -> Signed {
    let who = PEOPLE[hand % 2];
    if turn == 2 {
        stage.phrase_request(who, &card.proposal, phrase)
    } else {
        stage.click_request(who, card.message.ts(), "approve", &card.proposal)
    }
}

/// One hand: each click is a delivery of its own, with a trigger of its own.
async fn clicks(stage: &Stage, card: &Card, phrase: &str, hand: usize) -> Vec<Signed> {
    let mut sent = Vec::new();
    for turn in 0..CLICKS {
        let request = click(stage, card, phrase, (hand, turn));
        // What the door could not hand over in time is sent again, as Slack does.
        let mut attempt = 0;
        while stage.send_again(&request, attempt).await.status != 200 {
            attempt += 1;
            free(stage, HANDS / 2).await;
        }
        sent.push(request);
        // As many are at work as there are hands: whoever has clicked waits for an answer before the next click.
        free(stage, HANDS).await;
    }
    sent
}

/// Waits until fewer functions than this are at work.
async fn free(stage: &Stage, below: usize) {
    stage.until("a hand is free", async || (stage.stack().lambda().running() < below).then_some(())).await;
}

/// How many presses of the button nobody has answered: neither by a form, nor by a message to the one who pressed.
fn unanswered(stage: &Stage, sent: &[Signed]) -> usize {
    let opened: BTreeSet<String> = stage
        .effects(0, "views.open")
        .into_iter()
        .filter_map(|request| Some(serde_json::from_str::<serde_json::Value>(&request).ok()?["trigger_id"].as_str()?.to_owned()))
        .collect();
    let presses = sent.iter().map(Signed::payload).filter(|payload| payload["type"] == "block_actions");
    let answered = |payload: &serde_json::Value| {
        let answers = stage.stack().slack().answers_at(payload["response_url"].as_str().unwrap());
        answers > 0 || opened.contains(payload["trigger_id"].as_str().unwrap())
    };
    presses.filter(|payload| !answered(payload)).count()
}

#[tokio::test]
async fn d3_d5_a_thousand_clicks_by_fifty_hands_are_one_decision_and_one_execution_and_each_is_answered() {
    let stage = Stage::with(Setup { scale: 1.0, ..Setup::default() }).await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let phrase = stage.proposal(&card.proposal).phrase;
    let sent: Vec<Signed> = together((0..HANDS).map(|hand| clicks(&stage, &card, &phrase, hand)).collect()).await.concat();
    // Who lost a race for a record is tried again by Lambda.
    stage.in_time("all is worked off", async || (stage.stack().lambda().waiting() == 0).then_some(())).await;
    let workers = stage.stack().lambda().pids("mayday-worker").len();
    println!("{} clicks over {workers} workers", sent.len());

    assert_eq!(sent.len(), 1_000);
    assert!(workers >= HANDS / 2, "only {workers} workers were at work at once");
    assert_eq!(unanswered(&stage, &sent), 0, "presses are answered");
    let direct: usize = PEOPLE.map(|who| stage.messages(&who.replacen('U', "D", 1)).len()).into_iter().sum();
    assert!(direct >= HANDS, "forms are answered: {direct}");
    let approval = stage.approval(&card.proposal);
    assert!(matches!(approval.state, Decided::Approved { .. }) && approval.votes.len() == 1, "{approval:?}");
    let who = approval.votes[0].by.user.as_str().to_owned();
    // Whoever was not the first is told who was, or was shown the form before anybody was.
    let told = stage.messages(CHANNEL).into_iter().filter(|message| message.only_for().is_some());
    let told = told.filter(|message| message.says(&["Nothing changed", &who])).count();
    let shown = stage.effects(0, "views.open").len();
    assert!(told >= 800, "{told} were told who decided, {shown} were shown the form");
    assert!(!stage.stack().slack().changed_since(0).to_string().contains("broke"), "nobody is shown a fault");
    assert!(!stage.card(&card).has_button("approve") && stage.card(&card).says(&[&who]), "{}", stage.card(&card).words());

    stage.until_over_in_time(&card.run()).await;
    assert_eq!(stage.runs().len(), 1);
    let executions = stage.stack().states().executions();
    assert_eq!(executions.len(), 1, "{executions:?}");
    assert_eq!(stage.instances().await.len(), 2, "restored once");
    audit::verify(&stage.audit()).unwrap();
}
