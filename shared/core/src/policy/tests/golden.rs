//! The policies against what they mean, said a second time in plain code: every combination, not a sample.

use crate::{
    ident::Identity,
    plan::{Grant, Person, Plan, Role, load},
    policy::{
        Ask, Circumstances, On, Verb,
        authorize::rule,
        engine::{check_own, decide},
        question::{OrderFacts, Principal, Question, Ruling},
    },
    port::Profile,
    proposal::{Target, TargetKind},
};

const DEMO: &str = include_str!("../../../../../plans/demo.yaml");
const PLACES: [&str; 3] = ["production", "staging", "*"];

/// The demonstration's plan, in which one person has one role with these grants.
fn plan_of(grants: Vec<Grant>) -> Plan {
    let mut plan = load(DEMO).unwrap();
    let person = Person { roles: vec!["only".to_owned()], ..plan.people["ana"].clone() };
    plan.people = [("ana".to_owned(), person)].into();
    plan.roles = [("only".to_owned(), Role { may: grants })].into();
    plan
}

fn allowed(plan: &Plan, verb: Verb, on: On<'_>, under: Circumstances) -> bool {
    let ask = Ask { verb, on: Some(on), under };
    matches!(rule(plan, ("ana", &plan.people["ana"], None), &ask, None).unwrap(), Ruling::Allowed(_))
}

/// What a grant means.
fn gives(grant: &Grant, verb: Verb, place: &str) -> bool {
    let named = grant.environments.iter().any(|named| named == place && named != "*");
    let wild = grant.environments.iter().any(|named| named == "*");
    grant.verbs.contains(&verb) && (named || (wild && verb == Verb::Look))
}

/// Each set of places, beside each verb granted and each verb asked for, in each place.
#[test]
fn c1_c12_a_grant_gives_its_verbs_in_its_places_and_nothing_else() {
    let sets = (0..8_u8).map(|bits| -> Vec<String> {
        PLACES.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, place)| (*place).to_owned()).collect()
    });
    for environments in sets {
        for granted in Verb::ALL {
            let plan = plan_of(vec![Grant { verbs: vec![granted], environments: environments.clone() }]);
            let grant = &plan.roles["only"].may[0];
            for verb in Verb::ALL {
                for place in ["production", "staging", "elsewhere"] {
                    let target = |kind| Target { kind, name: "x".to_owned(), environment: place.to_owned(), region: "r".to_owned() };
                    let (database, service) = (target(TargetKind::Database), target(TargetKind::Service));
                    for on in [On::Environment(place), On::Target(&database), On::Target(&service)] {
                        let expected = gives(grant, verb, place);
                        assert_eq!(
                            allowed(&plan, verb, on, Circumstances::default()),
                            expected,
                            "{granted} in {environments:?}: {verb} {on:?}"
                        );
                    }
                }
                let anywhere = Ask { verb, on: None, under: Circumstances::default() };
                let ruled = rule(&plan, ("ana", &plan.people["ana"], None), &anywhere, None).unwrap();
                assert_eq!(
                    matches!(ruled, Ruling::Allowed(_)),
                    gives(grant, verb, "production"),
                    "anywhere is where the plan has something"
                );
            }
        }
    }
}

#[test]
fn c1_an_empty_list_means_nobody() {
    let nothing: [Vec<Grant>; 3] = [
        vec![],
        vec![Grant { verbs: vec![], environments: vec!["production".to_owned(), "*".to_owned()] }],
        vec![Grant { verbs: Verb::ALL.to_vec(), environments: vec![] }],
    ];
    for grants in nothing {
        let mut plan = plan_of(grants);
        for roles in [vec!["only".to_owned()], vec![]] {
            plan.people.get_mut("ana").unwrap().roles = roles;
            for verb in Verb::ALL {
                assert!(!allowed(&plan, verb, On::Environment("production"), Circumstances::default()), "{verb}");
            }
        }
    }
}

/// Even a plan that was not checked gives nobody a change by a wildcard.
#[test]
fn c1_a_wildcard_gives_nobody_what_changes_anything() {
    let plan = plan_of(vec![Grant { verbs: Verb::ALL.to_vec(), environments: vec!["*".to_owned()] }]);
    for verb in Verb::ALL {
        for place in ["production", "*"] {
            assert_eq!(allowed(&plan, verb, On::Environment(place), Circumstances::default()), verb == Verb::Look, "{verb} in {place}");
        }
    }
}

#[test]
fn c4_c5_each_mark_of_an_account_alone_denies_every_verb() {
    type Mark = fn(&mut Profile);
    let marks: [(&str, Mark, bool); 8] = [
        ("in order", |_| {}, false),
        ("deactivated", |profile| profile.deleted = true, false),
        ("guest", |profile| profile.restricted = true, false),
        ("guest", |profile| profile.ultra_restricted = true, false),
        ("foreign", |profile| profile.stranger = true, false),
        ("foreign", |_| {}, true),
        ("bot", |profile| profile.bot = true, false),
        ("unconfirmed", |profile| profile.email_unconfirmed = true, false),
    ];
    let plan = plan_of(vec![Grant { verbs: Verb::ALL.to_vec(), environments: vec!["production".to_owned()] }]);
    for (mark, set, foreign) in marks {
        let mut profile = Profile::default();
        set(&mut profile);
        for verb in Verb::ALL {
            for break_glass in [false, true] {
                let under = Circumstances { break_glass, ..Circumstances::default() };
                let ask = Ask { verb, on: Some(On::Environment("production")), under };
                let ruled = rule(&plan, ("ana", &plan.people["ana"], Some((&profile, foreign))), &ask, None).unwrap();
                match ruled {
                    Ruling::Allowed(_) => assert_eq!(mark, "in order", "{verb}"),
                    Ruling::Denied(because) => assert_eq!(because[0].policy, format!("account-{mark}"), "{verb}"),
                }
            }
        }
    }
}

#[test]
fn c1_an_approval_counts_only_by_a_role_that_was_asked() {
    let plan = plan_of(vec![Grant { verbs: vec![Verb::Approve], environments: vec!["production".to_owned()] }]);
    let ask = Ask { verb: Verb::Approve, on: Some(On::Environment("production")), under: Circumstances::default() };
    for (roles, counts) in [(vec![], false), (vec!["other"], false), (vec!["only"], true), (vec!["other", "only"], true)] {
        let roles: Vec<String> = roles.into_iter().map(str::to_owned).collect();
        let ruled = rule(&plan, ("ana", &plan.people["ana"], None), &ask, Some(&roles)).unwrap();
        assert_eq!(matches!(ruled, Ruling::Allowed(_)), counts, "{roles:?}");
    }
}

/// Breaking the glass lets those who may look ask for what saves data and service; it deletes nothing and approves nothing.
#[test]
fn c14_breaking_the_glass_lets_people_of_the_plan_ask_and_nothing_else() {
    let looks = |places: &[&str]| {
        plan_of(vec![Grant { verbs: vec![Verb::Look], environments: places.iter().map(|place| (*place).to_owned()).collect() }])
    };
    let under = Circumstances { break_glass: true, ..Circumstances::default() };
    for (plan, sees) in [(looks(&["production"]), true), (looks(&["*"]), true), (looks(&["staging"]), false), (looks(&[]), false)] {
        for verb in Verb::ALL {
            let opens = matches!(verb, Verb::Restore | Verb::Failover | Verb::Run | Verb::Look);
            assert_eq!(allowed(&plan, verb, On::Environment("production"), under), opens && sees, "{verb}");
        }
    }
}

fn order(verb: Verb, change: impl FnOnce(&mut OrderFacts<'_>)) -> Ruling {
    let plan = load(DEMO).unwrap();
    let services = ["shop".to_owned()];
    let mut facts = OrderFacts { name: "auto", verb, services: &services, approved: true, expired: false, conditions_hold: true };
    change(&mut facts);
    let target =
        Target { kind: TargetKind::Service, name: "shop".to_owned(), environment: "production".to_owned(), region: "r".to_owned() };
    let question =
        Question { principal: Principal::Order(&facts), verb, on: On::Target(&target), under: Circumstances::default(), quorum: None };
    decide(&plan, &question).unwrap()
}

#[test]
fn d16_a_standing_order_fails_over_while_all_that_it_asks_for_is_so_and_does_nothing_else() {
    for verb in Verb::ALL {
        assert_eq!(matches!(order(verb, |_| {}), Ruling::Allowed(_)), verb == Verb::Failover, "{verb}");
    }
    type Change = fn(&mut OrderFacts<'_>);
    let changes: [Change; 4] =
        [|facts| facts.approved = false, |facts| facts.expired = true, |facts| facts.conditions_hold = false, |facts| facts.services = &[]];
    for change in changes {
        assert!(matches!(order(Verb::Failover, change), Ruling::Denied(_)));
    }
}

fn with_policy(text: &str) -> Plan {
    let grants = vec![Grant { verbs: Verb::ALL.to_vec(), environments: vec!["production".to_owned()] }];
    Plan { policies: [("freeze".to_owned(), text.to_owned())].into(), ..plan_of(grants) }
}

#[test]
fn a_plan_s_own_policy_takes_away() {
    let plan = with_policy(
        r#"@because("Nothing fails over in December.")
        forbid (principal, action == Mayday::Action::"failover", resource) unless { context.incident };"#,
    );
    assert_eq!(check_own(&plan), []);
    let calm = Circumstances::default();
    assert!(!allowed(&plan, Verb::Failover, On::Environment("production"), calm));
    assert!(allowed(&plan, Verb::Failover, On::Environment("production"), Circumstances { incident: true, ..calm }));
    assert!(allowed(&plan, Verb::Restore, On::Environment("production"), calm));
}

/// Whoever is denied is told by which: the first by the name that it has in the plan, those after it by their number too.
#[test]
fn a_plan_s_own_policies_are_told_apart() {
    let one = r#"forbid (principal, action == Mayday::Action::"failover", resource);"#;
    let plan = with_policy(&[one, one, one].concat());
    let ask = Ask { verb: Verb::Failover, on: Some(On::Environment("production")), under: Circumstances::default() };
    let Ruling::Denied(by) = rule(&plan, ("ana", &plan.people["ana"], None), &ask, None).unwrap() else { panic!("it was allowed") };
    let mut names: Vec<String> = by.into_iter().map(|because| because.policy).collect();
    names.sort();
    assert_eq!(names, ["plan:freeze", "plan:freeze.1", "plan:freeze.2"]);
}

/// The demonstration's rotation: ana from Monday 5 January 2026 at nine, a week later bob.
#[test]
fn a_policy_knows_who_is_on_call() {
    let plan = load(DEMO).unwrap();
    let identity = |name: &str| Identity { org: "T1".to_owned(), user: plan.people[name].slack.clone() };
    let known = Circumstances { incident: true, ..Circumstances::default() };
    for (day, who) in [("2026-01-07T12:00:00Z", "ana"), ("2026-01-14T12:00:00Z", "bob")] {
        for name in ["ana", "bob", "carol"] {
            let found = known.with_on_call(&plan, &identity(name), day.parse().unwrap());
            assert_eq!(found, Circumstances { on_call: name == who, ..known }, "{name} on {day}");
        }
    }
}

#[test]
fn a_plan_s_own_policy_can_not_give_and_must_mean_something() {
    let wrong = [
        ("permit (principal, action, resource);", "can only forbid"),
        ("forbid (principal, action, resource); permit (principal, action, resource);", "can only forbid"),
        ("", "no policy"),
        ("forbid (principal, action == Mayday::Action::\"restroe\", resource);", "restroe"),
        ("forbid (principal, action, resource) when { context.moon };", "moon"),
        ("forbid (principal, action, resource) when { resource.environment == \"production\" };", ""),
        ("forbid (principal == ?principal, action, resource);", "slot"),
        ("forbid (principal, action, resource) when { 1 == 2 };", ""),
        ("forbid (", ""),
    ];
    for (text, expected) in wrong {
        let found = check_own(&with_policy(text));
        assert_eq!(found.len(), 1, "{text}");
        assert!(found[0].1.contains(expected), "{text}: {}", found[0].1);
    }
    // One that was never checked is not passed over either.
    let ask = Ask { verb: Verb::Look, on: Some(On::Environment("production")), under: Circumstances::default() };
    let plan = with_policy("forbid (");
    assert!(rule(&plan, ("ana", &plan.people["ana"], None), &ask, None).is_err());
    let plan = with_policy("forbid (principal, action, resource) when { context.moon };");
    assert!(rule(&plan, ("ana", &plan.people["ana"], None), &ask, None).is_err());
}
