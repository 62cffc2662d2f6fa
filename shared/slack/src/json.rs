//! A bound on nesting, for JSON that somebody else wrote.

/// How deep a payload may nest. Slack's own stay under twenty.
pub const MAX_DEPTH: usize = 64;

/// Whether arrays and objects in `text` nest at most `limit` deep.
///
/// A scan, not a parser: it is asked before one, so that no parser, here or further on, recurses into what a stranger
/// built. `serde_json` bounds what it stores, but not what it skips.
#[must_use]
pub fn depth_within(text: &[u8], limit: usize) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                if depth > limit {
                    return false;
                }
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b16_nesting_is_counted_outside_strings_only() {
        assert!(depth_within(br#"{"a":["]]]]","\"[[[[[["]}"#, 2));
        assert!(!depth_within(br#"{"a":[[1]]}"#, 2));
        assert!(depth_within(b"[][][][]", 1), "siblings are not nesting");
        assert!(!depth_within("[".repeat(10_000).as_bytes(), MAX_DEPTH));
    }
}
