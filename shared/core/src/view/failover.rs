//! Failover and failback: the form, how both sites stand, and what a run that stopped half-way has left behind.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Block, Code, Form, Message, Moment, Mrkdwn,
    forms::{form, input, line, pick, problem},
};
use crate::{
    action::{Act, Following},
    failover::{Direction, Leads, Left, Pair, Primary, Survey},
    mrkdwn,
    plan::StandingOrder,
    proposal::Proposal,
    run::{Run, StepState},
};

/// What the form of a failover or failback shows.
#[derive(Debug, Clone, PartialEq)]
pub struct FailoverChoices {
    /// Which way.
    pub direction: Direction,
    /// The services that have another site.
    pub services: Vec<String>,
    /// What was typed before, by handle, where the form is shown again.
    pub typed: BTreeMap<String, String>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

impl FailoverChoices {
    /// A first one. Where there is one service only, it is picked.
    #[must_use]
    pub fn new(direction: Direction, services: &[&str]) -> Self {
        let services: Vec<String> = services.iter().map(|name| (*name).to_owned()).collect();
        let typed = match services.as_slice() {
            [only] => BTreeMap::from([("service".to_owned(), only.clone())]),
            _ => BTreeMap::new(),
        };
        Self { direction, services, typed, problem: None }
    }
}

/// The form. Handles: `service`, `reason`, and for a failover `loss` (`accepted`).
#[must_use]
pub fn failover_form(choices: &FailoverChoices) -> Form {
    let typed = |handle: &str| choices.typed.get(handle).map(String::as_str);
    let mut blocks = problem(choices.problem.as_deref());
    let (callback, title, submit) = match choices.direction {
        Direction::Away => ("failover", "Fail over", "Propose the failover"),
        Direction::Home => ("failback", "Fail back", "Propose the failback"),
    };
    blocks.push(Block::paragraph(match choices.direction {
        Direction::Away => mrkdwn!(
            "Writes end at home, the standby takes all that was written, is promoted, and then the names move. You see every step before anything is done, and somebody else must approve it."
        ),
        Direction::Home => mrkdwn!(
            "A fresh standby is made at home of what serves now, and then it goes the way of a failover. You see every step before anything is done, and somebody else must approve it."
        ),
    }));
    blocks.push(input("service", "Service", None, false, pick("service", &choices.services, typed("service"))));
    if choices.direction == Direction::Away {
        let hint = "Only where the standby is too far behind: type “accepted” to lose what it does not have.";
        blocks.push(input("loss", "Loss of data", Some(hint), true, line("loss", typed("loss"), false)));
    }
    let why = "Those who approve see it, and it is kept.";
    blocks.push(input("reason", "Why", Some(why), true, line("reason", typed("reason"), true)));
    form(callback, title, submit, blocks)
}

/// Both sites of a service as they are.
#[must_use]
pub fn failover_verified(found: &Survey) -> Message {
    let at = if found.direction == Direction::Away { "at home" } else { "away from home" };
    let mut lines = vec![mrkdwn!("*{}* is {}, in {}.", found.service, at, found.site(found.here()))];
    lines.extend(found.names.iter().map(|name| {
        let leads = match name.leads {
            Leads::Home => mrkdwn!("✅ home"),
            Leads::Away => mrkdwn!("✅ away"),
            Leads::Elsewhere => mrkdwn!("❌ to neither site"),
        };
        let values = name.current.as_ref().map_or_else(
            || mrkdwn!("nothing"),
            |current| {
                let values = current.values.iter().map(|value| mrkdwn!("{}", Code(value.trim_end_matches('.'))));
                mrkdwn!("{} (TTL {} s)", Mrkdwn::join(values, ", "), current.ttl)
            },
        );
        mrkdwn!("{}: {} {} leads to {}", leads, name.record.kind, Code(&name.record.name), values)
    }));
    lines.extend(found.pairs.iter().flat_map(pair_lines));
    lines.extend(found.moved.iter().map(|name| mrkdwn!("✅ {} is at {} already.", name, found.site(found.there()))));
    lines.extend(found.ill_here.iter().map(|why| mrkdwn!("❌ Where it is now: {}", why)));
    lines.extend(found.ill_there.iter().map(|why| mrkdwn!("❌ At the other site: {}", why)));
    let next = if found.direction == Direction::Away { "failover" } else { "failback" };
    let text = mrkdwn!("{} is {}, in {}.", found.service, at, found.site(found.here()));
    let mut blocks = Block::paragraphs(lines);
    blocks.push(Block::small_print(mrkdwn!("Nothing was done. {} proposes the move.", Code(&format!("/dr {next} {}", found.service)))));
    Message { text, blocks }
}

fn pair_lines(pair: &Pair) -> Vec<Mrkdwn> {
    let mut lines = vec![mrkdwn!("{} *{}* is served by {}", mark(pair.primary.silent.is_none()), pair.name, serving(&pair.primary))];
    if let Some(standby) = &pair.standby {
        let (well, how) = match &standby.following {
            Some(Following::Closely(lag)) => (true, mrkdwn!("follows, {} s behind", whole(*lag))),
            Some(Following::Cut(lag)) => (false, mrkdwn!("*is not replicating*, {} s behind when last heard", whole(*lag))),
            Some(Following::Not(why)) => (false, mrkdwn!("{}", why)),
            None if standby.instance.is_none() => (false, mrkdwn!("is not there")),
            None => (false, mrkdwn!("does not answer")),
        };
        lines.push(mrkdwn!("{} its standby {} in {}: {}", mark(well), Code(&standby.id), standby.region, how));
    }
    if let Some(old) = &pair.old {
        let fenced = old.silent.is_some() || old.read_only;
        let state = if fenced { serving(old) } else { mrkdwn!("{} *There are two primaries: end its writes.*", serving(old)) };
        lines.push(mrkdwn!("{} what served at home before: {}", mark(fenced), state));
    }
    lines
}

fn serving(primary: &Primary) -> Mrkdwn {
    let (id, region) = (&primary.instance.id, &primary.entry.region);
    match (&primary.silent, primary.read_only) {
        (Some(why), _) => mrkdwn!("{} in {}, which does not answer: {}", Code(id), region, why),
        (None, true) => mrkdwn!("{} in {}, which answers and refuses writes", Code(id), region),
        (None, false) => mrkdwn!("{} in {}, which answers and takes writes.", Code(id), region),
    }
}

fn mark(well: bool) -> &'static str {
    if well { "✅" } else { "❌" }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn whole(seconds: f64) -> u64 {
    seconds.clamp(0.0, 1e12).ceil() as u64
}

/// Whether a service may fail over with nobody awake.
#[must_use]
pub fn failover_auto(service: &str, orders: &[(&String, &StandingOrder)], now: Timestamp) -> Message {
    let live: Vec<_> = orders.iter().filter(|(_, order)| order.expires > now).collect();
    if live.is_empty() {
        return Message::sentence(mrkdwn!(
            "No standing order lets {} fail over by itself: people decide. {} proposes it now.",
            service,
            Code(&format!("/dr failover {service}"))
        ));
    }
    let lines = live.iter().map(|(name, order)| {
        let conditions = Mrkdwn::join(order.conditions.iter().map(|condition| mrkdwn!("{}", Code(condition))), " and ");
        mrkdwn!("{}: {}, when {}, until {}", Code(name), order.summary, conditions, Moment(order.expires))
    });
    Message::sentence(mrkdwn!("{} may fail over with nobody awake by:\n{}", service, Mrkdwn::join(lines, "\n")))
}

/// What is next after a failover or failback that went well. Nothing, after other runs.
pub(super) fn what_now(proposal: &Proposal) -> Option<Vec<Mrkdwn>> {
    let old: Vec<Mrkdwn> = proposal
        .steps
        .iter()
        .filter_map(|step| match &step.act {
            Act::Promote(promote) => Some(mrkdwn!(
                "{} in {} is still there and takes no writes. It costs as before, and is never followed again.",
                Code(&promote.source.instance),
                promote.source.region
            )),
            _ => None,
        })
        .collect();
    if !proposal.steps.iter().any(|step| matches!(step.act, Act::UpdateDns(_) | Act::Turn(_) | Act::Promote(_))) {
        return None;
    }
    let service = &proposal.target.name;
    let mut lines = vec![mrkdwn!("*What served before*")];
    if old.is_empty() {
        lines.pop();
    }
    lines.extend(old);
    lines.push(mrkdwn!("*Next*"));
    let verify = format!("/dr failover verify {service}");
    lines.push(if proposal.runbook == Direction::Away.runbook() {
        let back = format!("/dr failback {service}");
        mrkdwn!(
            "{} shows both sites. When home is well again, {} makes a fresh standby there and brings it back.",
            Code(&verify),
            Code(&back)
        )
    } else {
        mrkdwn!("{} shows both sites. Until the other site has a standby again, there is nowhere to go.", Code(&verify))
    });
    Some(lines)
}

/// Where a failover stands that goes no further: what has happened to data and to people. Nothing, for other runs.
pub(super) fn half_way(run: &Run, proposal: &Proposal) -> Option<Mrkdwn> {
    let reached = |is: fn(&Act) -> bool| {
        let steps = proposal.steps.iter().zip(&run.steps).filter(|(planned, _)| is(&planned.act));
        let states: Vec<bool> = steps.map(|(_, record)| matches!(record.state, StepState::Done(_))).collect();
        (states.iter().any(|done| *done), states.iter().all(|done| *done) && !states.is_empty())
    };
    let (frozen, _) = reached(|act| matches!(act, Act::Freeze(_)));
    let (promoted, _) = reached(|act| matches!(act, Act::Promote(_)));
    let (some_names, all_names) = reached(|act| matches!(act, Act::UpdateDns(_) | Act::Turn(_)));
    let moves = proposal.steps.iter().any(|step| matches!(step.act, Act::UpdateDns(_) | Act::Turn(_) | Act::Promote(_)));
    if !moves {
        return None;
    }
    Some(match (promoted, all_names, some_names, frozen) {
        (_, true, _, _) => mrkdwn!("The names have moved: people are led to the new site."),
        (_, _, true, _) => mrkdwn!("Some of the names have moved, others not: try again, and the rest follow."),
        (true, ..) => {
            mrkdwn!(
                "Promoted, not routed: the new primary is ready, and people are still led to the old one, which takes no writes. Try again; it is never taken back by itself."
            )
        }
        (_, _, _, true) => mrkdwn!("Writes have ended and nothing was promoted: people can read, and not write."),
        _ => mrkdwn!("Nothing that applications use was touched."),
    })
}

/// An old primary that takes writes again: the sentence, and the way out.
#[must_use]
pub fn old_primary_writes(left: &Left) -> (String, String) {
    let Left { service, node, run, .. } = left;
    let sentence = format!(
        "{}, the old primary of {service}, answers again in {} and takes writes, beside what serves since {run}.",
        node.instance, node.region
    );
    let way_out = "Keep applications there from it, and approve the proposal to fence it: its writes end, and its data is kept.".to_owned();
    (sentence, way_out)
}

/// What fencing an old primary means: how to take it back, and what must be known.
#[must_use]
pub fn fence_means(left: &Left) -> (String, String) {
    let Left { service, node, .. } = left;
    let undo = format!(
        "`ALTER DATABASE … RESET default_transaction_read_only` on {} lets writes back in; /dr failback {service} goes home without it.",
        node.instance
    );
    let warning = format!("What was written to {} since its region came back is not in what serves now. It is kept there.", node.instance);
    (undo, warning)
}
