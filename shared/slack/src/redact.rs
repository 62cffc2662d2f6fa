//! Takes secrets out of text before it is shown or logged: errors of vendors quote what they were given.

use std::borrow::Cow;

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// How Slack's tokens begin: bot, user, app-level, refresh and the rest.
const SLACK_TOKENS: [&str; 3] = ["xox", "xapp-", "xwfp-"];
/// How AWS access key ids begin: lasting and temporary ones.
const AWS_KEYS: [&str; 2] = ["AKIA", "ASIA"];
/// How the task tokens of Step Functions begin.
const TASK_TOKEN: &str = "AAAAKgAAAAIAAAAA";

/// How far before a colon the scheme of a connection string is looked for, in bytes.
const MAX_USER: usize = 200;

/// The text without Slack tokens, AWS access keys, task tokens and the passwords in connection strings.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, secret)) = next_secret(rest) {
        out.push_str(rest.get(..before).unwrap_or_default());
        out.push_str(REDACTED);
        rest = rest.get(before + secret..).unwrap_or_default();
    }
    if out.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Where the next secret begins and how long it is, in bytes.
fn next_secret(text: &str) -> Option<(usize, usize)> {
    text.char_indices().find_map(|(at, _)| {
        let rest = text.get(at..)?;
        let length = slack_token(rest).or_else(|| aws_key(rest)).or_else(|| task_token(rest)).or_else(|| password(text, at))?;
        Some((at, length))
    })
}

fn slack_token(text: &str) -> Option<usize> {
    SLACK_TOKENS.iter().find(|prefix| text.starts_with(**prefix))?;
    let length = run(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    let head = text.get(..length)?;
    (head.contains('-') && length >= 10).then_some(length)
}

fn aws_key(text: &str) -> Option<usize> {
    AWS_KEYS.iter().find(|prefix| text.starts_with(**prefix))?;
    let length = run(text, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (length >= 20).then_some(length)
}

fn task_token(text: &str) -> Option<usize> {
    text.starts_with(TASK_TOKEN).then(|| run(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')))
}

/// The part between the colon and the at sign of `scheme://user:password@host`, if `at` is where it begins.
fn password(text: &str, at: usize) -> Option<usize> {
    let (before, rest) = (text.get(..at)?.strip_suffix(':')?, text.get(at..)?);
    // A bounded look back keeps the whole linear in the text's length.
    let before = (before.len().saturating_sub(MAX_USER)..=before.len()).find_map(|from| before.get(from..))?;
    let user = before.rsplit("://").next().filter(|user| user.len() < before.len())?;
    let in_url = |byte: u8| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'"' | b'\'' | b'<' | b'>');
    if !user.bytes().all(|byte| in_url(byte) && byte != b'@' && byte != b':') {
        return None;
    }
    // A password may itself contain an at sign: the last one before the path ends it.
    let length = rest.get(..run(rest, in_url))?.rfind('@')?;
    (length > 0).then_some(length)
}

fn run(text: &str, belongs: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| belongs(*byte)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn k8_secrets_in_errors_are_taken_out() {
        let token = format!("{TASK_TOKEN}{}==", "Qk9/".repeat(60));
        for secret in [
            "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
            "xoxe.xoxp-1-Mi0yLTE",
            "xapp-1-A111-222-abcdef",
            "AKIAIOSFODNN7EXAMPLE",
            "ASIAIOSFODNN7EXAMPLE",
            &token,
        ] {
            for (before, after) in [("", ""), ("denied for ", ", try again"), ("(\"", "\")"), ("é", "é")] {
                assert_eq!(redact(&format!("{before}{secret}{after}")), format!("{before}{REDACTED}{after}"));
            }
        }
    }

    #[test]
    fn k8_of_a_connection_string_the_password_alone_is_taken_out() {
        for (dsn, shown) in [
            ("postgres://app:s3cret@db.internal:5432/orders", "postgres://app:[redacted]@db.internal:5432/orders"),
            ("cannot reach mysql://app:p@ss:w@db/x now", "cannot reach mysql://app:[redacted]@db/x now"),
            ("redis://:pw@cache", "redis://:[redacted]@cache"),
        ] {
            assert_eq!(redact(dsn), shown);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "",
            "restore orders to 14:05",
            "https://db:5432/x",
            "https://a.b/c:d@e",
            "mail to a:b@c",
            "xoxo",
            "AKIA",
            "user@host",
            "10:00@noon",
        ] {
            assert!(matches!(redact(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn k8_wherever_a_token_is_planted_it_is_gone(before in "\\PC{0,40}", after in "\\PC{0,40}") {
            for secret in ["xoxb-17653672481-pdFZKVeTuE8sk7oO", "AKIAIOSFODNN7EXAMPLE"] {
                let planted = format!("{before} {secret} {after}");
                prop_assert!(!redact(&planted).contains(secret));
            }
        }
    }
}
