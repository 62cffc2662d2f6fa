//! What people type: from Slack's text to a typed command, or one sentence that says what to type instead.
//!
//! One verb, one file. [`Command`] is made from the one list below, and so are [`Verb`] and all help.

/// What stands behind a verb is written by another grammar than it is kept in.
macro_rules! as_written {
    ($args:ty, $grammar:ty) => {
        impl clap::Args for $args {
            fn augment_args(command: clap::Command) -> clap::Command {
                <$grammar as clap::Args>::augment_args(command)
            }

            fn augment_args_for_update(command: clap::Command) -> clap::Command {
                <$grammar as clap::Args>::augment_args_for_update(command)
            }
        }
    };
}

pub mod ack;
pub mod approvals;
pub mod backup;
pub mod backups;
pub mod breakglass;
pub mod can;
pub mod cancel;
pub mod contacts;
pub mod diagnose;
pub mod doctor;
pub mod failback;
pub mod failover;
pub mod health;
pub mod help;
pub mod home;
pub mod page;
pub mod plan;
pub mod restore;
pub mod runbook;
pub mod runs;
pub mod standing;
pub mod status;
pub mod whoami;
pub mod why;

mod escape;
mod gather;
mod guess;
mod name;
mod nearest;
mod parse;
mod split;
mod usage;

pub use escape::Mention;
pub use guess::{Known, guess};
pub(crate) use name::is_invisible;
pub use name::{is_mixed, shown};
pub use nearest::{nearest, neither, unknown};
pub use parse::parse;
pub use split::{LONGEST_TEXT, MOST_TOKENS, Token, split};
pub use usage::{Argument, arguments, usage};

/// The slash command that all verbs stand behind.
pub const SLASH: &str = "/dr";

/// The longest reason, in characters: it has to fit on the card.
pub const LONGEST_REASON: usize = 1_000;

/// Makes the enums from the list of verbs, so that there is no other list to forget one in.
macro_rules! verbs {
    ($($(#[$doc:meta])* $variant:ident in $file:ident),* $(,)?) => {
        /// What somebody wants, as typed: names are not looked up and times are not read yet.
        #[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
        pub enum Command {
            $($(#[$doc])* #[command(about = $file::SUMMARY)] $variant($file::Args),)*
        }

        /// A verb without what stands behind it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
        pub enum Verb {
            $($(#[$doc])* $variant,)*
        }

        impl Command {
            /// Which verb it is.
            #[must_use]
            pub fn verb(&self) -> Verb {
                match self { $(Self::$variant(_) => Verb::$variant,)* }
            }
        }

        impl Verb {
            /// All of them, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What is typed for it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($file),)* }
            }

            /// What it does, in one line.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $file::SUMMARY,)* }
            }

            /// What to type, without the slash command, and what that does.
            #[must_use]
            pub fn examples(self) -> &'static [(&'static str, &'static str)] {
                match self { $(Self::$variant => $file::EXAMPLES,)* }
            }

            /// How recovery plans spell it, each with the flags that the spelling stands for.
            #[must_use]
            pub fn spellings(self) -> &'static [(&'static str, &'static [&'static str])] {
                match self { $(Self::$variant => $file::SPELLINGS,)* }
            }
        }
    };
}

verbs! {
    /// What there is to type.
    Help in help,
    /// The situation at one glance.
    Home in home,
    /// How things stand.
    Status in status,
    /// Ask whether services are well.
    Health in health,
    /// Find out what is wrong.
    Diagnose in diagnose,
    /// Make a recovery point.
    Backup in backup,
    /// Show recovery points.
    Backups in backups,
    /// Bring a database back.
    Restore in restore,
    /// Lead a service to its other site.
    Failover in failover,
    /// Bring a service home.
    Failback in failback,
    /// List, show and run runbooks.
    Runbook in runbook,
    /// Show what waits for a decision.
    Approvals in approvals,
    /// Show runs.
    Runs in runs,
    /// Show who decided what.
    Why in why,
    /// Show and check the plan.
    Plan in plan,
    /// Say who you are to the plan.
    Whoami in whoami,
    /// Say whether somebody may.
    Can in can,
    /// Ask without the grant.
    Breakglass in breakglass,
    /// Show what may be done with nobody awake.
    Standing in standing,
    /// Stop something.
    Cancel in cancel,
    /// Wake people.
    Page in page,
    /// Take a page.
    Ack in ack,
    /// Show how people are reached.
    Contacts in contacts,
    /// Check the installation.
    Doctor in doctor,
}

/// How plans spell a verb: the spelling, and the flags that it stands for.
type Spellings = &'static [(&'static str, &'static [&'static str])];

/// Examples: what to type behind the slash command, and what that does.
type Examples = &'static [(&'static str, &'static str)];

#[cfg(test)]
mod tests;
