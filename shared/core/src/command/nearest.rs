//! What somebody may have meant by a name that is not known. It is shown as a question, and never acted on.

use unicode_normalization::UnicodeNormalization as _;

use super::name::{is_dash, is_invisible, is_mixed, shown};
use crate::{failure::Refusal, plan::Plan};

/// The known name that looks most like this one, if it looks enough like it and no other does as much.
///
/// For questions only: a name that was not typed exactly never stands for a resource.
#[must_use]
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let wanted = skeleton(name);
    let length = wanted.chars().count();
    let near = |candidate: &&'a str| {
        let other = skeleton(candidate);
        let distance = strsim::osa_distance(&wanted, &other);
        (distance <= 1 + length / 5 && distance < length || length >= 3 && other.contains(&wanted)).then_some((distance, *candidate))
    };
    let candidates: Vec<(usize, &str)> = known.iter().filter_map(near).collect();
    let least = candidates.iter().map(|(distance, _)| *distance).min()?;
    let mut nearest = candidates.iter().filter(|(distance, _)| *distance == least).map(|(_, candidate)| *candidate);
    nearest.next().filter(|_| nearest.next().is_none())
}

/// The refusal for a name that is not known. `kind` says what was looked for: `database`, `run`.
#[must_use]
pub fn unknown(kind: &str, name: &str, known: &[&str]) -> Refusal {
    let why = if is_mixed(name) { ": it has letters of several alphabets" } else { "" };
    let refusal = Refusal::new(format!("There is no {kind} {}{why}.", shown(name)));
    match (nearest(name, known), known) {
        (Some(candidate), _) => refusal.instead(format!("Did you mean {candidate}? Nothing was done: type it exactly.")),
        (None, []) => refusal.instead(format!("There is no {kind} at all.")),
        (None, known) => refusal.instead(format!("Known: {}.", known.iter().take(20).copied().collect::<Vec<_>>().join(", "))),
    }
}

/// The refusal for a name that is neither a service nor a database of the plan.
#[must_use]
pub fn neither(plan: &Plan, name: &str) -> Refusal {
    let known: Vec<&str> = plan.services.keys().chain(plan.databases.keys()).map(String::as_str).collect();
    unknown("service or database", name, &known)
}

/// A name as it looks: lower case, compatibility forms resolved, look-alikes of other alphabets as Latin, nothing invisible.
fn skeleton(name: &str) -> String {
    // More than any name has; distances are quadratic.
    const MOST: usize = 255;
    name.nfkc().filter(|character| !is_invisible(*character)).flat_map(char::to_lowercase).map(latin).take(MOST).collect()
}

/// The Latin letter that a letter looks like. The pairs people were caught with; source: Unicode's `confusables.txt`.
fn latin(character: char) -> char {
    match character {
        'а' | 'α' => 'a',
        'в' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ё' | 'ε' => 'e',
        'һ' => 'h',
        'і' | 'ı' | 'ι' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'ӏ' => 'l',
        'м' => 'm',
        'п' | 'η' => 'n',
        'о' | 'ο' | 'σ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ѵ' | 'ν' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        '_' | ' ' => '-',
        dash if is_dash(dash) => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = ["orders", "inventory", "prod", "prod-eu", "staging"];

    #[test]
    fn b9_a_look_alike_is_named_but_never_taken() {
        let refusal = unknown("database", "prоd", &KNOWN);
        assert_eq!(
            refusal.to_string(),
            "There is no database “pr\\u{043e}d”: it has letters of several alphabets. Did you mean prod? Nothing was done: type it exactly."
        );
        assert_eq!(unknown("database", "p\u{202e}rod", &KNOWN).sentence, "There is no database “p\\u{202e}rod”.");
    }

    #[test]
    fn b14_typing_errors_are_asked_about() {
        let cases = [
            ("ordres", Some("orders")),
            ("Orders", Some("orders")),
            ("order", Some("orders")),
            ("inv", Some("inventory")),
            ("stagin", Some("staging")),
            ("prod_eu", Some("prod-eu")),
            ("ｐｒｏｄ", Some("prod")),
            ("ord\u{200b}ers", Some("orders")),
            ("payments", None),
            ("", None),
            ("x", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, &KNOWN), expected, "for {name:?}");
        }
    }

    #[test]
    fn b14_two_names_equally_near_are_no_suggestion() {
        assert_eq!(nearest("shard-3", &["shard-1", "shard-2"]), None);
        assert_eq!(nearest("shard-3", &["shard-1", "shard-2", "shard-33"]), None);
        assert_eq!(unknown("database", "shard-3", &["shard-1", "shard-2"]).way_out.unwrap(), "Known: shard-1, shard-2.");
    }
}
