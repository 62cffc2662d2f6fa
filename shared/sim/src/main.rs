//! `sim --schedules N --seed S --jobs J`: runs random schedules and says how many were run a second, which seeds found something, and with
//! `--coverage` what was met.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use mayday_sim::{Course, Rates, Schedule, Troubles};

struct Options {
    schedules: u64,
    seed: u64,
    rates: Rates,
    troubles: Option<Troubles>,
    keep_going: bool,
    coverage: bool,
    jobs: u64,
}

fn options() -> Result<Options, String> {
    let mut options =
        Options { schedules: 20_000, seed: 0, rates: Rates::ROUGH, troubles: None, keep_going: false, coverage: false, jobs: 1 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--keep-going" => options.keep_going = true,
            "--coverage" => options.coverage = true,
            _ => valued(&word, words.next(), &mut options)?,
        }
    }
    Ok(options)
}

fn valued(word: &str, value: Option<String>, options: &mut Options) -> Result<(), String> {
    let value = value.ok_or_else(|| format!("{word} wants a value"))?;
    let number = || value.parse::<u64>().map_err(|error| format!("{word} {value}: {error}"));
    match word {
        "--schedules" => options.schedules = number()?,
        "--jobs" => options.jobs = number()?,
        "--seed" => options.seed = number()?,
        "--rates" => {
            options.rates = match value.as_str() {
                "calm" => Rates::CALM,
                "rough" => Rates::ROUGH,
                "even" => Rates::EVEN,
                "storm" => Rates::STORM,
                _ => return Err(format!("--rates is calm, rough, even or storm, not {value}")),
            }
        }
        "--troubles" => {
            options.troubles = match value.as_str() {
                "none" => None,
                "outages" => Some(Troubles::OUTAGES),
                "skewed" => Some(Troubles::SKEWED),
                _ => return Err(format!("--troubles is none, outages or skewed, not {value}")),
            }
        }
        _ => {
            let known =
                "--schedules N --seed S --jobs J --rates calm|rough|even|storm --troubles none|outages|skewed --keep-going --coverage";
            return Err(format!("{word} is not known: {known}"));
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match options() {
        Ok(options) => run(&options),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
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
    let schedule = Schedule { rates: options.rates, troubles: options.troubles, ..Schedule::default() };
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

fn run(options: &Options) -> ExitCode {
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
