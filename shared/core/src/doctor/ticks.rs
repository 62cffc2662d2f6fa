//! The minute tick: whether the schedule that makes it is on, and when each region was last seen to do one.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Check, Verdict, around::unseen};
use crate::{
    desk::Desk,
    failure::Fault,
    port::{Page, ScheduleCare, World},
    store::{Created, Kept, Record, Store},
    view::Span,
};

/// A tick is noted as often as this, and not each time: a note costs a write.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// So long after the last note, ticks were missed: a note, a tick, and a try or two.
const LATE: SignedDuration = SignedDuration::from_mins(8);
/// Later than that nobody has watched, and nothing was done by itself.
const GONE: SignedDuration = SignedDuration::from_mins(15);
/// As many regions as there can be, and more.
const REGIONS: Page = Page { after: None, newest_first: false, limit: 20 };

/// When a region was last seen to tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    region: String,
    at: Timestamp,
}

impl Record for Ticked {
    const PARTITION: &'static str = "ticked";

    fn id(&self) -> String {
        self.region.clone()
    }
}

/// Notes that this region ticks, every few minutes. `known` is what was noted last by this process.
///
/// # Errors
/// When the table does not take it.
pub async fn note_tick(world: &World, known: &mut Option<Kept<Ticked>>) -> Result<(), Fault> {
    let ticked = Ticked { region: world.installation.region().to_owned(), at: world.clock.now() };
    if known.as_ref().is_some_and(|kept| ticked.at.duration_since(kept.value.at).abs() < NOTED_EVERY) {
        return Ok(());
    }
    let store = Store::of(world);
    let before = match known.take() {
        Some(kept) => Some(kept),
        None => match store.create(ticked.clone()).await? {
            Created::New(kept) => {
                *known = Some(kept);
                None
            }
            Created::Already(kept) => Some(kept),
        },
    };
    if let Some(before) = before {
        // Whoever else has noted it meanwhile did as well; the next tick reads theirs.
        *known = store.replace(&before, ticked).await?.ok();
    }
    Ok(())
}

pub(super) async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    let schedule = desk.world.installation.schedule().await;
    let schedule = schedule.map_or_else(|error| unseen("Schedule", "scheduler:GetSchedule", &error), |care| on(&care));
    let seen: Result<Vec<Kept<Ticked>>, Fault> = Store::of(desk.world).list(&REGIONS).await;
    let mut checks = vec![schedule];
    match seen {
        Err(fault) => checks.push(Check::ill("Ticks", Verdict::Unknown, fault.chain(), "Try again.")),
        Ok(seen) if seen.is_empty() => checks.push(never()),
        Ok(seen) => checks.extend(seen.iter().map(|kept| last(&kept.value, desk.world.clock.now()))),
    }
    checks
}

/// Whether the schedule is on.
fn on(care: &ScheduleCare) -> Check {
    let what = "Schedule";
    let nothing = "no tick comes: no backup is taken, no page climbs, no lost run goes on";
    match care.enabled {
        Some(true) => Check::well(what, format!("{} is enabled", care.name)),
        Some(false) => Check::ill(
            what,
            Verdict::Broken,
            format!("{} is disabled: {nothing}", care.name),
            format!(
                "Enable it, in the console under EventBridge Scheduler or by deploying the template again; whoever disabled {} may know why.",
                care.name
            ),
        ),
        None => {
            Check::ill(what, Verdict::Broken, format!("there is no {}: {nothing}", care.name), "Deploy the template again: it makes it.")
        }
    }
}

fn never() -> Check {
    Check::ill(
        "Ticks",
        Verdict::Broken,
        "no region was ever seen to tick",
        "After a first deployment wait five minutes. Then look into the scheduler function's log, and at the schedule.",
    )
}

/// How long ago a region was last seen to tick.
fn last(ticked: &Ticked, now: Timestamp) -> Check {
    let what = format!("Ticks in {}", ticked.region);
    let ago = now.duration_since(ticked.at);
    let found = format!("the last one noted was {} ago", Span(ago));
    let fix = "Look there at the schedule and into the scheduler function's log. A region that was given up for good is noted until somebody deletes its record \
               `ticked` from the table.";
    match ago {
        ago if ago > GONE => Check::ill(what, Verdict::Broken, found, fix),
        ago if ago > LATE => Check::ill(what, Verdict::Weak, found, fix),
        _ => Check::well(what, found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_is_off_or_missing_is_found() {
        let verdict = |enabled| on(&ScheduleCare { name: "mayday-sweep".to_owned(), enabled }).verdict;
        assert_eq!([Some(true), Some(false), None].map(verdict), [Verdict::Well, Verdict::Broken, Verdict::Broken]);
    }

    #[test]
    fn a_region_that_does_not_tick_is_found_before_a_quarter_of_an_hour_is_over() {
        let ticked = Ticked { region: "eu-west-1".to_owned(), at: Timestamp::UNIX_EPOCH };
        let after = |minutes| last(&ticked, Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes));
        assert_eq!([0, 6, 8].map(|minutes| after(minutes).verdict), [Verdict::Well; 3], "a note is made every five minutes");
        assert_eq!([9, 15].map(|minutes| after(minutes).verdict), [Verdict::Weak; 2]);
        let gone = after(16);
        assert!(gone.verdict == Verdict::Broken && gone.what == "Ticks in eu-west-1" && gone.found.contains("16 min ago"), "{gone:?}");
    }
}
