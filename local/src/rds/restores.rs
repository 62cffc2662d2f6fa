//! New instances made of old data: from a snapshot, at a point in time, as a replica; and a replica's promotion.

use jiff::Timestamp;

use super::{
    Answer, Rds,
    describe::name_of,
    fault::{fault, invalid, no_instance, no_snapshot, wrong_state},
    instances::{Draft, default_key, new_identifier},
    model::{Instance, Moment, Work},
    setup::{Changes, Setup},
    tags::tags_of,
    xml,
};
use crate::{service::Reply, wire::query::Params};

impl Rds {
    pub(super) fn restore_from_snapshot(&self, region: &str, params: &Params) -> Answer {
        let identifier = new_identifier(params.required("DBInstanceIdentifier")?)?;
        let name = name_of(params.required("DBSnapshotIdentifier")?);
        let snapshot = self.store.read().snapshot(region, name).cloned().ok_or_else(|| no_snapshot(name))?;
        if snapshot.status != "available" {
            return Err(fault(
                "InvalidDBSnapshotState",
                &format!("Snapshot {name} is not in the available state: it is {}.", snapshot.status),
            ));
        }
        let changes = Changes::of_restore(params, true);
        self.check_groups(region, &changes)?;
        let mut setup = snapshot.of.setup.restored(&self.family());
        setup.encrypted = snapshot.encrypted;
        setup.kms_key.clone_from(&snapshot.kms_key);
        let work = Work::FromSnapshot { backup: snapshot.backup.clone() };
        let draft = restored(identifier, &snapshot.of, with(setup, changes), params, work);
        let instance = self.begin_instance(region, draft)?;
        Ok(self.reply_with("RestoreDBInstanceFromDBSnapshot", &instance))
    }

    pub(super) fn restore_to_time(&self, region: &str, params: &Params) -> Answer {
        let identifier = new_identifier(params.required("TargetDBInstanceIdentifier")?)?;
        let source = self.restorable(region, params)?;
        let changes = Changes::of_restore(params, false);
        self.check_groups(region, &changes)?;
        if source.setup.retention == 0 {
            return Err(fault(
                "PointInTimeRestoreNotEnabled",
                &format!("Point in time restore is not enabled for {}: its backup retention period is 0.", source.identifier),
            ));
        }
        let latest = source.latest.ok_or_else(|| fault("InvalidRestoreFault", "There is no backup to restore from yet."))?;
        let target = self.target(&source, params, latest)?;
        let backup = self.backup_before(&source, target)?;
        let setup = with(source.setup.restored(&self.family()), changes);
        let work = Work::ToTime { source: source.resource.clone(), backup, target };
        let draft = restored(identifier, &source, setup, params, work);
        let instance = self.begin_instance(region, draft)?;
        Ok(self.reply_with("RestoreDBInstanceToPointInTime", &instance))
    }

    /// The source of a point-in-time restore: a living instance, or the retained backups of one that is gone.
    fn restorable(&self, region: &str, params: &Params) -> Result<Instance, Reply> {
        if params.get("SourceDBInstanceIdentifier").is_some_and(|name| !name.is_empty()) {
            return self.named(region, params, "SourceDBInstanceIdentifier");
        }
        let resource = params.required("SourceDbiResourceId")?;
        let world = self.store.read();
        let found = world.instances.get(resource).or_else(|| world.retained.get(resource)).filter(|one| one.region == region);
        found.cloned().ok_or_else(|| no_instance(resource))
    }

    fn target(&self, source: &Instance, params: &Params, latest: Moment) -> Result<Moment, Reply> {
        let use_latest: bool = params.parsed("UseLatestRestorableTime").unwrap_or(false);
        let at = match (params.get("RestoreTime").filter(|text| !text.is_empty()), use_latest) {
            (Some(_), true) | (None, false) => {
                return Err(fault(
                    "InvalidParameterCombination",
                    "Specify either RestoreTime or UseLatestRestorableTime, not both and not neither.",
                ));
            }
            (None, true) => return Ok(latest),
            (Some(text), false) => text.parse::<Timestamp>().map_err(|_| invalid(&format!("Invalid RestoreTime: {text}")))?,
        };
        if at > latest.at {
            return Err(invalid(&format!(
                "The specified instance cannot be restored to a time later than {}: {} is later than its latest restorable time.",
                xml::time(latest.at),
                xml::time(at)
            )));
        }
        let target = Moment { at, real: self.shared.clock.real_at(at).min(latest.real) };
        self.backup_before(source, target)?;
        Ok(target)
    }

    /// The newest automated backup that was complete before a time.
    fn backup_before(&self, source: &Instance, target: Moment) -> Result<String, Reply> {
        let world = self.store.read();
        let backups = world.automated(&source.resource);
        let before = |finished: Moment| finished.real <= target.real;
        if let Some(found) = backups.iter().rev().find(|one| one.finished.is_some_and(before)) {
            return Ok(found.backup.clone());
        }
        let earliest = backups.iter().find_map(|one| one.finished).map_or_else(|| "-".to_owned(), |finished| xml::time(finished.at));
        Err(invalid(&format!("The specified instance cannot be restored to a time earlier than {earliest}.")))
    }

    pub(super) fn create_replica(&self, region: &str, params: &Params) -> Answer {
        let identifier = new_identifier(params.required("DBInstanceIdentifier")?)?;
        let asked = params.required("SourceDBInstanceIdentifier")?;
        let from = if asked.starts_with("arn:") { asked.split(':').nth(3).unwrap_or(region) } else { region };
        let source = self.store.read().instance(from, name_of(asked)).cloned().ok_or_else(|| no_instance(asked))?;
        if source.status != "available" || source.killed {
            return Err(wrong_state(&format!("Cannot create a read replica because {} is not in the available state.", source.identifier)));
        }
        if source.setup.retention == 0 {
            return Err(wrong_state(&format!("Automated backups are not enabled for database instance {}.", source.identifier)));
        }
        let changes = Changes { max_allocated_storage: params.parsed("MaxAllocatedStorage"), ..Changes::of(params) };
        self.check_groups(region, &changes)?;
        let mut setup = Setup { retention: 0, ..source.setup.restored(&self.family()) };
        if from == region {
            setup.parameter_group.clone_from(&source.setup.parameter_group);
        } else if source.setup.encrypted {
            let key = params.get("KmsKeyId").filter(|key| !key.is_empty());
            let key = key.ok_or_else(|| {
                fault("KMSKeyNotAccessibleFault", &format!("The source is encrypted: name a KMS key of {region} in KmsKeyId."))
            })?;
            setup.kms_key = Some(if key.starts_with("arn:") { key.to_owned() } else { default_key(region) });
        }
        let work = Work::Replicate { source: source.resource.clone() };
        let mut draft = restored(identifier, &source, with(setup, changes), params, work);
        draft.follows = Some(source.resource.clone());
        let instance = self.begin_instance(region, draft)?;
        Ok(self.reply_with("CreateDBInstanceReadReplica", &instance))
    }

    pub(super) fn promote_replica(&self, region: &str, params: &Params) -> Answer {
        let one = self.named(region, params, "DBInstanceIdentifier")?;
        if one.follows.is_none() {
            return Err(wrong_state(&format!("DB Instance is not a read replica: {}.", one.identifier)));
        }
        // Source: the API's reference, "BackupRetentionPeriod … Default: 1".
        let retention: i64 = params.parsed("BackupRetentionPeriod").unwrap_or(1);
        let window = params.get("PreferredBackupWindow").filter(|window| !window.is_empty()).map(str::to_owned);
        let instance = self.begin(&one, &["available"], "modifying", Work::Promote)?;
        let changes = Changes { retention: Some(retention), backup_window: window, ..Changes::default() };
        let changed = self.store.change(&one.resource, |one| one.setup.apply(changes)).map_err(|error| super::fault::internal(&error))?;
        Ok(self.reply_with("PromoteReadReplica", &changed.unwrap_or(instance)))
    }
}

fn with(mut setup: Setup, changes: Changes) -> Setup {
    setup.apply(changes);
    setup
}

fn restored(identifier: String, of: &Instance, setup: Setup, params: &Params, work: Work) -> Draft {
    Draft {
        identifier,
        engine_version: of.engine_version.clone(),
        master_user: of.master_user.clone(),
        database: of.database.clone(),
        setup,
        tags: tags_of(params),
        follows: None,
        work,
    }
}
