//! Where the keys come from, and what happens when they don't.

use super::setup::*;
use crate::event::Route;

async fn command_signed_by(setup: &Setup, secret: &str) -> u16 {
    setup.send(&Post::signed_by(secret, Route::Commands, COMMAND.as_bytes(), setup.now_s())).await.status_code
}

#[tokio::test]
async fn a13_without_a_secret_every_route_is_closed_and_an_alarm_can_tell() {
    for stored in [
        Stored::Missing,
        Stored::Text(keys("", "")),
        Stored::Text(keys(" \n", "")),
        Stored::Text(keys("", SECRET)),
        Stored::Text("{}".to_owned()),
        Stored::Text(r#"{"slack_signing_secret":null}"#.to_owned()),
        Stored::Text(SECRET.to_owned()),
    ] {
        let setup = Setup::with(stored);
        setup.door.warm().await;
        for route in Route::ALL {
            for body in [COMMAND, "ssl_check=1&token=x"] {
                for post in [Post::unsigned(route, body.as_bytes()), Post::signed(route, body.as_bytes(), START_S)] {
                    let answer = setup.send(&post).await;
                    assert_eq!((answer.status_code, answer.body.as_str()), (503, "not configured\n"), "{route:?}");
                }
            }
        }
        assert_eq!(setup.taken(), 0);
        assert!(setup.counted().iter().all(|metric| metric == "ingress_keys_missing"));
        assert!(!setup.counted().is_empty());
    }
}

#[tokio::test]
async fn a14_during_a_rotation_both_secrets_open_and_afterwards_the_old_one_does_not() {
    let setup = Setup::with(Stored::Text(keys("new", "old")));
    assert_eq!(command_signed_by(&setup, "new").await, 200);
    assert_eq!(command_signed_by(&setup, "old").await, 200);
    assert_eq!(command_signed_by(&setup, "third").await, 401);
    setup.store(Stored::Text(keys("new", "")));
    setup.advance(301);
    assert_eq!(command_signed_by(&setup, "old").await, 401);
    assert_eq!(command_signed_by(&setup, "new").await, 200);
}

#[tokio::test]
async fn a14_a_secret_swapped_in_mid_flight_is_found_at_its_first_use() {
    let setup = Setup::with(Stored::Text(keys("old", "")));
    assert_eq!(command_signed_by(&setup, "old").await, 200);
    setup.store(Stored::Text(keys("new", "old")));
    setup.advance(61);
    assert_eq!(command_signed_by(&setup, "new").await, 200);
    assert_eq!(command_signed_by(&setup, "old").await, 200);
}

#[tokio::test]
async fn a14_unknown_keys_have_the_secret_read_once_a_minute_at_most() {
    let setup = Setup::new();
    assert_eq!(command_signed_by(&setup, SECRET).await, 200);
    for _ in 0..50 {
        assert_eq!(command_signed_by(&setup, "guess").await, 401);
    }
    assert_eq!(setup.vault.reads.get(), 1, "it was read less than a minute ago");
    setup.advance(60);
    for _ in 0..50 {
        assert_eq!(command_signed_by(&setup, "guess").await, 401);
    }
    assert_eq!(setup.vault.reads.get(), 2);
}

#[tokio::test]
async fn fresh_keys_are_used_for_five_minutes() {
    let setup = Setup::new();
    setup.door.warm().await;
    setup.advance(300);
    assert_eq!(command_signed_by(&setup, SECRET).await, 200);
    assert_eq!(setup.vault.reads.get(), 1);
    setup.advance(1);
    assert_eq!(command_signed_by(&setup, SECRET).await, 200);
    assert_eq!(setup.vault.reads.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn a15_a_cold_door_without_the_vault_is_closed_until_the_vault_is_back() {
    for stored in [Stored::Down, Stored::Hangs] {
        let setup = Setup::with(stored);
        setup.door.warm().await;
        assert_eq!(command_signed_by(&setup, SECRET).await, 503);
        assert_eq!(setup.counted(), ["ingress_keys_unavailable", "ingress_keys_unavailable"]);
        setup.store(Stored::Text(keys(SECRET, "")));
        assert_eq!(command_signed_by(&setup, SECRET).await, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a15_a_warm_door_uses_its_keys_for_a_day_without_the_vault() {
    for down in [|| Stored::Down, || Stored::Hangs] {
        let setup = Setup::new();
        setup.door.warm().await;
        setup.store(down());
        setup.advance(24 * 3600);
        assert_eq!(command_signed_by(&setup, SECRET).await, 200);
        assert_eq!(setup.counted(), ["ingress_keys_unavailable"]);
        assert_eq!(command_signed_by(&setup, SECRET).await, 200);
        assert_eq!(setup.vault.reads.get(), 2, "a vault that just failed is left alone for a while");
        setup.advance(1);
        assert_eq!(command_signed_by(&setup, SECRET).await, 503, "but not for more than a day");
        assert_eq!(setup.taken(), 2);
    }
}

#[tokio::test]
async fn a15_a_secret_that_was_deleted_closes_a_warm_door() {
    let setup = Setup::new();
    setup.door.warm().await;
    setup.store(Stored::Missing);
    setup.advance(301);
    assert_eq!(command_signed_by(&setup, SECRET).await, 503);
}
