//! `runbook`: list runbooks, show one, or run one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Examples, Spellings, name, nearest, unknown};
use crate::{
    desk::{Desk, Reply},
    failure::{Failure, Refusal},
    ident::Actor,
    plan::{self, RunbookFile, ValueKind},
    policy,
    proposal::{self, AskedRunbook, Proposal, Target},
    runbook, view,
};

/// In one line.
pub const SUMMARY: &str = "List runbooks, show every step of one, or run one.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("runbook", "all of them, and what each lacks before it can be run"),
    ("runbook show database-recovery", "every step, with its condition"),
    ("runbook run database-recovery --on orders --dry-run", "what it would touch and how long that takes; nothing is done"),
    ("runbook run database-recovery --on orders --reason \"connections fail\"", "for real; what replaces or deletes waits for approval"),
    ("runbook run rollback at=14:05", "one of your own with its argument; a form asks for what is missing"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[("runbook:list", &[]), ("runbook:run", &["--run"]), ("runbook:dry-run", &["--dry-run"])];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// list, show or run; a runbook's name alone shows it.
    #[arg(value_parser = name::value)]
    pub what: Option<String>,
    /// The runbook, by its name.
    #[arg(value_parser = name::value)]
    pub name: Option<String>,
    /// What it is told: NAME=VALUE, once for each of its arguments; what is missing is asked in a form.
    #[arg(value_name = "NAME=VALUE", value_parser = name::reason)]
    pub told: Vec<String>,
    /// The database or service to run it on.
    #[arg(long, value_name = "TARGET", value_parser = name::value)]
    pub on: Option<String>,
    /// Only show every step and what it would touch; nothing is done.
    #[arg(long)]
    pub dry_run: bool,
    /// The same as the word run.
    #[arg(long, hide = true)]
    pub run: bool,
    /// Why, for those who decide and those who read it later.
    #[arg(long, short, value_name = "TEXT", value_parser = name::reason)]
    pub reason: Option<String>,
}

/// Answers it.
///
/// # Errors
/// A refusal when there is no such runbook, a verb of it is not built, or the caller may not.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    let runs = args.run || args.dry_run;
    match (args.what.as_deref(), args.name.as_deref()) {
        (Some("run"), Some(name)) => carry_out(desk, args, name).await,
        (Some("show"), Some(name)) => show(desk, name).await,
        (Some(verb @ ("run" | "show")), None) => Err(Refusal::new(format!("Which runbook is meant by {verb}?"))
            .instead(format!("There are: {}.", names(desk).join(", ")))
            .into()),
        (None | Some("list"), None) => list(desk).await,
        (Some(name), None) if runs => carry_out(desk, args, name).await,
        (Some(name), None) => show(desk, name).await,
        (what, Some(name)) => {
            let verb = what.unwrap_or_default();
            let near = nearest(verb, &["list", "show", "run"]).unwrap_or("show");
            Err(Refusal::new(format!("{} is neither list, show nor run.", super::shown(verb)))
                .instead(format!("Did you mean `/dr runbook {near} {}`?", super::shown(name)))
                .into())
        }
    }
}

fn names<'a>(desk: &'a Desk<'_>) -> Vec<&'a str> {
    let own = desk.current.plan.runbooks.keys().map(String::as_str);
    let built_in = runbook::BUILT_IN.iter().map(|(name, _)| *name);
    let all: BTreeSet<&str> = own.chain(built_in).collect();
    all.into_iter().collect()
}

async fn list(desk: &Desk<'_>) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let plan = &desk.current.plan;
    let mut listed = Vec::new();
    for name in names(desk) {
        let loaded = runbook::of(desk.world, plan, name).await.map_err(|failure| match failure {
            Failure::Refusal(refusal) => Ok(refusal.to_string()),
            Failure::Fault(fault) => Err(fault),
        });
        listed.push(match loaded {
            Ok(loaded) => view::ListedRunbook {
                name: name.to_owned(),
                is_own: plan.runbooks.contains_key(name),
                missing: missing(&loaded),
                summary: loaded.runbook.summary,
            },
            Err(Ok(why)) => view::ListedRunbook { name: name.to_owned(), is_own: true, missing: Vec::new(), summary: why },
            Err(Err(fault)) => return Err(fault.into()),
        });
    }
    Ok(Reply::Message(view::runbook_list(&listed)))
}

fn missing(loaded: &runbook::Loaded) -> Vec<String> {
    loaded.runbook.missing().into_iter().map(|(_, verb)| verb).collect()
}

async fn show(desk: &Desk<'_>, name: &str) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let loaded = known(desk, name).await?;
    Ok(Reply::Message(view::runbook_shown(name, &loaded)))
}

async fn known(desk: &Desk<'_>, name: &str) -> Result<runbook::Loaded, Failure> {
    let names = names(desk);
    if !names.contains(&name) {
        return Err(unknown("runbook", name, &names).into());
    }
    runbook::of(desk.world, &desk.current.plan, name).await
}

async fn carry_out(desk: &Desk<'_>, args: &Args, name: &str) -> Result<Reply, Failure> {
    let loaded = known(desk, name).await?;
    let plan = &desk.current.plan;
    let Some(file) = plan.runbooks.get(name) else {
        return Err(Refusal::new(format!("{name} has a command of its own, which asks for what it needs."))
            .instead(format!("Type `/dr help {name}`."))
            .into());
    };
    let verb = if args.dry_run { policy::Verb::Look } else { policy::Verb::Run };
    let who = desk.allowed(verb, None).await?;
    let target = target(desk, args.on.as_deref(), name);
    let given = given(&args.told)?;
    let arguments = plan::filled(&file.arguments, &in_one_form(desk, &who, file, &given)?);
    // What was left out is asked for; what was typed wrong is said.
    let lacks = |wrong: &BTreeMap<String, String>| wrong.keys().all(|name| !given.contains_key(name));
    let (target, arguments) = match (target, arguments) {
        (Err(_), Ok(_)) if args.on.is_none() => return form(desk, name, args, None).await,
        (Err(_) | Ok(_), Err(wrong)) if lacks(&wrong) => return form(desk, name, args, None).await,
        (target, Ok(arguments)) => (target?, arguments),
        (_, Err(wrong)) => return Err(not_so(name, &wrong).into()),
    };
    undeclared(name, file, &loaded)?;
    desk.allowed(verb, Some(&target.environment)).await?;
    let requester = Actor::Person(desk.caller.identity.clone());
    let asked = AskedRunbook { runbook: loaded, target, requester, reason: args.reason.clone(), arguments };
    let proposal = proposal::runbook(desk.world, &desk.current, asked).await?;
    if args.dry_run {
        return Ok(Reply::Message(view::runbook_dry_run(&proposal)));
    }
    each_allowed(desk, &proposal).await?;
    desk.propose(proposal).await
}

/// What was typed as `NAME=VALUE`.
fn given(told: &[String]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut given = BTreeMap::new();
    for text in told {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Refusal::new(format!("{} is no argument of a runbook.", super::shown(text))).instead("Write NAME=VALUE, such as at=14:05.")
        })?;
        if given.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(Refusal::new(format!("{} is given twice.", super::shown(name))));
        }
    }
    Ok(given)
}

/// Moments as people type them, in the one form that is kept: 14:05 is today's, in their zone.
fn in_one_form(
    desk: &Desk<'_>,
    who: &policy::Authorized,
    file: &RunbookFile,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut values = given.clone();
    for (name, value) in &mut values {
        let is_moment = file.arguments.get(name).is_some_and(|argument| argument.kind == ValueKind::Moment);
        if is_moment {
            *value = desk.when(value, who)?.at.to_string();
        }
    }
    Ok(values)
}

fn not_so(name: &str, wrong: &BTreeMap<String, String>) -> Refusal {
    let said: Vec<String> = wrong.iter().map(|(argument, why)| format!("{}: {why}", super::shown(argument))).collect();
    Refusal::new(format!("{name} can't be run so. {}.", said.join(". ")))
        .instead(format!("Type `/dr runbook run {name}` for a form, or `/dr runbook show {name}` for what it takes."))
}

/// A runbook that speaks of an argument which the plan does not declare could be told anything.
fn undeclared(name: &str, file: &RunbookFile, loaded: &runbook::Loaded) -> Result<(), Refusal> {
    match loaded.runbook.used().keys().find(|used| !file.arguments.contains_key(*used)) {
        None => Ok(()),
        Some(used) => Err(Refusal::new(format!("{name} speaks of the argument {used}, which the plan does not declare."))
            .instead(format!("Add it under runbooks.{name}.arguments."))),
    }
}

/// The form that asks for what was not typed.
async fn form(desk: &Desk<'_>, name: &str, args: &Args, problem: Option<String>) -> Result<Reply, Failure> {
    desk.allowed(if args.dry_run { policy::Verb::Look } else { policy::Verb::Run }, None).await?;
    let plan = &desk.current.plan;
    let file = plan.runbooks.get(name).ok_or_else(|| Refusal::new(format!("{name} is no runbook of the plan any more.")))?;
    let known = plan.databases.keys().filter(|name| !plan.services.contains_key(*name)).chain(plan.services.keys());
    let targets: Vec<String> = if file.services.is_empty() { known.cloned().collect() } else { file.services.clone() };
    let choices = view::RunbookChoices {
        name: name.to_owned(),
        targets,
        target: args.on.clone(),
        arguments: file.arguments.clone(),
        typed: given(&args.told).unwrap_or_default(),
        reason: args.reason.clone(),
        problem,
    };
    Ok(Reply::Form(view::runbook_form(&choices)))
}

/// What was submitted in that form. `name` is the runbook that it was about; who may run it is asked anew.
///
/// # Errors
/// As [`run`].
pub(crate) async fn submitted(desk: &Desk<'_>, name: &str, values: &BTreeMap<String, String>) -> Result<Reply, Failure> {
    let filled = |handle: &str| values.get(handle).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let names = desk.current.plan.runbooks.get(name).map(|file| file.arguments.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let told = names.iter().filter_map(|name| Some(format!("{name}={}", filled(&view::argument_handle(name))?))).collect();
    let args = Args { told, on: filled("target"), reason: filled("reason"), ..Args::default() };
    match carry_out(desk, &args, name).await {
        Ok(Reply::Message(message)) => Ok(Reply::Form(view::told_form("Run a runbook", &message))),
        Err(Failure::Refusal(refusal)) => form(desk, name, &args, Some(refusal.to_string())).await,
        other => other,
    }
}

/// Whoever may run a runbook may not do by it what they may not do by hand.
async fn each_allowed(desk: &Desk<'_>, proposal: &Proposal) -> Result<(), Failure> {
    let mut verbs: Vec<policy::Verb> = Vec::new();
    for step in &proposal.steps {
        let verb = step.act.action().verb();
        if !verbs.contains(&verb) {
            desk.allowed(verb, Some(&proposal.target.environment)).await?;
            verbs.push(verb);
        }
    }
    Ok(())
}

/// What is typed, or what the plan says it is run on, or the only database that there is.
fn target(desk: &Desk<'_>, on: Option<&str>, name: &str) -> Result<Target, Refusal> {
    let plan = &desk.current.plan;
    if let Some(on) = on {
        return proposal::target(plan, on);
    }
    let services = plan.runbooks.get(name).map(|runbook| runbook.services.as_slice()).unwrap_or_default();
    if let [service] = services {
        return proposal::target(plan, &format!("service:{service}"));
    }
    let databases: Vec<&String> = plan.databases.keys().collect();
    match (databases.as_slice(), services) {
        ([database], []) => proposal::target(plan, &format!("database:{database}")),
        (_, []) => Err(Refusal::new("On what?").instead(format!(
            "Name a database or a service: `/dr runbook run {name} --on {}`.",
            databases.first().map_or("NAME", |name| name)
        ))),
        (_, services) => {
            Err(Refusal::new("On which service?").instead(format!("{name} is for: {}. Name one by --on.", services.join(", "))))
        }
    }
}
