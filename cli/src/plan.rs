//! `mayday plan`: looks at a plan file.

use std::path::PathBuf;

use anyhow::Context as _;
use mayday_core::plan::load;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Say whether a plan can be used, and what is wrong with it if not.
    Check {
        /// The file.
        file: PathBuf,
    },
}

pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let Command::Check { file } = command;
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    let plan = load(&text).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    println!("{} can be used: {} databases, {} people.", file.display(), plan.databases.len(), plan.people.len());
    Ok(())
}
