//! What a plan leaves open: nothing of it is wrong, but in that hour it would be missing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Finding, Findings, Path, Plan, RunbookFile, ValueKind};
use crate::runbook;

/// What is not covered. `now` tells which standing orders are over.
#[must_use]
pub fn uncovered(plan: &Plan, now: Timestamp) -> Vec<Finding> {
    let mut findings = Findings::default();
    let found = &mut findings;
    let needed: BTreeSet<&String> = plan.services.values().flat_map(|service| &service.databases).collect();
    for (name, database) in &plan.databases {
        let at = Path::of(&["databases", name]);
        if database.checks.is_empty() {
            found
                .warn(&at, format!("{at} has no checks: a restore of it can't be told from a bad one"))
                .instead("Add questions to its data under checks");
        }
        if database.heartbeat.is_none() {
            found
                .warn(&at, format!("{at} has no heartbeat: what is lost is measured by its log only"))
                .instead("Add one, such as select max(at) from heartbeat");
        }
        if !needed.contains(name) && !plan.services.is_empty() {
            found.warn(&at, format!("{at} belongs to no service")).instead("Name it under databases of the service that needs it");
        }
    }
    for (name, service) in &plan.services {
        let at = Path::of(&["services", name]);
        if service.probes.is_empty() {
            found.warn(&at, format!("{at} has no probe: nobody notices when it is down")).instead("Add one under probes");
        }
        if service.tier.is_none() {
            found.warn(&at, format!("{at} is of no tier: how fast it must be back is not said")).instead("Name one of tiers under tier");
        }
    }
    for (name, order) in plan.standing_orders.iter().filter(|(_, order)| order.expires <= now) {
        let at = Path::of(&["standing_orders", name, "expires"]);
        found.warn(&at, format!("the standing order “{name}” is over since {}", order.expires)).instead("Renew it, or take it out");
    }
    if plan.on_call.escalation.is_empty() {
        found.warn(&Path::of(&["on_call"]), "nobody is on call: a page reaches nobody").instead("Add levels under on_call.escalation");
    }
    findings.list()
}

/// What is wrong with the organization's own runbooks. `file` reads one of them by its name beside the plan.
#[must_use]
pub fn runbook_findings(plan: &Plan, file: &dyn Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings = Findings::default();
    for (name, runbook) in &plan.runbooks {
        let at = Path::of(&["runbooks", name, "file"]);
        match file(&runbook.file).map(|text| runbook::load(&text)) {
            None => findings
                .error(&at, format!("{} is not there", runbook.file))
                .instead("Put it beside the plan: mayday plan put takes it along"),
            Some(Err(error)) => {
                let _ = findings.error(&at, format!("{} can't be used: {error}", runbook.file));
            }
            Some(Ok(loaded)) => {
                arguments(&mut findings, name, runbook, &loaded.runbook.used());
                let verbs: BTreeSet<String> = loaded.runbook.missing().into_iter().map(|(_, verb)| verb).collect();
                if !verbs.is_empty() {
                    let verbs = verbs.into_iter().collect::<Vec<_>>().join(", ");
                    findings
                        .warn(&at, format!("{} calls what is not built yet: {verbs}", runbook.file))
                        .instead("It can be shown and not run until then");
                }
            }
        }
    }
    findings.list()
}

/// What a runbook speaks of must be declared, as what it must be there; what is declared should be spoken of.
fn arguments(findings: &mut Findings, name: &str, file: &RunbookFile, used: &BTreeMap<String, ValueKind>) {
    let at = Path::of(&["runbooks", name, "arguments"]);
    for (argument, wanted) in used {
        match file.arguments.get(argument) {
            None => findings
                .error(&Path::of(&["runbooks", name]), format!("{} speaks of the argument {argument}, which is not declared", file.file))
                .instead(format!("Add it under runbooks.{name}.arguments, with a title")),
            Some(declared) if *wanted != ValueKind::Text && declared.kind != *wanted => {
                let (wanted, is) = (wanted.word(), declared.kind.word());
                findings
                    .error(
                        &at.then(argument),
                        format!("{} needs {wanted} for the argument {argument}, which is declared as {is}", file.file),
                    )
                    .instead("Declare it as what the runbook needs, or use it for something else")
            }
            Some(_) => continue,
        };
    }
    for argument in file.arguments.keys().filter(|argument| !used.contains_key(*argument)) {
        findings.warn(&at.then(argument), format!("{} never speaks of the argument {argument}", file.file)).instead("Take it out");
    }
}
