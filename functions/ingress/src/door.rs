//! The door itself: one request in, one answer out.

use std::{rc::Rc, time::Duration};

use mayday_slack::{
    envelope::{self, Body, Envelope, Refused},
    response_url::{Origin, ResponseUrl},
    verify::{self, Denied, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verified},
};

use crate::{
    answer::{Answer, doubtful, ephemeral, lost},
    clock::Clock,
    event::{Request, Route},
    keys::{KeyCache, Keys, Look},
    log::{Log, Metric},
    message::{Identity, Kind, Message, is_certificate_check},
    pagerduty,
    port::{Lost, Replies, Vault, VaultError, Worker},
};

/// The first try and the second one: together with reading the keys and telling the person, within Slack's three seconds.
const HAND_OVER_LIMITS: [Duration; 2] = [Duration::from_millis(900), Duration::from_millis(600)];
/// How long a search field waits for its options.
const ASK_LIMIT: Duration = Duration::from_millis(2500);
/// How long telling the person may take when the worker can't be reached.
const REPLY_LIMIT: Duration = Duration::from_millis(500);
/// A content type worth handing on is shorter, and so is a retry's number.
const MAX_HEADER: usize = 128;

/// Verifies, hands over, answers.
pub(crate) struct Door<V, W, R> {
    /// Whom we serve.
    pub(crate) identity: Identity,
    /// What to verify with.
    pub(crate) keys: KeyCache<V>,
    /// Who does the work.
    pub(crate) worker: W,
    /// How to tell somebody that the worker can't be reached.
    pub(crate) replies: R,
    /// The one other origin, besides Slack's, that replies may go to.
    pub(crate) slack_api_url: Option<Origin>,
    /// The time.
    pub(crate) clock: Clock,
    /// What happened.
    pub(crate) log: Log,
}

/// One invocation.
struct Visit<'a> {
    id: &'a str,
    now_ms: i64,
}

impl Visit<'_> {
    fn now_s(&self) -> i64 {
        self.now_ms.div_euclid(1000)
    }

    /// As much of the id as a person can read out.
    fn reference(&self) -> &str {
        self.id.get(..8).unwrap_or(self.id)
    }
}

impl<V: Vault, W: Worker, R: Replies> Door<V, W, R> {
    /// Reads the keys before anybody knocks.
    pub(crate) async fn warm(&self) {
        let visit = Visit { id: "init", now_ms: (self.clock)() };
        let look = self.keys.current(visit.now_ms).await;
        self.note(&visit, &look);
    }

    /// Answers one HTTP request, in whichever of the three event shapes it comes.
    pub(crate) async fn handle(&self, event: &str, request_id: &str) -> Answer {
        let visit = Visit { id: request_id, now_ms: (self.clock)() };
        self.take(event, &visit).await.unwrap_or_else(|answer| answer)
    }

    async fn take(&self, event: &str, visit: &Visit<'_>) -> Result<Answer, Answer> {
        let request = Request::read(event)?;
        let look = self.keys.current(visit.now_ms).await;
        self.note(visit, &look);
        let keys = look.keys.ok_or_else(Answer::not_configured)?;
        match request.route {
            Route::Pagerduty => self.take_pagerduty(&request, &keys, visit).await,
            Route::Commands if is_unsigned(&request) && is_certificate_check(&request.body) => Ok(Answer::taken()),
            Route::Commands | Route::Interactions | Route::Events => self.take_slack(&request, &keys, visit).await,
        }
    }

    async fn take_slack(&self, request: &Request, keys: &Rc<Keys>, visit: &Visit<'_>) -> Result<Answer, Answer> {
        let verified = self.verified(request, keys, visit).await.map_err(|denied| {
            let metric = if denied == Denied::OutsideWindow { Metric::ClockSkew } else { Metric::Denied };
            self.log.count(metric, visit.now_ms, visit.id, &denied.to_string());
            Answer::unauthorized()
        })?;
        let message = Message::read(request.route, &request.body).map_err(|_| Answer::bad_request())?;
        match &message.kind {
            Kind::Challenge(challenge) => return Ok(Answer::challenge(challenge)),
            Kind::CertificateCheck => return Ok(Answer::taken()),
            _ => {}
        }
        let refused = self.identity.refuses(&message.ids);
        let envelope = envelope(envelope::Door::Slack, request, visit, verified, refused);
        if refused.is_some() {
            return Ok(self.turn_away(&envelope, visit).await);
        }
        if matches!(message.kind, Kind::Suggestion) {
            return Ok(self.suggest(&envelope, visit).await);
        }
        match self.hand_over(&envelope, visit).await {
            Ok(()) => Ok(match &message.kind {
                Kind::Submission(view) => Answer::checking(view),
                _ => Answer::taken(),
            }),
            Err(error) => Ok(self.tell(&message.kind, &error, visit).await),
        }
    }

    async fn take_pagerduty(&self, request: &Request, keys: &Keys, visit: &Visit<'_>) -> Result<Answer, Answer> {
        if keys.pagerduty.is_empty() {
            return Err(Answer::not_configured());
        }
        let Some(signature_digest) = pagerduty::verify(&request.headers, &request.body, &keys.pagerduty) else {
            self.log.count(Metric::Denied, visit.now_ms, visit.id, "pagerduty_signature");
            return Err(Answer::unauthorized());
        };
        let verified = Verified { signature_digest, signed_at_s: visit.now_s() };
        let envelope = envelope(envelope::Door::Pagerduty, request, visit, verified, None);
        Ok(if self.hand_over(&envelope, visit).await.is_ok() { Answer::taken() } else { Answer::unavailable() })
    }

    /// Verifies, and once more with fresh keys if the signature is good in form and time: a rotation may just have happened.
    async fn verified(&self, request: &Request, keys: &Keys, visit: &Visit<'_>) -> Result<Verified, Denied> {
        let check = |keys: &Keys| verify::verify(&request.headers, &request.body, visit.now_s(), &keys.slack);
        match check(keys) {
            Err(Denied::UnknownKey) => {
                let Some(look) = self.keys.after_unknown_key(visit.now_ms).await else { return Err(Denied::UnknownKey) };
                self.note(visit, &look);
                look.keys.map_or(Err(Denied::UnknownKey), |keys| check(&keys))
            }
            other => other,
        }
    }

    /// Leaves the envelope with the worker; a second try, since a second delivery is recognized and a lost one is not.
    async fn hand_over(&self, envelope: &Envelope, visit: &Visit<'_>) -> Result<(), Lost> {
        let bytes = encode(envelope)?;
        let mut doubt = None;
        let mut last = None;
        for limit in HAND_OVER_LIMITS {
            match within(limit, self.worker.hand_over(&bytes)).await {
                Ok(()) => return Ok(()),
                Err(Lost::Doubtful(why)) => doubt = Some(why),
                Err(Lost::NotTaken(why)) => last = Some(why),
            }
        }
        let lost = doubt.map(Lost::Doubtful).unwrap_or_else(|| Lost::NotTaken(last.unwrap_or_default()));
        self.log.count(Metric::HandOverFailed, visit.now_ms, visit.id, &lost.to_string());
        Err(lost)
    }

    /// The worker records that somebody else's request came here; whether it can or not, nothing is done.
    async fn turn_away(&self, envelope: &Envelope, visit: &Visit<'_>) -> Answer {
        self.log.count(Metric::Foreign, visit.now_ms, visit.id, &format!("{:?}", envelope.refused));
        match self.hand_over(envelope, visit).await {
            Ok(()) | Err(_) => Answer::foreign(),
        }
    }

    /// A search field can't wait for a later edit: the worker is asked, and no answer in time is an empty list.
    async fn suggest(&self, envelope: &Envelope, visit: &Visit<'_>) -> Answer {
        let Ok(bytes) = encode(envelope) else { return Answer::no_options() };
        let answer = within(ASK_LIMIT, self.worker.ask(&bytes)).await.map_err(|lost| lost.to_string());
        let options = answer.and_then(|bytes| match serde_json::from_slice::<serde_json::Value>(&bytes) {
            Ok(json) if json.get("options").or_else(|| json.get("option_groups")).is_some_and(serde_json::Value::is_array) => Ok(json),
            _ => Err("the worker answered no options".to_owned()),
        });
        match options {
            Ok(json) => Answer::json(&json),
            Err(why) => {
                self.log.count(Metric::HandOverFailed, visit.now_ms, visit.id, &why);
                Answer::no_options()
            }
        }
    }

    /// Says that a request was lost, where the person is looking.
    async fn tell(&self, kind: &Kind, error: &Lost, visit: &Visit<'_>) -> Answer {
        let sentence = |what| match error {
            Lost::NotTaken(_) => lost(what, visit.reference()),
            Lost::Doubtful(_) => doubtful(what, visit.reference()),
        };
        match kind {
            Kind::Command => Answer::lost_command(&sentence("command")),
            Kind::Submission(view) => Answer::lost_form(view, &sentence("form")),
            Kind::Interaction { response_url } => self.reply(response_url.as_deref(), &sentence("click")).await,
            _ => Answer::unavailable(),
        }
    }

    /// A click's answer has no place for a sentence: it goes to the response URL, else Slack's own warning mark has to do.
    async fn reply(&self, response_url: Option<&str>, sentence: &str) -> Answer {
        let url = response_url.and_then(|url| ResponseUrl::new(url, self.slack_api_url.as_ref()));
        let Some(url) = url else { return Answer::unavailable() };
        match within(REPLY_LIMIT, self.replies.post(&url, &ephemeral(sentence).to_string())).await {
            Ok(()) => Answer::taken(),
            Err(_) => Answer::unavailable(),
        }
    }

    fn note(&self, visit: &Visit<'_>, look: &Look) {
        if let Some(trouble) = &look.trouble {
            let metric = if matches!(trouble, VaultError::Missing) { Metric::KeysMissing } else { Metric::KeysUnavailable };
            self.log.count(metric, visit.now_ms, visit.id, &trouble.to_string());
        }
    }
}

fn is_unsigned(request: &Request) -> bool {
    request.header(SIGNATURE_HEADER).is_none() && request.header(TIMESTAMP_HEADER).is_none()
}

fn envelope(door: envelope::Door, request: &Request, visit: &Visit<'_>, verified: Verified, refused: Option<Refused>) -> Envelope {
    let header = |name| request.header(name).map(|value| value.chars().take(MAX_HEADER).collect::<String>());
    Envelope {
        schema: envelope::SCHEMA,
        door,
        path: request.route.path().to_owned(),
        content_type: header("content-type").unwrap_or_default(),
        body: Body::new(&request.body),
        signature_digest: verified.signature_digest,
        received_at_ms: visit.now_ms,
        signed_at_s: verified.signed_at_s,
        request_id: visit.id.to_owned(),
        retry_num: header("x-slack-retry-num"),
        refused,
    }
}

fn encode(envelope: &Envelope) -> Result<Vec<u8>, Lost> {
    serde_json::to_vec(envelope).map_err(|error| Lost::NotTaken(error.to_string()))
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Lost>>) -> Result<T, Lost> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(Lost::Doubtful("no answer in time".to_owned())))
}
