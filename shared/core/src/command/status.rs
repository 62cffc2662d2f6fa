//! `status`: how things stand.

use jiff::{SignedDuration, Timestamp};

use super::{Examples, Spellings, name};
use crate::{
    alert,
    backup::{
        self, Agenda, Hour, RecoveryPoint, Seen, Survey, Turn, Unseen,
        crowd::{self, FleetGlance},
        schedule::Timetable,
    },
    command::{approvals, home, runs},
    database,
    desk::{Desk, Reply},
    failure::Failure,
    page, picture,
    plan::{Plan, Schedule},
    policy,
    store::{Kept, Store},
    view::{self, Standing},
};

/// In one line.
pub const SUMMARY: &str = "Show services and databases, recovery points, what is wrong, what is going on, and who is on call.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("status", "everything: services, databases with their newest recovery points, what is wrong, what runs"),
    ("status orders", "the database orders: what would be lost now and over time, its backups, what is wrong"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[("status:all", &[])];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The database, by its name in the plan; without it, everything at one glance.
    #[arg(value_parser = name::value)]
    pub database: Option<String>,
}

/// Answers it: every service and database of the plan with its newest recovery point, what is wrong, who was woken, what waits
/// for a decision, what runs, who is on call.
///
/// # Errors
/// A refusal when the caller may not look; a fault when the records can't be read.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    if let Some(name) = &args.database {
        return one(desk, name).await;
    }
    let all = desk.current.plan.databases.len();
    let fleet = if all > crowd::GLANCE { Some(FleetGlance::read(desk.world, all).await?) } else { None };
    let databases = if fleet.is_some() { Vec::new() } else { standings(desk).await? };
    let wrong = alert::standing(desk.world).await?.into_iter().map(|kept| kept.value).filter(alert::Standing::is_open).collect();
    let (approvals, runs) = (approvals::open(desk).await?, runs::open(desk, false).await?);
    let board = view::Board {
        databases,
        fleet,
        services: home::services(desk).await?,
        alerts: wrong,
        pages: page::not_over(desk.world).await?,
        links: desk.links(&approvals, &runs).await,
        approvals,
        runs,
        on_call: home::on_call(desk),
    };
    Ok(Reply::Message(view::status_board(&board, desk.world.clock.now())))
}

/// Every database of the plan. One that can't be seen is no reason not to show the others.
async fn standings(desk: &Desk<'_>) -> Result<Vec<Standing>, Failure> {
    let survey = Survey::look(desk.world, desk.current.clone(), Turn::ALL).await?;
    let stands = survey.databases.into_iter().map(|(name, seen)| {
        let standing = match seen {
            Ok(Seen { live, points, .. }) => Ok((live, points.into_iter().find(RecoveryPoint::is_usable))),
            Err(Unseen::Missing(why)) => Err(why),
            Err(Unseen::Unknown(why)) => {
                tracing::error!(database = name, why, "a database can't be seen");
                Err("can't be seen just now: AWS does not answer".to_owned())
            }
        };
        (name, standing)
    });
    Ok(stands.collect())
}

/// How far back the trend goes.
const TREND: SignedDuration = SignedDuration::from_hours(24);

/// One database in detail, with a picture of what would have been lost in the last week.
async fn one(desk: &Desk<'_>, name: &str) -> Result<Reply, Failure> {
    desk.database(name)?;
    let (world, plan) = (desk.world, &desk.current.plan);
    let store = Store::of(world);
    let now = world.clock.now();
    let live = database::look(world, plan, name).await?;
    let lineage = database::lineage(world, &live).await?;
    let points = backup::points(world, &live, &lineage).await?;
    let hour: Option<Hour> = Hour::newest_of(world, name, now).await?;
    let trend = backup::rpo_series(world, name, now.saturating_sub(TREND).unwrap_or(now), now).await?;
    let agenda: Option<Kept<Agenda>> = store.load(name).await?;
    let schedules: Vec<(Schedule, Option<Timestamp>)> =
        live.entry.backups.iter().map(|schedule| (schedule.clone(), next(plan, schedule, now))).collect();
    let standing = alert::standing(world).await?.into_iter().map(|kept| kept.value);
    let alerts: Vec<alert::Standing> = standing.filter(|standing| standing.is_open() && standing.alert.subject == name).collect();
    let message = view::database_status(&view::Safety {
        live: &live,
        point: points.iter().find(|point| point.is_usable()),
        sample: hour.as_ref().and_then(Hour::newest),
        trend: &trend,
        schedules: &schedules,
        agenda: agenda.as_ref().map(|kept| &kept.value),
        alerts: &alerts,
        now,
    });
    if let Some(channel) = &desk.caller.channel {
        picture::show_rpo(world, channel, plan, name).await;
    }
    Ok(Reply::Message(message))
}

fn next(plan: &Plan, schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    let zone = schedule.timezone.as_deref().unwrap_or(&plan.timezone);
    Timetable::read(&schedule.cron, zone).ok()?.next(now)
}
