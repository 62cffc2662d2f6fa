//! An outage on each of the two recovery plans: it is seen, people are woken, and whoever looks sees all of it at one glance.

use mayday_core::probe::Verdict;
use mayday_tests::{CAPLIQUIFY, INVENTORY, Message, Organization, Stage};

/// What a story expects of a plan beyond what both have.
struct Expected<'a> {
    /// The scenario for an application that does not answer, and for a database that does not.
    scenarios: (&'a str, &'a str),
    /// What whoever asks for contacts must find.
    contacts: &'a [&'a str],
}

/// Everything in `words` is in `said`.
#[track_caller]
fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word}\nis not in\n{said}");
    }
}

async fn outage(organization: &Organization, expected: Expected<'_>) {
    let stage = Stage::with(organization.setup()).await;
    let (asker, name) = (stage.asker(), organization.service);
    let (front, database) = (organization.watch(organization.probe), organization.watch("Database"));
    stage.until_verdict(&front, Verdict::Well).await;
    let well = asker.types("/dr health:comprehensive").await.whispered();
    says(&well, &["as it should be", organization.probe, "Database", "at its primary site", "at its secondary site"]);
    assert!(!well.contains('❌'), "{well}");
    let glance = asker.types("/dr status:all").await.whispered();
    says(&glance, &["all as they should be", &format!("*{name}* (production): well"), "no run going on", "On call"]);

    the_application_fails(&stage, organization, expected.scenarios.0).await;

    // The database: the same by its own check, while the front door answers.
    stage.break_it("kill_primary", &stage.instances_at_first().0).await;
    stage.until_verdict(&database, Verdict::Ill).await;
    stage.until("people are told of the database", async || stage.said(&["not well", "Database: "]).into_iter().next()).await;
    let of = organization.cast.database;
    for command in [format!("/dr db:health-check {of}"), "/dr db:status".to_owned(), format!("/dr db:connection-test {of}")] {
        says(&asker.types(&command).await.whispered(), &["❌", of]);
    }
    says(&asker.types(&format!("/dr diagnose:failures {name}")).await.whispered(), &["❌", expected.scenarios.1]);

    // Everything at one glance, for whoever comes now.
    let glance = asker.types("/dr status:all").await.whispered();
    let instance = stage.instances_at_first().0;
    says(&glance, &["1 of 1 service not well", "ill for", "Wrong", "Woken, and not over", of, &instance, "newest snapshot", "On call"]);
    says(&asker.types("/dr contacts").await.whispered(), expected.contacts);
}

/// Three failed health checks make a verdict, people are woken and told once, and hear that it is over.
async fn the_application_fails(stage: &Stage, organization: &Organization, scenario: &str) {
    let (asker, name) = (stage.asker(), organization.service);
    let front = organization.watch(organization.probe);
    let told = || stage.said(&[&format!("{name} is not well"), organization.probe, "503"]);
    stage.break_it("break_site", organization.sites.0).await;
    for row in 1..=2 {
        let watch = stage.minute(&front).await;
        assert_eq!((watch.verdict, watch.row), (Verdict::Well, row), "two are no verdict");
    }
    assert_eq!(told(), []);
    assert_eq!(stage.minute(&front).await.verdict, Verdict::Ill);
    let woken = || told().into_iter().find(|message| message.has_button("ack"));
    stage.until("people are woken", async || woken()).await;
    let alert = || told().into_iter().find(|message| message.says(&["/dr diagnose", "/dr failover"]) && !message.says(&["SEV1"]));
    let alert = stage.until("people are told", async || alert()).await;

    let words = asker.types(&format!("/dr health:check {name}")).await.whispered();
    says(&words, &[&format!("❌ *{name}*, {}", organization.probe), "503", "3 of 3 in a row ill", "✅"]);
    says(&asker.types(&format!("/dr diagnose {name}")).await.whispered(), &["the application does not answer as it should", scenario]);

    stage.break_it("mend_site", organization.sites.0).await;
    stage.until_verdict(&front, Verdict::Well).await;
    let over = |message: &Message| message.thread() == Some(alert.ts()) && message.says(&["over"]);
    stage.until("people are told that it is over", async || stage.messages(alert.channel()).into_iter().find(over)).await;
    // The other one is the page, which names its severity.
    assert_eq!(told().into_iter().filter(|message| !message.says(&["SEV1"])).count(), 1, "told once");
}

#[tokio::test]
async fn r01_r02_r07_r15_an_outage_on_capliquify_s_plan_is_seen_told_and_shown() {
    let contacts = [
        "On call now (Primary)",
        "John Smith",
        "CTO",
        "+1-555-0001",
        "Jane Doe",
        "devops@sentia.com",
        "Bob Wilson",
        "+1-555-0003",
        "Alice Brown",
        "Security Lead",
        "Secondary",
        "Render Support",
        "support@render.com",
        "ENT-12345",
        "priority P1",
        "PRO-67890",
        "CDN Support",
        "ENT-11111",
        "priority P2",
    ];
    outage(&CAPLIQUIFY, Expected { scenarios: ("Application Failure", "Database Failure"), contacts: &contacts }).await;
}

#[tokio::test]
async fn r01_r02_r07_r15_an_outage_on_the_inventory_system_s_plan_is_seen_told_and_shown() {
    let contacts = [
        "On call now (Primary)",
        "On-Call Engineer",
        "Database Admin",
        "DevOps Lead",
        "Secondary",
        "Management",
        "CTO",
        "VP Engineering",
        "Railway Support",
        "support@railway.app",
        "https://status.railway.com",
        "PostgreSQL Support",
        "[If applicable]",
    ];
    outage(&INVENTORY, Expected { scenarios: ("Application Failure", "Complete Database Loss"), contacts: &contacts }).await;
}
