//! What may stand in the arguments of a step, checked when the runbook is read.
//!
//! What people approve is what runs. So whatever decides what a step does is known when it is proposed: it is written in the
//! runbook, or it is what the runbook was told. What an earlier step finds out may stand only in words that are said to people.

use std::collections::BTreeMap;

use super::{
    Runbook, Step,
    reference::{self, Part},
};
use crate::{
    ident::StepId,
    plan::ValueKind,
    proposal::{Signature, Takes, signature},
};

/// Checks the arguments of a step and of what undoes it. `ends`: by the ids of the file, the last of each step's commands.
pub(super) fn check(step: &Step, steps: &[Step], ends: &BTreeMap<String, Vec<StepId>>) -> Result<(), String> {
    for part in step.gate.iter().map(|gate| reference::parts(&gate.message)).collect::<Result<Vec<_>, _>>()?.iter().flatten() {
        if let Part::Output { step: from, output } = part {
            output_of(step, from, output, steps, ends)?;
        }
    }
    let own = step.is_command.then_some((&step.action, &step.arguments));
    let calls = own.into_iter().chain(step.undo.iter().map(|call| (&call.verb, &call.arguments)));
    for (verb, arguments) in calls {
        // A verb that is not built yet takes what it takes.
        let Some(signature) = signature(verb) else { continue };
        for (name, value) in arguments {
            let takes = signature.takes(name).ok_or_else(|| takes_no(verb, &step.id, name, signature))?;
            let parts = reference::parts(value)?;
            if let ([Part::Said(said)], Takes::Value(kind)) = (parts.as_slice(), takes) {
                kind.read(said).map_err(|why| format!("--{name} of {}: {why}", step.id))?;
            }
            for part in &parts {
                if let Part::Output { step: from, output } = part {
                    let kind = output_of(step, from, output, steps, ends)?;
                    fits(step, name, takes, &format!("${{steps.{from}.outputs.{output}}}"), kind)?;
                }
            }
        }
    }
    Ok(())
}

/// The refusal for an argument that a command does not take: what is ignored would be a promise that is not kept.
pub(crate) fn takes_no(verb: &str, step: &StepId, name: &str, signature: &Signature) -> String {
    let all: Vec<String> = signature.takes.iter().map(|(name, _)| format!("--{name}")).collect();
    let all = if all.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", all.join(", ")) };
    format!("the command {verb} of the step {step} takes no --{name}; {all}")
}

/// What an output is that a step wants to speak of.
fn output_of(step: &Step, from: &str, output: &str, steps: &[Step], ends: &BTreeMap<String, Vec<StepId>>) -> Result<ValueKind, String> {
    let reference = format!("${{steps.{from}.outputs.{output}}}");
    let own = StepId(from.to_owned());
    let known = ends.get(from).cloned().or_else(|| steps.iter().any(|step| step.id == own).then(|| vec![own]));
    let known = known.ok_or_else(|| format!("{} reads {reference}, which is no step of this runbook", step.id))?;
    let before = before(step, steps);
    if !known.iter().all(|id| before.contains(&id)) {
        return Err(format!("{} reads {reference}, but does not wait for {from}: name it under `needs`", step.id));
    }
    let mut gives: Vec<&str> = Vec::new();
    for producer in steps.iter().filter(|step| known.contains(&step.id)) {
        // Of a verb that is not built yet nobody knows what it finds out.
        let Some(signature) = signature(&producer.action) else { return Ok(ValueKind::Text) };
        if let Some((_, kind)) = signature.gives.iter().find(|(name, _)| *name == output) {
            return Ok(*kind);
        }
        gives.extend(signature.gives.iter().map(|(name, _)| name));
    }
    let gives = if gives.is_empty() { "none".to_owned() } else { gives.join(", ") };
    Err(format!("{} reads {reference}, but {from} has no such output: it has {gives}", step.id))
}

/// All that a step waits for, directly or not.
fn before<'a>(step: &'a Step, steps: &'a [Step]) -> Vec<&'a StepId> {
    let mut all: Vec<&StepId> = step.flow.after.iter().flatten().collect();
    let mut next = 0;
    while let Some(id) = all.get(next).copied() {
        let earlier = steps.iter().find(|step| step.id == *id);
        for id in earlier.into_iter().flat_map(|step| step.flow.after.iter().flatten()) {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        next += 1;
    }
    all
}

fn fits(step: &Step, name: &str, takes: Takes, reference: &str, kind: ValueKind) -> Result<(), String> {
    match takes {
        Takes::Words => Ok(()),
        Takes::Value(wanted) if wanted != kind && wanted != ValueKind::Text => {
            Err(format!("--{name} of {} must be {}, and {reference} is {}", step.id, wanted.word(), kind.word()))
        }
        Takes::Value(_) => Err(format!(
            "--{name} of {} decides what is done, and {reference} is known only in the middle of the run, when nobody approves it any more: \
             ask for it by an argument of the runbook, `${{arguments.NAME}}`, or make a second runbook of what comes after",
            step.id
        )),
    }
}

/// By the arguments that a runbook speaks of, what each must be. What decides wins over what is only said.
pub(super) fn used(runbook: &Runbook) -> BTreeMap<String, ValueKind> {
    let mut used = BTreeMap::new();
    for step in &runbook.steps {
        let own = (&step.action, &step.arguments);
        for (verb, arguments) in [own].into_iter().chain(step.undo.iter().map(|call| (&call.verb, &call.arguments))) {
            for (name, value) in arguments {
                note(&mut used, value, signature(verb).and_then(|signature| signature.takes(name)));
            }
        }
        step.gate.iter().for_each(|gate| note(&mut used, &gate.message, Some(Takes::Words)));
    }
    used
}

fn note(used: &mut BTreeMap<String, ValueKind>, value: &str, takes: Option<Takes>) {
    let parts = reference::parts(value).unwrap_or_default();
    let alone = parts.len() == 1;
    for part in parts {
        let Part::Argument(name) = part else { continue };
        let kind = match takes {
            Some(Takes::Value(kind)) if alone => kind,
            _ => ValueKind::Text,
        };
        let known = used.entry(name.to_owned()).or_insert(kind);
        if *known == ValueKind::Text {
            *known = kind;
        }
    }
}
