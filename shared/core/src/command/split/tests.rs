use proptest::prelude::*;

use super::*;

/// The tokens of a text, each in brackets of its kind.
fn said(text: &str) -> String {
    match split(text) {
        Ok(tokens) => tokens.iter().map(marked).collect::<Vec<_>>().join(" "),
        Err(refusal) => format!("! {refusal}"),
    }
}

fn marked(token: &Token) -> String {
    match token {
        Token::Word(text) => text.clone(),
        Token::Quoted(text) => format!("[{text}]"),
        Token::Flag { name, value: None } => format!("{{{name}}}"),
        Token::Flag { name, value: Some(value) } => format!("{{{name}={}}}", marked(value)),
        Token::Picked(mention, id) => format!("{mention:?}:{id}"),
    }
}

#[track_caller]
fn all_say(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(said(text), *expected, "for {text:?}");
    }
}

#[track_caller]
fn all_refused(cases: &[(&str, &str)]) {
    for (text, part) in cases {
        let said = said(text);
        assert!(said.starts_with('!') && said.contains(part), "{text:?} said {said:?} instead of something with {part:?}");
    }
}

#[test]
fn b1_smart_quotation_marks_are_straight_ones() {
    all_say(&[
        ("restore \"orders db\"", "restore [orders db]"),
        ("restore “orders db”", "restore [orders db]"),
        ("restore „orders db“", "restore [orders db]"),
        ("restore ‘orders db’", "restore [orders db]"),
        ("restore «orders db»", "restore [orders db]"),
        ("restore « orders db »", "restore [orders db]"),
        ("restore »orders db«", "restore [orders db]"),
        ("restore ‹orders db›", "restore [orders db]"),
        ("restore “orders db\"", "restore [orders db]"),
        ("restore 'orders db'", "restore [orders db]"),
        ("--reason=“two words” x", "{--reason=[two words]} x"),
        ("“he said ‘no’ to «it»”", "[he said ‘no’ to «it»]"),
        ("'it's broken'", "[it's broken]"),
        ("‘it’s broken’", "[it’s broken]"),
    ]);
}

#[test]
fn b2_long_dashes_begin_flags_and_nothing_else() {
    all_say(&[
        ("—reason x", "{--reason} x"),
        ("––reason x", "{--reason} x"),
        ("–r x", "{-r} x"),
        ("\u{2212}\u{2212}latest", "{--latest}"),
        ("\u{2212}r", "{-r}"),
        ("―reason=x", "{--reason=x}"),
        ("--latest", "{--latest}"),
        ("-latest", "{--latest}"),
        ("orders–db", "orders–db"),
        ("down — again", "down — again"),
        ("–10m −5m -3m", "-10m -5m -3m"),
    ]);
}

#[test]
fn b3_a_link_is_what_was_typed_and_its_label_is_not_trusted() {
    all_say(&[
        ("<http://a.b|a.b>", "a.b"),
        ("<http://A.b|a.B>", "a.B"),
        ("<http://a.b/|a.b>", "a.b"),
        ("<https://a.b>", "https://a.b"),
        ("<https://a.b/c?d=1&amp;e=2|https://a.b/c?d=1&amp;e=2>", "https://a.b/c?d=1&e=2"),
        ("x=<http://a.b|a.b>:5432", "x=a.b:5432"),
    ]);
    all_refused(&[
        ("<http://evil.example|a.b>", "A link says “a.b”, but leads to “http://evil.example”."),
        ("<http://a.b@evil.example|a.b>", "leads to"),
        ("<http://a.b/X|a.b/x>", "leads to"),
        ("<http://a.b|>", "leads to"),
    ]);
}

#[test]
fn b4_addresses_and_numbers_are_what_was_typed() {
    all_say(&[
        ("<mailto:x@y.z|x@y.z>", "x@y.z"),
        ("<mailto:x@y.z>", "x@y.z"),
        ("<tel:+15551234|+1 555 1234>", "+15551234"),
        ("<tel:4711|4711>", "4711"),
    ]);
    all_refused(&[("<mailto:evil@y.z|x@y.z>", "leads to"), ("<tel:900|112>", "leads to")]);
}

#[test]
fn b5_entities_are_decoded_once() {
    all_say(&[
        ("a&amp;b", "a&b"),
        ("x &lt;y&gt;", "x <y>"),
        ("&amp;lt;", "&lt;"),
        ("&amp;amp;", "&amp;"),
        ("& &am; &nbsp;", "& &am; &nbsp;"),
        // What was typed as a bracket is never an escape of Slack's.
        ("x &lt;@U1&gt;", "x <@U1>"),
    ]);
}

#[test]
fn b6_what_is_picked_is_an_id_and_what_is_typed_is_not() {
    all_say(&[
        ("<@U1|bob>", "Person:U1"),
        ("<@W1>", "Person:W1"),
        ("<#C1|ops>", "Channel:C1"),
        ("<!subteam^S1|@sre>", "Group:S1"),
        ("--to=<@U1|bob>", "{--to=Person:U1}"),
        ("“ask <@U1|bob> first”", "[ask <@U1> first]"),
        ("<@U1|a&amp;b>,", "<@U1>,"),
        ("<@U 1>", "<@U 1>"),
    ]);
    assert_eq!(split("<@U1|bob>").unwrap()[0].person(), Ok("U1"));
    let refusal = split("@bob").unwrap()[0].person().unwrap_err();
    assert!(refusal.way_out.unwrap().contains("pick the person from the list"));
    assert!(split("x &lt;@U1&gt;").unwrap()[1].person().is_err());
}

#[test]
fn b7_calls_to_everybody_become_words() {
    all_say(&[
        ("--reason “<!channel> help <!here|here>”", "{--reason} [@channel help @here]"),
        ("<!everyone>", "@everyone"),
        ("<!date^1^{date}|now>", "@date"),
    ]);
}

#[test]
fn b8_whitespace_of_every_kind_separates() {
    all_say(&[
        ("  restore \t orders\u{a0}\u{2003}x \r\n y\u{3000}z ", "restore orders x y z"),
        ("\u{feff}restore orders\u{200b} \u{200b}", "restore orders"),
        ("“ a\u{a0}b\n”", "[a b]"),
        ("“a”\u{200b} b", "[a] b"),
        // Inside a word it is kept, for the check of names to find.
        ("ord\u{200b}ers", "ord\u{200b}ers"),
        ("", ""),
        (" \u{200b} ", ""),
    ]);
    all_refused(&[("a\u{0}b", "control character (U+0000)"), ("“a\u{1b}[0m”", "U+001B")]);
}

#[test]
fn b10_quotation_marks_unclosed_empty_or_inside_a_word_are_errors() {
    all_refused(&[
        ("restore \"orders", "opened before “orders” and never closed"),
        ("restore \"", "never closed"),
        ("restore 'tis", "never closed"),
        ("restore \"\"", "nothing between"),
        ("restore “ \u{200b} ”", "nothing between"),
        ("restore or\"ders\"", "right behind “or”, inside a word"),
        ("restore \"or\"ders", "inside a word"),
        ("restore --at=", "nothing after “--at=”"),
        ("restore --at= 14:05", "nothing after"),
        ("restore --at=\"\"", "nothing between"),
    ]);
}

#[test]
fn number_signs_and_apostrophes_are_ordinary() {
    all_say(&[("# it's #1 drives' it’s", "# it's #1 drives' it’s"), (r"a\ b\", r"a\ b\"), ("$HOME;`x", "$HOME;`x"), ("a=b", "a=b")]);
}

#[test]
fn b12_what_is_too_long_is_refused() {
    let most = LONGEST_TEXT;
    all_refused(&[
        (&"x".repeat(most + 1), "too long for a command"),
        (&"x ".repeat(MOST_TOKENS + 1), "too much for one command"),
        (&"\"'".repeat(1 << 19), "too long"),
        (&"x ".repeat(10_000), "too long"),
    ]);
    assert!(split(&"x".repeat(most)).is_ok());
    assert!(split(&"x ".repeat(MOST_TOKENS)).is_ok());
}

#[test]
fn b12_every_text_is_looked_at_in_a_multiple_of_its_length() {
    let hostile = ["<", "<@", "<http://a|", "&", "&amp", "\"", "'", "'\u{200b}", "' ", "-", "—x=", "\u{200b}", "<!", "«", ">", "--a='"];
    for piece in hostile {
        for text in [piece.repeat(20_000), format!("'{}", piece.repeat(20_000)), format!("x{}", piece.repeat(20_000))] {
            let steps = steps_over(&text);
            let length = text.chars().count();
            assert!(steps <= 10 * length, "{steps} steps for {length} characters of {piece:?}");
        }
    }
}

/// How many looks at a character an unbounded text takes, whether or not it is refused in the end.
fn steps_over(text: &str) -> usize {
    let Ok(decoded) = escape::decode(text) else { return 0 };
    let mut splitter = Splitter { glyphs: decoded.glyphs, position: 0, steps: decoded.steps, tokens: Vec::new() };
    let _ = splitter.run();
    splitter.steps
}

#[test]
fn b18_quotes_and_code_are_not_commands() {
    all_refused(&[
        ("```/dr failover```", "code, not a command"),
        ("`restore orders`", "code, not a command"),
        ("&gt; restore orders --latest", "a quote, not a command"),
        ("restore orders\n&gt; --latest", "a quote, not a command"),
        ("restore orders ```\n--latest\n```", "code, not a command"),
    ]);
    // In quotation marks it is text, and a sign in the middle of a line is a sign.
    all_say(&[("“see ```x```”", "[see ```x```]"), ("x &gt; y", "x > y")]);
}

/// The token as Slack would send it after somebody typed it.
fn over_the_wire(token: &Token) -> String {
    let escaped = |text: String| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    match token {
        Token::Picked(..) => token.typed(),
        Token::Flag { name, value: Some(value) } => format!("{}={}", escaped(name.clone()), over_the_wire(value)),
        other => escaped(other.typed()),
    }
}

/// Pieces that mean something to the splitter, among some that mean nothing.
fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => Just("a".to_owned()), 2 => Just(" ".to_owned()), 1 => Just("orders".to_owned()), 1 => Just("\u{200b}".to_owned()),
        3 => prop::sample::select(vec!["\"", "“", "”", "„", "'", "’", "«", "»", "‹", "›", "`"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["-", "--", "—", "–", "=", "\n", "\t", "\u{a0}", "\u{202e}", "#", "\\"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["&amp;", "&lt;", "&gt;", "&", "<", ">", "|", "<@U1|bob>", "<@U1>", "<#C1>", "<!here>",
            "<http://a.b|a.b>", "<http://a.b>", "<mailto:x@y.z|x@y.z>", "<tel:1|1>", "<!subteam^S1>"]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_the_splitter_panic(text in any::<String>()) {
        let _ = split(&text);
    }

    #[test]
    fn splitting_what_was_split_changes_nothing(text in hostile_text()) {
        if let Ok(tokens) = split(&text) {
            let again = tokens.iter().map(over_the_wire).collect::<Vec<_>>().join(" ");
            // A quote that stands first is refused, wherever it came from.
            if !again.starts_with("&gt;") {
                prop_assert_eq!(split(&again), Ok(tokens), "by way of {}", again);
            }
        }
    }

    #[test]
    fn b12_steps_grow_with_the_length_only(text in hostile_text()) {
        let text = text.repeat(50);
        prop_assert!(steps_over(&text) <= 10 * text.chars().count() + 10);
    }

    #[test]
    fn no_token_has_whitespace_outside_quotation_marks_or_is_empty(text in hostile_text()) {
        for token in split(&text).unwrap_or_default() {
            match token {
                Token::Word(word) => prop_assert!(!word.is_empty() && !word.contains(char::is_whitespace)),
                Token::Quoted(text) => prop_assert!(!text.trim().is_empty()),
                Token::Flag { name, .. } => prop_assert!(name.starts_with('-') && !name.contains(char::is_whitespace)),
                Token::Picked(_, id) => prop_assert!(id.chars().all(|character| character.is_ascii_alphanumeric())),
            }
        }
    }
}
