//! `failover`: lead a service to its other site, or see how it stands.

use std::collections::BTreeMap;

use super::{Examples, Spellings, name};
use crate::{
    command,
    desk::{Desk, Reply},
    failover::{self, Asked, Direction, Survey},
    failure::{Failure, Refusal},
    ident::Actor,
    plan::Service,
    policy, view,
};

/// In one line.
pub const SUMMARY: &str = "Lead a service to its other site with all of its data, or see how both sites stand.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("failover orders", "to its other site, once somebody else has approved"),
    ("failover orders --to secondary --reason \"region degraded\"", "the same, said in full, and why"),
    ("failover verify orders", "both sites now: names, databases, who takes writes"),
    ("failover", "a form to pick from"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings =
    &[("failover:manual", &[]), ("failover:execute", &[]), ("failover:verify", &["--verify"]), ("failover:auto", &["--auto"])];

/// What stands behind the verb. What is missing is asked for in a form.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The service, by its name in the plan; without it, a form opens.
    #[arg(value_parser = name::value)]
    pub service: Option<String>,
    /// For `verify orders`: the service behind the word.
    #[arg(value_parser = name::value, hide = true)]
    pub behind: Option<String>,
    /// The site to go to: secondary, its name, or its region.
    #[arg(long, alias = "target", value_name = "SITE", value_parser = name::value)]
    pub to: Option<String>,
    /// Only show how both sites stand; nothing is done.
    #[arg(long)]
    pub verify: bool,
    /// Only say whether it may happen with nobody awake.
    #[arg(long)]
    pub auto: bool,
    /// Go although the standby is further behind than the objective allows: that data is lost.
    #[arg(long)]
    pub accept_loss: bool,
    /// Why, for those who decide and those who read it later.
    #[arg(long, short, value_name = "TEXT", value_parser = name::reason)]
    pub reason: Option<String>,
}

/// What is wanted of a service.
enum Mode {
    Go,
    Verify,
    Auto,
}

impl Args {
    /// What is wanted, and of which service: `verify orders` and `--verify orders` are one.
    fn read(&self) -> Result<(Mode, Option<&str>), Refusal> {
        let flagged = if self.verify {
            Mode::Verify
        } else if self.auto {
            Mode::Auto
        } else {
            Mode::Go
        };
        match (self.service.as_deref(), self.behind.as_deref()) {
            (Some("verify"), behind) => Ok((Mode::Verify, behind)),
            (Some("auto"), behind) => Ok((Mode::Auto, behind)),
            (Some("manual" | "execute" | "now"), behind) => Ok((flagged, behind)),
            (first, None) => Ok((flagged, first)),
            (Some(service), Some(behind)) => {
                Err(Refusal::new(format!("One service at a time: {service} or {behind}?")).instead("The site is named by --to."))
            }
            (None, Some(behind)) => Ok((flagged, Some(behind))),
        }
    }
}

/// Answers it.
///
/// # Errors
/// A refusal when the caller may not, or going there would make it worse.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    let (mode, service) = args.read()?;
    let Some(service) = service else { return form(desk).await };
    let entry = known(desk, service)?;
    match mode {
        Mode::Verify => return verify(desk, service).await,
        Mode::Auto => return auto(desk, service).await,
        Mode::Go => {}
    }
    desk.allowed(policy::Verb::Failover, Some(&entry.environment)).await?;
    if let (Some(wanted), Some(failover)) = (&args.to, &entry.failover) {
        let site = &failover.secondary;
        let fits = |name: &str| name.eq_ignore_ascii_case(wanted);
        if fits(&failover.primary.region) || fits("primary") || failover.primary.name.as_deref().is_some_and(fits) {
            return Err(Refusal::new(format!("{service} fails over away from {}.", failover.primary.region))
                .instead(format!("To bring it home, type `/dr failback {service}`."))
                .into());
        }
        let names: Vec<&str> = ["secondary", &site.region].into_iter().chain(site.name.as_deref()).collect();
        if !names.iter().any(|name| fits(name)) {
            return Err(command::unknown("site", wanted, &names).into());
        }
    }
    ask(desk, service, Direction::Away, (args.accept_loss, args.reason.clone())).await
}

/// Works out the move, and puts it before those who decide.
pub(super) async fn ask(
    desk: &Desk<'_>,
    service: &str,
    direction: Direction,
    (accept_loss, reason): (bool, Option<String>),
) -> Result<Reply, Failure> {
    let requester = Actor::Person(desk.caller.identity.clone());
    let asked = Asked { requester, reason, service: service.to_owned(), direction, accept_loss };
    let proposal = failover::propose(desk.world, &desk.current, &asked).await?;
    desk.propose(proposal).await
}

/// The plan's entry for a service that somebody typed.
pub(super) fn known<'a>(desk: &'a Desk<'_>, service: &str) -> Result<&'a Service, Refusal> {
    let known: Vec<&str> = movable(desk);
    let all = &desk.current.plan.services;
    all.get(service).ok_or_else(|| command::unknown("service", service, &known))
}

/// The services that have another site.
pub(super) fn movable<'a>(desk: &'a Desk<'_>) -> Vec<&'a str> {
    let services = desk.current.plan.services.iter().filter(|(_, service)| service.failover.is_some());
    services.map(|(name, _)| name.as_str()).collect()
}

/// Shows how both sites stand. From wherever it is, the way that it could go is looked at.
async fn verify(desk: &Desk<'_>, service: &str) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let away: Survey = failover::survey(desk.world, &desk.current, service, Direction::Away).await?;
    let gone = away.pairs.is_empty() && (!away.moved.is_empty() || away.to_move().next().is_none());
    let found = if gone { failover::survey(desk.world, &desk.current, service, Direction::Home).await? } else { away };
    Ok(Reply::Message(view::failover_verified(&found)))
}

async fn auto(desk: &Desk<'_>, service: &str) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let orders = desk.current.plan.standing_orders.iter();
    let orders: Vec<_> =
        orders.filter(|(_, order)| order.verb == policy::Verb::Failover && order.services.iter().any(|name| name == service)).collect();
    Ok(Reply::Message(view::failover_auto(service, &orders, desk.world.clock.now())))
}

/// The form in which the service is picked.
///
/// # Errors
/// A refusal when the caller may fail over nothing, or nothing has another site.
pub async fn form(desk: &Desk<'_>) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Failover, None).await?;
    Ok(Reply::Form(view::failover_form(&view::FailoverChoices::new(Direction::Away, &movable(desk)))))
}

/// What was submitted in that form. What is wrong with it is said in the form.
///
/// # Errors
/// As [`run`].
pub async fn submitted(desk: &Desk<'_>, values: &BTreeMap<String, String>) -> Result<Reply, Failure> {
    let given = |handle: &str| values.get(handle).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let args = Args {
        service: given("service"),
        reason: given("reason"),
        accept_loss: given("loss").as_deref() == Some("accepted"),
        ..Args::default()
    };
    answered(desk, Direction::Away, values, run(desk, &args).await)
}

/// What a form shows after it was submitted.
pub(super) fn answered(
    desk: &Desk<'_>,
    direction: Direction,
    values: &BTreeMap<String, String>,
    outcome: Result<Reply, Failure>,
) -> Result<Reply, Failure> {
    let title = if direction == Direction::Away { "Failover" } else { "Failback" };
    match outcome {
        Ok(Reply::Message(message)) => Ok(Reply::Form(view::told_form(title, &message))),
        Err(Failure::Refusal(refusal)) => {
            let mut choices = view::FailoverChoices::new(direction, &movable(desk));
            choices.typed.clone_from(values);
            choices.problem = Some(refusal.to_string());
            Ok(Reply::Form(view::failover_form(&choices)))
        }
        other => other,
    }
}
