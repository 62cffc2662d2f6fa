//! What the plan's document has beyond what the product runs: its face, and where things are.

use serde::{Deserialize, Serialize};

/// The document that the plan is also read as.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// A titled list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Its title.
    pub title: String,
    /// Its items.
    pub items: Vec<String>,
}

/// Something to do: in words, with the commands that do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[serde(deny_unknown_fields)]
pub struct Locations {
    /// Of what.
    pub title: String,
    /// The places.
    pub places: Vec<Place>,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// Its address.
    pub at: String,
}
