use proptest::prelude::*;

use super::*;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SIGNED_AT: i64 = 1_531_420_618;
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
    &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
    &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
    &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

fn key(text: &str) -> SigningSecret {
    SigningSecret::new(text).unwrap()
}

fn headers(timestamp: &str, signature: &str) -> Vec<(String, String)> {
    vec![(TIMESTAMP_HEADER.to_owned(), timestamp.to_owned()), (SIGNATURE_HEADER.to_owned(), signature.to_owned())]
}

fn check(timestamp: &str, signature: &str, body: &[u8]) -> Result<Verified, Denied> {
    verify(&headers(timestamp, signature), body, SIGNED_AT, &[key(SECRET)])
}

#[test]
fn a1_slacks_published_vector_is_accepted() {
    let verified = check("1531420618", SIGNATURE, BODY.as_bytes()).unwrap();
    assert_eq!(verified.signed_at_s, SIGNED_AT);
    assert_eq!(verified.signature_digest, hex::encode(Sha256::digest(SIGNATURE)));
    assert_eq!(sign(&key(SECRET), SIGNED_AT, BODY.as_bytes()), SIGNATURE);
}

#[test]
fn a2_missing_or_empty_headers_are_denied() {
    let all = headers("1531420618", SIGNATURE);
    let denied = |headers: &[(String, String)]| verify(headers, BODY.as_bytes(), SIGNED_AT, &[key(SECRET)]).unwrap_err();
    assert_eq!(denied(&[]), Denied::TimestampAbsent);
    assert_eq!(denied(&all[..1]), Denied::SignatureAbsent);
    assert_eq!(denied(&all[1..]), Denied::TimestampAbsent);
    assert_eq!(denied(&headers("", SIGNATURE)), Denied::TimestampAbsent);
    assert_eq!(denied(&headers("1531420618", "")), Denied::SignatureAbsent);
}

#[test]
fn a3_the_window_is_300_seconds_on_both_sides() {
    let at = |now_s| verify(&headers("1531420618", SIGNATURE), BODY.as_bytes(), now_s, &[key(SECRET)]);
    assert!(at(SIGNED_AT + 300).is_ok());
    assert!(at(SIGNED_AT - 300).is_ok());
    assert_eq!(at(SIGNED_AT + 301), Err(Denied::OutsideWindow));
    assert_eq!(at(SIGNED_AT - 301), Err(Denied::OutsideWindow));
    assert_eq!(at(i64::MIN), Err(Denied::OutsideWindow));
    assert_eq!(at(i64::MAX), Err(Denied::OutsideWindow));
}

#[test]
fn a4_only_plain_seconds_are_a_timestamp() {
    let long = "1".repeat(40);
    for text in [
        "abc",
        "1e9",
        "0x5f",
        " 12 ",
        "+12",
        "１５３１４２０６１８",
        &long,
        "-1531420618",
        "-9223372036854775808",
        "01531420618",
        "0",
        "1531420618.0",
        "1531420618 ",
        "1531420618,1531420618",
    ] {
        // Signed as the sender would have: it is the grammar that refuses, not the signature.
        let parts = [b"v0:".as_slice(), text.as_bytes(), b":", BODY.as_bytes()];
        let signature = format!("v0={}", hex::encode(key(SECRET).mac(&parts).unwrap().finalize().into_bytes()));
        assert_eq!(check(text, &signature, BODY.as_bytes()), Err(Denied::TimestampMalformed), "{text}");
    }
}

#[test]
fn a5_any_changed_digit_and_any_other_length_are_denied() {
    for at in 3..SIGNATURE.len() {
        for digit in "0123456789abcdef".chars().filter(|digit| !SIGNATURE[at..].starts_with(*digit)) {
            let changed = format!("{}{digit}{}", &SIGNATURE[..at], &SIGNATURE[at + 1..]);
            assert_eq!(check("1531420618", &changed, BODY.as_bytes()), Err(Denied::UnknownKey), "{changed}");
        }
        assert_eq!(check("1531420618", &SIGNATURE[..at], BODY.as_bytes()), Err(Denied::SignatureMalformed));
    }
    for extended in [format!("{SIGNATURE}0"), format!("{SIGNATURE}00"), format!("{SIGNATURE} "), format!(" {SIGNATURE}")] {
        assert_eq!(check("1531420618", &extended, BODY.as_bytes()), Err(Denied::SignatureMalformed), "{extended}");
    }
}

#[test]
fn a6_only_version_0_in_lower_case_is_a_signature() {
    let digits = &SIGNATURE[3..];
    for text in [
        format!("v1={digits}"),
        format!("V0={digits}"),
        digits.to_owned(),
        "v0=".to_owned(),
        format!("sha256={digits}"),
        format!("v0={}", digits.to_uppercase()),
    ] {
        assert_eq!(check("1531420618", &text, BODY.as_bytes()), Err(Denied::SignatureMalformed), "{text}");
    }
}

#[test]
fn a7_repeated_headers_are_denied_in_either_order() {
    let other = format!("v0={}", "0".repeat(64));
    for (name, value, why) in [
        (SIGNATURE_HEADER, SIGNATURE, Denied::SignatureRepeated),
        (SIGNATURE_HEADER, other.as_str(), Denied::SignatureRepeated),
        (TIMESTAMP_HEADER, "1531420618", Denied::TimestampRepeated),
        ("X-Slack-Signature", "", Denied::SignatureRepeated),
    ] {
        let mut repeated = headers("1531420618", SIGNATURE);
        repeated.push((name.to_owned(), value.to_owned()));
        assert_eq!(verify(&repeated, BODY.as_bytes(), SIGNED_AT, &[key(SECRET)]), Err(why));
        repeated.rotate_right(1);
        assert!(verify(&repeated, BODY.as_bytes(), SIGNED_AT, &[key(SECRET)]).is_err());
    }
    let joined = format!("{SIGNATURE},{other}");
    assert_eq!(check("1531420618", &joined, BODY.as_bytes()), Err(Denied::SignatureMalformed));
}

#[test]
fn a8_header_names_count_in_any_case() {
    let headers =
        [("X-SLACK-REQUEST-TIMESTAMP".to_owned(), "1531420618".to_owned()), ("X-Slack-Signature".to_owned(), SIGNATURE.to_owned())];
    assert!(verify(&headers, BODY.as_bytes(), SIGNED_AT, &[key(SECRET)]).is_ok());
}

#[test]
fn a10_raw_bytes_are_what_is_signed() {
    for body in ["🔥 é\u{301}".as_bytes(), b"\0", b"\r\n\r\n", b"\xff\xfe\xc0\xaf", b""] {
        let signature = sign(&key(SECRET), SIGNED_AT, body);
        assert!(check("1531420618", &signature, body).is_ok());
    }
}

#[test]
fn a13_a_blank_secret_is_none_and_no_secret_denies() {
    for blank in ["", " ", "\t\r\n", "\u{a0}"] {
        assert!(SigningSecret::new(blank).is_none());
    }
    assert_eq!(verify(&headers("1531420618", SIGNATURE), BODY.as_bytes(), SIGNED_AT, &[]), Err(Denied::UnknownKey));
}

#[test]
fn a14_both_secrets_of_a_rotation_sign_and_a_third_does_not() {
    let (new, third) = (key("the-new-one"), key("a-third-one"));
    let old_headers = headers("1531420618", SIGNATURE);
    let new_headers = headers("1531420618", &sign(&new, SIGNED_AT, BODY.as_bytes()));
    for keys in [[new.clone(), key(SECRET)], [key(SECRET), new.clone()]] {
        assert!(verify(&old_headers, BODY.as_bytes(), SIGNED_AT, &keys).is_ok());
        assert!(verify(&new_headers, BODY.as_bytes(), SIGNED_AT, &keys).is_ok());
    }
    assert_eq!(verify(&old_headers, BODY.as_bytes(), SIGNED_AT, &[new, third]), Err(Denied::UnknownKey));
}

#[test]
fn a22_neither_a_secret_nor_a_denial_shows_anything() {
    assert!(!format!("{:?}", key(SECRET)).contains(SECRET));
    let shown = check("1531420618", &SIGNATURE.replace('5', "6"), BODY.as_bytes()).unwrap_err();
    assert_eq!(format!("{shown} {shown:?}"), "unknown_key UnknownKey");
}

#[test]
fn a_secret_is_kept_without_the_white_space_around_it() {
    assert!(verify(&headers("1531420618", SIGNATURE), BODY.as_bytes(), SIGNED_AT, &[key(&format!(" {SECRET}\n"))]).is_ok());
}

proptest! {
    #[test]
    fn a5_any_flipped_bit_of_the_body_is_denied(body in proptest::collection::vec(any::<u8>(), 1..200), at in any::<proptest::sample::Index>(), bit in 0..8_u8) {
        let signature = sign(&key(SECRET), SIGNED_AT, &body);
        let mut flipped = body.clone();
        flipped[at.index(body.len())] ^= 1_u8 << bit;
        prop_assert_eq!(check("1531420618", &signature, &flipped), Err(Denied::UnknownKey));
        prop_assert!(check("1531420618", &signature, &body).is_ok());
    }

    #[test]
    fn a11_reordered_or_re_encoded_forms_are_denied(left in "[a-z]{1,8}", right in "[a-z]{1,8}", word in "[a-z]{1,8}") {
        let sent = format!("x={left}+{word}&y={right}");
        let signature = sign(&key(SECRET), SIGNED_AT, sent.as_bytes());
        for changed in [format!("y={right}&x={left}+{word}"), format!("x={left}%20{word}&y={right}")] {
            prop_assert_eq!(check("1531420618", &signature, changed.as_bytes()), Err(Denied::UnknownKey));
        }
    }

    #[test]
    fn a4_no_header_text_panics(timestamp in "\\PC{0,50}", signature in "\\PC{0,90}") {
        prop_assert!(check(&timestamp, &signature, BODY.as_bytes()).is_err());
    }
}
