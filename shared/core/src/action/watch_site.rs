use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Action, Class, Finding, Ownership, Seen, step_key};
use crate::{
    failure::{CallError, Failure, Fault},
    mrkdwn,
    plan::{self, Probe, ProbeKind},
    policy::Permit,
    port::{Answer, Tags, World},
    probe,
    store::{Created, Kept, Record, Store},
    view::{Code, Mrkdwn, Span},
};

/// `site:watch`: asks a site's probes until all have been well for a while without a break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WatchSite {
    /// What people call the site.
    pub site: String,
    /// The region.
    pub region: String,
    /// The questions.
    pub probes: Vec<Probe>,
    /// For how long they must be well.
    pub watch: plan::Span,
}

/// Since when a site has been well in the eyes of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wellness {
    /// The run and the step that watches.
    of: String,
    /// Since when; absent: it is not well.
    since: Option<Timestamp>,
}

impl Record for Wellness {
    const PARTITION: &'static str = "watch";

    fn id(&self) -> String {
        self.of.clone()
    }
}

impl Wellness {
    /// Notes how it is, and says since when it is well.
    async fn note(world: &World, tags: &Tags, well: bool) -> Result<Option<Timestamp>, Fault> {
        let of = step_key(tags);
        let store = Store::of(world);
        let now = world.clock.now();
        let kept: Kept<Self> = match store.create(Self { of, since: well.then_some(now) }).await? {
            Created::New(kept) | Created::Already(kept) => kept,
        };
        if kept.value.since.is_some() == well {
            return Ok(kept.value.since);
        }
        let next = Self { since: well.then_some(now), ..kept.value.clone() };
        // Whoever wrote in between has looked too.
        let _ = store.replace(&kept, next.clone()).await?;
        Ok(next.since)
    }
}

#[async_trait]
impl Action for WatchSite {
    fn class(&self) -> Class {
        Class::Looks
    }

    fn card(&self) -> Vec<Mrkdwn> {
        let mut lines =
            vec![mrkdwn!("{} in {}: all of this must be well for {} without a break", self.site, Code(&self.region), Span(self.watch.0))];
        lines.extend(self.probes.iter().map(|probe| {
            let Probe { name, how, every, within, in_a_row } = probe;
            let asked = mrkdwn!("otherwise asked every {}, {} in a row for a verdict", Span(every.0), *in_a_row);
            mrkdwn!("“{}”: {}, within {} ({})", name, in_words(how), Span(within.0), asked)
        }));
        if self.probes.is_empty() {
            lines.push(mrkdwn!("the plan has no probes for it: nothing is asked"));
        }
        lines
    }

    async fn observe(&self, world: &World, owner: Ownership<'_>) -> Result<Seen, CallError> {
        if self.probes.is_empty() {
            return Ok(Seen::Done(Finding::said(format!("the plan has no probes for {}", self.site))));
        }
        let current = plan::current(world.blobs.as_ref()).await.map_err(|failure| match failure {
            Failure::Refusal(refusal) => CallError::NotNow { code: "NoPlan".to_owned(), why: refusal.sentence },
            Failure::Fault(fault) => fault.unread(),
        })?;
        let mut ill = Vec::new();
        for probe in &self.probes {
            match probe::ask(world, &current.plan, probe).await {
                Answer::Well { .. } => {}
                Answer::Ill { why, .. } => ill.push(format!("{}: {why}", probe.name)),
                Answer::Blind { why } => ill.push(format!("{}: can't be asked ({why})", probe.name)),
            }
        }
        let since = Wellness::note(world, owner.tags, ill.is_empty()).await.map_err(Fault::unread)?;
        let Some(since) = since else { return Ok(Seen::Underway { percent: None, note: ill.join("; ") }) };
        let well = world.clock.now().duration_since(since);
        Ok(if well >= self.watch.0 {
            Seen::Done(Finding {
                summary: format!("{} has been well for {}", self.site, self.watch),
                detail: json!({"probes": self.probes.iter().map(|probe| &probe.name).collect::<Vec<_>>(), "since": since}),
            })
        } else {
            Seen::Underway { percent: None, note: format!("well so far, since {since}") }
        })
    }

    async fn drift(&self, _: &World) -> Result<Option<String>, CallError> {
        Ok(None)
    }

    async fn call(&self, _: &World, _: &Permit) -> Result<(), CallError> {
        Ok(())
    }
}

fn in_words(how: &ProbeKind) -> Mrkdwn {
    match how {
        ProbeKind::Http { url, status, contains } => {
            let contains = contains.as_ref().map(|text| mrkdwn!(" with {}", Code(text))).unwrap_or_default();
            mrkdwn!("{} answers {}{}", Code(url), *status, contains)
        }
        ProbeKind::Tcp { address } => mrkdwn!("{} takes connections", Code(address)),
        ProbeKind::Postgres { database } => mrkdwn!("the database {} answers", Code(database)),
        ProbeKind::Dns { name, kind, value } => {
            let value = value.as_ref().map(|value| mrkdwn!(" with {}", Code(value))).unwrap_or_default();
            mrkdwn!("the name servers answer {} {}{}", kind, Code(name), value)
        }
    }
}
