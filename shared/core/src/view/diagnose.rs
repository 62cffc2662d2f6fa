//! What is wrong, by what can be seen, and what the plan has for it.

use super::{Block, Code, Element, Message, Mrkdwn};
use crate::{
    mrkdwn,
    plan::Sign,
    probe::{Aspect, Diagnosis, Fact, Found, Match},
};

/// What was looked at, what it means, what to type, and what could not be seen.
#[must_use]
pub fn diagnosis(name: &str, diagnosis: &Diagnosis) -> Message {
    let text = summary(name, diagnosis);
    let mut blocks = vec![Block::title(format!("Diagnosis of {name}")), Block::paragraph(text.clone())];
    blocks.extend(Block::paragraphs(Aspect::ALL.into_iter().flat_map(|aspect| lines(aspect, &diagnosis.facts))));
    if !diagnosis.signs.is_empty() {
        blocks.extend(Block::paragraphs(scenario_lines(diagnosis)));
    }
    let unseen: Vec<Mrkdwn> = diagnosis.unseen().map(|fact| mrkdwn!("{} ({})", question(fact.aspect), fact.about)).collect();
    if !unseen.is_empty() {
        blocks.extend(Block::small_prints([mrkdwn!("Not seen, so not ruled out: {}", Mrkdwn::join(unseen, ", "))]));
    }
    let buttons = buttons(name, diagnosis);
    blocks.push(Block::Actions { block_id: "diagnosis".to_owned(), elements: buttons });
    Message { text, blocks }
}

fn summary(name: &str, diagnosis: &Diagnosis) -> Mrkdwn {
    let signs = Mrkdwn::join(diagnosis.signs.iter().map(|sign| mrkdwn!("{}", word(*sign))), ", ");
    match (diagnosis.signs.is_empty(), diagnosis.unseen().count(), diagnosis.scenarios.first()) {
        (true, 0, _) => mrkdwn!("✅ Nothing is wrong with {} that could be seen from here.", name),
        (true, _, _) => mrkdwn!("❔ Nothing wrong was seen with {}, but not every question has an answer.", name),
        (false, _, Some(first)) => mrkdwn!("❌ {}: {}. That looks like *{}*.", name, signs, first.title),
        (false, _, None) => mrkdwn!("❌ {}: {}.", name, signs),
    }
}

fn word(sign: Sign) -> &'static str {
    match sign {
        Sign::DatabaseGone => "the database is gone",
        Sign::DatabaseUnreachable => "the database can't be reached",
        Sign::DataWrong => "the data is not as it should be",
        Sign::ApplicationDown => "the application does not answer as it should",
        Sign::NamesWrong => "a name leads nowhere, or to the wrong place",
        Sign::BackupsStale => "the backups are too old",
    }
}

fn question(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Database => "Is the database accessible?",
        Aspect::Data => "Is the data as it should be?",
        Aspect::Application => "Is the application answering?",
        Aspect::Names => "Do the names lead there?",
        Aspect::Backups => "Are the backups fresh?",
    }
}

fn lines(aspect: Aspect, facts: &[Fact]) -> Vec<Mrkdwn> {
    let of_aspect: Vec<&Fact> = facts.iter().filter(|fact| fact.aspect == aspect).collect();
    if of_aspect.is_empty() {
        return Vec::new();
    }
    let line = |fact: &&Fact| match &fact.found {
        Found::Well(note) => mrkdwn!("✅ {}: {}", fact.about, note),
        Found::Ill(_, why) => mrkdwn!("❌ {}: {}", fact.about, why),
        Found::Unseen(why) => mrkdwn!("❔ {}: {}", fact.about, why),
    };
    std::iter::once(mrkdwn!("*{}*", question(aspect))).chain(of_aspect.iter().map(line)).collect()
}

fn scenario_lines(diagnosis: &Diagnosis) -> Vec<Mrkdwn> {
    let title = mrkdwn!("*What the plan has for it*");
    if diagnosis.scenarios.is_empty() {
        return vec![title, mrkdwn!("No scenario of the plan has these {}: a person must decide.", Code("signs"))];
    }
    let line = |found: &Match| {
        let recovery = found.recovery.as_ref().map(|recovery| mrkdwn!(" {}.", recovery.trim_end_matches('.'))).unwrap_or_default();
        let next = match (&found.command, &found.runbook) {
            (Some(command), _) => mrkdwn!(" Type {}.", Code(&format!("/dr {command}"))),
            (None, Some(runbook)) => mrkdwn!(" Its runbook is {}.", Code(runbook)),
            (None, None) => mrkdwn!(" It has no runbook."),
        };
        mrkdwn!("• *{}*:{}{}", found.title, recovery, next)
    };
    std::iter::once(title).chain(diagnosis.scenarios.iter().map(line)).collect()
}

/// The next moves: what stands for a command that has a button of its own, and to look again.
fn buttons(name: &str, diagnosis: &Diagnosis) -> Vec<Element> {
    let commands = diagnosis.scenarios.iter().filter_map(|found| found.command.as_deref());
    let restore = commands.clone().find(|command| command.starts_with("restore "));
    let failover = commands.clone().find(|command| command.starts_with("failover "));
    let mut buttons: Vec<Element> = Vec::new();
    buttons.extend(restore.map(|command| Element::button("open_restore", "Restore…", command, None)));
    buttons.extend(failover.map(|command| Element::button("open_failover", "Fail over…", command, None)));
    buttons.push(Element::button("open_diagnose", "Look again", &format!("diagnose {name}"), None));
    buttons
}
