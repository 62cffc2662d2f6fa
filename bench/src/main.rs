//! What a start of each function costs, measured beside a stock hello and a tuned one. `scripts/bench` builds and calls it;
//! docs/bench.md says what the numbers mean.

#![expect(clippy::disallowed_methods, reason = "what is asked for is how long it takes, by the machine's own clock")]

mod case;
mod cold;
mod emulator;
mod peers;
mod process;
mod table;
mod worker;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Parser;
use mayday_local::{functions, lambda::Function, seed::Seed};

use crate::{
    case::{Case, IDS, STOCK, STOCK_FROM_DISK, TUNED, Target},
    peers::Peers,
    table::Measured,
    worker::World,
};

/// Measures cold starts, warm answers and memory of the functions, and compares them with two hellos.
#[derive(Debug, Parser)]
struct Args {
    /// The folder with the release builds of the functions and of the hellos.
    #[arg(long, default_value = "target/release")]
    functions: PathBuf,
    /// Cold starts of each case.
    #[arg(long, default_value_t = 31)]
    rounds: usize,
    /// The plan that the worker is asked about.
    #[arg(long, default_value = "plans/demo.yaml")]
    plan: PathBuf,
    /// Only cases whose name contains this word, and the floors.
    #[arg(long)]
    only: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let scratch = tempfile::tempdir()?;
    let folder = copied(&args.functions, scratch.path())?;
    let peers = Peers::open().await?;
    let peers = std::sync::Arc::new(peers);
    let mut cases = floors(&folder);
    cases.extend(doors(&folder, &peers));
    let wanted = |case: &Case| args.only.as_ref().is_none_or(|word| case.name.contains("hello") || case.name.contains(word));
    let world = if args.only.as_ref().is_none_or(|word| "worker".contains(word.as_str())) {
        let plan = std::fs::read_to_string(&args.plan).with_context(|| format!("there is no {}", args.plan.display()))?;
        let world = World::open(&plan, &scratch.path().join("stack")).await?;
        cases.push(world.command("worker, /dr status", &folder, "status", &[Target::Cpu(3.0, STOCK)])?);
        Some(world)
    } else {
        None
    };
    cases.retain(wanted);
    let missed = measure(&cases, args.rounds, scratch.path()).await;
    if let Some(world) = world {
        drop(cases);
        world.close().await;
    }
    if missed? > 0 {
        bail!("not every target is met");
    }
    Ok(())
}

/// Measures and prints. Gives the number of targets that were missed.
#[expect(clippy::print_stdout, reason = "this is what it is for")]
async fn measure(cases: &[Case], rounds: usize, scratch: &Path) -> anyhow::Result<usize> {
    let starts = cold::rounds(cases, rounds, scratch).await?;
    let mut all = Vec::new();
    for (case, starts) in cases.iter().zip(starts) {
        let warm = if case.warm == 0 { Vec::new() } else { cold::warm(case, scratch).await.context(case.name)? };
        let package_bytes = std::fs::metadata(&case.function.binary)?.len();
        all.push(Measured { case, starts, warm, package_bytes });
    }
    println!("{rounds} cold starts of each, interleaved; medians, and medians of paired ratios\n\n{}", table::table(&all));
    let verdicts = table::verdicts(&all);
    verdicts.iter().for_each(|verdict| println!("{}", verdict.sentence));
    Ok(verdicts.iter().filter(|verdict| !verdict.met).count())
}

/// Copies of the binaries, which nobody else runs: what somebody else has mapped can't be dropped from memory.
fn copied(from: &Path, scratch: &Path) -> anyhow::Result<PathBuf> {
    let folder = scratch.join("functions");
    std::fs::create_dir_all(&folder)?;
    for name in ["hello-stock", "hello-tuned", "ingress", "worker"] {
        let binary = from.join(name);
        std::fs::copy(&binary, folder.join(name)).with_context(|| format!("{} is not built: scripts/bench builds it", binary.display()))?;
    }
    Ok(folder)
}

/// A function without an environment of its own.
fn floor(name: &str, folder: &Path) -> Function {
    Function {
        name: name.to_owned(),
        binary: folder.join(name),
        timeout: Duration::from_secs(10),
        environment: BTreeMap::new(),
        on_failure: None,
    }
}

fn floors(folder: &Path) -> Vec<Case> {
    let stock = || floor("hello-stock", folder);
    let from_disk = Case { from_disk: true, warm: 0, ..case::hello(STOCK_FROM_DISK, stock()) };
    vec![case::hello(STOCK, stock()), case::hello(TUNED, floor("hello-tuned", folder)), from_disk]
}

fn doors(folder: &Path, peers: &std::sync::Arc<Peers>) -> Vec<Case> {
    let door = || {
        let all = functions::table(folder, &peers.url(), (&Seed::default(), emulator::REGION), "127.0.0.1:9");
        let mut door = all.into_iter().find(|function| function.name == functions::DOOR).unwrap_or_else(|| floor("ingress", folder));
        door.environment.extend(IDS.map(|(name, value)| (name.to_owned(), value.to_owned())));
        door
    };
    let alone = [Target::Cpu(0.75, STOCK), Target::Cpu(1.15, TUNED), Target::PeakMb(6.0)];
    let from_disk = [Target::Wall(1.6, STOCK_FROM_DISK)];
    let taken = peers.clone();
    vec![
        case::challenge("ingress, signature checked", door(), &alone),
        case::refused("ingress, signature refused", door(), &alone),
        case::handed_over("ingress, handed over", door(), move || taken.invocations(), &[Target::Cpu(1.4, STOCK)]),
        Case { from_disk: true, warm: 0, ..case::challenge("ingress, from disk", door(), &from_disk) },
    ]
}
