//! What is printed and asked for on the terminal, and what the program's exit code says.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, IsTerminal as _, Write as _},
    process::ExitCode,
};

use mayday_core::desk::{Answered, Outcome, Question, Questions};

/// How it ended. `docs/cli.md` has the codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Answered; what was followed was done.
    Well,
    /// Something broke: it may or may not have been done.
    Broke,
    /// What was typed is not understood here; nobody was asked.
    Misunderstood,
    /// Refused; nothing was done.
    Refused,
    /// Nobody could be reached, or verified.
    Unreached,
    /// What was followed was not done, or not all of it.
    Ill,
    /// What was followed waits for people to decide.
    Stuck,
}

impl Ended {
    pub(crate) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Answered => Self::Well,
            Outcome::Refused => Self::Refused,
            Outcome::Unverified | Outcome::WrongClock => Self::Unreached,
            Outcome::Broke => Self::Broke,
        }
    }
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        Self::from(match ended {
            Ended::Well => 0,
            Ended::Broke => 1,
            Ended::Misunderstood => 2,
            Ended::Refused => 3,
            Ended::Unreached => 4,
            Ended::Ill => 5,
            Ended::Stuck => 6,
        })
    }
}

/// Prints an answer.
pub(super) fn print(answered: &Answered) -> std::io::Result<()> {
    println!("{}", answered.text);
    std::io::stdout().flush()
}

/// Asks a form's questions, one after the other. `None`: whoever was asked has gone away.
pub(super) fn filled(questions: &Questions, mut phrase: Option<String>) -> std::io::Result<Option<BTreeMap<String, String>>> {
    println!("\n{}:", questions.submit);
    let mut values = BTreeMap::new();
    for question in &questions.fields {
        let given = phrase.take_if(|_| question.handle == "phrase");
        let typed = match given {
            Some(phrase) => Some(phrase),
            None => asked(question)?,
        };
        let Some(typed) = typed else { return Ok(None) };
        match chosen(question, typed.trim()) {
            Some(value) => drop(values.insert(question.handle.clone(), value)),
            None if question.optional => {}
            None => return Ok(None),
        }
    }
    Ok(Some(values))
}

fn asked(question: &Question) -> std::io::Result<Option<String>> {
    let mut out = std::io::stdout().lock();
    for (number, (text, _)) in question.choices.iter().enumerate() {
        writeln!(out, "  {}. {text}", number + 1)?;
    }
    if let Some(hint) = question.hint.as_deref().filter(|_| std::io::stdin().is_terminal()) {
        writeln!(out, "  ({hint})")?;
    }
    write!(out, "{}{}: ", question.label, if question.optional { " (may be left empty)" } else { "" })?;
    out.flush()?;
    let mut line = String::new();
    Ok((std::io::stdin().lock().read_line(&mut line)? > 0).then_some(line))
}

/// What was typed, or its number among the choices, or what holds where nothing is typed.
fn chosen(question: &Question, typed: &str) -> Option<String> {
    if typed.is_empty() {
        return question.default.clone();
    }
    let by_number = typed.parse::<usize>().ok().and_then(|number| question.choices.get(number.checked_sub(1)?));
    Some(by_number.map_or_else(|| typed.to_owned(), |(_, value)| value.clone()))
}
