//! To the other region and back, on each of the two recovery plans.

use mayday_core::run::{Run, State};
use mayday_tests::{AWAY, CAPLIQUIFY, Card, HOME, INVENTORY, Organization, Setup, Stage};

/// Asked, approved, and carried out to its end.
async fn led(stage: &Stage, command: &str) -> (Card, Run) {
    let card = stage.asker().types(command).await.card();
    stage.approver().approves(&card).await;
    let run = stage.until_over_in_time(&card.run()).await;
    assert_eq!(run.state, State::Succeeded, "{:?}", run.steps);
    (card, run)
}

/// What answers at the name that people use, asked as their browser would.
async fn answering(stage: &Stage, organization: &Organization) -> String {
    let address = stage.addresses(organization.name).await.pop().expect("the name has an address");
    let answer = stage.download(&format!("http://{address}:8080/health")).await;
    String::from_utf8(answer).unwrap().split(':').next().unwrap().to_owned()
}

/// `measured` is what the report of the failover must say of the plan's objectives.
async fn there_and_back(organization: &Organization, measured: &[&str]) {
    let stage = Stage::with(Setup { scale: 8.0, ..organization.setup() }.with_standby()).await;
    let (service, (home, away)) = (organization.service, organization.sites);
    let (instance, standby) = stage.instances_at_first();
    let asker = stage.asker();
    assert_eq!(stage.alias(organization.name).await.as_deref(), Some(home));
    assert_eq!(answering(&stage, organization).await, home);

    let told = asker.types(&format!("/dr failover:auto {service}")).await;
    assert!(told.whispered().contains("No standing order"), "{}", told.whispered());
    let refused = asker.types(&format!("/dr failover {service} --to nowhere")).await;
    assert_eq!(refused.find_card(), None);

    // There. What is written until the freeze goes along.
    let card = asker.types(&format!("/dr failover:manual --target=secondary {service} --reason \"the region fails\"")).await.card();
    for wanted in [instance.as_str(), &standby, organization.name, home, away, "60 s", "the region fails"] {
        assert!(card.message.says(&[wanted]), "{wanted}\nis not in\n{}", card.message.words());
    }
    stage.sells(HOME, &instance, 7).await.unwrap();
    let before = stage.movements(HOME, &instance).await;
    stage.approver().approves(&card).await;
    let run = stage.until_over_in_time(&card.run()).await;
    assert_eq!(run.state, State::Succeeded, "{:?}", run.steps);

    assert_eq!(stage.alias(organization.name).await.as_deref(), Some(away));
    assert_eq!(answering(&stage, organization).await, away);
    assert_eq!(stage.movements(AWAY, &standby).await, before, "nothing was lost");
    assert_eq!(stage.marked(AWAY, &standby, "written").await.as_deref(), Some(card.run().as_str()), "proved by a write");
    assert_eq!(stage.sells(HOME, &instance, 1).await, Err("25006".to_owned()), "home takes no writes");
    let report = stage.report(&card.run()).words();
    for words in measured.iter().copied().chain([format!("/dr failback {service}").as_str()]) {
        assert!(report.contains(words), "{words}\nis not in\n{report}");
    }
    // The secondary is verified, and the primary is still looked at.
    let told = asker.types(&format!("/dr failover:verify {service}")).await.whispered();
    assert!(told.contains("refuses writes") && told.contains("away from home"), "{told}");
    let told = asker.types(&format!("/dr health {service}")).await.whispered();
    assert!(told.contains("at its primary site") && !told.contains('❌'), "{told}");
    assert!(asker.types("/dr status").await.words().contains(&standby), "the standby serves");

    // And back, with all that was written there.
    stage.sells(AWAY, &standby, 5).await.unwrap();
    let (card, _) = led(&stage, &format!("/dr failback:to-primary {service}")).await;
    assert_eq!(stage.alias(organization.name).await.as_deref(), Some(home));
    assert_eq!(answering(&stage, organization).await, home);
    let fresh = stage.serving();
    assert_ne!(fresh, instance, "what served before has gone its own way, and is not followed again");
    assert_eq!(stage.movements(HOME, &fresh).await, before + 5, "what was written while away came home");
    assert_eq!(stage.movements(HOME, &instance).await, before, "the old one is kept as it was");
    assert_eq!(stage.marked(HOME, &fresh, "written").await.as_deref(), Some(card.run().as_str()));
    assert_eq!(stage.sells(AWAY, &standby, 1).await, Err("25006".to_owned()), "away, nobody writes any more");
}

#[tokio::test]
async fn r54_r55_r72_h7_to_the_other_region_and_back_on_capliquify_s_plan() {
    let measured = ["tier Critical Systems* RTO: took", "scenario Render Platform Outage* RTO: took", "target 1 h, maximum 4 h"];
    there_and_back(&CAPLIQUIFY, &measured).await;
}

#[tokio::test]
async fn r54_r55_r72_h7_to_the_other_region_and_back_on_the_inventory_system_s_plan() {
    let measured =
        ["tier Critical Systems* RTO: took", "scenario Regional Outage* RTO: took", "target 2 h, maximum 8 h", "in the phase “Assessment”"];
    there_and_back(&INVENTORY, &measured).await;
}
