//! What `doctor` has found.

use super::{Block, Message, Mrkdwn, Prose};
use crate::{
    doctor::{Check, Verdict},
    mrkdwn,
};

/// The findings, worst first, each with its fix.
#[must_use]
pub fn doctor(checks: &[Check]) -> Message {
    let count = |verdict: Verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let (broken, unknown, weak) = (count(Verdict::Broken), count(Verdict::Unknown), count(Verdict::Weak));
    let text = if broken + unknown + weak == 0 {
        mrkdwn!("✅ All {} checks are well.", checks.len())
    } else {
        mrkdwn!(
            "{} of {} checks: {} broken, {} not known, {} could be better.",
            broken + unknown + weak,
            checks.len(),
            broken,
            unknown,
            weak
        )
    };
    let mut blocks = vec![Block::title("How the installation is"), Block::paragraph(text.clone())];
    blocks.extend(Block::paragraphs(checks.iter().map(line)));
    let untried = "What would change something was not tried: making, restoring and deleting instances, moving names and secrets. Nor can \
                   it be seen from here whether the runner's role may do that: `scripts/test template` compares the role with the code, and a \
                   restore in a quiet hour tries it.";
    blocks.push(Block::small_print(mrkdwn!("{}", untried)));
    Message { text, blocks }
}

fn line(check: &Check) -> Mrkdwn {
    let mark = match check.verdict {
        Verdict::Broken => "❌",
        Verdict::Unknown => "❔",
        Verdict::Weak => "⚠️",
        Verdict::Well => "✅",
    };
    let fix = check.fix.as_ref().map(|fix| mrkdwn!("\n• {}", Prose(fix))).unwrap_or_default();
    mrkdwn!("{} *{}*: {}{}", mark, check.what, Prose(&check.found), fix)
}

/// What `doctor` says into the plan's channel, to whoever asked and to nobody else.
#[must_use]
pub fn doctor_was_here() -> Message {
    Message::sentence(mrkdwn!("🩺 Doctor: this channel takes messages. Only you see this one."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(what: &str, verdict: Verdict, fix: Option<&str>) -> Check {
        Check { what: what.to_owned(), verdict, found: "as <!channel> found".to_owned(), fix: fix.map(str::to_owned) }
    }

    #[test]
    fn each_finding_stands_with_its_fix_and_nothing_in_it_is_markup() {
        let message = doctor(&[check("Plan", Verdict::Broken, Some("Type `/dr plan check`.")), check("Channel", Verdict::Well, None)]);
        let shown = serde_json::to_string(&message).unwrap();
        assert!(shown.contains("1 of 2 checks: 1 broken, 0 not known, 0 could be better."), "{shown}");
        assert!(
            shown.contains("❌ *Plan*: as &lt;!channel&gt; found\\n• Type `/dr plan check`.") && shown.contains("✅ *Channel*"),
            "{shown}"
        );
    }

    #[test]
    fn nothing_to_mend_is_said_as_such() {
        assert_eq!(doctor(&[check("Plan", Verdict::Well, None)]).text.as_str(), "✅ All 1 checks are well.");
    }
}
