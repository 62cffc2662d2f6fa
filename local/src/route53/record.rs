//! A resource record set: what a name answers.

use serde::{Deserialize, Serialize};

use crate::{seed::SeedFailover, wire::xml::Xml};

/// A resource record set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// The name, absolute and in lower case.
    pub name: String,
    /// The type: `A`, `CNAME`, …
    pub kind: String,
    /// Which one of several sets of that name and type.
    pub identifier: Option<String>,
    /// The weight among them.
    pub weight: Option<u64>,
    /// The region, for routing by latency.
    pub region: Option<String>,
    /// `PRIMARY` or `SECONDARY`.
    pub failover: Option<String>,
    /// Seconds for which an answer may be kept; none for an alias.
    pub ttl: Option<u64>,
    /// The values, in the order given.
    pub values: Vec<String>,
    /// Another name that it stands for.
    pub alias: Option<AliasTarget>,
    /// The health check that decides whether it is answered.
    pub health_check: Option<String>,
}

/// What an alias stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasTarget {
    /// The target's zone.
    pub zone: String,
    /// The target's name.
    pub name: String,
    /// Whether the target's health counts.
    pub evaluate_health: bool,
}

impl RecordSet {
    /// A plain one with one value.
    pub(super) fn simple(name: &str, kind: &str, ttl: u64, value: &str) -> Self {
        Self {
            name: absolute(name),
            kind: kind.to_owned(),
            identifier: None,
            weight: None,
            region: None,
            failover: None,
            ttl: Some(ttl),
            values: vec![value.to_owned()],
            alias: None,
            health_check: None,
        }
    }

    /// The two sets of a name that follows a health check.
    pub(super) fn failover_pair(seed: &SeedFailover) -> [Self; 2] {
        [("PRIMARY", &seed.primary, Some(&seed.check)), ("SECONDARY", &seed.secondary, None)].map(|(role, values, check)| Self {
            identifier: Some(role.to_lowercase()),
            failover: Some(role.to_owned()),
            values: values.clone(),
            health_check: check.cloned(),
            ..Self::simple(&seed.name, &seed.kind, seed.ttl, "")
        })
    }

    /// Whether two sets are in each other's place.
    pub(super) fn same_place(&self, other: &Self) -> bool {
        (&self.name, &self.kind, &self.identifier) == (&other.name, &other.kind, &other.identifier)
    }

    /// Whether two sets are the same in everything that a `DELETE` must name. The order of values doesn't count.
    pub(super) fn matches(&self, other: &Self) -> bool {
        let sorted = |set: &Self| {
            let mut values = set.values.clone();
            values.sort();
            Self { values, ..set.clone() }
        };
        sorted(self) == sorted(other)
    }

    /// How AWS names it in messages.
    pub(super) fn label(&self) -> String {
        let identifier = self.identifier.as_ref().map(|identifier| format!(", set-identifier='{identifier}'")).unwrap_or_default();
        format!("[name='{}', type='{}'{identifier}]", self.name, self.kind)
    }

    pub(super) fn write(&self, xml: &mut Xml) {
        xml.text("Name", &self.name);
        xml.text("Type", &self.kind);
        xml.optional("SetIdentifier", self.identifier.as_ref());
        xml.optional("Weight", self.weight);
        xml.optional("Region", self.region.as_ref());
        xml.optional("Failover", self.failover.as_ref());
        xml.optional("TTL", self.ttl);
        if !self.values.is_empty() {
            xml.list("ResourceRecords", "ResourceRecord", &self.values, |xml, value| xml.text("Value", value));
        }
        if let Some(alias) = &self.alias {
            xml.element("AliasTarget", |xml| {
                xml.text("HostedZoneId", &alias.zone);
                xml.text("DNSName", &alias.name);
                xml.text("EvaluateTargetHealth", alias.evaluate_health);
            });
        }
        xml.optional("HealthCheckId", self.health_check.as_ref());
    }
}

/// A name in lower case with its last dot.
pub(super) fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_lowercase())
}

/// What the API sorts names by: their labels from the right.
pub(super) fn order(name: &str) -> Vec<String> {
    name.trim_end_matches('.').rsplit('.').map(str::to_owned).collect()
}

/// Puts record sets into the API's order.
pub(super) fn in_order(records: &mut [RecordSet]) {
    records.sort_by_key(|set| (order(&set.name), set.kind.clone(), set.identifier.clone()));
}
