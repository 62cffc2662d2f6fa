//! Commands that ask whether a service is well, or where its names lead. They only look.

use super::{
    commands::{self, Lane},
    compose::Site,
};
use crate::{
    action::{Act, WatchSite},
    failure::{Failure, Refusal},
    plan::{Probe, ProbeKind, Span},
    runbook::Step,
};

/// Asks every probe of the service, until all have been well for as long as wanted.
pub(super) async fn check(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    let service = site.service(step)?;
    let entry = site.current.plan.service(&service)?;
    let home = entry.failover.iter().flat_map(|failover| &failover.primary.probes);
    let probes: Vec<Probe> = if entry.probes.is_empty() { home.cloned().collect() } else { entry.probes.clone() };
    if probes.is_empty() {
        return Err(Refusal::new(format!("The plan has no probe of {service}, so the step {} could ask nothing.", step.id))
            .instead(format!("Add one under services.{service}.probes."))
            .into());
    }
    let watch = match step.arguments.get("for").map(|text| (text, text.parse::<Span>())) {
        None => Span(jiff::SignedDuration::ZERO),
        Some((_, Ok(span))) => span,
        Some((text, Err(why))) => return Err(Refusal::new(format!("--for={text} of {}: {why}.", step.id)).into()),
    };
    watched(step, WatchSite { site: service, region: site.region(), probes, watch })
}

/// Asks the name servers whether each of the service's names leads where it should.
pub(super) async fn names(site: &mut Site<'_>, step: &Step) -> Result<Vec<Lane>, Failure> {
    let service = site.service(step)?;
    let entry = site.current.plan.service(&service)?;
    let records = entry.failover.iter().flat_map(|failover| &failover.records);
    let away = match step.arguments.get("site").map(String::as_str) {
        None | Some("primary") => false,
        Some("secondary") => true,
        Some(other) => return Err(Refusal::new(format!("--site={other} of {} is neither primary nor secondary.", step.id)).into()),
    };
    let minute = Span(jiff::SignedDuration::from_mins(1));
    let probe = |record: &crate::plan::Record, value: &String| Probe {
        name: format!("{} {value}", record.name),
        how: ProbeKind::Dns { name: record.name.clone(), kind: record.kind.clone(), value: Some(value.clone()) },
        every: minute,
        within: Span(jiff::SignedDuration::from_secs(5)),
        in_a_row: 3,
    };
    let probes: Vec<Probe> = records
        .flat_map(|record| if away { &record.secondary } else { &record.primary }.iter().map(move |value| (record, value)))
        .map(|(record, value)| probe(record, value))
        .collect();
    if probes.is_empty() {
        return Err(Refusal::new(format!("The plan has no records of {service}, so the step {} could ask nothing.", step.id))
            .instead(format!("Describe them under services.{service}.failover.records."))
            .into());
    }
    watched(step, WatchSite { site: service, region: site.region(), probes, watch: Span(jiff::SignedDuration::ZERO) })
}

fn watched(step: &Step, watch: WatchSite) -> Result<Vec<Lane>, Failure> {
    Ok(vec![vec![commands::one(step, step.id.clone(), Act::WatchSite(watch))]])
}
