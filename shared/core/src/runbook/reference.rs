//! References in the arguments of steps: `${arguments.NAME}`, which is filled in when the runbook is proposed, and
//! `${steps.ID.outputs.NAME}`, which is filled in when the step begins.

use std::collections::BTreeMap;

use serde_json::Value;

use super::condition::Known;

/// A part of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// As it stands.
    Said(&'a str),
    /// What the runbook was told.
    Argument(&'a str),
    /// What a step has found out.
    Output {
        /// The step.
        step: &'a str,
        /// Which of its outputs.
        output: &'a str,
    },
}

/// The longest text with references, in bytes.
const LONGEST: usize = 2_000;

/// Reads a text with references.
///
/// # Errors
/// What is wrong with one, in a sentence.
pub(crate) fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    if text.len() > LONGEST {
        return Err(format!("an argument has {LONGEST} bytes at most"));
    }
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, behind)) = rest.split_once("${") {
        let (inside, after) = behind.split_once('}').ok_or_else(|| format!("“${{{behind}” has no end: write `${{…}}`"))?;
        if !before.is_empty() {
            parts.push(Part::Said(before));
        }
        parts.push(reference(inside)?);
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Said(rest));
    }
    Ok(parts)
}

fn reference(inside: &str) -> Result<Part<'_>, String> {
    let words: Vec<&str> = inside.trim().split('.').collect();
    let plain = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    match words.as_slice() {
        ["arguments", name] if plain(name) => Ok(Part::Argument(name)),
        ["steps", step, "outputs", output] if plain(step) && plain(output) => Ok(Part::Output { step, output }),
        _ => Err(format!("“${{{inside}}}” is not understood: write `${{arguments.NAME}}` or `${{steps.ID.outputs.NAME}}`")),
    }
}

/// A text with what the runbook was told filled in. What is filled in is not read again.
pub(super) fn with_arguments(text: &str, arguments: &BTreeMap<String, String>) -> String {
    let Ok(parts) = parts(text) else { return text.to_owned() };
    let said = |part: Part<'_>| match part {
        Part::Said(text) => text.to_owned(),
        Part::Argument(name) => arguments.get(name).cloned().unwrap_or_else(|| format!("${{arguments.{name}}}")),
        Part::Output { step, output } => format!("${{steps.{step}.outputs.{output}}}"),
    };
    parts.into_iter().map(said).collect()
}

/// A text with what the run has found out filled in, for people to read: what is not known is said to be so.
pub(crate) fn with_outputs(text: &str, known: &Known) -> String {
    let Ok(parts) = parts(text) else { return text.to_owned() };
    let said = |part: Part<'_>| match part {
        Part::Said(text) => text.to_owned(),
        Part::Argument(name) => format!("(no {name})"),
        Part::Output { step, output } => found(known, step, output).unwrap_or_else(|| format!("(not known: {output} of {step})")),
    };
    parts.into_iter().map(said).collect()
}

fn found(known: &Known, step: &str, output: &str) -> Option<String> {
    match known.steps.get(step)?.get("outputs")?.get(output)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(if *truth { "yes" } else { "no" }.to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_read_filled_in_and_never_read_twice() {
        let text = "back to ${arguments.at}: ${steps.keep.outputs.size_gib} GiB, ${steps.keep.outputs.nope}";
        let arguments = BTreeMap::from([("at".to_owned(), "${steps.keep.outputs.size_gib}".to_owned())]);
        let mut known = Known::default();
        known.steps.insert("keep".to_owned(), json!({"state": "done", "outputs": {"size_gib": 12, "list": []}}));
        assert_eq!(
            with_arguments(text, &arguments),
            "back to ${steps.keep.outputs.size_gib}: ${steps.keep.outputs.size_gib} GiB, ${steps.keep.outputs.nope}"
        );
        assert_eq!(with_outputs("${steps.keep.outputs.size_gib} GiB", &known), "12 GiB");
        assert_eq!(with_outputs("${steps.keep.outputs.list}!", &known), "(not known: list of keep)!");
        assert_eq!(with_outputs(text, &known), "back to (no at): 12 GiB, (not known: nope of keep)");
        for wrong in ["${steps.a}", "${arguments}", "${arguments.at", "${}", "${steps.a.outputs.b.c}", "${steps. .outputs.b}"] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parts("costs $5 {a}"), Ok(vec![Part::Said("costs $5 {a}")]));
    }
}
