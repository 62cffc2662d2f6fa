//! Which databases a tick sees to: all of them, or a share in its turn. A tick's time, memory and calls end at a share, however
//! large the fleet is. Pure.

use jiff::Timestamp;

/// How many databases one tick sees to. A week of snapshots of a thousand are seventy pages, of which AWS gives two or three a
/// second: half of the function's minute.
pub const SHARE: usize = 1_000;

/// A tick's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Which share, from 0.
    pub share: usize,
    /// Of how many.
    pub of: usize,
}

impl Turn {
    /// Everything at once.
    pub const ALL: Self = Self { share: 0, of: 1 };

    /// The turn of a minute in a plan of so many databases.
    #[must_use]
    pub fn at(now: Timestamp, databases: usize) -> Self {
        Self::of_shares(now, databases.div_ceil(SHARE).max(1))
    }

    fn of_shares(now: Timestamp, of: usize) -> Self {
        let minute = now.as_second().div_euclid(60);
        let shares = i64::try_from(of).unwrap_or(i64::MAX);
        Self { share: usize::try_from(minute.rem_euclid(shares)).unwrap_or(0), of }
    }

    /// Whether a database is seen to in this turn.
    #[must_use]
    pub fn has(&self, database: &str) -> bool {
        usize::try_from(place(database) % u64::try_from(self.of.max(1)).unwrap_or(1)).is_ok_and(|share| share == self.share)
    }
}

/// Which of so many comes first in this minute: mostly another one than in the last.
#[must_use]
pub(crate) fn first(now: Timestamp, of: usize) -> usize {
    let minute = now.as_second().div_euclid(60).to_string();
    usize::try_from(place(&minute) % u64::try_from(of.max(1)).unwrap_or(1)).unwrap_or(0)
}

/// A name's place in whatever is spread over a fleet: the same in every process, and even. FNV-1a with its bits mixed, since the
/// low ones of names that differ in a digit are alike.
#[must_use]
pub(crate) fn place(name: &str) -> u64 {
    let hashed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hashed ^ (hashed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_database_has_one_turn_in_as_many_minutes_as_there_are_shares() {
        let names: Vec<String> = (0..10_000).map(|number| format!("tenant-{number:05}")).collect();
        let minute = |minute: i64| Timestamp::from_second(1_795_000_000 + minute * 60).unwrap();
        let turns: Vec<Turn> = (0..10).map(|passed| Turn::at(minute(passed), names.len())).collect();
        for name in &names {
            assert_eq!(turns.iter().filter(|turn| turn.has(name)).count(), 1, "{name}");
        }
        for turn in &turns {
            let share = names.iter().filter(|name| turn.has(name)).count();
            assert!((900..=1_100).contains(&share), "{share}");
        }
        assert_eq!(Turn::at(minute(12), names.len()), turns[2]);
    }

    #[test]
    fn each_database_comes_first_some_time_however_many_there_are() {
        let minute = |minute: i64| Timestamp::from_second(1_795_000_000 + minute * 60).unwrap();
        for databases in [1, 2, 60, 97, 997] {
            let seen: std::collections::BTreeSet<usize> = (0..10_000).map(|passed| first(minute(passed), databases)).collect();
            assert_eq!((seen.len(), seen.last()), (databases, Some(&(databases - 1))));
        }
        assert_eq!(first(minute(0), 0), 0);
    }

    #[test]
    fn what_fits_into_one_tick_is_seen_in_every_one() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        assert_eq!(Turn::at(now, 0), Turn::ALL);
        assert_eq!(Turn::at(now, SHARE), Turn::ALL);
        assert_eq!(Turn::at(now, SHARE + 1).of, 2);
    }
}
