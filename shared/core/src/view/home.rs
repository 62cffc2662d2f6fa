//! The situation at one glance: what `/dr` alone answers, and what the home tab shows.

use jiff::Timestamp;

use super::{
    Block, Code, Element, Message, Mrkdwn, Plain, Prose, Span, Style,
    lists::{approval_line, counted, is_ill, run_line, waits},
};
use crate::{
    command::{SLASH, Verb},
    database::Live,
    ident::Identity,
    mrkdwn,
    page::Page,
    policy,
    port::Phase,
    probe,
    proposal::Proposal,
    run::Run,
};

/// Entries of a kind that are shown; the rest is counted.
const SHOWN: usize = 15;

/// Everything that is shown at one glance.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// Whose plan it is.
    pub organization: String,
    /// The databases that were looked at.
    pub databases: Vec<Glance>,
    /// How many the plan has.
    pub databases_in_plan: usize,
    /// The services, by the minute's checks.
    pub services: Vec<ServiceGlance>,
    /// The runs that are not over.
    pub runs: Vec<Run>,
    /// What waits for a decision.
    pub approvals: Vec<(crate::approval::Approval, Proposal)>,
    /// The pages that are not over.
    pub pages: Vec<Page>,
    /// Who has which turn.
    pub on_call: Vec<OnCall>,
    /// Where cards and headlines open.
    pub links: super::Links,
    /// What whoever looks may do, and where.
    pub rights: Vec<(policy::Verb, Vec<String>)>,
}

/// One database of the plan; `Err` says why it can't be seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    /// Its name in the plan.
    pub name: String,
    /// How it stands.
    pub seen: Result<DatabaseGlance, String>,
}

/// A database as it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabaseGlance {
    /// As it stands.
    pub live: Live,
    /// When the newest recovery point that can be restored was taken.
    pub newest: Option<Timestamp>,
    /// When the newest one that has passed its checks was taken.
    pub verified: Option<Timestamp>,
}

/// A service of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceGlance {
    /// Its name in the plan.
    pub name: String,
    /// Its environment.
    pub environment: String,
    /// Whether the plan says how it is probed.
    pub probed: bool,
    /// What its probes make of it.
    pub state: probe::State,
}

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// The rotation's name.
    pub rotation: String,
    /// Slack's ids of those who have the turn.
    pub users: Vec<String>,
}

/// The big buttons: the verbs that one stands for, of which the first that there is gets it, and what it says.
const BIG: [(&[&str], &str); 6] = [
    (&["health", "status"], "Assess"),
    (&["backup"], "Back up now…"),
    (&["restore"], "Restore…"),
    (&["failover"], "Fail over…"),
    (&["page"], "Page…"),
    (&["help"], "What can I do?"),
];

/// The situation: a verdict, the buttons, then what is behind it.
#[must_use]
pub fn situation(situation: &Situation, now: Timestamp) -> Message {
    let text = verdict(situation, now);
    let mut blocks = vec![Block::title(format!("How things stand: {}", situation.organization)), Block::paragraph(text.clone())];
    let buttons = buttons(&situation.rights);
    if !buttons.is_empty() {
        blocks.push(Block::Actions { block_id: "home".to_owned(), elements: buttons });
    }
    let pages: Vec<Mrkdwn> = situation.pages.iter().map(|page| page_line(page, now)).collect();
    let runs: Vec<Mrkdwn> = situation.runs.iter().map(|run| run_line(run, &situation.links, now)).collect();
    let approvals: Vec<Mrkdwn> =
        situation.approvals.iter().map(|(approval, proposal)| approval_line(approval, proposal, &situation.links, now)).collect();
    let services: Vec<Mrkdwn> = situation.services.iter().map(|service| service_line(service, now)).collect();
    let mut databases: Vec<Mrkdwn> = situation.databases.iter().map(|database| database_line(database, now)).collect();
    let unseen = situation.databases_in_plan.saturating_sub(situation.databases.len());
    if unseen > 0 {
        databases.push(mrkdwn!("and {} more: {}", unseen, Code("/dr status")));
    }
    for (title, lines) in [
        ("Woken, and not over", pages),
        ("Going on", runs),
        ("Waits for approval", approvals),
        ("Services", services),
        ("Databases", databases),
    ] {
        blocks.extend(section(title, lines));
    }
    blocks.extend(Block::small_prints(turns(&situation.on_call).into_iter().chain(rights(&situation.rights))));
    Message { text, blocks }
}

pub(super) fn page_line(page: &Page, now: Timestamp) -> Mrkdwn {
    let mark = if page.is_open() { "🔔" } else { "✅" };
    mrkdwn!(
        "{} *{}* {}, raised {} ago ({})",
        mark,
        page.severity.to_string(),
        page.subject,
        Span(now.duration_since(page.raised_at)),
        Code(page.id.as_str())
    )
}

fn section(title: &str, lines: Vec<Mrkdwn>) -> Vec<Block> {
    if lines.is_empty() {
        return Vec::new();
    }
    let more = lines.len().saturating_sub(SHOWN);
    let more = (more > 0).then(|| mrkdwn!("and {} more", more));
    Block::paragraphs(std::iter::once(mrkdwn!("*{}*", title)).chain(lines.into_iter().take(SHOWN)).chain(more))
}

/// The worst thing first, in a sentence or two.
fn verdict(situation: &Situation, now: Timestamp) -> Mrkdwn {
    let unanswered = situation.pages.iter().filter(|page| page.is_open()).count();
    let ill: Vec<&str> =
        situation.services.iter().filter(|one| matches!(one.state, probe::State::Ill(_))).map(|one| one.name.as_str()).collect();
    let sick: Vec<&str> = situation
        .databases
        .iter()
        .filter(|one| one.seen.as_ref().map_or(true, |seen| is_ill(&seen.live)))
        .map(|one| one.name.as_str())
        .collect();
    let behind = situation.databases.iter().filter(|one| one.seen.as_ref().is_ok_and(|seen| is_behind(seen, now))).count();
    let mut said: Vec<Mrkdwn> = Vec::new();
    if !ill.is_empty() || !sick.is_empty() {
        let names = ill.into_iter().chain(sick).map(|name| mrkdwn!("{}", Code(name)));
        said.push(mrkdwn!("❌ *Need a look*: {}.", Mrkdwn::join(names, ", ")));
    } else if behind > 0 {
        said.push(mrkdwn!("⚠️ More would be lost now than the objective allows: {}.", counted(behind, "database")));
    } else if situation.databases_in_plan == 0 {
        said.push(mrkdwn!("The plan has no database."));
    } else {
        said.push(mrkdwn!("✅ {}, all as they should be.", counted(situation.databases_in_plan, "database")));
    }
    if unanswered > 0 {
        said.push(mrkdwn!("🔔 {} that nobody has answered.", counted(unanswered, "page")));
    }
    said.push(mrkdwn!("{} for approval, {} going on.", waits(situation.approvals.len()), counted(situation.runs.len(), "run")));
    Mrkdwn::join(said, " ")
}

/// Whether more would be lost now than the plan allows.
fn is_behind(seen: &DatabaseGlance, now: Timestamp) -> bool {
    lost(seen, now).is_none_or(|lost| lost.0 > seen.live.entry.objectives.rpo.0)
}

/// What would be lost now, with the log or the newest recovery point; `None`: everything.
fn lost(seen: &DatabaseGlance, now: Timestamp) -> Option<Span> {
    let log = seen.live.instance.latest_restorable.filter(|_| !seen.live.gone);
    log.into_iter().chain(seen.newest).max().map(|newest| Span(now.duration_since(newest)))
}

fn database_line(database: &Glance, now: Timestamp) -> Mrkdwn {
    let name = &database.name;
    let seen = match &database.seen {
        Ok(seen) => seen,
        Err(why) => return mrkdwn!("❌ *{}*: {}", name, Prose(why)),
    };
    let entry = &seen.live.entry;
    let objective = Span(entry.objectives.rpo.0);
    let mark = match (&seen.live.instance.status, is_behind(seen, now)) {
        _ if is_ill(&seen.live) => "❌",
        (_, true) => "⚠️",
        (Phase::Available, _) => "✅",
        _ => "⏳",
    };
    let state = if seen.live.gone { "gone".to_owned() } else { seen.live.instance.status.to_string() };
    let lost = lost(seen, now).map_or_else(
        || mrkdwn!("*everything* would be lost now: nothing can be restored"),
        |lost| mrkdwn!("{} would be lost now, of {} (RPO)", lost, objective),
    );
    let verified = match seen.verified {
        None => mrkdwn!("no backup has passed its checks yet"),
        Some(at) if now.duration_since(at) > entry.objectives.rpo.0 => {
            mrkdwn!("last verified backup {} old, older than the RPO of {}", Span(now.duration_since(at)), objective)
        }
        Some(at) => mrkdwn!("last verified backup {} old, within the RPO of {}", Span(now.duration_since(at)), objective),
    };
    mrkdwn!("{} *{}* ({}): {}; {}\n• {}", mark, name, entry.environment, state, lost, verified)
}

pub(super) fn service_line(service: &ServiceGlance, now: Timestamp) -> Mrkdwn {
    let (name, environment) = (&service.name, &service.environment);
    match service.state {
        _ if !service.probed => mrkdwn!("▫️ *{}* ({}): the plan does not say how it is probed", name, environment),
        probe::State::Well => mrkdwn!("✅ *{}* ({}): well", name, environment),
        probe::State::Ill(since) => mrkdwn!("❌ *{}* ({}): ill for {}", name, environment, Span(now.duration_since(since))),
        probe::State::Unknown => mrkdwn!("❔ *{}* ({}): unknown, which is not the same as ill", name, environment),
    }
}

/// Only what whoever looks may do, and only what there is.
fn buttons(rights: &[(policy::Verb, Vec<String>)]) -> Vec<Element> {
    let has = |verb: Verb| verb.right().is_none_or(|right| rights.iter().any(|(may, _)| *may == right));
    let known = |name: &&str| Verb::ALL.iter().find(|verb| verb.name() == *name).copied();
    let buttons = BIG.iter().enumerate().filter_map(|(index, (names, text))| {
        let verb = names.iter().find_map(known).filter(|verb| has(*verb))?;
        let style = (index == 0).then_some(Style::Primary);
        Some(Element::Button {
            action_id: format!("open_{}", verb.name()),
            text: Plain((*text).to_owned()),
            value: verb.name().to_owned(),
            style,
        })
    });
    buttons.collect()
}

pub(super) fn turns(on_call: &[OnCall]) -> Vec<Mrkdwn> {
    let named = |turn: &OnCall| {
        let people = turn.users.iter().map(|user| mrkdwn!("{}", Identity { org: String::new(), user: user.clone() }));
        let people = if turn.users.is_empty() { mrkdwn!("nobody") } else { Mrkdwn::join(people, ", ") };
        mrkdwn!("{} {}", turn.rotation, people)
    };
    if on_call.is_empty() {
        return vec![mrkdwn!("On call: the plan has no rotation.")];
    }
    vec![mrkdwn!("On call: {}", Mrkdwn::join(on_call.iter().map(named), "; "))]
}

/// What whoever looks may do, and where to read more.
pub(super) fn rights(rights: &[(policy::Verb, Vec<String>)]) -> Vec<Mrkdwn> {
    let line = |(verb, places): &(policy::Verb, Vec<String>)| {
        let places = if places.is_empty() { String::new() } else { format!(" in {}", places.join(", ")) };
        mrkdwn!("{}{}", verb.to_string(), places)
    };
    let may = Mrkdwn::join(rights.iter().map(line), "; ");
    vec![mrkdwn!("You may: {}. {} says what is behind each, and what would unlock the rest.", may, Code(&format!("{SLASH} help")))]
}
