use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Place, Question, State, Verdict, Watch, state::by_subject, state_of};
use crate::{
    alert::{self, Alert, Kind, Level},
    failure::Fault,
    ident::Actor,
    page::{self, Raise},
    plan::{Plan, Severity},
    port::World,
    store::Kept,
};

/// The tier whose services people are woken for.
const CRITICAL: &str = "critical";
/// What the alert that we see nothing is about.
const OURSELVES: &str = "health checks";

type Known = BTreeMap<String, Kept<Watch>>;
/// A probe, and its record if it was asked.
type Seen<'a> = (&'a Question, Option<&'a Watch>);

/// Tells people what is ill, what is well again, and that we see nothing. Each is told once, however often it is said.
pub(super) async fn tell(world: &World, plan: &Plan, questions: &[Question], known: &Known) -> Result<(), Fault> {
    let now = world.clock.now();
    let open: Vec<(Kind, String)> = alert::standing(world)
        .await?
        .into_iter()
        .filter(|kept| !kept.value.told_resolved && kept.value.alert.kind == Kind::Health)
        .map(|kept| (kept.value.alert.kind, kept.value.alert.subject))
        .collect();
    let is_open = |kind: Kind, subject: &str| open.iter().any(|(known, about)| *known == kind && about == subject);
    let subjects = by_subject(questions);
    // Whoever can't be told of one must not keep others from being woken for another.
    let mut told = Ok(());
    for (subject, probes) in &subjects {
        let probes: Vec<Seen<'_>> = probes.iter().map(|question| (*question, known.get(&question.id()).map(|kept| &kept.value))).collect();
        let done = match state_of(probes.iter().copied(), now) {
            State::Ill(since) => raise(world, plan, ill(plan, subject, &probes), since).await,
            State::Well if is_open(Kind::Health, subject) => resolve(world, plan, subject).await,
            // What we do not know ends no alert.
            State::Well | State::Unknown => Ok(()),
        };
        told = done.and(told);
    }
    // What the plan does not have any more is nobody's trouble.
    for (_, subject) in
        open.iter().filter(|(kind, subject)| *kind == Kind::Health && subject != OURSELVES && !subjects.contains_key(subject))
    {
        told = alert::resolve(world, Kind::Health, subject).await.and(told);
    }
    let blind: Vec<&Watch> = questions
        .iter()
        .filter_map(|question| known.get(&question.id()).map(|kept| &kept.value))
        .filter(|watch| watch.verdict == Verdict::Unknown && watch.row >= u32::from(watch.in_a_row))
        .collect();
    let done = match blind.first() {
        Some(first) => alert::raise(world, blinded(&blind, first, questions.len())).await,
        None if is_open(Kind::Health, OURSELVES) => alert::resolve(world, Kind::Health, OURSELVES).await,
        None => Ok(()),
    };
    done.and(told)
}

async fn raise(world: &World, plan: &Plan, alert: Alert, since: Timestamp) -> Result<(), Fault> {
    // First, since it goes out without Slack too.
    if is_critical(plan, &alert.subject) {
        wake(world, &alert, since).await?;
    }
    alert::raise(world, alert).await
}

async fn resolve(world: &World, plan: &Plan, subject: &str) -> Result<(), Fault> {
    if is_critical(plan, subject) {
        page::resolve(world, &page_key(subject), "Mayday", &format!("{subject} is well again")).await?;
    }
    alert::resolve(world, Kind::Health, subject).await
}

/// Whether people are woken when it is ill: services of the tier `critical`, as their users reach them.
fn is_critical(plan: &Plan, subject: &str) -> bool {
    plan.services.get(subject).is_some_and(|service| service.tier.as_deref() == Some(CRITICAL))
}

fn page_key(subject: &str) -> String {
    format!("health/{subject}")
}

async fn wake(world: &World, alert: &Alert, since: Timestamp) -> Result<(), Fault> {
    let why = [Some(alert.sentence.as_str()), alert.way_out.as_deref()];
    let raise = Raise {
        key: page_key(&alert.subject),
        severity: Severity::Sev1,
        subject: format!("{} is not well", alert.subject),
        why: why.into_iter().flatten().collect::<Vec<_>>().join(" "),
        by: Actor::System("health".to_owned()),
        since,
        run: None,
        to: Vec::new(),
    };
    page::raise(world, raise).await.map(drop)
}

fn ill(plan: &Plan, subject: &str, probes: &[Seen<'_>]) -> Alert {
    let mut owner = None;
    let mut said = Vec::new();
    for (question, watch) in probes {
        owner = Some(question);
        if let Some(watch) = watch.filter(|watch| watch.verdict == Verdict::Ill) {
            said.push(format!("{}: {}", question.probe.name, watch.said));
        }
    }
    let (name, place) = owner.map_or((subject, Place::Service), |question| (question.owner.as_str(), question.place));
    let leaves = plan.services.get(name).is_some_and(|service| service.failover.is_some());
    let way_out = match place {
        Place::Secondary => format!("A failover of {name} would not go well now. `/dr health {name}` looks again."),
        _ if leaves => {
            format!("`/dr diagnose {name}` says what can be seen, and which runbook is for it. `/dr failover {name}` proposes to move it.")
        }
        _ => format!("`/dr diagnose {name}` says what can be seen, and which runbook is for it."),
    };
    Alert {
        kind: Kind::Health,
        subject: subject.to_owned(),
        level: if place == Place::Secondary { Level::Warning } else { Level::Broken },
        sentence: format!("{subject} is not well. {}.", said.join("; ")),
        way_out: Some(way_out),
    }
}

fn blinded(blind: &[&Watch], first: &Watch, all: usize) -> Alert {
    Alert {
        // Not `Unknown`: those are ended by whoever watches backups.
        kind: Kind::Health,
        subject: OURSELVES.to_owned(),
        level: Level::Warning,
        sentence: format!(
            "{} of {all} health checks see nothing, by a trouble of our own: {}. That says nothing about the services.",
            blind.len(),
            first.said
        ),
        way_out: Some("Look at them from elsewhere; `/dr health` tries again.".to_owned()),
    }
}
