//! `health`: whether services and databases answer, asked now.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{Examples, Spellings, name};
use crate::{
    command,
    desk::{Desk, Reply},
    failure::{Failure, Fault, Refusal},
    picture,
    plan::{Plan, ProbeKind},
    policy,
    probe::{self, Heard, Outcome, Question, Watch},
    store::Store,
    view::{self, Checked},
};

/// In one line.
pub const SUMMARY: &str = "Ask services and databases now whether they are well.";
/// For the help.
pub const EXAMPLES: Examples =
    &[("health", "everything that the plan knows how to ask"), ("health orders", "one service or database, with a chart of its last day")];
/// In recovery plans.
pub const SPELLINGS: Spellings =
    &[("health:check", &[]), ("health:comprehensive", &[]), ("db:health-check", &[]), ("db:status", &[]), ("db:connection-test", &[])];

/// How long new questions are begun: people wait for the answer.
const BUDGET: SignedDuration = SignedDuration::from_secs(20);

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The service or database, by its name in the plan; without it, all of them.
    #[arg(value_parser = name::value)]
    pub service: Option<String>,
}

/// Answers it: asks at once, and shows beside each answer what the minute's checks make of it.
///
/// # Errors
/// A refusal when the caller may not look, or the plan has nothing of that name.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let plan = &desk.current.plan;
    let questions = match &args.service {
        Some(name) => of(plan, name)?,
        None => all(plan),
    };
    let checked = checked(desk, &questions).await?;
    let left_out = questions.len() - checked.len();
    // Everybody who is there looks at the same picture; a channel that the bot is not in gets none.
    if let (Some(name), Some(channel)) = (&args.service, &desk.caller.channel) {
        picture::show_health(desk.world, channel, name, &questions).await;
    }
    Ok(Reply::Message(view::health(args.service.as_deref(), &checked, left_out, desk.world.clock.now())))
}

/// The questions of a service or a database.
///
/// # Errors
/// A refusal with the nearest name; or one that says that there is nothing to ask.
pub(super) fn of(plan: &Plan, name: &str) -> Result<Vec<Question>, Refusal> {
    if !plan.services.contains_key(name) && !plan.databases.contains_key(name) {
        return Err(command::neither(plan, name));
    }
    let questions = probe::questions_of(plan, name);
    if questions.is_empty() {
        return Err(Refusal::new(format!("The plan has no probe for {name}, and no database of it: nobody knows how to ask."))
            .instead("Add one under `probes` of the service."));
    }
    Ok(questions)
}

/// Every probe of the plan, and every database that none of them asks.
fn all(plan: &Plan) -> Vec<Question> {
    let mut questions = probe::questions(plan);
    let asked: BTreeSet<String> = questions.iter().filter_map(database).collect();
    let rest = plan.databases.keys().filter(|name| !asked.contains(*name));
    questions.extend(rest.map(|name| probe::database_question(name)));
    questions
}

fn database(question: &Question) -> Option<String> {
    match &question.probe.how {
        ProbeKind::Postgres { database } => Some(database.clone()),
        _ => None,
    }
}

/// Asks now. What is ill comes first, then what we could not see.
async fn checked(desk: &Desk<'_>, questions: &[Question]) -> Result<Vec<Checked>, Fault> {
    let began = desk.world.clock.now();
    let goes_on = || desk.world.clock.now().duration_since(began) < BUDGET;
    let heard = probe::ask_all(desk.world, &desk.current.plan, questions, goes_on).await;
    let store = Store::of(desk.world);
    let mut checked = Vec::new();
    for Heard { question, answer } in heard {
        let watch = store.load::<Watch>(&question.id()).await?.map(|kept| kept.value);
        checked.push(Checked { question, answer, watch });
    }
    checked.sort_by_key(|checked| match Outcome::of(&checked.answer) {
        Outcome::Ill => 0,
        Outcome::Blind => 1,
        Outcome::Well => 2,
    });
    Ok(checked)
}
