//! Runs random schedules and says how many were run a second, which seeds found something, and with `--coverage` what was met.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use clap::{Parser, ValueEnum};
use mayday_sim::{Course, Rates, Schedule, Troubles};

/// Runs random fault schedules through the simulated world, and stops at the first that breaks an invariant.
#[derive(Parser)]
struct Options {
    /// How many schedules are run.
    #[arg(long, default_value_t = 20_000)]
    schedules: u64,
    /// The seed of the first one; each next one has the next seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many threads share them.
    #[arg(long, default_value_t = 1)]
    jobs: u64,
    /// How often calls go wrong.
    #[arg(long, value_enum, default_value_t = Weather::Rough)]
    rates: Weather,
    /// What else goes wrong: outages of dependencies and regions, and clocks that differ.
    #[arg(long, value_enum, default_value_t = Trouble::None)]
    troubles: Trouble,
    /// Go on after a schedule that broke an invariant.
    #[arg(long)]
    keep_going: bool,
    /// Print which fault was met at which operation, which ends and which turns.
    #[arg(long)]
    coverage: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Weather {
    Calm,
    Rough,
    Even,
    Storm,
}

impl Weather {
    fn rates(self) -> Rates {
        match self {
            Self::Calm => Rates::CALM,
            Self::Rough => Rates::ROUGH,
            Self::Even => Rates::EVEN,
            Self::Storm => Rates::STORM,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Trouble {
    None,
    Outages,
    Skewed,
}

impl Trouble {
    fn troubles(self) -> Option<Troubles> {
        match self {
            Self::None => None,
            Self::Outages => Some(Troubles::OUTAGES),
            Self::Skewed => Some(Troubles::SKEWED),
        }
    }
}

/// What a batch of schedules came to.
#[derive(Default)]
struct Found {
    sum: Course,
    violations: BTreeMap<&'static str, Vec<u64>>,
    /// The first of each kind, with its trace.
    shown: Vec<String>,
}

/// Runs every `jobs`-th seed from `first` on.
fn batch(options: &Options, first: u64, jobs: u64, stop: &AtomicBool) -> Found {
    let schedule = Schedule { rates: options.rates.rates(), troubles: options.troubles.troubles(), ..Schedule::default() };
    let mut found = Found::default();
    let mut seed = options.seed.saturating_add(first);
    while seed < options.seed.saturating_add(options.schedules) && !stop.load(Ordering::Relaxed) {
        match schedule.run(seed) {
            Ok(course) => found.sum.add(&course),
            Err(failing) => {
                let seeds = found.violations.entry(failing.violation.invariant).or_default();
                if seeds.is_empty() {
                    found.shown.push(format!("{failing:?}"));
                }
                seeds.push(seed);
                stop.store(!options.keep_going, Ordering::Relaxed);
            }
        }
        seed = seed.saturating_add(jobs);
    }
    found
}

fn main() -> ExitCode {
    let options = &Options::parse();
    #[expect(clippy::disallowed_methods, reason = "measures the simulator itself; the simulation has a clock of its own")]
    let began = Instant::now();
    let stop = AtomicBool::new(false);
    // Each simulation is single-threaded; different seeds know nothing of each other.
    let batches: Vec<Found> = std::thread::scope(|scope| {
        let jobs = options.jobs.max(1);
        let threads: Vec<_> = (0..jobs)
            .map(|first| {
                scope.spawn({
                    let stop = &stop;
                    move || batch(options, first, jobs, stop)
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let each_second = options.schedules as f64 / began.elapsed().as_secs_f64();
    let mut all = Found::default();
    for found in batches {
        all.sum.add(&found.sum);
        found.shown.iter().for_each(|shown| println!("{shown}"));
        for (invariant, seeds) in found.violations {
            all.violations.entry(invariant).or_default().extend(seeds);
        }
    }
    println!(
        "{} schedules from seed {}: {each_second:.0} a second on {} threads; {:?}",
        options.schedules, options.seed, options.jobs, all.sum
    );
    if options.coverage {
        println!("{}", all.sum.covered);
    }
    for (invariant, seeds) in &all.violations {
        let first: Vec<String> = seeds.iter().take(10).map(u64::to_string).collect();
        println!("{} seeds: “{invariant}” does not hold: {}", seeds.len(), first.join(", "));
    }
    if all.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
