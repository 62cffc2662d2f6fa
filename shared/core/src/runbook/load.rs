//! From a runbook's text to its steps, with whatever is wrong named by line and column.

use std::collections::BTreeMap;

use serde_saphyr::{Location, Spanned};

use super::{Call, Loaded, Runbook, Step, arguments, condition::Condition, fact, raw, word};
use crate::{
    failure::Fault,
    ident::{StepId, sha256_hex},
    plan::{Span, order},
    proposal::{Flow, Group},
};

/// A runbook may have this many bytes.
const LARGEST: usize = 64 * 1024;
/// And this many steps, every command counted.
const MOST: usize = 200;
/// The longest name or summary, in characters.
const LONGEST: usize = 150;
/// How often a call that was certainly not taken is made again where the runbook does not say.
const RETRIES: u32 = 3;
/// How often a step's commands may be done again, or a call be made.
const MOST_RETRIES: u32 = 10;
/// How long a step may take where the runbook does not say.
const TIMEOUT: Span = Span(jiff::SignedDuration::from_mins(15));

/// Why a runbook was not loaded: one sentence, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RunbookError {
    /// The sentence, with line, column and the line itself where they are known.
    pub message: String,
}

impl From<RunbookError> for Fault {
    fn from(error: RunbookError) -> Self {
        Self::because("a runbook can't be read", error)
    }
}

/// What is wrong, and where.
struct Trouble(Location, String);

/// Reads a runbook.
///
/// # Errors
/// The first thing wrong with it.
pub fn load(text: &str) -> Result<Loaded, RunbookError> {
    if text.len() > LARGEST {
        return Err(RunbookError { message: format!("the runbook has {} bytes; {LARGEST} are the most that is read", text.len()) });
    }
    let raw: raw::Runbook = serde_saphyr::from_str(text).map_err(|error| RunbookError { message: error.to_string() })?;
    let runbook = read(raw).map_err(|trouble| RunbookError { message: placed(text, &trouble) })?;
    Ok(Loaded { runbook, digest: sha256_hex(text.as_bytes()) })
}

fn placed(text: &str, Trouble(at, what): &Trouble) -> String {
    let (line, column) = (usize::try_from(at.line()).unwrap_or(0), usize::try_from(at.column()).unwrap_or(0));
    match line.checked_sub(1).and_then(|index| text.lines().nth(index)) {
        Some(shown) => {
            let shown: String = shown.chars().take(LONGEST).collect();
            format!("line {line}, column {column}: {what}\n{line:>4} | {shown}")
        }
        None => what.clone(),
    }
}

fn read(raw: raw::Runbook) -> Result<Runbook, Trouble> {
    let at = raw.name.referenced;
    let name = short(&raw.name, "name")?;
    let trigger = raw.trigger;
    let summary = raw.summary.or_else(|| trigger.as_ref().map(|trigger| format!("For: {trigger}"))).unwrap_or_else(|| name.clone());
    if summary.chars().count() > LONGEST || trigger.as_ref().is_some_and(|trigger| trigger.chars().count() > LONGEST) {
        return Err(Trouble(at, format!("the summary and the trigger may have {LONGEST} characters each")));
    }
    let mut reading = Reading::default();
    let list = raw.steps.referenced;
    let mut before: Vec<StepId> = Vec::new();
    for step in raw.steps.value {
        before = reading.item(step, &before)?;
    }
    if reading.steps.is_empty() {
        return Err(Trouble(list, "a runbook needs at least one step".to_owned()));
    }
    let steps = reading.finish()?;
    Ok(Runbook { name, summary, trigger, steps })
}

fn short(text: &Spanned<String>, what: &str) -> Result<String, Trouble> {
    let length = text.value.chars().count();
    if length == 0 || length > LONGEST || text.value.chars().any(char::is_control) {
        return Err(Trouble(text.referenced, format!("the {what} must have 1 to {LONGEST} characters")));
    }
    Ok(text.value.clone())
}

#[derive(Default)]
struct Reading {
    steps: Vec<Step>,
    /// By the id in the file: the last of a step's commands, or those of all that is parallel.
    ends: BTreeMap<String, Vec<StepId>>,
    /// What each step needs by the ids of the file, where it says so.
    needs: Vec<(StepId, Vec<Spanned<String>>)>,
    conditions: Vec<(StepId, Location, Condition)>,
    /// Where each step stands, for what is wrong with its arguments.
    places: BTreeMap<StepId, Location>,
}

impl Reading {
    /// Reads one item of the list, and says what whoever comes next must wait for.
    fn item(&mut self, raw: Spanned<raw::Step>, before: &[StepId]) -> Result<Vec<StepId>, Trouble> {
        let at = raw.referenced;
        let mut step = raw.value;
        let Some(members) = step.parallel.take() else { return Ok(vec![self.step(at, step, before)?]) };
        let plain =
            step.action.is_none() && step.commands.is_none() && step.for_each.is_none() && step.gate.is_none() && step.condition.is_none();
        if !plain || step.needs.is_some() || step.on_failure.is_some() || !step.undo.is_empty() {
            return Err(Trouble(at, "beside `parallel` there is nothing but an id and a name: all else belongs to its members".to_owned()));
        }
        let mut ends = Vec::new();
        for member in members {
            if member.value.parallel.is_some() {
                return Err(Trouble(member.referenced, "what is parallel can't hold another `parallel`: use `needs`".to_owned()));
            }
            ends.push(self.step(member.referenced, member.value, before)?);
        }
        if ends.is_empty() {
            return Err(Trouble(at, "`parallel` needs at least one member".to_owned()));
        }
        if step.id.is_some() || step.name.is_some() {
            let id = self.id(at, &step)?;
            self.ends.insert(id, ends.clone());
        }
        Ok(ends)
    }

    /// Reads a step into one of ours for each command, and gives the last one's id.
    fn step(&mut self, at: Location, raw: raw::Step, before: &[StepId]) -> Result<StepId, Trouble> {
        let id = self.id(at, &raw)?;
        let name = raw.name.as_ref().map(|name| short(name, "name")).transpose()?.unwrap_or_else(|| id.clone());
        let calls = calls(at, &raw)?;
        let condition = raw.condition.as_ref().map(|text| {
            let condition = Condition::compile(&text.value).map_err(|why| Trouble(text.referenced, why))?;
            self.conditions.push((StepId(id.clone()), text.referenced, condition));
            Ok(text.value.clone())
        });
        let condition = condition.transpose()?;
        let undo = raw.undo.iter().map(|text| word::parse(&text.value).map_err(|why| Trouble(text.referenced, why)));
        let undo = undo.collect::<Result<Vec<Call>, Trouble>>()?;
        let fact = match &raw.fact {
            Some(fact) if Condition::compile(&fact.value).is_ok_and(|as_read| as_read.facts().contains(&fact.value)) => {
                Some(fact.value.clone())
            }
            Some(fact) => return Err(Trouble(fact.referenced, "a fact's name has letters, digits and underscores".to_owned())),
            // The plans' own commands; an action of ours is a part of a runbook that says it where it matters.
            None if raw.commands.is_some() => fact::of(&id, calls.iter().map(|call| call.verb.as_str())),
            None => None,
        };
        let retries = raw.retries.unwrap_or(RETRIES);
        if retries > MOST_RETRIES {
            return Err(Trouble(at, format!("{MOST_RETRIES} retries are the most")));
        }
        let is_command = raw.commands.is_some();
        // A step of the plans' form is done again as a whole; a single call of ours is made again.
        let again = if is_command { raw.retries.unwrap_or(0) } else { 0 };
        let group = (calls.len() > 1 || again > 0).then(|| Group { id: StepId(id.clone()), again });
        let several = calls.len() > 1;
        let mut previous = None;
        for (index, call) in calls.into_iter().enumerate() {
            let own = StepId(if several { format!("{id}-{}", index + 1) } else { id.clone() });
            let after = previous.map_or_else(|| before.to_vec(), |previous| vec![previous]);
            let title = if several { format!("{name}: {}", call.verb) } else { name.clone() };
            let flow = Flow {
                after: Some(after),
                condition: condition.clone().filter(|_| index == 0),
                on_failure: raw.on_failure,
                fact: fact.clone(),
                group: group.clone(),
                undoes: None,
                database: None,
            };
            self.push(
                at,
                Step {
                    id: own.clone(),
                    name: title,
                    action: call.verb,
                    is_command,
                    arguments: call.arguments,
                    on: raw.on,
                    timeout: raw.timeout.unwrap_or(TIMEOUT),
                    retries: if is_command { RETRIES } else { retries },
                    flow,
                    gate: raw.gate.clone(),
                    for_each: raw.for_each.clone(),
                    undo: if index == 0 { undo.clone() } else { Vec::new() },
                },
            )?;
            if let Some(needs) = raw.needs.as_ref().filter(|_| index == 0) {
                let needs = needs.iter().map(|need| Spanned::new(need.value.clone(), need.referenced, need.defined));
                self.needs.push((own.clone(), needs.collect()));
            }
            previous = Some(own);
        }
        let end = previous.ok_or_else(|| Trouble(at, "a step needs at least one command".to_owned()))?;
        self.ends.insert(id, vec![end.clone()]);
        Ok(end)
    }

    fn id(&self, at: Location, raw: &raw::Step) -> Result<String, Trouble> {
        let id = match (&raw.id, &raw.name) {
            (Some(id), _) => id.value.clone(),
            (None, Some(name)) => word::slug(&name.value),
            (None, None) => return Err(Trouble(at, "a step needs a name".to_owned())),
        };
        if !word::is_id(&id) {
            return Err(Trouble(at, format!("“{id}” can't be a step's id: it has small letters, digits and single hyphens, 40 at most")));
        }
        if self.ends.contains_key(&id) {
            return Err(Trouble(at, format!("two steps are called {id}: give one of them another `id`")));
        }
        Ok(id)
    }

    fn push(&mut self, at: Location, step: Step) -> Result<(), Trouble> {
        if self.steps.len() >= MOST {
            return Err(Trouble(at, format!("a runbook may have {MOST} steps, every command counted")));
        }
        if self.steps.iter().any(|known| known.id == step.id) {
            return Err(Trouble(at, format!("two steps are called {}: give one of them another `id`", step.id)));
        }
        self.places.insert(step.id.clone(), at);
        self.steps.push(step);
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Step>, Trouble> {
        for (own, needs) in &self.needs {
            let mut after = Vec::new();
            for need in needs {
                let unknown = || Trouble(need.referenced, format!("{own} needs {}, which is no step of this runbook", need.value));
                after.extend(self.ends.get(&need.value).ok_or_else(unknown)?.iter().cloned());
            }
            if let Some(step) = self.steps.iter_mut().find(|step| step.id == *own) {
                step.flow.after = Some(after);
            }
        }
        if let Some(cycle) = cycle(&self.steps) {
            let at = self.needs.iter().find(|(own, _)| cycle.contains(&own.0)).and_then(|(_, needs)| needs.first());
            let at = at.map_or(Location::UNKNOWN, |need| need.referenced);
            return Err(Trouble(at, format!("these steps wait for each other: {}", cycle.join(" → "))));
        }
        for (own, at, condition) in &self.conditions {
            for name in condition.steps() {
                let known =
                    self.ends.contains_key(&name.replace('_', "-")) || self.steps.iter().any(|step| step.id.0 == name.replace('_', "-"));
                if !known {
                    return Err(Trouble(*at, format!("the condition of {own} reads steps.{name}, which is no step of this runbook")));
                }
            }
        }
        for step in &self.steps {
            let at = self.places.get(&step.id).copied().unwrap_or(Location::UNKNOWN);
            arguments::check(step, &self.steps, &self.ends).map_err(|why| Trouble(at, why))?;
        }
        plain(&mut self.steps);
        Ok(self.steps)
    }
}

/// Where a step waits for just the one before it, that goes without saying.
fn plain(steps: &mut [Step]) {
    let mut before: Option<StepId> = None;
    for step in steps {
        if step.flow.after.as_deref() == Some(before.as_slice()) {
            step.flow.after = None;
        }
        before = Some(step.id.clone());
    }
}

/// What the step does: exactly one of an action, commands and a gate.
fn calls(at: Location, raw: &raw::Step) -> Result<Vec<Call>, Trouble> {
    let call = |text: &Spanned<String>| word::parse(&text.value).map_err(|why| Trouble(text.referenced, why));
    let calls = match (&raw.action, &raw.commands, &raw.gate) {
        (Some(action), None, None) => {
            if !word::is_verb(&action.value) {
                return Err(Trouble(action.referenced, format!("“{}” is no action: they are called `AREA:VERB`", action.value)));
            }
            let arguments = raw.arguments.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
            vec![Call { verb: action.value.clone(), arguments }]
        }
        (None, Some(commands), None) => commands.iter().map(call).collect::<Result<_, _>>()?,
        (None, None, Some(_)) => vec![Call { verb: String::new(), arguments: BTreeMap::new() }],
        (None, None, None) => return Err(Trouble(at, "a step needs `commands`, an `action`, a `gate` or `parallel` members".to_owned())),
        _ => return Err(Trouble(at, "a step has either `commands`, or an `action`, or a `gate`".to_owned())),
    };
    if raw.for_each.is_some() && raw.commands.is_none() {
        return Err(Trouble(at, "`for_each` belongs to `commands`: they are done for one service after the other".to_owned()));
    }
    if raw.action.is_none() && !raw.arguments.is_empty() {
        return Err(Trouble(at, "`arguments` belong to an `action`; a command has flags: `--NAME=VALUE`".to_owned()));
    }
    Ok(calls)
}

/// A round of steps that wait for each other, if there is one.
fn cycle(steps: &[Step]) -> Option<Vec<String>> {
    let needs = steps.iter().map(|step| (step.id.as_str(), step.flow.after.iter().flatten().map(StepId::as_str).collect()));
    order::waves(&needs.collect()).err().map(|circle| circle.into_iter().map(str::to_owned).collect())
}
