//! How many scheduled backups begin at a time: a night's ten thousand don't all call at two o'clock.

use jiff::SignedDuration;

use super::{Agenda, Turn, place};

/// How many begin in one tick. The vendor throttles an account's calls, and each of these is a run with several.
const BEGIN: usize = 60;
/// How many are under way at once, over all shares.
const UNDER_WAY: usize = 400;

/// What is left to begin in this tick, and to drive on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    begin: usize,
    /// Whether runs that nobody drives are driven on: not after one that could not be, since each that is silent takes seconds.
    pub(super) resumes: bool,
}

impl Pace {
    /// What a tick may begin that finds these agendas.
    #[must_use]
    pub fn of<'a>(agendas: impl Iterator<Item = &'a Agenda>, turn: Turn) -> Self {
        let under_way = agendas.filter(|agenda| agenda.slot.as_ref().is_some_and(|slot| slot.proposal.is_some())).count();
        Self { begin: (UNDER_WAY / turn.of.max(1)).saturating_sub(under_way).min(BEGIN), resumes: true }
    }

    /// Whether one more may begin; then it counts.
    pub(super) fn allows(&mut self) -> bool {
        let left = self.begin.checked_sub(1);
        self.begin = left.unwrap_or(0);
        left.is_some()
    }
}

/// How long after its time a database's backup begins where its schedule spreads them over a window: always the same for it, and
/// evenly over the fleet.
#[must_use]
pub(super) fn offset(database: &str, spread: SignedDuration) -> SignedDuration {
    let window = u64::try_from(spread.as_secs()).unwrap_or(0).max(1);
    SignedDuration::from_secs(i64::try_from(place(database) % window).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backup::{Slot, schedule::Due},
        ident::ProposalId,
        plan::BackupClass,
    };

    fn agenda(under_way: bool) -> Agenda {
        let due = Due { at: jiff::Timestamp::UNIX_EPOCH, class: BackupClass::Daily, serves: vec![BackupClass::Daily] };
        let slot = Slot {
            due,
            proposal: under_way.then(|| ProposalId("p-1".to_owned())),
            tries: 0,
            not_before: jiff::Timestamp::UNIX_EPOCH,
            waits_for: None,
            failed: None,
        };
        Agenda { slot: Some(slot), ..Agenda::default() }
    }

    #[test]
    fn so_many_begin_in_a_tick_and_so_many_are_under_way() {
        let turn = Turn { share: 0, of: 5 };
        let begun = |agendas: &[Agenda]| {
            let mut pace = Pace::of(agendas.iter(), turn);
            (0..10_000).filter(|_| pace.allows()).count()
        };
        assert_eq!(begun(&vec![agenda(false); 2_000]), BEGIN);
        let going = |count: usize| [vec![agenda(true); count], vec![agenda(false); 2_000]].concat();
        assert_eq!(begun(&going(70)), 10);
        assert_eq!(begun(&going(80)), 0);
        assert_eq!(begun(&going(2_000)), 0);
    }

    #[test]
    fn ten_thousand_backups_of_two_o_clock_are_spread_evenly_over_the_window() {
        let window = SignedDuration::from_hours(4);
        let mut minutes = [0_usize; 240];
        for number in 0..10_000 {
            let offset = offset(&format!("tenant-{number:05}"), window);
            minutes[usize::try_from(offset.as_mins()).unwrap()] += 1;
        }
        let (least, most) = (minutes.iter().min().unwrap(), minutes.iter().max().unwrap());
        assert!(*least > 15 && *most < 75, "{least} to {most} a minute, where 42 would be even");
        assert_eq!(offset("tenant-00001", window), offset("tenant-00001", window));
        assert_eq!(offset("tenant-00001", SignedDuration::ZERO), SignedDuration::ZERO);
    }
}
