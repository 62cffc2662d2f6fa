//! The inputs of blocks: finding them, what they hold at first, and what a person's choice becomes in `state.values`.

use serde_json::{Map, Value, json};

/// An element in its block.
#[derive(Debug, Clone)]
pub(crate) struct Placed<'block> {
    pub block: &'block Value,
    pub element: &'block Value,
}

impl Placed<'_> {
    /// The block's id.
    pub(crate) fn block_id(&self) -> &str {
        self.block["block_id"].as_str().unwrap_or_default()
    }

    /// The element's action id.
    pub(crate) fn action_id(&self) -> &str {
        self.element["action_id"].as_str().unwrap_or_default()
    }

    /// The element's type.
    pub(crate) fn kind(&self) -> &str {
        self.element["type"].as_str().unwrap_or_default()
    }
}

/// Every interactive element of the blocks, in reading order.
pub(crate) fn elements(blocks: &[Value]) -> Vec<Placed<'_>> {
    let mut found = Vec::new();
    for block in blocks {
        let several = block["elements"].as_array().map_or(&[][..], Vec::as_slice).iter();
        let single = ["accessory", "element"].into_iter().filter_map(|name| block.get(name));
        found.extend(several.chain(single).filter(|element| element.get("action_id").is_some()).map(|element| Placed { block, element }));
    }
    found
}

/// Gives every block a `block_id` and every element an `action_id`, as Slack does.
pub(crate) fn fill_ids(blocks: &mut [Value], mut next: impl FnMut() -> u64) {
    const INTERACTIVE: [&str; 8] = ["button", "overflow", "checkboxes", "radio_buttons", "picker", "select", "input", "workflow_button"];
    let mut id = |prefix: &str| json!(format!("{prefix}{:04x}", next()));
    let fill = |element: &mut Value, id: &mut dyn FnMut(&str) -> Value| {
        let kind = element["type"].as_str().unwrap_or_default();
        if INTERACTIVE.iter().any(|part| kind.contains(part))
            && let Some(fields) = element.as_object_mut()
        {
            fields.entry("action_id").or_insert_with(|| id("a"));
        }
    };
    for block in blocks {
        if let Some(fields) = block.as_object_mut() {
            fields.entry("block_id").or_insert_with(|| id("b"));
        }
        for name in ["accessory", "element"] {
            if let Some(element) = block.get_mut(name) {
                fill(element, &mut id);
            }
        }
        if block["type"] == "actions"
            && let Some(elements) = block.get_mut("elements").and_then(Value::as_array_mut)
        {
            elements.iter_mut().for_each(|element| fill(element, &mut id));
        }
    }
}

/// The field of `state.values` and of an action that holds an element's value.
pub(crate) fn value_field(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "plain_text_input" | "number_input" | "email_text_input" | "url_text_input" => "value",
        "static_select" | "external_select" | "radio_buttons" | "overflow" => "selected_option",
        "multi_static_select" | "multi_external_select" | "checkboxes" => "selected_options",
        "datepicker" => "selected_date",
        "timepicker" => "selected_time",
        "datetimepicker" => "selected_date_time",
        "users_select" => "selected_user",
        "multi_users_select" => "selected_users",
        "channels_select" => "selected_channel",
        "multi_channels_select" => "selected_channels",
        "conversations_select" => "selected_conversation",
        "multi_conversations_select" => "selected_conversations",
        "rich_text_input" => "rich_text_value",
        _ => return None,
    })
}

/// What an element holds before anybody touches it.
fn initial(element: &Value) -> Value {
    let kind = element["type"].as_str().unwrap_or_default();
    let name = match value_field(kind).unwrap_or_default() {
        "value" => "initial_value",
        "selected_option" => "initial_option",
        "selected_options" => "initial_options",
        "selected_date" => "initial_date",
        "selected_time" => "initial_time",
        "selected_date_time" => "initial_date_time",
        "selected_user" => "initial_user",
        "selected_users" => "initial_users",
        "selected_channel" => "initial_channel",
        "selected_channels" => "initial_channels",
        "selected_conversation" => "initial_conversation",
        "selected_conversations" => "initial_conversations",
        _ => return Value::Null,
    };
    let several = kind.starts_with("multi_") || kind == "checkboxes";
    element.get(name).cloned().unwrap_or_else(|| if several { json!([]) } else { Value::Null })
}

/// All options of a select, those in groups too.
fn options(element: &Value) -> Vec<&Value> {
    let mut all: Vec<&Value> = element["options"].as_array().map(|options| options.iter().collect()).unwrap_or_default();
    for group in element["option_groups"].as_array().map_or(&[][..], Vec::as_slice) {
        all.extend(group["options"].as_array().map_or(&[][..], Vec::as_slice));
    }
    all
}

/// The option that a person means by a value or by its text.
pub(crate) fn option_meant<'option>(options: &[&'option Value], meant: &str) -> Option<&'option Value> {
    let by = |pointer: &str| options.iter().find(|option| option.pointer(pointer).and_then(Value::as_str) == Some(meant)).copied();
    by("/value").or_else(|| by("/text/text"))
}

/// Turns what was given for an element (a plain string, a list of them, a whole option, or the entry of `state.values`)
/// into its value.
///
/// # Errors
/// A sentence, when a select has no such option.
pub(crate) fn value_of(element: &Value, given: &Value) -> Result<Value, String> {
    let kind = element["type"].as_str().unwrap_or_default();
    let field = value_field(kind).unwrap_or("value");
    if let Some(entry) = given.as_object().filter(|entry| entry.contains_key(field)) {
        return Ok(entry.get(field).cloned().unwrap_or(Value::Null));
    }
    let one = |given: &Value| -> Result<Value, String> {
        let Some(meant) = given.as_str() else { return Ok(given.clone()) };
        let found = option_meant(&options(element), meant).cloned();
        match found {
            Some(option) => Ok(option),
            None if kind.contains("external") => Ok(json!({"text": {"type": "plain_text", "text": meant}, "value": meant})),
            None => Err(format!("`{meant}` is not an option of {}", element["action_id"])),
        }
    };
    match field {
        "selected_option" => one(given),
        "selected_options" => match given {
            Value::Array(several) => several.iter().map(one).collect(),
            Value::Null => Ok(json!([])),
            single => Ok(json!([one(single)?])),
        },
        "selected_date_time" => Ok(given.as_str().and_then(|text| text.parse::<i64>().ok()).map_or_else(|| given.clone(), |at| json!(at))),
        "value" => Ok(match given {
            Value::Number(number) => json!(number.to_string()),
            Value::String(text) if text.is_empty() => Value::Null,
            other => other.clone(),
        }),
        _ => Ok(given.clone()),
    }
}

/// `state.values` of the blocks: initial values, over them what `known` holds, over them what was `given`.
///
/// `given` is `{block_id: {action_id: value}}` or, shorter, `{action_id: value}`.
///
/// # Errors
/// A sentence, when a value fits no option.
pub(crate) fn state_values(blocks: &[Value], known: &Value, given: &Value) -> Result<Value, String> {
    let mut values: Map<String, Value> = Map::new();
    for placed in elements(blocks) {
        let Some(field) = value_field(placed.kind()).filter(|_| placed.kind() != "overflow") else { continue };
        let (block_id, action_id) = (placed.block_id(), placed.action_id());
        let value = match given_for(&placed, given) {
            Some(given) => value_of(placed.element, given)?,
            None => known[block_id][action_id].get(field).cloned().unwrap_or_else(|| initial(placed.element)),
        };
        let entry = json!({"type": placed.kind(), field: value});
        let block = values.entry(block_id).or_insert_with(|| json!({}));
        if let Some(block) = block.as_object_mut() {
            block.insert(action_id.to_owned(), entry);
        }
    }
    Ok(Value::Object(values))
}

/// What was given for an element, in either form.
pub(crate) fn given_for<'given>(placed: &Placed<'_>, given: &'given Value) -> Option<&'given Value> {
    let (block_id, action_id) = (placed.block_id(), placed.action_id());
    let field = value_field(placed.kind()).unwrap_or("value");
    // Where block and action have the same name, an object that holds no value is the long form with nothing in it.
    let short =
        given.get(action_id).filter(|value| value.as_object().is_none_or(|entry| entry.contains_key("value") || entry.contains_key(field)));
    given.get(block_id).and_then(|block| block.get(action_id)).or(short)
}

/// What Slack's own client refuses before it sends a form: block id → sentence.
pub(crate) fn refused_by_client(blocks: &[Value], values: &Value) -> Map<String, Value> {
    let mut errors = Map::new();
    for block in blocks.iter().filter(|block| block["type"] == "input") {
        let element = &block["element"];
        let (block_id, action_id) = (block["block_id"].as_str().unwrap_or_default(), element["action_id"].as_str().unwrap_or_default());
        let field = value_field(element["type"].as_str().unwrap_or_default()).unwrap_or("value");
        let value = &values[block_id][action_id][field];
        let empty = value.is_null() || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
        if empty && !block["optional"].as_bool().unwrap_or(false) {
            errors.insert(block_id.to_owned(), json!("Please complete this required field."));
        } else if let Some(sentence) = value.as_str().filter(|_| !empty).and_then(|text| out_of_bounds(element, text)) {
            errors.insert(block_id.to_owned(), json!(sentence));
        }
    }
    errors
}

fn out_of_bounds(element: &Value, text: &str) -> Option<String> {
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    if let Some(least) = element["min_length"].as_u64().filter(|least| length < *least) {
        return Some(format!("This field must be at least {least} characters."));
    }
    if let Some(most) = element["max_length"].as_u64().filter(|most| length > *most) {
        return Some(format!("This field must be at most {most} characters."));
    }
    if element["type"] != "number_input" {
        return None;
    }
    let Ok(number) = text.parse::<f64>() else { return Some("Enter a number.".to_owned()) };
    let bound = |name: &str| element[name].as_str().and_then(|text| text.parse::<f64>().ok());
    if bound("min_value").is_some_and(|least| number < least) {
        return Some(format!("Enter a number that is at least {}.", element["min_value"].as_str().unwrap_or_default()));
    }
    if bound("max_value").is_some_and(|most| number > most) {
        return Some(format!("Enter a number that is at most {}.", element["max_value"].as_str().unwrap_or_default()));
    }
    None
}
