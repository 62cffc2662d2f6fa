//! Adapters that say what is not so, and more than they should.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{
        ChangeStatus, Dns, Inspection, Phone, Probe, RecordChange, RecordSet, SecretPlace, SecretVersion, Secrets, Sent, Sql, SqlChange,
        SqlTarget,
    },
};

use super::Slip;
use crate::setting;

/// What is remembered, by name.
type Memory<T> = Arc<Mutex<BTreeMap<String, T>>>;

fn open<T>(memory: &Memory<T>) -> MutexGuard<'_, BTreeMap<String, T>> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers each secret, as a cache without end would: and replaces whatever is current, or nothing at all.
pub(super) struct RememberedSecrets(pub(super) Arc<dyn Secrets>, pub(super) Slip, pub(super) Memory<SecretVersion>);

#[async_trait]
impl Secrets for RememberedSecrets {
    async fn current(&self, region: &str, name: &str) -> Result<Option<SecretVersion>, CallError> {
        let key = format!("{region}/{name}");
        if let Some(known) = open(&self.2).get(&key).cloned() {
            return Ok(Some(known));
        }
        let found = self.0.current(region, name).await?;
        if let Some(found) = found.clone().filter(|_| self.1 == Slip::CachedSecrets) {
            open(&self.2).insert(key, found);
        }
        Ok(found)
    }

    async fn current_of(&self, region: &str, names: &[String]) -> Vec<Result<Option<SecretVersion>, CallError>> {
        let mut found = Vec::new();
        for name in names {
            found.push(self.current(region, name).await);
        }
        found
    }

    async fn write(&self, permit: &Permit, place: SecretPlace<'_>, version: &SecretVersion) -> Result<(), CallError> {
        if self.1 == Slip::PretendedSwitch {
            open(&self.2).insert(format!("{}/{}", place.region, place.name), version.clone());
            return Ok(());
        }
        self.0.write(permit, place, version).await
    }

    async fn make_current(&self, permit: &Permit, place: SecretPlace<'_>, _: &str, after: &str) -> Result<(), CallError> {
        if self.1 == Slip::PretendedSwitch {
            return Ok(());
        }
        let whatever = self.0.current(place.region, place.name).await?.map(|now| now.version).unwrap_or_default();
        self.0.make_current(permit, place, &whatever, after).await
    }
}

/// Remembers how names are to be, and leaves them as they are.
pub(super) struct PretendedNames(pub(super) Arc<dyn Dns>, pub(super) Memory<RecordSet>);

#[async_trait]
impl Dns for PretendedNames {
    async fn record(&self, zone: &str, name: &str, kind: &str) -> Result<Option<RecordSet>, CallError> {
        let known = open(&self.1).get(name).cloned();
        if known.is_some() { Ok(known) } else { self.0.record(zone, name, kind).await }
    }

    async fn change_batch(&self, _: &Permit, _: &str, changes: &[RecordChange]) -> Result<String, CallError> {
        open(&self.1).extend(changes.iter().map(|change| (change.after.name.clone(), change.after.clone())));
        Ok("C-pretended".to_owned())
    }

    async fn change(&self, _: &str) -> Result<ChangeStatus, CallError> {
        Ok(ChangeStatus::InSync)
    }

    async fn lookup_cname(&self, name: &str) -> Result<Option<String>, CallError> {
        let known = open(&self.1).get(name).and_then(|record| record.values.first().cloned());
        if known.is_some() { Ok(known) } else { self.0.lookup_cname(name).await }
    }

    async fn lookup_addresses(&self, name: &str) -> Result<Vec<String>, CallError> {
        let known = open(&self.1).get(name).map(|record| record.values.clone());
        match known {
            Some(values) => Ok(values),
            None => self.0.lookup_addresses(name).await,
        }
    }
}

/// Says the password to whoever is woken.
pub(super) struct TalkativePhone(pub(super) Arc<dyn Phone>);

#[async_trait]
impl Phone for TalkativePhone {
    async fn sms(&self, to: &str, text: &str) -> Result<Sent, CallError> {
        self.0.sms(to, &format!("{text} (sign in with {})", setting::PASSWORD)).await
    }

    async fn call(&self, to: &str, text: &str) -> Result<Sent, CallError> {
        self.0.call(to, text).await
    }
}

/// Makes each change once more, and again.
pub(super) struct HammeredSql(pub(super) Arc<dyn Sql>);

#[async_trait]
impl Sql for HammeredSql {
    async fn inspect(&self, target: &SqlTarget, probes: &[Probe]) -> Result<Inspection, CallError> {
        self.0.inspect(target, probes).await
    }

    async fn change(&self, permit: &Permit, target: &SqlTarget, change: &SqlChange) -> Result<String, CallError> {
        for _ in 0..5 {
            self.0.change(permit, target, change).await?;
        }
        self.0.change(permit, target, change).await
    }
}

/// Says the password in its error, as some drivers do.
pub(super) struct TalkativeSql;

#[async_trait]
impl Sql for TalkativeSql {
    async fn inspect(&self, target: &SqlTarget, _: &[Probe]) -> Result<Inspection, CallError> {
        let error = format!("could not connect: postgres://app:{}@{}", setting::PASSWORD, target.host);
        Ok(Inspection { connection_error: Some(error), ..Inspection::default() })
    }

    async fn change(&self, _: &Permit, target: &SqlTarget, _: &SqlChange) -> Result<String, CallError> {
        let why = format!("could not connect: postgres://app:{}@{}", setting::PASSWORD, target.host);
        Err(CallError::NotNow { code: "Unreachable".to_owned(), why })
    }
}
