//! Parameter groups, subnet groups, quotas, classes: as much as a caller looks at before it acts.

use super::{
    Answer, NAMESPACE, Rds,
    describe::page,
    fault::{fault, internal},
    setup::Changes,
    store::GroupKind,
    xml,
};
use crate::{
    service::{ACCOUNT, Reply},
    wire::{
        query::{self, Params},
        xml::Xml,
    },
};

/// Manual snapshots in a region. Source: <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html>.
pub(super) const MANUAL_SNAPSHOTS: usize = 100;
/// Instances in a region. Source: the same page.
pub(super) const INSTANCES: usize = 40;
const STORAGE_GIB: i64 = 100_000;
const CLASSES: [&str; 5] = ["db.t4g.micro", "db.t4g.medium", "db.m6g.large", "db.r6g.large", "db.r6g.xlarge"];

impl Rds {
    /// Refuses groups that the region doesn't have: they are regional, and a restore elsewhere can't name them.
    pub(super) fn check_groups(&self, region: &str, changes: &Changes) -> Result<(), Reply> {
        if let Some(name) = &changes.parameter_group
            && !self.group_names(GroupKind::Parameter, region).contains(name)
        {
            return Err(fault("DBParameterGroupNotFound", &format!("DBParameterGroup not found: {name}")));
        }
        if let Some(name) = &changes.subnet_group
            && !self.group_names(GroupKind::Subnet, region).contains(name)
        {
            return Err(fault("DBSubnetGroupNotFoundFault", &format!("DBSubnetGroup '{name}' not found.")));
        }
        Ok(())
    }

    fn group_names(&self, kind: GroupKind, region: &str) -> Vec<String> {
        let default = match kind {
            GroupKind::Parameter => format!("default.{}", self.family()),
            GroupKind::Subnet => "default".to_owned(),
        };
        let world = self.store.read();
        let named = world.groups.iter().filter(|group| group.kind == kind && group.region == region).map(|group| group.name.clone());
        let mut names: Vec<String> = named.chain([default]).collect();
        names.sort();
        names
    }

    pub(super) fn describe_parameter_groups(&self, region: &str, params: &Params) -> Answer {
        let names = self.wanted_groups(GroupKind::Parameter, region, params.get("DBParameterGroupName"), "DBParameterGroupNotFound")?;
        let (names, marker) = page(names, params, Clone::clone)?;
        Ok(query::reply("DescribeDBParameterGroups", NAMESPACE, |xml| {
            xml.optional("Marker", marker);
            xml.list("DBParameterGroups", "DBParameterGroup", names, |xml, name| self.parameter_group(xml, region, &name));
        }))
    }

    pub(super) fn describe_subnet_groups(&self, region: &str, params: &Params) -> Answer {
        let names = self.wanted_groups(GroupKind::Subnet, region, params.get("DBSubnetGroupName"), "DBSubnetGroupNotFoundFault")?;
        let (names, marker) = page(names, params, Clone::clone)?;
        Ok(query::reply("DescribeDBSubnetGroups", NAMESPACE, |xml| {
            xml.optional("Marker", marker);
            xml.list("DBSubnetGroups", "DBSubnetGroup", names, |xml, name| xml::subnet_group(xml, region, &name));
        }))
    }

    fn wanted_groups(&self, kind: GroupKind, region: &str, wanted: Option<&str>, missing: &str) -> Result<Vec<String>, Reply> {
        let mut names = self.group_names(kind, region);
        if let Some(wanted) = wanted.filter(|name| !name.is_empty()) {
            names.retain(|name| name == wanted);
            if names.is_empty() {
                return Err(fault(missing, &format!("{wanted} not found.")));
            }
        }
        Ok(names)
    }

    pub(super) fn create_parameter_group(&self, region: &str, params: &Params) -> Answer {
        let name = params.required("DBParameterGroupName")?.to_lowercase();
        if !self.add_group(GroupKind::Parameter, region, &name).map_err(|error| internal(&error))? {
            return Err(fault("DBParameterGroupAlreadyExists", &format!("Parameter group {name} already exists")));
        }
        Ok(query::reply("CreateDBParameterGroup", NAMESPACE, |xml| {
            xml.element("DBParameterGroup", |xml| self.parameter_group(xml, region, &name));
        }))
    }

    pub(super) fn create_subnet_group(&self, region: &str, params: &Params) -> Answer {
        let name = params.required("DBSubnetGroupName")?.to_lowercase();
        if !self.add_group(GroupKind::Subnet, region, &name).map_err(|error| internal(&error))? {
            return Err(fault("DBSubnetGroupAlreadyExists", &format!("The DB subnet group '{name}' already exists.")));
        }
        Ok(query::reply("CreateDBSubnetGroup", NAMESPACE, |xml| {
            xml.element("DBSubnetGroup", |xml| xml::subnet_group(xml, region, &name));
        }))
    }

    fn parameter_group(&self, xml: &mut Xml, region: &str, name: &str) {
        xml.text("DBParameterGroupName", name);
        xml.text("DBParameterGroupFamily", self.family());
        xml.text("Description", name);
        xml.text("DBParameterGroupArn", format!("arn:aws:rds:{region}:{ACCOUNT}:pg:{name}"));
    }

    pub(super) fn account_attributes(&self, region: &str) -> Reply {
        let world = self.store.read();
        let instances: Vec<_> = world.instances.values().filter(|one| one.region == region).collect();
        let storage: i64 = instances.iter().map(|one| one.setup.allocated_storage).sum();
        let quotas = [
            ("DBInstances", count(instances.len()), count(INSTANCES)),
            ("AllocatedStorage", storage, STORAGE_GIB),
            ("ManualSnapshots", count(world.manual_snapshots(region)), count(MANUAL_SNAPSHOTS)),
            ("ManualClusterSnapshots", 0, 100),
        ];
        query::reply("DescribeAccountAttributes", NAMESPACE, |xml| {
            xml.list("AccountQuotas", "AccountQuota", quotas, |xml, (name, used, max)| {
                xml.text("AccountQuotaName", name);
                xml.text("Used", used);
                xml.text("Max", max);
            });
        })
    }

    pub(super) fn orderable_options(&self, region: &str, params: &Params) -> Reply {
        let classes = CLASSES.iter().filter(|class| params.get("DBInstanceClass").is_none_or(|wanted| wanted == **class));
        query::reply("DescribeOrderableDBInstanceOptions", NAMESPACE, |xml| {
            xml.list("OrderableDBInstanceOptions", "OrderableDBInstanceOption", classes, |xml, class| {
                xml.text("Engine", "postgres");
                xml.text("EngineVersion", params.get("EngineVersion").unwrap_or_else(|| self.installation.version()));
                xml.text("DBInstanceClass", class);
                xml.text("LicenseModel", "postgresql-license");
                xml.list("AvailabilityZones", "AvailabilityZone", ["a", "b", "c"], |xml, zone| xml.text("Name", format!("{region}{zone}")));
                xml.text("MultiAZCapable", true);
                xml.text("ReadReplicaCapable", true);
                xml.text("Vpc", true);
                xml.text("SupportsStorageEncryption", true);
                xml.text("StorageType", "gp3");
                xml.text("SupportsIAMDatabaseAuthentication", true);
            });
        })
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
