//! Typed commands: done as they were typed, or answered with what was probably meant.

use super::{Desk, Reply};
use crate::{
    command::{self, Command, Known, backup, guess, parse, restore},
    failure::{Failure, Refusal},
    when::{self, Zones},
};

/// Does what was typed. Where that can't be read, or names nothing, the refusal offers what may have been meant.
pub(super) async fn handle(desk: &Desk<'_>, text: &str) -> Result<Reply, Failure> {
    let read = parse(text);
    let done = match &read {
        Ok(command) => desk.command(command).await,
        Err(refusal) => Err(refusal.clone().into()),
    };
    match done {
        Err(Failure::Refusal(refusal)) => Err(offered(desk, text, read.ok().as_ref(), refusal).into()),
        done => done,
    }
}

/// A refusal, with what was probably meant where it was not clear what was.
fn offered(desk: &Desk<'_>, text: &str, read: Option<&Command>, refusal: Refusal) -> Refusal {
    if read.is_some_and(|command| is_clear(desk, command)) {
        return refusal;
    }
    let plan = &desk.current.plan;
    let known = Known {
        databases: plan.databases.keys().map(String::as_str).collect(),
        services: plan.services.keys().map(String::as_str).collect(),
    };
    match guess(text, &known).filter(|line| parse(line).ok().as_ref() != read) {
        Some(line) => refusal.suggesting(line),
        None => refusal,
    }
}

/// Whether everything that a command names is known, so that a refusal of it is about something else.
fn is_clear(desk: &Desk<'_>, command: &Command) -> bool {
    let plan = &desk.current.plan;
    let database = |name: &Option<String>| name.as_ref().is_none_or(|name| plan.databases.contains_key(name));
    let service = |name: &Option<String>| name.as_ref().is_none_or(|name| plan.services.contains_key(name));
    let either = |name: &Option<String>| database(name) || service(name);
    let id = |id: &str| id.starts_with(['r', 'p']) && id.ends_with(|last: char| last.is_ascii_alphanumeric());
    let zones = Zones { person: None, plan: Some(&plan.timezone) };
    let time = |text: &str| when::instant(text, desk.world.clock.now(), zones).is_ok();
    match command {
        Command::Backup(args) => database(&args.database),
        Command::Backups(args) => database(&args.database) && args.before.as_ref().is_none_or(|before| time(before)),
        Command::Restore(args) => database(&args.database) && !matches!(&args.source, Some(restore::Source::At(at)) if !time(at)),
        Command::Health(args) => either(&args.service),
        Command::Diagnose(args) => either(&args.service),
        Command::Failover(args) => service(&args.service),
        Command::Failback(args) => service(&args.service),
        Command::Why(args) => args.run.as_ref().is_none_or(|run| id(run)),
        Command::Cancel(args) => id(&args.target),
        _ => true,
    }
}

/// Takes up what was suggested: what only looks is done; of what changes anything, the form opens with what was meant in it.
pub(super) async fn used(desk: &Desk<'_>, line: &str) -> Result<Reply, Failure> {
    let command = parse(line)?;
    let changes = command.verb().right().is_some_and(crate::policy::Verb::changes);
    match &command {
        Command::Restore(args) => restore::form(desk, args).await,
        Command::Backup(args) => backup::form(desk, args.database.as_deref()).await,
        Command::Cancel(_) => Err(Refusal::new("Nothing was done.").instead(format!("Type it: `{} {line}`.", command::SLASH)).into()),
        _ if changes => desk.command(&parse(command.verb().name())?).await,
        _ => desk.command(&command).await,
    }
}
