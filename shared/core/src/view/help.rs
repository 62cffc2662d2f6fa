//! Help in two tiers: what there is for you, and how one verb is used. Both are written from the list of verbs.

use super::{Block, Code, Element, Message, Mrkdwn, Plain};
use crate::{
    command::{SLASH, Verb, arguments, usage},
    mrkdwn, policy,
};

/// The name that the examples of verbs are written with.
const EXAMPLE: &str = "orders";

/// What somebody may do, and what not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// What they may do, and in which environments.
    pub may: Vec<(policy::Verb, Vec<String>)>,
    /// What they may do nowhere, and who may.
    pub locked: Vec<(policy::Verb, Vec<String>)>,
}

impl Rights {
    fn allow(&self, verb: Verb) -> bool {
        verb.right().is_none_or(|right| self.may.iter().any(|(may, _)| *may == right))
    }
}

/// What there is to type, for somebody with these rights; what they may not is named with what would unlock it. `name` is a
/// database of the plan.
#[must_use]
pub fn help_overview(rights: &Rights, name: Option<&str>) -> Message {
    let (may, may_not): (Vec<Verb>, Vec<Verb>) = Verb::ALL.iter().partition(|verb| rights.allow(**verb));
    let mut lines = Vec::new();
    if let Some(name) = name.filter(|_| may.contains(&Verb::Restore)) {
        let typed = format!("{SLASH} restore {name} --at 10m ago");
        lines.push(mrkdwn!("*Rows lost?* {} goes back to before it. Everything is shown to you before anything is done.", Code(&typed)));
    }
    lines.extend(may.iter().map(|verb| mrkdwn!("{}  {}", Code(&format!("{SLASH} {}", verb.name())), verb.summary())));
    let mut blocks = vec![Block::title("What you can do here")];
    blocks.extend(Block::paragraphs(lines));
    let buttons: Vec<Element> = may.iter().filter_map(|verb| button(*verb)).collect();
    if !buttons.is_empty() {
        blocks.push(Block::Actions { block_id: "help".to_owned(), elements: buttons });
    }
    blocks.extend(Block::small_prints(unlocking(rights, &may_not)));
    let more = mrkdwn!("{} shows how a verb is used, with examples.", Code(&format!("{SLASH} help VERB")));
    blocks.push(Block::small_print(more));
    let names = may.iter().map(|verb| verb.name()).collect::<Vec<_>>().join(", ");
    Message { text: mrkdwn!("What you can do here: {}.", names), blocks }
}

/// Where they may do what they may, and who may do the rest.
fn unlocking(rights: &Rights, may_not: &[Verb]) -> Vec<Mrkdwn> {
    let places = |(verb, places): &(policy::Verb, Vec<String>)| mrkdwn!("{} in {}", verb.to_string(), places.join(", "));
    let may: Vec<Mrkdwn> = rights.may.iter().filter(|(_, places)| !places.is_empty()).map(places).collect();
    let mut lines = Vec::new();
    if !may.is_empty() {
        lines.push(mrkdwn!("You may: {}.", Mrkdwn::join(may, "; ")));
    }
    for (right, who) in &rights.locked {
        let verbs: Vec<&str> = may_not.iter().filter(|verb| verb.right() == Some(*right)).map(|verb| verb.name()).collect();
        let what = if verbs.is_empty() { right.to_string() } else { verbs.join(", ") };
        let who = if who.is_empty() { "nobody, as the plan stands".to_owned() } else { who.join(", ") };
        lines.push(mrkdwn!("Not for you: {}. The plan lets {} do it; a role that may {} unlocks it.", what, who, right.to_string()));
    }
    lines
}

/// How a verb is used: usage, what each part means, examples. `name` stands in for the examples' name: a database or service of
/// the plan, so that what is copied works.
#[must_use]
pub fn help_verb(verb: Verb, name: Option<&str>) -> Message {
    let with_name = |text: &str| name.map_or_else(|| text.to_owned(), |name| text.replace(EXAMPLE, name));
    let text = mrkdwn!("{}: {}", Code(&usage(verb)), verb.summary());
    let mut blocks =
        vec![Block::title(format!("{SLASH} {}", verb.name())), Block::paragraph(mrkdwn!("{}\n{}", verb.summary(), Code(&usage(verb))))];
    let parts = arguments(verb);
    if !parts.is_empty() {
        let lines = parts.iter().map(|part| mrkdwn!("{}  {}", Code(&part.typed), sentence(&part.help)));
        blocks.push(Block::paragraph(Mrkdwn::join(lines, "\n")));
    }
    let examples = verb
        .examples()
        .iter()
        .map(|(typed, meaning)| mrkdwn!("{}  {}", Code(format!("{SLASH} {}", with_name(typed)).trim_end()), with_name(meaning)));
    blocks.push(Block::paragraph(mrkdwn!("*Examples*\n{}", Mrkdwn::join(examples, "\n"))));
    if !verb.spellings().is_empty() {
        let names = Mrkdwn::join(verb.spellings().iter().map(|(spelling, _)| mrkdwn!("{}", Code(spelling))), ", ");
        blocks.push(Block::small_print(mrkdwn!("Also understood, as plans spell it: {}", names)));
    }
    Message { text, blocks }
}

/// The button that opens a verb's form or answer, for those that people need in a hurry.
fn button(verb: Verb) -> Option<Element> {
    let text = match verb {
        Verb::Status => "Status",
        Verb::Backup => "Back up now",
        Verb::Restore => "Restore",
        Verb::Approvals => "Approvals",
        Verb::Runs => "Runs",
        _ => return None,
    };
    // Handles are unique in a message, so the verb is part of it.
    let action_id = format!("open_{}", verb.name());
    Some(Element::Button { action_id, text: Plain(text.to_owned()), value: verb.name().to_owned(), style: None })
}

/// Help text of the grammar has no full stop of its own.
fn sentence(help: &str) -> String {
    if help.ends_with('.') { help.to_owned() } else { format!("{help}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message as a person reads it.
    fn read(message: &Message) -> String {
        let mut lines = vec![format!("({})", message.text)];
        for block in &message.blocks {
            lines.push(match block {
                Block::Header { text } => format!("# {}", text.0),
                Block::Section { text, .. } => text.to_string(),
                Block::Context { elements } => elements.iter().map(|element| format!("- {element}")).collect(),
                Block::Actions { elements, .. } => elements.iter().map(pressed).collect::<Vec<_>>().join(" "),
                other => format!("{other:?}"),
            });
        }
        lines.join("\n")
    }

    fn pressed(element: &Element) -> String {
        match element {
            Element::Button { text, action_id, .. } => format!("[{}: {action_id}]", text.0),
            other => format!("{other:?}"),
        }
    }

    fn rights(may: &[policy::Verb]) -> Rights {
        let production = || vec!["production".to_owned()];
        let (may, locked): (Vec<policy::Verb>, Vec<policy::Verb>) = policy::Verb::ALL.into_iter().partition(|verb| may.contains(verb));
        Rights {
            may: may.into_iter().map(|verb| (verb, production())).collect(),
            locked: locked.into_iter().map(|verb| (verb, vec!["carol".to_owned()])).collect(),
        }
    }

    #[test]
    fn b13_r07_the_overview_names_what_you_may_and_what_would_unlock_the_rest() {
        let all = read(&help_overview(&rights(&policy::Verb::ALL), Some("inventory")));
        for verb in Verb::ALL {
            assert!(all.contains(&format!("`/dr {}`  {}", verb.name(), verb.summary())), "{all}");
        }
        assert!(all.contains("*Rows lost?* `/dr restore inventory --at 10m ago`") && !all.contains("Not for you"), "{all}");
        let observer = read(&help_overview(&rights(&[policy::Verb::Look]), Some("inventory")));
        assert!(!observer.contains("Rows lost?") && !observer.contains("[Restore: open_restore]"), "{observer}");
        assert!(
            observer.contains("Not for you: restore, cancel. The plan lets carol do it; a role that may restore unlocks it."),
            "{observer}"
        );
    }

    #[test]
    fn what_help_shows_can_be_copied() {
        let shown = read(&help_verb(Verb::Restore, Some("inventory")));
        assert!(shown.contains("`/dr restore inventory --at 14:05`  as inventory was at 14:05") && !shown.contains("orders"), "{shown}");
    }

    #[test]
    fn the_help_of_a_verb_explains_every_part_and_has_examples() {
        insta::assert_snapshot!(read(&help_verb(Verb::Restore, None)), @r#"
        (`/dr restore [DATABASE] [--latest | --at WHEN | --id RECOVERY_POINT | --last-known-good] [--before WHEN] [--reason TEXT]`: Bring a database back, beside the old one, and move traffic over once it is verified.)
        # /dr restore
        Bring a database back, beside the old one, and move traffic over once it is verified.
        `/dr restore [DATABASE] [--latest | --at WHEN | --id RECOVERY_POINT | --last-known-good] [--before WHEN] [--reason TEXT]`
        `DATABASE`  The database, by its name in the plan; without it, a form opens.
        `--latest`  The last moment that can be restored.
        `--at WHEN`  The moment to go back to, such as 14:05, 2026-11-22 14:05 Berlin or 10m ago.
        `--id RECOVERY_POINT`  One recovery point, by its id.
        `--last-known-good`  The newest recovery point that passed its verification.
        `--before WHEN`  Only recovery points from before this time.
        `--reason TEXT`  Why, for those who decide and those who read it later.
        *Examples*
        `/dr restore orders --at 14:05`  as orders was at 14:05 in your time zone
        `/dr restore orders --at 2026-11-22 14:05 Berlin`  the same, with day and zone
        `/dr restore orders --at 10m ago --reason "rows deleted by mistake"`  as it was ten minutes ago, and why
        `/dr restore orders --latest`  the last moment that can be restored
        `/dr restore orders --last-known-good --before 14:05`  the newest recovery point from before 14:05 that passed its verification
        `/dr restore orders --id mayday-orders-20261122`  one recovery point, by its id
        `/dr restore`  a form to pick from
        - Also understood, as plans spell it: `db:restore`, `db:restore-latest`, `restore:latest`, `restore:from-clean-backup`
        "#);
        insta::assert_snapshot!(read(&help_verb(Verb::Status, Some("inventory"))), @r"
        (`/dr status [DATABASE]`: Show services and databases, recovery points, what is wrong, what is going on, and who is on call.)
        # /dr status
        Show services and databases, recovery points, what is wrong, what is going on, and who is on call.
        `/dr status [DATABASE]`
        `DATABASE`  The database, by its name in the plan; without it, everything at one glance.
        *Examples*
        `/dr status`  everything: services, databases with their newest recovery points, what is wrong, what runs
        `/dr status inventory`  the database inventory: what would be lost now and over time, its backups, what is wrong
        - Also understood, as plans spell it: `status:all`
        ");
    }

    #[test]
    fn every_verb_s_help_fits_into_a_message() {
        for verb in Verb::ALL {
            let message = help_verb(*verb, None);
            let shown = read(&message);
            for (typed, _) in verb.examples() {
                assert!(shown.contains(typed), "{verb:?} does not show {typed:?}");
            }
            for block in &message.blocks {
                if let Block::Section { text, .. } = block {
                    assert!(!text.as_str().is_empty() && text.as_str().chars().count() < 3_000, "{verb:?}");
                }
            }
        }
    }

    #[test]
    fn nobody_who_may_nothing_gets_an_empty_block() {
        let message = help_overview(&Rights::default(), None);
        assert!(message.blocks.iter().all(|block| !matches!(block, Block::Section { text, .. } if text.as_str().is_empty())));
    }
}
