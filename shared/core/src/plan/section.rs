use std::str::FromStr;

/// A part of the plan that people ask to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanSection {
    /// What may happen.
    Scenarios,
    /// How fast everything must be back.
    Objectives,
    /// When what is backed up.
    Backups,
    /// The phases of a recovery.
    Phases,
    /// Who is told what.
    Communication,
    /// Who helps from outside.
    Support,
    /// What is rehearsed.
    Drills,
    /// The emergency checklist.
    Checklist,
}

impl PlanSection {
    /// What is typed for each.
    pub const NAMES: [&'static str; 8] =
        ["scenarios", "objectives", "backups", "phases", "communication", "support", "drills", "checklist"];
}

impl FromStr for PlanSection {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "scenarios" => Self::Scenarios,
            "objectives" => Self::Objectives,
            "backups" => Self::Backups,
            "phases" => Self::Phases,
            "communication" => Self::Communication,
            "support" => Self::Support,
            "drills" => Self::Drills,
            "checklist" => Self::Checklist,
            _ => return Err(()),
        })
    }
}
