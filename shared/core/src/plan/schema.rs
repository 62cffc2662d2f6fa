//! The published shape of a plan file, and the reference of its keys: both made from the types that read it.

use std::{fmt::Write as _, path::Path};

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::Plan;

fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Plan>().to_value();
    schema["title"] = "A plan of Mayday".into();
    plain_formats(&mut schema);
    schema
}

/// `minimum: 0` of unsigned numbers is kept, formats that no editor knows are not.
fn plain_formats(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint") || format.starts_with("int")) {
                fields.remove("format");
            }
            fields.values_mut().for_each(plain_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(plain_formats),
        _ => {}
    }
}

/// Holds a file to what is generated. With `MAYDAY_WRITE` in the environment it is written instead.
#[track_caller]
fn hold(file: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    #[expect(clippy::disallowed_methods, reason = "whoever changed a key on purpose says so in the environment")]
    if std::env::var_os("MAYDAY_WRITE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(found == expected, "{file} is not up to date: run this test with MAYDAY_WRITE=1");
}

#[test]
fn r75_the_published_schema_is_that_of_what_is_read() {
    hold("plans/plan.schema.json", &format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap()));
}

/// Before this line people write, behind it is generated.
const GENERATED: &str = "<!-- generated from here on -->\n";

#[test]
fn r75_every_key_is_in_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plan.md");
    let written = std::fs::read_to_string(path).unwrap();
    let (written, _) = written.split_once(GENERATED).expect("the line before what is generated");
    hold("docs/plan.md", &format!("{written}{GENERATED}{}", reference(&schema())));
}

/// All types of the schema with their keys, in the order in which a reader meets them.
fn reference(schema: &Value) -> String {
    let empty = Map::new();
    let types = schema.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    let mut out = String::from("\n## Every key\n");
    table(&mut out, "The file", schema);
    let mut open: Vec<String> = named(schema);
    let mut seen: Vec<String> = Vec::new();
    while !open.is_empty() {
        let name = open.remove(0);
        if seen.contains(&name) {
            continue;
        }
        let Some(shape) = types.get(&name) else { continue };
        if shape.get("properties").is_some() || choices(shape).is_some() {
            table(&mut out, &name, shape);
        }
        open.extend(named(shape));
        seen.push(name);
    }
    out
}

/// The types that a shape names, in order.
fn named(shape: &Value) -> Vec<String> {
    match shape {
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| *key != "$defs")
            .flat_map(|(key, value)| match value.as_str().and_then(|text| text.strip_prefix("#/$defs/")) {
                Some(name) if key == "$ref" => vec![name.to_owned()],
                _ => named(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(named).collect(),
        _ => Vec::new(),
    }
}

/// What can be written, where a type is one of several words.
fn choices(shape: &Value) -> Option<Vec<(String, String)>> {
    let said = |value: &Value| value.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
    let all = shape.get("oneOf")?.as_array()?;
    let choice = |value: &Value| {
        let word = value.get("const").and_then(Value::as_str).map(str::to_owned);
        let key = || value.get("properties")?.as_object()?.keys().next().map(|key| format!("{key}: …"));
        Some((word.or_else(key)?, said(value)))
    };
    all.iter().map(choice).collect()
}

fn table(out: &mut String, name: &str, shape: &Value) {
    let said = |value: &Value| value.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ").replace('|', "\\|");
    _ = write!(out, "\n### {name}\n\n{}\n\n", said(shape));
    if let Some(choices) = choices(shape) {
        for (word, meaning) in choices {
            _ = writeln!(out, "- `{word}`: {meaning}");
        }
        return;
    }
    let required: Vec<&str> = shape.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    out.push_str("| key | | what |\n|---|---|---|\n");
    for (key, value) in shape.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let need = if required.contains(&key.as_str()) { "must" } else { "" };
        _ = writeln!(out, "| `{key}` | {need} | {} ({}) |", said(value), kind(value));
    }
}

/// What a value is, in a word or two.
fn kind(value: &Value) -> String {
    let link = |name: &str| format!("[{name}](#{})", name.to_lowercase());
    if let Some(name) = value.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix("#/$defs/")) {
        return if name == "Span" { "a span such as `15m`".to_owned() } else { link(name) };
    }
    if let Some(options) = value.get("anyOf").and_then(Value::as_array) {
        return options.iter().find(|option| option.get("$ref").is_some()).map(kind).unwrap_or_default();
    }
    let plain = |text: &str| {
        match text {
            "string" => "text",
            "integer" => "a number",
            "boolean" => "true or false",
            other => other,
        }
        .to_owned()
    };
    match value.get("type") {
        Some(Value::String(text)) if text == "array" => format!("a list of {}", value.get("items").map(kind).unwrap_or_default()),
        Some(Value::String(text)) if text == "object" => {
            format!("by name: {}", value.get("additionalProperties").map(kind).unwrap_or_default())
        }
        Some(Value::String(text)) => plain(text),
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).find(|text| *text != "null").map(plain).unwrap_or_default(),
        _ => String::new(),
    }
}
