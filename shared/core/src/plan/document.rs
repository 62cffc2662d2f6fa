//! What the plan's document has beyond what the product runs: its face, and where things are.

use serde::{Deserialize, Serialize};

/// The document that the plan is also read as.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// Its title, if it is not “Disaster Recovery Plan”.
    pub title: Option<String>,
    /// The line under the title.
    pub subtitle: Option<String>,
    /// What it is for.
    pub overview: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// When it was last changed, as people say it: `January 2025`.
    pub updated: Option<String>,
    /// How often it is reviewed, as people say it: `Quarterly`.
    pub review: Option<String>,
    /// Who keeps it.
    pub owner: Option<String>,
    /// Its last line.
    pub reminder: Option<String>,
    /// What is done so that nothing happens.
    pub prevention: Vec<Listing>,
    /// The emergency checklist.
    pub checklist: Vec<String>,
    /// What people look up in a hurry.
    pub quick_reference: Vec<Task>,
    /// Where scripts, backups and documents are.
    pub locations: Vec<Locations>,
    /// Its sections in order; without any, those that every plan has.
    pub sections: Vec<Section>,
}

/// A section of the document: what is generated from the plan, words of its own, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Its heading, with its number if it has one: `2. Disaster Scenarios`.
    pub title: String,
    /// What of the plan is shown here.
    #[serde(default)]
    pub shows: Option<Shows>,
    /// Of what, where that is not all: the audience whose people are shown, the title of the locations.
    #[serde(default)]
    pub of: Option<String>,
    /// A paragraph.
    #[serde(default)]
    pub text: Option<String>,
    /// A list.
    #[serde(default)]
    pub items: Vec<String>,
    /// What is to be done, as one block of commands.
    #[serde(default)]
    pub tasks: Vec<Task>,
    /// Something to be shown as it is written: a script, a diagram.
    #[serde(default)]
    pub code: Option<Code>,
    /// The sections in it.
    #[serde(default)]
    pub parts: Vec<Section>,
}

/// What a section shows of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// `document.overview`.
    Overview,
    /// The scenarios, under the headings that they are grouped by.
    Scenarios,
    /// The phases with their tasks.
    Phases,
    /// The time to recovery of each scenario, as a table.
    Rto,
    /// The loss of each scenario, as a table.
    Rpo,
    /// The time to recovery of each tier, as a list.
    Tiers,
    /// The loss of the databases and of each kind of data, as a list.
    Losses,
    /// What is said inside, stage by stage.
    Stages,
    /// Who is told when it takes long.
    Downtime,
    /// The severities, as a list.
    Severities,
    /// Who is told of which severity, how and when, as a table.
    Matrix,
    /// `document.prevention`.
    Prevention,
    /// The people of an audience (`of`), as a list.
    People,
    /// Everybody on the escalation, as a table.
    Contacts,
    /// Who helps from outside, as a list.
    Support,
    /// Who helps from outside, as a table.
    SupportTable,
    /// The backup schedules.
    Backups,
    /// The rehearsals.
    Drills,
    /// The organization's own runbooks, as they are written.
    Runbooks,
    /// `document.locations`, all or those with the title `of`.
    Locations,
    /// `document.quick_reference`.
    QuickReference,
    /// `document.checklist`.
    Checklist,
}

/// Something that is shown as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// In which language: `bash`, `mermaid`.
    pub language: String,
    /// The text.
    pub text: String,
}

/// A titled list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Its title.
    pub title: String,
    /// Its items.
    pub items: Vec<String>,
}

/// Something to do: in words, with the commands that do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// In words.
    pub title: String,
    /// When it is to be done: `For Database Loss/Corruption`; absent: always.
    #[serde(default)]
    pub when: Option<String>,
    /// What it is made of, in words.
    #[serde(default)]
    pub items: Vec<String>,
    /// What to type, as runbooks write it: `npm run db:health-check`.
    #[serde(default)]
    pub commands: Vec<String>,
}

/// Where something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Locations {
    /// Of what.
    pub title: String,
    /// The places.
    pub places: Vec<Place>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// Its address.
    pub at: String,
}
