//! JSONPath as far as a state machine of ours names things: `$.a.b[0]`, `$$.Task.Token`. And templates made of such paths.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use super::Failure;

/// A reference path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    context: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(usize),
}

impl Path {
    /// Reads a path; anything beyond fields and indexes is refused.
    ///
    /// # Errors
    /// A sentence that names the path.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || format!("`{text}` is not a path that this interpreter knows: fields and indexes only");
        let (context, mut rest) = match text.strip_prefix("$$") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('$').ok_or_else(refused)?),
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(named) = rest.strip_prefix('.') {
                let end = named.find(['.', '[']).unwrap_or(named.len());
                let (field, left) = named.split_at_checked(end).ok_or_else(refused)?;
                if field.is_empty() || field.contains(['*', '?', '(', '@', ' ']) {
                    return Err(refused());
                }
                steps.push(Step::Field(field.to_owned()));
                rest = left;
            } else {
                let (inside, left) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(refused)?;
                let quoted = inside.strip_prefix('\'').and_then(|inside| inside.strip_suffix('\''));
                steps.push(match quoted {
                    Some(field) => Step::Field(field.to_owned()),
                    None => Step::Index(inside.parse().map_err(|_| refused())?),
                });
                rest = left;
            }
        }
        Ok(Self { text: text.to_owned(), context, steps })
    }

    /// What the path leads to.
    #[must_use]
    pub fn find<'value>(&self, input: &'value Value, context: &'value Value) -> Option<&'value Value> {
        let root = if self.context { context } else { input };
        self.steps.iter().try_fold(root, |value, step| match step {
            Step::Field(field) => value.get(field),
            Step::Index(index) => value.get(index),
        })
    }

    /// As [`Self::find`], where the state machine relies on it.
    ///
    /// # Errors
    /// `States.Runtime`, which nothing catches.
    pub fn get<'value>(&self, input: &'value Value, context: &'value Value) -> Result<&'value Value, Failure> {
        self.find(input, context)
            .ok_or_else(|| Failure::runtime(&format!("The JSONPath '{}' could not be found in the input '{input}'", self.text)))
    }

    /// Puts a value where the path leads, making objects on the way: what `ResultPath` does.
    ///
    /// # Errors
    /// `States.ResultPathMatchFailure` when something else stands in the way.
    pub fn put(&self, mut input: Value, value: Value) -> Result<Value, Failure> {
        let mut place = &mut input;
        for step in &self.steps {
            let Step::Field(field) = step else { return Err(self.misfit()) };
            let fields = place.as_object_mut().ok_or_else(|| self.misfit())?;
            place = fields.entry(field.clone()).or_insert_with(|| Value::Object(Map::new()));
        }
        *place = value;
        Ok(input)
    }

    fn misfit(&self) -> Failure {
        Failure::new("States.ResultPathMatchFailure", &format!("The result can't be put at '{}'", self.text))
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The value of a field such as `InputPath`: a path, or null for "nothing of it".
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub Option<Path>);

impl Default for Slot {
    fn default() -> Self {
        Self(Path::parse("$").ok())
    }
}

impl Slot {
    /// Selects: `InputPath` and `OutputPath`.
    ///
    /// # Errors
    /// As [`Path::get`].
    pub fn select(&self, input: &Value, context: &Value) -> Result<Value, Failure> {
        self.0.as_ref().map_or_else(|| Ok(Value::Object(Map::new())), |path| path.get(input, context).cloned())
    }

    /// Combines: `ResultPath`.
    ///
    /// # Errors
    /// As [`Path::put`].
    pub fn combine(&self, input: Value, result: Value) -> Result<Value, Failure> {
        match &self.0 {
            Some(path) => path.put(input, result),
            None => Ok(input),
        }
    }
}

/// A payload template: `Parameters`, `ResultSelector`.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Literal(Value),
    Path(Path),
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
}

impl Template {
    fn read(value: Value) -> Result<Node, String> {
        match value {
            Value::Object(fields) => {
                let field = |(name, value): (String, Value)| match (name.strip_suffix(".$"), &value) {
                    (Some(name), Value::String(path)) if path.starts_with('$') => Ok((name.to_owned(), Node::Path(Path::parse(path)?))),
                    (Some(_), _) => Err(format!("`{name}` has to be a path; intrinsic functions are not known here")),
                    (None, _) => Ok((name, Self::read(value)?)),
                };
                fields.into_iter().map(field).collect::<Result<_, _>>().map(Node::Object)
            }
            Value::Array(items) => items.into_iter().map(Self::read).collect::<Result<_, _>>().map(Node::Array),
            literal => Ok(Node::Literal(literal)),
        }
    }

    /// The value that the template makes of an input.
    ///
    /// # Errors
    /// As [`Path::get`].
    pub fn fill(&self, input: &Value, context: &Value) -> Result<Value, Failure> {
        self.0.fill(input, context)
    }
}

impl Node {
    fn fill(&self, input: &Value, context: &Value) -> Result<Value, Failure> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Path(path) => path.get(input, context).cloned(),
            Self::Object(fields) => fields
                .iter()
                .map(|(name, node)| Ok((name.clone(), node.fill(input, context)?)))
                .collect::<Result<_, _>>()
                .map(Value::Object),
            Self::Array(items) => items.iter().map(|node| node.fill(input, context)).collect::<Result<_, _>>().map(Value::Array),
        }
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Value::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(value: Value) -> Template {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_template_takes_from_input_and_context() {
        let filled = template(json!({"fixed": 1, "a.$": "$.x.y[1]", "deep": {"t.$": "$$.Task.Token"}, "all.$": "$"}));
        let value = filled.fill(&json!({"x": {"y": [1, 2]}}), &json!({"Task": {"Token": "t"}})).unwrap();
        assert_eq!(value, json!({"fixed": 1, "a": 2, "deep": {"t": "t"}, "all": {"x": {"y": [1, 2]}}}));
    }

    #[test]
    fn a_path_that_leads_nowhere_fails_the_execution() {
        assert_eq!(template(json!({"a.$": "$.b"})).fill(&json!({}), &json!({})).unwrap_err().error, "States.Runtime");
    }

    #[test]
    fn what_is_not_known_is_refused_when_loaded() {
        for bad in [json!({"a.$": "States.Format('x')"}), json!({"a.$": "$.b[*]"}), json!({"a.$": "$..b"}), json!({"a.$": 1})] {
            assert!(serde_json::from_value::<Template>(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_result_is_put_beside_the_input_or_dropped() {
        let path: Slot = serde_json::from_value(json!("$.visit.last")).unwrap();
        assert_eq!(path.combine(json!({"run": 1}), json!(2)).unwrap(), json!({"run": 1, "visit": {"last": 2}}));
        assert_eq!(Slot(None).combine(json!({"run": 1}), json!(2)).unwrap(), json!({"run": 1}));
        assert_eq!(path.combine(json!(1), json!(2)).unwrap_err().error, "States.ResultPathMatchFailure");
    }
}
