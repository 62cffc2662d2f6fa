//! Which requests are taken at all: paths, methods, sizes, grammar.

use proptest::prelude::*;
use serde_json::json;

use super::setup::*;
use crate::event::{MAX_BODY, Route};

#[tokio::test]
async fn a12_180_kib_are_taken_and_one_byte_more_is_too_large_whoever_signed() {
    let setup = Setup::new();
    let mut body = format!("{COMMAND}&text2=").into_bytes();
    body.resize(MAX_BODY, b'x');
    let largest = Post::signed(Route::Commands, &body, START_S);
    body.push(b'x');
    let larger = Post::signed(Route::Commands, &body, START_S);
    let unsigned = Post::unsigned(Route::Commands, &body);
    for shape in SHAPES {
        assert_eq!(setup.deliver(&largest.event(shape)).await.status_code, 200);
        assert_eq!(setup.deliver(&largest.event_base64(shape)).await.status_code, 200);
        for post in [&larger, &unsigned] {
            assert_eq!(setup.deliver(&post.event(shape)).await.status_code, 413);
            assert_eq!(setup.deliver(&post.event_base64(shape)).await.status_code, 413);
        }
    }
    assert_eq!(setup.last_taken().body.bytes().unwrap().len(), MAX_BODY);
}

#[tokio::test]
async fn a12_an_empty_body_is_a_bad_request_even_if_signed() {
    let setup = Setup::new();
    for route in [Route::Commands, Route::Interactions, Route::Events] {
        assert_eq!(setup.signed(route, "").await.status_code, 400);
    }
}

#[tokio::test]
async fn a23_other_methods_are_not_allowed_and_other_paths_do_not_exist() {
    let setup = Setup::new();
    for shape in SHAPES {
        for route in Route::ALL {
            for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "post", ""] {
                let mut post = Post::signed(route, COMMAND.as_bytes(), START_S);
                post.method = method;
                let answer = setup.deliver(&post.event(shape)).await;
                assert_eq!(answer.status_code, 405, "{method} {route:?}");
                assert_eq!(answer.headers["allow"], "POST");
            }
        }
        for path in
            ["", "/", "/slack", "/slack/commands/", "/slack/Commands", "//slack/commands", "/slack/commands%2F", "/x/../slack/commands"]
        {
            let mut post = Post::signed(Route::Commands, COMMAND.as_bytes(), START_S);
            path.clone_into(&mut post.path);
            assert_eq!(setup.deliver(&post.event(shape)).await.status_code, 404, "{path}");
        }
    }
    assert_eq!((setup.taken(), setup.vault.reads.get()), (0, 0), "nothing was looked up for it");
}

#[tokio::test]
async fn b16_signed_nonsense_is_a_bad_request() {
    let setup = Setup::new();
    let deep = format!("{{\"type\":\"block_actions\",\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for (route, body) in [
        (Route::Commands, "command=%2Fdr&user_id=U1&team_id=T1DC2JH3J&text=%00".to_owned()),
        (Route::Commands, "command=%2Fdr&user_id=U1&team_id=T1DC2JH3J&text=%".to_owned()),
        (Route::Commands, "command=%2Fdr&user_id=U1&team_id=T1DC2JH3J&text=%C0%AF".to_owned()),
        (Route::Commands, format!("{COMMAND}&team_id=T1DC2JH3J")),
        (Route::Commands, "text=no+command".to_owned()),
        (Route::Interactions, format!("{0}&{0}", interaction(&payload("block_actions", &json!({}))))),
        (Route::Interactions, "payload=not-json".to_owned()),
        (Route::Interactions, "payload=".to_owned()),
        (Route::Interactions, "payload=[]".to_owned()),
        (Route::Interactions, "payload={}".to_owned()),
        (Route::Interactions, format!("payload={deep}")),
        (Route::Interactions, interaction(&payload("view_submission", &json!({})))),
        (Route::Events, "not json".to_owned()),
        (Route::Events, deep.clone()),
        (Route::Events, r#"{"type":"event_callback","team_id":"T1DC2JH3J","team_id":"T666"}"#.to_owned()),
    ] {
        let answer = setup.signed(route, &body).await;
        assert_eq!((answer.status_code, answer.body.as_str()), (400, "bad request\n"), "{:.90}", body);
    }
    assert_eq!(setup.taken(), 0);
}

#[tokio::test]
async fn b17_payloads_of_an_unknown_type_or_with_more_fields_go_to_the_worker() {
    let setup = Setup::new();
    let unknown = payload("something_of_next_year", &json!({"what": {"is": ["this"]}}));
    assert_eq!(setup.signed(Route::Interactions, &interaction(&unknown)).await.status_code, 200);
    assert_eq!(setup.signed(Route::Commands, &format!("{COMMAND}&is_enterprise_install=false&new_field=1")).await.status_code, 200);
    assert_eq!(setup.taken(), 2);
}

#[tokio::test]
async fn an_event_that_is_no_http_request_does_nothing() {
    let setup = Setup::new();
    assert_eq!(setup.deliver("{}").await.status_code, 404);
    assert_eq!(setup.deliver(r#"{"source":"aws.events"}"#).await.status_code, 404);
    assert_eq!(setup.deliver("null").await.status_code, 400);
    assert_eq!(setup.taken(), 0);
}

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work);
}

proptest! {
    #[test]
    fn b16_no_signed_body_panics(body in proptest::collection::vec(any::<u8>(), 0..300), route in 0..3_usize) {
        run(async {
            let setup = Setup::new();
            let status = setup.send(&Post::signed(Route::ALL[route], &body, START_S)).await.status_code;
            assert!([200, 400, 403].contains(&status), "{status}");
        });
    }

    #[test]
    fn b16_no_payload_panics(payload in "[{}\\[\\]\":,a-z0-9 %\\\\]{0,120}") {
        run(async {
            let setup = Setup::new();
            for (route, body) in [(Route::Interactions, format!("payload={payload}")), (Route::Events, payload.clone())] {
                let status = setup.signed(route, &body).await.status_code;
                assert!([200, 400, 403].contains(&status), "{status}");
            }
        });
    }

    #[test]
    fn b16_no_event_panics(event in "\\PC{0,200}") {
        run(async {
            let status = Setup::new().deliver(&event).await.status_code;
            assert!([400, 404].contains(&status), "{status}");
        });
    }

    #[test]
    fn a11_a_changed_body_is_denied(word in "[a-z]{1,9}", other in "[a-z]{1,9}") {
        run(async {
            let setup = Setup::new();
            let mut post = Post::signed(Route::Commands, format!("{COMMAND}&a={word}+{other}&b=1").as_bytes(), START_S);
            assert_eq!(setup.send(&post).await.status_code, 200);
            for changed in [format!("{COMMAND}&b=1&a={word}+{other}"), format!("{COMMAND}&a={word}%20{other}&b=1")] {
                post.body = changed.into_bytes();
                assert_eq!(setup.send(&post).await.status_code, 401);
            }
        });
    }
}
