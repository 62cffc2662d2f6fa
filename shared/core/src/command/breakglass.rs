//! `breakglass`: ask for something without the grant for it, in an emergency.

use clap::ArgMatches;

use super::{Command, Examples, SLASH, Spellings, restore};
use crate::{
    desk::{Desk, Reply},
    failure::{Failure, Refusal},
    view,
};

/// In one line.
pub const SUMMARY: &str = "Ask for a command that you may not ask for otherwise: with a reason, two others' approval, and everybody told.";
/// For the help.
pub const EXAMPLES: Examples = &[(
    "breakglass restore orders --at 14:05 --reason \"the only responder can't be reached\"",
    "two others must approve it within 15 minutes, and everybody on call is told",
)];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[("break-glass", &[])];

/// What stands behind the verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// What is asked for.
    pub command: Box<Command>,
}

/// The grammar for the help: the parser reads what stands behind as a command of its own.
#[derive(Debug, clap::Args)]
struct Grammar {
    /// The command that is asked for, whole: nothing is asked for in a form.
    #[arg(value_name = "COMMAND --reason TEXT", required = true)]
    command: Vec<String>,
}

as_written!(Args, Grammar);

impl clap::FromArgMatches for Args {
    fn from_arg_matches(_: &ArgMatches) -> Result<Self, clap::Error> {
        Err(clap::Error::raw(clap::error::ErrorKind::MissingRequiredArgument, "a command"))
    }

    fn update_from_arg_matches(&mut self, _: &ArgMatches) -> Result<(), clap::Error> {
        Ok(())
    }
}

/// Answers it as the command behind it, under a policy that lets more people ask and wants more people to approve.
///
/// # Errors
/// A refusal when the command is none to break the glass for, has no reason, or nobody could approve it; and those of the command.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    let verb = args.command.verb();
    if !verb.right().is_some_and(crate::policy::Verb::is_destructive) && verb.name() != "runbook" {
        return Err(Refusal::new(format!("{} needs no broken glass.", verb.name()))
            .instead(format!("Type `{SLASH} help {}` for how it is used.", verb.name()))
            .into());
    }
    if let Command::Restore(restore::Args { database, source, .. }) = args.command.as_ref()
        && (database.is_none() || source.is_none())
    {
        return Err(Refusal::new("With broken glass nothing is asked for in a form.")
            .instead(format!("Type all of it: `{SLASH} breakglass restore orders --at 14:05 --reason \"…\"`."))
            .into());
    }
    let Desk { world, caller, delivery, terminal, .. } = *desk;
    let desk = Desk { world, current: desk.current.clone(), caller, delivery, glass: true, terminal };
    match Box::pin(desk.command(&args.command)).await? {
        Reply::Form(_) => Err(Refusal::new("With broken glass nothing is asked for in a form.").instead("Type the command whole.").into()),
        reply => Ok(reply),
    }
}

/// Tells everybody that the glass was broken: it is never quiet.
pub(crate) async fn tell(desk: &Desk<'_>, proposal: &crate::proposal::Proposal) {
    let now = desk.world.clock.now();
    let plan = &desk.current.plan;
    let people = crate::policy::on_call_people(plan, now);
    let told = view::glass_broken(proposal, &people);
    if let Err(error) = desk.world.chat.post(&plan.slack.channel, None, &told).await {
        tracing::error!(proposal = proposal.id.as_str(), error = %error, "it was not told that the glass was broken");
    }
    let page = crate::page::Raise {
        key: format!("break-glass/{}", proposal.id),
        severity: crate::plan::Severity::Sev1,
        subject: format!("{}: two must approve it", proposal.title),
        why: format!("{} Reason: {}", told.text, proposal.reason.as_deref().unwrap_or_default()),
        by: proposal.requester.clone(),
        since: now,
        run: None,
        to: Vec::new(),
    };
    if let Err(fault) = crate::page::raise(desk.world, page).await {
        tracing::error!(proposal = proposal.id.as_str(), fault = fault.chain(), "nobody was paged about broken glass");
    }
}
