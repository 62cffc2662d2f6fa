//! Instances and snapshots as the vendor keeps them: statuses take time, a look can show an earlier moment, and a restore
//! forgets what its call does not name.

use std::collections::BTreeMap;

use mayday_core::{
    failure::CallError,
    policy::OWNER_TAG,
    port::{
        BACKING_UP, Endpoint, Instance, Phase, ReplicaSource, Replication, Restoration, RestoreFrom, Settings, Snapshot, SnapshotKind, Tags,
    },
};

use super::Data;
use crate::{
    dice::Dice,
    executor::stamp,
    fault::{MINUTE, Millis, SECOND},
};

/// Region and name.
pub(crate) type Place = (String, String);

/// What a value was from when on, oldest first.
type Over<T> = Vec<(Millis, T)>;

/// The newest entry of a course that has begun at a moment.
fn at<T>(course: &Over<T>, moment: Millis) -> Option<&T> {
    course.iter().rev().find(|(from, _)| *from <= moment).map(|(_, value)| value)
}

/// All instances and snapshots.
#[derive(Debug, Default)]
pub struct Databases {
    /// Instances, by region and name. One that is gone stays here until its name is used again.
    pub instances: BTreeMap<Place, InstanceState>,
    /// Snapshots, by region and name.
    pub snapshots: BTreeMap<Place, SnapshotState>,
    /// Snapshots that were deleted, in order.
    pub deleted: Vec<SnapshotState>,
    /// How many instances were ever made: for resource ids.
    pub made: u64,
    /// By how many the vendor has raised the hundred snapshots that a region may have.
    pub raised: u32,
}

/// An instance.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceState {
    /// `DbiResourceId`.
    pub resource_id: String,
    /// When it was created.
    pub created: Millis,
    /// When it was gone.
    pub gone: Option<Millis>,
    /// When it had an endpoint.
    pub reachable: Millis,
    /// Its statuses.
    pub phases: Over<Phase>,
    /// Its settings.
    pub settings: Over<Settings>,
    /// Whether a change waits for a reboot.
    pub pending_reboot: bool,
    /// What it holds. Of a replica: what it held when it was made; see [`Databases::data`].
    pub data: Data,
    /// Of a replica: what it follows, how far behind, and until when.
    pub follows: Option<Follows>,
}

/// A replica's tie to its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follows {
    /// The source.
    pub source: (String, String),
    /// How far behind it is.
    pub lag: Millis,
    /// How far what it shows is behind what it has received.
    pub unreplayed: Millis,
    /// When it was cut by a promotion.
    pub cut: Option<Millis>,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotState {
    /// What a look shows once it is complete.
    pub snapshot: Snapshot,
    /// When it was asked for.
    pub created: Millis,
    /// When it was, or will be, complete.
    pub complete: Millis,
    /// What it holds.
    pub data: Data,
}

impl InstanceState {
    /// Its status at a moment.
    #[must_use]
    pub fn phase(&self, moment: Millis) -> Phase {
        at(&self.phases, moment).cloned().unwrap_or(Phase::Underway("creating".to_owned()))
    }

    /// Its settings at a moment.
    #[must_use]
    pub fn set_up(&self, moment: Millis) -> Settings {
        at(&self.settings, moment).cloned().unwrap_or_default()
    }

    /// Whether it exists at a moment.
    #[must_use]
    pub fn exists(&self, moment: Millis) -> bool {
        self.created <= moment && self.gone.is_none_or(|gone| moment < gone)
    }

    /// The end of its log, which trails by half a minute to five and a half.
    #[must_use]
    pub fn log_end(&self, moment: Millis) -> Millis {
        moment - 30 * SECOND - moment.rem_euclid(5 * MINUTE)
    }
}

/// The name under which an instance is reached.
#[must_use]
pub(crate) fn host(region: &str, id: &str) -> String {
    format!("{id}.c0ffee.{region}.rds.amazonaws.com")
}

fn refused(code: &str, why: impl Into<String>) -> CallError {
    CallError::refused(code, why)
}

impl Databases {
    /// An instance as it looks at a moment.
    #[must_use]
    pub fn describe(&self, region: &str, id: &str, moment: Millis) -> Option<Instance> {
        let found = self.instances.get(&(region.to_owned(), id.to_owned())).filter(|found| found.exists(moment))?;
        let keeps_log = at(&found.settings, moment).is_some_and(|settings| settings.backup_retention_days > 0);
        let log_end = Some(found.log_end(moment)).filter(|end| keeps_log && *end >= found.created);
        Some(Instance {
            id: id.to_owned(),
            resource_id: found.resource_id.clone(),
            region: region.to_owned(),
            status: found.phase(moment),
            endpoint: (found.reachable <= moment).then(|| Endpoint { host: host(region, id), port: 5432 }),
            created_at: Some(stamp(found.created)),
            latest_restorable: log_end.map(stamp),
            earliest_restorable: log_end.map(|_| stamp(found.created)),
            settings: found.set_up(moment),
            pending_reboot: found.pending_reboot,
            replica_of: found
                .follows
                .as_ref()
                .filter(|follows| follows.cut.is_none_or(|cut| moment < cut))
                .map(|follows| ReplicaSource { region: follows.source.0.clone(), instance: follows.source.1.clone() }),
        })
    }

    /// What an instance holds now. A replica holds what its source had a while ago.
    #[must_use]
    pub fn data(&self, place: &Place, now: Millis) -> Option<Data> {
        let found = self.instances.get(place)?;
        match found.follows.as_ref().filter(|follows| follows.cut.is_none()) {
            Some(follows) => Some(self.instances.get(&follows.source)?.data.until(now - follows.lag)),
            None => Some(found.data.clone()),
        }
    }

    /// Makes a replica an instance of its own: it keeps what it has received.
    pub fn promote(&mut self, place: &Place, days: i32, now: Millis, dice: &mut Dice) -> Result<(), CallError> {
        let kept = self.data(place, now).unwrap_or_default();
        let found = self.available(place, now)?;
        let Some(follows) = found.follows.as_mut().filter(|follows| follows.cut.is_none()) else {
            return Err(refused("InvalidDBInstanceState", format!("DB Instance is not a read replica: {}.", place.1)));
        };
        let done = now + dice.between(5 * SECOND, 3 * MINUTE);
        follows.cut = Some(done);
        found.data = kept;
        let mut settings = found.set_up(now);
        settings.backup_retention_days = days;
        found.settings.push((now, settings));
        found.phases.push((now, Phase::Underway("modifying".to_owned())));
        found.phases.push((done, Phase::Underway("rebooting".to_owned())));
        found.phases.push((done + 5 * SECOND, Phase::Available));
        Ok(())
    }

    /// Starts a replica.
    pub fn replicate(&mut self, wanted: &Replication, owner: &Tags, now: Millis, dice: &mut Dice) -> Result<(), CallError> {
        let place = (wanted.region.clone(), wanted.new_instance.clone());
        if self.instances.get(&place).is_some_and(|found| found.exists(now)) {
            return Err(refused("DBInstanceAlreadyExists", format!("DB instance {} already exists.", wanted.new_instance)));
        }
        let source = (wanted.source.region.clone(), wanted.source.instance.clone());
        let data = self.available(&source, now)?.data.clone();
        let mut settings = Settings { backup_retention_days: 0, ..wanted.settings.clone() };
        settings.tags.extend(owner.clone());
        let created = now + dice.between(SECOND, 5 * SECOND);
        self.made += 1;
        let replica = InstanceState {
            resource_id: format!("db-MADE{:04}", self.made),
            created: now,
            gone: None,
            reachable: created,
            phases: vec![(now, Phase::Underway("creating".to_owned())), (created + dice.between(SECOND, 10 * MINUTE), Phase::Available)],
            settings: vec![(now, settings)],
            pending_reboot: false,
            data,
            follows: Some(Follows { source, lag: dice.between(0, 20 * SECOND), unreplayed: 0, cut: None }),
        };
        self.instances.insert(place, replica);
        Ok(())
    }

    /// A snapshot as it looks at a moment.
    #[must_use]
    pub fn describe_snapshot(&self, region: &str, id: &str, moment: Millis) -> Option<Snapshot> {
        let found = self.snapshots.get(&(region.to_owned(), id.to_owned())).filter(|found| found.created <= moment)?;
        let mut snapshot = found.snapshot.clone();
        if moment < found.complete {
            let percent = (moment - found.created) * 100 / (found.complete - found.created).max(1);
            snapshot.percent = u8::try_from(percent).unwrap_or(0);
            snapshot.status = Phase::Underway("creating".to_owned());
            snapshot.taken_at = None;
        }
        Some(snapshot)
    }

    fn living(&mut self, place: &Place, now: Millis) -> Result<&mut InstanceState, CallError> {
        let found = self.instances.get_mut(place).filter(|found| found.exists(now));
        found.ok_or_else(|| refused("DBInstanceNotFound", format!("DBInstance {} not found.", place.1)))
    }

    fn available(&mut self, place: &Place, now: Millis) -> Result<&mut InstanceState, CallError> {
        let found = self.living(place, now)?;
        match found.phase(now) {
            Phase::Available => Ok(found),
            other => Err(refused("InvalidDBInstanceState", format!("Instance {} is {other:?}.", place.1))),
        }
    }

    /// Starts a snapshot.
    pub fn create_snapshot(&mut self, place: &Place, id: &str, tags: Tags, now: Millis, dice: &mut Dice) -> Result<(), CallError> {
        let key = (place.0.clone(), id.to_owned());
        if self.snapshots.contains_key(&key) {
            return Err(refused("DBSnapshotAlreadyExists", format!("Cannot create the snapshot because {id} exists already.")));
        }
        let source = self.available(place, now)?;
        let settings = source.set_up(now);
        let snapshot = Snapshot {
            id: id.to_owned(),
            instance: place.1.clone(),
            resource_id: source.resource_id.clone(),
            region: place.0.clone(),
            status: Phase::Available,
            percent: 100,
            taken_at: Some(stamp(now)),
            kind: SnapshotKind::Manual,
            size_gib: settings.allocated_storage,
            encrypted: settings.storage_encrypted,
            engine_version: settings.engine_version,
            tags,
        };
        let data = source.data.clone();
        let complete = now + dice.between(5 * SECOND, 3 * MINUTE);
        source.phases.push((now, Phase::Underway(BACKING_UP.to_owned())));
        source.phases.push((complete, Phase::Available));
        self.snapshots.insert(key, SnapshotState { snapshot, created: now, complete, data });
        Ok(())
    }

    /// Deletes a snapshot of ours. Says whether there was one.
    pub fn delete_snapshot(&mut self, key: &Place, now: Millis) -> Result<bool, CallError> {
        let Some(found) = self.snapshots.get(key) else { return Ok(false) };
        if found.snapshot.kind != SnapshotKind::Manual || !found.snapshot.tags.contains_key(OWNER_TAG) {
            return Err(refused("NotOurs", format!("{} was not made by us.", key.1)));
        }
        if now < found.complete {
            return Err(refused("InvalidDBSnapshotState", format!("{} is not available.", key.1)));
        }
        self.deleted.extend(self.snapshots.remove(key));
        Ok(true)
    }

    /// Starts a restore.
    pub fn restore(&mut self, wanted: &Restoration, owner: &Tags, now: Millis, dice: &mut Dice) -> Result<(), CallError> {
        let place = (wanted.region.clone(), wanted.new_instance.clone());
        if self.instances.get(&place).is_some_and(|found| found.exists(now)) {
            return Err(refused("DBInstanceAlreadyExists", format!("DB instance {} already exists.", wanted.new_instance)));
        }
        let data = self.source(wanted, now)?;
        let mut settings = with_losses(wanted, dice);
        settings.tags.extend(wanted.owner.clone());
        settings.tags.extend(owner.clone());
        let created = now + dice.between(SECOND, 5 * SECOND);
        // One in sixteen takes its time, as a large volume does.
        let available =
            created + if dice.below(16) == 0 { dice.between(5 * MINUTE, 40 * MINUTE) } else { dice.between(SECOND, 10 * SECOND) };
        self.made += 1;
        let restored = InstanceState {
            resource_id: format!("db-MADE{:04}", self.made),
            created: now,
            gone: None,
            reachable: created,
            phases: vec![
                (now, Phase::Underway("creating".to_owned())),
                (created, Phase::Underway(BACKING_UP.to_owned())),
                (available, Phase::Available),
            ],
            settings: vec![(now, settings)],
            pending_reboot: false,
            data,
            follows: None,
        };
        self.instances.insert(place, restored);
        Ok(())
    }

    /// The data that a restore would give.
    fn source(&mut self, wanted: &Restoration, now: Millis) -> Result<Data, CallError> {
        match &wanted.from {
            RestoreFrom::Snapshot(id) => match self.snapshots.get(&(wanted.region.clone(), id.clone())) {
                Some(found) if found.complete <= now => Ok(found.data.clone()),
                Some(_) => Err(refused("InvalidDBSnapshotState", format!("{id} is not available."))),
                None => Err(refused("DBSnapshotNotFound", format!("{id} was not found."))),
            },
            RestoreFrom::Time { instance, at } => {
                let source = self.living(&(wanted.region.clone(), instance.clone()), now)?;
                let at = at.as_millisecond();
                if at > source.log_end(now) || at < source.created {
                    return Err(refused("InvalidRestoreFault", format!("{instance} can't be restored to that time.")));
                }
                Ok(source.data.until(at))
            }
            RestoreFrom::Latest { instance } => {
                let source = self.living(&(wanted.region.clone(), instance.clone()), now)?;
                Ok(source.data.until(source.log_end(now)))
            }
        }
    }

    /// Changes settings at once.
    pub fn align(&mut self, place: &Place, wanted: &Settings, now: Millis, dice: &mut Dice) -> Result<bool, CallError> {
        let found = self.available(place, now)?;
        let current = found.set_up(now);
        if wanted.differences(&current).is_empty() {
            return Ok(false);
        }
        let mut settings = wanted.clone();
        settings.tags = current.tags;
        if settings.parameter_group != current.parameter_group {
            found.pending_reboot = true;
        }
        let done = now + dice.between(SECOND, 10 * SECOND);
        // The vendor answers before the status changes.
        found.phases.push((now + dice.between(0, 5 * SECOND), Phase::Underway("modifying".to_owned())));
        found.phases.push((done + 5 * SECOND, Phase::Available));
        found.settings.push((done, settings));
        Ok(true)
    }

    /// Reboots.
    pub fn reboot(&mut self, place: &Place, now: Millis, dice: &mut Dice) -> Result<(), CallError> {
        let found = self.available(place, now)?;
        found.pending_reboot = false;
        found.phases.push((now, Phase::Underway("rebooting".to_owned())));
        found.phases.push((now + dice.between(3 * SECOND, 20 * SECOND), Phase::Available));
        Ok(())
    }

    /// Deletes, after a final snapshot.
    pub fn delete(&mut self, place: &Place, last: Option<&str>, tags: Tags, now: Millis, dice: &mut Dice) -> Result<(), CallError> {
        let found = self.living(place, now)?;
        if found.phase(now) == Phase::Leaving {
            return Err(refused("InvalidDBInstanceState", format!("Instance {} is already being deleted.", place.1)));
        }
        if let Some(id) = last {
            self.create_snapshot(place, id, tags, now, dice)?;
        }
        let found = self.living(place, now)?;
        found.phases.push((now, Phase::Leaving));
        found.gone = Some(now + dice.between(20 * SECOND, 4 * MINUTE));
        let resource_id = found.resource_id.clone();
        // Automated snapshots go with it.
        self.snapshots.retain(|_, kept| kept.snapshot.kind == SnapshotKind::Manual || kept.snapshot.resource_id != resource_id);
        Ok(())
    }
}

/// What comes back set up other than it was asked for: what the call does not take, and now and then what it takes.
fn with_losses(wanted: &Restoration, dice: &mut Dice) -> Settings {
    let mut settings = wanted.settings.clone();
    settings.monitoring_interval = 0;
    settings.monitoring_role = None;
    settings.performance_insights = false;
    settings.maintenance_window = Some("sat:03:00-sat:03:30".to_owned());
    if dice.below(4) == 0 {
        settings.parameter_group = Some("default.postgres16".to_owned());
    }
    settings
}
