//! Planted bugs: what the simulator would see if the code were careless. Each has a scenario in which it shows, and the invariant
//! that must say so.
//!
//! Most are switches in the domain ([`Bug`]), which exist only under the feature `planted`; the others are adapters that stand
//! between the domain and the world.

mod adapter;
mod list;
mod pretence;
mod scenario;
mod tale;

use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

pub use adapter::Slip;
pub use list::LIST;
use mayday_core::planted::{Bug, plant};
pub use scenario::Scenario;

use crate::{Fate, Faults, schedule::Failing};

/// Where a bug sits.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// In the domain.
    Core(Bug),
    /// In an adapter.
    Adapter(Slip),
}

/// A bug, where it shows, and who must notice.
#[derive(Debug)]
pub struct Planted {
    /// What it does, in words.
    pub what: &'static str,
    /// Where somebody was bitten by it, or `""`.
    pub wild: &'static str,
    /// Where it sits.
    pub place: Place,
    /// What happens in the world in which it shows.
    pub scenario: Scenario,
    /// The invariants that catch it: one of them, whichever comes first by the seed.
    pub by: &'static [&'static str],
}

/// A bug that was caught.
#[derive(Debug, Clone)]
pub struct Caught {
    /// How many schedules that took.
    pub schedules: u64,
    /// The one that did.
    pub failing: Failing,
}

impl Planted {
    /// Its name, unique in [`LIST`].
    #[must_use]
    pub fn name(&self) -> String {
        match self.place {
            Place::Core(bug) => format!("{bug:?}"),
            Place::Adapter(slip) => format!("{slip:?}"),
        }
    }

    /// Runs a seed with this bug; under these faults instead of the scenario's own where there are some.
    ///
    /// # Errors
    /// What does not hold.
    pub fn run(&self, seed: u64, faults: Option<Faults>) -> Result<(), Box<Failing>> {
        let wrap = match self.place {
            Place::Core(bug) => {
                plant(Some(bug));
                None
            }
            Place::Adapter(slip) => Some(slip.wrap()),
        };
        // A bug must not outlive its schedule, whatever comes of that.
        let ran = catch_unwind(AssertUnwindSafe(|| self.scenario.run(seed, faults, wrap)));
        plant(None);
        ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Runs schedules, at most so many, until one fails.
    #[must_use]
    pub fn catch(&self, most: u64) -> Option<Caught> {
        let found = (0..most).find_map(|seed| self.run(seed, None).err());
        found.map(|failing| Caught { schedules: failing.seed + 1, failing: *failing })
    }

    /// The fewest of a failing schedule's faults that still lead to the same violation.
    #[must_use]
    pub fn minimized(&self, failing: &Failing) -> Failing {
        crate::minimize::minimized(failing, |faults| self.run(failing.seed, Some(faults)).err())
    }
}

impl fmt::Display for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.what)
    }
}

/// Faults as a script.
#[must_use]
pub fn script(faults: &[(u64, Fate)]) -> Faults {
    Faults::Script(BTreeMap::from_iter(faults.iter().copied()))
}
