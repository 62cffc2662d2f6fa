//! Names that people follow: whether they lead where the plan says, and how long what they said before is believed.

use super::{Check, Verdict};
use crate::{desk::Desk, failure::CallError, plan::Failover, port::RecordSet, view::Span};

/// Seconds that a name may be kept: for so long people still go to the old site after the name was moved.
const KEPT: i64 = 60;
/// So many names are looked at: people wait for the answer.
const LOOKED_AT: usize = 20;

pub(super) async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    let failovers = desk.current.plan.services.values().filter_map(|service| service.failover.as_ref());
    // A switch moves no record, and has two of each name.
    let records = failovers.filter(|failover| failover.switch.is_none()).flat_map(|failover: &Failover| &failover.records);
    let mut checks = Vec::new();
    for record in records.take(LOOKED_AT) {
        let what = format!("Name {}", record.name);
        checks.push(match desk.world.dns.record(&record.zone, &record.name, &record.kind).await {
            Ok(found) => judged(what, &[&record.primary, &record.secondary], found),
            Err(CallError::Refused { code, why }) => Check::ill(
                what,
                Verdict::Broken,
                format!("{why} ({code})"),
                format!("The zone {} must be in this account and among `HostedZoneArns` of the stack.", record.zone),
            ),
            Err(error) => Check::ill(what, Verdict::Unknown, error.why(), "Try again; a failover by a switch needs no look at the zone."),
        });
    }
    checks
}

/// `sites` are the values that the plan has for it, at home and away.
fn judged(what: String, sites: &[&Vec<String>], found: Option<RecordSet>) -> Check {
    let Some(found) = found else {
        return Check::ill(
            what,
            Verdict::Broken,
            "there is no such record in the zone",
            "Make it, with the values of the plan's primary site.",
        );
    };
    let plain = |values: &[String]| {
        let mut plain: Vec<String> = values.iter().map(|value| value.trim_end_matches('.').to_lowercase()).collect();
        plain.sort();
        plain
    };
    if !sites.iter().any(|site| plain(site) == plain(&found.values)) {
        let led = found.values.join(", ");
        return Check::ill(
            what,
            Verdict::Broken,
            format!("it leads to {led}, which is neither of the plan's sites"),
            "Compare the plan with the zone: a failover replaces exactly what the plan says, and nothing else.",
        );
    }
    let kept = Span(jiff::SignedDuration::from_secs(found.ttl));
    if found.ttl > KEPT {
        return Check::ill(
            what,
            Verdict::Weak,
            format!("what it says is believed for {kept}: so long people go to the old site after a failover"),
            "Set the record's TTL to 60 s, a day before it is needed.",
        );
    }
    Check::well(what, format!("it leads to one of the plan's sites, and is believed for {kept}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ttl: i64, value: &str) -> Option<RecordSet> {
        Some(RecordSet { name: "shop.example.com".to_owned(), kind: "CNAME".to_owned(), ttl, values: vec![value.to_owned()] })
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_missing_or_is_believed_for_long_is_found() {
        let (home, away) = (vec!["home.example.com".to_owned()], vec!["Away.example.com.".to_owned()]);
        let verdict = |found| judged("Name shop".to_owned(), &[&home, &away], found).verdict;
        assert_eq!(verdict(None), Verdict::Broken);
        assert_eq!(verdict(found(60, "elsewhere.example.com")), Verdict::Broken);
        assert_eq!(verdict(found(61, "home.example.com")), Verdict::Weak);
        assert_eq!(verdict(found(60, "home.example.com.")), Verdict::Well);
        assert_eq!(verdict(found(60, "away.example.com")), Verdict::Well);
    }
}
