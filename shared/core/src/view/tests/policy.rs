use super::read;
use crate::{
    failure::CallError,
    ident::Identity,
    plan::{Plan, load},
    policy::{self, Ask, Circumstances, On, Verb, explain},
    port::{Directory, Profile},
    view,
};

const DEMO: &str = include_str!("../../../../../plans/demo.yaml");

/// A workspace in which everybody's account is in order, or nobody can be looked up.
struct Everybody(bool);

#[async_trait::async_trait]
impl Directory for Everybody {
    async fn profile(&self, user: &str) -> Result<Option<Profile>, CallError> {
        let profile = Profile { user: user.to_owned(), team: "T0MAYDAY01".to_owned(), ..Profile::default() };
        if self.0 { Ok(Some(profile)) } else { Err(CallError::Unknown { why: "down".to_owned() }) }
    }
}

fn identity(user: &str) -> Identity {
    Identity { org: "T0MAYDAY01".to_owned(), user: user.to_owned() }
}

async fn can(plan: &Plan, who: &str, verb: Verb, target: Option<(&str, &str)>, up: bool) -> String {
    let ask = Ask { verb, on: target.map(|(_, environment)| On::Environment(environment)), under: Circumstances::default() };
    let told = explain(plan, &Everybody(up), &identity(who), (&ask, target.map(|(name, _)| name))).await.unwrap();
    read(&view::can_answer(&told, &identity("U0ANA00001")))
}
