//! `mayday plan who`: who may what, as a document.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mayday_core::{plan::load, view};

/// Prints who may what by plans: Markdown, one table for each environment.
pub(crate) fn run(files: &[PathBuf]) -> anyhow::Result<()> {
    let tables = files.iter().map(|file| table(file)).collect::<anyhow::Result<Vec<_>>>()?;
    print!("{}{}", view::WHO_MAY_WHAT, tables.join("\n"));
    Ok(())
}

fn table(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    let plan = load(&text).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    Ok(view::who_may_what(&plan))
}
