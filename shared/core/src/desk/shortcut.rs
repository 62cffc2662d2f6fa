//! Shortcuts: on a message, where a slash command can't be typed, and from anywhere.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Caller, Desk, Reply};
use crate::{
    approval::Approval,
    audit,
    command::{self, Command},
    failure::{Failure, Refusal},
    ident::RunId,
    port::{Page, Posted},
    run::Run,
    store::Store,
    view,
};

/// How many recent runs and proposals are looked through for the one that a message is about.
const RECENT: Page = Page { after: None, newest_first: true, limit: 100 };

/// Does what a shortcut says. `messages`: the one that it was used on, and the one that its thread hangs from.
pub(super) async fn handle(desk: &Desk<'_>, callback: &str, messages: &[Posted]) -> Result<Reply, Failure> {
    match callback {
        "situation" => in_window(desk, "How things stand", &Command::Home(command::home::Args {})).await,
        "why" => {
            let run = run_of(desk, messages).await?;
            let args = command::why::Args { run: run.map(|run| run.0) };
            in_window(desk, "Why", &Command::Why(args)).await
        }
        "ask" => Ok(Reply::Form(view::ask_form("", None))),
        _ => Err(Refusal::new("This shortcut is not known to this release. Nothing was done.").into()),
    }
}

/// Answers in a window, which opens at once: what opens it dies within seconds, and looking may take longer.
async fn in_window(desk: &Desk<'_>, title: &str, command: &Command) -> Result<Reply, Failure> {
    let waits = view::told_form(title, &view::looking());
    let opened = match &desk.caller.trigger {
        Some(trigger) => desk.world.chat.open(trigger, &waits).await.ok(),
        None => None,
    };
    let Some(opened) = opened else { return desk.command(command).await };
    let form = match desk.command(command).await {
        Ok(Reply::Message(message)) => view::told_form(title, &message),
        Ok(Reply::Form(form)) => form,
        Ok(Reply::Nothing) => return Ok(Reply::Nothing),
        Err(Failure::Refusal(refusal)) => {
            let detail = json!({"refusal": refusal.to_string(), "asked": title});
            audit::append(desk.world, desk.event("request.refused", "shortcut", detail)).await?;
            view::told_form("Not done", &view::refusal(&refusal))
        }
        // Whoever answers the delivery says so, with its reference.
        Err(fault) => return Err(fault),
    };
    if let Err(error) = desk.world.chat.update_form(&opened, &form).await {
        // They have closed it: tell them all the same.
        tracing::info!(error = %error, "a window could not be filled");
        return Ok(Reply::Message(view::of_form(&form)));
    }
    Ok(Reply::Nothing)
}

/// The run that a message shows, or whose proposal it shows.
async fn run_of(desk: &Desk<'_>, messages: &[Posted]) -> Result<Option<RunId>, Failure> {
    let store = Store::of(desk.world);
    for kept in store.list::<Run>(&RECENT).await? {
        if kept.value.headline.as_ref().is_some_and(|headline| messages.contains(headline)) {
            return Ok(Some(kept.value.id));
        }
    }
    for kept in store.list::<Approval>(&RECENT).await? {
        if kept.value.cards.iter().any(|card| messages.contains(card)) {
            return Ok(Some(kept.value.proposal.run()));
        }
    }
    Ok(None)
}

/// What was typed into the form of “Ask Mayday…”. What is wrong with it is said in the form, which keeps what was typed.
pub(super) async fn asked(desk: &Desk<'_>, values: &BTreeMap<String, String>) -> Result<Reply, Failure> {
    let typed = values.get("command").map_or("", |text| text.trim());
    let typed = typed.strip_prefix(command::SLASH).filter(|rest| rest.starts_with(' ')).map_or(typed, str::trim);
    // The form is there already: a command that opens one puts its own in the place.
    let caller = Caller { trigger: None, ..desk.caller.clone() };
    let desk = Desk {
        world: desk.world,
        current: desk.current.clone(),
        caller: &caller,
        delivery: desk.delivery,
        glass: false,
        terminal: desk.terminal,
    };
    match super::typed::handle(&desk, typed).await {
        Ok(Reply::Message(message)) => Ok(Reply::Form(view::told_form("Mayday", &message))),
        Err(Failure::Refusal(refusal)) => {
            // What was probably meant stands in the field: pressing once more takes it up.
            let offered = refusal.suggestion.as_deref().unwrap_or(typed);
            Ok(Reply::Form(view::ask_form(offered, Some(&refusal.to_string()))))
        }
        other => other,
    }
}
