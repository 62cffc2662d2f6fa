use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Action, Class, Finding, Ownership, SecondCall, Seen, busy};
use crate::{
    database::{Route, rerouted},
    failure::CallError,
    ident::sha256_hex,
    mrkdwn,
    planted::{Bug, planted},
    policy::{Permit, Verb},
    port::{ChangeStatus, Endpoint, Instance, Phase, RecordSet, SecretPlace, SecretText, SecretVersion, World},
    view::{Code, Mrkdwn, place},
};

/// `db:switch`: leads traffic to another instance, by the indirection that the plan names. It changes exactly the
/// before-image that was approved, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// The indirection as it was when this was proposed.
    pub before: Route,
    /// The region of the new instance.
    pub region: String,
    /// The instance that traffic is to go to, made by an earlier step of the same run.
    pub to: String,
    /// The id that the secret's new version gets, decided beforehand: 64 hexadecimal digits.
    pub version: String,
}

impl Switch {
    /// The version id that this run's switch makes.
    #[must_use]
    pub fn version_for(run: &str, instance: &str) -> String {
        sha256_hex(format!("{run}/switch/{instance}").as_bytes())
    }

    async fn endpoint(&self, world: &World) -> Result<Option<Endpoint>, CallError> {
        let instance = world.databases.instance(&self.region, &self.to).await?;
        Ok(instance.filter(|instance| instance.status == Phase::Available).and_then(|instance| instance.endpoint))
    }

    fn after(record: &RecordSet, endpoint: &Endpoint) -> RecordSet {
        RecordSet { values: vec![endpoint.host.clone()], ..record.clone() }
    }

    async fn observe_secret(&self, world: &World, endpoint: &Endpoint) -> Result<Seen, CallError> {
        let Route::Secret { region, name, version, host } = &self.before else { return Ok(Seen::Absent) };
        let Some(current) = world.secrets.current(region, name).await? else {
            return Ok(Seen::Foreign(format!("the secret {name} is gone")));
        };
        let now = crate::database::member(&current.value, "host").unwrap_or_default();
        Ok(if current.version == self.version && now == endpoint.host {
            Seen::Done(self.done(if planted(Bug::SecretInFinding) { current.value.expose() } else { &now }))
        } else if current.version == *version && now == *host {
            Seen::Absent
        } else {
            Seen::Foreign(format!("the secret {name} was changed by somebody else: version {} leads to {now}", current.version))
        })
    }

    async fn observe_record(&self, world: &World, zone: &str, record: &RecordSet, endpoint: &Endpoint) -> Result<Seen, CallError> {
        let current = world.dns.record(zone, &record.name, &record.kind).await?;
        let after = Self::after(record, endpoint);
        Ok(match current {
            Some(current) if current == after => match world.dns.lookup_cname(&record.name).await? {
                Some(answer) if answer == endpoint.host => Seen::Done(self.done(&answer)),
                _ => Seen::Underway { percent: None, note: "the name servers are being told".to_owned() },
            },
            Some(current) if current == *record => Seen::Absent,
            Some(current) => Seen::Foreign(format!("{} was changed by somebody else: {}", record.name, current.values.join(", "))),
            None => Seen::Foreign(format!("{} is gone from {zone}", record.name)),
        })
    }

    fn done(&self, host: &str) -> Finding {
        Finding { summary: format!("traffic goes to {}", self.to), detail: json!({"from": self.before.host(), "to": host}) }
    }
}

#[async_trait]
impl Action for Switch {
    /// Both refuse what is not the before-image any more: the label that makes a version current, and a batch of changes.
    fn class(&self) -> Class {
        Class::Destroys(SecondCall::Refused)
    }

    fn verb(&self) -> Verb {
        Verb::Restore
    }

    fn card(&self) -> Vec<Mrkdwn> {
        vec![
            mrkdwn!("the {}", place(&self.before)),
            mrkdwn!("from {} to the endpoint of {} ({})", Code(self.before.host()), Code(&self.to), self.region),
            mrkdwn!("id of the new version {}", Code(&self.version)),
        ]
    }

    async fn observe(&self, world: &World, _: Ownership<'_>) -> Result<Seen, CallError> {
        let endpoint = match world.databases.instance(&self.region, &self.to).await? {
            Some(Instance { status: Phase::Available, endpoint: Some(endpoint), .. }) => endpoint,
            // Backing up, modifying: that passes by itself, and nobody need be asked.
            Some(Instance { status: status @ (Phase::Underway(_) | Phase::Available), .. }) => {
                return Err(busy(&self.to, &status));
            }
            _ => return Ok(Seen::Broken(Finding::said(format!("{} is not there to take the traffic", self.to)))),
        };
        match &self.before {
            Route::Secret { .. } => self.observe_secret(world, &endpoint).await,
            Route::Cname { zone, record } => self.observe_record(world, zone, record, &endpoint).await,
        }
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        rerouted(world, &self.before).await
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        let endpoint =
            self.endpoint(world).await?.ok_or_else(|| CallError::refused("NotAvailable", format!("{} has no endpoint", self.to)))?;
        match &self.before {
            Route::Secret { region, name, version, .. } => {
                let current = world.secrets.current(region, name).await?.filter(|current| current.version == *version);
                let current =
                    current.ok_or_else(|| CallError::refused("Moved", format!("the secret {name} was changed by somebody else")))?;
                let after = SecretVersion { version: self.version.clone(), value: pointed_at(&current.value, &endpoint, &self.to)? };
                let place = SecretPlace { region, name };
                permit.check(world.clock.now())?;
                world.secrets.write(permit, place, &after).await?;
                // Whoever slept between the two leaves a version behind that nobody reads, and traffic where it is.
                permit.check(world.clock.now())?;
                world.secrets.make_current(permit, place, version, &after.version).await
            }
            Route::Cname { zone, record } => {
                permit.check(world.clock.now())?;
                let change = world.dns.replace(permit, zone, record, &Self::after(record, &endpoint)).await?;
                // Whether all servers know is seen when looking; asking now spares a visit where they are fast.
                let _: ChangeStatus = world.dns.change(&change).await.unwrap_or(ChangeStatus::Pending);
                Ok(())
            }
        }
    }
}

/// The same secret, leading to another instance: all other members stay.
fn pointed_at(value: &SecretText, endpoint: &Endpoint, instance: &str) -> Result<SecretText, CallError> {
    let mut object: Value =
        serde_json::from_str(value.expose()).map_err(|_| CallError::refused("NotJson", "the secret is not a JSON object"))?;
    let members = object.as_object_mut().ok_or_else(|| CallError::refused("NotJson", "the secret is not a JSON object"))?;
    members.insert("host".to_owned(), json!(endpoint.host));
    members.insert("port".to_owned(), json!(endpoint.port));
    members.insert("dbInstanceIdentifier".to_owned(), json!(instance));
    Ok(SecretText::new(object.to_string()))
}
