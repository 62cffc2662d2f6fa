//! Any runbook on any target: each of its steps becomes planned ones, wired as the runbook says.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Ask, COMMANDS, Consequences, Flow, Group, Opening, PlannedStep, Proposal, Target, TargetKind, Worked,
    commands::{self, Lane, signature},
    database_lock, draft, propose, service_lock,
};
use crate::{
    action::{Act, Gate},
    backup::{self, Source},
    database::{self, Live},
    failure::{Failure, Refusal},
    ident::{Actor, StepId},
    plan::{Current, Plan, Quorum, Span, order},
    policy::Verb,
    port::World,
    runbook::{Call, ForEach, Loaded, Quorums, Step, Those, takes_no},
};

/// A run may have this many steps when everything is worked out: each is a part of one record.
const MOST: usize = 400;

/// Who asks for which runbook on what.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedRunbook {
    /// The runbook.
    pub runbook: Loaded,
    /// On what.
    pub target: Target,
    /// Who.
    pub requester: Actor,
    /// Why, in their words.
    pub reason: Option<String>,
    /// What it is told: each of its arguments, read.
    pub arguments: BTreeMap<String, String>,
}

/// The database or the service of this name, also as `database:NAME` or `service:NAME`.
///
/// # Errors
/// A refusal when there is none, or both.
pub fn target(plan: &Plan, name: &str) -> Result<Target, Refusal> {
    let (database, service) = match name.split_once(':') {
        Some(("database", name)) => (Some(plan.database(name)?), None),
        Some(("service", name)) => (None, Some(plan.service(name)?)),
        _ => (plan.databases.get(name), plan.services.get(name)),
    };
    let bare = name.split_once(':').map_or(name, |(_, name)| name).to_owned();
    match (database, service) {
        (Some(_), Some(_)) => Err(Refusal::new(format!("{bare} is a database and a service."))
            .instead(format!("Say which: `database:{bare}` or `service:{bare}`."))),
        (Some(entry), None) => {
            Ok(Target { kind: TargetKind::Database, name: bare, environment: entry.environment.clone(), region: entry.region.clone() })
        }
        (None, Some(entry)) => {
            let home = entry.failover.as_ref().map(|failover| failover.primary.region.clone());
            let database = entry.databases.iter().find_map(|name| plan.databases.get(name)).map(|entry| entry.region.clone());
            let app = entry.apps.iter().find_map(|name| plan.apps.get(name)).map(|app| app.region.clone());
            let region = home.or(database).or(app).unwrap_or_default();
            Ok(Target { kind: TargetKind::Service, name: bare, environment: entry.environment.clone(), region })
        }
        (None, None) => {
            let names: Vec<&str> = plan.databases.keys().chain(plan.services.keys()).map(String::as_str).collect();
            Err(Refusal::new(format!("There is no database or service called “{name}” in the plan."))
                .instead(format!("The plan has: {}. Names are matched exactly.", names.join(", "))))
        }
    }
}

/// Works out a runbook on a target. Nothing is skipped: a verb that is not built is a refusal.
///
/// # Errors
/// A refusal that names what is missing, or says why it can't be done there.
pub async fn runbook(world: &World, current: &Current, asked: AskedRunbook) -> Result<Proposal, Failure> {
    let AskedRunbook { runbook, target, requester, reason, arguments } = asked;
    built(&runbook)?;
    let told = told(&arguments)?;
    let runbook = Loaded { runbook: runbook.runbook.told(&arguments), ..runbook };
    let mut site = Site::look(world, current, &target).await?;
    let of = if target.kind == TargetKind::Database { target.name.clone() } else { String::new() };
    let mut wiring = Wiring { of, ..Wiring::default() };
    for step in &runbook.runbook.steps {
        let waves = site.waves(step).await?;
        wiring.add(step, waves);
    }
    for step in runbook.runbook.steps.iter().rev() {
        for call in step.undo.iter().rev() {
            let undo = undo_step(step, call, wiring.steps.len());
            let lanes = site.plan(&undo).await?;
            wiring.add_undo(step, lanes);
        }
    }
    let steps = wiring.finish();
    if steps.len() > MOST {
        return Err(Refusal::new(format!("{} would be {} steps here; {MOST} are the most.", runbook.runbook.name, steps.len())).into());
    }
    let quorum = quorum(&steps, &current.plan);
    let consequences = site.consequences(&steps);
    let title = format!("Run {} on {}{told}", runbook.runbook.name, target.name);
    let locks = site.locks();
    let opening = site.opening;
    // Two runbooks on one target must not be approved by one phrase.
    let phrase = Some(format!("{} {} {}", runbook.runbook.name, target.name, target.region));
    let ask = Ask { verb: Verb::Run, runbook, title, target, locks, requester, reason };
    propose(world, current, opening, ask, Worked { steps, consequences, quorum, phrase }).await
}

/// What the runbook is told, for its title: whoever approves it reads that first.
fn told(arguments: &BTreeMap<String, String>) -> Result<String, Refusal> {
    /// As much as a title has room for, in characters.
    const LONGEST: usize = 600;
    let told: Vec<String> = arguments.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let told = if told.is_empty() { String::new() } else { format!(" with {}", told.join(", ")) };
    if told.chars().count() > LONGEST {
        return Err(Refusal::new(format!("What the runbook is told has more than {LONGEST} characters in all.")).instead("Say it shorter."));
    }
    Ok(told)
}

/// Who must approve: for what replaces or deletes, those who decide on that. What only moves people from one site to the other is
/// for those who decide on traffic.
fn quorum(steps: &[PlannedStep], plan: &Plan) -> Option<Quorum> {
    let mut destroying = steps.iter().filter(|step| step.act.action().class().destroys()).peekable();
    destroying.peek()?;
    let approvals = &plan.approvals;
    let moves = destroying.all(|step| step.act.action().verb() == Verb::Failover);
    Some(approvals.traffic.clone().filter(|_| moves).unwrap_or_else(|| approvals.destructive.clone()))
}

/// Refuses a runbook with a verb that is not built, and names all of them.
fn built(runbook: &Loaded) -> Result<(), Refusal> {
    let missing = runbook.runbook.missing();
    if missing.is_empty() {
        return Ok(());
    }
    let said: Vec<String> = missing.iter().map(|(step, verb)| format!("{verb} (step {step})")).collect();
    Err(Refusal::new(format!("{} can't be run yet: this release does not know {}.", runbook.runbook.name, said.join(", ")))
        .instead("Leave those steps out, or do what they stand for by hand. Nothing was done."))
}

fn undo_step(step: &Step, call: &Call, number: usize) -> Step {
    Step {
        id: StepId(format!("undo-{number}-{}", step.id)),
        name: format!("Undo {}: {}", step.name, call.verb),
        action: call.verb.clone(),
        is_command: true,
        arguments: call.arguments.clone(),
        flow: Flow::default(),
        gate: None,
        for_each: None,
        undo: Vec::new(),
        ..step.clone()
    }
}

/// What a runbook is worked out from: the databases that it is about, as they stand.
pub(super) struct Site<'a> {
    pub(super) world: &'a World,
    pub(super) current: &'a Current,
    pub(super) opening: Opening,
    /// The databases of what the step at hand is about.
    lives: Vec<Live>,
    /// Every database that was looked at.
    seen: BTreeMap<String, Live>,
    target: &'a Target,
    /// The service that the step at hand is about, where it is one.
    service: Option<String>,
    /// The services that were gone through, one after the other.
    services: BTreeSet<String>,
    /// What is restored, by the database's name.
    restored: BTreeMap<String, Source>,
    /// The services that are led elsewhere.
    moved: BTreeSet<String>,
}

impl<'a> Site<'a> {
    async fn look(world: &'a World, current: &'a Current, target: &'a Target) -> Result<Self, Failure> {
        let (service, names) = match target.kind {
            TargetKind::Database => (None, vec![target.name.clone()]),
            TargetKind::Service => (Some(target.name.clone()), current.plan.service(&target.name)?.databases.clone()),
        };
        let opening = Opening::now(world);
        let (seen, restored, services) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let moved = BTreeSet::new();
        let mut site = Self { world, current, opening, lives: Vec::new(), seen, target, service, services, restored, moved };
        site.lives = site.look_at(&names).await?;
        Ok(site)
    }

    async fn look_at(&mut self, names: &[String]) -> Result<Vec<Live>, Failure> {
        let mut lives = Vec::new();
        for name in names {
            let live = match self.seen.get(name) {
                Some(live) => live.clone(),
                None => database::look(self.world, &self.current.plan, name).await?,
            };
            self.seen.insert(name.clone(), live.clone());
            lives.push(live);
        }
        Ok(lives)
    }

    /// All that the run touches.
    fn locks(&self) -> Vec<String> {
        let databases = self.seen.keys().map(|name| database_lock(name));
        databases.chain(self.services.iter().map(|name| service_lock(name))).collect()
    }

    /// The service that the step at hand is about.
    pub(super) fn service(&self, step: &Step) -> Result<String, Refusal> {
        self.service.clone().ok_or_else(|| {
            Refusal::new(format!("{} is a database, and the step {} needs a service.", self.target.name, step.id))
                .instead("Run it on a service: `--on NAME`.")
        })
    }

    /// What the run is about, by its name.
    pub(super) fn about(&self) -> &str {
        &self.target.name
    }

    /// The region of the target.
    pub(super) fn region(&self) -> String {
        self.target.region.clone()
    }

    /// Notes that a service is led elsewhere. Once in a run: the second time it would be somewhere else than it is now.
    pub(super) fn note_move(&mut self, service: &str) -> Result<(), Refusal> {
        if self.moved.insert(service.to_owned()) {
            return Ok(());
        }
        Err(Refusal::new(format!("This runbook leads {service} elsewhere twice.")).instead("Make two runbooks of it."))
    }

    /// A step in waves: once for the target, or once for each service that it names, those first that others can't do without.
    async fn waves(&mut self, step: &Step) -> Result<Vec<Vec<Lane>>, Failure> {
        let Some(each) = &step.for_each else { return Ok(vec![self.plan(step).await?]) };
        let (lives, service) = (self.lives.clone(), self.service.clone());
        let mut waves = Vec::new();
        for wave in order(&self.current.plan, self.target, each, step)? {
            let mut lanes = Vec::new();
            for name in wave {
                let names = self.current.plan.service(&name)?.databases.clone();
                self.lives = self.look_at(&names).await?;
                let own = Step { id: StepId(format!("{}-{name}", step.id)), name: format!("{}: {name}", step.name), ..step.clone() };
                self.service = Some(name.clone());
                self.services.insert(name);
                lanes.extend(self.plan(&own).await?);
            }
            waves.push(lanes);
        }
        (self.lives, self.service) = (lives, service);
        if waves.iter().all(Vec::is_empty) {
            return Err(Refusal::new(format!("None of the services that the step {} goes through has a database.", step.id)).into());
        }
        Ok(waves)
    }

    async fn plan(&mut self, step: &Step) -> Result<Vec<Lane>, Failure> {
        if let Some(gate) = &step.gate {
            let approvals = &self.current.plan.approvals;
            let quorum: &Quorum = match gate.quorum {
                Quorums::Destructive => &approvals.destructive,
                Quorums::Traffic => approvals.traffic.as_ref().unwrap_or(&approvals.destructive),
            };
            let act = Act::Gate(Gate { message: gate.message.clone(), quorum: quorum.clone() });
            // Its time is that of its approval.
            let timed = Step { timeout: Span(quorum.within.0), ..step.clone() };
            return Ok(vec![vec![commands::one(&timed, step.id.clone(), act)]]);
        }
        if !COMMANDS.contains(&step.action.as_str()) {
            return Err(Refusal::new(format!("The action {} of the step {} is a part of a runbook of ours.", step.action, step.id))
                .instead(format!("Commands of a runbook of your own are: {}.", COMMANDS.join(", ")))
                .into());
        }
        if let Some(signature) = signature(&step.action)
            && let Some(name) = step.arguments.keys().find(|name| signature.takes(name).is_none())
        {
            return Err(Refusal::new(format!("{}.", takes_no(&step.action, &step.id, name, signature))).into());
        }
        commands::plan(self, step).await
    }

    /// The databases that a step is about.
    pub(super) fn databases(&self, step: &Step) -> Result<Vec<Live>, Refusal> {
        // Of the services that a step goes through, one without a database has nothing to do; not all of them.
        if self.lives.is_empty() && step.for_each.is_none() {
            return Err(Refusal::new(format!("{} has no database, and the step {} needs one.", self.target.name, step.id))
                .instead("Run it on a database, or on a service that has one: `--on NAME`."));
        }
        Ok(self.lives.clone())
    }

    /// The id of a step for one of the databases.
    pub(super) fn lane_id(&self, step: &Step, live: &Live) -> StepId {
        if self.lives.len() == 1 { step.id.clone() } else { StepId(format!("{}-{}", step.id, live.name)) }
    }

    /// The name of the snapshot that a step may take: no two steps share one.
    pub(super) fn snapshot(&self, live: &Live, step: &StepId) -> String {
        let at = self.opening.now.strftime("%Y%m%d-%H%M%S");
        format!("mayday-{}-{at}-{}-{step}", live.name, self.opening.id.short())
    }

    /// The name of the instance that a restore makes.
    pub(super) fn restored(&self, live: &Live) -> String {
        draft::restored_name(&live.instance.id, &self.opening.id)
    }

    /// Notes what a database is restored from. Once in a run: the second one would restore what the first has made.
    pub(super) fn note_restore(&mut self, live: &Live, source: Source) -> Result<(), Refusal> {
        match self.restored.insert(live.name.clone(), source) {
            None => Ok(()),
            Some(_) => Err(Refusal::new(format!("This runbook restores {} twice.", live.name))
                .instead("Make two runbooks of it, or leave one restore out.")),
        }
    }

    fn consequences(&self, steps: &[PlannedStep]) -> Consequences {
        let first_destroys = steps.iter().find(|step| step.act.action().class().destroys() && step.flow.undoes.is_none());
        let objective = self.seen.values().map(|live| live.entry.objectives.rto.0.as_secs()).max();
        let point = self.restored.values().next().filter(|_| self.restored.len() == 1).and_then(Source::recovery_point);
        let undo = match (first_destroys, steps.iter().any(|step| step.flow.undoes.is_some())) {
            (None, _) => "Nothing is replaced or deleted.".to_owned(),
            (Some(step), true) => {
                format!("Until {}, nothing is replaced or deleted; the steps named below undo what comes after.", step.id)
            }
            (Some(step), false) => format!("Until {}, nothing is replaced or deleted. What comes after is not undone by itself.", step.id),
        };
        Consequences {
            recovery_point: point,
            source: self.restored.values().next().filter(|_| self.restored.len() == 1).map(draft::source_in_words),
            lost_seconds: point.map(|point| u64::try_from(backup::loss(point, self.opening.now).as_secs()).unwrap_or(0)),
            rto_seconds: objective.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0),
            undo,
            point_of_no_return: first_destroys.map(|step| step.id.clone()),
            ..Consequences::default()
        }
    }
}

/// The services that a step goes through, in waves by what each depends on.
fn order(plan: &Plan, target: &Target, each: &ForEach, step: &Step) -> Result<Vec<Vec<String>>, Refusal> {
    let names: BTreeSet<&str> = match each {
        ForEach::Named(names) => names.iter().map(String::as_str).collect(),
        ForEach::All(Those::Dependencies) if target.kind == TargetKind::Service => closure(plan, &target.name),
        ForEach::All(Those::Dependencies) => {
            return Err(Refusal::new(format!(
                "The step {} goes through what a service depends on, and {} is a database.",
                step.id, target.name
            ))
            .instead("Run it on a service: `--on NAME`."));
        }
    };
    let mut needs = order::Needs::new();
    for name in &names {
        let service = plan.service(name)?;
        if service.environment != target.environment {
            return Err(Refusal::new(format!("{name} is in {}, and {} in {}.", service.environment, target.name, target.environment))
                .instead(format!("Take it out of the step {}: one run is in one environment.", step.id)));
        }
        // By way of a service that is not gone through, one still waits for the other.
        needs.insert(name, closure(plan, name).into_iter().filter(|other| other != name && names.contains(other)).collect());
    }
    let waves =
        order::waves(&needs).map_err(|circle| Refusal::new(format!("These services wait for each other: {}.", circle.join(" → "))))?;
    Ok(waves.into_iter().map(|wave| wave.into_iter().map(str::to_owned).collect()).collect())
}

/// A service and all that it can't do without.
fn closure<'a>(plan: &'a Plan, name: &'a str) -> BTreeSet<&'a str> {
    let (mut open, mut all) = (vec![name], BTreeSet::new());
    while let Some(name) = open.pop() {
        if all.insert(name) {
            open.extend(plan.services.get(name).into_iter().flat_map(|service| &service.depends_on).map(String::as_str));
        }
    }
    all
}

/// Puts planned steps together: who waits for whom, and what belongs together.
#[derive(Default)]
struct Wiring {
    steps: Vec<PlannedStep>,
    /// The last planned steps of each of the runbook's.
    ends: BTreeMap<StepId, Vec<StepId>>,
    /// The runbook's step before this one.
    before: Vec<StepId>,
    undo: Vec<PlannedStep>,
    /// The database that all is about, if it is one.
    of: String,
}

impl Wiring {
    fn add(&mut self, step: &Step, waves: Vec<Vec<Lane>>) {
        let mut before: Vec<StepId> = match &step.flow.after {
            None => self.before.clone(),
            Some(needs) => needs.iter().flat_map(|need| self.ends.get(need).cloned().unwrap_or_else(|| vec![need.clone()])).collect(),
        };
        let group = step.flow.group.clone();
        let several = waves.iter().flatten().map(Vec::len).sum::<usize>() > 1;
        let group = group.or_else(|| several.then(|| Group { id: step.id.clone(), again: 0 }));
        for lanes in waves {
            let ends = self.wave(step, &before, group.as_ref(), lanes);
            // Where a wave has nothing to do, what comes next waits for what it would have waited for.
            before = if ends.is_empty() { before } else { ends };
        }
        self.ends.insert(step.id.clone(), before.clone());
        self.before = before;
    }

    /// Lanes side by side, and the last step of each.
    fn wave(&mut self, step: &Step, before: &[StepId], group: Option<&Group>, lanes: Vec<Lane>) -> Vec<StepId> {
        let mut ends = Vec::new();
        for lane in lanes {
            let mut previous: Option<StepId> = None;
            for mut planned in lane {
                let is_first = previous.is_none();
                let database = planned.flow.database.filter(|database| *database != self.of);
                planned.flow = Flow {
                    after: Some(previous.map_or_else(|| before.to_vec(), |previous| vec![previous])),
                    condition: step.flow.condition.clone().filter(|_| is_first),
                    on_failure: step.flow.on_failure,
                    fact: step.flow.fact.clone(),
                    group: group.cloned(),
                    undoes: None,
                    database,
                };
                previous = Some(planned.id.clone());
                self.steps.push(planned);
            }
            ends.extend(previous);
        }
        ends
    }

    /// What undoes a step: done one after the other, last things first, and only if it must be.
    fn add_undo(&mut self, step: &Step, lanes: Vec<Lane>) {
        let undoes = step.flow.group.as_ref().map_or_else(|| step.id.clone(), |group| group.id.clone());
        for mut planned in lanes.into_iter().flatten() {
            let after = self.undo.last().map(|last| last.id.clone());
            let database = planned.flow.database.take().filter(|database| *database != self.of);
            planned.flow = Flow { undoes: Some(undoes.clone()), database, ..Flow::after(after) };
            self.undo.push(planned);
        }
    }

    /// Where a step waits for just the one before it in the list, that goes without saying.
    fn finish(mut self) -> Vec<PlannedStep> {
        let mut before: Option<StepId> = None;
        for step in &mut self.steps {
            if step.flow.after.as_deref() == Some(before.as_slice()) {
                step.flow.after = None;
            }
            before = Some(step.id.clone());
        }
        self.steps.extend(self.undo);
        self.steps
    }
}
