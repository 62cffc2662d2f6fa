//! Whatever people and vendors wrote is shown as text: nothing of it is lost, and nothing of it means anything to Slack.

use mayday_core::{mrkdwn, view::Code};
use mayday_fuzz::Edits;

const WORDS: [&str; 20] = [
    "<",
    ">",
    "&",
    "&amp;",
    "&lt;",
    "`",
    "```",
    "*",
    "_",
    "~",
    "<!here>",
    "<@U1>",
    "|",
    "\n",
    " ",
    "\u{200b}",
    "\u{202e}",
    "\u{7}",
    "é",
    "<https://x.example|y>",
];

fn text_of(edits: &Edits) -> String {
    let seeds: Vec<&str> = include_str!("../corpus/words.txt").lines().collect();
    String::from_utf8_lossy(&edits.of(&seeds, &WORDS)).into_owned()
}

/// As Slack's documentation says that it is read back: three entities, and no other.
fn unescaped(shown: &str) -> String {
    shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What is shown in place of a character that must not reach a screen.
fn harmless(character: char) -> char {
    let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if turns || (character.is_control() && character != '\n') { '\u{fffd}' } else { character }
}

fn shown_as_text(edits: &Edits) {
    let text = text_of(edits);
    let shown = mrkdwn!("{}", text);
    let shown = shown.as_str();
    assert!(!shown.contains(['<', '>']), "markup: {shown}");
    let entities = shown.split('&').skip(1);
    assert!(entities.clone().all(|rest| ["amp;", "lt;", "gt;"].iter().any(|entity| rest.starts_with(entity))), "a bare &: {shown}");
    let plain = |text: &str| text.chars().filter(|character| *character != '\u{200b}').collect::<String>();
    let wanted: String = text.chars().map(harmless).collect();
    assert_eq!(plain(&unescaped(shown)), plain(&wanted), "all of it is there");
    // A mark opens a format only at a word's edge: there it stands between zero-width spaces.
    let characters: Vec<char> = shown.chars().collect();
    for (at, mark) in characters.iter().enumerate().filter(|(_, mark)| matches!(mark, '*' | '_' | '~' | '`')) {
        let beside = |at: Option<usize>| at.and_then(|at| characters.get(at)).copied().unwrap_or(' ');
        let (before, behind) = (beside(at.checked_sub(1)), beside(Some(at + 1)));
        let fenced = before == '\u{200b}' && behind == '\u{200b}';
        let inside = *mark != '`' && before.is_alphanumeric() && behind.is_alphanumeric();
        assert!(fenced || inside, "a mark that formats: {shown:?}");
    }
}

fn shown_as_code(edits: &Edits) {
    let text = text_of(edits);
    let shown = mrkdwn!("{}", Code(&text));
    let inside = shown.as_str().strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    assert!(inside.is_some_and(|inside| !inside.contains(['`', '<', '>', '\n'])), "it leaves its span: {}", shown.as_str());
}

fn cut_into_pieces(edits: &Edits) {
    let text = text_of(edits).repeat(9);
    let whole = mrkdwn!("{}", text);
    let pieces = whole.pieces(80);
    assert!(pieces.iter().all(|piece| piece.length() <= 80), "{pieces:?}");
    let dense = |text: &str| text.chars().filter(|character| !character.is_whitespace()).collect::<String>();
    let together: String = pieces.iter().map(|piece| piece.as_str()).collect();
    let without_marks = |text: &str| dense(text).replace('`', "");
    assert_eq!(without_marks(&together), without_marks(whole.as_str()), "nothing is lost between pieces");
}

#[test]
fn k1_what_people_wrote_is_all_there_and_means_nothing() {
    bolero::check!().with_iterations(30_000).with_type::<Edits>().for_each(shown_as_text);
}

#[test]
fn k1_no_identifier_leaves_its_code_span() {
    bolero::check!().with_iterations(30_000).with_type::<Edits>().for_each(shown_as_code);
}

#[test]
fn k2_pieces_keep_everything() {
    bolero::check!().with_iterations(5_000).with_type::<Edits>().for_each(cut_into_pieces);
}
