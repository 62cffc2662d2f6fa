//! How things stand: databases, recovery points, what waits, what runs.

use jiff::Timestamp;

use super::{
    Block, Code, Element, Links, Message, Moment, Mrkdwn, Prose, Span,
    approval::wanting,
    home::{self, OnCall, ServiceGlance},
    safety,
};
use crate::{
    alert::{self, Level},
    approval::Approval,
    backup::{CLASS_TAG, RecoveryPoint, crowd::FleetGlance},
    database::Live,
    mrkdwn,
    page::Page,
    port::{Phase, SnapshotKind},
    probe,
    proposal::Proposal,
    run::{Run, State},
};

/// How one database of the plan stands; `Err` says why it can't be seen.
pub type Standing = (String, Result<(Live, Option<RecoveryPoint>), String>);

/// Entries of a list that one answer shows: an answer can be a few messages long, and people read the newest.
const SHOWN: usize = 40;

/// Databases of a fleet that are shown by name: the worst.
const SHOWN_OF_FLEET: usize = 15;

/// Runs among which one is asked for, and ended ones that are shown unasked.
const ASKED: usize = 3;

/// What is shown at one glance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Board {
    /// Every database of the plan; none of them where there are too many, and [`Self::fleet`] stands for them.
    pub databases: Vec<Standing>,
    /// How a fleet stands, as the scheduler's turns have counted it.
    pub fleet: Option<FleetGlance>,
    /// Every service, by the minute's checks.
    pub services: Vec<ServiceGlance>,
    /// What is wrong and was told.
    pub alerts: Vec<alert::Standing>,
    /// The pages that are not over.
    pub pages: Vec<Page>,
    /// What waits for a decision.
    pub approvals: Vec<(Approval, Proposal)>,
    /// What is going on.
    pub runs: Vec<Run>,
    /// Who has which turn.
    pub on_call: Vec<OnCall>,
    /// Where cards and headlines open.
    pub links: Links,
}

/// Everything at one glance: services, databases with their newest recovery points, what is wrong, whom that has woken, open
/// approvals, open runs.
#[must_use]
pub fn status_board(board: &Board, now: Timestamp) -> Message {
    let Board { databases, fleet, services, alerts, pages, approvals, runs, on_call, links } = board;
    let text = in_a_line(board);
    let mut blocks = vec![Block::title("How things stand"), Block::paragraph(text.clone())];
    blocks.extend(part("Woken, and not over", pages.iter().map(|page| home::page_line(page, now)), pages.len()));
    blocks.extend(part("Wrong", alerts.iter().map(safety::alert), alerts.len()));
    blocks.extend(part("Services", services.iter().map(|service| home::service_line(service, now)), services.len()));
    blocks.extend(part("Databases", databases.iter().map(|(name, standing)| database_lines(name, standing, now)), databases.len()));
    blocks.extend(fleet.iter().flat_map(fleet_lines));
    let waiting = approvals.iter().map(|(approval, proposal)| approval_line(approval, proposal, links, now));
    blocks.extend(part("Waits for approval", waiting, approvals.len()));
    blocks.extend(part("Going on", runs.iter().map(|run| run_line(run, links, now)), runs.len()));
    let buttons = [("open_restore", "Restore…", "restore"), ("open_backup", "Back up now…", "backup")];
    if !databases.is_empty() || fleet.is_some() {
        let elements = buttons.map(|(action, text, command)| Element::button(action, text, command, None)).to_vec();
        blocks.push(Block::Actions { block_id: "status".to_owned(), elements });
    }
    blocks.extend(Block::small_prints(home::turns(on_call)));
    Message { text, blocks }
}

/// The worst thing first.
fn in_a_line(board: &Board) -> Mrkdwn {
    let ill = board.databases.iter().filter(|(_, standing)| standing.as_ref().map_or(true, |(live, _)| is_ill(live))).count();
    let databases = match (board.databases.len(), ill) {
        _ if board.fleet.is_some() => board.fleet.as_ref().map(fleet_in_a_line).unwrap_or_default(),
        (0, _) => mrkdwn!("The plan has no database."),
        (all, 0) => mrkdwn!("✅ {}, all as they should be.", counted(all, "database")),
        (all, ill) => mrkdwn!("❌ {} of {} need a look.", ill, counted(all, "database")),
    };
    let ill = board.services.iter().filter(|service| matches!(service.state, probe::State::Ill(_))).count();
    let services = (ill > 0).then(|| mrkdwn!("❌ {} of {} not well.", ill, counted(board.services.len(), "service")));
    let unanswered = board.pages.iter().filter(|page| page.is_open()).count();
    let woken = (unanswered > 0).then(|| mrkdwn!("🔔 {} that nobody has answered.", counted(unanswered, "page")));
    let waiting = mrkdwn!("{} for approval, {} going on.", waits(board.approvals.len()), counted(board.runs.len(), "run"));
    Mrkdwn::join(services.into_iter().chain([databases]).chain(woken).chain([waiting]), " ")
}

fn fleet_in_a_line(fleet: &FleetGlance) -> Mrkdwn {
    let all = counted(fleet.databases, "database");
    let ill = fleet.broken.max(fleet.unseen);
    match (fleet.looked_at, ill, fleet.warned) {
        (0, ..) => mrkdwn!("⏳ {}, none of which was looked at yet.", all),
        (_, 0, 0) => mrkdwn!("✅ {}, all as they should be.", all),
        (_, 0, warned) => mrkdwn!("⚠️ {} of {} need a look.", warned, all),
        (_, ill, _) => mrkdwn!("❌ {} of {} need a look.", ill, all),
    }
}

/// A fleet by counts, and its worst by name.
fn fleet_lines(fleet: &FleetGlance) -> Vec<Block> {
    let FleetGlance { databases, looked_at, broken, warned, unseen, since, worst } = fleet;
    let well = looked_at.saturating_sub(*broken + *warned).min(looked_at.saturating_sub(*unseen));
    let counts = mrkdwn!(
        "*Databases*\n• ✅ {} as they should be\n• ⚠️ {} with a warning\n• ❌ {} with something broken\n• {} that can't be seen",
        well,
        *warned,
        *broken,
        *unseen
    );
    let when = since
        .map(|since| mrkdwn!("{} of {} looked at, the first of them at {}. ", *looked_at, *databases, Moment(since)))
        .unwrap_or_default();
    let mut blocks = vec![Block::paragraph(counts)];
    let mark = |level: Level| if level == Level::Broken { "❌" } else { "⚠️" };
    blocks.extend(Block::paragraphs(worst.iter().take(SHOWN_OF_FLEET).map(|one| mrkdwn!("{} {}", mark(one.level), Prose(&one.sentence)))));
    let more = (broken + warned).saturating_sub(worst.len().min(SHOWN_OF_FLEET));
    let rest = if more > 0 { mrkdwn!("{} more with something wrong. ", more) } else { mrkdwn!("") };
    blocks.push(Block::small_print(mrkdwn!("{}{}{} looks at one.", when, rest, Code("/dr status NAME"))));
    blocks
}

/// A part of the board, if there is anything of it.
fn part(title: &str, lines: impl Iterator<Item = Mrkdwn>, all: usize) -> Vec<Block> {
    if all == 0 {
        return Vec::new();
    }
    let mut blocks = vec![Block::paragraph(mrkdwn!("*{}*", title))];
    blocks.extend(Block::paragraphs(lines.take(SHOWN)));
    blocks.extend(more(all, "the plan lists them all"));
    blocks
}

pub(super) fn waits(count: usize) -> Mrkdwn {
    match count {
        0 => mrkdwn!("Nothing waits"),
        1 => mrkdwn!("One proposal waits"),
        several => mrkdwn!("{} proposals wait", several),
    }
}

pub(super) fn counted(count: usize, what: &str) -> Mrkdwn {
    match count {
        0 => mrkdwn!("no {}", what),
        1 => mrkdwn!("1 {}", what),
        several => mrkdwn!("{} {}s", several, what),
    }
}

/// What a list left out, if anything.
fn more(all: usize, instead: &str) -> Option<Block> {
    all.checked_sub(SHOWN).filter(|more| *more > 0).map(|more| Block::small_print(mrkdwn!("{} more: {}.", more, Prose(instead))))
}

pub(super) fn is_ill(live: &Live) -> bool {
    live.gone || matches!(live.instance.status, Phase::Broken(_) | Phase::Leaving)
}

pub(super) fn database_lines(name: &str, standing: &Result<(Live, Option<RecoveryPoint>), String>, now: Timestamp) -> Mrkdwn {
    let (live, point) = match standing {
        Ok(standing) => standing,
        Err(why) => return mrkdwn!("❌ *{}*: {}", name, Prose(why)),
    };
    let (mark, state) = match &live.instance.status {
        _ if live.gone => ("❌", "gone: traffic is still led to it".to_owned()),
        status @ Phase::Available => ("✅", status.to_string()),
        status @ Phase::Underway(_) => ("⏳", status.to_string()),
        status @ (Phase::Leaving | Phase::Broken(_)) => ("❌", status.to_string()),
    };
    let entry = &live.entry;
    let first = mrkdwn!("{} *{}* ({}, {}): {} is {}", mark, name, entry.environment, entry.region, Code(&live.instance.id), state);
    let log = live.instance.latest_restorable.filter(|_| !live.gone);
    let second = log.map_or_else(
        || mrkdwn!("• no log to restore from"),
        |latest| mrkdwn!("• any moment up to {} ago can be restored", Span(now.duration_since(latest))),
    );
    let third = match point {
        None => mrkdwn!("• ❌ no snapshot that can be restored"),
        Some(point) => {
            let age = point.taken_at().map(|at| mrkdwn!(", {} old", Span(now.duration_since(at)))).unwrap_or_default();
            mrkdwn!("• newest snapshot {}{}, {}", Code(point.id()), age, verified(point))
        }
    };
    Mrkdwn::join([first, second, third].into_iter().chain(beyond_objective(live, point.as_ref(), now)), "\n")
}

/// When more would be lost than the plan allows.
fn beyond_objective(live: &Live, point: Option<&RecoveryPoint>, now: Timestamp) -> Option<Mrkdwn> {
    let log = live.instance.latest_restorable.filter(|_| !live.gone);
    let newest = log.into_iter().chain(point.and_then(RecoveryPoint::taken_at)).max()?;
    let (lost, objective) = (now.duration_since(newest), live.entry.objectives.rpo.0);
    (lost > objective).then(|| mrkdwn!("• ⚠️ {} would be lost now: more than the objective (RPO) of {}", Span(lost), Span(objective)))
}

fn verified(point: &RecoveryPoint) -> Mrkdwn {
    match &point.verification {
        None => mrkdwn!("never verified"),
        Some(verdict) if verdict.passed => mrkdwn!("✅ verified at {}", Moment(verdict.at)),
        Some(verdict) => mrkdwn!("❌ found bad at {}", Moment(verdict.at)),
    }
}

/// The recovery points of a database, newest first, of which the given one would be picked.
#[must_use]
pub fn backups_list(live: &Live, points: &[RecoveryPoint], picked: Option<&str>, before: Option<Timestamp>, now: Timestamp) -> Message {
    let name = &live.name;
    let from_before = before.map(|before| mrkdwn!(" from before {}", Moment(before))).unwrap_or_default();
    let good = match picked {
        Some(id) => mrkdwn!("The last known good is {}.", Code(id)),
        None => mrkdwn!("None is known to be good: no restore of one has passed its checks."),
    };
    let text = match points.len() {
        0 => mrkdwn!("{} has no snapshot{}.", name, from_before),
        1 => mrkdwn!("{} has one snapshot{}. {}", name, from_before, good),
        several => mrkdwn!("{} has {} snapshots{}. {}", name, several, from_before, good),
    };
    let mut blocks = vec![Block::title(format!("Recovery points of {name}")), Block::paragraph(text.clone())];
    blocks.push(Block::paragraph(log_line(live, now)));
    blocks.extend(Block::paragraphs(points.iter().take(SHOWN).map(|point| point_lines(point, picked == Some(point.id()), now))));
    blocks.extend(more(points.len(), &format!("`/dr backups {name} --before WHEN` shows older ones")));
    if !points.is_empty() {
        blocks.push(Block::small_print(mrkdwn!("Restore one: {}", Code(&format!("/dr restore {name} --id RECOVERY_POINT")))));
    }
    Message { text, blocks }
}

fn log_line(live: &Live, now: Timestamp) -> Mrkdwn {
    let instance = Code(&live.instance.id);
    match (live.instance.latest_restorable, live.instance.earliest_restorable) {
        _ if live.gone => mrkdwn!("❌ {} is gone, and its log and automated snapshots with it or soon.", instance),
        (None, _) => mrkdwn!("⚠️ {} keeps no log: only the snapshots can be restored.", instance),
        (Some(latest), earliest) => {
            let from = earliest.map(|earliest| mrkdwn!(" from {}", Moment(earliest))).unwrap_or_default();
            let typed = format!("/dr restore {} --at WHEN", live.name);
            mrkdwn!(
                "✅ Any moment{} up to {}, {} ago, can be restored from the log of {}: {}",
                from,
                Moment(latest),
                Span(now.duration_since(latest)),
                instance,
                Code(&typed)
            )
        }
    }
}

fn point_lines(point: &RecoveryPoint, picked: bool, now: Timestamp) -> Mrkdwn {
    let snapshot = &point.snapshot;
    let mark = if picked { " *← last known good*" } else { "" };
    let taken = match (&snapshot.status, point.taken_at()) {
        (Phase::Underway(_), _) | (_, None) => mrkdwn!("⏳ being made, {} % done", snapshot.percent),
        (Phase::Available, Some(at)) if snapshot.size_gib > 0 => mrkdwn!("{}, {} old", Moment(at), Span(now.duration_since(at))),
        (Phase::Available, Some(at)) => mrkdwn!("❌ empty, can't be restored; {}", Moment(at)),
        (state @ (Phase::Leaving | Phase::Broken(_)), Some(at)) => mrkdwn!("❌ {}; {}", state.to_string(), Moment(at)),
    };
    let kind = match snapshot.kind {
        SnapshotKind::Automated => "automated, dies with its instance".to_owned(),
        SnapshotKind::Manual => match snapshot.tags.get(CLASS_TAG) {
            Some(class) => format!("{class}, kept as the plan says"),
            None => "stays until it is deleted".to_owned(),
        },
    };
    let lock = if snapshot.encrypted { "" } else { ", not encrypted" };
    mrkdwn!(
        "{}{}\n• {}\n• {}, {} GiB, of {}, {}{}",
        Code(point.id()),
        mark,
        taken,
        verified(point),
        snapshot.size_gib,
        Code(&snapshot.instance),
        kind,
        lock
    )
}

/// What waits for a decision.
#[must_use]
pub fn approvals_list(open: &[(Approval, Proposal)], links: &Links, now: Timestamp) -> Message {
    if open.is_empty() {
        return Message::sentence(mrkdwn!("Nothing waits for approval."));
    }
    let text = mrkdwn!("{} for approval.", waits(open.len()));
    let mut blocks = vec![Block::title("Waits for approval")];
    blocks.extend(Block::paragraphs(open.iter().take(SHOWN).map(|(approval, proposal)| approval_line(approval, proposal, links, now))));
    blocks.extend(more(open.len(), "they show here once these are decided"));
    Message { text, blocks }
}

pub(super) fn approval_line(approval: &Approval, proposal: &Proposal, links: &Links, now: Timestamp) -> Mrkdwn {
    let decide = |card| mrkdwn!(" Decide on {} in {}.", links.to(Some(card), mrkdwn!("its card")), super::Channel(&card.channel));
    let card = approval.cards.first().map(decide).unwrap_or_default();
    let left = approval.expires_at.duration_since(now);
    mrkdwn!(
        "⏳ *{}*\n• asked by {} {} ago: {}\n• {}, within {}.{}\n• {}",
        proposal.title,
        proposal.requester,
        Span(now.duration_since(proposal.asked_at)),
        proposal.reason.as_deref().unwrap_or("no reason given"),
        wanting(approval),
        Span(left),
        card,
        Code(proposal.id.as_str())
    )
}

/// Runs, newest first: those that are going on and the last that have ended, or `all` of them.
#[must_use]
pub fn runs_list(runs: &[Run], all: bool, links: &Links, now: Timestamp) -> Message {
    let Some(newest) = runs.first() else { return Message::sentence(mrkdwn!("There was no run yet.")) };
    let lines = |runs: &[&Run]| Block::paragraphs(runs.iter().map(|run| run_line(run, links, now)));
    if all {
        let mut blocks = vec![Block::title("Runs")];
        blocks.extend(lines(&runs.iter().take(SHOWN).collect::<Vec<_>>()));
        blocks.extend(more(runs.len(), "older ones are in the audit"));
        return Message { text: mrkdwn!("{}.", counted(runs.len(), "run")), blocks };
    }
    let (ended, going): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| run.state.is_final());
    let text = match going.len() {
        0 => mrkdwn!("No run is going on. The last one was {}.", newest.title),
        count => mrkdwn!("{} going on.", counted(count, "run")),
    };
    let mut blocks = vec![Block::title("Runs that are going on")];
    match going.as_slice() {
        [] => blocks.push(Block::paragraph(mrkdwn!("None."))),
        going => blocks.extend(lines(going.get(..SHOWN).unwrap_or(going))),
    }
    if !ended.is_empty() {
        blocks.push(Block::paragraph(mrkdwn!("*The last that have ended* ({} shows all)", Code("/dr runs --all"))));
        blocks.extend(lines(ended.get(..ASKED).unwrap_or(&ended)));
    }
    Message { text, blocks }
}

/// Which run is meant: the last ones.
#[must_use]
pub fn which_run(runs: &[Run], links: &Links, now: Timestamp) -> Message {
    let Some(newest) = runs.first() else { return Message::sentence(mrkdwn!("There was no run yet.")) };
    let text = mrkdwn!("Which run? The newest is {}: {}.", Code(newest.id.as_str()), newest.title);
    let mut blocks = vec![Block::title("Which run?")];
    blocks.extend(Block::paragraphs(runs.iter().take(ASKED).map(|run| run_line(run, links, now))));
    let buttons = runs.iter().take(ASKED).enumerate().map(|(index, run)| {
        let text = format!("Why: {}", run.title);
        // Handles are unique in a message.
        Element::button(&format!("open_why_{}", index + 1), &text, &format!("why {}", run.id), None)
    });
    blocks.push(Block::Actions { block_id: "why".to_owned(), elements: buttons.collect() });
    Message { text, blocks }
}

pub(super) fn run_line(run: &Run, links: &Links, now: Timestamp) -> Mrkdwn {
    let all = run.steps.len();
    let at = run.current().and_then(|current| run.steps.iter().position(|step| step.id == current.id)).map_or(all, |index| index + 1);
    let ago = |at: Timestamp| Span(now.duration_since(at));
    let ended = ago(run.ended_at.unwrap_or(run.started_at));
    let state = match &run.state {
        State::Running | State::Stuck { .. } if run.stop.is_some() => mrkdwn!("⏹ stopping, at step {} of {}", at, all),
        State::Running => mrkdwn!("▶ step {} of {}, for {}", at, all, ago(run.started_at)),
        State::Stuck { since, .. } => mrkdwn!("❌ stuck at step {} of {} for {}: a person must decide", at, all, ago(*since)),
        State::Succeeded => mrkdwn!("✅ done {} ago", ended),
        State::Failed { why } => mrkdwn!("❌ given up {} ago: {}", ended, why),
        State::Stopped { by } => mrkdwn!("⏹ stopped by {} {} ago", by, ended),
    };
    let title = links.to(run.headline.as_ref(), mrkdwn!("{}", run.title));
    mrkdwn!("*{}*\n• {}\n• {}", title, state, Code(run.id.as_str()))
}
