use std::process::Output;

use jiff::SignedDuration;
use mayday_core::plan::PLAN_KEY;
use mayday_local::data::bucket;
use mayday_tests::{CAPLIQUIFY, CHANNEL, HOME, INVENTORY, Organization, Setup, Stage, binaries};

/// An organization's plan file.
fn file(organization: &Organization) -> String {
    format!("{}/../plans/{}/plan.yaml", env!("CARGO_MANIFEST_DIR"), organization.folder)
}

/// What `mayday` prints, asked as on AWS but for the endpoint.
async fn mayday(stage: &Stage, region: &str, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(binaries().join("mayday"));
    command.args(arguments).env_clear();
    let url = stage.stack().url();
    let variables = [("AWS_ENDPOINT_URL", url), ("AWS_REGION", region), ("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")];
    command.envs(variables).output().await.unwrap()
}

fn printed(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Waits until a tick has noted that the plan is good, or has told of one that is not.
async fn ticked(stage: &Stage, what: &str) {
    stage
        .until(what, async || {
            stage.pass_time();
            stage.audit().iter().any(|entry| entry.event.what == what).then_some(())
        })
        .await;
    stage.settle().await;
}

fn told_of_refusal(stage: &Stage) -> usize {
    let messages = stage.messages(CHANNEL);
    messages.iter().filter(|message| message.only_for().is_none() && message.says(&["The new plan can't be used"])).count()
}

#[tokio::test]
async fn l4_a_bad_plan_never_replaces_a_good_one() {
    let stage = Stage::open().await;
    let (ana, bucket) = (stage.person("ana"), bucket(HOME));
    ticked(&stage, "plan.live").await;
    let good = String::from_utf8(stage.stack().data().s3.get(&bucket, PLAN_KEY).unwrap()).unwrap();
    let card = ana.types("/dr restore inventory --latest").await.card();
    let live = stage.proposal(&card.proposal).plan_version;
    ana.presses("cancel", &card.message).await;

    // By the command it does not even get there.
    let folder = tempfile::tempdir().unwrap();
    let bad = good.replacen("needed: 1", "needed: 9", 1);
    let path = folder.path().join("plan.yaml");
    std::fs::write(&path, &bad).unwrap();
    let refused = mayday(&stage, HOME, &["plan", "put", path.to_str().unwrap(), "--bucket", &bucket]).await;
    assert!(!refused.status.success() && printed(&refused).contains("nothing could ever be approved"), "{}", printed(&refused));
    assert_eq!(stage.stack().data().s3.get(&bucket, PLAN_KEY).unwrap(), good.as_bytes());

    // Whoever goes around the command is told, once, and the good one stays in force: by its version, which is pinned.
    stage.stack().data().s3.put(&bucket, PLAN_KEY, bad.as_bytes()).unwrap();
    let shown = ana.types("/dr plan").await;
    assert!(shown.words().contains(&live) && shown.words().contains("stays in force"), "{}", shown.words());
    ticked(&stage, "plan.refused").await;
    stage.advance(SignedDuration::from_mins(3));
    stage.settle().await;
    assert_eq!(told_of_refusal(&stage), 1, "people are told once");
    let card = ana.types("/dr restore inventory --latest").await.card();
    assert_eq!(stage.proposal(&card.proposal).plan_version, live);
    let checked = ana.types("/dr plan check").await;
    assert!(checked.words().contains("nothing could ever be approved"), "{}", checked.words());

    // A mended one is in force with the next command; nothing is deployed anew.
    std::fs::write(&path, good.replacen("rto: 1h", "rto: 50m", 1)).unwrap();
    let put = mayday(&stage, HOME, &["plan", "put", path.to_str().unwrap(), "--bucket", &bucket]).await;
    assert!(put.status.success(), "{}", printed(&put));
    let shown = ana.types("/dr plan show objectives").await;
    assert!(shown.words().contains("target 50 min") && !shown.words().contains(&live), "{}", shown.words());
}

/// Restores the database of a plan and gives the report of the run.
async fn restored(stage: &Stage, organization: &Organization) -> String {
    let card = stage.asker().types(&format!("/dr restore {} --latest", organization.cast.database)).await.card();
    stage.approver().approves(&card).await;
    // No strides: how long it took is measured.
    stage.until_over(&card.run()).await;
    stage.report(&card.run()).words()
}

#[tokio::test]
async fn r72_a_run_is_measured_against_its_objectives_by_the_inventory_system_s_plan() {
    let stage = Stage::with(Setup { scale: 8.0, ..INVENTORY.setup() }).await;
    let report = restored(&stage, &INVENTORY).await;
    for words in [
        "database inventory* RTO: took",
        "scenario Complete Database Loss* RTO: took",
        "target 1 h, maximum 4 h",
        "scenario Data Corruption* RTO: took",
        "target 2 h, maximum 6 h",
        "tier Critical Systems* RTO: took",
        "scenario Complete Database Loss* RPO: lost at most",
        "in the phase “",
    ] {
        assert!(report.contains(words), "{words}\nis not in\n{report}");
    }
    assert!(!report.contains("scenario Regional Outage"), "that is recovered from by another runbook: {report}");
    let shown = stage.person("cto").types("/dr plan show objectives").await.words();
    assert!(shown.contains("scenario Regional Outage* RTO: never measured, target 2 h, maximum 8 h"), "{shown}");
    assert!(shown.contains("✅ *scenario Complete Database Loss* RTO: took"), "{shown}");
}

#[tokio::test]
async fn r72_a_run_is_measured_against_its_objectives_by_capliquify_s_plan() {
    let stage = Stage::with(Setup { scale: 8.0, ..CAPLIQUIFY.setup() }).await;
    let report = restored(&stage, &CAPLIQUIFY).await;
    for words in [
        "database capliquify* RTO: took",
        "tier Critical Systems* RTO: took",
        "scenario Accidental Data Deletion* RTO: took",
        "target 2 h, maximum 4 h",
    ] {
        assert!(report.contains(words), "{words}\nis not in\n{report}");
    }
    let bucket = bucket(HOME);
    let checked = mayday(&stage, HOME, &["plan", "check", &file(&CAPLIQUIFY), "--measured", "mayday", "--bucket", &bucket]).await;
    assert!(checked.status.success(), "{}", printed(&checked));
    assert!(printed(&checked).contains("RTO of database capliquify: met"), "{}", printed(&checked));
    assert!(printed(&checked).contains("RTO of scenario Render Platform Outage: never measured"), "{}", printed(&checked));
}

#[tokio::test]
async fn r75_the_plan_document_is_put_in_place_shown_and_rendered() {
    let stage = Stage::with(Setup { scale: 8.0, ..INVENTORY.setup() }).await;
    let shown = stage.person("on-call-engineer").types("/dr plan show scenarios").await.words();
    assert!(shown.contains("Complete Database Loss") && shown.contains("RTO 1 h, at most 4 h") && shown.contains("no runbook"), "{shown}");
    let checked = stage.person("on-call-engineer").types("/dr plan check").await.words();
    assert!(checked.contains("people.cto is to be reached by phone but has none"), "{checked}");

    let bucket = bucket(HOME);
    let put = mayday(&stage, HOME, &["plan", "put", &file(&CAPLIQUIFY), "--bucket", &bucket]).await;
    assert!(put.status.success(), "{}", printed(&put));
    for runbook in ["runbooks/database-recovery.yaml", "runbooks/application-recovery.yaml"] {
        assert!(stage.stack().data().s3.get(&bucket, runbook).is_some(), "{runbook} went along");
    }
    let rendered = mayday(&stage, HOME, &["plan", "render", &file(&CAPLIQUIFY)]).await;
    let document = printed(&rendered);
    assert!(rendered.status.success(), "{document}");
    for line in [
        "### 7.1 Database Recovery Runbook",
        "| CTO | John Smith | +1-555-0001 | cto@sentia.com | Primary |",
        "npm run db:restore --last-known-good",
    ] {
        assert!(document.lines().any(|found| found.trim() == line), "{line}\nis not in\n{document}");
    }
}

#[tokio::test]
async fn r75_capliquify_s_plan_is_shown_and_the_inventory_system_s_takes_its_place() {
    let stage = Stage::with(Setup { rows: 10, ..CAPLIQUIFY.setup() }).await;
    let asker = stage.asker();
    let shown = asker.types("/dr plan show scenarios").await.words();
    for words in ["Render Platform Outage", "RTO 1 h, at most 4 h", "Accidental Data Deletion", "Ransomware Attack", "no runbook"] {
        assert!(shown.contains(words), "{words}\nis not in\n{shown}");
    }
    let bucket = bucket(HOME);
    let put = mayday(&stage, HOME, &["plan", "put", &file(&INVENTORY), "--bucket", &bucket]).await;
    assert!(put.status.success(), "{}", printed(&put));
    assert!(stage.stack().data().s3.get(&bucket, "runbooks/database-loss.yaml").is_some(), "its runbook went along");
    // With the next command it is in force: whoever is only in the other one is nobody here.
    let told = asker.types("/dr plan").await;
    assert!(told.words().contains("not in this organization's recovery plan"), "{}", told.words());

    let rendered = mayday(&stage, HOME, &["plan", "render", &file(&INVENTORY)]).await;
    let document = printed(&rendered);
    assert!(rendered.status.success(), "{document}");
    for line in ["### Scenario 3: Regional Outage", "| Database Loss | 1 hour | 4 hours |", "- **Railway Support**: support@railway.app"] {
        assert!(document.lines().any(|found| found.trim() == line), "{line}\nis not in\n{document}");
    }
}
