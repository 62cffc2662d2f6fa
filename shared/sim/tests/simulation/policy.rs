//! Who may what, by every door; broken glass; standing orders; and permits against somebody who forges records.

use std::sync::Arc;

use mayday_core::{
    action::Act,
    approval::{Approval, State as Decided},
    command::{SLASH, Verb},
    desk::Request,
    ident::{Actor, Identity, ProposalId, RunId, StepId},
    plan,
    policy::{self, Authority, Withheld},
    port::{Answer, ViewId},
    probe::{self, Watch},
    proposal::{PlannedStep, Proposal, Right, Target, TargetKind},
    run::{Lock, Run},
    store::{Kept, Store},
};
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{MINUTE, SECOND},
    setting,
    state::Follows,
    story::click,
    trace::Port,
};

use crate::{approved, asked, nothing_done, stuck_at, succeeded};

/// The plan with Eve in it, who may look everywhere and nothing else.
fn with_observer() -> String {
    setting::plan(1)
        .replace("  dora: {", "  eve: { slack: U0EVE, roles: [observer] }\n  dora: {")
        .replace("roles:\n  responder:", "roles:\n  observer:\n    may: [{ verbs: [look], environments: [\"*\"] }]\n  responder:")
}

/// What anybody may type, in the plan or not: what it says of them is that they may nothing.
const FOR_ALL: [&str; 2] = ["help", "whoami"];

/// Every verb there is, as its help shows it.
fn commands() -> impl Iterator<Item = (Verb, &'static str)> {
    let all = Verb::ALL.iter().filter(|verb| !FOR_ALL.contains(&verb.name()));
    all.flat_map(|verb| verb.examples().iter().map(|(typed, _)| (*verb, *typed)))
}

/// Each verb by each door: typed in a channel, typed into a form, pressed as a button that stands for a command.
#[test]
fn c2_c3_a_stranger_may_nothing_by_any_verb_and_any_door() {
    let mut sim = Sim::new(2);
    let mut tried = 0;
    for (verb, typed) in commands() {
        let typed_into_form = Request::Submit {
            callback: "ask".to_owned(),
            reference: String::new(),
            values: [("command".to_owned(), format!("{SLASH} {typed}"))].into(),
            view: ViewId(format!("V-{tried}")),
        };
        let button = click(&format!("open_{}", verb.name()), typed, None);
        for door in [Request::Command(typed.to_owned()), typed_into_form, button] {
            let mut eve = sim.as_("eve");
            let answer = eve.says(door.clone());
            assert!(!answer.contains("Something broke"), "{typed} by {door:?}: {answer}");
            tried += 1;
        }
        assert!(sim.proposal().is_none(), "{typed}");
        assert_eq!(sim.see(|state| state.records::<mayday_core::page::Page>().len()), 0, "{typed}");
    }
    nothing_done(&sim);
    assert!(tried > 60, "{tried}");
    // The forms that other verbs open, sent without having been opened.
    for callback in ["restore", "backup", "failover", "failback", "page", "approval_phrase", "order_phrase"] {
        let form = Request::Submit {
            callback: callback.to_owned(),
            reference: "p-none".to_owned(),
            values: [("database", "orders"), ("point", "by-moment"), ("service", "orders"), ("phrase", "x"), ("why", "x")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            view: ViewId(format!("W-{callback}")),
        };
        sim.as_("eve").says(form);
    }
    assert!(sim.proposal().is_none());
    nothing_done(&sim);
}

#[test]
fn c6_the_same_user_id_in_another_organization_is_somebody_else() {
    let (mut sim, proposal) = asked(6);
    for org in ["T0OTHER", "E0MAYDAY", ""] {
        for typed in ["restore orders --latest", "status", "can restore orders"] {
            let answer = sim.as_("ana").of(org).types(typed);
            assert!(answer.contains("not in this organization"), "{org} {typed}: {answer}");
        }
        sim.as_("ben").of(org).approves(&proposal);
    }
    assert_eq!(sim.approval(&proposal).unwrap().votes, vec![]);
}

#[test]
fn c8_a_name_is_nobody_whatever_it_says() {
    let (mut sim, proposal) = asked(8);
    sim.profile("U0EVE", |profile| profile.name = "ben".to_owned());
    let answer = sim.as_("eve").approves(&proposal);
    assert!(answer.contains("not in this organization"), "{answer}");
    for typed in ["can @ben restore orders", "can <#C0RECOVERY|ben> restore orders", "can <!subteam^S1|ben> restore"] {
        let answer = sim.as_("ana").types(typed);
        assert!(answer.contains("pick the person"), "{typed}: {answer}");
    }
    let answer = sim.as_("ana").types("can ben restore orders");
    assert!(answer.contains("no verb"), "a short name is not looked up either: {answer}");
    let answer = sim.as_("ana").types("can <@U0EVE|ben> restore orders");
    assert!(answer.contains("is not in the plan"), "the id counts, not the label: {answer}");
    assert_eq!(sim.approval(&proposal).unwrap().state, Decided::Pending);
}

#[test]
fn c10_whoever_asked_and_may_not_ask_any_more_stops_it() {
    let (mut sim, _) = approved(10);
    let without = setting::plan(1).replace("ana: { slack: U0ANA, roles: [responder] }", "ana: { slack: U0ANA, roles: [] }");
    sim.put_plan(&without);
    assert_eq!(stuck_at(&mut sim), "restore");
    nothing_done(&sim);
    assert!(sim.shows("may not any more"), "people are told why");
}

#[test]
fn c10_an_account_that_is_deactivated_after_asking_stops_it() {
    let (mut sim, _) = approved(11);
    sim.profile("U0ANA", |profile| profile.deleted = true);
    assert_eq!(stuck_at(&mut sim), "restore");
    nothing_done(&sim);
}

/// Eve is in the channel, sees the card and its phrase; so does Ana's colleague who may look only.
#[test]
fn c11_being_in_the_channel_gives_nobody_a_vote() {
    for plan in [setting::plan(1), with_observer()] {
        let (mut sim, proposal) = asked(11);
        sim.put_plan(&plan);
        sim.profile("U0EVE", |profile| profile.name = "admin".to_owned());
        for action in ["approve", "deny", "cancel"] {
            sim.as_("eve").clicks(action, proposal.id.as_str());
        }
        sim.as_("eve").approves(&proposal);
        let approval = sim.approval(&proposal).unwrap();
        assert_eq!((approval.state, approval.votes), (Decided::Pending, vec![]));
        assert!(sim.audited("click.refused") >= 3 && sim.audited("form.refused") >= 1, "it is written down");
        nothing_done(&sim);
    }
}

#[test]
fn c12_can_and_whoami_say_what_the_policy_does() {
    let mut sim = Sim::new(12);
    let answer = sim.as_("dora").types("can restore inventory");
    assert!(answer.contains("Yes") && answer.contains("trainee"), "{answer}");
    let answer = sim.as_("dora").types("can restore orders");
    assert!(answer.contains("No.") && answer.contains("U0ANA"), "who may is named: {answer}");
    let answer = sim.as_("dora").types("restore orders --latest");
    assert!(answer.contains("You may not restore in production: your roles are trainee."), "{answer}");
    assert!(answer.contains("These people may: ana, ben, cleo."), "{answer}");
    let answer = sim.as_("ana").types("can <@U0DORA> approve orders");
    assert!(answer.contains("No."), "{answer}");
    let answer = sim.as_("dora").types("whoami");
    assert!(answer.contains("trainee") && answer.contains("staging") && !answer.contains("production"), "{answer}");
    let answer = sim.as_("eve").types("whoami");
    assert!(answer.contains("U0EVE") && answer.contains("not in this organization"), "{answer}");
    let answer = sim.as_("ana").types("can restore oders");
    assert!(answer.contains("orders"), "the nearest name: {answer}");
    nothing_done(&sim);
}

#[test]
fn c13_without_the_directory_a_look_goes_by_what_was_lately_known_and_nothing_else_does() {
    let mut sim = Sim::new(13);
    sim.as_("ana").types("runs");
    let down = || Faults::rule(|call| if call.port == Port::Directory { Fate::NotNow } else { Fate::Well });
    sim.set_faults(down());
    sim.run_for(14 * MINUTE);
    let answer = sim.as_("ana").types("runs");
    assert!(!answer.contains("Something broke"), "known 14 minutes ago: {answer}");
    let answer = sim.as_("ben").types("runs");
    assert!(answer.contains("Something broke"), "never seen: {answer}");
    for typed in ["backup orders", "restore orders --latest", "breakglass restore orders --latest --reason fire"] {
        let answer = sim.as_("ana").types(typed);
        assert!(answer.contains("Something broke"), "{typed} is neither done nor refused: {answer}");
    }
    sim.run_for(2 * MINUTE);
    let answer = sim.as_("ana").types("runs");
    assert!(answer.contains("Something broke"), "16 minutes are too long: {answer}");
    assert!(sim.proposal().is_none());

    // What is remembered is what the workspace said, a deactivation too.
    sim.set_faults(Faults::Never);
    sim.profile("U0ANA", |profile| profile.deleted = true);
    let answer = sim.as_("ana").types("runs");
    assert!(answer.contains("deactivated"), "{answer}");
    sim.set_faults(down());
    let answer = sim.as_("ana").types("runs");
    assert!(answer.contains("deactivated"), "{answer}");
}

const BREAK: &str = "breakglass restore orders --at 2026-11-22T11:49:30Z";

#[test]
fn c14_broken_glass_needs_a_reason_and_two_others_and_everybody_is_told() {
    let mut sim = Sim::new(14);
    sim.ticks();
    sim.put_plan(&with_observer());
    let answer = sim.as_("eve").types("restore orders --at 2026-11-22T11:49:30Z --reason fire");
    assert!(answer.contains("You may not restore"), "{answer}");
    let answer = sim.as_("eve").types(BREAK);
    assert!(answer.contains("says why") && sim.proposal().is_none(), "{answer}");

    sim.as_("eve").types(&format!("{BREAK} --reason \"nobody who may is awake\""));
    let proposal = sim.proposal().expect("a proposal");
    let quorum = proposal.quorum.clone().unwrap();
    assert_eq!((&proposal.right, quorum.needed), (&Right::BreakGlass, 2));
    assert!(proposal.expires_at.duration_since(proposal.asked_at).as_secs() <= 15 * 60);
    assert!(proposal.title.starts_with("BREAK-GLASS") && sim.shows("BREAK-GLASS") && sim.shows("has broken the glass"));
    assert_eq!(sim.see(|state| state.records::<mayday_core::page::Page>().len()), 1, "everybody is paged");

    let answer = sim.as_("eve").approves(&proposal);
    assert!(answer.contains("does not count"), "{answer}");
    sim.as_("ben").approves(&proposal);
    sim.as_("ben").approves(&proposal);
    assert_eq!(sim.approval(&proposal).unwrap().votes.len(), 1);
    nothing_done(&sim);
    sim.as_("cleo").approves(&proposal);
    assert!(matches!(sim.approval(&proposal).unwrap().state, Decided::Approved { .. }));
    succeeded(&mut sim);
    let made = sim.see(|state| {
        let entries = state.records::<mayday_core::audit::Entry>();
        entries.into_iter().find(|entry| entry.event.what == "proposal.made").map(|entry| entry.event.detail)
    });
    assert_eq!(made.unwrap()["right"], "break_glass", "the audit says so");
}

#[test]
fn c14_broken_glass_is_over_after_fifteen_minutes_and_opens_nothing_else() {
    let mut sim = Sim::new(15);
    sim.ticks();
    sim.put_plan(&with_observer());
    for typed in ["breakglass backup orders --reason fire", "breakglass status", "breakglass breakglass status", "breakglass cancel r-1"] {
        let answer = sim.as_("eve").types(typed);
        assert!(sim.proposal().is_none() && !answer.contains("Something broke"), "{typed}: {answer}");
    }
    // Dora sees nothing of production, so there is no glass for her to break.
    let answer = sim.as_("dora").types(&format!("{BREAK} --reason fire"));
    assert!(answer.contains("You may not"), "{answer}");
    sim.as_("eve").types(&format!("{BREAK} --reason fire"));
    let proposal = sim.proposal().unwrap();
    sim.as_("ben").approves(&proposal);
    sim.run_for(17 * MINUTE);
    sim.as_("cleo").approves(&proposal);
    assert_eq!(sim.approval(&proposal).unwrap().state, Decided::Expired);
    assert!(sim.run().is_none());
    nothing_done(&sim);
}

#[test]
fn c14_where_two_others_do_not_count_the_glass_can_not_be_broken() {
    let mut sim = Sim::new(16);
    sim.put_plan(&with_observer().replace("cleo: { slack: U0CLEO, roles: [approver] }", "cleo: { slack: U0CLEO, roles: [] }"));
    let answer = sim.as_("eve").types(&format!("{BREAK} --reason fire"));
    assert!(answer.contains("2 others") && sim.proposal().is_none(), "{answer}");
}

const ORDER: &str = "
standing_orders:
  auto:
    summary: Fail the store over when it is down
    verb: failover
    services: [store]
    conditions: [\"primary_ill && primary_ill_seconds >= 0\"]
    expires: 2027-01-01T00:00:00Z
";

const STORE: &str = "services:
  store:
    environment: production
    databases: [orders]
    probes: [{ name: front, http: { url: \"https://store.example/\" } }]
";

fn with_order() -> String {
    format!("{}{ORDER}", setting::plan(1).replacen("services:\n", STORE, 1))
}

fn order(sim: &Sim) -> policy::Standing {
    let world = sim.world();
    let plan = sim.at_once(plan::current(world.blobs.as_ref())).unwrap().unwrap().plan;
    sim.at_once(policy::orders(&world, &plan)).unwrap().unwrap().remove(0)
}

/// Ana asks, Ben approves.
fn order_approved(sim: &mut Sim) {
    let id = order(sim).id();
    let answer = sim.as_("ana").clicks("order_ask", &id);
    assert!(answer.contains("waits for approval"), "{answer}");
    let answer = sim.as_("ana").clicks("order_approve", &id);
    assert!(answer.contains("does not count"), "{answer}");
    let phrase = order(sim).phrase();
    let form = Request::Submit {
        callback: "order_phrase".to_owned(),
        reference: id,
        values: [("phrase".to_owned(), phrase)].into(),
        view: ViewId("V-order".to_owned()),
    };
    let answer = sim.as_("ben").says(form);
    assert!(answer.contains("Approved"), "{answer}");
}

#[test]
fn d16_other_words_of_a_standing_order_are_approved_by_nobody() {
    let mut sim = Sim::new(16);
    sim.put_plan(&with_order());
    let answer = sim.as_("ana").types("standing");
    assert!(answer.contains("Not approved"), "{answer}");
    order_approved(&mut sim);
    let answer = sim.as_("ana").types("standing");
    assert!(answer.contains("*Approved*"), "{answer}");
    assert!(matches!(order(&sim).approval.unwrap().state, Decided::Approved { .. }));
    let old = order(&sim).id();
    for (from, to) in [
        ("primary_ill_seconds >= 0", "true"),
        ("2027-01-01", "2028-01-01"),
        ("[store]\n    cond", "[store, shop]\n    cond"),
        ("needed: 1", "needed: 2"),
    ] {
        let changed = with_order().replace(from, to);
        assert_ne!(changed, with_order());
        sim.put_plan(&changed);
        assert_eq!(order(&sim).approval, None, "{to}");
    }
    let answer = sim.as_("ben").clicks("order_approve", &old);
    assert!(answer.contains("these words any more"), "{answer}");
}

/// A run that a standing order would give the right to, on the store, with its lock: as nothing makes it yet but a forger.
fn ordered(sim: &mut Sim) -> (Run, Proposal) {
    sim.as_("ana").types("backup orders");
    let (made, run) = (sim.proposal().unwrap(), sim.run().unwrap());
    let world = sim.world();
    let plan = sim.at_once(plan::current(world.blobs.as_ref())).unwrap().unwrap().plan;
    let target = Target { kind: TargetKind::Service, name: "store".to_owned(), ..made.target.clone() };
    let proposal = Proposal {
        verb: policy::Verb::Failover,
        plan_digest: plan.digest_for(&target, &[]).unwrap(),
        target,
        locks: vec![],
        requester: Actor::System("watch".to_owned()),
        right: Right::Order("auto".to_owned()),
        quorum: None,
        ..made
    };
    lock(sim, &proposal, &run.id);
    (Run { digest: proposal.digest().unwrap(), ..run }, proposal)
}

fn lock(sim: &Sim, proposal: &Proposal, run: &RunId) {
    let world = sim.world();
    for target in proposal.held() {
        let lock = Lock { target, run: Some(run.clone()), since: sim.now(), late_until: None, released_by: None };
        sim.at_once(Store::of(&world).create(lock)).unwrap().unwrap();
    }
}

fn permit(sim: &Sim, run: &Run, proposal: &Proposal) -> Result<Authority, String> {
    permit_for(sim, run, proposal, &proposal.steps[0])
}

fn permit_for(sim: &Sim, run: &Run, proposal: &Proposal, step: &PlannedStep) -> Result<Authority, String> {
    let world = sim.world();
    match sim.at_once(policy::permit(&world, run, proposal, step)).unwrap() {
        Ok(permit) => Ok(permit.authority().clone()),
        Err(Withheld::Forbidden(why)) => Err(why),
        Err(Withheld::Unverified(fault)) => Err(format!("unverified: {}", fault.chain())),
    }
}

/// The store's probe has said so three times.
fn seen(sim: &Sim, answer: &Answer) {
    let world = sim.world();
    let plan = sim.at_once(plan::current(world.blobs.as_ref())).unwrap().unwrap().plan;
    let question = probe::questions(&plan).into_iter().find(|question| question.owner == "store").unwrap();
    let mut watch = Watch::new(&question, sim.now()).unwrap();
    for second in [3, 2, 1] {
        watch = watch.heard(answer, sim.now().checked_sub(jiff::SignedDuration::from_secs(second)).unwrap());
    }
    let store = Store::of(&world);
    let kept: Option<Kept<Watch>> = sim.at_once(store.load(&watch.id)).unwrap().unwrap();
    match kept {
        None => drop(sim.at_once(store.create(watch)).unwrap().unwrap()),
        Some(kept) => drop(sim.at_once(store.replace(&kept, watch)).unwrap().unwrap()),
    }
}

#[test]
fn d16_a_standing_order_gives_the_right_while_all_of_it_is_so_and_is_asked_at_every_call() {
    let ill = Answer::Ill { why: "502".to_owned(), took_ms: 5 };
    let mut sim = Sim::new(161);
    sim.put_plan(&with_order());
    let (run, proposal) = ordered(&mut sim);
    assert!(permit(&sim, &run, &proposal).unwrap_err().contains("nobody has approved"));
    order_approved(&mut sim);
    assert!(permit(&sim, &run, &proposal).unwrap_err().contains("can't be measured"), "a probe that says nothing does not make it true");
    seen(&sim, &Answer::Well { note: "200".to_owned(), took_ms: 5 });
    assert!(permit(&sim, &run, &proposal).is_err());
    seen(&sim, &ill);
    let digest = order(&sim).digest;
    assert_eq!(permit(&sim, &run, &proposal), Ok(Authority::StandingOrder { name: "auto".to_owned(), digest }));

    // What somebody who writes records could try: another verb, another target, a person behind it, another order.
    type Forge = fn(&mut Proposal);
    let forgeries: [(&str, Forge); 5] = [
        ("restore", |proposal| proposal.verb = policy::Verb::Restore),
        ("retire", |proposal| proposal.verb = policy::Verb::Retire),
        ("run", |proposal| proposal.verb = policy::Verb::Run),
        ("a person", |proposal| proposal.requester = Actor::Person(Identity { org: setting::ORG.to_owned(), user: "U0ANA".to_owned() })),
        ("no order", |proposal| proposal.right = Right::Order("other".to_owned())),
    ];
    for (what, forge) in forgeries {
        let mut forged = proposal.clone();
        forge(&mut forged);
        let run = Run { digest: forged.digest().unwrap(), ..run.clone() };
        assert!(permit(&sim, &run, &forged).unwrap_err().contains("does not give the right"), "{what}");
    }

    // A failover by its title, with something else in it.
    let restore = sim.as_("ana").asks_restore().map_or_else(Vec::new, |proposal| proposal.steps);
    assert!(!restore.is_empty());
    for step in restore.into_iter().filter(|step| matches!(step.id.as_str(), "restore" | "align")) {
        let forged = Proposal { steps: proposal.steps.iter().cloned().chain([step]).collect(), ..proposal.clone() };
        let run = Run { digest: forged.digest().unwrap(), ..run.clone() };
        assert!(permit(&sim, &run, &forged).unwrap_err().contains("no part of a failover"));
    }

    // What may become of it between two calls.
    sim.profile("U0BEN", |profile| profile.deleted = true);
    assert!(permit(&sim, &run, &proposal).unwrap_err().contains("no longer counts"));
    sim.profile("U0BEN", |profile| profile.deleted = false);
    assert!(permit(&sim, &run, &proposal).is_ok());
    sim.put_plan(&with_order().replace("2027-01-01T00:00:00Z", "2026-11-22T12:00:00Z"));
    assert!(permit(&sim, &run, &proposal).is_err(), "other words");
}

#[test]
fn d14_c10_a_permit_is_for_what_was_approved_by_whom_and_for_nothing_else() {
    let (mut sim, proposal) = approved(141);
    let run = sim.until_run(MINUTE, |run| run.visits > 0).unwrap();
    sim.run_for(SECOND);
    let holds = |sim: &Sim| sim.see(|state| state.records::<Lock>().iter().any(|lock| lock.run.as_ref() == Some(&run.id)));
    if !holds(&sim) {
        lock(&sim, &proposal, &run.id);
    }
    let step = proposal.steps.iter().position(|step| step.id.as_str() == "restore").unwrap();
    let asks = |sim: &Sim, run: &Run, proposal: &Proposal| {
        let world = sim.world();
        sim.at_once(policy::permit(&world, run, proposal, &proposal.steps[step])).unwrap().is_ok()
    };
    assert!(asks(&sim, &run, &proposal));

    // The proposal's record is another than the one that was approved.
    let dearer = Proposal { title: "Restore something else".to_owned(), ..proposal.clone() };
    assert!(!asks(&sim, &run, &dearer), "the run's digest is of the other");
    let forged = Run { digest: dearer.digest().unwrap(), ..run.clone() };
    assert!(!asks(&sim, &forged, &dearer), "the approval's digest is of the other");
    let glass = Proposal { right: Right::BreakGlass, ..proposal.clone() };
    assert!(!asks(&sim, &Run { digest: glass.digest().unwrap(), ..run.clone() }, &glass));
    let nobody = Proposal { quorum: None, ..proposal.clone() };
    assert!(!asks(&sim, &Run { digest: nobody.digest().unwrap(), ..run.clone() }, &nobody), "what destroys is approved");

    // The plan's own policies are asked at the call, and may name the database.
    let whole = setting::plan(1);
    for policy in [
        r#"forbid (principal, action == Mayday::Action::"approve", resource == Mayday::Database::"orders");"#,
        r#"forbid (principal == Mayday::Person::"ana", action in Mayday::Action::"destroy", resource == Mayday::Database::"orders");"#,
        r#"forbid (principal, action, resource) unless { context.on_call };"#,
    ] {
        sim.put_plan(&format!("{whole}policies:\n  freeze: '{policy}'\n"));
        assert!(!asks(&sim, &run, &proposal), "{policy}");
    }
    sim.put_plan(&format!("{whole}policies:\n  freeze: '{}'\n", policy_of_another()));
    assert!(asks(&sim, &run, &proposal), "one that speaks of another database does not matter");
    sim.put_plan(&whole);

    // The approval's record says that fewer are enough, or counts the requester, or other roles.
    type Forge = fn(&mut Approval);
    let forgeries: [(&str, Forge); 5] = [
        ("nobody needed", |approval| {
            approval.votes.clear();
            approval.quorum.needed = 0;
        }),
        ("the requester", |approval| approval.votes.iter_mut().for_each(|vote| vote.by = approval.requester.clone())),
        ("other roles", |approval| approval.quorum.roles = vec!["responder".to_owned()]),
        ("other environment", |approval| approval.environment = "staging".to_owned()),
        ("not decided", |approval| approval.state = Decided::Pending),
    ];
    for (what, forge) in forgeries {
        let mut forged = sim.approval(&proposal).unwrap();
        forge(&mut forged);
        let row = sim.by_hand(|state, _| {
            let row = state.rows.get("approval", proposal.id.as_str()).cloned().unwrap();
            let mut other = row.clone();
            Arc::make_mut(&mut other.body)["record"] = serde_json::to_value(&forged).unwrap();
            state.rows.set(other);
            row
        });
        assert!(!asks(&sim, &run, &proposal), "{what}");
        sim.by_hand(|state, _| state.rows.set(row));
    }
    assert!(asks(&sim, &run, &proposal));
}

fn policy_of_another() -> &'static str {
    r#"forbid (principal, action in Mayday::Action::"destroy", resource == Mayday::Database::"inventory");"#
}

/// What is asked for a call must be a step of the proposal, and the proposal the run's own: each alone is enough to withhold the permit.
#[test]
fn only_a_step_of_the_run_s_own_proposal_gets_a_permit() {
    let mut sim = Sim::new(162);
    sim.as_("ana").types("backup orders");
    let (proposal, run) = (sim.proposal().unwrap(), sim.run().unwrap());
    lock(&sim, &proposal, &run.id);
    let step = proposal.steps[0].clone();
    assert!(permit_for(&sim, &run, &proposal, &step).is_ok());
    let foreign = [
        (run.clone(), PlannedStep { retries: step.retries + 1, ..step.clone() }),
        (run.clone(), PlannedStep { id: StepId("another".to_owned()), ..step.clone() }),
        (Run { proposal: ProposalId("p-another".to_owned()), ..run }, step),
    ];
    for (run, step) in foreign {
        let why = permit_for(&sim, &run, &proposal, &step).unwrap_err();
        assert!(why.contains("not the one that was decided on"), "{why}");
    }
}

/// How far a standby is behind is for an order's condition to judge, also where it is more than the step itself would accept.
#[test]
fn d16_a_standing_order_judges_the_lag_that_the_standby_has() {
    let mut sim = Sim::new(163);
    let order = ORDER.replace("primary_ill && primary_ill_seconds >= 0", "primary_ill && lag_seconds < 3600");
    sim.put_plan(&format!("{}{order}", setting::plan(1).replacen("services:\n", STORE, 1)));
    sim.as_("ana").types("failover shop");
    let check = sim.proposal().unwrap().steps.into_iter().find(|step| matches!(step.act, Act::CheckStandby(_))).unwrap();
    let (run, made) = ordered(&mut sim);
    let proposal = Proposal { steps: made.steps.iter().cloned().chain([check]).collect(), ..made };
    let run = Run { digest: proposal.digest().unwrap(), ..run };
    order_approved(&mut sim);
    seen(&sim, &Answer::Ill { why: "502".to_owned(), took_ms: 5 });
    let mut behind = |unreplayed| {
        sim.by_hand(|state, _| {
            let standby = state.databases.instances.get_mut(&(setting::AWAY.to_owned(), "orders-standby".to_owned())).unwrap();
            standby.follows = standby.follows.take().map(|follows| Follows { unreplayed, ..follows });
        });
        permit(&sim, &run, &proposal).map(drop)
    };
    assert_eq!(behind(3 * SECOND), Ok(()));
    assert_eq!(behind(50 * MINUTE), Ok(()));
    let why = behind(90 * MINUTE).unwrap_err();
    assert!(why.contains("is not true now"), "{why}");
}
