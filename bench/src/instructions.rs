//! How many instructions a whole cold start takes, from the first one of the dynamic linker to the first answer: callgrind counts
//! them, whatever else the machine does. It counts what the program does and not what the kernel does for it.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{case::Case, emulator::Process, table::median};

/// Each case is counted so often; the count in the middle is taken. Hash tables are seeded anew in each process.
const COUNTS: usize = 3;
/// A count may be so many hundredths above its reference.
const TOLERANCE: f64 = 0.05;

/// Counts that were good.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reference {
    /// Where they were counted: another compiler or C library counts other numbers.
    machine: String,
    /// Instructions by case.
    counts: BTreeMap<String, u64>,
}

/// Counts all cases and compares them with the reference, or makes them the reference. Whether none has grown.
#[expect(clippy::print_stdout, reason = "this is what it is for")]
pub(crate) async fn run(cases: &[Case], scratch: &Path, file: &Path, keep: bool) -> anyhow::Result<bool> {
    let mut found = Reference { machine: machine(), counts: BTreeMap::new() };
    // What comes from the disk takes the same instructions.
    for case in cases.iter().filter(|case| !case.from_disk) {
        found.counts.insert(case.name.to_owned(), count(case, scratch).await.context(case.name)?);
    }
    let mut known = read(file)?;
    println!("| case | instructions | reference | change |\n|---|---|---|---|");
    let mut good = true;
    for (name, count) in &found.counts {
        let judged = judge(*count, known.counts.get(name).copied());
        good &= judged.is_ok();
        let (reference, change) = judged.unwrap_or_else(|worse| worse);
        println!("| {name} | {count} | {reference} | {change} |");
    }
    if keep {
        known.machine = found.machine;
        known.counts.extend(found.counts);
        std::fs::write(file, serde_json::to_string_pretty(&known)? + "\n")?;
        return Ok(true);
    }
    if found.machine != known.machine {
        println!("The reference was counted with {}, this with {}.", known.machine, found.machine);
    }
    Ok(good)
}

/// What the table says of a count; an error when it is too many.
fn judge(count: u64, reference: Option<u64>) -> Result<(String, String), (String, String)> {
    let Some(reference) = reference else { return Ok(("–".to_owned(), "not kept yet".to_owned())) };
    #[expect(clippy::cast_precision_loss, reason = "counts are far below what a double holds")]
    let change = count as f64 / reference as f64 - 1.0;
    let words = (reference.to_string(), format!("{:+.1} %", change * 100.0));
    if change > TOLERANCE { Err((words.0, format!("{} TOO MANY", words.1))) } else { Ok(words) }
}

async fn count(case: &Case, scratch: &Path) -> anyhow::Result<u64> {
    let mut counts = Vec::new();
    for number in 0..COUNTS {
        let out = scratch.join(format!("callgrind.{number}"));
        let under = ["valgrind".into(), "--tool=callgrind".into(), format!("--callgrind-out-file={}", out.display()).into()];
        let mut process = Process::start(&case.function, scratch, &under).await?;
        process.give(1, (case.event)()?).await?;
        let (_, _, outcome) = process.answered().await?;
        // It asks for more work before it is ended: the same instructions for everybody.
        process.polled().await?;
        process.end_in_order().await?;
        case.judge(&outcome)?;
        counts.push(total(&std::fs::read_to_string(&out)?)?);
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "far below what a double holds"
    )]
    let middle = median(counts.into_iter().map(|count| count as f64).collect()) as u64;
    Ok(middle)
}

/// The sum in callgrind's file.
fn total(text: &str) -> anyhow::Result<u64> {
    let sum = text.lines().find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")));
    Ok(sum.context("callgrind wrote no sum")?.trim().parse()?)
}

fn read(file: &Path) -> anyhow::Result<Reference> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{} is no reference", file.display())),
        Err(_) => Ok(Reference::default()),
    }
}

/// The compiler and the C library, which both have a part in the counts.
fn machine() -> String {
    let said = |program: &str, argument: &str| {
        let output = std::process::Command::new(program).arg(argument).output().ok();
        output.and_then(|output| Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())).unwrap_or_default()
    };
    format!("{}, {}", said("rustc", "--version"), said("ldd", "--version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_in_a_hundred_more_are_too_many_and_fewer_never_are() {
        assert!(judge(1_060, Some(1_000)).is_err());
        assert!(judge(1_040, Some(1_000)).is_ok());
        assert!(judge(500, Some(1_000)).is_ok());
        assert!(judge(500, None).is_ok());
    }

    #[test]
    fn the_sum_is_read_from_callgrinds_own_line() {
        assert_eq!(total("events: Ir\nsummary: 794511\nfn=(1) main\n").unwrap(), 794_511);
        assert!(total("events: Ir\n").is_err());
    }
}
