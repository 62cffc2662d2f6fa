//! What is measured: a function, the event that it is given, the answer that shows that it did its work, and how good it has to be.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use bytes::Bytes;
use mayday_local::lambda::{Function, Outcome};
use mayday_slack::verify::{SIGNATURE_HEADER, SigningSecret, TIMESTAMP_HEADER, sign};
use serde_json::{Value, json};

use crate::peers::SIGNING_SECRET;

/// The stock hello, which everything is measured against.
pub(crate) const STOCK: &str = "stock hello";
/// The hello that is as lean as it gets.
pub(crate) const TUNED: &str = "tuned hello";
/// The same hello linked statically, as the door is: nothing is asked of anybody beside it, it shows what is left.
pub(crate) const STATIC: &str = "tuned hello, static";
/// The stock hello whose file has to be read from the disk.
pub(crate) const STOCK_FROM_DISK: &str = "stock hello, from disk";

/// How good a case has to be: of the medians over all rounds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// Process CPU until the answer is at most so many times that of another case in the same round.
    Cpu(f64, &'static str),
    /// The same for the time that passes.
    Wall(f64, &'static str),
    /// At most so many MB are ever resident.
    PeakMb(f64),
    /// Process CPU until the answer is at most so many ms more than that of another case in the same round.
    MoreCpuMs(f64, &'static str),
}

/// Makes the next event.
pub(crate) type NextEvent = Box<dyn Fn() -> anyhow::Result<Bytes> + Send + Sync>;
/// Says whether the work of the last event was done, by its answer or by what came of it elsewhere.
pub(crate) type Check = Box<dyn Fn(&Value) -> anyhow::Result<()> + Send + Sync>;

/// One line of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) function: Function,
    pub(crate) event: NextEvent,
    pub(crate) check: Check,
    /// Whether the invocation is meant to fail, as that of a worker that can't reach its table.
    pub(crate) fails: bool,
    /// Whether the package is read from the disk at each start.
    pub(crate) from_disk: bool,
    /// How many invocations of a warm process are timed; a process that is not asked twice has none.
    pub(crate) warm: usize,
    pub(crate) targets: Vec<Target>,
}

impl Case {
    /// Whether that was the right answer.
    pub(crate) fn judge(&self, outcome: &Outcome) -> anyhow::Result<()> {
        let text = String::from_utf8_lossy(&outcome.payload);
        ensure!(outcome.failed == self.fails, "{} failed, or was to: {text}", self.name);
        (self.check)(&serde_json::from_str(&text)?).map_err(|error| error.context(format!("{} answered {text}", self.name)))
    }
}

/// The event of both floors, and what they say to it.
pub(crate) fn hello(name: &'static str, function: Function) -> Case {
    Case {
        name,
        function,
        event: Box::new(|| Ok(json!({"name": "Mayday"}).to_string().into())),
        check: Box::new(|answer| {
            ensure!(answer["message"] == "Hello, Mayday!", "that is not a greeting");
            Ok(())
        }),
        fails: false,
        from_disk: false,
        warm: 300,
        targets: Vec::new(),
    }
}

/// Slack asks whether somebody is there: signed, answered by the door alone.
pub(crate) fn challenge(name: &'static str, function: Function, targets: &[Target]) -> Case {
    let body = json!({"token": "t", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", "type": "url_verification"});
    Case {
        name,
        function,
        event: Box::new(move || http_event("/slack/events", "application/json", &body.to_string(), SIGNING_SECRET)),
        check: Box::new(|answer| {
            ensure!(answer["statusCode"] == 200, "the challenge was not taken");
            ensure!(answer["body"].as_str().is_some_and(|body| body.contains("3eZbrw1aBm2rZgRNFdxV")), "the challenge is not in it");
            Ok(())
        }),
        fails: false,
        from_disk: false,
        warm: 300,
        targets: targets.to_vec(),
    }
}

/// What the wrong secret signed.
pub(crate) fn refused(name: &'static str, function: Function, targets: &[Target]) -> Case {
    Case {
        name,
        function,
        event: Box::new(|| http_event("/slack/commands", FORM, COMMAND, "ffffffffffffffffffffffffffffffff")),
        check: Box::new(|answer| {
            ensure!(answer["statusCode"] == 401, "it was let in");
            Ok(())
        }),
        fails: false,
        from_disk: false,
        warm: 300,
        targets: targets.to_vec(),
    }
}

/// A door that can't read its keys, and says so.
pub(crate) fn without_keys(name: &'static str, function: Function, targets: &[Target]) -> Case {
    Case {
        check: Box::new(|answer| {
            ensure!(answer["statusCode"] == 503, "it has found keys");
            Ok(())
        }),
        warm: 0,
        ..challenge(name, function, targets)
    }
}

/// A command that goes on to the worker. `taken` says how many the worker's service has taken so far.
pub(crate) fn handed_over(
    name: &'static str,
    function: Function,
    taken: impl Fn() -> u64 + Send + Sync + 'static,
    targets: &[Target],
) -> Case {
    let seen = std::sync::atomic::AtomicU64::new(0);
    Case {
        name,
        function,
        event: Box::new(|| http_event("/slack/commands", FORM, COMMAND, SIGNING_SECRET)),
        check: Box::new(move |answer| {
            ensure!(answer["statusCode"] == 200 && answer["body"] == "", "the command was not taken");
            let now = taken();
            ensure!(now > seen.swap(now, std::sync::atomic::Ordering::SeqCst), "nothing came to the worker");
            Ok(())
        }),
        fails: false,
        from_disk: false,
        warm: 300,
        targets: targets.to_vec(),
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
/// The team and app that the bench's door serves.
pub(crate) const IDS: [(&str, &str); 2] = [("MAYDAY_SLACK_TEAM", "T0BENCH"), ("MAYDAY_SLACK_APP", "A0BENCH")];
const COMMAND: &str = "token=t&team_id=T0BENCH&team_domain=bench&channel_id=C0BENCH&channel_name=recovery&user_id=U0BENCH&user_name=kim\
    &command=%2Fdr&text=status&api_app_id=A0BENCH&is_enterprise_install=false&trigger_id=1.2.3\
    &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT0BENCH%2F1%2Fx";

/// An event of a function URL or an HTTP API, with the headers that Slack and AWS put there.
fn http_event(path: &str, content_type: &str, body: &str, secret: &str) -> anyhow::Result<Bytes> {
    let secret = SigningSecret::new(secret).ok_or_else(|| anyhow::anyhow!("a blank secret"))?;
    let now_s = i64::try_from(now().as_secs())?;
    let event = json!({
        "version": "2.0",
        "routeKey": format!("POST {path}"),
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "accept": "application/json,*/*",
            "accept-encoding": "gzip,deflate",
            "content-length": body.len().to_string(),
            "content-type": content_type,
            "host": "bot.example.com",
            "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "x-amzn-trace-id": "Root=1-5e1b4151-5ac6c58dc39a6f1b6a5e3b1c",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            TIMESTAMP_HEADER: now_s.to_string(),
            SIGNATURE_HEADER: sign(&secret, now_s, body.as_bytes()),
        },
        "requestContext": {
            "accountId": "000000000000", "apiId": "a1b2c3", "domainName": "bot.example.com", "domainPrefix": "bot",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "Slackbot 1.0"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": format!("POST {path}"), "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000", "timeEpoch": 1_773_342_238_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    });
    Ok(event.to_string().into())
}

/// Since 1970.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
