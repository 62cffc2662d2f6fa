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

/// A workspace in which everybody's account is in order, or deactivated, or can't be looked up.
enum Workspace {
    Well,
    Deactivated,
    Down,
}

#[async_trait::async_trait]
impl Directory for Workspace {
    async fn profile(&self, user: &str) -> Result<Option<Profile>, CallError> {
        let deleted = match self {
            Self::Well => false,
            Self::Deactivated => true,
            Self::Down => return Err(CallError::Unknown { why: "down".to_owned() }),
        };
        Ok(Some(Profile { user: user.to_owned(), team: "T0MAYDAY01".to_owned(), deleted, ..Profile::default() }))
    }
}

/// The people and grants of the demonstration, as they are here whatever becomes of it.
fn plan() -> Plan {
    let plan = load(DEMO).unwrap();
    let small = r#"{"schema": 1, "organization": "Example", "slack": {"organization": "T0MAYDAY01", "channel": "C0RECOVERY"},
        "people": {"ana": {"slack": "U0ANA00001", "roles": ["responder"]}, "bob": {"slack": "U0BOB00001", "roles": ["responder", "dba"]},
            "carol": {"slack": "U0CAROL001", "roles": ["dba"]}, "dave": {"slack": "U0DAVE0001", "roles": ["observer"]}},
        "roles": {"observer": {"may": [{"verbs": ["look"], "environments": ["*"]}]},
            "responder": {"may": [{"verbs": ["look"], "environments": ["*"]}, {"verbs": ["backup", "restore"], "environments": ["production"]}]},
            "dba": {"may": [{"verbs": ["look"], "environments": ["*"]}, {"verbs": ["approve"], "environments": ["production"]}]}},
        "approvals": {"destructive": {"needed": 1, "roles": ["dba"], "within": "30m"}}}"#;
    Plan { databases: plan.databases, ..serde_json::from_str(small).unwrap() }
}

fn identity(user: &str) -> Identity {
    Identity { org: "T0MAYDAY01".to_owned(), user: user.to_owned() }
}

async fn can(who: &str, verb: Verb, workspace: &Workspace) -> String {
    let ask = Ask { verb, on: Some(On::Environment("production")), under: Circumstances::default() };
    let told = explain(&plan(), workspace, &identity(who), (&ask, Some("inventory"))).await.unwrap();
    read(&view::can_answer(&told, &identity("U0ANA00001")))
}

#[tokio::test]
async fn can_says_yes_by_which_role_and_who_must_approve() {
    insta::assert_snapshot!(can("U0ANA00001", Verb::Restore, &Workspace::Well).await, @r#"
    (✅ Yes. You may restore `inventory` (production), by the role responder.)
    ✅ Yes. You may restore `inventory` (production), by the role responder.

    It needs the approval of one other person (dba) within 30m: could be <@U0BOB00001>, <@U0CAROL001>.
    "#);
}

#[tokio::test]
async fn can_says_no_and_what_would_unlock_it() {
    insta::assert_snapshot!(can("U0DAVE0001", Verb::Restore, &Workspace::Well).await, @r#"
    (❌ No. <@U0DAVE0001> may not restore `inventory` (production), with the role observer.)
    ❌ No. <@U0DAVE0001> may not restore `inventory` (production), with the role observer.

    It needs the approval of one other person (dba) within 30m: could be <@U0BOB00001>, <@U0CAROL001>.
    The role responder would give it. Whoever maintains the plan can assign it.
    Who may: <@U0ANA00001>, <@U0BOB00001>.
    In an emergency: `/dr breakglass restore … --reason "…"`. It needs a reason, two others must approve it within 15 minutes, and everybody on call is told.
    "#);
    insta::assert_snapshot!(can("U0EVE00001", Verb::Backup, &Workspace::Well).await, @r#"
    (❌ No. <@U0EVE00001> is not in the plan.)
    ❌ No. <@U0EVE00001> is not in the plan.

    The role responder would give it. Whoever maintains the plan can assign it.
    Who may: <@U0ANA00001>, <@U0BOB00001>.
    "#);
}

#[tokio::test]
async fn c9_can_says_that_an_account_does_not_count_or_can_not_be_looked_up() {
    insta::assert_snapshot!(can("U0BOB00001", Verb::Restore, &Workspace::Deactivated).await, @r#"
    (❌ No. The plan says yes, but their Slack account is deactivated.)
    ❌ No. The plan says yes, but their Slack account is deactivated.

    It needs the approval of one other person (dba) within 30m: could be <@U0CAROL001>.
    Who may: <@U0ANA00001>, <@U0BOB00001>.
    "#);
    insta::assert_snapshot!(can("U0BOB00001", Verb::Restore, &Workspace::Down).await, @r#"
    (❔ The plan says yes, but Slack can't be asked about their account now.)
    ❔ The plan says yes, but Slack can't be asked about their account now.

    It needs the approval of one other person (dba) within 30m: could be <@U0CAROL001>.
    "#);
}

#[test]
fn whoami_says_what_you_may_and_what_your_approval_counts_for() {
    let plan = plan();
    let myself = |name: &str, account| view::Myself {
        who: identity(&plan.people[name].slack),
        name: name.to_owned(),
        roles: plan.people[name].roles.clone(),
        account,
        may: policy::person_may(&plan, name, &plan.people[name]),
        counts_for: policy::counts_for(&plan, name, &plan.people[name]),
        on_call: name == "bob",
        rotations: vec![],
    };
    insta::assert_snapshot!(read(&view::whoami(&myself("bob", Some(None)))), @r#"
    (You are `bob` (<@U0BOB00001>) in the plan, with the roles responder, dba.)
    You are `bob` (<@U0BOB00001>) in the plan, with the roles responder, dba.

    ~ ✅ Your Slack account is in order.
    *You may*
    • look in production
    • back up in production
    • restore in production
    • approve in production

    Your approval counts for what replaces or deletes in production; never for what you asked for yourself.
    🔔 You are on call now.

    ~ `/dr can restore NAME` explains one of them.
    "#);
    insta::assert_snapshot!(read(&view::whoami(&myself("dave", None))), @r#"
    (You are `dave` (<@U0DAVE0001>) in the plan, with the role observer.)
    You are `dave` (<@U0DAVE0001>) in the plan, with the role observer.

    ~ ❔ Slack can't be asked about your account now: until then you can only look.
    *You may*
    • look in production

    Your approval counts for nothing.
    You are in no on-call rotation.

    ~ `/dr can restore NAME` explains one of them.
    "#);
    insta::assert_snapshot!(read(&view::whoami_stranger(&identity("U0EVE00001"))), @r#"(You are not in this organization's recovery plan, so you can do nothing here. Whoever maintains it can add you by your user id `U0EVE00001` of `T0MAYDAY01`.)"#);
}

#[test]
fn c14_broken_glass_is_told_to_everybody() {
    let proposal = policy::break_glass(&two_approvers(), super::sample::restore(), super::sample::restore().asked_at).unwrap();
    insta::assert_snapshot!(read(&view::glass_broken(&proposal, &[identity("U0CAROL001")])), @r#"
    (🚨 <@U0ANA00001> has broken the glass: BREAK-GLASS: Restore inventory to 2026-11-22 14:02:00 UTC. 2 others must approve it until 2026-11-22 (14:23:40 UTC).)
    🚨 <@U0ANA00001> has broken the glass: BREAK-GLASS: Restore inventory to 2026-11-22 14:02:00 UTC. 2 others must approve it until 2026-11-22 (14:23:40 UTC).
    Why: a migration emptied the items table
    On call: <@U0CAROL001>.
    "#);
}

fn two_approvers() -> Plan {
    let mut plan = plan();
    plan.people.get_mut("dave").unwrap().roles.push("dba".to_owned());
    plan
}
