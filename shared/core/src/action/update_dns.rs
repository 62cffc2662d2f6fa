use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, SecondCall, Seen, step_key};
use crate::{
    failure::{CallError, Fault},
    mrkdwn,
    planted::{Bug, planted},
    policy::{Permit, Verb},
    port::{ChangeStatus, RecordChange, RecordSet, Tags, World, sound},
    store::{Created, Kept, Record, Store},
    view::{Code, Mrkdwn},
};

/// `dns:update`: moves all of a service's records in one zone, in one batch. It changes exactly the before-images that were
/// approved, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateDns {
    /// The hosted zone.
    pub zone: String,
    /// What goes and what comes, record by record.
    pub changes: Vec<RecordChange>,
}

/// A batch that the vendor took: by its id it tells when all name servers know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct DnsBatch {
    /// The run and the step that sent it.
    of: String,
    /// The vendor's id of the change.
    change: String,
}

impl Record for DnsBatch {
    const PARTITION: &'static str = "dns-batch";

    fn id(&self) -> String {
        self.of.clone()
    }
}

impl DnsBatch {
    /// Keeps the id. Losing it loses nothing but a question: the name servers are asked all the same.
    async fn keep(world: &World, tags: &Tags, change: String) -> Result<(), Fault> {
        let _: Created<Self> = Store::of(world).create(Self { of: step_key(tags), change }).await?;
        Ok(())
    }
}

/// How a zone's records stand to a batch.
enum Standing {
    Before,
    After,
    Foreign(String),
}

impl UpdateDns {
    async fn standing(&self, world: &World) -> Result<Standing, CallError> {
        let (mut before, mut after) = (0, 0);
        for change in &self.changes {
            let RecordSet { name, kind, .. } = &change.before;
            match world.dns.record(&self.zone, name, kind).await? {
                Some(now) if same(&now, &change.after) => after += 1,
                Some(now) if same(&now, &change.before) => before += 1,
                Some(now) => return Ok(Standing::Foreign(format!("{name} was changed by somebody else: {}", now.values.join(", ")))),
                None => return Ok(Standing::Foreign(format!("{name} is gone from {}", self.zone))),
            }
        }
        Ok(match (before, after) {
            (0, _) => Standing::After,
            (_, 0) => Standing::Before,
            // A batch lands whole or not at all.
            _ => Standing::Foreign(format!("somebody else has changed some of the records of {}", self.zone)),
        })
    }

    /// The names whose name servers don't give the new answer yet.
    async fn unheard(&self, world: &World) -> Result<Vec<String>, CallError> {
        let mut unheard = Vec::new();
        for RecordChange { after, .. } in &self.changes {
            if !heard(world, after).await? {
                unheard.push(after.name.clone());
            }
        }
        Ok(unheard)
    }

    async fn is_everywhere(&self, world: &World, owner: Ownership<'_>) -> Result<bool, CallError> {
        let kept: Result<Option<Kept<DnsBatch>>, Fault> = Store::of(world).load(&step_key(owner.tags)).await;
        match kept.map_err(Fault::unread)? {
            Some(batch) => Ok(world.dns.change(&batch.value.change).await? == ChangeStatus::InSync),
            // Whoever sent it died before it could keep the id: what the name servers say is all there is.
            None => Ok(true),
        }
    }
}

/// What a name answers before and after, for the card.
pub(super) fn moved(RecordChange { before, after }: &RecordChange) -> Mrkdwn {
    let values = |set: &RecordSet| Mrkdwn::join(set.values.iter().map(|value| mrkdwn!("{}", Code(value.trim_end_matches('.')))), ", ");
    let ttl = if before.ttl == after.ttl {
        mrkdwn!("up to {} s until everybody follows", before.ttl)
    } else {
        mrkdwn!("TTL {} s, then {} s", before.ttl, after.ttl)
    };
    // A move keeps name and kind; what would not is shown as what it is.
    let same = before.kind == after.kind && before.name == after.name;
    let other = if same { mrkdwn!("") } else { mrkdwn!(" as {} {}", after.kind, Code(&after.name)) };
    mrkdwn!("{} {} from {} to {}{}, {}", before.kind, Code(&before.name), values(before), values(after), other, ttl)
}

/// Whether the name servers answer as a record says.
pub(super) async fn heard(world: &World, record: &RecordSet) -> Result<bool, CallError> {
    let answers = match record.kind.as_str() {
        "CNAME" => world.dns.lookup_cname(&record.name).await?.into_iter().collect(),
        "A" => world.dns.lookup_addresses(&record.name).await?,
        // Others have no answer that we can read; the vendor's word counts.
        _ => return Ok(true),
    };
    Ok(plain(&answers) == plain(&record.values))
}

/// Whether two sets are the same: the order of values says nothing.
fn same(one: &RecordSet, other: &RecordSet) -> bool {
    (&one.name, &one.kind, one.ttl, plain(&one.values)) == (&other.name, &other.kind, other.ttl, plain(&other.values))
}

fn plain(values: &[String]) -> BTreeSet<String> {
    values.iter().map(|value| value.trim_end_matches('.').to_lowercase()).collect()
}

#[async_trait]
impl Action for UpdateDns {
    /// Route 53 refuses a batch whose before-images are gone, whole.
    fn class(&self) -> Class {
        Class::Destroys(SecondCall::Refused)
    }

    fn verb(&self) -> Verb {
        Verb::Failover
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let mut lines = vec![mrkdwn!("in the zone {}, all at once:", Code(&self.zone))];
        lines.extend(self.changes.iter().map(moved));
        lines
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        match self.standing(world).await? {
            Standing::Before => return Ok(Seen::Absent),
            Standing::Foreign(why) => return Ok(Seen::Foreign(why)),
            Standing::After => {}
        }
        if !self.is_everywhere(world, owner).await? {
            return Ok(Seen::Underway { percent: None, note: "Route 53 tells its name servers".to_owned() });
        }
        let unheard = self.unheard(world).await?;
        if let Some(name) = unheard.first() {
            return Ok(Seen::Underway { percent: None, note: format!("name servers still give the old answer for {name}") });
        }
        let ttl = self.changes.iter().map(|change| change.before.ttl).max().unwrap_or_default();
        let names: Vec<&str> = self.changes.iter().map(|change| change.after.name.as_str()).collect();
        Ok(Seen::Done(Finding {
            summary: format!(
                "{} answer{} as wanted; whoever asked before follows within {ttl} s",
                names.join(", "),
                if names.len() == 1 { "s" } else { "" }
            ),
            detail: json!({"names": names, "ttl_seconds": ttl}),
        }))
    }

    async fn drift(&self, world: &World) -> Result<Option<String>, CallError> {
        Ok(match self.standing(world).await? {
            Standing::Before => None,
            Standing::After => Some(format!("the records of {} have moved already", self.zone)),
            Standing::Foreign(why) => Some(why),
        })
    }

    async fn call(&self, world: &World, permit: &Permit) -> Result<(), CallError> {
        if planted(Bug::RecordsEmptied) {
            let mut emptied = self.changes.clone();
            emptied.iter_mut().for_each(|change| change.after.values.clear());
            return world.dns.change_batch(permit, &self.zone, &emptied).await.map(drop);
        }
        sound(&self.changes)?;
        let change = world.dns.change_batch(permit, &self.zone, &self.changes).await?;
        if let Err(fault) = DnsBatch::keep(world, &permit.owner_tags(), change).await {
            tracing::warn!(zone = self.zone, fault = fault.chain(), "the id of a batch was not kept");
        }
        Ok(())
    }
}
