//! `mayday plan`: checks a plan file, shows it as a document, puts it in place.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use mayday_aws::{blobs::S3Blobs, client::Connection, settings::Settings, table::DynamoTable};
use mayday_core::{
    plan::{self, Measure, Measured, PLAN_KEY, Plan, Verdict, Weight},
    port::{Blobs, Table},
    store::Store,
};

/// The shape of a plan file, for editors that check while one types.
const SCHEMA: &str = include_str!("../../plans/plan.schema.json");

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong with a plan, what it leaves open, and how far its objectives are from what was measured.
    Check {
        /// The file.
        file: PathBuf,
        /// Compare the objectives with what past runs took: read from this table. Region, keys and addresses come from the
        /// usual AWS variables.
        #[arg(long, value_name = "TABLE", num_args = 0..=1, default_missing_value = "mayday", requires = "bucket")]
        measured: Option<String>,
        /// The bot's bucket, where large records are.
        #[arg(long)]
        bucket: Option<String>,
        /// Say how long loading and checking took.
        #[arg(long)]
        time: bool,
    },
    /// Check a plan and put it in place, with the runbooks that it names. It is in force with the next command in Slack.
    Put {
        /// The file; its runbooks are beside it.
        file: PathBuf,
        /// The bot's bucket.
        #[arg(long)]
        bucket: String,
    },
    /// Print the plan as the document that people read, as Markdown.
    Render {
        /// The file; its runbooks are beside it.
        file: PathBuf,
    },
    /// Print who may do what where, as a table that everybody can read.
    Who {
        /// The plans' files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema of plan files.
    Schema,
}

pub(crate) async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Check { file, measured, bucket, time } => check(file, measured.as_deref().zip(bucket.as_deref()), *time).await,
        Command::Put { file, bucket } => put(file, bucket).await,
        Command::Render { file } => {
            print!("{}", mayday_document::render(&read(file)?, beside(file))?);
            Ok(())
        }
        Command::Who { files } => crate::who::run(files),
        Command::Schema => {
            print!("{SCHEMA}");
            Ok(())
        }
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))
}

/// Reads the files beside a plan.
fn beside(file: &Path) -> impl Fn(&str) -> Option<String> {
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    move |name| std::fs::read_to_string(folder.join(name)).ok()
}

/// Prints every finding with its lines, and gives the plan if nothing stops it.
fn examined(file: &Path, text: &str) -> anyhow::Result<(Plan, usize)> {
    let name = file.display().to_string();
    #[expect(clippy::disallowed_methods, reason = "the one place where this command looks at the clock")]
    let now = jiff::Timestamp::now();
    let (plan, findings) = match plan::examine(text, &beside(file), now) {
        Ok(checked) => checked,
        Err(error) => {
            print!("{}", plan::shown(&error.findings, &name, text));
            bail!("{name} can't be read as a plan");
        }
    };
    print!("{}", plan::shown(&findings, &name, text));
    let errors = findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    ensure!(errors == 0, "{name} can't be used: {errors} errors");
    Ok((plan, findings.len()))
}

async fn check(file: &Path, measured: Option<(&str, &str)>, time: bool) -> anyhow::Result<()> {
    let text = read(file)?;
    #[expect(clippy::disallowed_methods, reason = "what is asked for is how long it took")]
    let began = std::time::Instant::now();
    let (plan, warnings) = examined(file, &text)?;
    if time {
        println!("Loaded and checked in {} ms.", began.elapsed().as_millis());
    }
    if let Some((table, bucket)) = measured {
        let connection = connection()?;
        let table: Arc<dyn Table> = Arc::new(DynamoTable::new(&connection, table.to_owned()));
        let blobs: Arc<dyn Blobs> = Arc::new(S3Blobs::new(&connection, bucket.to_owned()));
        let past = plan::past(&Store::new(table, blobs)).await?;
        for measured in plan::last_measured(&plan, &past) {
            println!("{}", said(&measured));
        }
    }
    let counts = [(plan.services.len(), "services"), (plan.databases.len(), "databases"), (plan.people.len(), "people")];
    let counts: Vec<String> = counts.iter().map(|(count, what)| format!("{count} {what}")).collect();
    println!("{} can be used: {}, {warnings} warnings.", file.display(), counts.join(", "));
    Ok(())
}

fn said(measured: &Measured) -> String {
    let what = if measured.measure == Measure::Rto { "RTO" } else { "RPO" };
    let mark = match measured.verdict() {
        Verdict::Never => "never measured",
        Verdict::Met => "met",
        Verdict::BeyondAim => "over the target",
        Verdict::Missed => "MISSED",
    };
    let was = measured.found.as_ref().map(|found| format!(": {} in {}", plan::Span(whole(found.was)), found.run)).unwrap_or_default();
    let aims = [("target", measured.aim), ("maximum", measured.most)];
    let aims: Vec<String> = aims.iter().filter_map(|(what, span)| span.map(|span| format!("{what} {span}"))).collect();
    format!("{what} of {}: {mark}{was} ({})", measured.name, aims.join(", "))
}

fn whole(span: jiff::SignedDuration) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(span.as_secs())
}

fn connection() -> anyhow::Result<Arc<Connection>> {
    #[expect(clippy::disallowed_methods, reason = "the one place where this command's configuration is read")]
    let settings = Settings::from_env(&|name: &str| std::env::var(name).ok())?;
    Ok(Arc::new(Connection::new(settings)))
}

async fn put(file: &Path, bucket: &str) -> anyhow::Result<()> {
    let text = read(file)?;
    examined(file, &text)?;
    let blobs = S3Blobs::new(&connection()?, bucket.to_owned());
    // The plan comes last: it must not name what is not there yet.
    for (name, text) in runbooks(file, &text)? {
        blobs.put(&name, text.into_bytes()).await?;
        println!("{name} is in place.");
    }
    let version = blobs.put(PLAN_KEY, text.into_bytes()).await?;
    println!("{} is in place as version {version}.", file.display());
    Ok(())
}

/// The runbooks that a plan names, by their file's name, read from beside it.
pub(crate) fn runbooks(file: &Path, text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let (plan, read) = (plan::load(text)?, beside(file));
    let runbook = |runbook: &plan::RunbookFile| -> anyhow::Result<(String, String)> {
        let text = read(&runbook.file).with_context(|| format!("can't read {}, which {} names", runbook.file, file.display()))?;
        Ok((runbook.file.clone(), text))
    };
    plan.runbooks.values().map(runbook).collect()
}
