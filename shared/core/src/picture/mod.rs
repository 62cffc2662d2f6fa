//! Pictures where people would rather look than read: what is in one, what it says to those who can't see it, and where it is
//! shown. How it is drawn is an adapter's business ([`crate::port::Charts`]).

mod health;
mod rpo;
mod run;
mod show;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

pub use health::of_health;
pub use rpo::of_rpo;
pub use run::of_run;
pub use show::{Drawn, show_health, show_rpo, show_run};

/// What state a color stands for. The same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Well,
    /// Close to what was promised, or left out by a person.
    Warning,
    /// Not as it should be.
    Ill,
    /// Neither.
    Plain,
}

/// What numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// Values over time.
    Lines(Lines),
    /// What was done when, against what was promised.
    Timeline(Timeline),
}

/// Values over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// What it shows.
    pub title: String,
    /// What it comes to, in a few words.
    pub subtitle: String,
    /// What the values are.
    pub unit: Unit,
    /// The lines; four at most are drawn.
    pub series: Vec<Series>,
    /// What must not be exceeded.
    pub limits: Vec<Limit>,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is called.
    pub name: String,
    /// Its points, oldest first.
    pub points: Vec<Point>,
}

/// A value at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// What; absent: nobody knows, and the line has a gap.
    pub value: Option<f64>,
    /// How that is.
    pub tone: Tone,
}

/// A value that something is held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// The value, in the chart's unit; in a timeline, seconds from its beginning.
    pub value: f64,
    /// What it is called: `RTO 1h`.
    pub label: String,
    /// How it is when it is exceeded.
    pub tone: Tone,
}

/// What was done when.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// What it shows.
    pub title: String,
    /// What it comes to, in a few words.
    pub subtitle: String,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// How it ended.
    pub tone: Tone,
    /// What was done, in order.
    pub bars: Vec<Bar>,
    /// What the whole is held against, smallest first.
    pub limits: Vec<Limit>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What.
    pub label: String,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// How it ended.
    pub tone: Tone,
}

/// A picture that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The file's name: `r-01….png`.
    pub file: String,
    /// What it shows, for those who see it.
    pub title: String,
    /// The same and all that it says, for those who don't. Never empty.
    pub alt: String,
    /// The picture.
    pub png: Vec<u8>,
}
