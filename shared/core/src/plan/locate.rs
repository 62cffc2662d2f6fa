//! Finds the line of a path: a second reading of the text, made only when there is something to point at.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use super::{Path, Position, load::options};

/// A value, and where it is.
struct Node {
    at: Position,
    inside: Inside,
}

enum Inside {
    Scalar,
    List(Vec<Node>),
    Map(BTreeMap<String, (Position, Node)>),
}

/// The keys of what a path leads to, in the order in which they are written: the plan itself keeps them by name.
#[must_use]
pub fn keys(text: &str, path: &Path) -> Vec<String> {
    let places = Places::of(text);
    let Some(root) = &places.0 else { return Vec::new() };
    let inner = path.0.iter().try_fold(root, |node, step| match &node.inside {
        Inside::Map(entries) => entries.get(step).map(|(_, inner)| inner),
        Inside::Scalar | Inside::List(_) => None,
    });
    match inner.map(|node| &node.inside) {
        Some(Inside::Map(entries)) => {
            let mut keys: Vec<(Position, &String)> = entries.iter().map(|(key, (at, _))| (*at, key)).collect();
            keys.sort_unstable();
            keys.into_iter().map(|(_, key)| key.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// Where paths are in a text.
pub(super) struct Places(Option<Node>);

impl Places {
    /// Reads the text for its places. A text that can't be read has none.
    pub(super) fn of(text: &str) -> Self {
        Self(serde_saphyr::from_str_with_options(text, options(false)).ok())
    }

    /// Where the path leads to, or as far as it can be followed: the value if it is plain, else its key.
    pub(super) fn find(&self, path: &Path) -> Option<Position> {
        let mut node = self.0.as_ref()?;
        let mut at = node.at;
        for step in &path.0 {
            let next = match &node.inside {
                Inside::Scalar => None,
                Inside::List(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)).map(|node| (node.at, node)),
                Inside::Map(entries) => entries.get(step).map(|(at, node)| (*at, node)),
            };
            let Some((key, inner)) = next else { break };
            at = if matches!(inner.inside, Inside::Scalar) { inner.at } else { key };
            node = inner;
        }
        Some(at)
    }
}

fn position<T>(spanned: &Spanned<T>) -> Position {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Position { line: number(spanned.referenced.line()), column: number(spanned.referenced.column()) }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Inside>::deserialize(deserializer)?;
        Ok(Self { at: position(&spanned), inside: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Inside {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Inside;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_none<E>(self) -> Result<Inside, E> {
        Ok(Inside::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Inside, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Inside::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Inside, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, node)) = access.next_entry::<Spanned<String>, Node>()? {
            let at = position(&key);
            entries.insert(key.value, (at, node));
        }
        Ok(Inside::Map(entries))
    }
}
