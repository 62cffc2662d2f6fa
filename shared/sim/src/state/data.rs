use crate::fault::Millis;

/// What a database holds: a log of how many rows came or went, and when. Enough to tell whether the rows are back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    rows: Vec<(Millis, String, i64)>,
    /// Rows of `mayday.mark`: when, the key, the run.
    marks: Vec<(Millis, String, String)>,
    /// Whether new sessions only read, from when on.
    read_only: Vec<(Millis, bool)>,
}

impl Data {
    /// So many rows came to a table; fewer than none: they went.
    pub fn note(&mut self, at: Millis, table: &str, rows: i64) {
        self.rows.push((at, table.to_owned(), rows));
    }

    /// How many rows a table has; `None` when there is no such table.
    #[must_use]
    pub fn count(&self, table: &str) -> Option<i64> {
        let mut all = self.rows.iter().filter(|(_, name, _)| name == table).peekable();
        all.peek()?;
        Some(all.map(|(_, _, rows)| rows).sum())
    }

    /// When the newest row of a table came.
    #[must_use]
    pub fn newest(&self, table: &str) -> Option<Millis> {
        self.rows.iter().filter(|(_, name, rows)| name == table && *rows > 0).map(|(at, _, _)| *at).max()
    }

    /// Sets a mark.
    pub fn mark(&mut self, at: Millis, key: &str, run: &str) {
        self.marks.push((at, key.to_owned(), run.to_owned()));
    }

    /// The run that set a mark last.
    #[must_use]
    pub fn marked(&self, key: &str) -> Option<&str> {
        self.marks.iter().rev().find(|(_, known, _)| known == key).map(|(_, _, run)| run.as_str())
    }

    /// From now on new sessions only read, or write again.
    pub fn set_read_only(&mut self, at: Millis, only: bool) {
        self.read_only.push((at, only));
    }

    /// Whether new sessions only read.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only.last().is_some_and(|(_, only)| *only)
    }

    /// As it was at a moment.
    #[must_use]
    pub fn until(&self, at: Millis) -> Self {
        Self {
            rows: self.rows.iter().filter(|(when, _, _)| *when <= at).cloned().collect(),
            marks: self.marks.iter().filter(|(when, _, _)| *when <= at).cloned().collect(),
            read_only: self.read_only.iter().filter(|(when, _)| *when <= at).copied().collect(),
        }
    }
}
