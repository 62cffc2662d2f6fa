//! What a start of each function costs, measured beside a stock hello and a tuned one. `scripts/bench` builds and calls it;
//! docs/bench.md says what the numbers mean.

#![expect(clippy::disallowed_methods, reason = "what is asked for is how long it takes, by the machine's own clock")]

mod case;
mod cold;
mod emulator;
mod instructions;
mod peers;
mod process;
mod table;
mod tls;
mod worker;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::Parser;
use mayday_local::{functions, lambda::Function, seed::Seed};

use crate::{
    case::{Case, IDS, STATIC, STOCK, STOCK_FROM_DISK, TUNED, Target},
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
    #[arg(long, default_value = "")]
    only: String,
    /// Counts the instructions of whole cold starts under callgrind, in place of measuring time, and compares them with this file.
    #[arg(long)]
    instructions: Option<PathBuf>,
    /// Keeps what was counted as the reference.
    #[arg(long, requires = "instructions")]
    keep: bool,
}

/// Fails when a target is missed, or a count is not what it was.
#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let scratch = tempfile::tempdir()?;
    let scratch = scratch.path();
    let peers = Arc::new(Peers::open().await?);
    let folder = scratch.join("functions");
    let mut cases = floors(&folder);
    cases.extend(doors(&folder, &peers));
    cases.extend(handshakes(&folder, &peers)?);
    // The stack is started only for whoever needs it.
    let world = if WORKERS.iter().any(|name| name.contains(&args.only)) { Some(world(&args.plan, scratch).await?) } else { None };
    if let Some(world) = &world {
        cases.extend(workers(world, &folder)?);
    }
    cases.retain(|case| case.name.contains("hello") || case.name.contains(&args.only));
    copy_all(&cases, &args.functions)?;
    let good = match &args.instructions {
        Some(reference) => instructions::run(&cases, scratch, reference, args.keep).await,
        None => measure(&cases, args.rounds, scratch).await,
    };
    drop(cases);
    if let Some(world) = world {
        world.close().await;
    }
    Ok(if good? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The names of the worker's cases.
const WORKERS: [&str; 3] = ["worker, /dr status", "worker, its table hangs up", "worker, TLS handshake"];

/// The worker with all that it needs; and twice without its table, which it asks first and once: the difference is a handshake, by the
/// configuration that every function but the door has.
fn workers(world: &World, folder: &Path) -> anyhow::Result<[Case; 3]> {
    let [status, hung_up, handshake] = WORKERS;
    let (silent, tls) = (format!("http://{}", tls::hang_up()?), format!("https://{}", tls::listen()?));
    Ok([
        world.command(status, folder, "status", &[Target::Cpu(3.0, STOCK)])?,
        world.without_table(hung_up, folder, &silent, &[])?,
        world.without_table(handshake, folder, &tls, &[Target::MoreCpuMs(2.0, hung_up)])?,
    ])
}

async fn world(plan: &Path, scratch: &Path) -> anyhow::Result<World> {
    let plan = std::fs::read_to_string(plan).with_context(|| format!("there is no {}", plan.display()))?;
    World::open(&plan, &scratch.join("stack")).await
}

/// Measures and prints. Whether every target is met.
#[expect(clippy::print_stdout, reason = "this is what it is for")]
async fn measure(cases: &[Case], rounds: usize, scratch: &Path) -> anyhow::Result<bool> {
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
    Ok(verdicts.iter().all(|verdict| verdict.met))
}

/// Copies what is measured to where the cases look for it. Nobody else runs those copies: what somebody has mapped can't be
/// dropped from memory.
fn copy_all(cases: &[Case], from: &Path) -> anyhow::Result<()> {
    for binary in cases.iter().map(|case| &case.function.binary) {
        let (Some(folder), Some(name)) = (binary.parent(), binary.file_name()) else { continue };
        std::fs::create_dir_all(folder)?;
        if !binary.exists() {
            std::fs::copy(from.join(name), binary).with_context(|| format!("there is no {}: scripts/bench builds it", name.display()))?;
        }
    }
    Ok(())
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
    let [tuned, linked] = [(TUNED, "hello-tuned"), (STATIC, "hello-static")].map(|(name, binary)| case::hello(name, floor(binary, folder)));
    vec![case::hello(STOCK, stock()), tuned, linked, from_disk]
}

fn door(folder: &Path, peers: &Peers) -> Function {
    let all = functions::table(folder, &peers.url(), (&Seed::default(), emulator::REGION), "127.0.0.1:9");
    let mut door = all.into_iter().find(|function| function.name == functions::DOOR).unwrap_or_else(|| floor("ingress", folder));
    door.environment.extend(IDS.map(|(name, value)| (name.to_owned(), value.to_owned())));
    door
}

fn doors(folder: &Path, peers: &Arc<Peers>) -> Vec<Case> {
    let door = || door(folder, peers);
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

/// The door whose vault speaks TLS, as AWS's does, beside one whose vault hangs up. It believes neither; it asks at its start
/// and once more for the request, so the difference is that of two handshakes.
fn handshakes(folder: &Path, peers: &Peers) -> anyhow::Result<[Case; 2]> {
    const HUNG_UP: &str = "ingress, its vault hangs up";
    let asking = |vault: String| {
        let mut door = door(folder, peers);
        door.environment.insert("AWS_ENDPOINT_URL_SECRETS_MANAGER".to_owned(), vault);
        door
    };
    Ok([
        case::without_keys(HUNG_UP, asking(format!("http://{}", tls::hang_up()?)), &[]),
        case::without_keys(
            "ingress, two TLS handshakes",
            asking(format!("https://{}", tls::listen()?)),
            &[Target::MoreCpuMs(2.0, HUNG_UP)],
        ),
    ])
}
