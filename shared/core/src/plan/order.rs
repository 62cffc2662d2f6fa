//! In which order things come of which some need others.

use std::collections::{BTreeMap, BTreeSet};

/// Names, and which others each needs.
pub(crate) type Needs<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The names in waves: each needs only names of earlier waves, and those of one wave are sorted. What nobody has counts for
/// nothing. Takes as many steps as there are names and needs together.
///
/// # Errors
/// A circle of names of which each needs the next; its first stands at its end again.
pub(crate) fn waves<'a>(needs: &Needs<'a>) -> Result<Vec<Vec<&'a str>>, Vec<&'a str>> {
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    let mut waiting: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for (name, others) in needs {
        let known = others.iter().filter(|other| needs.contains_key(*other));
        open.insert(name, known.clone().count());
        known.for_each(|other| waiting.entry(other).or_default().push(name));
    }
    let mut waves = Vec::new();
    let mut wave: Vec<&'a str> = needs.keys().filter(|name| open.get(*name) == Some(&0)).copied().collect();
    while !wave.is_empty() {
        let mut next = Vec::new();
        for name in &wave {
            open.remove(name);
            for waiter in waiting.get(name).into_iter().flatten() {
                if let Some(left) = open.get_mut(waiter) {
                    *left -= 1;
                    if *left == 0 {
                        next.push(*waiter);
                    }
                }
            }
        }
        next.sort_unstable();
        waves.push(std::mem::replace(&mut wave, next));
    }
    if open.is_empty() { Ok(waves) } else { Err(circle(needs, &open)) }
}

/// Each of what is left needs something else that is left: whoever follows that comes back to where they were.
fn circle<'a>(needs: &Needs<'a>, open: &BTreeMap<&str, usize>) -> Vec<&'a str> {
    let (mut walk, mut places) = (Vec::new(), BTreeMap::new());
    let mut at = needs.keys().copied().find(|name| open.contains_key(name));
    while let Some(name) = at {
        if let Some(from) = places.insert(name, walk.len()) {
            return walk.into_iter().skip(from).chain([name]).collect();
        }
        walk.push(name);
        at = needs.get(name).and_then(|others| others.iter().copied().find(|other| open.contains_key(other)));
    }
    walk
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(text: &'static str) -> Needs<'static> {
        let entry = |line: &'static str| {
            let (name, others) = line.split_once(':').unwrap();
            (name.trim(), others.split_whitespace().collect())
        };
        text.split(',').map(entry).collect()
    }

    #[test]
    fn what_others_need_comes_first_and_a_circle_is_named() {
        assert_eq!(
            waves(&needs("web: api auth, api: data, auth: data elsewhere, data:, other:")).unwrap(),
            [vec!["data", "other"], vec!["api", "auth"], vec!["web"]]
        );
        assert_eq!(waves(&needs("a: b, b: c, c: b x, x:")).unwrap_err(), ["b", "c", "b"]);
        assert_eq!(waves(&needs("a: a")).unwrap_err(), ["a", "a"]);
        assert_eq!(waves(&Needs::new()).unwrap(), Vec::<Vec<&str>>::new());
    }

    #[test]
    fn l1_a_circle_of_two_hundred_thousand_is_found_in_one_walk() {
        let names: Vec<String> = (0..200_000).map(|number| format!("{number:06}")).collect();
        let round: Needs<'_> =
            names.iter().zip(names.iter().cycle().skip(1)).map(|(name, next)| (name.as_str(), BTreeSet::from([next.as_str()]))).collect();
        assert_eq!(waves(&round).unwrap_err().len(), 200_001);
    }
}
