//! Creating, deleting, starting, stopping and rebooting instances.

use std::net::Ipv4Addr;

use super::{
    Answer, NAMESPACE, Rds,
    describe::name_of,
    fault::{fault, internal, invalid, no_instance, wrong_state},
    groups::{INSTANCES, MANUAL_SNAPSHOTS},
    model::{Instance, Tag, Work},
    setup::{Changes, Setup},
    tags::tags_of,
    xml,
};
use crate::{
    service::Reply,
    wire::query::{self, Params},
};

/// What a new instance is made of.
pub(super) struct Draft {
    pub(super) identifier: String,
    pub(super) engine_version: String,
    pub(super) master_user: String,
    pub(super) database: Option<String>,
    pub(super) setup: Setup,
    pub(super) tags: Vec<Tag>,
    pub(super) follows: Option<String>,
    pub(super) work: Work,
}

impl Rds {
    pub(super) fn create_instance(&self, region: &str, params: &Params) -> Answer {
        let identifier = new_identifier(params.required("DBInstanceIdentifier")?)?;
        params.required("DBInstanceClass")?;
        if !params.required("Engine")?.eq_ignore_ascii_case("postgres") {
            return Err(invalid("Invalid DB engine: the local stack runs postgres only"));
        }
        let password = params.required("MasterUserPassword")?.to_owned();
        let changes = Changes::of(params);
        self.check_groups(region, &changes)?;
        let mut setup = Setup::of_default(&self.family());
        setup.encrypted = params.parsed("StorageEncrypted").unwrap_or(false);
        setup.kms_key = setup.encrypted.then(|| params.get("KmsKeyId").map_or_else(|| default_key(region), str::to_owned));
        let engine_version = changes.engine_version.clone().unwrap_or_else(|| self.installation.version().to_owned());
        setup.apply(changes);
        let draft = Draft {
            identifier,
            engine_version,
            master_user: params.required("MasterUsername")?.to_owned(),
            database: params.get("DBName").filter(|name| !name.is_empty()).map(str::to_owned),
            setup,
            tags: tags_of(params),
            follows: None,
            work: Work::Create { password },
        };
        let instance = self.begin_instance(region, draft)?;
        Ok(self.reply_with("CreateDBInstance", &instance))
    }

    /// Puts a new instance on record in `creating`, and begins its work.
    pub(super) fn begin_instance(&self, region: &str, draft: Draft) -> Result<Instance, Reply> {
        if self.store.read().instances.values().filter(|one| one.region == region).count() >= INSTANCES {
            return Err(fault("InstanceQuotaExceeded", "DB Instance quota exceeded"));
        }
        let instance = Instance {
            resource: format!("db-{}", ulid::Ulid::generate()),
            region: region.to_owned(),
            identifier: draft.identifier,
            status: "creating".to_owned(),
            engine_version: draft.engine_version,
            master_user: draft.master_user,
            database: draft.database,
            created: self.shared.clock.now(),
            setup: draft.setup,
            tags: draft.tags,
            pending: Changes::default(),
            reboot_pending: false,
            address: self.addresses.free().unwrap_or(Ipv4Addr::LOCALHOST),
            answered: false,
            killed: false,
            follows: draft.follows,
            latest: None,
            seeded: if let Work::Seed { password, .. } = &draft.work { Some(password.clone()) } else { None },
            work: Some(draft.work),
        };
        if !self.store.add_instance(instance.clone()).map_err(|error| internal(&error))? {
            return Err(fault("DBInstanceAlreadyExists", "DB instance already exists"));
        }
        self.spawn_work(&instance.resource);
        Ok(instance)
    }

    /// The instance that a request names.
    pub(super) fn named(&self, region: &str, params: &Params, field: &str) -> Result<Instance, Reply> {
        let name = name_of(params.required(field)?);
        self.store.read().instance(region, name).cloned().ok_or_else(|| no_instance(name))
    }

    /// Takes an instance from one of `from` into `status` and begins the work; refuses when it is in another.
    pub(super) fn begin(&self, one: &Instance, from: &[&str], status: &str, work: Work) -> Result<Instance, Reply> {
        let mut found = one.status.clone();
        let changed = self
            .store
            .change(&one.resource, |now| {
                found.clone_from(&now.status);
                if now.work.is_none() && from.contains(&now.status.as_str()) {
                    status.clone_into(&mut now.status);
                    now.work = Some(work);
                    found.clear();
                }
            })
            .map_err(|error| internal(&error))?
            .ok_or_else(|| no_instance(&one.identifier))?;
        if found.is_empty() {
            self.spawn_work(&one.resource);
            return Ok(changed);
        }
        let wanted = from.first().copied().unwrap_or("available");
        Err(wrong_state(&format!("Instance {} is not in {wanted} state: it is {found}.", one.identifier)))
    }

    pub(super) fn delete_instance(&self, region: &str, params: &Params) -> Answer {
        let one = self.named(region, params, "DBInstanceIdentifier")?;
        let skip: bool = params.parsed("SkipFinalSnapshot").unwrap_or(false);
        let name = params.get("FinalDBSnapshotIdentifier").filter(|name| !name.is_empty()).map(str::to_lowercase);
        let combination = |message: &str| fault("InvalidParameterCombination", message);
        if one.setup.deletion_protection {
            return Err(combination("Cannot delete protected DB Instance, please disable deletion protection and try again."));
        }
        let final_snapshot = match (skip, name) {
            (true, Some(_)) => {
                return Err(combination("FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot."));
            }
            (false, None) => return Err(combination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")),
            (true, None) => None,
            (false, Some(_)) if one.follows.is_some() => return Err(combination("Cannot create a final snapshot of a read replica.")),
            (false, Some(name)) => Some(name),
        };
        if let Some(name) = &final_snapshot {
            self.check_new_snapshot(region, name)?;
        }
        let keep_backups = !params.parsed("DeleteAutomatedBackups").unwrap_or(true) && one.setup.retention > 0;
        let backup = final_snapshot.as_ref().map(|_| ulid::Ulid::generate().to_string());
        let from = ["available", "stopped", "failed", "incompatible-restore", "incompatible-parameters", "storage-full"];
        let work = Work::Delete { final_snapshot: backup.clone(), keep_backups };
        if let (Some(name), Some(backup)) = (final_snapshot, backup) {
            // On record before the work that fills it begins: a stack killed in between has nothing half done.
            if one.work.is_some() || one.status != "available" {
                return Err(wrong_state(&format!("Instance {} is currently {} - a final snapshot cannot be taken.", name, one.status)));
            }
            self.record_snapshot(&one, &name, &backup, Vec::new())?;
        }
        let instance = self.begin(&one, &from, "deleting", work)?;
        Ok(self.reply_with("DeleteDBInstance", &instance))
    }

    /// Lets go of the automated backups of an instance that is gone.
    pub(super) fn delete_automated_backup(&self, region: &str, params: &Params) -> Answer {
        let resource = params.required("DbiResourceId")?;
        let missing = || fault("DBInstanceAutomatedBackupNotFound", &format!("There are no retained automated backups of {resource}."));
        let one = self.store.read().retained.get(resource).filter(|one| one.region == region).cloned().ok_or_else(missing)?;
        self.store.remove_retained(resource).map_err(|error| internal(&error))?;
        let Some(me) = self.me.upgrade() else { return Err(missing()) };
        let (cluster, resource) = (self.cluster(&one), resource.to_owned());
        self.shared.tasks.spawn(async move {
            for outcome in [me.delete_automated(&resource).await, cluster.remove().await] {
                if let Err(error) = outcome {
                    tracing::warn!("{error:#}");
                }
            }
        });
        Ok(query::reply("DeleteDBInstanceAutomatedBackup", NAMESPACE, |xml| {
            xml.element("DBInstanceAutomatedBackup", |xml| xml::automated_backup(xml, &one, "deleting", None));
        }))
    }

    pub(super) fn start_instance(&self, region: &str, params: &Params) -> Answer {
        let one = self.named(region, params, "DBInstanceIdentifier")?;
        let instance = self.begin(&one, &["stopped"], "starting", Work::Start)?;
        Ok(self.reply_with("StartDBInstance", &instance))
    }

    pub(super) fn stop_instance(&self, region: &str, params: &Params) -> Answer {
        let one = self.named(region, params, "DBInstanceIdentifier")?;
        if one.follows.is_some() || self.store.read().replicas_of(&one.resource).next().is_some() {
            return Err(wrong_state("Cannot stop or start an instance that is a read replica or has one."));
        }
        let instance = self.begin(&one, &["available"], "stopping", Work::Stop)?;
        Ok(self.reply_with("StopDBInstance", &instance))
    }

    pub(super) fn reboot_instance(&self, region: &str, params: &Params) -> Answer {
        let one = self.named(region, params, "DBInstanceIdentifier")?;
        let instance = self.begin(&one, &["available"], "rebooting", Work::Reboot)?;
        Ok(self.reply_with("RebootDBInstance", &instance))
    }

    /// The answer of all operations that return one instance.
    pub(super) fn reply_with(&self, operation: &str, one: &Instance) -> Reply {
        let world = self.store.read();
        query::reply(operation, NAMESPACE, |xml| xml.element("DBInstance", |xml| xml::instance(xml, &world, one)))
    }

    /// Refuses a manual snapshot whose name is taken, or one too many.
    pub(super) fn check_new_snapshot(&self, region: &str, name: &str) -> Result<(), Reply> {
        let world = self.store.read();
        if world.snapshot(region, name).is_some() {
            return Err(fault(
                "DBSnapshotAlreadyExists",
                &format!("Cannot create the snapshot because a snapshot with the identifier {name} already exists."),
            ));
        }
        if world.manual_snapshots(region) >= MANUAL_SNAPSHOTS {
            return Err(fault("SnapshotQuotaExceeded", "Cannot create more than 100 manual snapshots"));
        }
        Ok(())
    }
}

/// Checks a new identifier: letters, digits, hyphens; a letter first; no two hyphens in a row, none at the end; 63 at most.
pub(super) fn new_identifier(name: &str) -> Result<String, Reply> {
    let name = name.to_lowercase();
    let sound = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
        && !name.contains("--")
        && !name.ends_with('-')
        && name.len() <= 63;
    if sound {
        return Ok(name);
    }
    Err(invalid(&format!(
        "Invalid identifier {name}: begin with a letter; use only letters, digits and hyphens, not two in a row, none at the end, 63 at most."
    )))
}

/// The key that AWS manages for RDS in a region.
pub(super) fn default_key(region: &str) -> String {
    format!("arn:aws:kms:{region}:{}:key/aws-rds", crate::service::ACCOUNT)
}
