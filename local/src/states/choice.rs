//! The rules of a Choice state.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Failure, path::Path};

/// One branch: a test, and where it leads.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Branch {
    /// The test.
    pub rule: Rule,
    /// The state that follows when it holds.
    pub next: String,
}

impl TryFrom<Map<String, Value>> for Branch {
    type Error = String;

    /// By hand, because a flattened rule would let unknown fields pass.
    fn try_from(mut fields: Map<String, Value>) -> Result<Self, String> {
        let Some(Value::String(next)) = fields.remove("Next") else { return Err("a branch needs its `Next`".to_owned()) };
        let rule = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
        Ok(Self { rule, next })
    }
}

/// A test on the input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Rule {
    /// All hold.
    And(Vec<Self>),
    /// One holds.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A value compares with another.
    Compare(Path, Test),
}

/// How a value is looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The same text.
    StringEquals(String),
    /// The same boolean.
    BooleanEquals(bool),
    /// Numbers: which orders hold (less, equal, greater), and against what.
    Numeric([bool; 3], f64),
    /// There at all.
    IsPresent(bool),
    /// Null.
    IsNull(bool),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Written {
    variable: Option<Path>,
    and: Option<Vec<Rule>>,
    or: Option<Vec<Rule>>,
    not: Option<Box<Rule>>,
    string_equals: Option<String>,
    boolean_equals: Option<bool>,
    numeric_equals: Option<f64>,
    numeric_greater_than: Option<f64>,
    numeric_greater_than_equals: Option<f64>,
    numeric_less_than: Option<f64>,
    numeric_less_than_equals: Option<f64>,
    is_present: Option<bool>,
    is_null: Option<bool>,
    #[serde(rename = "Comment")]
    _comment: Option<String>,
}

impl TryFrom<Written> for Rule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let tests: Vec<Test> = [
            written.string_equals.map(Test::StringEquals),
            written.boolean_equals.map(Test::BooleanEquals),
            written.numeric_equals.map(|number| Test::Numeric([false, true, false], number)),
            written.numeric_greater_than.map(|number| Test::Numeric([false, false, true], number)),
            written.numeric_greater_than_equals.map(|number| Test::Numeric([false, true, true], number)),
            written.numeric_less_than.map(|number| Test::Numeric([true, false, false], number)),
            written.numeric_less_than_equals.map(|number| Test::Numeric([true, true, false], number)),
            written.is_present.map(Test::IsPresent),
            written.is_null.map(Test::IsNull),
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut rules: Vec<Self> =
            [written.and.map(Self::And), written.or.map(Self::Or), written.not.map(Self::Not)].into_iter().flatten().collect();
        if let Some(path) = written.variable {
            rules.extend(tests.into_iter().map(|test| Self::Compare(path.clone(), test)));
        } else if !tests.is_empty() {
            return Err("a comparison needs its `Variable`".to_owned());
        }
        match (rules.pop(), rules.is_empty()) {
            (Some(rule), true) => Ok(rule),
            _ => Err("a choice rule is exactly one test".to_owned()),
        }
    }
}

impl Rule {
    /// Whether it holds.
    ///
    /// # Errors
    /// `States.Runtime` when a path that is compared leads nowhere.
    pub fn holds(&self, input: &Value, context: &Value) -> Result<bool, Failure> {
        match self {
            Self::And(rules) => rules.iter().try_fold(true, |all, rule| Ok(all && rule.holds(input, context)?)),
            Self::Or(rules) => rules.iter().try_fold(false, |any, rule| Ok(any || rule.holds(input, context)?)),
            Self::Not(rule) => rule.holds(input, context).map(|holds| !holds),
            Self::Compare(path, Test::IsPresent(wanted)) => Ok(path.find(input, context).is_some() == *wanted),
            Self::Compare(path, test) => path.get(input, context).map(|value| test.holds(value)),
        }
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::StringEquals(text) => value.as_str() == Some(text),
            Self::BooleanEquals(wanted) => value.as_bool() == Some(*wanted),
            Self::Numeric([less, equal, greater], number) => match value.as_f64().and_then(|value| value.partial_cmp(number)) {
                Some(std::cmp::Ordering::Less) => *less,
                Some(std::cmp::Ordering::Equal) => *equal,
                Some(std::cmp::Ordering::Greater) => *greater,
                None => false,
            },
            Self::IsPresent(wanted) => *wanted,
            Self::IsNull(wanted) => value.is_null() == *wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(rule: Value, input: Value) -> bool {
        serde_json::from_value::<Rule>(rule).unwrap().holds(&input, &json!({})).unwrap()
    }

    #[test]
    fn numbers_texts_and_booleans_compare() {
        assert!(holds(json!({"Variable": "$.n", "NumericGreaterThanEquals": 3}), json!({"n": 3})));
        assert!(!holds(json!({"Variable": "$.n", "NumericGreaterThan": 3}), json!({"n": 3})));
        assert!(!holds(json!({"Variable": "$.n", "NumericLessThan": 3}), json!({"n": "2"})));
        assert!(holds(json!({"Variable": "$.b", "BooleanEquals": false}), json!({"b": false})));
    }

    #[test]
    fn and_looks_no_further_than_the_first_that_does_not_hold() {
        let rule = json!({"And": [{"Variable": "$.a", "IsPresent": true}, {"Variable": "$.a", "StringEquals": "x"}]});
        assert!(!holds(rule.clone(), json!({})));
        assert!(holds(json!({"Not": rule}), json!({"a": "y"})));
    }

    #[test]
    fn a_rule_is_exactly_one_test() {
        for bad in [json!({"Variable": "$.a"}), json!({"Variable": "$.a", "IsNull": true, "IsPresent": true}), json!({"StringEquals": "x"})]
        {
            assert!(serde_json::from_value::<Rule>(bad.clone()).is_err(), "{bad}");
        }
    }
}
