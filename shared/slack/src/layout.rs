//! Slack's limits on a message, kept by splitting: a long text becomes several blocks, many blocks several messages.
//!
//! Nothing is cut off: what does not fit goes on in the next block or message. Sources: the limits of
//! <https://docs.slack.dev/reference/block-kit/blocks>, and for a message's total the catalogue's K2.

use serde_json::{Value, json};

/// Blocks in a message.
const MAX_BLOCKS: usize = 50;
/// Characters of all blocks' texts in a message. Slack refuses more than about 13,200.
const MAX_TOTAL: usize = 12_000;
/// Characters of a section.
const MAX_SECTION: usize = 3_000;
/// Characters of a header.
const MAX_HEADER: usize = 150;
/// Short facts in a section, small print in a context.
const MAX_PARTS: usize = 10;
/// Characters of a message without blocks: Slack advises 4,000 at most.
const MAX_TEXT: usize = 4_000;

/// One or more messages, in order, that together show `message`: an object with `text` and, perhaps, `blocks`.
pub(crate) fn pages(message: &Value) -> Vec<Value> {
    let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
    let blocks = message.get("blocks").and_then(Value::as_array).cloned().unwrap_or_default();
    let notified = without_dates(text);
    let blocks = match blocks.as_slice() {
        [] if notified == text => return split(text, MAX_TEXT).into_iter().map(|text| json!({"text": text})).collect(),
        // A text that has dates is shown by a block: then what notifications show can be another one.
        [] => vec![json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}})],
        _ => blocks,
    };
    // With blocks the text is only what notifications show: its beginning is enough, since the blocks say it all.
    let fallback = split(&notified, MAX_TEXT).into_iter().next().unwrap_or_default();
    let mut pages: Vec<(usize, Vec<Value>)> = vec![(0, Vec::new())];
    for block in blocks.iter().flat_map(fitting) {
        let size = characters(&block);
        match pages.last_mut() {
            Some((total, page)) if page.len() < MAX_BLOCKS && (page.is_empty() || *total + size <= MAX_TOTAL) => {
                *total += size;
                page.push(block);
            }
            _ => pages.push((size, vec![block])),
        }
    }
    pages.into_iter().map(|(_, blocks)| json!({"text": fallback, "blocks": blocks})).collect()
}

/// The text with each date as its fallback says it, in UTC: a locked screen shows markup as it is. Where the fallback is only the
/// day, the time of day stands behind it in brackets.
fn without_dates(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, markup)) = rest.split_once("<!date^") {
        let Some((fallback, behind)) = markup.split_once('|').and_then(|(_, shown)| shown.split_once('>')) else { break };
        plain.push_str(before);
        plain.push_str(fallback);
        rest = behind;
        if let Some((time, behind)) = behind.strip_prefix(" (").and_then(|behind| behind.split_once(" UTC)"))
            && time.len() == "00:00:00".len()
        {
            plain.extend([" ", time, " UTC"]);
            rest = behind;
        }
    }
    plain.push_str(rest);
    plain
}

/// A block as one or more blocks within their own limits.
fn fitting(block: &Value) -> Vec<Value> {
    let text = |block: &Value| block.pointer("/text/text").and_then(Value::as_str).map(str::to_owned);
    match (block.get("type").and_then(Value::as_str), text(block)) {
        (Some("section"), Some(text)) => with_texts(block, split(&text, MAX_SECTION)),
        (Some("header"), Some(text)) => with_texts(block, split(&text, MAX_HEADER)),
        (Some("section"), None) => with_parts(block, "fields"),
        (Some("context"), _) => with_parts(block, "elements"),
        _ => vec![block.clone()],
    }
}

fn with_texts(block: &Value, texts: Vec<String>) -> Vec<Value> {
    let mut blocks: Vec<Value> = Vec::with_capacity(texts.len());
    for text in texts {
        let mut next = block.clone();
        if let Some(place) = next.pointer_mut("/text/text") {
            *place = Value::String(text);
        }
        // The button stands beside the first part, and an id belongs to one block.
        if !blocks.is_empty()
            && let Some(fields) = next.as_object_mut()
        {
            fields.remove("accessory");
            fields.remove("block_id");
        }
        blocks.push(next);
    }
    blocks
}

fn with_parts(block: &Value, name: &str) -> Vec<Value> {
    let Some(parts) = block.get(name).and_then(Value::as_array).filter(|parts| parts.len() > MAX_PARTS) else { return vec![block.clone()] };
    let chunk = |parts: &[Value]| {
        let mut next = block.clone();
        if let Some(place) = next.get_mut(name) {
            *place = Value::Array(parts.to_vec());
        }
        next
    };
    parts.chunks(MAX_PARTS).map(chunk).collect()
}

fn characters(block: &Value) -> usize {
    match block {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(characters).sum(),
        Value::Object(fields) => fields.iter().filter(|(name, _)| *name != "type").map(|(_, value)| characters(value)).sum(),
        _ => 0,
    }
}

/// Cuts text into pieces of at most `limit` characters: at a line's end, else at a space, else between characters;
/// within a code span, a link or an escaped character only if nothing else is left.
fn split(text: &str, limit: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.chars().count() > limit {
        let (head, tail) = cut(rest, limit);
        pieces.push(head.to_owned());
        rest = tail;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(rest.to_owned());
    }
    pieces
}

/// The first piece and what is left, without the white space between them.
fn cut(text: &str, limit: usize) -> (&str, &str) {
    let (mut line, mut space, mut safe, mut end) = (0, 0, 0, 0);
    let (mut code, mut link, mut escape) = (false, false, false);
    for (at, character) in text.char_indices().take(limit + 1) {
        end = at;
        if !code && !link && !escape && at > 0 {
            safe = at;
            match character {
                '\n' => line = at,
                ' ' => space = at,
                _ => {}
            }
        }
        match character {
            '`' => code = !code,
            '<' => link = true,
            '>' => link = false,
            '&' => escape = true,
            _ if !character.is_ascii_alphanumeric() => escape = false,
            _ => {}
        }
    }
    let at = [line, space, safe, end].into_iter().find(|at| *at > 0).unwrap_or(end);
    let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
    // One character of white space is what the cut stands for.
    (head, if at == line || at == space { tail.get(1..).unwrap_or_default() } else { tail })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn section(text: &str) -> Value {
        json!({"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": text, "verbatim": true}, "accessory": {"type": "button"}})
    }

    #[test]
    fn a_message_within_the_limits_stays_as_it_is() {
        let message = json!({"text": "x", "blocks": [section("a"), {"type": "divider"}, {"type": "actions", "elements": []}]});
        assert_eq!(pages(&message), [message]);
        assert_eq!(pages(&json!({"text": "x"})), [json!({"text": "x"})]);
    }

    #[test]
    fn notifications_show_times_and_no_markup() {
        let day = "until <!date^1795356000^{date_short_pretty} {time_secs}|2026-11-22> (14:00:00 UTC)";
        let whole = "until <!date^1795356000^{date_short_pretty} {time_secs}|2026-11-22 14:00:00 UTC>";
        for text in [day, whole] {
            let message = format!("⏳ *Restore* waits {text}, and a &lt;b&gt;.");
            let [page] = &pages(&json!({"text": message}))[..] else { panic!("one page") };
            assert_eq!(page["text"], "⏳ *Restore* waits until 2026-11-22 14:00:00 UTC, and a &lt;b&gt;.");
            assert_eq!(page["blocks"][0]["text"]["text"], message, "who reads it in Slack sees the date in their own zone");
            let beside = &pages(&json!({"text": message, "blocks": [section("a")]}))[0];
            assert_eq!((&beside["text"], beside["blocks"].as_array().unwrap().len()), (&page["text"], 1));
        }
        assert_eq!(without_dates("not closed: <!date^1^x"), "not closed: <!date^1^x");
        assert_eq!(without_dates("<!date^1^x|a> (b)"), "a (b)");
    }

    #[test]
    fn k2_a_long_section_becomes_several_cut_between_lines() {
        let text = "a line of the plan\n".repeat(400);
        let pages = pages(&json!({"text": "x", "blocks": [section(&text)]}));
        let blocks = pages[0]["blocks"].as_array().unwrap();
        assert_eq!((pages.len(), blocks.len()), (1, 3));
        let shown: Vec<&str> = blocks.iter().map(|block| block["text"]["text"].as_str().unwrap()).collect();
        assert_eq!(shown.join("\n"), text);
        assert!(shown.iter().all(|text| text.chars().count() <= 3_000));
        assert!(blocks[0].get("accessory").is_some() && blocks[1].get("accessory").is_none() && blocks[1].get("block_id").is_none());
    }

    #[test]
    fn k2_many_blocks_and_much_text_become_several_messages() {
        let many: Vec<Value> =
            (0..120).map(|number| json!({"type": "header", "text": {"type": "plain_text", "text": number.to_string()}})).collect();
        let counts: Vec<usize> =
            pages(&json!({"text": "x", "blocks": many})).iter().map(|page| page["blocks"].as_array().unwrap().len()).collect();
        assert_eq!(counts, [50, 50, 20]);
        let much: Vec<Value> = (0..10).map(|_| section(&"x".repeat(2_999))).collect();
        assert!(pages(&json!({"text": "x", "blocks": much})).iter().all(|page| characters(&page["blocks"]) <= 13_200));
    }

    #[test]
    fn k2_long_headers_and_many_facts_are_split() {
        let facts: Vec<Value> = (0..23).map(|number| json!({"type": "mrkdwn", "text": number.to_string()})).collect();
        let message = json!({"text": "x", "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "word ".repeat(60).trim()}}, {"type": "section", "fields": facts}, {"type": "context", "elements": facts},
        ]});
        let page = &pages(&message)[0];
        let kinds: Vec<&str> = page["blocks"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["header", "header", "section", "section", "section", "context", "context", "context"]);
    }

    #[test]
    fn k2_no_identifier_no_link_and_no_escape_is_torn() {
        for token in ["`orders-2026-11-22-14-05`", "<https://example.com/a b c|the text>", "&amp;"] {
            for filler in 30..60 {
                let text = format!("{} {token} {}", "x".repeat(filler), "y ".repeat(40));
                let pieces = split(&text, 60);
                assert!(pieces.iter().any(|piece| piece.contains(token)), "{pieces:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn k2_nothing_but_white_space_at_a_cut_is_lost(text in "[a-z `<>&;\\n]{0,400}", limit in 5..80_usize) {
            let pieces = split(&text, limit);
            prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= limit));
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(squeezed(&pieces.concat()), squeezed(&text));
        }
    }
}
