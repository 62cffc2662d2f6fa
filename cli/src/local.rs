//! `mayday local`: the whole product on one machine.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use mayday_core::plan::PLAN_KEY;
use mayday_local::{
    data::bucket,
    from_plan,
    stack::{Options, Stack},
};

/// The plan that is taken when none is named.
const DEMO: &str = include_str!("../../plans/demo.yaml");

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The port on 127.0.0.1; 0 for any.
    #[arg(long, default_value_t = 4600)]
    port: u16,
    /// Where everything is kept. What an earlier start left there goes on.
    #[arg(long, default_value = ".mayday")]
    data: PathBuf,
    /// The plan file; without it, the demonstration's.
    #[arg(long)]
    plan: Option<PathBuf>,
    /// Virtual seconds for each real one.
    #[arg(long, default_value_t = 1.0)]
    time_scale: f64,
    /// How far a database's log trails behind, in seconds; five minutes on RDS.
    #[arg(long, default_value_t = 2.0)]
    archive_every: f64,
    /// How many rows each database begins with.
    #[arg(long, default_value_t = from_plan::ROWS)]
    rows: u64,
    /// In how many of the plan's regions the bot lives. With two, either can be lost: `POST /local/break`.
    #[arg(long, default_value_t = 1)]
    bot_regions: usize,
    /// The folder with the functions' binaries; without it, the one that this program is in.
    #[arg(long)]
    functions: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    let plan = match &args.plan {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?,
        None => DEMO.to_owned(),
    };
    let mut seed = from_plan::seed(&plan, args.rows).map_err(|error| anyhow::anyhow!("the plan can't be used: {error}"))?;
    anyhow::ensure!(
        (1..=seed.regions.len()).contains(&args.bot_regions),
        "--bot-regions is 1 to {}: the plan names {}",
        seed.regions.len(),
        seed.regions.join(", ")
    );
    seed.bot_regions = seed.regions.iter().take(args.bot_regions).cloned().collect();
    let functions = match args.functions {
        Some(folder) => folder,
        None => std::env::current_exe()?.parent().map(PathBuf::from).context("this program is nowhere")?,
    };
    for function in ["ingress", "worker", "runner", "scheduler", "inspector"] {
        anyhow::ensure!(
            functions.join(function).is_file(),
            "{} has no {function}: build it with `cargo build --bins`",
            functions.display()
        );
    }
    let archive_every = Duration::try_from_secs_f64(args.archive_every).context("--archive-every takes seconds")?;
    let options = Options {
        port: args.port,
        data: args.data,
        time_scale: args.time_scale,
        archive_every,
        ..Options::new(PathBuf::new(), functions, seed)
    };
    let regions = options.seed.regions.clone();
    let stack = Stack::start(options).await?;
    if let Some(file) = &args.plan {
        for (name, text) in crate::plan::runbooks(file, &plan)? {
            put(&stack, &regions, &name, &text)?;
        }
        put(&stack, &regions, PLAN_KEY, &plan)?;
    }
    println!("ready {}", stack.url());
    eprintln!("Open it in a browser. Ctrl-C stops it; what it holds is kept.");
    interrupted().await?;
    stack.stop().await;
    Ok(())
}

/// A file of the plan that was named replaces the one that an earlier start left in the buckets.
fn put(stack: &Stack, regions: &[String], key: &str, text: &str) -> anyhow::Result<()> {
    for region in regions {
        let bucket = bucket(region);
        if stack.data().s3.get(&bucket, key).as_deref() != Some(text.as_bytes()) {
            stack.data().s3.put(&bucket, key, text.as_bytes())?;
        }
    }
    Ok(())
}

async fn interrupted() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
