//! Slack's limits on Block Kit, with Slack's own words for what is wrong.
//!
//! Source: <https://docs.slack.dev/reference/block-kit> for the numbers; the wording is that of real answers
//! (`must be less than 3001 characters [json-pointer:/blocks/0/text/text]`).

use serde_json::Value;

/// The most characters that the texts of a message's blocks may have together (catalogue K2).
const BLOCKS_TOTAL: usize = 13_200;

/// Where blocks are to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    Message,
    View,
}

impl Surface {
    fn most_blocks(self) -> usize {
        match self {
            Self::Message => 50,
            Self::View => 100,
        }
    }
}

/// What is wrong, each with the JSON pointer to it. Without Slack's `[ERROR] ` in front.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<String>);

impl Findings {
    fn add(&mut self, what: &str, at: &str) {
        self.0.push(format!("{what} [json-pointer:{at}]"));
    }

    /// A string's length in characters, within its bounds.
    fn length(&mut self, value: &Value, at: &str, least: usize, most: usize) {
        let Some(text) = value.as_str() else { return };
        let length = text.chars().count();
        if length < least {
            self.add(&format!("must be more than {} characters", least.saturating_sub(1)), at);
        }
        if length > most {
            self.add(&format!("must be less than {} characters", most + 1), at);
        }
    }

    fn count(&mut self, items: &[Value], at: &str, least: usize, most: usize) {
        if items.len() < least {
            self.add(&format!("no fewer than {least} items required"), at);
        }
        if items.len() > most {
            self.add(&format!("no more than {most} items allowed"), at);
        }
    }

    /// A field that has to be there.
    fn required<'value>(&mut self, object: &'value Value, name: &str, at: &str) -> Option<&'value Value> {
        let found = object.get(name).filter(|value| !value.is_null());
        if found.is_none() {
            self.add(&format!("missing required field: {name}"), at);
        }
        found
    }

    /// A text object.
    fn text(&mut self, value: &Value, at: &str, most: usize, plain_only: bool) {
        let kind = value["type"].as_str().unwrap_or_default();
        if kind != "plain_text" && (plain_only || kind != "mrkdwn") {
            self.add("failed to match all allowed schemas", at);
            self.add(&format!("must be a valid enum value; found `{kind}`"), &format!("{at}/type"));
        }
        let before = self.0.len();
        if self.required(value, "text", at).is_some() {
            self.length(&value["text"], &format!("{at}/text"), 1, most);
        }
        if self.0.len() > before {
            self.0.insert(before, format!("failed to match all allowed schemas [json-pointer:{at}]"));
        }
    }

    fn optional_text(&mut self, object: &Value, name: &str, at: &str, most: usize) {
        if let Some(value) = object.get(name) {
            self.text(value, &format!("{at}/{name}"), most, true);
        }
    }
}

/// Checks the blocks of a message or view, `at` being the JSON pointer to the list.
pub(crate) fn check_blocks(blocks: &[Value], surface: Surface, at: &str) -> Findings {
    let mut findings = Findings::default();
    findings.count(blocks, at, 0, surface.most_blocks());
    let mut block_ids = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let here = format!("{at}/{index}");
        check_block(block, &here, &mut findings);
        if let Some(id) = block["block_id"].as_str() {
            findings.length(&block["block_id"], &format!("{here}/block_id"), 0, 255);
            if block_ids.contains(&id) {
                findings.add(&format!("block_id `{id}` already exists"), &format!("{here}/block_id"));
            }
            block_ids.push(id);
        }
    }
    findings
}

/// Checks a whole view: its title, its buttons and its blocks.
pub(crate) fn check_view(view: &Value) -> Findings {
    let mut findings = Findings::default();
    let kind = view["type"].as_str().unwrap_or_default();
    if kind != "modal" && kind != "home" {
        findings.add(&format!("must be a valid enum value; found `{kind}`"), "/view/type");
    }
    let blocks = match view["blocks"].as_array() {
        Some(blocks) => blocks.as_slice(),
        None => {
            findings.add("missing required field: blocks", "/view");
            &[]
        }
    };
    if kind == "modal" {
        if findings.required(view, "title", "/view").is_some() {
            findings.text(&view["title"], "/view/title", 24, true);
        }
        findings.optional_text(view, "submit", "/view", 24);
        findings.optional_text(view, "close", "/view", 24);
        let asks = blocks.iter().any(|block| block["type"] == "input");
        if asks && view["submit"].is_null() {
            findings.add("missing required field: submit", "/view");
        }
    }
    findings.length(&view["private_metadata"], "/view/private_metadata", 0, 3_000);
    findings.length(&view["callback_id"], "/view/callback_id", 0, 255);
    findings.length(&view["external_id"], "/view/external_id", 0, 255);
    findings.0.extend(check_blocks(blocks, Surface::View, "/view/blocks").0);
    findings
}

/// Whether the texts of all blocks together are more than Slack takes.
pub(crate) fn blocks_too_long(blocks: &[Value]) -> bool {
    fn characters(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.iter().map(characters).sum(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| if name == "text" { text_length(value) } else { characters(value) }).sum()
            }
            _ => 0,
        }
    }
    fn text_length(value: &Value) -> usize {
        value.as_str().map_or_else(|| characters(value), |text| text.chars().count())
    }
    blocks.iter().map(characters).sum::<usize>() > BLOCKS_TOTAL
}

fn check_block(block: &Value, at: &str, findings: &mut Findings) {
    match block["type"].as_str().unwrap_or_default() {
        "section" => check_section(block, at, findings),
        "divider" | "file" | "video" => {}
        "rich_text" => {
            findings.required(block, "elements", at);
        }
        "markdown" => {
            if findings.required(block, "text", at).is_some() {
                findings.length(&block["text"], &format!("{at}/text"), 1, 12_000);
            }
        }
        "header" => {
            if findings.required(block, "text", at).is_some() {
                findings.text(&block["text"], &format!("{at}/text"), 150, true);
            }
        }
        "image" => check_image(block, at, findings),
        "context" => check_context(block, at, findings),
        "actions" => {
            let elements = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
            findings.count(elements, &format!("{at}/elements"), 1, 25);
            check_elements(elements, at, findings);
        }
        "input" => {
            if findings.required(block, "label", at).is_some() {
                findings.text(&block["label"], &format!("{at}/label"), 2_000, true);
            }
            findings.optional_text(block, "hint", at, 2_000);
            if let Some(element) = findings.required(block, "element", at) {
                check_element(element, &format!("{at}/element"), findings);
            }
        }
        other => findings.add(&format!("unsupported type: {other}"), &format!("{at}/type")),
    }
}

fn check_section(block: &Value, at: &str, findings: &mut Findings) {
    let (text, fields) = (block.get("text"), block["fields"].as_array());
    if text.is_none() && fields.is_none() {
        findings.add("missing required field: text", at);
    }
    if let Some(text) = text {
        findings.text(text, &format!("{at}/text"), 3_000, false);
    }
    if let Some(fields) = fields {
        findings.count(fields, &format!("{at}/fields"), 1, 10);
        for (index, field) in fields.iter().enumerate() {
            findings.text(field, &format!("{at}/fields/{index}"), 2_000, false);
        }
    }
    if let Some(accessory) = block.get("accessory") {
        check_element(accessory, &format!("{at}/accessory"), findings);
    }
}

fn check_image(image: &Value, at: &str, findings: &mut Findings) {
    if image.get("slack_file").is_none() && findings.required(image, "image_url", at).is_some() {
        findings.length(&image["image_url"], &format!("{at}/image_url"), 1, 3_000);
    }
    if findings.required(image, "alt_text", at).is_some() {
        findings.length(&image["alt_text"], &format!("{at}/alt_text"), 1, 2_000);
    }
}

fn check_context(block: &Value, at: &str, findings: &mut Findings) {
    let elements = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
    findings.count(elements, &format!("{at}/elements"), 1, 10);
    for (index, element) in elements.iter().enumerate() {
        let here = format!("{at}/elements/{index}");
        if element["type"] == "image" {
            check_image(element, &here, findings);
        } else {
            findings.text(element, &here, 3_000, false);
        }
    }
}

fn check_elements(elements: &[Value], at: &str, findings: &mut Findings) {
    let mut action_ids = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        let here = format!("{at}/elements/{index}");
        check_element(element, &here, findings);
        if let Some(id) = element["action_id"].as_str() {
            if action_ids.contains(&id) {
                findings.add(&format!("action_id `{id}` already exists"), &format!("{here}/action_id"));
            }
            action_ids.push(id);
        }
    }
}

fn check_element(element: &Value, at: &str, findings: &mut Findings) {
    let kind = element["type"].as_str().unwrap_or_default();
    findings.length(&element["action_id"], &format!("{at}/action_id"), 1, 255);
    findings.optional_text(element, "placeholder", at, 150);
    if let Some(confirm) = element.get("confirm") {
        check_confirm(confirm, &format!("{at}/confirm"), findings);
    }
    match kind {
        "button" => check_button(element, at, findings),
        "static_select" | "multi_static_select" => check_options(element, at, 100, findings),
        "overflow" => check_options(element, at, 5, findings),
        "radio_buttons" | "checkboxes" => check_options(element, at, 10, findings),
        "image" => check_image(element, at, findings),
        "plain_text_input" | "email_text_input" | "url_text_input" | "number_input" => {
            findings.length(&element["initial_value"], &format!("{at}/initial_value"), 0, 3_000);
            if kind == "number_input" && element["is_decimal_allowed"].as_bool().is_none() {
                findings.add("missing required field: is_decimal_allowed", at);
            }
        }
        "external_select"
        | "multi_external_select"
        | "users_select"
        | "multi_users_select"
        | "channels_select"
        | "multi_channels_select"
        | "conversations_select"
        | "multi_conversations_select"
        | "datepicker"
        | "timepicker"
        | "datetimepicker"
        | "rich_text_input"
        | "file_input"
        | "workflow_button" => {}
        other => findings.add(&format!("unsupported type: {other}"), &format!("{at}/type")),
    }
}

fn check_button(button: &Value, at: &str, findings: &mut Findings) {
    if findings.required(button, "text", at).is_some() {
        findings.text(&button["text"], &format!("{at}/text"), 75, true);
    }
    findings.length(&button["value"], &format!("{at}/value"), 0, 2_000);
    findings.length(&button["url"], &format!("{at}/url"), 0, 3_000);
    match button["style"].as_str() {
        None | Some("primary" | "danger") => {}
        Some(other) => findings.add(&format!("must be a valid enum value; found `{other}`"), &format!("{at}/style")),
    }
}

fn check_confirm(confirm: &Value, at: &str, findings: &mut Findings) {
    for (name, most, plain) in [("title", 100, true), ("text", 300, false), ("confirm", 30, true), ("deny", 30, true)] {
        match confirm.get(name) {
            Some(text) => findings.text(text, &format!("{at}/{name}"), most, plain),
            None => findings.add(&format!("missing required field: {name}"), at),
        }
    }
}

fn check_options(element: &Value, at: &str, most: usize, findings: &mut Findings) {
    let groups = element["option_groups"].as_array();
    let Some(options) = element["options"].as_array() else {
        match groups {
            Some(groups) => {
                findings.count(groups, &format!("{at}/option_groups"), 1, 100);
                for (index, group) in groups.iter().enumerate() {
                    check_options(group, &format!("{at}/option_groups/{index}"), 100, findings);
                }
            }
            None => findings.add("missing required field: options", at),
        }
        return;
    };
    findings.count(options, &format!("{at}/options"), 1, most);
    for (index, option) in options.iter().enumerate() {
        check_option(option, &format!("{at}/options/{index}"), findings);
    }
}

/// One option of a select; also what a bot answers to `block_suggestion`.
pub(crate) fn check_option(option: &Value, at: &str, findings: &mut Findings) {
    if findings.required(option, "text", at).is_some() {
        findings.text(&option["text"], &format!("{at}/text"), 75, false);
    }
    if findings.required(option, "value", at).is_some() {
        findings.length(&option["value"], &format!("{at}/value"), 1, 150);
    }
    if let Some(description) = option.get("description") {
        findings.text(description, &format!("{at}/description"), 75, false);
    }
}
