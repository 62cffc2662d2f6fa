//! Snapshots: taking, copying, deleting.

use super::{
    Answer, NAMESPACE, Rds,
    describe::name_of,
    fault::{fault, internal, invalid, no_snapshot},
    instances::default_key,
    model::{Instance, Snapshot, Tag, Work},
    tags::tags_of,
    xml,
};
use crate::{
    service::Reply,
    wire::query::{self, Params},
};

impl Rds {
    pub(super) fn create_snapshot(&self, region: &str, params: &Params) -> Answer {
        let name = new_name(params.required("DBSnapshotIdentifier")?)?;
        let one = self.named(region, params, "DBInstanceIdentifier")?;
        self.check_new_snapshot(region, &name)?;
        if one.status != "available" || one.work.is_some() {
            return Err(fault(
                "InvalidDBInstanceState",
                &format!(
                    "Cannot create a snapshot because the database instance {} is not currently in the available state.",
                    one.identifier
                ),
            ));
        }
        let backup = ulid::Ulid::generate().to_string();
        let snapshot = self.record_snapshot(&one, &name, &backup, tags_of(params))?;
        if let Err(refusal) = self.begin(&one, &["available"], "backing-up", Work::Snapshot { backup: backup.clone() }) {
            self.store.remove_snapshot(&backup).map_err(|error| internal(&error))?;
            return Err(refusal);
        }
        self.tell_snapshot(&snapshot, "RDS-EVENT-0040", "creation", "Creating manual snapshot");
        Ok(reply_with("CreateDBSnapshot", &snapshot))
    }

    /// Puts a manual snapshot on record, in `creating`.
    pub(super) fn record_snapshot(&self, of: &Instance, name: &str, backup: &str, tags: Vec<Tag>) -> Result<Snapshot, Reply> {
        let snapshot = self.new_snapshot(of, name, backup, tags);
        if !self.store.add_snapshot(snapshot.clone()).map_err(|error| internal(&error))? {
            return Err(fault("DBSnapshotAlreadyExists", &format!("A snapshot with the identifier {name} already exists.")));
        }
        Ok(snapshot)
    }

    pub(super) fn new_snapshot(&self, of: &Instance, name: &str, backup: &str, mut tags: Vec<Tag>) -> Snapshot {
        if of.setup.copy_tags {
            let inherited = of.tags.iter().filter(|tag| !tags.iter().any(|own| own.key == tag.key)).cloned().collect::<Vec<_>>();
            tags.extend(inherited);
        }
        let began = self.shared.clock.now();
        Snapshot {
            backup: backup.to_owned(),
            region: of.region.clone(),
            identifier: name.to_owned(),
            status: "creating".to_owned(),
            automated: false,
            // The work belongs to the instance: a copy of it, with a password in it perhaps, has no business here.
            of: Instance { work: None, seeded: None, ..of.clone() },
            began,
            original: began,
            finished: None,
            copy_of: None,
            encrypted: of.setup.encrypted,
            kms_key: of.setup.kms_key.clone(),
            tags,
        }
    }

    pub(super) fn delete_snapshot(&self, region: &str, params: &Params) -> Answer {
        let name = name_of(params.required("DBSnapshotIdentifier")?);
        let mut one = self.store.read().snapshot(region, name).cloned().ok_or_else(|| no_snapshot(name))?;
        let wrong = |message: String| Err(fault("InvalidDBSnapshotState", &message));
        if one.automated {
            return wrong(format!("Automated snapshots can't be deleted: {name} goes with its instance or its retention period."));
        }
        if one.status != "available" && one.status != "failed" {
            return wrong(format!("Cannot delete the snapshot because it is not currently in the available state: it is {}.", one.status));
        }
        let backup = &one.backup;
        let restoring = self
            .store
            .read()
            .instances
            .values()
            .any(|instance| matches!(&instance.work, Some(Work::FromSnapshot { backup: from }) if from == backup));
        if restoring {
            return wrong(format!("Cannot delete the snapshot {name} while an instance is restored from it."));
        }
        self.store.remove_snapshot(&one.backup).map_err(|error| internal(&error))?;
        let (installation, backup) = (self.installation.clone(), one.backup.clone());
        self.shared.tasks.spawn(async move {
            if let Err(error) = installation.remove_backup(&backup).await {
                tracing::warn!("{error:#}");
            }
        });
        self.tell_snapshot(&one, "RDS-EVENT-0041", "deletion", "Deleted user snapshot");
        "deleted".clone_into(&mut one.status);
        Ok(reply_with("DeleteDBSnapshot", &one))
    }

    pub(super) fn copy_snapshot(&self, region: &str, params: &Params) -> Answer {
        let source = params.required("SourceDBSnapshotIdentifier")?;
        let name = new_name(params.required("TargetDBSnapshotIdentifier")?)?;
        let from = if source.starts_with("arn:") { source.split(':').nth(3).unwrap_or(region) } else { region };
        let original = self.store.read().snapshot(from, name_of(source)).cloned().ok_or_else(|| no_snapshot(source))?;
        if original.status != "available" {
            return Err(fault(
                "InvalidDBSnapshotState",
                &format!("Snapshot {source} is not in the available state: it is {}.", original.status),
            ));
        }
        self.check_new_snapshot(region, &name)?;
        let key = copy_key(&original, region, params.get("KmsKeyId").filter(|key| !key.is_empty()))?;
        let mut tags = tags_of(params);
        if params.parsed("CopyTags").unwrap_or(false) && tags.is_empty() {
            tags.clone_from(&original.tags);
        }
        let copy = Snapshot {
            backup: ulid::Ulid::generate().to_string(),
            region: region.to_owned(),
            identifier: name,
            status: "creating".to_owned(),
            automated: false,
            began: self.shared.clock.now(),
            finished: None,
            copy_of: Some((original.arn(), original.backup.clone())),
            encrypted: key.is_some(),
            kms_key: key,
            tags,
            ..original
        };
        if !self.store.add_snapshot(copy.clone()).map_err(|error| internal(&error))? {
            return Err(fault("DBSnapshotAlreadyExists", "A snapshot with this identifier already exists."));
        }
        let id = if from == region { "RDS-EVENT-0196" } else { "RDS-EVENT-0059" };
        self.tell_snapshot(&copy, id, "notification", "Started copying the snapshot");
        self.spawn_copy(&copy.backup);
        Ok(reply_with("CopyDBSnapshot", &copy))
    }
}

/// The key that a copy is encrypted with. A key is regional: a copy into another region can't keep the original's.
fn copy_key(original: &Snapshot, region: &str, asked: Option<&str>) -> Result<Option<String>, Reply> {
    let elsewhere = |key: &str| key.starts_with("arn:") && key.split(':').nth(3) != Some(region);
    match asked {
        Some(key) if elsewhere(key) => Err(fault(
            "KMSKeyNotAccessibleFault",
            &format!(
                "The specified KMS key [{key}] does not exist in {region}, is not enabled or you do not have permissions to access it."
            ),
        )),
        // An alias or a bare key id is the destination region's.
        Some(key) => Ok(Some(key.to_owned())),
        None if original.encrypted && original.region != region => Err(fault(
            "KMSKeyNotAccessibleFault",
            &format!("The source snapshot is encrypted: name a KMS key of {region} in KmsKeyId to copy it there."),
        )),
        None => Ok(original.kms_key.clone().or_else(|| original.encrypted.then(|| default_key(region)))),
    }
}

fn new_name(name: &str) -> Result<String, Reply> {
    let name = name.to_lowercase();
    let sound = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
        && !name.contains("--")
        && !name.ends_with('-')
        && name.len() <= 255;
    if sound { Ok(name) } else { Err(invalid(&format!("Invalid snapshot identifier: {name}"))) }
}

fn reply_with(operation: &str, one: &Snapshot) -> Reply {
    query::reply(operation, NAMESPACE, |xml| xml.element("DBSnapshot", |xml| xml::snapshot(xml, one, 0)))
}
