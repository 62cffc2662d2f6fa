//! One question to the worker, and its answer.

use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use mayday_core::{
    desk::{Answered, Asked, Outcome},
    ident::ulid_text,
};
use mayday_notify::{AwsKeys, signed};
use mayday_proof::Intent;
use reqwest::{Response, StatusCode, header::DATE};
use serde_json::json;

use super::{
    keys,
    place::{Place, places},
};

/// The worker's own limit, and some for the way.
const LIMIT: Duration = Duration::from_secs(45);
/// A clock that differs by more is turned away, by AWS and by the worker.
const WINDOW: SignedDuration = SignedDuration::from_mins(4);

/// The line to an installation.
pub(super) struct Line {
    http: reqwest::Client,
    places: Vec<Place>,
    keys: AwsKeys,
}

impl Line {
    /// Finds out where the bot is and whose hands these are. Nothing is called.
    pub(super) async fn new(function: Option<&str>) -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "the one place where this program's environment is read")]
        let variable = |name: &str| std::env::var(name).ok();
        let places = places(function, &variable)?;
        let http = mayday_notify::client().context("there can be no HTTP client")?;
        Ok(Self { http, places, keys: keys::find(&variable).await? })
    }

    /// Asks one worker after the other until one answers. It is the same wish wherever it arrives: it is done once.
    pub(super) async fn ask(&self, asked: &Asked) -> anyhow::Result<Answered> {
        let nonce = nonce()?;
        let mut trouble = Vec::new();
        for place in &self.places {
            match self.ask_at(place, &nonce, asked).await {
                Ok(answered) => return Ok(answered),
                Err(error) => trouble.push(format!("{}: {error:#}", place.region)),
            }
        }
        anyhow::bail!("{}. If it did arrive, it is done all the same: look before you ask again", trouble.join("; "))
    }

    async fn ask_at(&self, place: &Place, nonce: &str, asked: &Asked) -> anyhow::Result<Answered> {
        let intent = Intent { installation: place.installation.clone(), nonce: nonce.to_owned(), asked: asked.clone() };
        #[expect(clippy::disallowed_methods, reason = "the one place where this program asks for the time")]
        let now = Timestamp::now();
        let mut off = SignedDuration::ZERO;
        // Once more by the other's clock, where this machine's is wrong.
        for last in [false, true] {
            let at = now.checked_add(off).unwrap_or(now);
            let response = self.invoke(place, &intent, at).await?;
            let theirs = response.headers().get(DATE).and_then(|date| jiff::fmt::rfc2822::parse(date.to_str().ok()?).ok());
            let skew = theirs.map(|date| date.timestamp().duration_since(now)).filter(|skew| skew.abs() > WINDOW);
            if let Some(skew) = skew.filter(|_| response.status() == StatusCode::FORBIDDEN && !last) {
                off = skew;
                continue;
            }
            let answered = answer(response).await?;
            if answered.outcome != Outcome::WrongClock || last {
                return Ok(answered);
            }
            off = answered.now.duration_since(now);
        }
        anyhow::bail!("the clocks can't be brought together")
    }

    async fn invoke(&self, place: &Place, intent: &Intent, at: Timestamp) -> anyhow::Result<Response> {
        let proof = intent.sign(&self.keys, &place.sts, at).map_err(|error| anyhow::anyhow!("{error}"))?;
        let request = http::Request::post(&place.url)
            .header("content-type", "application/json")
            .header("x-amz-invocation-type", "RequestResponse")
            .body(json!({"terminal": proof}).to_string())?;
        let keys = AwsKeys { region: place.region.clone(), ..self.keys.clone() };
        let mut request = signed(&keys, "lambda", at, request).map_err(|error| anyhow::anyhow!("{error}"))?;
        *request.timeout_mut() = Some(LIMIT);
        self.http.execute(request).await.map_err(|error| anyhow::anyhow!("no answer ({})", why(&error)))
    }
}

fn why(error: &reqwest::Error) -> &'static str {
    match () {
        () if error.is_connect() => "no connection",
        () if error.is_timeout() => "not in time",
        () => "the connection broke",
    }
}

async fn answer(response: Response) -> anyhow::Result<Answered> {
    let (status, failed) = (response.status(), response.headers().contains_key("x-amz-function-error"));
    let body = response.text().await.context("the answer broke off")?;
    if status.is_success() && !failed {
        return serde_json::from_str(&body).context("the answer is not understood: is this program as new as the bot?");
    }
    let said: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let text = ["errorMessage", "Message", "message"].iter().find_map(|name| said.get(name)?.as_str()).unwrap_or_default();
    match status {
        StatusCode::FORBIDDEN => anyhow::bail!("AWS does not let you invoke the worker's alias `{}`: {text}", mayday_proof::ALIAS),
        _ if failed => anyhow::bail!(
            "the worker broke off ({text}). Its log group, /aws/lambda/ and its name, says why; one that can't start lacks something in the secret with \
             the bot's keys"
        ),
        _ => anyhow::bail!("the worker did not answer (HTTP status {}): {text}", status.as_u16()),
    }
}

/// Never used before.
fn nonce() -> anyhow::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("there is no randomness: {error}"))?;
    Ok(ulid_text(Timestamp::UNIX_EPOCH, u128::from_be_bytes(random)))
}
