use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use mayday_core::{
    action::Act,
    approval::{self, Approval},
    backup::{CLASS_TAG, DATABASE_TAG},
    database::Route,
    ident::{Actor, Identity},
    plan::{self, PLAN_KEY, Plan, ROSTER_KEY},
    port::RestoreFrom,
    proposal::{PlannedStep, Proposal},
    run::{Lock, Run},
};

use super::Finding;
use crate::{
    setting::ORG,
    state::{Effect, State},
};

/// An effect, and what it was made for.
pub(super) struct Case<'a> {
    pub(super) state: &'a State,
    pub(super) effect: &'a Effect,
    pub(super) run: Run,
    pub(super) proposal: Proposal,
    pub(super) step: PlannedStep,
}

impl<'a> Case<'a> {
    /// Looks up the run, proposal and step that an effect was made for; there must be all three.
    pub(super) fn of(state: &'a State, effect: &'a Effect) -> Result<Self, String> {
        let run: Run = state.record(&effect.run).ok_or("there is no such run")?;
        let proposal: Proposal = state.record(run.proposal.as_str()).ok_or("there is no such proposal")?;
        let step = proposal.steps.iter().find(|step| step.id.0 == effect.step).cloned().ok_or("the proposal has no such step")?;
        Ok(Self { state, effect, run, proposal, step })
    }
}

pub(super) fn held(holds: bool, why: impl FnOnce() -> String) -> Finding {
    if holds { Ok(()) } else { Err(why()) }
}

pub(super) fn for_a_live_run(case: &Case<'_>) -> Finding {
    held(!case.run.state.is_final(), || format!("it has ended: {:?}", case.run.state))
}

pub(super) fn as_proposed(case: &Case<'_>) -> Finding {
    let effect = case.effect;
    let fits = match (&case.step.act, effect.method) {
        (Act::Backup(act), "create_snapshot") => act.snapshot == effect.target,
        (Act::Restore(act), "restore") => act.restoration.new_instance == effect.target,
        (Act::Align(act), "align" | "reboot") => act.instance == effect.target,
        (Act::Retire(act), "delete_instance") => act.instance == effect.target,
        (Act::Prune(act), "delete_snapshot") => act.snapshot == effect.target,
        (Act::Switch(act), "secret_put") => matches!(&act.before, Route::Secret { name, .. } if *name == effect.target),
        (Act::Switch(act), "dns_replace") => matches!(&act.before, Route::Cname { record, .. } if record.name == effect.target),
        (Act::Freeze(act), "freeze") => act.primary.instance == effect.target,
        (Act::Thaw(act), "thaw") => act.node.instance == effect.target,
        (Act::Promote(act), "promote") => act.standby.instance == effect.target,
        (Act::WriteProbe(act), "write_probe") => act.node.instance == effect.target,
        (Act::Reseed(act), "replicate") => act.replication.new_instance == effect.target,
        (Act::UpdateDns(act), "dns_replace") => act.changes.iter().any(|change| change.after.name == effect.target),
        _ => false,
    };
    held(fits, || "the step is another one".to_owned())
}

pub(super) fn approved(case: &Case<'_>) -> Finding {
    let Case { state, run, proposal, .. } = case;
    let digest = proposal.digest().map_err(|fault| fault.chain())?;
    held(run.digest == digest, || "the run's digest is not the proposal's".to_owned())?;
    let Some(quorum) = &proposal.quorum else {
        let destroys = proposal.steps.iter().any(|step| step.act.action().class().destroys());
        // Backups whose time is over need nobody: retention's rules say which.
        let prunes = matches!(proposal.requester, Actor::System(_)) && proposal.steps.iter().all(|step| matches!(step.act, Act::Prune(_)));
        return held(!destroys || prunes, || "it was proposed without a quorum".to_owned());
    };
    let approval: Approval = state.record(proposal.id.as_str()).ok_or("nobody was asked")?;
    held(matches!(approval.state, approval::State::Approved { .. }), || format!("it is {:?}", approval.state))?;
    held(approval.digest == digest, || "another digest was approved".to_owned())?;
    let plan = plan(state)?;
    let counts = |voter: &&Identity| {
        let own = matches!(&proposal.requester, Actor::Person(requester) if requester == *voter);
        !own && voter.org == ORG
            && plan.person(&voter.user).is_some_and(|(_, person)| person.roles.iter().any(|role| quorum.roles.contains(role)))
    };
    let voters: BTreeSet<&Identity> = approval.votes.iter().map(|vote| &vote.by).filter(counts).collect();
    held(voters.len() >= usize::from(quorum.needed), || format!("{} of {} approved", voters.len(), quorum.needed))
}

/// A plan, and from which file and roster it was read.
struct Read {
    file: Vec<u8>,
    roster: Vec<u8>,
    plan: Rc<Plan>,
}

thread_local! {
    /// The plan that was read last: reading YAML is most of what a check would cost.
    static READ: RefCell<Option<Read>> = const { RefCell::new(None) };
}

/// The plan as it is in force, with its fleets' databases; a broken one says nothing, and then nothing may be done.
pub(super) fn plan(state: &State) -> Result<Rc<Plan>, String> {
    let newest = |key: &str| state.blobs.get(key).and_then(|versions| versions.last());
    let file = newest(PLAN_KEY).ok_or("there is no plan")?;
    let roster = newest(ROSTER_KEY).map(Vec::as_slice).unwrap_or_default();
    READ.with_borrow_mut(|read| {
        if let Some(last) = read
            && (&last.file, last.roster.as_slice()) == (file, roster)
        {
            return Ok(last.plan.clone());
        }
        let text = std::str::from_utf8(file).map_err(|error| error.to_string())?;
        let mut plan = plan::load(text).map_err(|error| error.to_string())?;
        if !plan.fleets.is_empty() && !roster.is_empty() {
            plan = plan::mustered(&plan, &serde_json::from_slice(roster).map_err(|error| error.to_string())?);
        }
        let plan = Rc::new(plan);
        *read = Some(Read { file: file.clone(), roster: roster.to_vec(), plan: plan.clone() });
        Ok(plan)
    })
}

pub(super) fn once(case: &Case<'_>) -> Finding {
    let Case { state, effect, .. } = case;
    let same = |earlier: &&Effect| earlier.run == effect.run && earlier.step == effect.step && earlier.method == effect.method;
    let earlier = state.effects.iter().filter(same).count();
    // Setting settings and rebooting may be done again while the world is as it was before; all else never.
    // What is written by SQL is the same when it is written again.
    let most = if matches!(effect.method, "align" | "reboot" | "freeze" | "thaw" | "write_probe") { 4 } else { 1 };
    held(earlier < most, || format!("it took effect {earlier} times before"))
}

pub(super) fn own_only(case: &Case<'_>) -> Finding {
    let Case { state, effect, proposal, step, .. } = case;
    match effect.method {
        "align" | "reboot" => {
            let place = (proposal.target.region.clone(), effect.target.clone());
            let instance = state.databases.instances.get(&place).ok_or("there is no such instance")?;
            let tags = instance.set_up(effect.at).tags;
            held(tags.get(mayday_core::policy::OWNER_TAG) == Some(&effect.run), || "the run did not make it".to_owned())
        }
        "delete_instance" => {
            let retires = matches!(step.act, Act::Retire(_));
            held(retires, || "only a retirement deletes".to_owned())?;
            let serves = state.secrets.values().filter_map(|secret| secret.versions.last());
            let led = serves.into_iter().any(|(_, value)| value.expose().contains(&format!("\"{}.", effect.target)));
            held(!led, || "it carries traffic".to_owned())?;
            let Act::Retire(retire) = &step.act else { return Ok(()) };
            let last = state.databases.snapshots.contains_key(&(retire.region.clone(), retire.final_snapshot.clone()));
            held(last, || "nothing stays of it".to_owned())
        }
        "delete_snapshot" => {
            let Act::Prune(prune) = &step.act else { return Err("only retention deletes backups".to_owned()) };
            let of_it = |found: &&crate::state::SnapshotState| found.snapshot.tags.get(DATABASE_TAG) == Some(&prune.database);
            let left = state.databases.snapshots.values().filter(of_it).filter(|found| found.complete <= effect.at).count();
            held(left > 0, || "it was the last backup".to_owned())?;
            let tags = state.databases.deleted.last().map(|gone| &gone.snapshot.tags);
            let ours = tags.is_some_and(|tags| tags.get(DATABASE_TAG) == Some(&prune.database) && tags.contains_key(CLASS_TAG));
            held(ours, || "it was not made by a schedule of this database".to_owned())?;
            let reader = state.records::<Run>().into_iter().find(|run| reads(state, run, &prune.snapshot));
            held(reader.is_none(), || "a run is restoring from it".to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether a live run has begun to restore from a snapshot and is not done with that.
fn reads(state: &State, run: &Run, snapshot: &str) -> bool {
    let Some(proposal) = state.record::<Proposal>(run.proposal.as_str()).filter(|_| !run.state.is_final()) else { return false };
    let restores = |step: &PlannedStep| match &step.act {
        Act::Restore(restore) => matches!(&restore.restoration.from, RestoreFrom::Snapshot(id) if id == snapshot),
        _ => false,
    };
    let tried = |step: &PlannedStep| run.steps.iter().any(|record| record.id == step.id && record.attempts > 0 && !record.was_done());
    proposal.steps.iter().any(|step| restores(step) && tried(step))
}

pub(super) fn holds_lock(case: &Case<'_>) -> Finding {
    let run = &case.run;
    for name in case.proposal.held() {
        let lock: Option<Lock> = case.state.record(&name);
        match lock.and_then(|lock| lock.run) {
            Some(holder) if holder == run.id => {}
            Some(holder) => return Err(format!("{holder} holds {name}")),
            None => return Err(format!("nobody holds {name}")),
        }
    }
    Ok(())
}

pub(super) fn in_the_audit(case: &Case<'_>) -> Finding {
    let Case { state, effect, .. } = case;
    let intended = state.rows.all("audit").rev().any(|row| {
        let event = row.body.pointer("/record/event");
        let text = |path: &str| event.and_then(|event| event.pointer(path)).and_then(serde_json::Value::as_str);
        text("/what") == Some("step.intent") && text("/about") == Some(&effect.run) && text("/detail/of/step") == Some(&effect.step)
    });
    held(intended, || "there is none".to_owned())
}

pub(super) fn from_before_image(case: &Case<'_>) -> Finding {
    let Act::Switch(switch) = &case.step.act else { return Ok(()) };
    let Route::Secret { region, name, version, .. } = &switch.before else { return Ok(()) };
    let current = case.state.secrets.get(&(region.clone(), name.clone())).and_then(|secret| secret.versions.last());
    held(current.is_some_and(|(now, _)| now == version), || {
        format!("approved was {version}, current is {}", current.map_or("nothing", |(now, _)| now))
    })
}
