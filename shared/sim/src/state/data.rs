use crate::fault::Millis;

/// What a database holds: a log of how many rows came or went, and when. Enough to tell whether the rows are back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data(Vec<(Millis, String, i64)>);

impl Data {
    /// So many rows came to a table; fewer than none: they went.
    pub fn note(&mut self, at: Millis, table: &str, rows: i64) {
        self.0.push((at, table.to_owned(), rows));
    }

    /// How many rows a table has; `None` when there is no such table.
    #[must_use]
    pub fn count(&self, table: &str) -> Option<i64> {
        let mut all = self.0.iter().filter(|(_, name, _)| name == table).peekable();
        all.peek()?;
        Some(all.map(|(_, _, rows)| rows).sum())
    }

    /// When the newest row of a table came.
    #[must_use]
    pub fn newest(&self, table: &str) -> Option<Millis> {
        self.0.iter().filter(|(_, name, rows)| name == table && *rows > 0).map(|(at, _, _)| *at).max()
    }

    /// As it was at a moment.
    #[must_use]
    pub fn until(&self, at: Millis) -> Self {
        Self(self.0.iter().filter(|(when, _, _)| *when <= at).cloned().collect())
    }
}
