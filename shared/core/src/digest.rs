//! The canonical form of a value and its digest: what two people who speak of the same thing both compute.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

use crate::{failure::Fault, ident::sha256_hex};

/// The SHA-256 of a value's canonical form, in lower-case hexadecimal.
///
/// # Errors
/// When the value has no JSON form.
pub fn digest_of(value: &impl Serialize) -> Result<String, Fault> {
    let value = serde_json::to_value(value).map_err(|error| Fault::because("a value has no canonical form", error))?;
    Ok(sha256_hex(canonical(&value).as_bytes()))
}

/// The canonical form: keys sorted, no white space, text in Unicode's composed form (NFC), whole numbers without a
/// fraction, and no member for what is absent (`null`).
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<(Cow<'_, str>, &Value)> =
                members.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (composed(key), value)).collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            out.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_text(key, out);
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
    }
}

fn write_number(number: &serde_json::Number, out: &mut String) {
    match number.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "guarded: whole and within the range that a double holds exactly")]
        Some(double) if !number.is_i64() && !number.is_u64() && double.fract() == 0.0 && double.abs() < 9.0e15 => {
            out.push_str(&(double as i64).to_string());
        }
        _ => out.push_str(&number.to_string()),
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push_str(&Value::String(composed(text).into_owned()).to_string());
}

/// The text in Unicode's composed form: as it is, mostly.
fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn d12_what_means_the_same_has_the_same_form() {
        let one = json!({"b": 1, "a": {"name": "caf\u{e9}", "none": null}});
        let other = json!({"a": {"name": "cafe\u{301}"}, "b": 1.0});
        assert_eq!(canonical(&one), canonical(&other));
        assert_eq!(canonical(&one), r#"{"a":{"name":"café"},"b":1}"#);
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from), "[a-zé\"\\\\]{0,6}".prop_map(Value::from)];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,4}", inner, 0..5).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn d12_the_form_says_everything(left in tree(), right in tree()) {
            // The canonical form is JSON of the same value, so two values have one form only if they are one.
            prop_assert_eq!(serde_json::from_str::<Value>(&canonical(&left)).unwrap(), left.clone());
            prop_assert_eq!(canonical(&left) == canonical(&right), left == right);
        }
    }
}
