//! Group A of the catalogue: what is let in.

use mayday_slack::{
    envelope::{self, Refused},
    verify::{SIGNATURE_HEADER, TIMESTAMP_HEADER},
};
use serde_json::json;

use super::setup::*;
use crate::event::Route;

const VECTOR: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar\
    &user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
    &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
    &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

#[tokio::test]
async fn a1_slacks_published_request_is_handed_over_as_it_came() {
    let setup = Setup::new();
    let post = Post::unsigned(Route::Commands, VECTOR.as_bytes())
        .with(TIMESTAMP_HEADER, "1531420618")
        .with(SIGNATURE_HEADER, "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
    let answer = setup.send(&post).await;
    assert_eq!((answer.status_code, answer.body.as_str()), (200, ""));
    let envelope = setup.last_taken();
    assert_eq!(envelope.body.bytes().unwrap().as_ref(), VECTOR.as_bytes());
    assert_eq!((envelope.door, envelope.path.as_str()), (envelope::Door::Slack, "/slack/commands"));
    assert_eq!((envelope.signed_at_s, envelope.received_at_ms), (START_S, START_S * 1000));
    assert_eq!((envelope.request_id.as_str(), envelope.refused), (REQUEST_ID, None));
    assert_eq!(envelope.content_type, "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn a2_a3_a4_a6_every_denial_looks_the_same_and_does_nothing() {
    let setup = Setup::new();
    let good = Post::signed(Route::Commands, COMMAND.as_bytes(), START_S);
    let replaced = |name: &str, value: &str| good.clone().without(name).with(name, value);
    let signature = good.headers.last().unwrap().1.clone();
    let denied = [
        good.clone().without(SIGNATURE_HEADER),
        good.clone().without(TIMESTAMP_HEADER),
        good.clone().without(SIGNATURE_HEADER).without(TIMESTAMP_HEADER),
        replaced(SIGNATURE_HEADER, ""),
        replaced(TIMESTAMP_HEADER, ""),
        Post::signed(Route::Commands, COMMAND.as_bytes(), START_S - 301),
        Post::signed(Route::Commands, COMMAND.as_bytes(), START_S + 301),
        replaced(TIMESTAMP_HEADER, "abc"),
        replaced(TIMESTAMP_HEADER, "-9223372036854775808"),
        replaced(TIMESTAMP_HEADER, &"9".repeat(40)),
        replaced(SIGNATURE_HEADER, &signature.replace("v0=", "v1=")),
        replaced(SIGNATURE_HEADER, &signature.replace("v0=", "sha256=")),
    ];
    for post in denied {
        for shape in SHAPES {
            let answer = setup.deliver(&post.event(shape)).await;
            assert_eq!((answer.status_code, answer.body.as_str()), (401, "unauthorized\n"), "{post:?}");
        }
    }
    assert_eq!(setup.taken(), 0);
    for edge in [START_S - 300, START_S + 300] {
        assert_eq!(setup.send(&Post::signed(Route::Commands, COMMAND.as_bytes(), edge)).await.status_code, 200);
    }
    assert!(setup.counted().contains(&"ingress_clock_skew".to_owned()));
}

#[tokio::test]
async fn a7_headers_sent_twice_are_denied_in_every_shape_and_order() {
    let setup = Setup::new();
    let good = Post::signed(Route::Commands, COMMAND.as_bytes(), START_S);
    let other = format!("v0={}", "0".repeat(64));
    for (name, value) in
        [("X-Slack-Signature", other.as_str()), (SIGNATURE_HEADER, &other), (TIMESTAMP_HEADER, "1531420618"), (TIMESTAMP_HEADER, "1")]
    {
        let mut post = good.clone().with(name, value);
        for _ in 0..2 {
            for shape in SHAPES {
                assert_eq!(setup.deliver(&post.event(shape)).await.status_code, 401, "{post:?} as {shape:?}");
            }
            post.headers.reverse();
        }
    }
    assert_eq!(setup.taken(), 0);
}

#[tokio::test]
async fn a8_header_names_in_any_case_and_every_event_shape_are_accepted() {
    let setup = Setup::new();
    let good = Post::signed(Route::Commands, COMMAND.as_bytes(), START_S);
    let cases: [fn(&str) -> String; 3] =
        [str::to_uppercase, str::to_lowercase, |name| name.replace("x-slack-r", "X-Slack-R").replace("-s", "-S")];
    for case in cases {
        let mut post = good.clone();
        post.headers.iter_mut().for_each(|(name, _)| *name = case(name));
        for shape in SHAPES {
            assert_eq!(setup.deliver(&post.event(shape)).await.status_code, 200, "{post:?} as {shape:?}");
        }
    }
    assert_eq!(setup.taken(), 9);
}

#[tokio::test]
async fn a8_a_rest_api_event_without_multi_value_headers_is_accepted() {
    let setup = Setup::new();
    let mut event: serde_json::Value =
        serde_json::from_str(&Post::signed(Route::Commands, COMMAND.as_bytes(), START_S).event(Shape::RestApi)).unwrap();
    event["multiValueHeaders"] = json!(null);
    assert_eq!(setup.deliver(&event.to_string()).await.status_code, 200);
}

#[tokio::test]
async fn a9_base64_bodies_are_verified_decoded() {
    let setup = Setup::new();
    let post = Post::signed(Route::Commands, COMMAND.as_bytes(), START_S);
    for shape in SHAPES {
        assert_eq!(setup.deliver(&post.event_base64(shape)).await.status_code, 200);
        assert_eq!(setup.last_taken().body.bytes().unwrap().as_ref(), COMMAND.as_bytes());
        assert_eq!(setup.deliver(&post.event_with(shape, COMMAND, true)).await.status_code, 400, "text that claims to be base64");
        assert_eq!(setup.deliver(&post.event_with(shape, "Y29tbWFuZD0lMkZkcg", true)).await.status_code, 400, "no padding");
        let unmarked = post.event_base64(shape).replace("\"isBase64Encoded\":true", "\"isBase64Encoded\":false");
        assert_eq!(setup.deliver(&unmarked).await.status_code, 401, "base64 that claims to be text");
    }
    assert_eq!(setup.taken(), 3);
}

#[tokio::test]
async fn a10_odd_bytes_pass_the_signature_and_are_never_re_encoded() {
    let setup = Setup::new();
    for text in ["🔥 é\u{301}", "a\r\nb"] {
        let body = format!("{COMMAND}&note={text}");
        assert_eq!(setup.signed(Route::Commands, &body).await.status_code, 200);
        assert_eq!(setup.last_taken().body.bytes().unwrap().as_ref(), body.as_bytes());
    }
    for bytes in [b"command=%2Fdr&user_id=U1&text=\xff\xfe".as_slice(), b"command=%2Fdr&user_id=U1&text=\0"] {
        assert_eq!(setup.send(&Post::signed(Route::Commands, bytes, START_S)).await.status_code, 400);
    }
    assert_eq!(setup.taken(), 2);
}

#[tokio::test]
async fn a16_slacks_unsigned_certificate_check_is_answered_and_nothing_else_happens() {
    let setup = Setup::new();
    for shape in SHAPES {
        let answer = setup.deliver(&Post::unsigned(Route::Commands, b"ssl_check=1&token=x").event(shape)).await;
        assert_eq!((answer.status_code, answer.body.as_str()), (200, ""));
    }
    assert_eq!(setup.taken(), 0);
}

#[tokio::test]
async fn a17_a_certificate_check_smuggled_into_anything_else_is_denied() {
    let setup = Setup::new();
    let mut posts: Vec<Post> = Vec::new();
    for body in [
        format!("{COMMAND}&ssl_check=1"),
        format!("ssl_check=1&{COMMAND}"),
        "ssl_check=1".to_owned(),
        "ssl_check=1&token=".to_owned(),
        "ssl_check=0&token=x".to_owned(),
        "ssl_check=true&token=x".to_owned(),
        "ssl_check=&token=x".to_owned(),
        "ssl_check=1&token=x&token=y".to_owned(),
        "ssl_check=1&ssl_check=1".to_owned(),
        "ssl_check=1&token=x&payload={}".to_owned(),
        r#"{"ssl_check":1,"token":"x"}"#.to_owned(),
    ] {
        posts.extend(Route::ALL.into_iter().take(3).map(|route| Post::unsigned(route, body.as_bytes())));
    }
    for route in [Route::Interactions, Route::Events] {
        posts.push(Post::unsigned(route, b"ssl_check=1&token=x"));
    }
    // With a wrong signature it claims to be signed, and is not.
    posts.push(Post::signed_by("another", Route::Commands, b"ssl_check=1&token=x", START_S));
    for post in posts {
        for shape in SHAPES {
            assert_eq!(setup.deliver(&post.event(shape)).await.status_code, 401, "{post:?}");
        }
    }
    let query = Post::unsigned(Route::Commands, COMMAND.as_bytes()).event(Shape::HttpApi);
    let query = query.replace(r#""rawQueryString":"""#, r#""rawQueryString":"ssl_check=1&token=x""#);
    assert!(query.contains("ssl_check"));
    assert_eq!(setup.deliver(&query).await.status_code, 401);
    assert_eq!(setup.taken(), 0);
}

#[tokio::test]
async fn a18_only_a_signed_challenge_is_echoed_as_text_and_only_a_short_one() {
    let setup = Setup::new();
    let challenge = |text: &str| json!({"type": "url_verification", "token": "t", "challenge": text}).to_string();
    let unsigned = setup.send(&Post::unsigned(Route::Events, challenge("3eZbrw1aBm2r").as_bytes())).await;
    assert_eq!((unsigned.status_code, unsigned.body.as_str()), (401, "unauthorized\n"));
    let answer = setup.signed(Route::Events, &challenge("3eZbrw1aBm2r")).await;
    assert_eq!((answer.status_code, answer.body.as_str()), (200, "3eZbrw1aBm2r"));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(setup.signed(Route::Events, &challenge(&"x".repeat(257))).await.status_code, 400);
    assert_eq!(setup.signed(Route::Events, &challenge("")).await.status_code, 400);
    assert_eq!(setup.taken(), 0);
}

#[tokio::test]
async fn a20_a_signed_request_for_somebody_else_is_refused_on_every_surface_and_audited() {
    let setup = Setup::new();
    let foreign: [(&str, Option<&str>, &str, &str, Refused); 4] = [
        ("T666", Some("A0MAYDAY"), "", "foreign team", Refused::ForeignTeam),
        ("", Some("A0MAYDAY"), "", "no team", Refused::ForeignTeam),
        ("T1DC2JH3J", Some("A666"), "", "foreign app", Refused::ForeignApp),
        ("T1DC2JH3J", Some("A0MAYDAY"), "E666", "foreign enterprise", Refused::ForeignEnterprise),
    ];
    for (team, app, enterprise, what, refused) in foreign {
        let command = format!("command=%2Fdr&user_id=U1&team_id={team}&api_app_id={}&enterprise_id={enterprise}", app.unwrap_or_default());
        let event =
            json!({"type": "event_callback", "team_id": team, "api_app_id": app, "enterprise_id": enterprise, "event": {}}).to_string();
        let mut posts = vec![(Route::Commands, command), (Route::Events, event)];
        for kind in ["block_actions", "view_submission", "view_closed", "block_suggestion", "message_action", "shortcut", "of_tomorrow"] {
            let view = json!({"callback_id": "restore", "blocks": []});
            let payload = json!({"type": kind, "team": {"id": team}, "api_app_id": app, "enterprise": {"id": enterprise}, "view": view});
            posts.push((Route::Interactions, interaction(&payload)));
        }
        for (route, body) in posts {
            let answer = setup.signed(route, &body).await;
            assert_eq!((answer.status_code, answer.body.as_str()), (403, "forbidden\n"), "{what} on {route:?}");
            assert_eq!(setup.last_taken().refused, Some(refused), "{what} on {route:?}");
        }
    }
    assert_eq!(setup.worker.taken.borrow().len(), 4 * 9, "each is left for the audit");
    assert!(setup.worker.asked.borrow().is_empty());
}

#[tokio::test]
async fn a20_on_a_grid_the_enterprise_stands_for_a_team_that_is_not_named() {
    let mut setup = Setup::new();
    setup.door.identity.enterprise = Some("E0OURS".to_owned());
    let click = |team: serde_json::Value, enterprise| payload("block_actions", &json!({"team": team, "enterprise": {"id": enterprise}}));
    assert_eq!(setup.signed(Route::Interactions, &interaction(&click(json!(null), "E0OURS"))).await.status_code, 200);
    assert_eq!(setup.signed(Route::Interactions, &interaction(&click(json!({"id": "T1DC2JH3J"}), "E0OURS"))).await.status_code, 200);
    assert_eq!(setup.signed(Route::Interactions, &interaction(&click(json!(null), "E666"))).await.status_code, 403);
    assert_eq!(setup.signed(Route::Interactions, &interaction(&click(json!({"id": "T666"}), "E0OURS"))).await.status_code, 403);
}

#[tokio::test]
async fn a21_every_route_denies_what_is_not_signed() {
    let secret = json!({"slack_signing_secret": SECRET, "pagerduty_webhook_secret": "pd"}).to_string();
    let setup = Setup::with(Stored::Text(secret));
    for route in Route::ALL {
        for body in [COMMAND, "", "{}", "payload={}", r#"{"type":"url_verification","challenge":"x"}"#] {
            for shape in SHAPES {
                let answer = setup.deliver(&Post::unsigned(route, body.as_bytes()).event(shape)).await;
                assert_eq!(answer.status_code, 401, "{route:?} {body}");
            }
        }
    }
    assert_eq!(setup.taken(), 0);
}

#[tokio::test]
async fn a22_denials_show_nothing_that_was_secret_or_sent() {
    let setup = Setup::new();
    let body = "token=legacy-token&team_id=T1&text=private-words&user_id=U1&command=%2Fdr";
    let good = Post::signed(Route::Commands, body.as_bytes(), START_S);
    let expected = good.headers.last().unwrap().1.clone();
    let wrong = Post::signed_by("another", Route::Commands, body.as_bytes(), START_S);
    let sent = wrong.headers.last().unwrap().1.clone();
    let answer = setup.send(&wrong).await;
    let foreign = setup.send(&good).await;
    assert_eq!((answer.status_code, foreign.status_code), (401, 403));
    let shown = format!(
        "{} {} {}",
        serde_json::to_string(&answer).unwrap(),
        serde_json::to_string(&foreign).unwrap(),
        setup.log.borrow().join("\n")
    );
    for secret in [SECRET, "xoxb", &expected[3..], &sent[3..], "legacy-token", "private-words"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("unknown_key") && shown.contains(REQUEST_ID), "and yet it can be found: {shown}");
}
