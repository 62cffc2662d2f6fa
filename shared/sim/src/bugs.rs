//! `bugs [--most N] [--seeds] [NAME…]`: plants each bug of the list, and prints which invariant caught it, and after how many schedules;
//! with `--seeds` the seeds and faults that did, as `tests/seeds.txt` keeps them.
//!
//! The words of the table are those of `docs/planted-bugs.md`; what failed is printed whole, with the fewest faults that lead there, where
//! bugs are named.

use std::process::ExitCode;

use mayday_sim::{
    minimize::written,
    planted::{LIST, Planted},
};

/// How many schedules a bug may take to show itself.
const MOST: u64 = 2_000;

fn main() -> ExitCode {
    let (mut most, mut names, mut seeds) = (MOST, Vec::new(), false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--most" => match words.next().and_then(|number| number.parse().ok()) {
                Some(number) => most = number,
                None => return usage("--most wants a number"),
            },
            "--seeds" => seeds = true,
            name if LIST.iter().any(|planted| planted.name() == name) => names.push(word),
            other => return usage(&format!("{other} is not in the list")),
        }
    }
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

fn usage(why: &str) -> ExitCode {
    eprintln!("{why}: bugs [--most N] [--seeds] [NAME…]");
    ExitCode::from(2)
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
