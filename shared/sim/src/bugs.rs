//! Plants each bug of the list, and prints which invariant caught it, and after how many schedules.
//!
//! The words of the table are those of `docs/planted-bugs.md`; what failed is printed whole, with the fewest faults that lead there, where
//! bugs are named.

use std::process::ExitCode;

use clap::Parser;
use mayday_sim::{
    minimize::written,
    planted::{LIST, Planted},
};

/// Plants each bug of the list, and prints which invariant caught it, and after how many schedules.
#[derive(Parser)]
struct Options {
    /// How many schedules a bug may take to show itself.
    #[arg(long, default_value_t = 2_000)]
    most: u64,
    /// Print the seeds and faults that did it, as tests/seeds.txt keeps them.
    #[arg(long)]
    seeds: bool,
    /// Only these, and what failed is printed whole.
    #[arg(value_parser = listed)]
    names: Vec<String>,
}

fn listed(name: &str) -> Result<String, String> {
    let known = LIST.iter().map(Planted::name).find(|known| known == name);
    known.ok_or_else(|| "it is not in the list (docs/planted-bugs.md)".to_owned())
}

fn main() -> ExitCode {
    let Options { most, seeds, names } = Options::parse();
    let chosen = |planted: &&Planted| names.is_empty() || names.contains(&planted.name());
    if seeds {
        LIST.iter().filter(chosen).for_each(|planted| seed(planted, most));
        return ExitCode::SUCCESS;
    }
    println!("| bug | what it does | bitten by it | where it shows | caught by | schedules | faults |\n|---|---|---|---|---|---|---|");
    let missed = LIST.iter().filter(chosen).filter(|planted| !row(planted, most, !names.is_empty())).count();
    println!("\n{} bugs, {missed} of them not caught as expected.", LIST.iter().filter(chosen).count());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the seed and the faults by which a bug was caught.
fn seed(planted: &Planted, most: u64) {
    if let Some(caught) = planted.catch(most) {
        println!("{} {} {}", planted.name(), caught.failing.seed, written(&planted.minimized(&caught.failing).faults));
    }
}

/// Prints a bug's line, and what failed; says whether it was caught by whom it should be.
fn row(planted: &Planted, most: u64, whole: bool) -> bool {
    let name = planted.name();
    let begin = format!("| {name} | {} | {} | {} |", planted.what, planted.wild, planted.scenario.name);
    let Some(caught) = planted.catch(most) else {
        println!("{begin} **not caught** | {most} | |");
        return false;
    };
    let smallest = planted.minimized(&caught.failing);
    let invariant = caught.failing.violation.invariant;
    let expected = planted.by.contains(&invariant);
    let mark = if expected { "" } else { " (**not expected**)" };
    println!("{begin} {invariant}{mark} | {} | {} of {} |", caught.schedules, smallest.faults.len(), caught.failing.faults.len());
    if whole {
        println!("\n{smallest:?}");
    }
    expected
}
