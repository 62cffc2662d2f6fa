//! The two recovery plans that the product was made for, each with who plays which part in its stories.

use crate::Setup;

/// Who asks and who approves in a story, and about which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cast {
    /// Who asks.
    pub asks: &'static str,
    /// Who approves.
    pub approves: &'static str,
    /// The database, by its name in the plan.
    pub database: &'static str,
}

/// The demonstration's.
pub(crate) const DEMONSTRATION: Cast = Cast { asks: "ana", approves: "bob", database: "inventory" };

/// An organization with its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Organization {
    /// The plan's text.
    pub plan: &'static str,
    /// The folder of the plan below `plans`.
    pub folder: &'static str,
    /// Who plays which part.
    pub cast: Cast,
    /// The service, by its name in the plan.
    pub service: &'static str,
    /// The name that leads people to one of the sites.
    pub name: &'static str,
    /// Where it leads to at home, and away.
    pub sites: (&'static str, &'static str),
    /// The probe of its front door.
    pub probe: &'static str,
}

/// The CapLiquify Manufacturing Platform.
pub const CAPLIQUIFY: Organization = Organization {
    plan: include_str!("../../plans/capliquify/plan.yaml"),
    folder: "capliquify",
    cast: Cast { asks: "jane-doe", approves: "bob-wilson", database: "capliquify" },
    service: "capliquify",
    name: "manufacturing.sentia.example",
    sites: ("production.sentia.example", "backup-production.sentia.example"),
    probe: "Front door",
};

/// The Enterprise Inventory System.
pub const INVENTORY: Organization = Organization {
    plan: include_str!("../../plans/inventory/plan.yaml"),
    folder: "inventory",
    cast: Cast { asks: "on-call-engineer", approves: "database-admin", database: "inventory" },
    service: "inventory",
    name: "app.inventory.example.com",
    sites: ("primary.inventory.example.com", "backup.inventory.example.com"),
    probe: "Health endpoint",
};

impl Organization {
    /// A stage with its plan. Time stands but for what a story moves.
    #[must_use]
    pub fn setup(&self) -> Setup {
        Setup { plan: self.plan.to_owned(), cast: self.cast, scale: 1.0, ..Setup::default() }
    }

    /// What the record of a probe of its service is kept under.
    #[must_use]
    pub fn watch(&self, probe: &str) -> String {
        format!("{}/service/{probe}", self.service)
    }
}
