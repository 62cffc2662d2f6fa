use mayday_core::{
    mrkdwn,
    port::{Chat as _, Directory as _, Posted, ResponseUrl as Address, TriggerId, ViewId},
    view::{Block, Form, Message},
};
use serde_json::json;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{header, method, path, query_param},
};

use super::*;

const TOKEN: &str = "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy";

fn client(server: &MockServer) -> SlackClient {
    SlackClient::new(SecretString::from(TOKEN), Some(&format!("{}/slack/api/", server.uri()))).unwrap()
}

fn sentence(text: &str) -> Message {
    Message::sentence(mrkdwn!("{}", text))
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
    server
}

async fn bodies(server: &MockServer) -> Vec<Value> {
    server.received_requests().await.unwrap().iter().map(|request: &Request| request.body_json().unwrap()).collect()
}

fn ok(more: Value) -> ResponseTemplate {
    let mut body = json!({"ok": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ResponseTemplate::new(200).set_body_json(body)
}

fn posted() -> Posted {
    Posted { channel: "C1".to_owned(), ts: "17.1".to_owned() }
}

#[tokio::test]
async fn a_message_is_posted_with_the_token_and_its_place_comes_back() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/slack/api/chat.postMessage"))
        .and(header("authorization", format!("Bearer {TOKEN}").as_str()))
        .and(header("content-type", "application/json; charset=utf-8"))
        .respond_with(ok(json!({"channel": "D1", "ts": "17.1"})))
        .mount(&server)
        .await;
    let posted = client(&server).post("U1", Some("16.9"), &sentence("hello")).await.unwrap();
    assert_eq!(posted, Posted { channel: "D1".to_owned(), ts: "17.1".to_owned() });
    assert_eq!(
        bodies(&server).await,
        [json!({"channel": "U1", "thread_ts": "16.9", "text": "hello", "unfurl_links": false, "unfurl_media": false})]
    );
}

#[tokio::test]
async fn where_a_message_opens_is_asked_by_its_place() {
    let server = MockServer::start().await;
    let url = "https://team.slack.com/archives/C1/p171";
    Mock::given(method("GET"))
        .and(path("/slack/api/chat.getPermalink"))
        .and(query_param("channel", "C1"))
        .and(query_param("message_ts", "17.1"))
        .respond_with(ok(json!({"channel": "C1", "permalink": url})))
        .mount(&server)
        .await;
    assert_eq!(client(&server).link(&posted()).await.unwrap(), url);
    let elsewhere = Posted { channel: "C2".to_owned(), ..posted() };
    assert!(client(&server).link(&elsewhere).await.is_err());
}

#[tokio::test]
async fn k3_nothing_that_is_said_is_unfurled() {
    let server = answering(ok(json!({"channel": "C1", "ts": "17.1"}))).await;
    let client = client(&server);
    let message = Message { text: mrkdwn!("see https://example.com"), blocks: vec![Block::paragraph(mrkdwn!("see https://example.com"))] };
    client.post("C1", None, &message).await.unwrap();
    client.update(&posted(), &message).await.unwrap();
    client.whisper("C1", "U1", &message).await.unwrap();
    client.respond(&Address(format!("{}/slack/respond/1", server.uri())), &message).await.unwrap();
    let bodies = bodies(&server).await;
    assert_eq!(bodies.len(), 4);
    for body in bodies {
        assert_eq!((&body["unfurl_links"], &body["unfurl_media"]), (&json!(false), &json!(false)), "{body}");
        assert_eq!(body["blocks"][0]["text"]["verbatim"], true);
    }
}

#[tokio::test]
async fn k8_tokens_and_passwords_are_taken_out_of_whatever_is_said() {
    let server = answering(ok(json!({"channel": "C1", "ts": "17.1"}))).await;
    let text = format!("denied: {TOKEN} for AKIAIOSFODNN7EXAMPLE at postgres://app:s3cret@db/orders");
    let message = Message { text: mrkdwn!("{}", text), blocks: vec![Block::paragraph(mrkdwn!("{}", text))] };
    client(&server).post("C1", None, &message).await.unwrap();
    let body = bodies(&server).await[0].to_string();
    for secret in ["xoxb-", "AKIAIOSFODNN7EXAMPLE", "s3cret"] {
        assert!(!body.contains(secret), "{body}");
    }
    assert!(body.contains("postgres://app:[redacted]@db/orders"), "{body}");
}

#[tokio::test]
async fn k2_what_does_not_fit_goes_on_in_the_thread() {
    let server = answering(ok(json!({"channel": "C1", "ts": "17.1"}))).await;
    let blocks: Vec<Block> = (0..60_u32).map(|number| Block::paragraph(mrkdwn!("{}", number))).collect();
    let message = Message { text: mrkdwn!("sixty"), blocks };
    assert_eq!(client(&server).post("C1", None, &message).await.unwrap(), posted());
    let said = bodies(&server).await;
    assert_eq!((said.len(), said[0].get("thread_ts"), &said[1]["thread_ts"]), (2, None, &json!("17.1")));
    assert_eq!(said[0]["blocks"].as_array().unwrap().len() + said[1]["blocks"].as_array().unwrap().len(), 60);
    let error = client(&server).update(&posted(), &message).await.unwrap_err();
    assert!(error.is_code("msg_too_long"), "{error}");
}

#[tokio::test]
async fn an_edit_takes_the_blocks_away_that_it_does_not_have() {
    let server = answering(ok(json!({}))).await;
    client(&server).update(&posted(), &sentence("done")).await.unwrap();
    assert_eq!(bodies(&server).await[0]["blocks"], json!([]));
}

#[tokio::test]
async fn forms_are_opened_and_replaced() {
    let server = answering(ok(json!({"view": {"id": "V1"}}))).await;
    let form =
        Form { callback: "restore".to_owned(), title: "Restore".to_owned(), submit: None, reference: "p-1".to_owned(), blocks: Vec::new() };
    assert_eq!(client(&server).open(&TriggerId("1.2.3".to_owned()), &form).await.unwrap(), ViewId("V1".to_owned()));
    client(&server).update_form(&ViewId("V1".to_owned()), &form).await.unwrap();
    let said = bodies(&server).await;
    assert_eq!((&said[0]["trigger_id"], &said[0]["view"]["private_metadata"]), (&json!("1.2.3"), &json!("p-1")));
    assert_eq!((&said[1]["view_id"], &said[1]["view"]["callback_id"]), (&json!("V1"), &json!("restore")));
}

#[tokio::test]
async fn slacks_no_is_told_with_slacks_explanations() {
    let no = json!({"ok": false, "error": "invalid_blocks", "errors": ["too long [json-pointer:/blocks/0]"], "response_metadata": {"messages": ["[ERROR] x"]}});
    let server = answering(ResponseTemplate::new(200).set_body_json(no)).await;
    let error = client(&server).post("C1", None, &sentence("x")).await.unwrap_err();
    assert_eq!(error.to_string(), "refused (invalid_blocks): invalid_blocks: [ERROR] x: too long [json-pointer:/blocks/0]");
}

#[tokio::test]
async fn j2_a_rate_limit_is_obeyed_up_to_a_minute() {
    for (after, seconds) in [(Some("30"), 30), (Some("0"), 1), (Some("86400"), 60), (Some("soon"), 60), (Some("-1"), 60), (None, 60)] {
        let mut answer = ResponseTemplate::new(429).set_body_json(json!({"ok": false, "error": "ratelimited"}));
        if let Some(after) = after {
            answer = answer.insert_header("Retry-After", after);
        }
        let server = answering(answer).await;
        let error = client(&server).call("chat.postMessage", json!({})).await.unwrap_err();
        assert_eq!(error, Error::RateLimited { retry_after: Duration::from_secs(seconds) }, "{after:?}");
        assert_eq!(bodies(&server).await.len(), 1, "nothing is tried again here");
        assert!(CallError::from(error).is_code("ratelimited"));
    }
}

#[tokio::test]
async fn j1_an_outage_is_told_from_a_no_and_says_whether_it_may_have_happened() {
    let in_json = |code: &str| ResponseTemplate::new(200).set_body_json(json!({"ok": false, "error": code}));
    for (answer, perhaps) in [
        (ResponseTemplate::new(500), true),
        (ResponseTemplate::new(502), true),
        (ResponseTemplate::new(503), false),
        (ResponseTemplate::new(200).set_body_string("<html>maintenance"), true),
        (in_json("internal_error"), true),
        (in_json("fatal_error"), true),
        (in_json("service_unavailable"), false),
    ] {
        let server = answering(answer).await;
        let error = client(&server).post("C1", None, &sentence("x")).await.unwrap_err();
        assert_eq!(matches!(error, CallError::Unknown { .. }), perhaps, "{error}");
        assert_eq!(matches!(error, CallError::NotNow { .. }), !perhaps, "{error}");
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = SlackClient::new(SecretString::from(TOKEN), Some(&format!("http://{nobody}/"))).unwrap();
    let error = client.post("C1", None, &sentence("x")).await.unwrap_err();
    assert!(error.is_code("unreachable"), "{error}");
    assert!(!error.to_string().contains("127.0.0.1"), "the address stays out of it: {error}");
    for code in ["token_revoked", "channel_not_found", "is_archived"] {
        let server = answering(in_json(code)).await;
        let client = SlackClient::new(SecretString::from(TOKEN), Some(&server.uri())).unwrap();
        assert!(client.post("C1", None, &sentence("x")).await.unwrap_err().is_code(code));
    }
}

#[tokio::test]
async fn k7_a_foreign_response_url_is_never_posted_to_and_a_redirect_not_followed() {
    let (server, elsewhere) = (MockServer::start().await, MockServer::start().await);
    let moved = ResponseTemplate::new(307).insert_header("location", elsewhere.uri());
    Mock::given(path("/moved")).respond_with(moved).mount(&server).await;
    let client = client(&server);
    let foreign = client.respond(&Address(format!("{}/x", elsewhere.uri())), &sentence("x")).await.unwrap_err();
    assert!(foreign.is_code("foreign_response_url"), "{foreign}");
    let redirected = client.respond(&Address(format!("{}/moved", server.uri())), &sentence("x")).await.unwrap_err();
    assert!(redirected.is_code("http_307"), "{redirected}");
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
    let sent = server.received_requests().await.unwrap();
    assert!(sent.iter().all(|request| !request.headers.contains_key("authorization")), "the token stays here");
}

#[tokio::test]
async fn j3_a_used_up_response_url_is_a_no_with_its_code() {
    for (status, code) in [(404, "used_url"), (404, "expired_url"), (410, "http_410"), (200, "used_url")] {
        let answer = ResponseTemplate::new(status);
        let answer = if code.starts_with("http") { answer } else { answer.set_body_json(json!({"ok": false, "error": code})) };
        let server = answering(answer).await;
        let error = client(&server).respond(&Address(format!("{}/x", server.uri())), &sentence("x")).await.unwrap_err();
        assert!(error.is_code(code), "{error}");
    }
    let server = answering(ResponseTemplate::new(200).set_body_string("ok")).await;
    client(&server).respond(&Address(format!("{}/x", server.uri())), &sentence("x")).await.unwrap();
}

#[tokio::test]
async fn a_profile_has_every_flag_that_can_deny() {
    let server = MockServer::start().await;
    let user = json!({
        "id": "U1", "team_id": "T1", "name": "ada", "real_name": "Ada L.", "tz": "Europe/London", "deleted": true, "is_restricted": true,
        "is_ultra_restricted": true, "is_stranger": true, "is_bot": true, "is_email_confirmed": false, "enterprise_user": {"id": "W1", "enterprise_id": "E1"},
    });
    Mock::given(method("GET"))
        .and(path("/slack/api/users.info"))
        .and(query_param("user", "U1"))
        .respond_with(ok(json!({"user": user})))
        .mount(&server)
        .await;
    let profile = client(&server).profile("U1").await.unwrap().unwrap();
    assert_eq!((profile.user.as_str(), profile.team.as_str(), profile.enterprise.as_deref()), ("U1", "T1", Some("E1")));
    assert_eq!((profile.name.as_str(), profile.zone.as_deref()), ("Ada L.", Some("Europe/London")));
    assert!(
        profile.deleted && profile.restricted && profile.ultra_restricted && profile.stranger && profile.bot && profile.email_unconfirmed
    );
}

#[tokio::test]
async fn c9_a_failed_look_up_is_an_error_and_only_a_stated_no_is_nobody() {
    let no = |code: &str| ResponseTemplate::new(200).set_body_json(json!({"ok": false, "error": code}));
    assert_eq!(client(&answering(no("user_not_found")).await).profile("U1").await.unwrap(), None);
    for answer in [
        no("user_not_visible"),
        no("missing_scope"),
        no("internal_error"),
        ResponseTemplate::new(429),
        ResponseTemplate::new(500),
        ok(json!({})),
    ] {
        assert!(client(&answering(answer).await).profile("U1").await.is_err());
    }
}

/// What AWS keeps stands in for a look-up that got no answer ([`mayday_core::policy::Vouching`]); for a refusal it does not.
#[tokio::test]
async fn c9_an_answer_that_is_not_about_whom_it_was_asked_for_is_a_refusal_and_no_silence() {
    let somebody_else = json!({"user": {"id": "U2", "team_id": "T1"}});
    for answer in [somebody_else, json!({}), json!({"user": {"id": "U1", "deleted": "perhaps"}})] {
        let error = client(&answering(ok(answer.clone())).await).profile("U1").await.unwrap_err();
        assert!(matches!(error, CallError::Refused { .. }), "{answer}: {error}");
    }
    let silence = client(&answering(ResponseTemplate::new(500)).await).profile("U1").await.unwrap_err();
    assert!(silence.is_silence(), "{silence}");
}

#[test]
fn the_token_is_never_formatted_and_an_odd_address_is_refused() {
    let client = SlackClient::new(SecretString::from(TOKEN), None).unwrap();
    assert!(!format!("{client:?}").contains("pdFZKVeTuE8sk7oOcHrzqqgy"));
    assert_eq!(client.base, "https://slack.com/api");
    assert!(matches!(SlackClient::new(SecretString::from(TOKEN), Some("slack.com/api")), Err(Setup::Address)));
}

fn picture() -> mayday_core::picture::Picture {
    mayday_core::picture::Picture {
        file: "r-1.png".to_owned(),
        title: "Restore orders".to_owned(),
        alt: format!("Timeline & more. {TOKEN}"),
        png: b"\x89PNG and so on".to_vec(),
    }
}

/// Slack's two methods for files, and an address of its own to upload to.
async fn filing(upload_url: &str, taken: u16) -> MockServer {
    let server = MockServer::start().await;
    let address = upload_url.replace("HERE", &server.uri());
    let answers = [
        ("/slack/api/files.getUploadURLExternal", ok(json!({"upload_url": address, "file_id": "F1"}))),
        ("/files/F1", ResponseTemplate::new(taken)),
        ("/slack/api/files.completeUploadExternal", ok(json!({"files": []}))),
    ];
    for (at, answer) in answers {
        Mock::given(path(at)).respond_with(answer).mount(&server).await;
    }
    server
}

#[tokio::test]
async fn k3_a_picture_goes_up_with_words_for_those_who_can_not_see_it() {
    let server = filing("HERE/files/F1", 200).await;
    client(&server).picture("C1", Some("16.9"), &picture()).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let [place, bytes, shown] = requests.as_slice() else { panic!("three requests: {requests:?}") };
    let asked: Vec<(String, String)> = place.url.query_pairs().into_owned().collect();
    let named = |name: &str| asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((named("filename"), named("length")), (Some("r-1.png"), Some("14")));
    assert!(named("alt_txt").is_some_and(|alt| alt.starts_with("Timeline & more. ") && !alt.contains(TOKEN)), "{asked:?}");
    assert_eq!(bytes.body, picture().png);
    assert!(!bytes.headers.contains_key("authorization"), "the address has its own authority");
    let wanted = json!({"files": [{"id": "F1", "title": "Restore orders"}], "channel_id": "C1", "thread_ts": "16.9"});
    assert_eq!(shown.body_json::<Value>().unwrap(), wanted);
}

#[tokio::test]
async fn k7_a_picture_goes_nowhere_but_to_slack() {
    for elsewhere in
        ["https://evil.example/files/F1", "https://files.slack.com.evil.example/F1", "http://169.254.169.254/F1", "HERE@evil.example/"]
    {
        let server = filing(elsewhere, 200).await;
        let refused = client(&server).picture("C1", None, &picture()).await.unwrap_err();
        assert!(refused.is_code("foreign_upload_url"), "{elsewhere}: {refused}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "{elsewhere}");
    }
}

#[tokio::test]
async fn a_picture_that_was_not_taken_is_not_shown() {
    let server = filing("HERE/files/F1", 500).await;
    client(&server).picture("C1", None, &picture()).await.unwrap_err();
    assert_eq!(server.received_requests().await.unwrap().len(), 2, "nobody is shown half a file");
}
