//! Fleets: databases that are alike, named by a pattern or by tags instead of one by one.
//!
//! Which they are is looked up in the account and kept as a roster; with it each becomes a database of the plan like any other, so
//! that a proposal, its digest and its permits speak of one database and its exact identifiers, never of a pattern.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Database, Plan};
use crate::{policy::OWNER_TAG, port::Instance};

/// The key of the roster in the blobs.
pub const ROSTER_KEY: &str = "plan/roster.json";
/// What stands for the name of each database in what is said of all.
pub(super) const NAME: &str = "{name}";
/// The most databases that a fleet may have.
const LARGEST_FLEET: usize = 20_000;

/// Databases that are alike. Each is called as its instance was when it was first seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// What their instances are called: `*` stands for any characters, as in `tenant-*`. With `tags` both must hold.
    #[serde(default)]
    pub instances: Option<String>,
    /// What their instances are tagged with, all of it.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Names that are left out: others, and those that are gone for good.
    #[serde(default)]
    pub without: Vec<String>,
    /// What is true of each. In `secret` and `database`, `{name}` stands for its name.
    pub each: Database,
}

impl Fleet {
    /// Whether an instance is one of the fleet's. What a run of ours has made stands for the database that it was made for.
    #[must_use]
    pub fn has(&self, instance: &Instance) -> bool {
        let tags = &instance.settings.tags;
        (self.instances.is_some() || !self.tags.is_empty())
            && self.instances.as_ref().is_none_or(|pattern| matches(pattern, &instance.id))
            && self.tags.iter().all(|(key, value)| tags.get(key) == Some(value))
            && !tags.contains_key(OWNER_TAG)
            && !self.without.contains(&instance.id)
    }

    /// What the plan says of the one of this name.
    fn one(&self, name: &str) -> Database {
        let own = |text: &str| text.replace(NAME, name);
        Database { secret: own(&self.each.secret), database: own(&self.each.database), ..self.each.clone() }
    }
}

/// Whether a name fits a pattern in which each `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// Which databases each fleet has, by the fleet's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// Their names.
    pub fleets: BTreeMap<String, BTreeSet<String>>,
}

impl Roster {
    /// The roster after a look at all instances of the fleets' regions; pure. Who is new is added. Who is not there any more stays,
    /// so that a lost database is missed and not forgotten, until the plan names it under `without`; who is there and is not meant
    /// any more goes.
    #[must_use]
    pub fn after(&self, plan: &Plan, instances: &[Instance]) -> Self {
        let mut fleets = BTreeMap::new();
        for (name, fleet) in &plan.fleets {
            let here = || instances.iter().filter(|instance| instance.region == fleet.each.region);
            let meant: BTreeSet<&str> = here().filter(|instance| fleet.has(instance)).map(|instance| instance.id.as_str()).collect();
            let there: BTreeSet<&str> = here().map(|instance| instance.id.as_str()).collect();
            let known = self.fleets.get(name).into_iter().flatten().map(String::as_str);
            let stay =
                known.filter(|one| meant.contains(one) || !there.contains(one)).filter(|one| !fleet.without.iter().any(|out| out == one));
            let all: BTreeSet<String> = stay.chain(meant.iter().copied()).take(LARGEST_FLEET).map(str::to_owned).collect();
            fleets.insert(name.clone(), all);
        }
        Self { fleets }
    }
}

/// The plan with every database of its fleets among the databases. One that the plan names itself is as it says there.
#[must_use]
pub fn mustered(plan: &Plan, roster: &Roster) -> Plan {
    let mut all = plan.clone();
    for (name, fleet) in &plan.fleets {
        for member in roster.fleets.get(name).into_iter().flatten() {
            all.databases.entry(member.clone()).or_insert_with(|| fleet.one(member));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::tests::sample::live;

    fn plan(fleet: &str) -> Plan {
        let demo = include_str!("../../../../plans/demo.yaml");
        let yaml = format!("{demo}\nfleets:\n  tenants:\n{fleet}");
        super::super::load(&yaml).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is said of each tenant in the fleet that all tests have.
    fn each() -> &'static str {
        let fleet = include_str!("../../../../tests/fixtures/fleet.yaml");
        &fleet[fleet.find("    each:").unwrap()..]
    }

    fn instance(id: &str, tags: &[(&str, &str)]) -> Instance {
        let mut instance = Instance { id: id.to_owned(), ..live().instance };
        instance.settings.tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        instance
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, fits) in [
            ("tenant-*", "tenant-1", true),
            ("tenant-*", "tenant-", true),
            ("tenant-*", "other-tenant-1", false),
            ("*-prod", "a-prod", true),
            ("*-prod", "a-prod-r-1", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
            ("*", "anything", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_fleet_is_what_its_pattern_and_its_tags_mean_and_each_of_it_is_a_database() {
        let plan = plan(&format!("    instances: tenant-*\n    tags: {{stage: live}}\n    without: [tenant-9]\n{}", each()));
        let live = [("stage", "live")];
        let restored = [("stage", "live"), (OWNER_TAG, "r-1")];
        let seen = [
            instance("tenant-1", &live),
            instance("tenant-2", &[("stage", "test")]),
            instance("tenant-1-r-7", &restored),
            instance("tenant-9", &live),
            instance("other", &live),
        ];
        let roster = Roster::default().after(&plan, &seen);
        assert_eq!(roster.fleets["tenants"], BTreeSet::from(["tenant-1".to_owned()]));
        let all = mustered(&plan, &roster);
        assert_eq!(all.databases.keys().collect::<Vec<_>>(), ["inventory", "tenant-1"]);
        assert_eq!(all.databases["tenant-1"].secret, "tenants/tenant-1");
    }

    #[test]
    fn who_is_lost_stays_on_the_roster_and_who_is_not_meant_any_more_goes() {
        let before = Roster { fleets: [("tenants".to_owned(), ["tenant-1", "tenant-2", "tenant-3"].map(str::to_owned).into())].into() };
        let plan = plan(&format!("    tags: {{stage: live}}\n    without: [tenant-3]\n{}", each()));
        // The first one is gone, the second one is there without its tag, the third one was taken out by hand.
        let after = before.after(&plan, &[instance("tenant-2", &[]), instance("tenant-4", &[("stage", "live")])]);
        assert_eq!(after.fleets["tenants"], ["tenant-1", "tenant-4"].map(str::to_owned).into());
    }

    #[test]
    fn a_fleet_that_means_everything_or_shares_a_secret_is_refused() {
        let wrong = |fleet: &str, each: &str| {
            let demo = include_str!("../../../../plans/demo.yaml");
            super::super::load(&format!("{demo}\nfleets:\n  tenants:\n{fleet}{each}")).unwrap_err().to_string()
        };
        insta::assert_snapshot!(wrong("", each()), @"line 123, column 3: fleets.tenants would be every database of the account. Say what its instances are called (instances: tenant-*) or tagged with (tags: {fleet: tenants})");
        let shared = wrong("    instances: tenant-*\n", &each().replace("tenants/{name}", "tenants"));
        assert!(shared.contains("fleets.tenants.each.secret is the same for all of them. Write {name}"), "{shared}");
    }
}
