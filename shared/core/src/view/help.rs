//! Help in two tiers: what there is for you, and how one verb is used. Both are written from the list of verbs.

use super::{Block, Code, Element, Message, Mrkdwn, Plain};
use crate::{
    command::{SLASH, Verb, arguments, usage},
    mrkdwn,
};

/// What there is to type, for somebody who may use these verbs; the others are named with what would unlock them.
#[must_use]
pub fn help_overview(who_may: &[Verb]) -> Message {
    let (may, may_not): (Vec<Verb>, Vec<Verb>) = Verb::ALL.iter().partition(|verb| who_may.contains(verb));
    let lines = may.iter().map(|verb| mrkdwn!("{}  {}", Code(&format!("{SLASH} {}", verb.name())), verb.summary()));
    let list = if may.is_empty() { mrkdwn!("Nothing, as the plan stands.") } else { Mrkdwn::join(lines, "\n") };
    let mut blocks = vec![Block::title("What you can do here"), Block::paragraph(list)];
    let buttons: Vec<Element> = may.iter().filter_map(|verb| button(*verb)).collect();
    if !buttons.is_empty() {
        blocks.push(Block::Actions { block_id: "help".to_owned(), elements: buttons });
    }
    if !may_not.is_empty() {
        let names = Mrkdwn::join(may_not.iter().map(|verb| mrkdwn!("{}", Code(verb.name()))), ", ");
        blocks.push(Block::small_print(mrkdwn!(
            "Not for you here: {}. The plan says who may; ask its owner, or somebody who has the role.",
            names
        )));
    }
    let more = mrkdwn!("{} shows how a verb is used, with examples.", Code(&format!("{SLASH} help VERB")));
    blocks.push(Block::small_print(more));
    let names = if may.is_empty() { "nothing".to_owned() } else { may.iter().map(|verb| verb.name()).collect::<Vec<_>>().join(", ") };
    Message { text: mrkdwn!("What you can do here: {}.", names), blocks }
}

/// How a verb is used: usage, what each part means, examples.
#[must_use]
pub fn help_verb(verb: Verb) -> Message {
    let text = mrkdwn!("{}: {}", Code(&usage(verb)), verb.summary());
    let mut blocks =
        vec![Block::title(format!("{SLASH} {}", verb.name())), Block::paragraph(mrkdwn!("{}\n{}", verb.summary(), Code(&usage(verb))))];
    let parts = arguments(verb);
    if !parts.is_empty() {
        let lines = parts.iter().map(|part| mrkdwn!("{}  {}", Code(&part.typed), sentence(&part.help)));
        blocks.push(Block::paragraph(Mrkdwn::join(lines, "\n")));
    }
    let examples = verb.examples().iter().map(|(typed, meaning)| mrkdwn!("{}  {}", Code(&format!("{SLASH} {typed}")), *meaning));
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
        Verb::Help | Verb::Backups | Verb::Why | Verb::Cancel => return None,
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

    #[test]
    fn b13_the_overview_names_what_you_may_and_what_you_may_not() {
        insta::assert_snapshot!(read(&help_overview(Verb::ALL)), @r"
        (What you can do here: help, status, backup, backups, restore, approvals, runs, why, cancel.)
        # What you can do here
        `/dr help`  Show what there is to type, or how a verb is used.
        `/dr status`  Show the databases of the plan, their recovery points, and what is going on.
        `/dr backup`  Make a recovery point of a database now.
        `/dr backups`  Show the recovery points of a database, and what is known of each.
        `/dr restore`  Bring a database back, beside the old one, and move traffic over once it is verified.
        `/dr approvals`  Show the proposals that wait for a decision, and whose.
        `/dr runs`  Show the runs that are going on.
        `/dr why`  Show the ledger of a run: who asked, who decided, what was done and what came of it.
        `/dr cancel`  Withdraw a proposal, or stop a run at its next safe point.
        [Status: open_status] [Back up now: open_backup] [Restore: open_restore] [Approvals: open_approvals] [Runs: open_runs]
        - `/dr help VERB` shows how a verb is used, with examples.
        ");
        insta::assert_snapshot!(read(&help_overview(&[Verb::Help, Verb::Status, Verb::Runs, Verb::Why])), @r"
        (What you can do here: help, status, runs, why.)
        # What you can do here
        `/dr help`  Show what there is to type, or how a verb is used.
        `/dr status`  Show the databases of the plan, their recovery points, and what is going on.
        `/dr runs`  Show the runs that are going on.
        `/dr why`  Show the ledger of a run: who asked, who decided, what was done and what came of it.
        [Status: open_status] [Runs: open_runs]
        - Not for you here: `backup`, `backups`, `restore`, `approvals`, `cancel`. The plan says who may; ask its owner, or somebody who has the role.
        - `/dr help VERB` shows how a verb is used, with examples.
        ");
    }

    #[test]
    fn the_help_of_a_verb_explains_every_part_and_has_examples() {
        insta::assert_snapshot!(read(&help_verb(Verb::Restore)), @r#"
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
        insta::assert_snapshot!(read(&help_verb(Verb::Status)), @r"
        (`/dr status`: Show the databases of the plan, their recovery points, and what is going on.)
        # /dr status
        Show the databases of the plan, their recovery points, and what is going on.
        `/dr status`
        *Examples*
        `/dr status`  every database: its state, its newest recovery point, what runs on it
        - Also understood, as plans spell it: `db:status`, `status:all`
        ");
    }

    #[test]
    fn every_verb_s_help_fits_into_a_message() {
        for verb in Verb::ALL {
            let message = help_verb(*verb);
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
        let message = help_overview(&[]);
        assert!(message.blocks.iter().all(|block| !matches!(block, Block::Section { text, .. } if text.as_str().is_empty())));
    }
}
