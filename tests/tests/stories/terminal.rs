//! The hour when Slack is down: the real command line, the real worker, the same desk.

use std::process::Stdio;

use jiff::SignedDuration;
use mayday_core::{
    desk::{Answered, Asked, Outcome},
    run::State,
};
use mayday_local::sts::{Principal, STRANGER, principals};
use mayday_notify::AwsKeys;
use mayday_proof::{Intent, SignedIntent, Sts};
use mayday_tests::{CHANNEL, INSTANCE, Message, Setup, Stage, binaries};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

const WORKER: &str = "arn:aws:lambda:eu-west-1:000000000000:function:mayday-worker";

fn keys(name: &str) -> Principal {
    let all = principals(&Setup::default().plan);
    all.into_iter().find(|one| one.secret_key == format!("local-{name}")).unwrap_or_else(|| panic!("{name} has no keys"))
}

/// Somebody runs `mayday` with their own keys. Gives the exit code and what it printed.
async fn mayday(stage: &Stage, who: &str, args: &[&str], typed: &str) -> (i32, String) {
    let keys = keys(who);
    let mut child = Command::new(binaries().join("mayday"))
        .env_clear()
        .envs([("AWS_ENDPOINT_URL", stage.stack().url()), ("MAYDAY_FUNCTION", WORKER)])
        .envs([("AWS_ACCESS_KEY_ID", keys.access_key), ("AWS_SECRET_ACCESS_KEY", keys.secret_key)])
        .args(["--every", "0.3"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), said)
}

/// The proposal's id in what was printed.
fn proposal_in(said: &str) -> String {
    let word = said.split([' ', '`', '\n']).find(|word| word.starts_with("p-0")).unwrap_or_else(|| panic!("no proposal: {said}"));
    word.chars().take(28).collect()
}

/// The phrase that a printed form asks for.
fn phrase_in(said: &str) -> String {
    let (_, after) = said.split_once("Type this to approve:").unwrap_or_else(|| panic!("no phrase: {said}"));
    after.split('`').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn j1_with_slack_down_two_people_restore_at_the_terminal_and_the_channel_gets_the_story_later() {
    let stage = Stage::open().await;
    let (at, before) = stage.lose_rows().await;
    let down = stage.fault(json!({"service": "slack", "effect": "error"}));
    let said_before = stage.messages(CHANNEL).len();

    // Ana asks. She sees what would be done, and can't approve it by any door.
    let (code, said) = mayday(&stage, "ana", &["restore", "inventory", "--at", &at.to_string(), "--reason", "rows are gone"], "").await;
    assert_eq!(code, 0, "{said}");
    for wanted in [INSTANCE, "rows are gone", "ana, who asked", "mayday approve"] {
        assert!(said.contains(wanted), "{wanted}\nis not in\n{said}");
    }
    let proposal = proposal_in(&said);
    let run = proposal.replacen("p-", "r-", 1);
    let (code, said) = mayday(&stage, "ana", &["approve", &proposal], "").await;
    assert!(code == 3 && said.contains("your approval does not count"), "{code}: {said}");

    // Bob types the phrase: a wrong one is answered with the difference, the right one starts it.
    let (code, said) = mayday(&stage, "bob", &["approve", &proposal], "no\n").await;
    assert!(code == 3 && said.contains("Not approved yet"), "{code}: {said}");
    assert_eq!(stage.approval(&proposal).votes, []);
    let (code, said) = mayday(&stage, "bob", &["--follow", "approve", &proposal], &format!("{}\n", phrase_in(&said))).await;
    assert_eq!(code, 0, "{said}\n{:?}", stage.run(&run));
    assert!(said.contains("It has begun") && said.contains("It is done"), "{said}");

    // What came of it, outside.
    assert_eq!(stage.run(&run).unwrap().state, State::Succeeded);
    assert_ne!(stage.serving(), INSTANCE);
    assert_eq!(stage.rows("movements").await, before, "the rows are back");
    assert_eq!(stage.messages(CHANNEL).len(), said_before, "nothing could be said in Slack");
    let asked = stage.audited(&proposal);
    for what in ["proposal.made", "terminal.asked", "click.refused", "approval.approve"] {
        assert!(asked.iter().any(|entry| entry.contains(what)), "{what}: {asked:?}");
    }

    // Slack is back: the card as it was decided, then the run from its beginning to its report; each once.
    stage.mend(down);
    stage.until_over_in_time(&run).await;
    let told = || stage.messages(CHANNEL).into_iter().skip(said_before).filter(|message| message.only_for().is_none()).collect::<Vec<_>>();
    stage
        .until("the decision is told", async || {
            stage.pass_time();
            stage.approval(&proposal).announced.then_some(())
        })
        .await;
    stage.advance(SignedDuration::from_mins(10));
    stage.settle().await;
    let record = stage.run(&run).unwrap();
    let headline = record.headline.clone().unwrap().ts;
    // The picture of what took how long has no words.
    let in_thread = |message: &Message| message.thread() == Some(&headline) && !message.words().trim().is_empty();
    let thread: Vec<Message> = told().into_iter().filter(in_thread).collect();
    assert_eq!(thread.len(), record.log.len(), "everything that happened, each once");
    assert!(thread[0].says(&["It has begun"]) && thread.last().unwrap().says(&["It is done"]), "in order");
    let [card] = stage.approval(&proposal).cards.try_into().unwrap();
    let card: Vec<Message> = told().into_iter().filter(|message| message.ts() == card.ts).collect();
    assert!(card.len() == 1 && card[0].says(&["Approved", INSTANCE]) && !card[0].has_button("approve"), "{card:?}");
    assert!(stage.report(&run).says(&[&stage.serving()]));
}

/// A revoked token is an answer, and no outage: whoever revoked it may want nobody to be asked any more whose account is still good.
#[tokio::test]
async fn c9_where_slack_refuses_the_bot_itself_aws_vouches_for_nobody() {
    let stage = Stage::open().await;
    let revoked = stage.fault(json!({"service": "slack", "operation": "users.info", "effect": "error", "code": "token_revoked"}));
    let (code, said) = mayday(&stage, "ana", &["backup", "inventory"], "").await;
    assert_eq!(code, 1, "{said}");
    assert_eq!(stage.records::<Value>("proposal"), Vec::<Value>::new());
    stage.mend(revoked);

    // What passes by itself is an outage: then AWS's word of a moment ago is enough.
    stage.fault(json!({"service": "slack", "operation": "users.info", "effect": "throttle"}));
    let (code, said) = mayday(&stage, "ana", &["backup", "inventory"], "").await;
    assert_eq!((code, stage.records::<Value>("proposal").len()), (0, 1), "{said}");
}

/// Ana's wish, signed by somebody.
fn signed(stage: &Stage, who: &Principal, nonce: &str, asked: &Asked) -> SignedIntent {
    let keys =
        AwsKeys { region: String::new(), access_key: who.access_key.clone(), secret_key: who.secret_key.clone(), session_token: None };
    let intent = Intent { installation: WORKER.to_owned(), nonce: nonce.to_owned(), asked: asked.clone() };
    intent.sign(&keys, &Sts::of("eu-west-1", Some(stage.stack().url())), stage.now()).unwrap()
}

/// Hands it to the worker through an alias, or past it.
async fn invoked(stage: &Stage, through: &str, event: &Value) -> Result<Answered, String> {
    let outcome = stage.stack().lambda().invoke(&format!("{WORKER}{through}"), event.to_string().into()).await.unwrap();
    let text = String::from_utf8_lossy(&outcome.payload).into_owned();
    if outcome.failed { Err(text) } else { serde_json::from_str(&text).map_err(|_| text) }
}

#[tokio::test]
async fn c5_a_forged_stolen_late_or_repeated_proof_does_nothing_and_a_stranger_s_neither() {
    let stage = Stage::open().await;
    let asked = Asked::Command { words: "backup inventory".to_owned() };
    let proposals = || stage.records::<Value>("proposal").len();
    let ask = async |signed: &SignedIntent| invoked(&stage, ":cli", &json!({"terminal": signed})).await.unwrap();

    // Forged: somebody else's name, another wish under a good signature, no key at all.
    let ana = keys("ana");
    let forger = Principal { secret_key: "guessed".to_owned(), ..ana.clone() };
    let answered = ask(&signed(&stage, &forger, "nonce00000000001", &asked)).await;
    assert!(answered.outcome == Outcome::Refused && answered.text.contains("SignatureDoesNotMatch"), "{answered:?}");
    let mut other = signed(&stage, &ana, "nonce00000000002", &Asked::Command { words: "status".to_owned() });
    other.intent = other.intent.replace("status", "backup inventory");
    assert_eq!(ask(&other).await.outcome, Outcome::Refused);
    let nobody = Principal { access_key: "AKIANOBODY".to_owned(), ..ana.clone() };
    assert_eq!(ask(&signed(&stage, &nobody, "nonce00000000003", &asked)).await.outcome, Outcome::Refused);

    // A principal that is real, and nobody's in the plan.
    let answered = ask(&signed(&stage, &keys(STRANGER), "nonce00000000004", &asked)).await;
    assert!(answered.outcome == Outcome::Refused && answered.text.contains("nobody of the recovery plan"), "{answered:?}");

    // AWS does not answer: that is no yes.
    let silent = stage.fault(json!({"service": "sts", "effect": "error"}));
    assert_eq!(ask(&signed(&stage, &ana, "nonce00000000005", &asked)).await.outcome, Outcome::Unverified);
    stage.mend(silent);

    // Expired.
    let late = signed(&stage, &ana, "nonce00000000006", &asked);
    stage.advance(SignedDuration::from_mins(6));
    assert_eq!(ask(&late).await.outcome, Outcome::WrongClock);

    // Past the alias a proof is nothing, and through it nothing else is taken: least of all what only Slack's door may say.
    let good = signed(&stage, &ana, "nonce00000000007", &asked);
    assert!(invoked(&stage, "", &json!({"terminal": good})).await.unwrap_err().contains("Refused"));
    let envelope = json!({
        "schema": 1, "door": "slack", "path": "/slack/commands", "content_type": "application/x-www-form-urlencoded",
        "body": "team_id=T0MAYDAY01&user_id=U0BOB00001&channel_id=C0RECOVERY&command=%2Fdr&text=backup+inventory", "signature_digest": "00",
        "received_at_ms": stage.now().as_millisecond(), "signed_at_s": stage.now().as_second(), "request_id": "forged", "retry_num": null,
        "refused": null,
    });
    assert!(invoked(&stage, ":cli", &envelope).await.unwrap_err().contains("Refused"));
    assert_eq!(proposals(), 0);

    // Good once, and once only.
    let good = signed(&stage, &ana, "nonce00000000008", &asked);
    assert_eq!(ask(&good).await.outcome, Outcome::Answered);
    let again = ask(&good).await;
    assert!(again.text.contains("nothing was done twice"), "{again:?}");
    assert_eq!(proposals(), 1);

    // The command line says all that by its exit codes.
    assert_eq!(mayday(&stage, STRANGER, &["dr", "status"], "").await.0, 3);
    assert_eq!(mayday(&stage, "ana", &["restroe"], "").await.0, 2);
    let (code, said) =
        mayday(&stage, "ana", &["--function", "arn:aws:lambda:eu-west-1:000000000000:function:gone", "dr", "status"], "").await;
    assert!(code == 4 && said.contains("Function not found"), "{code}: {said}");
    let (code, said) = mayday(&stage, "dave", &["backup", "inventory"], "").await;
    assert!(code == 3 && said.contains("nobody of the recovery plan"), "{code}: {said}");
}
