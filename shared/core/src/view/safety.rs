//! How safe one database is: what would be lost, how that went, what is backed up when, and what is wrong.

use jiff::{SignedDuration, Timestamp};

use super::{Block, Code, Message, Moment, Mrkdwn, Prose, Span, lists};
use crate::{
    alert::{Level, Standing},
    backup::{Agenda, Outcome, Past, RecoveryPoint, Sample},
    database::Live,
    mrkdwn,
    plan::{BackupClass, Schedule},
};

/// Past backups that are shown.
const SHOWN: usize = 5;

/// All that is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Safety<'a> {
    /// The database as it stands.
    pub live: &'a Live,
    /// Its newest recovery point.
    pub point: Option<&'a RecoveryPoint>,
    /// The newest measurement.
    pub sample: Option<&'a Sample>,
    /// What would have been lost over the last day, in seconds.
    pub trend: &'a [(Timestamp, u32)],
    /// Its schedules, each with when it is due next.
    pub schedules: &'a [(Schedule, Option<Timestamp>)],
    /// What came of them.
    pub agenda: Option<&'a Agenda>,
    /// What is wrong.
    pub alerts: &'a [Standing],
    /// The time.
    pub now: Timestamp,
}

/// One database in detail.
#[must_use]
pub fn database_status(safety: &Safety<'_>) -> Message {
    let name = &safety.live.name;
    let text = loss(safety);
    let standing = Ok((safety.live.clone(), safety.point.cloned()));
    let mut blocks = vec![Block::title(format!("How safe {name} is")), Block::paragraph(text.clone())];
    blocks.push(Block::paragraph(lists::database_lines(name, &standing, safety.now)));
    let measured = Mrkdwn::join(trend(safety.trend).into_iter().chain(safety.sample.iter().flat_map(|sample| ages(sample))), "\n");
    if measured.length() > 0 {
        blocks.push(Block::paragraph(measured));
    }
    blocks.extend(Block::paragraphs(safety.alerts.iter().map(alert)));
    blocks.push(Block::paragraph(Mrkdwn::join(backups(safety), "\n")));
    Message { text, blocks }
}

fn seconds(seconds: u32) -> Span {
    Span(SignedDuration::from_secs(i64::from(seconds)))
}

fn loss(safety: &Safety<'_>) -> Mrkdwn {
    let (name, objective) = (&safety.live.name, safety.live.entry.objectives.rpo.0);
    let Some(sample) = safety.sample else { return mrkdwn!("Nobody has measured yet what would be lost of {}.", name) };
    let Some(loss) = sample.loss else {
        return mrkdwn!("❌ Nobody knows what would be lost of {}: it could not be measured at {}.", name, Moment(sample.at));
    };
    // It has grown older since.
    let lost = SignedDuration::from_secs(i64::from(loss)) + safety.now.duration_since(sample.at).max(SignedDuration::ZERO);
    let mark = if lost > objective { "❌" } else { "✅" };
    mrkdwn!("{} If {} were lost now, {} would be lost; the objective (RPO) is {}.", mark, name, Span(lost), Span(objective))
}

fn trend(measured: &[(Timestamp, u32)]) -> Option<Mrkdwn> {
    let mut all: Vec<u32> = measured.iter().map(|(_, loss)| *loss).collect();
    all.sort_unstable();
    let (best, usual, worst) = (all.first()?, all.get(all.len() / 2)?, all.last()?);
    let since = measured.first().map(|(at, _)| *at)?;
    Some(mrkdwn!("• since {}: {} at best, usually {}, {} at worst", Moment(since), seconds(*best), seconds(*usual), seconds(*worst)))
}

fn ages(sample: &Sample) -> Vec<Mrkdwn> {
    let verified = sample.verified.map_or_else(
        || mrkdwn!("• no recovery point was ever restored and found good"),
        |age| mrkdwn!("• the newest recovery point that was found good is {} old", seconds(age)),
    );
    let heartbeat = sample.heartbeat.map(|age| mrkdwn!("• its heartbeat was {} old", seconds(age)));
    std::iter::once(verified).chain(heartbeat).collect()
}

pub(super) fn alert(standing: &Standing) -> Mrkdwn {
    let mark = if standing.alert.level == Level::Broken { "❌" } else { "⚠️" };
    mrkdwn!("{} {} Since {}.", mark, Prose(&standing.alert.sentence), Moment(standing.since))
}

fn backups(safety: &Safety<'_>) -> Vec<Mrkdwn> {
    if safety.schedules.is_empty() {
        return vec![mrkdwn!("*Backups* The plan has no schedule for it.")];
    }
    let mut lines = vec![mrkdwn!("*Backups*")];
    lines.extend(safety.schedules.iter().map(|(schedule, next)| {
        let next = next.map_or_else(|| mrkdwn!("never due"), |next| mrkdwn!("next {}", Moment(next)));
        mrkdwn!("• {}: {}, kept {}", schedule.class.to_string(), next, Span(schedule.keep.0))
    }));
    let Some(agenda) = safety.agenda else { return lines };
    lines.extend(agenda.slot.as_ref().map(|slot| {
        let state = match (&slot.proposal, &slot.waits_for, &slot.failed) {
            (Some(proposal), _, _) => mrkdwn!("taken by {}", Code(proposal.run().as_str())),
            (None, Some(what), _) => mrkdwn!("waits: {}", Prose(what)),
            (None, None, Some(why)) => mrkdwn!("tried again soon; it failed: {}", Prose(why)),
            (None, None, None) => mrkdwn!("about to be taken"),
        };
        mrkdwn!("⏳ {}, due {}: {}", slot.due.class.to_string(), Moment(slot.due.at), state)
    }));
    lines.extend(agenda.past.iter().rev().take(SHOWN).map(past));
    lines
}

fn past(past: &Past) -> Mrkdwn {
    let class: BackupClass = past.due.class;
    let others: Vec<String> = past.due.serves.iter().filter(|other| **other != class).map(ToString::to_string).collect();
    let also = if others.is_empty() { String::new() } else { format!(", for {} too", others.join(" and ")) };
    match &past.outcome {
        Outcome::Taken(snapshot) => mrkdwn!("✅ {} {}, due {}{}", class.to_string(), Code(snapshot), Moment(past.due.at), also),
        Outcome::Failed(why) => mrkdwn!("❌ {}, due {}, was not taken: {}", class.to_string(), Moment(past.due.at), Prose(why)),
    }
}
