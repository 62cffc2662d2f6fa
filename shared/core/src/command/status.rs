//! `status`: how things stand.

use super::{Examples, Spellings};
use crate::{
    backup::{self, RecoveryPoint},
    command::{approvals, runs},
    database::{self, Live},
    desk::{Desk, Reply},
    failure::Failure,
    policy,
    run::Run,
    view::{self, Standing},
};

/// In one line.
pub const SUMMARY: &str = "Show the databases of the plan, their recovery points, and what is going on.";
/// For the help.
pub const EXAMPLES: Examples = &[("status", "every database: its state, its newest recovery point, what runs on it")];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[("status:all", &[])];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {}

/// Answers it: every database of the plan with its newest recovery point, what waits for a decision, what runs.
///
/// # Errors
/// A refusal when the caller may not look; a fault when the records can't be read.
pub async fn run(desk: &Desk<'_>, _: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let mut standings: Vec<Standing> = Vec::new();
    for name in desk.current.plan.databases.keys() {
        standings.push((name.clone(), stands(desk, name).await));
    }
    let runs: Vec<Run> = runs::open(desk, false).await?;
    let approvals = approvals::open(desk).await?;
    Ok(Reply::Message(view::status_board(&standings, &approvals, &runs, desk.world.clock.now())))
}

/// One database that can't be seen is no reason not to show the others.
async fn stands(desk: &Desk<'_>, name: &str) -> Result<(Live, Option<RecoveryPoint>), String> {
    let look = async {
        let live = database::look(desk.world, &desk.current.plan, name).await?;
        let lineage = database::lineage(desk.world, &live).await?;
        let points = backup::points(desk.world, &live, &lineage).await?;
        Ok::<_, Failure>((live, points.into_iter().find(RecoveryPoint::is_usable)))
    };
    look.await.map_err(|failure| match failure {
        Failure::Refusal(refusal) => refusal.to_string(),
        Failure::Fault(fault) => {
            tracing::error!(database = name, fault = fault.chain(), "a database can't be seen");
            "can't be seen just now: AWS does not answer".to_owned()
        }
    })
}
