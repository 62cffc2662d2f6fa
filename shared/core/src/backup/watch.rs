//! What people are told of backups before it is too late: pure findings from what was seen, and their alerts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    Agenda, Hour, Outcome, RecoveryPoint, Sample, Seen, Survey, Turn, Unseen, all, crowd,
    quota::{self, Counted},
};
use crate::{
    alert::{self, Alert, Kind, Level, Standing},
    failure::Fault,
    plan,
    port::World,
    store::Kept,
    view::Span,
};

/// Nobody could measure for so long: people are told that nobody knows.
const UNKNOWN_FOR: SignedDuration = SignedDuration::from_mins(5);
/// From how many percent of the quota people are told.
const QUOTA_PERCENT: u64 = 80;
/// What is judged here; other alerts are left alone.
const KINDS: [Kind; 9] = [
    Kind::Rpo,
    Kind::Log,
    Kind::BackupFailed,
    Kind::BackupLate,
    Kind::BackupEmpty,
    Kind::Unverified,
    Kind::Heartbeat,
    Kind::Quota,
    Kind::Unknown,
];

/// All that is known of one database's backups.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    /// Its name in the plan.
    pub name: &'a str,
    /// What the plan says of it.
    pub entry: &'a plan::Database,
    /// As it was seen.
    pub seen: &'a Result<Seen, Unseen>,
    /// The newest measurements.
    pub hour: &'a Hour,
    /// Its scheduled backups.
    pub agenda: &'a Agenda,
    /// The time.
    pub now: Timestamp,
}

/// What is wrong with a database's backups; pure. Second: what can't be judged now and is left as it stands.
#[must_use]
pub(super) fn findings(situation: &Situation<'_>) -> (Vec<Alert>, BTreeSet<Kind>) {
    let mut found = scheduled(situation);
    let seen = match situation.seen {
        Ok(seen) => seen,
        Err(unseen) => {
            found.extend(unknown(situation, unseen));
            // Unknown is not stale, and not well either.
            return (found, BTreeSet::from([Kind::Rpo, Kind::Log, Kind::BackupEmpty, Kind::Unverified, Kind::Heartbeat]));
        }
    };
    found.extend(at_risk(situation, seen));
    found.extend(log_stands_still(situation, seen));
    found.extend(empty(situation, seen));
    found.extend(unverified(situation, seen));
    found.extend(heartbeat(situation));
    (found, BTreeSet::new())
}

fn alert(situation: &Situation<'_>, kind: Kind, level: Level, sentence: String, way_out: impl Into<String>) -> Alert {
    Alert { kind, subject: situation.name.to_owned(), level, sentence, way_out: Some(way_out.into()) }
}

fn said(seconds: u32) -> String {
    Span(SignedDuration::from_secs(i64::from(seconds))).to_string()
}

fn at(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A value of two measurements in a row, the smaller one: one stale answer of the vendor alarms nobody.
fn lasting(hour: &Hour, value: impl Fn(&Sample) -> Option<u32>) -> Option<u32> {
    Some(value(hour.newest()?)?.min(value(hour.last_but_one()?)?))
}

fn at_risk(situation: &Situation<'_>, seen: &Seen) -> Option<Alert> {
    let Situation { name, entry, hour, .. } = situation;
    let objective = u32::try_from(entry.objectives.rpo.0.as_secs()).unwrap_or(u32::MAX);
    let way_out = format!("`/dr backup {name}` makes a recovery point now; `/dr status {name}` shows more.");
    if hour.newest()?.loss.is_none() && hour.last_but_one()?.loss.is_none() {
        let sentence = format!("{name} has nothing to restore from: no log and no snapshot. All of it would be lost.");
        return Some(alert(situation, Kind::Rpo, Level::Broken, sentence, way_out));
    }
    let loss = lasting(hour, |sample| sample.loss)?;
    let percent = u64::from(loss) * 100 / u64::from(objective.max(1));
    let cause = match (seen.live.gone, seen.live.instance.latest_restorable) {
        (true, _) => format!("its instance {} is gone", seen.live.instance.id),
        (false, None) => "it keeps no log, and its newest snapshot is as old as that".to_owned(),
        (false, Some(end)) => format!("its log ends at {}", at(end)),
    };
    let (level, verdict) = match percent {
        _ if loss > objective => (Level::Broken, "more than its objective (RPO) of"),
        percent if percent >= u64::from(entry.alerts.rpo_percent) => (Level::Warning, "close to its objective (RPO) of"),
        _ => return None,
    };
    let sentence = format!("{name} would lose {} if it were lost now, {verdict} {}: {cause}.", said(loss), Span(entry.objectives.rpo.0));
    Some(alert(situation, Kind::Rpo, level, sentence, way_out))
}

fn log_stands_still(situation: &Situation<'_>, seen: &Seen) -> Option<Alert> {
    let behind = lasting(situation.hour, |sample| sample.log)?;
    let limit = situation.entry.alerts.log_behind.0;
    if i64::from(behind) <= limit.as_secs() {
        return None;
    }
    let instance = &seen.live.instance;
    let sentence = format!(
        "The log of {} ({}) has not moved for {}: no moment since then can be restored.",
        situation.name,
        instance.id,
        said(behind)
    );
    let way_out = format!("Look at the events of {} in RDS; `/dr backup {}` makes a recovery point now.", instance.id, situation.name);
    Some(alert(situation, Kind::Log, Level::Warning, sentence, way_out))
}

fn scheduled(situation: &Situation<'_>) -> Vec<Alert> {
    let Situation { name, entry, agenda, now, .. } = situation;
    let mut found = Vec::new();
    let way_out = format!("`/dr backup {name}` makes one now; `/dr status {name}` shows more.");
    if let Some(slot) = &agenda.slot {
        if let Some(why) = &slot.failed {
            let sentence =
                format!("The {} backup of {name}, due at {}, failed: {why}. It is tried again.", slot.due.class, at(slot.due.at));
            found.push(alert(situation, Kind::BackupFailed, Level::Warning, sentence, way_out.clone()));
        }
        if now.duration_since(slot.due.at) > entry.alerts.backup_late.0 + entry.spread(slot.due.class) {
            let waits = slot.waits_for.as_ref().map(|what| format!(" It waits: {what}.")).unwrap_or_default();
            let late = Span(now.duration_since(slot.due.at));
            let sentence = format!("The {} backup of {name}, due at {}, is {late} late.{waits}", slot.due.class, at(slot.due.at));
            found.push(alert(situation, Kind::BackupLate, Level::Warning, sentence, way_out.clone()));
        }
    }
    if let Some(past) = agenda.past.last()
        && let Outcome::Failed(why) = &past.outcome
    {
        let sentence =
            format!("The {} backup of {name}, due at {}, was not taken, and is not tried again: {why}.", past.due.class, at(past.due.at));
        found.retain(|alert| alert.kind != Kind::BackupFailed);
        found.push(alert(situation, Kind::BackupFailed, Level::Broken, sentence, way_out));
    }
    found
}

/// GitLab's lesson of 2017: a backup that succeeded can be empty.
fn empty(situation: &Situation<'_>, seen: &Seen) -> Option<Alert> {
    let newest = seen.points.iter().find(|point| point.taken_at().is_some())?;
    if newest.snapshot.size_gib > 0 {
        return None;
    }
    let sentence = format!("The newest snapshot of {}, {}, is empty: nothing can be restored from it.", situation.name, newest.id());
    let way_out = format!("`/dr backup {}` makes another one.", situation.name);
    Some(alert(situation, Kind::BackupEmpty, Level::Broken, sentence, way_out))
}

fn unverified(situation: &Situation<'_>, seen: &Seen) -> Option<Alert> {
    let Situation { name, entry, now, .. } = situation;
    let verdicts = seen.points.iter().filter_map(|point| Some((point, point.verification.as_ref()?)));
    let newest = verdicts.max_by_key(|(_, verdict)| verdict.at);
    if let Some((point, verdict)) = newest.filter(|(_, verdict)| !verdict.passed) {
        let failed: Vec<&str> = verdict.checks.iter().filter(|check| !check.passed).map(|check| check.name.as_str()).collect();
        let which = if failed.is_empty() { String::new() } else { format!(" ({})", failed.join(", ")) };
        let sentence = format!("{} of {name} was restored and found bad{which}: it can't be relied on.", point.id());
        return Some(alert(situation, Kind::Unverified, Level::Broken, sentence, format!("`/dr backups {name}` shows which are good.")));
    }
    let limit = entry.alerts.verified_within?;
    let good = seen.points.iter().filter(|point| point.is_verified()).filter_map(RecoveryPoint::taken_at).max();
    let sentence = match good {
        Some(good) if now.duration_since(good) <= limit.0 => return None,
        Some(good) => {
            format!("The newest recovery point of {name} that was found good is of {}, older than {}.", at(good), Span(limit.0))
        }
        None => format!("No recovery point of {name} was ever restored and found good."),
    };
    let way_out = format!("`/dr restore {name} --id RECOVERY_POINT` checks one; the data of the old instance stays.");
    Some(alert(situation, Kind::Unverified, Level::Warning, sentence, way_out))
}

fn heartbeat(situation: &Situation<'_>) -> Option<Alert> {
    let Situation { name, entry, hour, .. } = situation;
    let age = lasting(hour, |sample| sample.heartbeat)?;
    if i64::from(age) <= entry.objectives.rpo.0.as_secs() {
        return None;
    }
    let sentence = format!("The heartbeat of {name} is {} old: nothing is written, or whoever writes it has stopped.", said(age));
    Some(alert(situation, Kind::Heartbeat, Level::Warning, sentence, format!("`/dr status {name}` shows whether the database answers.")))
}

fn unknown(situation: &Situation<'_>, unseen: &Unseen) -> Option<Alert> {
    let Situation { name, hour, now, .. } = situation;
    let since = hour.unknown_since.filter(|since| now.duration_since(*since) >= UNKNOWN_FOR)?;
    let (why, way_out) = match unseen {
        Unseen::Missing(why) => {
            (format!("what the plan names is not there since {}. {why}", at(since)), "Correct the plan, or what it names.")
        }
        Unseen::Unknown(why) => (
            format!("AWS has not answered since {} ({why})", at(since)),
            "Look at the AWS Health Dashboard. This says nothing about the backups themselves.",
        ),
    };
    let sentence = format!("Nobody can tell how stale the backups of {name} are: {why}.");
    Some(alert(situation, Kind::Unknown, Level::Warning, sentence.replace("..", "."), way_out))
}

/// What is wrong with a region's snapshots; pure.
#[must_use]
pub(super) fn crowded(counted: &Counted, foreign: usize, scheduled: usize) -> Option<Alert> {
    let max = u64::from(counted.quota.max).max(1);
    let will_be = u64::try_from(foreign.saturating_add(scheduled)).unwrap_or(u64::MAX);
    let used = u64::from(counted.quota.used);
    if used.max(will_be).saturating_mul(100) < max.saturating_mul(QUOTA_PERCENT) {
        return None;
    }
    let level = if used.max(will_be) > max { Level::Broken } else { Level::Warning };
    let region = &counted.region;
    let sentence = format!(
        "{region} has {used} manual snapshots of {max} that the account may have, and the schedules will make it {will_be}: \
         beyond that, no backup can be taken and no instance be deleted with a final snapshot."
    );
    let way_out = "Ask AWS for a higher quota (Service Quotas, L-272F1212), or keep fewer.".to_owned();
    Some(Alert { kind: Kind::Quota, subject: region.clone(), level, sentence, way_out: Some(way_out) })
}

/// Raises what is wrong, and resolves what is not any more.
///
/// # Errors
/// When a record can't be read or written, or nobody can be told; the next tick says it again.
pub async fn watch(
    world: &World,
    survey: &Survey,
    hours: &BTreeMap<String, Hour>,
    agendas: &BTreeMap<String, Agenda>,
) -> Result<(), Fault> {
    let mut left: BTreeSet<(Kind, String)> = BTreeSet::new();
    let mut found: Vec<Alert> = Vec::new();
    for (name, seen) in &survey.databases {
        let (Some(entry), Some(hour), Some(agenda)) = (survey.current.plan.databases.get(name), hours.get(name), agendas.get(name)) else {
            left.extend(KINDS.map(|kind| (kind, name.clone())));
            continue;
        };
        let (wrong, unjudged) = findings(&Situation { name, entry, seen, hour, agenda, now: survey.now });
        left.extend(unjudged.into_iter().map(|kind| (kind, name.clone())));
        found.extend(wrong);
    }
    left.extend(survey.silent.keys().map(|region| (Kind::Quota, region.clone())));
    let standing: BTreeMap<(Kind, String), Kept<Standing>> =
        all::<Standing>(world).await?.into_iter().map(|kept| ((kept.value.alert.kind, kept.value.alert.subject.clone()), kept)).collect();
    let mut sorted = crowd::sort(found, &standing);
    let together = count(world, survey, &sorted).await?;
    sorted.alone.extend(regions(survey));
    let of = survey.current.plan.databases.len();
    let many = sorted.together.iter().map(|(kind, here)| crowd::alert(*kind, here, together.get(kind).copied().unwrap_or(here.len()), of));
    let alerts: Vec<Alert> = sorted.alone.into_iter().chain(many).collect();
    let raised: BTreeSet<(Kind, String)> = alerts.iter().map(|alert| (alert.kind, alert.subject.clone())).collect();
    // One that can't be told does not keep the others from being told.
    let mut failed = None;
    for alert in alerts {
        // What people know needs no look at its record.
        let known = standing.get(&(alert.kind, alert.subject.clone()));
        if known.is_none_or(|kept| !kept.value.is_open() || kept.value.told < Some(alert.level)) {
            failed = alert::raise(world, alert).await.err().or(failed);
        }
    }
    for ((kind, subject), kept) in standing {
        let judged = match subject.as_str() {
            crowd::MANY => survey.silent.is_empty() && !together.contains_key(&kind),
            // Whoever has no turn is not judged, but for what the plan does not have any more.
            _ => survey.turn == Turn::ALL || survey.turn.has(&subject) || !survey.current.plan.databases.contains_key(&subject),
        };
        let which = (kind, subject);
        if judged && KINDS.contains(&kind) && !raised.contains(&which) && !left.contains(&which) {
            failed = alert::resolve_standing(world, kept).await.err().or(failed);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// How many databases have each trouble that is told of together, over all shares; and how this share stands is kept for whoever
/// asks, where the plan has too many to be looked at then.
async fn count(world: &World, survey: &Survey, sorted: &crowd::Sorted) -> Result<BTreeMap<Kind, usize>, Fault> {
    let tally = crowd::tally(survey, sorted);
    let mut tallies = vec![tally.clone()];
    if survey.current.plan.databases.len() > crowd::GLANCE {
        let known = all::<crowd::Tally>(world).await?;
        crowd::keep(world, crowd::of_turn(&known, survey.turn), tally.clone()).await?;
        tallies = crowd::current(known.into_iter().map(|kept| kept.value).collect(), &tally);
    }
    let mut together: BTreeMap<Kind, usize> = BTreeMap::new();
    for (kind, count) in tallies.iter().flat_map(|tally| &tally.together) {
        *together.entry(*kind).or_default() += count;
    }
    Ok(together)
}

/// What is wrong with the snapshots of each region.
fn regions(survey: &Survey) -> Vec<Alert> {
    let plan = &survey.current.plan;
    let crowded = survey.quotas.iter().filter_map(|(region, counted)| {
        // After a failover a database is in another region than the plan's.
        let is_here = |name: &String, entry: &plan::Database| match survey.databases.get(name) {
            Some(Ok(seen)) => seen.live.entry.region == *region,
            Some(Err(_)) => false,
            None => entry.region == *region,
        };
        let here = plan.databases.iter().filter(|(name, entry)| is_here(name, entry)).map(|(_, entry)| entry);
        let foreign = survey.foreign.get(region).copied().unwrap_or(0);
        crowded(counted, foreign, quota::forecast(plan, here, survey.now))
    });
    crowded.collect()
}

#[cfg(test)]
mod tests;
