//! The verbs without Slack: what is typed here goes to the bot's worker with a proof of who types it, and is judged there by the same
//! policy. This program itself may do nothing but invoke that one function.

mod ask;
mod keys;
mod place;
mod told;

use std::{io::Write as _, time::Duration};

use mayday_core::{
    command::{SLASH, Verb},
    desk::{Answered, Asked, Outcome, Progress, Stands},
};

use ask::Line;
pub(crate) use told::Ended;

/// How it is reached.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The bot's worker: its whole ARN, the output `WorkerArn` of the stack. Several, with commas: the next one is asked where one can't be
    /// reached. Default: the environment's MAYDAY_FUNCTION.
    #[arg(long, global = true, value_name = "ARN")]
    function: Option<String>,
    /// Watch what was asked for until it has ended.
    #[arg(long, global = true)]
    follow: bool,
    /// How many seconds to wait between two looks.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 3.0)]
    every: f64,
}

/// What can be typed.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Do what stands behind the slash command in Slack: `mayday dr restore orders --at 14:05`.
    Dr {
        /// The words, as in Slack.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Approve a proposal: shows what would be done, and asks to type its phrase.
    Approve {
        /// The proposal's id.
        about: String,
        /// The phrase, where nobody is there to type it.
        #[arg(long)]
        phrase: Option<String>,
    },
    /// Say no to a proposal.
    Deny {
        /// The proposal's id.
        about: String,
    },
    /// Take your own proposal back, or stop a run at its next safe point.
    Cancel {
        /// The id of the proposal or the run.
        about: String,
    },
    /// Try a run's failed step again.
    Retry {
        /// The run's id.
        about: String,
    },
    /// Go on without a run's failed step.
    Skip {
        /// The run's id.
        about: String,
    },
    /// Propose to delete what a run has replaced.
    Retire {
        /// The run's id.
        about: String,
    },
    /// Take a page, so that nobody else is woken.
    Ack {
        /// The page's id; without it, the one that is open.
        about: Option<String>,
    },
    /// Wake the next level at once.
    Escalate {
        /// The page's id.
        about: String,
    },
    /// Say that a page is over.
    Resolve {
        /// The page's id.
        about: String,
    },
    /// Press any other button of a message.
    Press {
        /// The button, as the answer names it.
        action: String,
        /// The id that it carries.
        about: String,
    },
    /// Watch a proposal or a run until it has ended.
    Watch {
        /// Its id.
        about: String,
    },
    /// Check the installation from inside; each finding with what mends it.
    Doctor,
    /// Any verb of the slash command, without `dr`. Read by the whole program's grammar: here it would take everything.
    #[command(skip)]
    Verb(Vec<String>),
}

/// Asks, prints the answer, and asks on where a form or `--follow` wants it.
pub(crate) async fn run(command: Command, options: Options) -> Ended {
    match spoken(command, options).await {
        Ok(ended) => ended,
        Err(error) => {
            eprintln!("mayday: {error:#}");
            Ended::Unreached
        }
    }
}

async fn spoken(command: Command, options: Options) -> anyhow::Result<Ended> {
    if let Command::Verb(words) = &command
        && !words.first().is_some_and(|word| is_verb(word))
    {
        let word = words.first().map(String::as_str).unwrap_or_default();
        eprintln!("mayday: there is no “{word}”. `mayday --help` lists what there is, `mayday dr help` what can be asked of the bot.");
        return Ok(Ended::Misunderstood);
    }
    let (mut asked, phrase, mut follow) = meant(command);
    follow |= options.follow;
    let line = Line::new(options.function.as_deref()).await?;
    // Whoever watches is shown the card; whoever has just asked was shown it.
    if let Asked::Watch { about, since } = &asked {
        return watch(&line, about, *since, options.every).await;
    }
    let mut answered = line.ask(&asked).await?;
    told::print(&answered)?;
    let mut phrase = phrase;
    while let Some(questions) = answered.form.take() {
        let Some(values) = told::filled(&questions, phrase.take())? else {
            println!("Nothing was sent, and nothing was done.");
            return Ok(Ended::Refused);
        };
        asked = Asked::Submit { form: questions.form, about: questions.about, values };
        answered = line.ask(&asked).await?;
        told::print(&answered)?;
    }
    match answered.about.filter(|_| follow && answered.outcome == Outcome::Answered) {
        Some(about) => watch(&line, &about, 1, options.every).await,
        None => Ok(Ended::of(answered.outcome)),
    }
}

fn is_verb(word: &str) -> bool {
    let spelled = |verb: &Verb| verb.spellings().iter().any(|(spelling, _)| spelling.eq_ignore_ascii_case(word));
    Verb::ALL.iter().any(|verb| verb.name().eq_ignore_ascii_case(word) || spelled(verb))
}

/// What is asked for, the phrase that came along, and whether it is to be followed.
fn meant(command: Command) -> (Asked, Option<String>, bool) {
    let press = |action: &str, about: String| (Asked::Press { action: action.to_owned(), about }, None, false);
    match command {
        Command::Dr { words } | Command::Verb(words) => {
            let follow = words.iter().any(|word| word == "--follow");
            let words: Vec<String> = words.iter().filter(|word| *word != "--follow").map(|word| quoted(word)).collect();
            let words = match words.split_first() {
                Some((slash, rest)) if slash == SLASH => rest.join(" "),
                _ => words.join(" "),
            };
            (Asked::Command { words }, None, follow)
        }
        Command::Approve { about, phrase } => (Asked::Press { action: "approve".to_owned(), about }, phrase, false),
        Command::Deny { about } => press("deny", about),
        Command::Cancel { about } => press("cancel", about),
        Command::Retry { about } => press("retry", about),
        Command::Skip { about } => press("skip", about),
        Command::Retire { about } => press("retire", about),
        Command::Ack { about: Some(about) } => press("ack", about),
        Command::Ack { about: None } => (Asked::Command { words: "ack".to_owned() }, None, false),
        Command::Escalate { about } => press("escalate", about),
        Command::Resolve { about } => press("resolve", about),
        Command::Press { action, about } => press(&action, about),
        Command::Watch { about } => (Asked::Watch { about, since: 0 }, None, true),
        Command::Doctor => (Asked::Command { words: "doctor".to_owned() }, None, false),
    }
}

/// A word as the bot reads it: what the shell has taken the quotation marks from gets them back.
fn quoted(word: &str) -> String {
    if !word.chars().any(char::is_whitespace) {
        return word.to_owned();
    }
    match word.split_once('=').filter(|(flag, _)| flag.starts_with("--") && !flag.contains(char::is_whitespace)) {
        Some((flag, value)) => format!("{flag}={}", quoted(value)),
        None if word.contains('"') => format!("'{word}'"),
        None => format!("\"{word}\""),
    }
}

/// Prints what happens until nothing will any more.
async fn watch(line: &Line, about: &str, since: usize, every: f64) -> anyhow::Result<Ended> {
    let (mut since, mut silent) = (since, 0_u32);
    let pause = Duration::try_from_secs_f64(every.clamp(0.1, 600.0))?;
    loop {
        match line.ask(&Asked::Watch { about: about.to_owned(), since }).await {
            Ok(Answered { outcome: Outcome::Answered, stands: Some(Stands { state, seen }), text, .. }) => {
                silent = 0;
                if seen > since && !text.is_empty() {
                    println!("{text}");
                    std::io::stdout().flush()?;
                }
                since = since.max(seen);
                match state {
                    Progress::Waits | Progress::Runs => {}
                    Progress::Stuck => return Ok(Ended::Stuck),
                    Progress::Succeeded => return Ok(Ended::Well),
                    Progress::Ended => return Ok(Ended::Ill),
                }
            }
            Ok(answered) if matches!(answered.outcome, Outcome::Refused | Outcome::Answered) => {
                told::print(&answered)?;
                return Ok(Ended::of(answered.outcome));
            }
            // The run goes on whether anybody watches or not.
            Ok(answered) => silent = said_again(silent, answered.text.lines().next().unwrap_or_default()),
            Err(error) => silent = said_again(silent, &format!("{error:#}")),
        }
        if silent > PATIENCE {
            eprintln!("mayday: nobody answers any more. What was begun goes on. `mayday watch {about}` looks again.");
            return Ok(Ended::Unreached);
        }
        #[expect(clippy::disallowed_methods, reason = "somebody watches this in real time")]
        tokio::time::sleep(pause).await;
    }
}

/// So many looks in a row may fail.
const PATIENCE: u32 = 20;

fn said_again(silent: u32, why: &str) -> u32 {
    if silent == 0 {
        eprintln!("mayday: {why} (asking again)");
    }
    silent + 1
}

#[cfg(test)]
mod tests {
    use mayday_core::command::{self, Command as Typed};

    use super::*;

    #[test]
    fn words_reach_the_bot_as_they_were_meant() {
        let words = |words: &[&str]| match meant(Command::Verb(words.iter().map(|word| (*word).to_owned()).collect())) {
            (Asked::Command { words }, _, follow) => (words, follow),
            other => panic!("{other:?}"),
        };
        let (line, follow) = words(&["restore", "orders", "--at", "14:05 Berlin", "--reason=it is gone", "--follow"]);
        assert_eq!((line.as_str(), follow), ("restore orders --at \"14:05 Berlin\" --reason=\"it is gone\"", true));
        let Ok(Typed::Restore(args)) = command::parse(&line) else { panic!("{line}") };
        assert_eq!(args.database.as_deref(), Some("orders"));
        assert_eq!(words(&["/dr", "status"]).0, "status");
        assert_eq!(words(&["page", "the \"big\" one"]).0, "page 'the \"big\" one'");
    }

    #[test]
    fn only_what_the_bot_knows_is_sent_to_it() {
        for verb in ["status", "RESTORE", "acknowledge", "whoami"] {
            assert!(is_verb(verb), "{verb}");
        }
        for other in ["restroe", "", "-x", "commit"] {
            assert!(!is_verb(other), "{other}");
        }
    }
}
