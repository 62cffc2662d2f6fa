//! Cedar, and nothing of it beyond this file: a question becomes a request with its entities, an answer a [`Ruling`].
//!
//! The policies of `shared/core/policies` are compiled in; a plan may add policies that forbid.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    str::FromStr,
    sync::LazyLock,
};

use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicySet, Request,
    RestrictedExpression as Value, Schema, ValidationMode, Validator,
};

use super::{
    Verb,
    question::{Because, On, OrderFacts, Principal, Question, Ruling},
};
use crate::{
    failure::Fault,
    plan::{Grant, Person, Plan},
    port::Profile,
    proposal::TargetKind,
};

/// The schema, which policies are held against when a plan is loaded and in tests; a decision does not need it.
pub(super) const SCHEMA: &str = include_str!("../../policies/mayday.cedarschema");
/// The policies, by file.
pub(super) const POLICIES: [(&str, &str); 4] = [
    ("accounts", include_str!("../../policies/accounts.cedar")),
    ("approvals", include_str!("../../policies/approvals.cedar")),
    ("emergency", include_str!("../../policies/emergency.cedar")),
    ("grants", include_str!("../../policies/grants.cedar")),
];

static BASE: LazyLock<Result<PolicySet, String>> = LazyLock::new(|| {
    let mut base = PolicySet::new();
    // In one text: Cedar's grammar builds the tables of its lexer anew for each, and this is part of every cold start.
    for policy in named("mayday", &POLICIES.map(|(_, text)| text).join("\n"))? {
        base.add(policy).map_err(|error| error.to_string())?;
    }
    Ok(base)
});

/// The policies of a text, each under the name that it gives itself.
fn named(file: &str, text: &str) -> Result<Vec<Policy>, String> {
    let set = PolicySet::from_str(text).map_err(|error| error.to_string())?;
    if set.templates().next().is_some() {
        return Err("a policy with a slot (?principal, ?resource) decides nothing here".to_owned());
    }
    let name = |policy: &Policy| annotation(policy, "id").unwrap_or_else(|| format!("{file}.{}", policy.id()));
    Ok(set.policies().map(|policy| renamed(policy, &name(policy))).collect())
}

thread_local! {
    /// What was ruled lately, by all that a ruling depends on: a run asks the same at each of its calls.
    static RULED: RefCell<HashMap<String, Ruling>> = RefCell::default();
}

/// So many rulings are kept; then it begins anew.
const KEPT: usize = 256;

/// Everything that [`judge`] looks at, as text: whatever differs here is another question.
fn facts(plan: &Plan, question: &Question<'_>) -> String {
    let grants: Vec<&Grant> = match question.principal {
        Principal::Person { person, .. } => plan.grants(person).collect(),
        Principal::Order(_) => Vec::new(),
    };
    format!("{question:?} {grants:?} {:?}", plan.policies)
}

/// Decides. A policy that can't be evaluated is never passed over: it might be one that forbids.
///
/// # Errors
/// When it can't be decided.
pub(super) fn decide(plan: &Plan, question: &Question<'_>) -> Result<Ruling, Fault> {
    let facts = facts(plan, question);
    if let Some(ruling) = RULED.with_borrow(|ruled| ruled.get(&facts).cloned()) {
        return Ok(ruling);
    }
    let ruling = judge(plan, question)?;
    RULED.with_borrow_mut(|ruled| {
        if ruled.len() >= KEPT {
            ruled.clear();
        }
        ruled.insert(facts, ruling.clone());
    });
    Ok(ruling)
}

fn judge(plan: &Plan, question: &Question<'_>) -> Result<Ruling, Fault> {
    let base = BASE.as_ref().map_err(|error| Fault::new(format!("the policies can't be read: {error}")))?;
    let own;
    let policies = if plan.policies.is_empty() {
        base
    } else {
        own = with_own(base, plan).map_err(Fault::new)?;
        &own
    };
    let (request, entities) = asked(plan, question).map_err(|error| Fault::because("a question to the policy can't be put", error))?;
    let response = Authorizer::new().is_authorized(&request, policies, &entities);
    if let Some(error) = response.diagnostics().errors().next() {
        return Err(Fault::new(format!("a policy can't be evaluated: {error}")));
    }
    let by = response.diagnostics().reason().filter_map(|id| policies.policy(id));
    Ok(match response.decision() {
        Decision::Allow => Ruling::Allowed(by.map(|policy| policy.id().to_string()).collect()),
        Decision::Deny => Ruling::Denied(by.map(because).collect()),
    })
}

fn because(policy: &Policy) -> Because {
    let words = |key| annotation(policy, key);
    Because { policy: policy.id().to_string(), account: words("account"), sentence: words("because") }
}

/// What a policy says of itself. Not by [`Policy::annotation`], which runs Cedar's grammar over each key that it is asked for.
fn annotation(policy: &Policy, key: &str) -> Option<String> {
    policy.annotations().find(|(known, _)| *known == key).map(|(_, value)| value.to_owned())
}

fn with_own(base: &PolicySet, plan: &Plan) -> Result<PolicySet, String> {
    let mut all = base.clone();
    for (name, text) in &plan.policies {
        let place = |error: String| format!("policies.{name}: {error}");
        for (number, policy) in named(name, text).map_err(place)?.into_iter().enumerate() {
            // The name is ours, so that none can take the place of a policy of the product.
            let id = if number == 0 { format!("plan:{name}") } else { format!("plan:{name}.{number}") };
            all.add(renamed(&policy, &id)).map_err(|error| place(error.to_string()))?;
        }
    }
    Ok(all)
}

/// What is wrong with a plan's own policies, by their names. They can only take away: a plan gives by its grants.
#[must_use]
pub fn check_own(plan: &Plan) -> Vec<(String, String)> {
    if plan.policies.is_empty() {
        return Vec::new();
    }
    match Schema::from_cedarschema_str(SCHEMA) {
        Ok((schema, _)) => {
            let wrong = |(name, text): (&String, &String)| own_policy(&schema, text).err().map(|wrong| (name.clone(), wrong));
            plan.policies.iter().filter_map(wrong).collect()
        }
        Err(error) => vec![("*".to_owned(), error.to_string())],
    }
}

fn own_policy(schema: &Schema, text: &str) -> Result<(), String> {
    let policies = named("plan", text)?;
    if policies.is_empty() {
        return Err("there is no policy in it".to_owned());
    }
    if policies.iter().any(|policy| policy.effect() != Effect::Forbid) {
        return Err("a plan's policies can only forbid; what people may is granted under roles".to_owned());
    }
    let mut set = PolicySet::new();
    for (number, policy) in policies.into_iter().enumerate() {
        set.add(renamed(&policy, &format!("plan:{number}"))).map_err(|error| error.to_string())?;
    }
    let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    // A policy that can never apply does not do what somebody meant it to: that is a warning to Cedar and an error here.
    let errors = result.validation_errors().map(ToString::to_string);
    errors.chain(result.validation_warnings().map(ToString::to_string)).next().map_or(Ok(()), Err)
}

fn renamed(policy: &Policy, name: &str) -> Policy {
    policy.new_id(name.parse().unwrap_or_else(|never| match never {}))
}

type Put<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn asked(plan: &Plan, question: &Question<'_>) -> Put<(Request, Entities)> {
    let verb = uid("Action", &question.verb.to_string())?;
    let mut entities = action(question.verb)?;
    let principal = match question.principal {
        Principal::Person { name, person, profile } => {
            entities.extend(person.roles.iter().map(|role| uid("Role", role).map(Entity::with_uid)).collect::<Put<Vec<_>>>()?);
            entities.push(person_entity(plan, name, person, profile)?);
            uid("Person", name)?
        }
        Principal::Order(order) => {
            entities.push(order_entity(order)?);
            uid("Order", order.name)?
        }
    };
    let (resource, environment) = match question.on {
        On::Environment(name) => (uid("Environment", name)?, name),
        On::Target(target) => (target_uid(target.kind, &target.name)?, target.environment.as_str()),
    };
    let of = HashMap::from([("environment".to_owned(), Value::new_entity_uid(uid("Environment", environment)?))]);
    entities.push(Entity::new(resource.clone(), of, HashSet::new())?);
    let context = context(question)?;
    // Twice the same role is one entity.
    let mut seen = HashSet::new();
    entities.retain(|entity| seen.insert(entity.uid()));
    Ok((Request::new(principal, verb, resource, context, None)?, Entities::from_entities(entities, None)?))
}

fn context(question: &Question<'_>) -> Put<Context> {
    let under = question.under;
    let flags = [("break_glass", under.break_glass), ("incident", under.incident), ("drill", under.drill), ("on_call", under.on_call)];
    let mut pairs: Vec<(String, Value)> = flags.map(|(name, so)| (name.to_owned(), Value::new_bool(so))).to_vec();
    if let Some(roles) = question.quorum {
        let roles = roles.iter().map(|role| uid("Role", role).map(Value::new_entity_uid)).collect::<Put<Vec<_>>>()?;
        pairs.push(("quorum".to_owned(), Value::new_set(roles)));
    }
    Ok(Context::from_pairs(pairs)?)
}

/// The verb and the groups that it is in, as the schema has them; a test compares.
pub(super) fn action(verb: Verb) -> Put<Vec<Entity>> {
    let (change, destroy) = (uid("Action", "change")?, uid("Action", "destroy")?);
    let groups = [(verb.changes(), &change), (verb.is_destructive(), &destroy)];
    let parents = groups.into_iter().filter(|(is_in, _)| *is_in).map(|(_, group)| group.clone()).collect();
    let itself = Entity::new(uid("Action", &verb.to_string())?, HashMap::new(), parents)?;
    let destroy = Entity::new(destroy, HashMap::new(), HashSet::from([change.clone()]))?;
    Ok(vec![itself, destroy, Entity::with_uid(change)])
}

fn person_entity(plan: &Plan, name: &str, person: &Person, profile: Option<(&Profile, bool)>) -> Put<Entity> {
    let mut may = Vec::new();
    for verb in Verb::ALL {
        let granted = plan.grants(person).filter(|grant| grant.verbs.contains(&verb)).flat_map(|grant| &grant.environments);
        let places = granted.map(|place| uid("Environment", place).map(Value::new_entity_uid)).collect::<Put<Vec<_>>>()?;
        may.push((verb.to_string(), Value::new_set(places)));
    }
    let mark = |is: fn(&Profile) -> bool| profile.is_some_and(|(profile, _)| is(profile));
    let marks = [
        ("deactivated", mark(|profile| profile.deleted)),
        ("guest", mark(|profile| profile.restricted || profile.ultra_restricted)),
        ("bot", mark(|profile| profile.bot)),
        ("foreign", profile.is_some_and(|(profile, foreign)| foreign || profile.stranger)),
        ("unconfirmed", mark(|profile| profile.email_unconfirmed)),
    ];
    let account = Value::new_record(marks.map(|(mark, set)| (mark.to_owned(), Value::new_bool(set))))?;
    let attributes = HashMap::from([("may".to_owned(), Value::new_record(may)?), ("account".to_owned(), account)]);
    let roles = person.roles.iter().map(|role| uid("Role", role)).collect::<Put<HashSet<_>>>()?;
    Ok(Entity::new(uid("Person", name)?, attributes, roles)?)
}

fn order_entity(order: &OrderFacts<'_>) -> Put<Entity> {
    let services = order.services.iter().map(|name| uid("Service", name).map(Value::new_entity_uid)).collect::<Put<Vec<_>>>()?;
    let attributes = HashMap::from([
        ("verb".to_owned(), Value::new_string(order.verb.to_string())),
        ("services".to_owned(), Value::new_set(services)),
        ("approved".to_owned(), Value::new_bool(order.approved)),
        ("expired".to_owned(), Value::new_bool(order.expired)),
        ("conditions_hold".to_owned(), Value::new_bool(order.conditions_hold)),
    ]);
    Ok(Entity::new(uid("Order", order.name)?, attributes, HashSet::new())?)
}

fn target_uid(kind: TargetKind, name: &str) -> Put<EntityUid> {
    uid(
        match kind {
            TargetKind::Database => "Database",
            TargetKind::Service => "Service",
        },
        name,
    )
}

thread_local! {
    /// The types of what policies speak of: Cedar reads a name anew each time, and a question names dozens of things of seven types.
    static TYPES: RefCell<HashMap<&'static str, EntityTypeName>> = RefCell::default();
}

pub(super) fn uid(kind: &'static str, name: &str) -> Put<EntityUid> {
    let known = TYPES.with_borrow(|types| types.get(kind).cloned());
    let kind = match known {
        Some(known) => known,
        None => {
            let read = EntityTypeName::from_str(&format!("Mayday::{kind}"))?;
            TYPES.with_borrow_mut(|types| types.insert(kind, read.clone()));
            read
        }
    };
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(name)))
}
