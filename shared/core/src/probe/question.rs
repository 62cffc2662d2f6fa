use crate::plan::{Plan, Probe, ProbeKind, Service, Span};

/// Where a probe of a service looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// At the service as its users reach it.
    Service,
    /// At its home.
    Primary,
    /// Where it goes when its home is lost.
    Secondary,
    /// At a database of the plan, which is no service.
    Database,
}

/// A probe, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The service's name, or the database's.
    pub owner: String,
    /// Where it looks.
    pub place: Place,
    /// The probe.
    pub probe: Probe,
}

impl Question {
    /// What is well or ill by it: `orders`, `orders at its secondary site`.
    #[must_use]
    pub fn subject(&self) -> String {
        let owner = &self.owner;
        match self.place {
            Place::Service => owner.clone(),
            Place::Primary => format!("{owner} at its primary site"),
            Place::Secondary => format!("{owner} at its secondary site"),
            Place::Database => format!("the database {owner}"),
        }
    }

    /// What it is kept under.
    #[must_use]
    pub fn id(&self) -> String {
        let place = match self.place {
            Place::Service => "service",
            Place::Primary => "primary",
            Place::Secondary => "secondary",
            Place::Database => "database",
        };
        format!("{}/{place}/{}", self.owner, self.probe.name)
    }
}

/// Every probe of the plan.
#[must_use]
pub fn questions(plan: &Plan) -> Vec<Question> {
    plan.services.iter().flat_map(|(name, service)| of_service(name, service)).collect()
}

/// The probes of one name: a service's, with one for each of its databases that it does not probe by itself; or the one of a
/// database. Empty: there is neither.
#[must_use]
pub fn questions_of(plan: &Plan, name: &str) -> Vec<Question> {
    let Some(service) = plan.services.get(name) else {
        return plan.databases.get_key_value(name).map(|(name, _)| database_question(name)).into_iter().collect();
    };
    let mut questions = of_service(name, service);
    let asked = |database: &String, questions: &[Question]| {
        let same = |question: &Question| matches!(&question.probe.how, ProbeKind::Postgres { database: asked } if asked == database);
        questions.iter().any(same)
    };
    let missing: Vec<&String> = service.databases.iter().filter(|database| !asked(database, &questions)).collect();
    questions
        .extend(missing.into_iter().filter(|database| plan.databases.contains_key(*database)).map(|database| database_question(database)));
    questions
}

fn of_service(name: &str, service: &Service) -> Vec<Question> {
    let asked = |place, probes: &[Probe]| {
        let question = |probe: &Probe| Question { owner: name.to_owned(), place, probe: probe.clone() };
        probes.iter().map(question).collect::<Vec<_>>()
    };
    let mut questions = asked(Place::Service, &service.probes);
    if let Some(failover) = &service.failover {
        questions.extend(asked(Place::Primary, &failover.primary.probes));
        questions.extend(asked(Place::Secondary, &failover.secondary.probes));
    }
    questions
}

/// Whether a database takes connections: that can be asked of any, probe or no probe.
#[must_use]
pub fn database_question(name: &str) -> Question {
    let how = ProbeKind::Postgres { database: name.to_owned() };
    let seconds = |seconds| Span(jiff::SignedDuration::from_secs(seconds));
    let probe = Probe { name: format!("{name} takes connections"), how, every: seconds(60), within: seconds(5), in_a_row: 3 };
    Question { owner: name.to_owned(), place: Place::Database, probe }
}
