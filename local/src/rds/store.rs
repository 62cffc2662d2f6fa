//! Instances and snapshots, in memory and on disk: one JSON file each, replaced at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::model::{Happening, Instance, Snapshot};

/// Everything that the service knows.
#[derive(Debug, Default)]
pub(super) struct World {
    /// By resource id.
    pub(super) instances: BTreeMap<String, Instance>,
    /// Instances that are gone, but for their automated backups, by resource id.
    pub(super) retained: BTreeMap<String, Instance>,
    /// By backup name. What is put in and taken out goes through [`Self::put_snapshot`] and [`Self::drop_snapshot`].
    pub(super) snapshots: BTreeMap<String, Snapshot>,
    /// The backup names of each instance's snapshots, by the instance's identifier: a fleet has too many to be looked through.
    taken_of: BTreeMap<String, BTreeSet<String>>,
    /// Parameter and subnet groups beside the default ones.
    pub(super) groups: Vec<Group>,
    /// The newest last; gone with the process, as RDS forgets after 14 days.
    pub(super) happenings: Vec<Happening>,
}

/// Which kind of group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupKind {
    /// A DB parameter group.
    Parameter,
    /// A DB subnet group.
    Subnet,
}

/// A regional group that instances refer to by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) kind: GroupKind,
    pub(super) region: String,
    pub(super) name: String,
}

impl World {
    pub(super) fn put_snapshot(&mut self, snapshot: Snapshot) {
        self.taken_of.entry(snapshot.of.identifier.clone()).or_default().insert(snapshot.backup.clone());
        self.snapshots.insert(snapshot.backup.clone(), snapshot);
    }

    fn drop_snapshot(&mut self, backup: &str) {
        if let Some(gone) = self.snapshots.remove(backup)
            && let Some(taken) = self.taken_of.get_mut(&gone.of.identifier)
        {
            taken.remove(backup);
        }
    }

    /// The snapshots of these instances; of all, where none are named.
    pub(super) fn snapshots_of<'a>(&'a self, instances: Option<&BTreeSet<String>>) -> Vec<&'a Snapshot> {
        match instances {
            None => self.snapshots.values().collect(),
            Some(instances) => {
                let taken = instances.iter().filter_map(|instance| self.taken_of.get(instance)).flatten();
                taken.filter_map(|backup| self.snapshots.get(backup)).collect()
            }
        }
    }

    pub(super) fn instance(&self, region: &str, identifier: &str) -> Option<&Instance> {
        self.instances.values().find(|instance| instance.region == region && instance.identifier.eq_ignore_ascii_case(identifier))
    }

    pub(super) fn snapshot(&self, region: &str, identifier: &str) -> Option<&Snapshot> {
        self.snapshots.values().find(|snapshot| snapshot.region == region && snapshot.identifier.eq_ignore_ascii_case(identifier))
    }

    pub(super) fn manual_snapshots(&self, region: &str) -> usize {
        self.snapshots.values().filter(|snapshot| snapshot.region == region && !snapshot.automated).count()
    }

    pub(super) fn replicas_of<'a>(&'a self, resource: &'a str) -> impl Iterator<Item = &'a Instance> {
        self.instances.values().filter(move |instance| instance.follows.as_deref() == Some(resource))
    }

    /// The automated backups of an instance, oldest first.
    pub(super) fn automated(&self, resource: &str) -> Vec<&Snapshot> {
        let mut found: Vec<&Snapshot> =
            self.snapshots.values().filter(|snapshot| snapshot.automated && snapshot.of.resource == resource).collect();
        found.sort_by_key(|snapshot| snapshot.finished.map(|finished| finished.real));
        found
    }
}

/// The world and where it is kept.
#[derive(Debug)]
pub(super) struct Store {
    dir: PathBuf,
    world: Mutex<World>,
}

impl Store {
    pub(super) fn open(dir: PathBuf) -> anyhow::Result<Self> {
        let mut world = World::default();
        for instance in read_all::<Instance>(&dir.join("instances"))? {
            world.instances.insert(instance.resource.clone(), instance);
        }
        for instance in read_all::<Instance>(&dir.join("retained"))? {
            world.retained.insert(instance.resource.clone(), instance);
        }
        for snapshot in read_all::<Snapshot>(&dir.join("snapshots"))? {
            world.put_snapshot(snapshot);
        }
        world.groups = read_all::<Vec<Group>>(&dir.join("groups"))?.pop().unwrap_or_default();
        Ok(Self { dir, world: Mutex::new(world) })
    }

    /// The world as it is. Changes go through the methods below, which keep them.
    pub(super) fn read(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds an instance, unless its name is taken in the region; says whether it did.
    pub(super) fn add_instance(&self, instance: Instance) -> anyhow::Result<bool> {
        let mut world = self.read();
        if world.instance(&instance.region, &instance.identifier).is_some() {
            return Ok(false);
        }
        write(&self.dir.join("instances"), &instance.resource, &instance)?;
        world.instances.insert(instance.resource.clone(), instance);
        Ok(true)
    }

    /// Changes an instance and returns it as it is now; `None` when there is none.
    pub(super) fn change(&self, resource: &str, edit: impl FnOnce(&mut Instance)) -> anyhow::Result<Option<Instance>> {
        let mut world = self.read();
        let Some(instance) = world.instances.get_mut(resource) else { return Ok(None) };
        edit(instance);
        write(&self.dir.join("instances"), resource, instance)?;
        Ok(Some(instance.clone()))
    }

    /// Forgets an instance; what it was is kept where its automated backups are.
    pub(super) fn remove_instance(&self, resource: &str, retain: bool) -> anyhow::Result<()> {
        let mut world = self.read();
        if let Some(instance) = world.instances.get(resource).cloned()
            && retain
        {
            write(&self.dir.join("retained"), resource, &instance)?;
            world.retained.insert(resource.to_owned(), instance);
        }
        erase(&self.dir.join("instances"), resource)?;
        world.instances.remove(resource);
        Ok(())
    }

    /// Adds a snapshot, unless its name is taken in the region; says whether it did.
    pub(super) fn add_snapshot(&self, snapshot: Snapshot) -> anyhow::Result<bool> {
        let mut world = self.read();
        if world.snapshot(&snapshot.region, &snapshot.identifier).is_some() {
            return Ok(false);
        }
        write(&self.dir.join("snapshots"), &snapshot.backup, &snapshot)?;
        world.put_snapshot(snapshot);
        Ok(true)
    }

    /// Forgets what an instance's automated backups were of.
    pub(super) fn remove_retained(&self, resource: &str) -> anyhow::Result<()> {
        erase(&self.dir.join("retained"), resource)?;
        self.read().retained.remove(resource);
        Ok(())
    }

    pub(super) fn change_snapshot(&self, backup: &str, edit: impl FnOnce(&mut Snapshot)) -> anyhow::Result<Option<Snapshot>> {
        let mut world = self.read();
        let Some(snapshot) = world.snapshots.get_mut(backup) else { return Ok(None) };
        edit(snapshot);
        write(&self.dir.join("snapshots"), backup, snapshot)?;
        Ok(Some(snapshot.clone()))
    }

    pub(super) fn remove_snapshot(&self, backup: &str) -> anyhow::Result<()> {
        let mut world = self.read();
        erase(&self.dir.join("snapshots"), backup)?;
        world.drop_snapshot(backup);
        Ok(())
    }

    /// Adds a group; says whether it is new.
    pub(super) fn add_group(&self, group: Group) -> anyhow::Result<bool> {
        let mut world = self.read();
        if world.groups.contains(&group) {
            return Ok(false);
        }
        world.groups.push(group);
        write(&self.dir.join("groups"), "groups", &world.groups)?;
        Ok(true)
    }
}

fn read_all<T: DeserializeOwned>(dir: &Path) -> anyhow::Result<Vec<T>> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            let bytes = std::fs::read(&file)?;
            found.push(serde_json::from_slice(&bytes).with_context(|| format!("{} can't be read", file.display()))?);
        }
    }
    Ok(found)
}

fn write(dir: &Path, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir)?;
    let (file, draft) = (dir.join(format!("{name}.json")), dir.join(format!("{name}.draft")));
    std::fs::write(&draft, serde_json::to_vec_pretty(value)?)?;
    std::fs::rename(&draft, &file).with_context(|| format!("can't write {}", file.display()))
}

fn erase(dir: &Path, name: &str) -> anyhow::Result<()> {
    match std::fs::remove_file(dir.join(format!("{name}.json"))) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("can't forget"),
        _ => Ok(()),
    }
}
