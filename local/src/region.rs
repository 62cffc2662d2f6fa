//! The regions of a stack: what runs in each, which of them are lost or cut off, and which of them people reach.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use http::StatusCode;
use tokio::sync::watch;

use crate::{
    lambda::{Lambda, LambdaService},
    scheduler::{Scheduler, SchedulerService},
    seed::Seed,
    service::{Call, Reply, Service, Shared},
    states::{States, StatesService},
};

/// Where the control planes of services are that have no regions: Route 53's, IAM's, that of Organizations.
pub const GLOBAL: &str = "us-east-1";

/// What has become of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// All that is in it is gone, and nothing there answers: connections to it are closed without a word.
    Lost,
    /// The same, but nobody is told: connections to it stay open and nothing comes.
    Silent,
    /// What is in it runs, and reaches nothing outside; nor is it reached.
    CutOff,
}

impl Trouble {
    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Silent => "silent",
            Self::CutOff => "cut off",
        }
    }
}

/// Which regions are in trouble.
#[derive(Debug, Default)]
pub struct Outages(watch::Sender<BTreeMap<String, Trouble>>);

impl Outages {
    /// A region is in trouble from now on.
    pub fn strike(&self, region: &str, trouble: Trouble) {
        self.0.send_modify(|all| {
            all.insert(region.to_owned(), trouble);
        });
    }

    /// A region is well again. Says whether it was not.
    pub fn mend(&self, region: &str) -> bool {
        let mut was = false;
        self.0.send_modify(|all| was = all.remove(region).is_some());
        was
    }

    /// The regions in trouble.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Trouble> {
        self.0.borrow().clone()
    }

    /// Whether nothing runs in a region.
    #[must_use]
    pub fn is_lost(&self, region: &str) -> bool {
        matches!(self.0.borrow().get(region), Some(Trouble::Lost | Trouble::Silent))
    }

    /// Whether a region is well.
    #[must_use]
    pub fn is_well(&self, region: &str) -> bool {
        !self.0.borrow().contains_key(region)
    }

    /// Waits until something runs in a region.
    pub async fn up(&self, region: &str) {
        let mut changes = self.0.subscribe();
        // An error: the stack is gone, and so is whoever waits.
        let _ = changes.wait_for(|all| !matches!(all.get(region), Some(Trouble::Lost | Trouble::Silent))).await;
    }

    /// Whether a call does not reach what it is for; how that shows.
    #[must_use]
    pub fn unreached(&self, call: &Call) -> Option<Trouble> {
        let all = self.0.borrow();
        let (from, to) = (call.from().unwrap_or_default(), place(call));
        let struck = all.get(to).copied().filter(|trouble| *trouble != Trouble::CutOff || from != to);
        // A strongly consistent table takes two regions: whoever is cut off from the others has none.
        let alone = all.get(from) == Some(&Trouble::CutOff) && (from != to || call.service == "dynamodb");
        struck.or(alone.then_some(Trouble::CutOff))
    }
}

/// The region that answers a call.
fn place(call: &Call) -> &str {
    if matches!(call.service.as_str(), "route53" | "iam" | "organizations") { GLOBAL } else { &call.region }
}

/// What runs in a region.
#[derive(Debug)]
pub struct Running {
    /// Functions.
    pub lambda: Arc<Lambda>,
    /// Executions.
    pub states: Arc<States>,
    /// Schedules.
    pub scheduler: Arc<Scheduler>,
}

/// All that runs, by region.
#[derive(Debug)]
pub struct Regions {
    home: String,
    bot: Vec<String>,
    all: BTreeMap<String, Running>,
    shared: Arc<Shared>,
}

impl Regions {
    /// Opens what runs in each region of a seed.
    ///
    /// # Errors
    /// When the data directory can't be used.
    pub fn open(shared: &Arc<Shared>, seed: &Seed) -> anyhow::Result<Arc<Self>> {
        let (home, bot) = (seed.home().to_owned(), seed.bot());
        shared.is_at_home_in(&home);
        let named: BTreeSet<&String> = [&home].into_iter().chain(&seed.regions).chain(&bot).collect();
        let mut all = BTreeMap::new();
        for region in named {
            let lambda = Lambda::open(shared.clone(), region)?;
            let states = States::open(shared.clone(), Arc::new(LambdaService::new(lambda.clone())), region)?;
            let scheduler = Scheduler::open(shared.clone(), lambda.clone(), region)?;
            all.insert(region.clone(), Running { lambda, states, scheduler });
        }
        Ok(Arc::new(Self { home, bot, all, shared: shared.clone() }))
    }

    /// What runs in a region; in the first one, where it is none of the plan's.
    #[must_use]
    pub fn of(&self, region: &str) -> Option<&Running> {
        self.all.get(region).or_else(|| self.all.get(&self.home))
    }

    /// Which regions are in trouble.
    #[must_use]
    pub fn outages(&self) -> &Outages {
        &self.shared.outages
    }

    /// The regions in which the bot lives; the first is home.
    #[must_use]
    pub fn bot(&self) -> &[String] {
        &self.bot
    }

    /// All regions, with what runs there.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Running)> {
        self.all.iter().map(|(region, running)| (region.as_str(), running))
    }

    /// The region that the bot's name leads to: the first of its own that is well, as a failover alias with health checks would.
    #[must_use]
    pub fn entrance(&self) -> Option<(&str, &Running)> {
        let region = self.bot.iter().find(|region| self.shared.outages.is_well(region))?;
        Some((region, self.all.get(region)?))
    }

    /// Whether no function runs anywhere, and none is about to.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.all.iter().all(|(region, running)| running.lambda.idle() || self.shared.outages.is_lost(region))
    }

    /// Kills the processes of all functions everywhere.
    pub fn kill_all(&self) {
        self.all.values().for_each(|running| running.lambda.kill_all());
    }

    /// The services over what runs.
    #[must_use]
    pub fn services(&self) -> [Arc<dyn Service>; 3] {
        let each = |make: fn(&Running) -> Arc<dyn Service>| -> Arc<dyn Service> {
            let all = self.all.iter().map(|(region, running)| (region.clone(), make(running))).collect();
            Arc::new(Spread { home: self.home.clone(), all })
        };
        [
            each(|running| Arc::new(LambdaService::new(running.lambda.clone()))),
            each(|running| Arc::new(StatesService::new(running.states.clone()))),
            each(|running| Arc::new(SchedulerService::new(running.scheduler.clone()))),
        ]
    }
}

/// One service that has its own state in each region.
struct Spread {
    home: String,
    all: BTreeMap<String, Arc<dyn Service>>,
}

impl Spread {
    /// The one that a call is for; what is signed for another region is taken for home's.
    fn of(&self, call: &Call) -> Option<&Arc<dyn Service>> {
        self.all.get(&call.region).or_else(|| self.all.get(&self.home))
    }

    fn any(&self) -> Option<&Arc<dyn Service>> {
        self.all.get(&self.home)
    }
}

#[async_trait]
impl Service for Spread {
    fn name(&self) -> &'static str {
        self.any().map_or("", |one| one.name())
    }

    fn operation(&self, call: &Call) -> String {
        self.of(call).map(|one| one.operation(call)).unwrap_or_default()
    }

    async fn handle(&self, call: &Call) -> Reply {
        match self.of(call) {
            Some(one) => one.handle(call).await,
            None => self.error(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", "the stack has no region"),
        }
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        match self.any() {
            Some(one) => one.error(status, code, message),
            None => crate::wire::rest::json_error(status, code, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};

    use super::*;
    use crate::front::REGION;

    fn call(service: &str, region: &str, from: Option<&'static str>) -> Call {
        let headers = from.map(|from| (REGION, HeaderValue::from_static(from))).into_iter();
        Call {
            service: service.to_owned(),
            operation: String::new(),
            region: region.to_owned(),
            method: Method::POST,
            path: String::new(),
            query: String::new(),
            headers: HeaderMap::from_iter(headers),
            body: bytes::Bytes::new(),
        }
    }

    #[test]
    fn what_is_lost_is_reached_by_nobody_and_what_is_cut_off_by_itself_alone() {
        let outages = Outages::default();
        let reached = |service: &str, region: &str, from: &'static str| outages.unreached(&call(service, region, Some(from))).is_none();
        outages.strike("eu-west-1", Trouble::Lost);
        assert!(!reached("rds", "eu-west-1", "eu-central-1") && reached("rds", "eu-central-1", "eu-central-1"));
        assert!(reached("route53", "eu-west-1", "eu-central-1"), "its control plane is elsewhere");

        outages.strike("eu-west-1", Trouble::CutOff);
        assert!(reached("rds", "eu-west-1", "eu-west-1") && !reached("rds", "eu-west-1", "eu-central-1"));
        assert!(!reached("slack", "", "eu-west-1") && reached("slack", "", "eu-central-1"));
        assert!(!reached("dynamodb", "eu-west-1", "eu-west-1"), "alone, it has no quorum");

        outages.strike(GLOBAL, Trouble::Lost);
        assert!(!reached("route53", "eu-central-1", "eu-central-1"));
        assert!(outages.mend("eu-west-1") && !outages.mend("eu-west-1") && reached("slack", "", "eu-west-1"));
    }
}
