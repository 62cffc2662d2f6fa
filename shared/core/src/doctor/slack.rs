//! Slack: whether the door lets us in, and whether we can speak where people look.

use super::{Check, Verdict};
use crate::{desk::Desk, failure::CallError, view};

pub(super) async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    let channel = &desk.current.plan.slack.channel;
    let user = &desk.caller.identity.user;
    // Shown to whoever asks, and to nobody else.
    let whispered = desk.world.chat.whisper(channel, user, &view::doctor_was_here()).await;
    let spoken = match whispered {
        Ok(()) => Check::well("Slack channel", format!("{channel} takes messages")),
        Err(CallError::Refused { code, .. }) => Check::ill(
            "Slack channel",
            Verdict::Broken,
            format!("{channel} takes no message of ours ({code})"),
            "Invite the app with `/invite @mayday`, join the channel yourself, and compare `slack.channel` of the plan with its id.",
        ),
        Err(error) => Check::ill("Slack channel", Verdict::Unknown, error.why(), "Look at Slack's status page, and try again."),
    };
    // This very request came through the door.
    vec![Check::well("Signing secret", "the request that asked for this was signed with it"), spoken]
}
