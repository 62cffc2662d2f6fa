//! `sim --schedules N --seed S`: runs random schedules and says how many were run a second, and which seeds found something.

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use mayday_sim::{Course, Rates, Schedule};

struct Options {
    schedules: u64,
    seed: u64,
    rates: Rates,
    keep_going: bool,
}

fn options() -> Result<Options, String> {
    let mut options = Options { schedules: 20_000, seed: 0, rates: Rates::ROUGH, keep_going: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--keep-going" {
            options.keep_going = true;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
        let number = || value.parse::<u64>().map_err(|error| format!("{word} {value}: {error}"));
        match word.as_str() {
            "--schedules" => options.schedules = number()?,
            "--seed" => options.seed = number()?,
            "--rates" => {
                options.rates = match value.as_str() {
                    "calm" => Rates::CALM,
                    "rough" => Rates::ROUGH,
                    "storm" => Rates::STORM,
                    _ => return Err(format!("--rates is calm, rough or storm, not {value}")),
                }
            }
            _ => return Err(format!("{word} is not known: --schedules N --seed S --rates calm|rough|storm --keep-going")),
        }
    }
    Ok(options)
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

fn run(options: &Options) -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "measures the simulator itself; the simulation has a clock of its own")]
    let began = Instant::now();
    let schedule = Schedule { rates: options.rates, ..Schedule::default() };
    let mut sum = Course::default();
    let mut violations: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for seed in options.seed..options.seed.saturating_add(options.schedules) {
        match schedule.run(seed) {
            Ok(course) => sum.add(&course),
            Err(failing) => {
                let seeds = violations.entry(failing.violation.invariant).or_default();
                if seeds.is_empty() {
                    println!("{failing:?}");
                }
                seeds.push(seed);
                if !options.keep_going {
                    break;
                }
            }
        }
    }
    let each_second = options.schedules as f64 / began.elapsed().as_secs_f64();
    println!("{} schedules from seed {}: {each_second:.0} a second; {sum:?}", options.schedules, options.seed);
    for (invariant, seeds) in &violations {
        let first: Vec<String> = seeds.iter().take(10).map(u64::to_string).collect();
        println!("{} seeds: “{invariant}” does not hold: {}", seeds.len(), first.join(", "));
    }
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
