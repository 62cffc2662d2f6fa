//! Slack as a door: from a payload to who asks and what they ask. Nothing is decided here.

use std::collections::BTreeMap;

use mayday_core::{
    desk::{Caller, Delivery, Request},
    ident::Identity,
    port::{Posted, ResponseUrl, TriggerId, ViewId},
};

use crate::{
    envelope::Envelope,
    payload::{BlockActions, EventCallback, Payload, Sender, View},
    response_url,
};

/// Who asks, and what. `None` for what asks for nothing: a form that was closed, most events.
///
/// `local` is the origin of `SLACK_API_URL` where that is set.
#[must_use]
pub fn request(payload: &Payload, local: Option<&response_url::Origin>) -> Option<(Caller, Request)> {
    if let Payload::EventCallback(event) = payload {
        return opened_home(event);
    }
    let sender = payload.sender()?;
    let caller = |channel: Option<&String>, respond: Option<&String>, trigger: Option<&String>| Caller {
        identity: identity(sender),
        channel: channel.filter(|channel| !channel.is_empty()).cloned(),
        respond: respond.and_then(|url| response_url::ResponseUrl::new(url, local)).map(|url| ResponseUrl(url.as_str().to_owned())),
        trigger: trigger.cloned().map(TriggerId),
    };
    Some(match payload {
        Payload::SlashCommand(it) => {
            (caller(Some(&it.channel), it.response_url.as_ref(), it.trigger_id.as_ref()), Request::Command(it.text.clone()))
        }
        Payload::BlockActions(it) => (caller(it.channel.as_ref(), it.response_url.as_ref(), it.trigger_id.as_ref()), click(it)?),
        Payload::ViewSubmission(it) => (caller(None, None, it.trigger_id.as_ref()), submit(&it.view)),
        Payload::MessageAction(it) => {
            // A reply in a thread is about what the thread is about.
            let about = |ts: &String| Posted { channel: it.channel.clone(), ts: ts.clone() };
            let messages = std::iter::once(&it.message.ts).chain(&it.message.thread_ts).map(about).collect();
            let used = Request::Shortcut { callback: it.callback_id.clone(), messages };
            (caller(Some(&it.channel), it.response_url.as_ref(), it.trigger_id.as_ref()), used)
        }
        Payload::Shortcut(it) => {
            (caller(None, None, it.trigger_id.as_ref()), Request::Shortcut { callback: it.callback_id.clone(), messages: Vec::new() })
        }
        Payload::Unknown(it) => (caller(None, None, None), Request::Unknown(it.kind.clone())),
        Payload::ViewClosed(_) | Payload::BlockSuggestion(_) | Payload::EventCallback(_) => return None,
    })
}

/// Somebody looks at the home tab. All other events are nothing to us.
fn opened_home(event: &EventCallback) -> Option<(Caller, Request)> {
    let user = event.event.user.clone().filter(|_| event.event.kind == "app_home_opened" && event.event.tab.as_deref() == Some("home"))?;
    let sender = Sender { user, home_team: None, team: event.team.clone(), enterprise: event.enterprise.clone() };
    Some((Caller { identity: identity(&sender), channel: None, respond: None, trigger: None }, Request::Home))
}

/// How repetitions of a delivery are recognized. An event is signed anew each time, and recognized by its own id.
#[must_use]
pub fn delivery(envelope: &Envelope, payload: &Payload) -> Delivery {
    let key = match payload {
        Payload::EventCallback(event) => format!("event-{}", event.event_id),
        _ => envelope.signature_digest.clone(),
    };
    // What was signed at the last possible moment is not older for having been read later.
    let signed_at = jiff::Timestamp::from_second(envelope.signed_at_s).unwrap_or(jiff::Timestamp::MIN);
    Delivery { key, signed_at, reference: reference(envelope) }
}

/// What a person can tell those who mend things: the beginning of the door's invocation id.
#[must_use]
pub fn reference(envelope: &Envelope) -> String {
    envelope.request_id.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

/// A person is known by the organization that their account belongs to, not by the one that the request came through.
fn identity(sender: &Sender) -> Identity {
    let home = sender.enterprise.as_ref().or(sender.home_team.as_ref()).or(sender.team.as_ref());
    Identity { org: home.cloned().unwrap_or_default(), user: sender.user.clone() }
}

fn click(actions: &BlockActions) -> Option<Request> {
    let action = actions.actions.first()?;
    // A choice in a form is read when the form is submitted; the home tab has nothing to submit.
    if actions.view.as_ref().is_some_and(|view| view.kind != "home") {
        return None;
    }
    let message = actions.channel.as_ref().zip(actions.message.as_ref());
    Some(Request::Click {
        action: action.action_id.clone(),
        value: action.answer.value().unwrap_or_default(),
        message: message.map(|(channel, message)| Posted { channel: channel.clone(), ts: message.ts.clone() }),
    })
}

fn submit(view: &View) -> Request {
    let values: BTreeMap<String, String> =
        view.answers().filter_map(|(_, action, answer)| answer.value().map(|value| (action.to_owned(), value))).collect();
    Request::Submit { callback: view.callback_id.clone(), reference: view.private_metadata.clone(), values, view: ViewId(view.id.clone()) }
}
