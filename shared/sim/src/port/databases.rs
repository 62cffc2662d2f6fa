use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{Databases, Instance, Phase, Quota, Replication, Restoration, Settings, Snapshot, Tags},
};

use super::{change, look, owner, takes_effect};
use crate::{gate::Gate, trace::Port};

#[async_trait]
impl Databases for Gate {
    async fn instance(&self, region: &str, id: &str) -> Result<Option<Instance>, CallError> {
        self.look(look(Port::Databases, "instance", id).in_region(region), |state, moment| Ok(state.databases.describe(region, id, moment)))
            .await
    }

    async fn instances_in(&self, region: &str) -> Result<Vec<Instance>, CallError> {
        let found = self.look(look(Port::Databases, "instances_in", region).in_region(region), |state, moment| {
            let here = state.databases.instances.keys().filter(|(at, _)| at == region);
            let unlisted = |found: Instance| Instance { earliest_restorable: None, ..found };
            Ok(here.filter_map(|(_, id)| state.databases.describe(region, id, moment).map(unlisted)).collect())
        });
        found.await
    }

    async fn snapshots_in(&self, region: &str) -> Result<Vec<Snapshot>, CallError> {
        let found = self.look(look(Port::Databases, "snapshots_in", region).in_region(region), |state, moment| {
            let here = state.databases.snapshots.keys().filter(|(at, _)| at == region);
            Ok(here.filter_map(|(_, id)| state.databases.describe_snapshot(region, id, moment)).collect())
        });
        found.await
    }

    async fn instances_of(&self, region: &str, ids: &[String]) -> Result<Vec<Instance>, CallError> {
        Ok(self.instances_in(region).await?.into_iter().filter(|instance| ids.contains(&instance.id)).collect())
    }

    async fn snapshots_of(&self, region: &str, instances: &[String]) -> Result<Vec<Snapshot>, CallError> {
        Ok(self.snapshots_in(region).await?.into_iter().filter(|snapshot| instances.contains(&snapshot.instance)).collect())
    }

    async fn snapshot_quota(&self, region: &str) -> Result<Quota, CallError> {
        let found = self.look(look(Port::Databases, "snapshot_quota", region).in_region(region), |state, moment| {
            let here = state.databases.snapshots.keys().filter(|(at, _)| at == region);
            let used = here.filter(|(_, id)| state.databases.describe_snapshot(region, id, moment).is_some()).count();
            Ok(Quota { used: u32::try_from(used).unwrap_or(u32::MAX), max: 100 + state.databases.raised })
        });
        found.await
    }

    async fn snapshots(&self, region: &str, instance: &str) -> Result<Vec<Snapshot>, CallError> {
        let found = self.look(look(Port::Databases, "snapshots", instance).in_region(region), |state, moment| {
            let of_instance =
                state.databases.snapshots.iter().filter(|((at, _), found)| at == region && found.snapshot.instance == instance);
            Ok(of_instance.filter_map(|((_, id), _)| state.databases.describe_snapshot(region, id, moment)).collect())
        });
        found.await
    }

    async fn snapshot(&self, region: &str, id: &str) -> Result<Option<Snapshot>, CallError> {
        self.look(look(Port::Databases, "snapshot", id).in_region(region), |state, moment| {
            Ok(state.databases.describe_snapshot(region, id, moment))
        })
        .await
    }

    async fn create_snapshot(&self, permit: &Permit, region: &str, instance: &str, id: &str, tags: &Tags) -> Result<(), CallError> {
        let (owner, place, id) = (owner(permit), (region.to_owned(), instance.to_owned()), id.to_owned());
        let mut all = tags.clone();
        all.extend(owner.clone());
        let create = self.change(change(Port::Databases, "create_snapshot", &id).in_region(region), move |inner| {
            inner.state.databases.create_snapshot(&place, &id, all.clone(), inner.now, &mut inner.dice)?;
            takes_effect(inner, &owner, "create_snapshot", &id);
            Ok(())
        });
        create.await
    }

    async fn delete_snapshot(&self, permit: &Permit, region: &str, id: &str) -> Result<(), CallError> {
        let (owner, key) = (owner(permit), (region.to_owned(), id.to_owned()));
        let delete = self.change(change(Port::Databases, "delete_snapshot", id).in_region(region), move |inner| {
            if inner.state.databases.delete_snapshot(&key, inner.now)? {
                takes_effect(inner, &owner, "delete_snapshot", &key.1);
            }
            Ok(())
        });
        delete.await
    }

    async fn restore(&self, permit: &Permit, restoration: &Restoration) -> Result<(), CallError> {
        let (owner, wanted) = (owner(permit), restoration.clone());
        let restore =
            self.change(change(Port::Databases, "restore", &restoration.new_instance).in_region(&restoration.region), move |inner| {
                inner.state.databases.restore(&wanted, &owner, inner.now, &mut inner.dice)?;
                takes_effect(inner, &owner, "restore", &wanted.new_instance);
                Ok(())
            });
        restore.await
    }

    async fn align(&self, permit: &Permit, region: &str, instance: &str, settings: &Settings) -> Result<(), CallError> {
        let (owner, place, settings) = (owner(permit), (region.to_owned(), instance.to_owned()), settings.clone());
        let align = self.change(change(Port::Databases, "align", instance).in_region(region), move |inner| {
            if inner.state.databases.align(&place, &settings, inner.now, &mut inner.dice)? {
                takes_effect(inner, &owner, "align", &place.1);
            }
            Ok(())
        });
        align.await
    }

    async fn reboot(&self, permit: &Permit, region: &str, instance: &str) -> Result<(), CallError> {
        let (owner, place) = (owner(permit), (region.to_owned(), instance.to_owned()));
        let reboot = self.change(change(Port::Databases, "reboot", instance).in_region(region), move |inner| {
            inner.state.databases.reboot(&place, inner.now, &mut inner.dice)?;
            takes_effect(inner, &owner, "reboot", &place.1);
            Ok(())
        });
        reboot.await
    }

    async fn promote(&self, permit: &Permit, region: &str, instance: &str, backup_retention_days: i32) -> Result<(), CallError> {
        let (owner, place) = (owner(permit), (region.to_owned(), instance.to_owned()));
        let promote = self.change(change(Port::Databases, "promote", instance).in_region(region), move |inner| {
            inner.state.databases.promote(&place, backup_retention_days, inner.now, &mut inner.dice)?;
            takes_effect(inner, &owner, "promote", &place.1);
            Ok(())
        });
        promote.await
    }

    async fn replicate(&self, permit: &Permit, replication: &Replication) -> Result<(), CallError> {
        let (owner, wanted) = (owner(permit), replication.clone());
        let replicate =
            self.change(change(Port::Databases, "replicate", &replication.new_instance).in_region(&replication.region), move |inner| {
                inner.state.databases.replicate(&wanted, &owner, inner.now, &mut inner.dice)?;
                takes_effect(inner, &owner, "replicate", &wanted.new_instance);
                Ok(())
            });
        replicate.await
    }

    async fn delete_instance(&self, permit: &Permit, region: &str, instance: &str, final_snapshot: Option<&str>) -> Result<(), CallError> {
        let (owner, place, last) = (owner(permit), (region.to_owned(), instance.to_owned()), final_snapshot.map(str::to_owned));
        let delete = self.change(change(Port::Databases, "delete_instance", instance).in_region(region), move |inner| {
            inner.state.databases.delete(&place, last.as_deref(), owner.clone(), inner.now, &mut inner.dice)?;
            takes_effect(inner, &owner, "delete_instance", &place.1);
            Ok(())
        });
        delete.await
    }
}

/// Whether an instance can be signed in to.
pub(super) fn answers(instance: &Instance) -> bool {
    match &instance.status {
        Phase::Available => true,
        Phase::Underway(what) => what != "creating" && what != "rebooting",
        Phase::Leaving | Phase::Broken(_) => false,
    }
}
