//! `ModifyDBInstance`: now, or in a maintenance window that never comes here.

use super::{
    Answer, Rds,
    fault::{fault, internal, invalid, wrong_state},
    instances::new_identifier,
    model::{Instance, Work},
    setup::Changes,
};
use crate::wire::query::Params;

impl Rds {
    pub(super) fn modify_instance(&self, region: &str, params: &Params) -> Answer {
        let one = self.named(region, params, "DBInstanceIdentifier")?;
        let mut changes = Changes::of(params);
        let role = changes.monitoring_role.as_ref().or(one.setup.monitoring_role.as_ref());
        if changes.monitoring_interval.is_some_and(|seconds| seconds > 0) && role.is_none() {
            let message = "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.";
            return Err(fault("InvalidParameterCombination", message));
        }
        self.check_groups(region, &changes)?;
        if let Some(name) = &changes.identifier {
            new_identifier(name)?;
            if self.store.read().instance(region, name).is_some() {
                return Err(fault("DBInstanceAlreadyExists", "DB instance already exists"));
            }
        }
        if changes.allocated_storage.is_some_and(|size| size < one.setup.allocated_storage) {
            return Err(invalid("Requested size is smaller than the current size: storage can't shrink."));
        }
        if one.status != "available" || one.work.is_some() {
            return Err(wrong_state(&format!("Database instance is not in available state: it is {}.", one.status)));
        }
        let mut pending = Changes::default();
        if !params.parsed("ApplyImmediately").unwrap_or(false) {
            pending = changes.split_off_deferred();
        }
        if changes == Changes::default() {
            let changed = self.store.change(&one.resource, |one| one.pending.overlay(pending)).map_err(|error| internal(&error))?;
            return Ok(self.reply_with("ModifyDBInstance", &changed.unwrap_or(one)));
        }
        let status = if changes.identifier.is_some() { "renaming" } else { "modifying" };
        let shown = changes.clone();
        self.begin(&one, &["available"], status, Work::Modify(Box::new(changes)))?;
        let changed = self
            .store
            .change(&one.resource, |one| {
                one.pending.overlay(pending);
                one.pending.overlay(shown);
            })
            .map_err(|error| internal(&error))?;
        Ok(self.reply_with("ModifyDBInstance", &changed.unwrap_or(one)))
    }

    /// Carries out a modification.
    pub(super) async fn modify(&self, one: &Instance, changes: Changes) -> anyhow::Result<()> {
        self.pace().await;
        let cluster = self.cluster(one);
        if let Some(password) = &changes.password {
            cluster.set_password(&one.master_user, password).await?;
            self.tell(one, "RDS-EVENT-0016", "configuration change", "Reset master credentials");
        }
        let monitoring = changes.monitoring_interval.is_some_and(|interval| interval != one.setup.monitoring_interval);
        let renamed = changes.identifier.is_some();
        let iam = changes.iam_authentication.is_some_and(|on| on != one.setup.iam_authentication);
        let retention = changes.retention.unwrap_or(one.setup.retention);
        let changed = self.store.change(&one.resource, |one| {
            one.reboot_pending |= changes.parameter_group.as_ref().is_some_and(|group| *group != one.setup.parameter_group);
            if let Some(version) = &changes.engine_version {
                one.engine_version.clone_from(version);
            }
            if let Some(identifier) = &changes.identifier {
                one.identifier.clone_from(identifier);
            }
            one.setup.apply(changes);
            one.pending = Changes::default();
        })?;
        let Some(changed) = changed else { return Ok(()) };
        if iam {
            cluster.configure(&self.server_settings(&changed))?;
            cluster.reload().await?;
        }
        if renamed {
            // RDS reboots what it renames; the old endpoint is gone at once.
            self.set_status(&one.resource, "rebooting")?;
            cluster.stop().await?;
            self.start_server(&changed).await?;
            self.tell(&changed, "RDS-EVENT-0006", "availability", "DB instance restarted");
        }
        if monitoring {
            self.set_status(&one.resource, "configuring-enhanced-monitoring")?;
            self.pace().await;
        }
        self.change_retention(one, &changed, retention).await?;
        self.finish(&one.resource, "available")
    }

    async fn change_retention(&self, before: &Instance, now: &Instance, retention: i64) -> anyhow::Result<()> {
        if before.setup.retention > 0 && retention == 0 {
            self.delete_automated(&now.resource).await?;
            self.store.change(&now.resource, |one| one.latest = None)?;
            self.tell(now, "RDS-EVENT-0028", "backup", "Disabled automated backups");
        }
        if before.setup.retention == 0 && retention > 0 {
            self.tell(now, "RDS-EVENT-0027", "backup", "Enabled automated backups");
            self.set_status(&now.resource, "backing-up")?;
            self.automated_backup(now).await?;
        }
        Ok(())
    }
}
