//! Conditions: expressions of the Common Expression Language over facts and over what came of earlier steps.
//!
//! A name is a fact (`reconnection_failed`), false until something makes it true; `steps.restore.state` and
//! `steps.restore.outputs.instance` are what came of a step. Loops can't be written, so that every condition ends.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cel::{
    Context, Program, Value,
    common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue},
};
use serde_json::Value as Json;

/// The longest condition, in bytes.
const LONGEST: usize = 500;
/// The most brackets, questions and negations.
const BRACKETS: usize = 40;
/// What may be called. Operators have names that no identifier can have.
const FUNCTIONS: [&str; 8] = ["size", "contains", "startsWith", "endsWith", "int", "double", "string", "has"];

/// A condition that was understood.
#[derive(Debug)]
pub struct Condition {
    program: Program,
    facts: BTreeSet<String>,
    steps: BTreeSet<String>,
}

/// What is known when a condition is asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// Facts by name; what is not here is false.
    pub facts: BTreeMap<String, Json>,
    /// Of each step: `{state, outputs}`.
    pub steps: BTreeMap<String, Json>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn compile(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("the condition has {} bytes; {LONGEST} are the most that is read", text.len()));
        }
        if brackets(text) > BRACKETS {
            return Err(format!("the condition has more than {BRACKETS} brackets"));
        }
        let program = Program::compile(text).map_err(|error| {
            let first = error.errors.first().map(|error| error.msg.lines().next().unwrap_or_default().to_owned());
            format!("the condition “{text}” is not understood: {}", first.unwrap_or_default())
        })?;
        let mut names = Names::default();
        names.read(program.expression())?;
        Ok(Self { facts: names.facts, steps: names.steps, program })
    }

    /// The facts that it reads.
    #[must_use]
    pub fn facts(&self) -> &BTreeSet<String> {
        &self.facts
    }

    /// The steps whose results it reads, as written.
    #[must_use]
    pub fn steps(&self) -> &BTreeSet<String> {
        &self.steps
    }

    /// Whether it is true now.
    ///
    /// # Errors
    /// When it can't be told: an output is not there, or is compared with what it can't be compared with.
    pub fn holds(&self, known: &Known) -> Result<bool, String> {
        let mut context = Context::default();
        for fact in &self.facts {
            let value = known.facts.get(fact).map_or(Value::Bool(false), value);
            context.add_variable_from_value(fact.as_str(), value);
        }
        let steps = self.steps.iter().filter_map(|name| Some((name.clone(), value(known.steps.get(&name.replace('_', "-"))?))));
        context.add_variable_from_value("steps", Value::from(steps.collect::<HashMap<String, Value>>()));
        match self.program.execute(&context) {
            Ok(Value::Bool(truth)) => Ok(truth),
            Ok(other) => Err(format!("it is neither true nor false, but a {}", other.type_of())),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::Int),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(value).collect::<Vec<Value>>()),
        Json::Object(members) => Value::from(members.iter().map(|(key, member)| (key.clone(), value(member))).collect::<HashMap<_, _>>()),
    }
}

/// Whatever can nest, counted rather than matched: text in quotes may hold brackets too.
fn brackets(text: &str) -> usize {
    text.bytes().filter(|byte| matches!(byte, b'(' | b'[' | b'{' | b'?' | b'!')).count()
}

#[derive(Default)]
struct Names {
    facts: BTreeSet<String>,
    steps: BTreeSet<String>,
}

impl Names {
    fn read(&mut self, at: &IdedExpr) -> Result<(), String> {
        match &at.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) if name == "steps" => {
                Err("`steps` alone says nothing: write `steps.NAME.state` or `steps.NAME.outputs.OUTPUT`".to_owned())
            }
            Expr::Ident(name) => {
                self.facts.insert(name.clone());
                Ok(())
            }
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(name) if name == "steps" => {
                    self.steps.insert(select.field.clone());
                    Ok(())
                }
                _ => self.read(&select.operand),
            },
            Expr::Call(call) => {
                if let ("_[_]", [of, key]) = (call.func_name.as_str(), call.args.as_slice())
                    && matches!(&of.expr, Expr::Ident(name) if name == "steps")
                {
                    let Expr::Literal(LiteralValue::String(name)) = &key.expr else {
                        return Err("a step is named by its id: write `steps[\"NAME\"]`".to_owned());
                    };
                    self.steps.insert(name.inner().to_owned());
                    return Ok(());
                }
                let is_name = call.func_name.starts_with(|first: char| first.is_ascii_alphabetic());
                if is_name && !FUNCTIONS.contains(&call.func_name.as_str()) {
                    return Err(format!("there is no function `{}`; there are: {}", call.func_name, FUNCTIONS.join(", ")));
                }
                call.target.iter().map(AsRef::as_ref).chain(&call.args).try_for_each(|inner| self.read(inner))
            }
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.read(element)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => self.read(&entry.key).and_then(|()| self.read(&entry.value)),
                EntryExpr::StructField(field) => self.read(&field.value),
            }),
            Expr::Comprehension(_) => Err("a condition can't loop: `all`, `exists`, `map` and `filter` are not understood".to_owned()),
            Expr::Struct(_) => Err("a condition can't make objects".to_owned()),
        }
    }
}
