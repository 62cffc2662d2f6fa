//! What schedules have met: each way to fail at each operation, each end and each turn. What was never met was never tested.

use std::{collections::BTreeMap, fmt};

use mayday_core::{approval::Approval, run::Run};

use crate::{
    executor::Inner,
    fault::{Fate, Kind, Rates},
    trace::{Call, Port},
};

/// A method of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// The port.
    pub port: Port,
    /// The method.
    pub method: &'static str,
    /// Whether it changes anything.
    pub changes: bool,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}.{}", self.port, self.method)
    }
}

/// What schedules have met, counted.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By operation: how often it was called while things could go wrong, and what became of that, in the order of [`Kind::ALL`].
    pub operations: BTreeMap<Operation, (u64, [u64; Kind::ALL.len()])>,
    /// How approvals and runs have ended, and what happened in runs: `approval denied`, `run Succeeded`, `Retried`.
    pub turns: BTreeMap<String, u64>,
}

/// A pair is missed by chance once in 160,000 times when so many are expected.
const EXPECTED: u64 = 12;

impl Coverage {
    /// Counts a call.
    pub(crate) fn met(&mut self, call: &Call, fate: Fate) {
        let operation = Operation { port: call.port, method: call.method, changes: call.changes };
        let (calls, kinds) = self.operations.entry(operation).or_default();
        *calls += 1;
        for (count, kind) in kinds.iter_mut().zip(Kind::ALL) {
            *count += u64::from(fate.kind() == Some(kind));
        }
    }

    /// Counts what is there when all is over.
    pub(crate) fn ended(&mut self, inner: &Inner) {
        let mut turn = |text: &dyn fmt::Debug, of: &str| {
            // The name of the variant.
            let name: String = format!("{text:?}").chars().take_while(|character| character.is_alphanumeric()).collect();
            *self.turns.entry(format!("{of}{name}")).or_default() += 1;
        };
        for approval in inner.state.records::<Approval>() {
            turn(&approval.state, "approval ");
        }
        for run in inner.state.records::<Run>() {
            turn(&run.state, "run ");
            run.log.iter().for_each(|told| turn(&told.what, ""));
        }
    }

    /// Adds what others have met.
    pub fn add(&mut self, other: &Self) {
        for (operation, (calls, kinds)) in &other.operations {
            let mine = self.operations.entry(*operation).or_default();
            mine.0 += calls;
            mine.1.iter_mut().zip(kinds).for_each(|(mine, theirs)| *mine += theirs);
        }
        for (turn, count) in &other.turns {
            *self.turns.entry(turn.clone()).or_default() += count;
        }
    }

    /// Ways to fail that an operation never met, though it was called so often that it should have, at these rates.
    #[must_use]
    pub fn missed(&self, rates: &Rates) -> Vec<String> {
        let mut missed = Vec::new();
        for (operation, (calls, kinds)) in &self.operations {
            for (count, kind) in kinds.iter().zip(Kind::ALL) {
                let expected = calls * u64::from(rates.share(kind, operation.port, operation.changes)) / 10_000;
                if *count == 0 && expected >= EXPECTED {
                    missed.push(format!("{operation} never met {kind:?}, in {calls} calls"));
                }
            }
        }
        missed
    }

    /// Operations that were called so often that every way to fail that they can meet is asked for by [`Self::missed`].
    #[must_use]
    pub fn judged(&self, rates: &Rates) -> Vec<String> {
        let enough = |(operation, (calls, _)): &(&Operation, &(u64, _))| {
            let shares = Kind::ALL.map(|kind| u64::from(rates.share(kind, operation.port, operation.changes)));
            shares.iter().filter(|share| **share > 0).all(|share| calls * share / 10_000 >= EXPECTED)
        };
        self.operations.iter().filter(enough).map(|(operation, _)| operation.to_string()).collect()
    }
}

impl fmt::Debug for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} operations, {} turns", self.operations.len(), self.turns.len())
    }
}

/// A line for each operation, and one for each turn.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<28}{:>9}", "operation", "calls")?;
        Kind::ALL.iter().try_for_each(|kind| write!(f, "{:>13}", format!("{kind:?}")))?;
        for (operation, (calls, kinds)) in &self.operations {
            write!(f, "\n{:<28}{calls:>9}", operation.to_string())?;
            kinds.iter().try_for_each(|count| write!(f, "{count:>13}"))?;
        }
        self.turns.iter().try_for_each(|(turn, count)| write!(f, "\n{turn:<28}{count:>9}"))
    }
}
