use super::{Direction, nowhere};
use crate::{
    action::{Following, QUESTIONS, following},
    command,
    database::{self, Live, StandingBy},
    failure::{Failure, Fault, Refusal},
    plan::{self, Current, Site},
    port::{Answer, Instance, RecordSet, SwitchPlace, Turned, World},
    probe,
    standby::{self, IN_RECOVERY, NEWEST, Place, READ_ONLY},
    store::{Kept, Store},
    together::together,
};

/// A service and its two sites, as they are.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The service's name.
    pub service: String,
    /// What the plan says of it.
    pub entry: plan::Service,
    /// Where it can go.
    pub failover: plan::Failover,
    /// Which way it is to go.
    pub direction: Direction,
    /// Its databases that have to move for that.
    pub pairs: Vec<Pair>,
    /// Its databases that are there already.
    pub moved: Vec<String>,
    /// Its names, and where they lead.
    pub names: Vec<Name>,
    /// What moves them, where that is a switch, and what it says.
    pub switch: Option<(SwitchPlace, Turned)>,
    /// What is not well where it is now.
    pub ill_here: Vec<String>,
    /// What is not well where it is to go.
    pub ill_there: Vec<String>,
}

/// A database that has to move: what serves, and what is to.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The database.
    pub name: String,
    /// What serves it now.
    pub primary: Primary,
    /// What stands by for it. Absent on the way home: that is made by the run.
    pub standby: Option<StandbyLook>,
    /// The database at home: its indirection, and what its instance there is or was set up with.
    pub home: Live,
    /// On the way home: what served there before, which must take no writes.
    pub old: Option<Primary>,
}

/// What serves a database.
#[derive(Debug, Clone)]
pub struct Primary {
    /// The plan's words of it, for where it is.
    pub entry: plan::Database,
    /// The instance; as it was last seen, when it is gone.
    pub instance: Instance,
    /// Why it does not answer, if it does not.
    pub silent: Option<String>,
    /// Whether new sessions only read, where it answers.
    pub read_only: bool,
}

/// What stands by for a database.
#[derive(Debug, Clone)]
pub struct StandbyLook {
    /// The instance that should.
    pub id: String,
    /// The region.
    pub region: String,
    /// The secret that the applications there follow.
    pub secret: String,
    /// The instance, if there is one of that name.
    pub instance: Option<Instance>,
    /// Whether it follows; absent: it does not answer.
    pub following: Option<Following>,
    /// How long ago the newest commit that it has was made, in seconds.
    pub newest: Option<f64>,
}

/// One of a service's names.
#[derive(Debug, Clone)]
pub struct Name {
    /// What the plan says of it.
    pub record: plan::Record,
    /// What the zone says now.
    pub current: Option<RecordSet>,
    /// Where that leads.
    pub leads: Leads,
}

/// Where a name leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// To the primary site.
    Home,
    /// To the secondary site.
    Away,
    /// To neither.
    Elsewhere,
}

impl Survey {
    /// Where it is to go.
    #[must_use]
    pub fn there(&self) -> &Site {
        match self.direction {
            Direction::Away => &self.failover.secondary,
            Direction::Home => &self.failover.primary,
        }
    }

    /// Where it comes from.
    #[must_use]
    pub fn here(&self) -> &Site {
        match self.direction {
            Direction::Away => &self.failover.primary,
            Direction::Home => &self.failover.secondary,
        }
    }

    /// A site by what people call it, with its region.
    #[must_use]
    pub fn site(&self, site: &Site) -> String {
        site.name.as_ref().map_or_else(|| site.region.clone(), |name| format!("{name} ({})", site.region))
    }

    /// The names that still lead away from where it is to go.
    pub fn to_move(&self) -> impl Iterator<Item = &Name> {
        let there = match self.direction {
            Direction::Away => Leads::Away,
            Direction::Home => Leads::Home,
        };
        self.names.iter().filter(move |name| name.leads != there)
    }
}

impl Pair {
    /// Where the data comes from, for the card.
    pub(super) fn source_in_words(&self, direction: Direction) -> String {
        match (&self.standby, direction) {
            (Some(standby), _) => {
                let lag = match &standby.following {
                    Some(Following::Closely(lag)) => format!(", {lag:.0} s behind"),
                    Some(Following::Cut(_)) => ", which receives nothing any more".to_owned(),
                    _ => String::new(),
                };
                format!("{}: the standby {} in {}{lag}", self.name, standby.id, standby.region)
            }
            (None, _) => format!("{}: a fresh standby of {}", self.name, self.primary.instance.id),
        }
    }
}

/// Looks at both sites of a service.
///
/// # Errors
/// A refusal when the plan does not know the service, another site of it, or a database's standby.
pub async fn survey(world: &World, current: &Current, name: &str, direction: Direction) -> Result<Survey, Failure> {
    let plan = &current.plan;
    let known: Vec<&str> = plan.services.keys().map(String::as_str).collect();
    let entry = plan.services.get(name).ok_or_else(|| command::unknown("service", name, &known))?.clone();
    let failover = entry.failover.clone().ok_or_else(|| nowhere(name))?;
    let mut found = Survey {
        service: name.to_owned(),
        entry,
        failover,
        direction,
        pairs: Vec::new(),
        moved: Vec::new(),
        names: Vec::new(),
        switch: None,
        ill_here: Vec::new(),
        ill_there: Vec::new(),
    };
    // At once: where a region is silent, each look takes as long as a call may.
    let looking = found.entry.databases.iter().map(|name| {
        let found = &found;
        async move { (name.clone(), pair(world, current, found, name).await) }
    });
    for (database, looked) in together(looking).await {
        match looked? {
            Some(pair) => found.pairs.push(pair),
            None => found.moved.push(database),
        }
    }
    if let Some(named) = &found.failover.switch {
        let place = named.of(name, &found.failover.secondary);
        let says = world.dns.switch(&place).await?;
        found.switch = Some((place, says));
    }
    for record in &found.failover.records {
        found.names.push(look_up(world, record, found.switch.is_some()).await?);
    }
    found.ill_here = ill(world, current, found.here()).await;
    found.ill_there = ill(world, current, found.there()).await;
    Ok(found)
}

/// A database that is not where it is to go yet.
async fn pair(world: &World, current: &Current, found: &Survey, name: &str) -> Result<Option<Pair>, Failure> {
    let standby = found.failover.standbys.get(name).ok_or_else(|| {
        Refusal::new(format!("The plan names no standby of {name}: the other site would have no data of it."))
            .instead(format!("Name its replica under services.{}.failover.standbys.{name}.", found.service))
    })?;
    let serving = database::entry(world, &current.plan, name).await?;
    if serving.region == found.there().region {
        return Ok(None);
    }
    if found.direction == Direction::Home {
        let home = database::look_at(world, current.plan.database(name)?.clone(), name).await?;
        let primary = look(world, database::look_at(world, serving, name).await?).await?;
        let old = Some(look(world, home.clone()).await?);
        return Ok(Some(Pair { name: name.to_owned(), primary, standby: None, home, old }));
    }
    // What leaves its region must not need it: where that does not answer, what was last seen there is left.
    let (home, primary) = match database::look_at(world, serving.clone(), name).await {
        Ok(home) => (home.clone(), look(world, home).await?),
        Err(Failure::Fault(silence)) => left(world, found, (name, standby), serving, silence).await?,
        Err(refused) => return Err(refused),
    };
    let (standby, old) = (Some(standby_of(world, found, name, standby, &primary).await?), None);
    Ok(Some(Pair { name: name.to_owned(), primary, standby, home, old }))
}

/// What serves a database in a region that does not answer: the instance that its standby follows, as it was last seen.
async fn left(
    world: &World,
    found: &Survey,
    (name, standby): (&str, &plan::Standby),
    entry: plan::Database,
    silence: Fault,
) -> Result<(Live, Primary), Failure> {
    let id = standby_id(world, found, name, standby).await?;
    let follower = world.databases.instance(&found.failover.secondary.region, &id).await?;
    let Some(source) = follower.and_then(|follower| follower.replica_of).filter(|source| source.region == entry.region) else {
        return Err(silence.into());
    };
    let Some(home) = database::as_last_seen(world, entry, name, &source.instance).await? else { return Err(silence.into()) };
    let (entry, instance) = (home.entry.clone(), home.instance.clone());
    let silent = Some(format!("{} can't be asked: {}", entry.region, silence.chain()));
    Ok((home, Primary { entry, instance, silent, read_only: false }))
}

async fn look(world: &World, live: Live) -> Result<Primary, Failure> {
    let Live { entry, instance, gone, .. } = live;
    if gone {
        let silent = Some(format!("{} is gone", instance.id));
        return Ok(Primary { entry, instance, silent, read_only: false });
    }
    let place = Place { region: &entry.region, database: &entry.database, secret: &entry.secret };
    let said = standby::ask(world, place, &instance, &[IN_RECOVERY, READ_ONLY]).await?;
    let (silent, read_only) = match said {
        Ok(said) => (None, said.of(READ_ONLY) == Some("on")),
        Err(why) => (Some(why), false),
    };
    Ok(Primary { entry, instance, silent, read_only })
}

/// The instance that stands by: the plan's, or one that a run has made since.
async fn standby_id(world: &World, found: &Survey, name: &str, named: &plan::Standby) -> Result<String, Fault> {
    let made: Option<Kept<StandingBy>> = Store::of(world).load(&format!("{}/{name}", found.failover.secondary.region)).await?;
    Ok(made.map_or_else(|| named.instance.clone(), |made| made.value.instance))
}

async fn standby_of(world: &World, found: &Survey, name: &str, named: &plan::Standby, primary: &Primary) -> Result<StandbyLook, Failure> {
    let region = found.failover.secondary.region.clone();
    let id = standby_id(world, found, name, named).await?;
    let instance = world.databases.instance(&region, &id).await?;
    let mut look = StandbyLook { id, region, secret: named.secret.clone(), instance, following: None, newest: None };
    if let Some(instance) = &look.instance {
        let place = Place { region: &look.region, database: &primary.entry.database, secret: &look.secret };
        let [recovery, receivers, lag] = QUESTIONS;
        if let Ok(said) = standby::ask(world, place, instance, &[recovery, receivers, lag, NEWEST]).await? {
            look.following = Some(following(instance, &primary.instance.id, &said));
            look.newest = said.number(NEWEST);
        }
    }
    Ok(look)
}

/// `by_name`: what the name servers answer is asked, and no control plane.
async fn look_up(world: &World, record: &plan::Record, by_name: bool) -> Result<Name, Failure> {
    let current = match by_name {
        true => answered(world, record).await?,
        false => world.dns.record(&record.zone, &record.name, &record.kind).await?,
    };
    let leads_to = |values: &[String]| current.as_ref().is_some_and(|current| same(&current.values, values));
    let leads = match (leads_to(&record.primary), leads_to(&record.secondary)) {
        (true, _) => Leads::Home,
        (_, true) => Leads::Away,
        _ => Leads::Elsewhere,
    };
    Ok(Name { record: record.clone(), current, leads })
}

/// What the name servers answer, as a record. They don't say how long it may be kept: a failover record has no more than a minute.
async fn answered(world: &World, record: &plan::Record) -> Result<Option<RecordSet>, Failure> {
    let values = match record.kind.as_str() {
        "CNAME" => world.dns.lookup_cname(&record.name).await?.into_iter().collect(),
        _ => world.dns.lookup_addresses(&record.name).await?,
    };
    let set = RecordSet { name: record.name.clone(), kind: record.kind.clone(), ttl: 60, values };
    Ok((!set.values.is_empty()).then_some(set))
}

fn same(one: &[String], other: &[String]) -> bool {
    let plain = |values: &[String]| {
        let mut all: Vec<String> = values.iter().map(|value| value.trim_end_matches('.').to_lowercase()).collect();
        all.sort();
        all
    };
    plain(one) == plain(other)
}

/// What a site's probes find wrong. What can't be seen from here is not called ill.
async fn ill(world: &World, current: &Current, site: &Site) -> Vec<String> {
    let mut ill = Vec::new();
    for asked in &site.probes {
        if let Answer::Ill { why, .. } = probe::ask(world, &current.plan, asked).await {
            ill.push(format!("{}: {why}", asked.name));
        }
    }
    ill
}
