//! Where traffic goes: which site of a service its names answer, and which database instances its applications reach. Read off
//! the plan in force, the zones and the secrets, as applications and their users would.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use mayday_core::plan::{Failover, PLAN_KEY, Plan, Record, Site, load};
use serde::Serialize;
use serde_json::Value;

use crate::{data::bucket, dns::Dns, rds, s3::S3, secrets::Secrets};

/// A service of the plan, and where its names lead now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Its name in the plan.
    pub service: String,
    /// Its names.
    pub names: Vec<Led>,
}

/// A name, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Led {
    /// The name, without a trailing dot.
    pub name: String,
    /// `A` or `CNAME`.
    pub kind: String,
    /// What the stack's name server answers: each alias on the way, then the addresses.
    pub answers: Vec<String>,
    /// The site that answers, as the plan calls it; none, where it is neither.
    pub site: Option<String>,
    /// Whether that is the service's home.
    pub home: bool,
}

/// The stack's traffic.
#[derive(Debug)]
pub struct Traffic {
    s3: Arc<S3>,
    secrets: Arc<Secrets>,
    dns: Arc<Dns>,
    regions: Vec<String>,
    /// The plan in force, with the text that it was read from.
    plan: Mutex<Option<(Vec<u8>, Arc<Plan>)>>,
}

impl Traffic {
    /// The traffic of a stack whose bot lives in these regions, the first of which is home.
    #[must_use]
    pub fn new(s3: Arc<S3>, secrets: Arc<Secrets>, dns: Arc<Dns>, regions: Vec<String>) -> Self {
        Self { s3, secrets, dns, regions, plan: Mutex::default() }
    }

    /// The plan in the bucket of the home region, or the last one that could be read.
    fn plan(&self) -> Option<Arc<Plan>> {
        let text = self.s3.get(&bucket(self.regions.first()?), PLAN_KEY)?;
        let mut kept = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, plan)) = kept.as_ref()
            && *known == text
        {
            return Some(plan.clone());
        }
        // A bad plan never replaces a good one.
        let read = std::str::from_utf8(&text).ok().and_then(|text| load(text).ok());
        let plan = read.map(Arc::new).or_else(|| kept.as_ref().map(|(_, plan)| plan.clone()))?;
        *kept = Some((text, plan.clone()));
        Some(plan)
    }

    /// The services that have another site, with their names, by the plan's order.
    #[must_use]
    pub fn services(&self) -> Vec<Service> {
        let Some(plan) = self.plan() else { return Vec::new() };
        let services = plan.services.iter().filter_map(|(name, service)| Some((name, service.failover.as_ref()?)));
        services
            .map(|(name, failover)| Service {
                service: name.clone(),
                names: failover.records.iter().map(|record| self.led(failover, record)).collect(),
            })
            .collect()
    }

    fn led(&self, failover: &Failover, record: &Record) -> Led {
        let name = record.name.trim_end_matches('.').to_owned();
        let answers = self.dns.lookup(&name);
        let plain = |value: &String| value.trim_end_matches('.').to_ascii_lowercase();
        let found: BTreeSet<String> = answers.iter().map(plain).collect();
        let leads_to = |values: &[String]| !values.is_empty() && values.iter().all(|value| found.contains(&plain(value)));
        let (home, away) = (leads_to(&record.primary), leads_to(&record.secondary));
        let site = match (home, away) {
            (true, _) => Some(called(&failover.primary)),
            (false, true) => Some(called(&failover.secondary)),
            (false, false) => None,
        };
        Led { name, kind: record.kind.clone(), answers, site, home }
    }

    /// The endpoints that applications reach: of each database, the one that its secret or its name leads to in the region that
    /// the services over it are led to.
    #[must_use]
    pub fn endpoints(&self) -> BTreeSet<String> {
        let Some(plan) = self.plan() else { return BTreeSet::new() };
        let mut endpoints = BTreeSet::new();
        let services = self.services();
        for (name, database) in &plan.databases {
            let away = plan.services.iter().filter_map(|(service, entry)| {
                let failover = entry.failover.as_ref()?;
                let standby = failover.standbys.get(name)?;
                let led = services.iter().find(|one| one.service == *service)?;
                let is_away = led.names.iter().any(|led| led.site.is_some() && !led.home);
                is_away.then_some((failover.secondary.region.as_str(), standby.secret.as_str()))
            });
            let away: Vec<_> = away.collect();
            let ways = if away.is_empty() { vec![(database.region.as_str(), database.secret.as_str())] } else { away };
            endpoints.extend(ways.into_iter().filter_map(|(region, secret)| self.host(region, secret)));
            if let mayday_core::plan::Traffic::Cname { name, .. } = &database.traffic {
                endpoints.extend(self.dns.lookup(name.trim_end_matches('.')));
            }
        }
        endpoints
    }

    /// The host that a secret holds now.
    fn host(&self, region: &str, secret: &str) -> Option<String> {
        let text = self.secrets.current(region, secret)?;
        let fields: Value = serde_json::from_str(&text).ok()?;
        fields.get("host")?.as_str().map(str::to_owned)
    }

    /// Whether applications reach this instance now.
    #[must_use]
    pub fn reaches(&self, instance: &str, region: &str) -> bool {
        self.endpoints().contains(&rds::endpoint(instance, region))
    }
}

fn called(site: &Site) -> String {
    site.name.clone().unwrap_or_else(|| site.region.clone())
}
