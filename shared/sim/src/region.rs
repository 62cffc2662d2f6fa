//! The bot in two regions: whose functions run where, which region is lost, and whose clock is off by how much.
//!
//! What is in a region shares its fate: the functions that run there, the executions of its state machine, its tick, its databases and
//! their secrets. A region that is lost takes all of that with it; when it comes back, its executions go on where they stood, as
//! Step Functions' do. The table is one, with conditional writes, wherever it is asked from.

use std::{future::poll_fn, sync::Arc, task::Poll};

use crate::{
    doors,
    executor::{Inner, Shared, Sim, TaskId},
    fault::{MINUTE, Millis},
    function::invoke,
    gate::Gate,
    outage::{Dependency, Outage, Symptom, Troubles},
    setting::{AWAY, REGION},
};

/// A region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Region {
    /// Where the databases are.
    #[default]
    Home,
    /// Where the other site is.
    Away,
}

impl Region {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Home, Self::Away];

    /// As plans and AWS call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Home => REGION,
            Self::Away => AWAY,
        }
    }

    /// The region of a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.name() == name)
    }
}

/// Where the bot lives, and what of the world around it is down.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    /// Whether it lives in both regions.
    both: bool,
    /// How far an instance's clock can be off.
    skew: Millis,
    outages: Vec<Outage>,
}

impl Spread {
    /// What is down for a call that is made here and now.
    pub(crate) fn outage(&self, call: &crate::trace::Call, at: Region, now: Millis) -> Option<&Outage> {
        self.outages.iter().find(|outage| outage.hits(call, at, now))
    }

    /// Until when a region is lost, if it is.
    fn lost(&self, region: Region, now: Millis) -> Option<Millis> {
        let of_region = self.outages.iter().filter(|outage| outage.of == Dependency::Region(region) && outage.lasts(now));
        of_region.map(|outage| outage.until).max()
    }
}

impl Inner {
    /// How far the clock of an instance that starts now is off.
    pub(crate) fn skewed(&mut self) -> Millis {
        // Without skew no dice are rolled: what has a seed keeps its course.
        if self.spread.skew == 0 { 0 } else { self.dice.between(-self.spread.skew, self.spread.skew) }
    }

    /// The region where the next request of a person arrives: behind one name, whose health checks leave a lost region out.
    pub(crate) fn entrance(&mut self) -> Region {
        let now = self.now;
        if !self.spread.both {
            return Region::Home;
        }
        let here: Vec<Region> = Region::ALL.into_iter().filter(|region| self.spread.lost(*region, now).is_none()).collect();
        self.dice.pick(&here).copied().unwrap_or_default()
    }
}

/// Waits until the region of a task is there.
pub(crate) async fn up(gate: &Gate) {
    poll_fn(|_| {
        let mut inner = gate.shared.lock();
        let now = inner.now;
        match inner.spread.lost(gate.at, now) {
            None => Poll::Ready(()),
            Some(until) => {
                inner.wake(gate.task, until);
                Poll::Pending
            }
        }
    })
    .await;
}

/// Has the scheduler of a region tick every so often, whether or not the tick before has ended. Ticks of a lost region are not made up for.
fn tick_in(shared: &Arc<Shared>, at: Region, every: Millis) {
    let mut inner = shared.lock();
    let first = inner.now + inner.dice.between(0, every);
    let hand = shared.clone();
    inner.add(first, |task| {
        Box::pin(async move {
            let clock = Gate::of(&hand, task).located(at);
            loop {
                up(&clock).await;
                one_tick(&hand, at);
                clock.pause(every).await;
            }
        })
    });
}

fn one_tick(shared: &Arc<Shared>, at: Region) {
    let mut inner = shared.lock();
    let (now, hand) = (inner.now, shared.clone());
    inner.add(now, |task| {
        Box::pin(async move {
            let _ = invoke(&Gate::of(&hand, task).located(at), doors::scheduler).await;
        })
    });
}

pub(crate) fn spread(shared: &Arc<Shared>, every: Millis, skew: Millis) {
    {
        let mut inner = shared.lock();
        (inner.spread.both, inner.spread.skew) = (true, skew);
    }
    for region in Region::ALL {
        tick_in(shared, region, every);
    }
}

/// Adds an outage; where a region is lost, has everything that runs there end at its beginning.
pub(crate) fn suffer(shared: &Arc<Shared>, outage: Outage) {
    let mut inner = shared.lock();
    inner.spread.outages.push(outage);
    if let Dependency::Region(region) = outage.of {
        let hand = shared.clone();
        let from = outage.from.max(inner.now);
        inner.add(from, |task| {
            Box::pin(async move {
                let mut inner = hand.lock();
                inner.say(task, format!("{} is lost", region.name()));
                inner.lose(region);
                let until = inner.state.lost.entry(region.name().to_owned()).or_default();
                *until = outage.until.max(*until);
            })
        });
    }
}

/// Has the bot live in two regions, and things be down until a time.
pub(crate) fn troubled(shared: &Arc<Shared>, troubles: Troubles, every: Millis, until: Millis) {
    spread(shared, every, troubles.skew);
    let outages = {
        let mut inner = shared.lock();
        let (now, end) = (inner.now, inner.began + until);
        troubles.pick(&mut inner.dice, now, end)
    };
    for outage in outages {
        shared.lock().say(TaskId(0), format!("{outage:?}"));
        suffer(shared, outage);
    }
}

impl Sim {
    /// Has the bot live in both regions from now on, each with a tick a minute. Each instance's clock is off by at most `skew`.
    pub fn spreads(&mut self, skew: Millis) {
        spread(&self.shared, MINUTE, skew);
    }

    /// How many executions were ever started in a region.
    #[must_use]
    pub fn executions_in(&self, region: Region) -> usize {
        self.shared.lock().executions.values().filter(|execution| execution.at == region).count()
    }

    /// Whether a region is there.
    #[must_use]
    pub fn is_up(&self, region: Region) -> bool {
        let inner = self.shared.lock();
        inner.spread.lost(region, inner.now).is_none()
    }

    /// Something does not answer from now on, for so long.
    pub fn suffers(&mut self, of: Dependency, symptom: Symptom, span: Millis) {
        let from = self.shared.lock().now;
        suffer(&self.shared, Outage { of, symptom, from, until: from + span, seen_from: None });
    }

    /// The same, seen from one region only: a partition.
    pub fn is_cut_off(&mut self, at: Region, from: Dependency, span: Millis) {
        let now = self.shared.lock().now;
        suffer(&self.shared, Outage { of: from, symptom: Symptom::TimesOut, from: now, until: now + span, seen_from: Some(at) });
    }
}
