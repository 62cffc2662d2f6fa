//! As much of a signed request as the door has to understand: whom it is for, and how to answer it.

use mayday_slack::{
    envelope::Refused,
    form::Form,
    json::{MAX_DEPTH, depth_within},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::Route;

/// Slack's challenges have 52 characters; nothing longer is echoed.
const MAX_CHALLENGE: usize = 256;

/// A signed request's kind and addressee.
#[derive(Debug)]
pub(crate) struct Message {
    /// How it wants to be answered.
    pub(crate) kind: Kind,
    /// Whom it is for.
    pub(crate) ids: Ids,
}

/// How a request wants to be answered.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A slash command: an empty answer, or a sentence.
    Command,
    /// A form that was submitted: an empty answer closes it.
    Submission(View),
    /// A search field: options, now.
    Suggestion,
    /// A button, a shortcut, a form that was closed: an empty answer; a sentence goes to the response URL if there is one.
    Interaction {
        /// Where a sentence can be posted to. As sent: not to be trusted before it was looked at.
        response_url: Option<String>,
    },
    /// An event: an empty answer, or an error, and Slack sends it again.
    Event,
    /// Slack asks whether somebody is there.
    Challenge(String),
    /// Slack asks whether our certificate is good.
    CertificateCheck,
}

/// The team, app and enterprise that a request names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) team: Option<String>,
    pub(crate) app: Option<String>,
    pub(crate) enterprise: Option<String>,
}

/// The team, app and enterprise that we serve.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) team: String,
    pub(crate) app: String,
    pub(crate) enterprise: Option<String>,
}

impl Identity {
    /// Whether a signed request is for somebody else.
    ///
    /// A team has to be named, unless an organization-wide installation names our enterprise instead. Shortcuts name no
    /// app; then the signature, which is the app's own, has to do.
    pub(crate) fn refuses(&self, ids: &Ids) -> Option<Refused> {
        let ours = |enterprise: &String| self.enterprise.as_ref() == Some(enterprise);
        if ids.app.as_ref().is_some_and(|app| *app != self.app) {
            return Some(Refused::ForeignApp);
        }
        if ids.enterprise.as_ref().is_some_and(|enterprise| !ours(enterprise)) {
            return Some(Refused::ForeignEnterprise);
        }
        match &ids.team {
            Some(team) if *team == self.team => None,
            None if ids.enterprise.as_ref().is_some_and(ours) => None,
            _ => Some(Refused::ForeignTeam),
        }
    }
}

/// What is needed of a form to answer its submission.
#[derive(Debug, Deserialize)]
pub(crate) struct View {
    callback_id: Option<String>,
    private_metadata: Option<String>,
    title: Option<Text>,
    blocks: Option<Vec<Block>>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Text {
    text: String,
}

#[derive(Debug, Deserialize)]
struct Block {
    r#type: String,
    block_id: Option<String>,
}

impl View {
    /// The same form with nothing but a sentence in it.
    pub(crate) fn with_text(&self, sentence: &str) -> Value {
        let title = self.title.as_ref().map_or("Mayday", |title| title.text.as_str());
        json!({
            "type": "modal", "callback_id": self.callback_id.as_deref().unwrap_or_default(),
            "private_metadata": self.private_metadata.as_deref().unwrap_or_default(),
            "title": {"type": "plain_text", "text": title},
            "blocks": [{"type": "section", "text": {"type": "plain_text", "text": sentence}}],
        })
    }

    /// The id of the first block that a person can type into.
    pub(crate) fn first_input(&self) -> Option<&str> {
        self.blocks.iter().flatten().find(|block| block.r#type == "input").and_then(|block| block.block_id.as_deref())
    }
}

#[derive(Deserialize)]
struct Interaction {
    r#type: String,
    api_app_id: Option<String>,
    team: Option<Named>,
    enterprise: Option<Named>,
    view: Option<View>,
    response_url: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    r#type: String,
    challenge: Option<String>,
    api_app_id: Option<String>,
    team_id: Option<String>,
    enterprise_id: Option<String>,
}

/// A signed request that no Slack would have written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Message {
    /// Reads a signed request of Slack's by the route that it came in on.
    pub(crate) fn read(route: Route, body: &[u8]) -> Result<Self, Malformed> {
        match route {
            Route::Commands => Self::command(body),
            Route::Interactions => Self::interaction(body),
            Route::Events => Self::event(body),
            Route::Pagerduty => Err(Malformed),
        }
    }

    fn command(body: &[u8]) -> Result<Self, Malformed> {
        let form = Form::parse(body).map_err(|_| Malformed)?;
        if asks_for_certificate(&form) {
            return Ok(Self { kind: Kind::CertificateCheck, ids: Ids::default() });
        }
        if form.get("command").is_none() || form.get("user_id").is_none() {
            return Err(Malformed);
        }
        let field = |name| form.get(name).and_then(|value| some(Some(value.to_owned())));
        Ok(Self { kind: Kind::Command, ids: Ids { team: field("team_id"), app: field("api_app_id"), enterprise: field("enterprise_id") } })
    }

    fn interaction(body: &[u8]) -> Result<Self, Malformed> {
        let form = Form::parse(body).map_err(|_| Malformed)?;
        let it: Interaction = read_json(form.get("payload").ok_or(Malformed)?.as_bytes())?;
        let ids = Ids {
            team: some(it.team.and_then(|team| team.id)),
            app: some(it.api_app_id),
            enterprise: some(it.enterprise.and_then(|enterprise| enterprise.id)),
        };
        let kind = match (it.r#type.as_str(), it.view) {
            ("view_submission", Some(view)) => Kind::Submission(view),
            ("view_submission", None) => return Err(Malformed),
            ("block_suggestion", _) => Kind::Suggestion,
            _ => Kind::Interaction { response_url: some(it.response_url) },
        };
        Ok(Self { kind, ids })
    }

    fn event(body: &[u8]) -> Result<Self, Malformed> {
        let it: Event = read_json(body)?;
        let ids = Ids { team: some(it.team_id), app: some(it.api_app_id), enterprise: some(it.enterprise_id) };
        if it.r#type != "url_verification" {
            return Ok(Self { kind: Kind::Event, ids });
        }
        let challenge = it.challenge.filter(|challenge| (1..=MAX_CHALLENGE).contains(&challenge.len())).ok_or(Malformed)?;
        Ok(Self { kind: Kind::Challenge(challenge), ids })
    }
}

/// Whether a body is Slack's certificate check, which is the one thing that Slack may send unsigned: these two fields, no other.
pub(crate) fn is_certificate_check(body: &[u8]) -> bool {
    Form::parse(body).is_ok_and(|form| asks_for_certificate(&form))
}

fn asks_for_certificate(form: &Form) -> bool {
    form.len() == 2 && form.get("ssl_check") == Some("1") && form.get("token").is_some_and(|token| !token.is_empty())
}

fn read_json<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Malformed> {
    if !depth_within(text, MAX_DEPTH) {
        return Err(Malformed);
    }
    serde_json::from_slice(text).map_err(|_| Malformed)
}

fn some(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
