//! What is said of the plan itself.

use super::{Block, Code, Message, Moment, Mrkdwn, Prose, Span};
use crate::{
    mrkdwn,
    plan::{self, Current, Finding, Measure, Measured, Plan, PlanSection, Refused, Verdict, Weight},
    proposal::Proposal,
    run::Run,
};

/// Findings that one message shows: a plan that is this wrong is read where it is written.
const SHOWN: usize = 12;

/// A newer version of the plan that can't be used, and the one that stays in force.
#[must_use]
pub fn plan_refused(current: &Current, refused: &Refused) -> Message {
    let text = refused_line(current, refused);
    let mut blocks = vec![Block::title("The new plan can't be used"), Block::paragraph(text.clone())];
    blocks.extend(Block::paragraphs(findings(&refused.findings)));
    blocks.push(Block::small_print(mrkdwn!(
        "{} says all that is wrong; {} puts a mended one in place.",
        Code("mayday plan check FILE"),
        Code("mayday plan put FILE")
    )));
    Message { text, blocks }
}

fn refused_line(current: &Current, refused: &Refused) -> Mrkdwn {
    mrkdwn!(
        "❌ Version {} of the plan can't be used: {}. Version {} stays in force.",
        Code(&refused.version),
        Prose(&refused.why),
        Code(&current.version)
    )
}

fn findings(findings: &[Finding]) -> Vec<Mrkdwn> {
    let line = |finding: &Finding| {
        let mark = if finding.weight == Weight::Error { "❌" } else { "⚠️" };
        mrkdwn!("{} {}", mark, Prose(&finding.to_string()))
    };
    let more = findings.len().checked_sub(SHOWN).filter(|more| *more > 0).map(|more| mrkdwn!("{} more.", more));
    findings.iter().take(SHOWN).map(line).chain(more).collect()
}

/// Which version is in force, and what it has.
#[must_use]
pub fn plan_overview(current: &Current) -> Message {
    let plan = &current.plan;
    let short: String = current.digest.chars().take(12).collect();
    let text = mrkdwn!("The plan of {}: version {} is in force, SHA-256 {}.", plan.organization, Code(&current.version), Code(&short));
    let counts: [(usize, &str); 8] = [
        (plan.services.len(), "services"),
        (plan.databases.len(), "databases"),
        (plan.scenarios.len(), "scenarios"),
        (plan.runbooks.len(), "runbooks of your own"),
        (plan.people.len(), "people"),
        (plan.on_call.escalation.len(), "levels of escalation"),
        (plan.support.len(), "contacts for support"),
        (plan.drills.len(), "drills"),
    ];
    let counted = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| mrkdwn!("{} {}", *count, *what));
    let mut blocks = vec![Block::title("The plan"), Block::paragraph(text.clone())];
    if let Some(refused) = &current.refused {
        blocks.push(Block::paragraph(refused_line(current, refused)));
    }
    blocks.push(Block::paragraph(mrkdwn!("It has {}.", Mrkdwn::join(counted, ", "))));
    let document = &plan.document;
    let kept = [("Version", &document.version), ("updated", &document.updated), ("reviewed", &document.review), ("owner", &document.owner)];
    let kept: Vec<Mrkdwn> = kept.iter().filter_map(|(what, said)| said.as_ref().map(|said| mrkdwn!("{}: {}", *what, said))).collect();
    if !kept.is_empty() {
        blocks.push(Block::paragraph(Mrkdwn::join(kept, ", ")));
    }
    let parts = PlanSection::NAMES.join(", ");
    blocks.push(Block::small_print(mrkdwn!(
        "{} shows a part: {}. {} says what is wrong.",
        Code("/dr plan show PART"),
        parts,
        Code("/dr plan check")
    )));
    Message { text, blocks }
}

/// One part of the plan.
#[must_use]
pub fn plan_section(current: &Current, section: PlanSection) -> Message {
    let plan = &current.plan;
    let (title, lines) = match section {
        PlanSection::Scenarios => ("Scenarios", scenarios(plan)),
        PlanSection::Objectives => ("Objectives", Vec::new()),
        PlanSection::Backups => ("Backups", backups(plan)),
        PlanSection::Phases => ("Phases", phases(plan)),
        PlanSection::Communication => ("Communication", communication(plan)),
        PlanSection::Support => ("Support from outside", support(plan)),
        PlanSection::Drills => ("Drills", drills(plan)),
        PlanSection::Checklist => ("Emergency checklist", plan.document.checklist.iter().map(|item| mrkdwn!("☐ {}", item)).collect()),
    };
    let text = match lines.len() {
        0 => mrkdwn!("The plan says nothing of that."),
        _ => mrkdwn!("{} as version {} of the plan says them.", title, Code(&current.version)),
    };
    let mut blocks = vec![Block::title(title), Block::paragraph(text.clone())];
    blocks.extend(Block::paragraphs(lines));
    Message { text, blocks }
}

fn spans(what: &str, aim: Option<plan::Span>, most: Option<plan::Span>) -> Option<Mrkdwn> {
    match (aim, most) {
        (None, None) => None,
        (Some(aim), None) => Some(mrkdwn!("{} {}", what, Span(aim.0))),
        (None, Some(most)) => Some(mrkdwn!("{} at most {}", what, Span(most.0))),
        (Some(aim), Some(most)) => Some(mrkdwn!("{} {}, at most {}", what, Span(aim.0), Span(most.0))),
    }
}

fn scenarios(plan: &Plan) -> Vec<Mrkdwn> {
    let line = |(name, scenario): (&String, &plan::Scenario)| {
        let goals = &scenario.objectives;
        let goals = [spans("RTO", goals.rto, goals.rto_max), spans("RPO", goals.rpo, goals.rpo_max)];
        let goals = Mrkdwn::join(goals.into_iter().flatten(), "; ");
        let runbook = scenario.runbook.as_ref().map_or_else(|| mrkdwn!("⚠️ no runbook"), |runbook| mrkdwn!("runbook {}", Code(runbook)));
        let recovery = scenario.recovery.as_ref().map(|recovery| mrkdwn!("\n{}", recovery)).unwrap_or_default();
        mrkdwn!("*{}* ({}): {}. {}{}", scenario.title, name, runbook, goals, recovery)
    };
    plan.scenarios.iter().map(line).collect()
}

fn backups(plan: &Plan) -> Vec<Mrkdwn> {
    let lines = plan.databases.iter().flat_map(|(name, database)| {
        database.backups.iter().map(move |schedule| {
            let zone = schedule.timezone.as_ref().unwrap_or(&plan.timezone);
            let class = format!("{:?}", schedule.class).to_lowercase();
            mrkdwn!("*{}* {}: {} in {}, kept for {}", name, class, Code(&schedule.cron), zone, Span(schedule.keep.0))
        })
    });
    lines.collect()
}

fn phases(plan: &Plan) -> Vec<Mrkdwn> {
    let line = |(number, phase): (usize, &plan::Phase)| {
        let tasks = phase.tasks.iter().map(|task| mrkdwn!("• {}", task.title));
        let all =
            std::iter::once(mrkdwn!("*{}. {}*: {} to {}", number + 1, phase.title, Span(phase.from.0), Span(phase.to.0))).chain(tasks);
        Mrkdwn::join(all, "\n")
    };
    plan.phases.iter().enumerate().map(line).collect()
}

fn communication(plan: &Plan) -> Vec<Mrkdwn> {
    let communication = &plan.communication;
    let severities = communication.severities.iter().map(|(severity, notice)| {
        let ways = notice.by.iter().map(|way| format!("{way:?}").to_lowercase()).collect::<Vec<_>>().join(", ");
        let within = if notice.within.0.is_zero() { mrkdwn!("at once") } else { mrkdwn!("within {}", Span(notice.within.0)) };
        mrkdwn!("*{} {}* ({}): {} by {}, {}", severity.to_string(), notice.title, notice.means, notice.audiences.join(", "), ways, within)
    });
    let downtime = communication
        .downtime
        .iter()
        .map(|downtime| mrkdwn!("*{}* after {} down: {}", downtime.title, Span(downtime.after.0), downtime.items.join(", ")));
    let every = communication.updates_every.map(|every| mrkdwn!("An update every {}.", Span(every.0)));
    severities.chain(downtime).chain(every).collect()
}

fn support(plan: &Plan) -> Vec<Mrkdwn> {
    let line = |support: &plan::Support| {
        let said = [("", &support.contact), ("account ", &support.account), ("priority ", &support.priority), ("", &support.status_page)];
        let said = said.iter().filter_map(|(what, said)| said.as_ref().map(|said| mrkdwn!("{}{}", *what, said)));
        mrkdwn!("*{}*: {}", support.title, Mrkdwn::join(said, ", "))
    };
    plan.support.values().map(line).collect()
}

fn drills(plan: &Plan) -> Vec<Mrkdwn> {
    let line = |drill: &plan::Drill| {
        let environment = drill.environment.as_ref().map(|environment| mrkdwn!(", in {}", environment)).unwrap_or_default();
        let schedule = drill.schedule.as_ref().map(|schedule| mrkdwn!(", {}", Code(schedule))).unwrap_or_default();
        mrkdwn!("*{}*: {}{}{}", drill.title, drill.scenarios.join(", "), environment, schedule)
    };
    plan.drills.values().map(line).collect()
}

/// Every objective with what was last measured of it.
#[must_use]
pub fn plan_objectives(current: &Current, measured: &[Measured]) -> Message {
    let never = measured.iter().filter(|one| one.found.is_none()).count();
    let text =
        mrkdwn!("{} objectives in version {} of the plan, {} of them never measured.", measured.len(), Code(&current.version), never);
    let mut blocks = vec![Block::title("Objectives"), Block::paragraph(text.clone())];
    blocks.extend(Block::paragraphs(measured.iter().map(measured_line)));
    blocks.push(Block::small_print(mrkdwn!("Times are counted from when a recovery was asked for.")));
    Message { text, blocks }
}

/// An objective, what it was, and how it stands to what the plan asks for.
fn measured_line(measured: &Measured) -> Mrkdwn {
    let what = if measured.measure == Measure::Rto { "RTO" } else { "RPO" };
    let mark = match measured.verdict() {
        Verdict::Never => "–",
        Verdict::Met => "✅",
        Verdict::BeyondAim => "⚠️",
        Verdict::Missed => "❌",
    };
    let target = measured.aim.map(|aim| mrkdwn!(", target {}", Span(aim.0))).unwrap_or_default();
    let most = measured.most.map(|most| mrkdwn!(", maximum {}", Span(most.0))).unwrap_or_default();
    let was = match &measured.found {
        None => mrkdwn!("never measured"),
        Some(found) if measured.measure == Measure::Rto => mrkdwn!("took {}", Span(found.was)),
        Some(found) => mrkdwn!("lost at most {}", Span(found.was)),
    };
    mrkdwn!("{} *{}* {}: {}{}{}", mark, measured.name, what, was, target, most)
}

/// What is wrong with the plan in force, what it leaves open, and how far its objectives are from what was measured.
#[must_use]
pub fn plan_check(current: &Current, findings: &[Finding], measured: &[Measured]) -> Message {
    let errors = findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    let text = match (errors, findings.len()) {
        (0, 0) => mrkdwn!("✅ Version {} of the plan: nothing is wrong, and nothing is left open.", Code(&current.version)),
        (0, all) => mrkdwn!("⚠️ Version {} of the plan can be used; {} should be looked at.", Code(&current.version), all),
        (errors, _) => mrkdwn!("❌ Version {} of the plan: {} are wrong.", Code(&current.version), errors),
    };
    let mut blocks = vec![Block::title("Check of the plan"), Block::paragraph(text.clone())];
    if let Some(refused) = &current.refused {
        blocks.push(Block::paragraph(refused_line(current, refused)));
        blocks.extend(Block::paragraphs(self::findings(&refused.findings)));
    }
    blocks.extend(Block::paragraphs(self::findings(findings)));
    let off: Vec<&Measured> = measured.iter().filter(|one| matches!(one.verdict(), Verdict::BeyondAim | Verdict::Missed)).collect();
    let never = measured.iter().filter(|one| one.found.is_none()).count();
    blocks.extend(Block::paragraphs(off.into_iter().map(measured_line)));
    blocks.push(Block::small_print(mrkdwn!(
        "{} of {} objectives were never measured: {} lists them.",
        never,
        measured.len(),
        Code("/dr plan show objectives")
    )));
    Message { text, blocks }
}

/// A run's report with what it means for the plan's objectives: of its database, of tiers, of scenarios, and the phase it ended in.
#[must_use]
pub fn with_objectives(mut report: Message, plan: &Plan, run: &Run, proposal: &Proposal) -> Message {
    let measured = plan::measured_by(plan, run, proposal);
    let Some(found) = measured.iter().find(|one| one.measure == Measure::Rto).and_then(|one| one.found.as_ref()) else { return report };
    let mut lines = vec![mrkdwn!("*Against the plan's objectives*, as of {}", Moment(found.at))];
    lines.extend(measured.iter().map(measured_line));
    if !plan.phases.is_empty() {
        lines.push(match plan::phase(plan, found.was) {
            Some(phase) => mrkdwn!("• that is in the phase “{}”, which is to be over after {}", phase.title, Span(phase.to.0)),
            None => mrkdwn!("❌ that is later than every phase of the plan"),
        });
    }
    // Before the buttons and the small print.
    let end =
        report.blocks.iter().position(|block| matches!(block, Block::Actions { .. })).unwrap_or(report.blocks.len().saturating_sub(1));
    let rest = report.blocks.split_off(end);
    report.blocks.extend(Block::paragraphs(lines));
    report.blocks.extend(rest);
    report
}
