//! What happens in a world in which a planted bug shows: who asks for what, what is changed by hand, what goes wrong.

use std::sync::atomic::{AtomicU64, Ordering};

use super::tale;
use crate::{
    executor::{Sim, Wrap},
    fault::{Fate, Faults, HOUR, MINUTE, Rates, SECOND},
    schedule::Failing,
    trace::Port,
};

/// A world and what happens in it.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// In a few words.
    pub name: &'static str,
    /// What goes wrong.
    faults: fn() -> Faults,
    /// What people do.
    tell: fn(&mut Sim),
}

impl Scenario {
    /// Runs it to its end.
    ///
    /// # Errors
    /// What does not hold.
    pub fn run(&self, seed: u64, faults: Option<Faults>, wrap: Option<Wrap>) -> Result<(), Box<Failing>> {
        let mut sim = Sim::with(seed, faults.unwrap_or_else(self.faults), wrap);
        (self.tell)(&mut sim);
        sim.finish()
    }
}

const fn calm(name: &'static str, tell: fn(&mut Sim)) -> Scenario {
    Scenario { name, faults: || Faults::Never, tell }
}

fn by_chance(rates: Rates) -> Faults {
    Faults::Random { rates, until: 20 * MINUTE }
}

/// Restores that are asked for, decided on and looked after, while much goes wrong.
pub(super) const ROUGH: Scenario = Scenario { name: "rough schedules", faults: || by_chance(Rates::ROUGH), tell: tale::schedules };
/// The same, while nearly everything goes wrong.
pub(super) const STORM: Scenario = Scenario { name: "stormy schedules", faults: || by_chance(Rates::STORM), tell: tale::schedules };
/// A failover, while much goes wrong.
pub(super) const FAILOVER: Scenario = Scenario { name: "a failover", faults: || by_chance(Rates::ROUGH), tell: tale::failover };
/// A failover; somebody lets the old primary take writes again.
pub(super) const FAILOVER_THAWED: Scenario = calm("a failover whose old primary is thawed by hand", tale::failover_thawed);
/// A restore whose functions are frozen again and again.
pub(super) const FROZEN: Scenario = Scenario { name: "a restore by sleepers", faults: frozen, tell: tale::restore };
/// A restore whose reboot arrives minutes late.
pub(super) const LATE_REBOOT: Scenario = Scenario { name: "a reboot that arrives late", faults: late_reboot, tell: tale::restore };
/// A person who may ask and may approve does both.
pub(super) const ALONE: Scenario = calm("one person asks and approves", tale::alone);
/// Two must approve, and the first does so twice.
pub(super) const TWICE: Scenario = calm("two are needed, one approves twice", tale::twice);
/// A proposal's record is exchanged before it is approved.
pub(super) const TAMPERED: Scenario = calm("the proposal's record is exchanged", tale::tampered);
/// The plan is edited right after the approval.
pub(super) const EDITED: Scenario =
    calm("the plan is edited after the approval", |sim| tale::after_approval(sim, "at_least: 100000", "at_least: 1"));
/// Whoever approved loses the role right after.
pub(super) const DISMISSED: Scenario =
    calm("the approver loses the role", |sim| tale::after_approval(sim, "U0BEN, roles: [approver]", "U0BEN, roles: [responder]"));
/// Whoever has no say asks and approves.
pub(super) const STRANGERS: Scenario = calm("strangers ask and approve", tale::strangers);
/// The directory is down, and somebody who left approves.
pub(super) const UNKNOWN: Scenario = Scenario { name: "the directory is down", faults: directory_down, tell: tale::unknown };
/// Somebody approves when the time is over.
pub(super) const LATE_VOTE: Scenario = calm("an approval comes late", tale::late_vote);
/// What was decided is found hours later.
pub(super) const LATE_START: Scenario =
    Scenario { name: "a decision is found hours later", faults: || dies_at("run/", 3), tell: tale::late_start };
/// The first copy of a delivery is lost with its worker.
pub(super) const LOST_DELIVERY: Scenario =
    Scenario { name: "a worker dies", faults: || Faults::first(1, Port::Blobs, "get", Fate::CrashBefore), tell: tale::lost_delivery };
/// Somebody else has made what we are about to make.
pub(super) const FOREIGN: Scenario = calm("somebody made an instance of that name", tale::foreign);
/// An instance is retired.
pub(super) const RETIRED: Scenario = calm("the old instance is retired", |sim| tale::retired(sim, false));
/// An instance is retired that traffic goes to again.
pub(super) const RETIRED_IN_USE: Scenario = calm("an instance is retired that is in use again", |sim| tale::retired(sim, true));
/// Nightly backups, until they can't be taken any more.
pub(super) const NIGHTS_BUSY: Scenario = calm("backups that can't be taken any more", tale::nights_busy);
/// Nightly backups beside a snapshot of somebody's.
pub(super) const NIGHTS_OTHERS: Scenario = calm("three nights beside somebody's snapshot", |sim| tale::nights(sim, tale::others_snapshot));
/// A backup is restored from right when its time is over.
pub(super) const NIGHTS_MEANT: Scenario = calm("a backup is restored from as it goes", tale::nights_meant);
/// A run is stuck and nobody does anything.
pub(super) const STUCK: Scenario =
    Scenario { name: "a stuck run at night", faults: restore_refused, tell: |sim| tale::stuck(sim, "[pagerduty, sms]", "+1-555-0001") };
/// The same, and the first one's telephone is dead.
pub(super) const STUCK_DEAF: Scenario =
    Scenario { name: "a stuck run, a dead telephone", faults: restore_refused, tell: |sim| tale::stuck(sim, "[sms]", "+000-555-0001") };
/// A runbook with a gate that nobody passes.
pub(super) const GATED: Scenario = calm("a gate that nobody passes", tale::gated);
/// Somebody writes markup.
pub(super) const MARKUP: Scenario = calm("markup in a reason", tale::markup);
/// Somebody says stop.
pub(super) const STOPPED: Scenario = calm("somebody says stop", tale::stopped);
/// The moment is one at which the rows were gone.
pub(super) const BAD_MOMENT: Scenario = calm("a restore to a bad moment", tale::bad_moment);
/// Somebody moves the traffic while a run restores.
pub(super) const MOVED: Scenario = calm("the secret is moved by hand", tale::moved);

/// One decides, one takes back and one denies at the same moment.
pub(super) const RACE: Scenario = calm("three decide at once", tale::race);
/// Two runs on one database.
pub(super) const TWO_RUNS: Scenario = calm("two runs on one database", |sim| tale::two_runs(sim, false));
/// Two runs that begin at the same moment.
pub(super) const TWO_AT_ONCE: Scenario = calm("two runs on one database at once", |sim| tale::two_runs(sim, true));
/// Whoever drives a run dies, until nobody does.
pub(super) const ABANDONED: Scenario = Scenario { name: "a run loses its driver", faults: dies_on_the_way, tell: tale::restore };
/// A restore that nobody looks after.
pub(super) const UNATTENDED: Scenario = calm("a restore", tale::unattended);
/// The vendor has no time.
pub(super) const THROTTLED: Scenario = Scenario { name: "the vendor throttles", faults: throttled, tell: tale::unattended };

fn frozen() -> Faults {
    Faults::Random { rates: Rates { freeze: 800, ..Rates::CALM }, until: 2 * HOUR }
}

fn late_reboot() -> Faults {
    Faults::first(1, Port::Databases, "reboot", Fate::Late(297 * SECOND))
}

fn directory_down() -> Faults {
    Faults::rule(|call| if call.port == Port::Directory && call.about == "U0CLEO" { Fate::NotNow } else { Fate::Well })
}

fn restore_refused() -> Faults {
    Faults::rule(|call| if call.method == "restore" { Fate::Refused } else { Fate::Well })
}

fn dies_at(what: &'static str, times: u64) -> Faults {
    let seen = AtomicU64::new(0);
    Faults::rule(move |call| {
        let here = call.port == Port::Table && call.method == "put" && call.about.starts_with(what);
        if here && seen.fetch_add(1, Ordering::Relaxed) < times { Fate::CrashBefore } else { Fate::Well }
    })
}

fn dies_on_the_way() -> Faults {
    let seen = AtomicU64::new(0);
    Faults::rule(move |call| {
        let here = call.method == "put" && call.about.starts_with("run/") && call.about.ends_with(" v12");
        if here && seen.fetch_add(1, Ordering::Relaxed) < 30 { Fate::CrashBefore } else { Fate::Well }
    })
}

fn throttled() -> Faults {
    Faults::rule(|call| if call.method == "restore" { Fate::NotNow } else { Fate::Well })
}
