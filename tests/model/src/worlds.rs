use crate::{
    Bug, Found,
    decision::{Click, Decision, Says},
    lock::Lock,
    search,
};

/// A world to search.
#[derive(Debug, Clone)]
pub enum World {
    /// From clicks to an effect.
    Decision(Decision),
    /// Two runs and one target.
    Lock(Lock),
}

impl World {
    /// Searches it whole, or until a property breaks; with one thing done wrong, if so said.
    #[must_use]
    pub fn search(&self, bug: Option<Bug>) -> Found {
        match self.clone() {
            Self::Decision(world) => search(Decision { bug, ..world }),
            Self::Lock(world) => search(Lock { bug, ..world }),
        }
    }
}

fn click(by: u8, says: Says, region: u8) -> Click {
    Click { by, says, region }
}

/// All worlds, each by what it is about.
#[must_use]
pub fn worlds() -> Vec<(&'static str, World)> {
    use Says::{Approve, Cancel, Deny};
    let world = |clicks: &[Click], needed| Decision {
        clicks: clicks.to_vec(),
        needed,
        refuses: false,
        crashes: 1,
        stale: 0,
        outage: false,
        bug: None,
    };
    let twice = [click(1, Approve, 0), click(1, Approve, 1)];
    let quarrel = [click(0, Approve, 0), click(1, Approve, 0), click(2, Deny, 1), click(0, Cancel, 1)];
    let two_of_three = [click(0, Approve, 1), click(1, Approve, 0), click(1, Approve, 1), click(2, Approve, 1)];
    vec![
        ("one needed: approved twice, two processes die", World::Decision(Decision { crashes: 2, ..world(&twice, 1) })),
        (
            "one needed: approved twice, a region goes down, reads are stale",
            World::Decision(Decision { outage: true, stale: 2, ..world(&twice, 1) }),
        ),
        ("one needed: the vendor refuses a second call", World::Decision(Decision { refuses: true, ..world(&twice, 1) })),
        ("one needed: approved by whoever asked and by another, denied, taken back", World::Decision(world(&quarrel, 1))),
        (
            "two needed: one clicks twice, whoever asked clicks too, a read is stale",
            World::Decision(Decision { stale: 1, ..world(&two_of_three, 2) }),
        ),
        ("two runs want one target", World::Lock(Lock { crashes: 2, bug: None })),
    ]
}

/// The first world in which a bug breaks a property: the property, and the shortest way there.
#[must_use]
pub fn catch(bug: Bug) -> Option<(&'static str, Vec<String>)> {
    worlds().into_iter().find_map(|(_, world)| world.search(Some(bug)).broken.into_iter().next())
}
