//! Cold starts, one case after the other in each round, so that all of a round meet the same machine; and warm invocations.

use std::{path::Path, time::Duration};

use anyhow::Context as _;

use crate::{
    case::Case,
    emulator::Process,
    process::{Reading, drop_from_memory},
};

/// One cold start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// Until the process first asked for work: its INIT.
    pub(crate) to_poll: Reading,
    /// Until its first answer.
    pub(crate) to_answer: Reading,
}

/// Starts each case once a round. Gives the starts by case, then by round; one round before them does not count.
pub(crate) async fn rounds(cases: &[Case], rounds: usize, logs: &Path) -> anyhow::Result<Vec<Vec<Start>>> {
    let mut starts: Vec<Vec<Start>> = cases.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..=rounds {
        let mut order: Vec<(&Case, &mut Vec<Start>)> = cases.iter().zip(&mut starts).collect();
        // Nobody always comes after the same other.
        order.rotate_left(round % cases.len().max(1));
        for (case, starts) in order {
            let start = start(case, logs).await.with_context(|| format!("{}, round {round}", case.name))?;
            if round > 0 {
                starts.push(start);
            }
        }
    }
    Ok(starts)
}

/// One cold start of a case, to its first answer.
async fn start(case: &Case, logs: &Path) -> anyhow::Result<Start> {
    if case.from_disk {
        drop_from_memory(&case.function.binary)?;
    }
    let event = (case.event)()?;
    let mut process = Process::start(&case.function, logs, &[]).await?;
    process.give(1, event).await?;
    let to_poll = process.polled().await?;
    let (_, to_answer, outcome) = process.answered().await?;
    process.end().await?;
    case.judge(&outcome)?;
    Ok(Start { to_poll, to_answer })
}

/// How long a warm process takes from an event to its answer, so often as the case says.
pub(crate) async fn warm(case: &Case, logs: &Path) -> anyhow::Result<Vec<Duration>> {
    let mut process = Process::start(&case.function, logs, &[]).await?;
    let mut times = Vec::with_capacity(case.warm);
    for number in 0..=u64::try_from(case.warm)? {
        process.give(number, (case.event)()?).await?;
        let (given, answered, outcome) = process.answered().await?;
        case.judge(&outcome)?;
        if number > 0 {
            times.push(answered.wall.saturating_sub(given.wall));
        }
    }
    process.end().await?;
    Ok(times)
}
