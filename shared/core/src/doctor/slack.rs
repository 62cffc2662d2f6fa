//! Slack: whether the door lets us in, what the app may there, whose clock is right, and whether we can speak where people look.

use jiff::{SignedDuration, Timestamp};

use super::{Check, Verdict};
use crate::{desk::Desk, failure::CallError, port::App, view, view::Span};

/// What the app needs to be allowed, as its manifest (`infra/slack-manifest.yaml`) asks for it.
pub const SCOPES: [&str; 5] = ["chat:write", "commands", "files:write", "im:write", "users:read"];

/// Slack's answer says whole seconds and takes some to come: so much is no difference.
const NEAR: SignedDuration = SignedDuration::from_secs(10);
/// A request whose time differs by more is turned away at the door (and by AWS, with its own signature).
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

pub(super) async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    // This very request came through one of the doors.
    let signing = match desk.terminal {
        false => Check::well("Signing secret", "the request that asked for this was signed with it"),
        true => Check::ill(
            "Signing secret",
            Verdict::Unknown,
            "this was asked at a terminal, past Slack",
            "Type `/dr doctor` in Slack as well.",
        ),
    };
    let mut checks = vec![signing, channel(desk).await];
    match desk.world.workspace.app().await {
        Ok(app) => checks.extend([scopes(&app), clock(&app, desk.world.clock.now())]),
        Err(error) => checks.push(unheard(&error)),
    }
    checks
}

/// Shown to whoever asks, and to nobody else.
async fn channel(desk: &Desk<'_>) -> Check {
    let channel = &desk.current.plan.slack.channel;
    let user = &desk.caller.identity.user;
    match desk.world.chat.whisper(channel, user, &view::doctor_was_here()).await {
        Ok(()) => Check::well("Slack channel", format!("{channel} takes messages")),
        Err(CallError::Refused { code, .. }) => Check::ill(
            "Slack channel",
            Verdict::Broken,
            format!("{channel} takes no message of ours ({code})"),
            "Invite the app with `/invite @mayday`, join the channel yourself, and compare `slack.channel` of the plan with its id.",
        ),
        Err(error) => Check::ill("Slack channel", Verdict::Unknown, error.why(), "Look at Slack's status page, and try again."),
    }
}

fn unheard(error: &CallError) -> Check {
    let (what, found) = ("Slack scopes", error.why());
    match error {
        CallError::Refused { .. } => {
            Check::ill(what, Verdict::Broken, found, "Put the bot token of the app into the secret `mayday/keys`.")
        }
        _ => Check::ill(what, Verdict::Unknown, found, "Look at Slack's status page, and try again."),
    }
}

/// Without a scope some message, form or picture never comes; with too many, a stolen token reads what the bot never does.
fn scopes(app: &App) -> Check {
    let what = "Slack scopes";
    let missing: Vec<&str> = SCOPES.into_iter().filter(|scope| !app.scopes.iter().any(|has| has == scope)).collect();
    let idle: Vec<&str> = app.scopes.iter().map(String::as_str).filter(|scope| !SCOPES.contains(scope)).collect();
    if !missing.is_empty() {
        let fix = "Add them under OAuth & Permissions of the app as `infra/slack-manifest.yaml` has them, and install it again.";
        return Check::ill(what, Verdict::Broken, format!("the app lacks {}", missing.join(", ")), fix);
    }
    if !idle.is_empty() {
        let fix = "Take them away under OAuth & Permissions of the app, and install it again.";
        return Check::ill(what, Verdict::Weak, format!("the app never uses {}", idle.join(", ")), fix);
    }
    Check::well(what, "the app may do what it needs, and nothing else")
}

fn clock(app: &App, now: Timestamp) -> Check {
    let Some(at) = app.at else {
        return Check::ill("Clock", Verdict::Unknown, "Slack did not say what time it is there", "Try again.");
    };
    let apart = at.duration_since(now);
    if apart.abs() <= NEAR {
        return Check::well("Clock", "ours and Slack's agree");
    }
    let which = if apart.is_positive() { "behind" } else { "ahead of" };
    let found = format!("ours is {} {which} Slack's", Span(apart.abs()));
    let verdict = if apart.abs() < WINDOW { Verdict::Weak } else { Verdict::Broken };
    let fix =
        "Nobody sets a Lambda function's clock: deploy anew, which starts it elsewhere, and tell AWS. Five minutes apart, nothing gets in.";
    Check::ill("Clock", verdict, found, fix)
}
