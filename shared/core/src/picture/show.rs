use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Chart, Picture, of_health, of_rpo, of_run};
use crate::{
    failure::Fault,
    plan::{Database, Plan},
    port::World,
    probe::{Question, Watch},
    proposal::Proposal,
    run::Run,
    store::{Created, Kept, Record, Store},
};

/// That a picture was shown: each is tried once. What goes with it is told in words anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// Of what: a run's id.
    pub of: String,
    /// When.
    pub at: Timestamp,
}

impl Record for Drawn {
    const PARTITION: &'static str = "picture";

    fn id(&self) -> String {
        self.of.clone()
    }
}

/// How far back the chart of a database's recovery point goes.
const BACK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Shows an ended run's timeline in its thread, once. A picture that can't be shown is no trouble of the run.
pub async fn show_run(world: &World, run: &Run, proposal: &Proposal) {
    let show = async {
        let Some(headline) = &run.headline else { return Ok(()) };
        let (chart, alt) = of_run(run, proposal);
        let picture = picture(world, run.id.as_str(), &run.title, &chart, alt)?;
        let drawn = Drawn { of: run.id.0.clone(), at: world.clock.now() };
        if let Created::Already(_) = Store::of(world).create(drawn).await? {
            return Ok(());
        }
        world.chat.picture(&headline.channel, Some(&headline.ts), &picture).await.map_err(Fault::from)
    };
    log(show.await, run.id.as_str());
}

/// Shows how a service's probes were answered. What was never asked has no picture.
pub async fn show_health(world: &World, channel: &str, name: &str, questions: &[Question]) {
    let show = async {
        let store = Store::of(world);
        let mut watches: Vec<(Question, Watch)> = Vec::new();
        for question in questions {
            let kept: Option<Kept<Watch>> = store.load(&question.id()).await?;
            watches.extend(kept.map(|kept| (question.clone(), kept.value)));
        }
        let Some((chart, alt)) = of_health(name, &watches, world.clock.now()) else { return Ok(()) };
        let picture = picture(world, &format!("health-{name}"), &format!("Health of {name}"), &chart, alt)?;
        world.chat.picture(channel, None, &picture).await.map_err(Fault::from)
    };
    log(show.await, name);
}

/// Shows what would have been lost of a database in the last week, where that was measured.
pub async fn show_rpo(world: &World, channel: &str, plan: &Plan, name: &str) {
    let show = async {
        let Some(Database { objectives, .. }) = plan.databases.get(name) else { return Ok(()) };
        let now = world.clock.now();
        let from = now.saturating_sub(BACK).unwrap_or(Timestamp::MIN);
        let measured = crate::backup::rpo_series(world, name, from, now).await?;
        if measured.is_empty() {
            return Ok(());
        }
        let (chart, alt) = of_rpo(name, &measured, objectives.rpo);
        let picture = picture(world, &format!("rpo-{name}"), &format!("What would be lost of {name}"), &chart, alt)?;
        world.chat.picture(channel, None, &picture).await.map_err(Fault::from)
    };
    log(show.await, name);
}

/// The longest words for those who can't see a picture: Slack takes 1,000 characters.
const ALT: usize = 1_000;

fn picture(world: &World, file: &str, title: &str, chart: &Chart, alt: String) -> Result<Picture, Fault> {
    let alt = if alt.chars().count() > ALT { alt.chars().take(ALT - 1).chain(['…']).collect() } else { alt };
    Ok(Picture { file: format!("{file}.png"), title: title.to_owned(), alt, png: world.charts.png(chart)? })
}

fn log(shown: Result<(), Fault>, of: &str) {
    if let Err(fault) = shown {
        tracing::warn!(of, fault = fault.chain(), "a picture was not shown");
    }
}
