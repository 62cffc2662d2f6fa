//! `home`: the situation at one glance, and what can be done about it. It is what `/dr` alone answers, and the home tab shows.

use super::{Examples, Spellings};
use crate::{
    backup::{self, RecoveryPoint},
    command::{approvals, runs},
    database,
    desk::{Desk, Reply},
    failure::{Failure, Fault},
    page, policy, probe,
    view::{self, DatabaseGlance, Glance, OnCall, ServiceGlance, Situation},
};

/// In one line.
pub const SUMMARY: &str = "Show the situation at one glance, with what you can do about it.";
/// For the help.
pub const EXAMPLES: Examples = &[("", "the same: the command alone is enough")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {}

/// So many databases are looked at: people wait for the answer.
const LOOKED_AT: usize = 30;

/// Answers it.
///
/// # Errors
/// A refusal when the caller may not look; a fault when the records can't be read.
pub async fn run(desk: &Desk<'_>, _: &Args) -> Result<Reply, Failure> {
    let who = desk.allowed(policy::Verb::Look, None).await?;
    let plan = &desk.current.plan;
    let now = desk.world.clock.now();
    let mut databases = Vec::new();
    for name in plan.databases.keys().take(LOOKED_AT) {
        databases.push(Glance { name: name.clone(), seen: glance(desk, name).await });
    }
    let (approvals, runs) = (approvals::open(desk).await?, runs::open(desk, false).await?);
    let situation = Situation {
        organization: plan.organization.clone(),
        databases,
        databases_in_plan: plan.databases.len(),
        services: services(desk).await?,
        links: desk.links(&approvals, &runs).await,
        runs,
        approvals,
        pages: page::not_over(desk.world).await?,
        on_call: on_call(desk),
        rights: policy::may(plan, &who.identity),
    };
    Ok(Reply::Message(view::situation(&situation, now)))
}

/// One database that can't be seen is no reason not to show the others.
async fn glance(desk: &Desk<'_>, name: &str) -> Result<DatabaseGlance, String> {
    let look = async {
        let live = database::look(desk.world, &desk.current.plan, name).await?;
        let lineage = database::lineage(desk.world, &live).await?;
        let points = backup::points(desk.world, &live, &lineage).await?;
        let usable = || points.iter().filter(|point| point.is_usable());
        let newest = usable().find_map(RecoveryPoint::taken_at);
        let verified = usable().find(|point| point.is_verified()).and_then(RecoveryPoint::taken_at);
        Ok::<_, Failure>(DatabaseGlance { live, newest, verified })
    };
    look.await.map_err(|failure| match failure {
        Failure::Refusal(refusal) => refusal.to_string(),
        Failure::Fault(fault) => {
            tracing::error!(database = name, fault = fault.chain(), "a database can't be seen");
            "can't be seen just now: AWS does not answer".to_owned()
        }
    })
}

/// What the minute's checks make of each service of the plan.
pub(super) async fn services(desk: &Desk<'_>) -> Result<Vec<ServiceGlance>, Fault> {
    let plan = &desk.current.plan;
    if plan.services.is_empty() {
        return Ok(Vec::new());
    }
    let watches = probe::watches(desk.world).await?;
    let now = desk.world.clock.now();
    let glances = plan.services.iter().map(|(name, service)| {
        let questions: Vec<_> = probe::questions_of(plan, name).into_iter().filter(|one| one.place == probe::Place::Service).collect();
        let watch = |question: &probe::Question| watches.iter().map(|kept| &kept.value).find(|watch| watch.id == question.id());
        let state = probe::state_of(questions.iter().map(|question| (question, watch(question))), now);
        ServiceGlance { name: name.clone(), environment: service.environment.clone(), probed: !questions.is_empty(), state }
    });
    Ok(glances.collect())
}

/// Who has which turn; in a plan without rotations, those who are woken first.
pub(super) fn on_call(desk: &Desk<'_>) -> Vec<OnCall> {
    let plan = &desk.current.plan;
    let now = desk.world.clock.now();
    let account = |name: &String| plan.people.get(name).map(|person| person.slack.clone());
    let turn = |title: &String, names: Vec<String>| OnCall { rotation: title.clone(), users: names.iter().filter_map(account).collect() };
    if plan.on_call.rotations.is_empty() {
        let first = plan.on_call.escalation.first().into_iter();
        return first
            .map(|level| turn(&level.name, level.notify.iter().flat_map(|name| page::on_call_now(plan, name, now)).collect()))
            .collect();
    }
    plan.on_call.rotations.keys().map(|rotation| turn(rotation, page::on_call_now(plan, rotation, now))).collect()
}
