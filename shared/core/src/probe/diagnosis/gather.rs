use super::{Aspect, Fact, Found, Patient};
use crate::{
    action::{Action as _, Finding, Ownership, Seen, Through, Verify},
    backup::{self, RecoveryPoint},
    database::{self, Live},
    failure::Failure,
    plan::{Plan, ProbeKind, Service, Sign, Traffic},
    port::{Answer, Tags, World},
    probe::{Place, Question, ask_all, database_question, questions_of},
    view::Span,
};

/// Looks at everything that the plan says about them, now.
pub async fn gather(world: &World, plan: &Plan, patient: &Patient) -> Vec<Fact> {
    let mut facts = Vec::new();
    for name in &patient.databases {
        facts.extend(of_database(world, plan, name).await);
    }
    let service = patient.service.as_ref().and_then(|name| Some((name, plan.services.get(name)?)));
    if let Some((name, service)) = service {
        facts.extend(of_service(world, plan, name, service).await);
    }
    facts.sort_by_key(|fact| fact.aspect);
    facts
}

async fn of_database(world: &World, plan: &Plan, name: &str) -> Vec<Fact> {
    let fact = |aspect, found| Fact { aspect, about: name.to_owned(), found };
    let live = match database::look(world, plan, name).await {
        Ok(live) => live,
        Err(Failure::Refusal(refusal)) => return vec![fact(Aspect::Database, Found::Ill(Sign::DatabaseUnreachable, refusal.sentence))],
        Err(Failure::Fault(fault)) => {
            let why = format!("the vendor can't be asked: {}", fault.chain());
            return [Aspect::Database, Aspect::Data, Aspect::Backups].map(|aspect| fact(aspect, Found::Unseen(why.clone()))).to_vec();
        }
    };
    let mut facts = vec![fact(Aspect::Backups, backups(world, &live).await)];
    if live.gone {
        facts.push(fact(Aspect::Database, Found::Ill(Sign::DatabaseGone, format!("the instance {} is gone", live.instance.id))));
        facts.push(fact(Aspect::Data, Found::Unseen("there is no instance to ask".to_owned())));
        return facts;
    }
    let answer = super::super::ask(world, plan, &database_question(name).probe).await;
    let (access, data) = match answer {
        Answer::Well { note, .. } => (Found::Well(format!("{}: {note}", live.instance.id)), data(world, &live).await),
        Answer::Ill { why, .. } => {
            let why = format!("{} is {}, and {why}", live.instance.id, live.instance.status);
            (Found::Ill(Sign::DatabaseUnreachable, why), Found::Unseen("it can't be signed in to".to_owned()))
        }
        Answer::Blind { why } => (Found::Unseen(why.clone()), Found::Unseen(why)),
    };
    facts.extend([fact(Aspect::Database, access), fact(Aspect::Data, data)]);
    facts
}

/// What the plan's checks say of the data, asked as the applications ask.
async fn data(world: &World, live: &Live) -> Found {
    let entry = &live.entry;
    if entry.checks.is_empty() {
        return Found::Unseen("the plan has no checks for it".to_owned());
    }
    let through = match &entry.traffic {
        Traffic::Secret => Through::Secret,
        Traffic::Cname { name, .. } => Through::Cname(name.clone()),
    };
    let verify = Verify {
        region: entry.region.clone(),
        instance: live.instance.id.clone(),
        through,
        database: entry.database.clone(),
        secret: entry.secret.clone(),
        checks: entry.checks.clone(),
        recovery_point: None,
    };
    match verify.observe(world, Ownership { tags: &Tags::new() }).await {
        Ok(Seen::Done(Finding { summary, .. })) => Found::Well(summary),
        Ok(Seen::Broken(Finding { summary, .. })) => Found::Ill(Sign::DataWrong, summary),
        Ok(_) => Found::Unseen("it has no endpoint yet".to_owned()),
        Err(error) => Found::Unseen(error.why().to_owned()),
    }
}

/// How old the newest moment is that can be restored, against the objective.
async fn backups(world: &World, live: &Live) -> Found {
    let newest = async {
        let lineage = database::lineage(world, live).await?;
        let points = backup::points(world, live, &lineage).await?;
        Ok::<_, crate::failure::Fault>(points.iter().filter(|point| point.is_usable()).filter_map(RecoveryPoint::taken_at).max())
    };
    let point = match newest.await {
        Ok(point) => point,
        Err(fault) => return Found::Unseen(format!("the vendor can't be asked: {}", fault.chain())),
    };
    let log = live.instance.latest_restorable.filter(|_| !live.gone);
    let Some(newest) = log.into_iter().chain(point).max() else {
        return Found::Ill(Sign::BackupsStale, "there is nothing to restore from".to_owned());
    };
    let (lost, objective) = (world.clock.now().duration_since(newest), live.entry.objectives.rpo);
    let what = format!("the newest moment that can be restored is {} old", Span(lost));
    if lost > objective.0 {
        return Found::Ill(Sign::BackupsStale, format!("{what}: more than the objective (RPO) of {objective}"));
    }
    Found::Well(format!("{what}, within the objective (RPO) of {objective}"))
}

/// The service's own probes, and the names that lead to it. Its databases were looked at already, and its other site is for
/// `/dr health`.
async fn of_service(world: &World, plan: &Plan, name: &str, service: &Service) -> Vec<Fact> {
    let own = |question: &Question| question.place == Place::Service && !matches!(question.probe.how, ProbeKind::Postgres { .. });
    let mut questions: Vec<Question> = questions_of(plan, name).into_iter().filter(own).collect();
    let asked = |questions: &[Question], record: &str| {
        questions.iter().any(|question| matches!(&question.probe.how, ProbeKind::Dns { name, .. } if name == record))
    };
    for record in service.failover.iter().flat_map(|failover| &failover.records) {
        if !asked(&questions, &record.name) {
            let mut question = database_question(name);
            question.probe.name = format!("{} leads somewhere", record.name);
            question.probe.how = ProbeKind::Dns { name: record.name.clone(), kind: record.kind.clone(), value: None };
            questions.push(question);
        }
    }
    let aspect =
        |question: &Question| if matches!(question.probe.how, ProbeKind::Dns { .. }) { Aspect::Names } else { Aspect::Application };
    let heard = ask_all(world, plan, &questions, || true).await;
    let mut facts: Vec<Fact> = heard
        .into_iter()
        .map(|heard| {
            let aspect = aspect(&heard.question);
            let sign = if aspect == Aspect::Names { Sign::NamesWrong } else { Sign::ApplicationDown };
            let found = match heard.answer {
                Answer::Well { note, took_ms } => Found::Well(format!("{note}, in {took_ms} ms")),
                Answer::Ill { why, .. } => Found::Ill(sign, why),
                Answer::Blind { why } => Found::Unseen(why),
            };
            Fact { aspect, about: heard.question.probe.name, found }
        })
        .collect();
    let all = [(Aspect::Application, "the plan has no probe for it"), (Aspect::Names, "the plan names no record of it")];
    let unasked = all.into_iter().filter(|(aspect, _)| !facts.iter().any(|fact| fact.aspect == *aspect)).collect::<Vec<_>>();
    facts.extend(unasked.into_iter().map(|(aspect, why)| Fact { aspect, about: name.to_owned(), found: Found::Unseen(why.to_owned()) }));
    facts
}
