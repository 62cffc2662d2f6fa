use mayday_core::{approval::State as Decided, proposal::Right, run::State};
use mayday_tests::{INSTANCE, Setup, Stage};

#[tokio::test]
async fn c8_whoami_and_can_say_what_the_policy_does() {
    let stage = Stage::open().await;
    let ana = stage.person("ana");
    let told = ana.types("/dr whoami").await.words();
    assert!(told.contains("ana") && told.contains("responder") && told.contains("restore in production"), "{told}");
    let told = ana.types("/dr can restore inventory").await.words();
    assert!(told.contains("Yes") && told.contains("dba") && told.contains("U0CAROL001") && !told.contains("U0DAVE0001"), "{told}");
    let told = ana.types("/dr can <@U0DAVE0001|bob> restore inventory").await.words();
    assert!(
        told.contains("No.") && told.contains("responder") && told.contains("U0ANA00001"),
        "the id counts, and what would help: {told}"
    );
    let told = ana.types("/dr can @dave restore inventory").await.words();
    assert!(told.contains("pick the person"), "{told}");

    let told = stage.person("eve").types("/dr whoami").await.words();
    assert!(told.contains("not in this organization") && told.contains(&stage.person("eve").id), "{told}");
    let told = stage.person("eve").types("/dr can restore inventory").await.words();
    assert!(told.contains("not in this organization") && !told.contains("U0ANA00001"), "a stranger learns nothing: {told}");
}

/// Carol may approve in staging only: what she says of production does not count.
#[tokio::test]
async fn c12_whoever_may_approve_for_staging_does_not_approve_production() {
    let setup = Setup::default().with_plan(
        "  dba:\n    may:\n",
        "  trainee:\n    may:\n      - verbs: [look]\n        environments: [\"*\"]\n      - verbs: [approve]\n        environments: [staging]\n  dba:\n    may:\n",
    );
    let setup = setup.with_plan("    slack: U0CAROL001\n    roles: [dba]", "    slack: U0CAROL001\n    roles: [trainee]");
    let setup = setup.with_plan("    needed: 1\n    roles: [dba]", "    needed: 1\n    roles: [dba, trainee]");
    let setup = setup.with_plan(
        "databases:\n",
        "apps:\n  trial: {environment: staging, region: eu-west-1, cluster: trial, service: trial}\n\ndatabases:\n",
    );
    let stage = Stage::with(setup).await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let told = stage.person("carol").presses("approve", &card.message).await;
    assert!(told.forms.is_empty() && told.words().contains("production"), "{}", told.words());
    stage.send_until_taken(&stage.phrase_request("U0CAROL001", &card.proposal, &stage.proposal(&card.proposal).phrase)).await;
    stage.settle().await;
    assert_eq!(stage.approval(&card.proposal).votes, Vec::new());
    stage.person("bob").approves(&card).await;
    assert!(matches!(stage.approval(&card.proposal).state, Decided::Approved { .. }));
}

#[tokio::test]
async fn c14_broken_glass_restores_with_a_reason_and_two_others() {
    let stage = Stage::open().await;
    let dave = stage.person("dave");
    let told = dave.types("/dr restore inventory --latest --reason fire").await;
    assert_eq!(told.find_card(), None, "{}", told.words());
    let told = dave.types("/dr breakglass restore inventory --latest").await;
    assert!(told.find_card().is_none() && told.words().contains("says why"), "{}", told.words());

    let told = dave.types("/dr break-glass restore inventory --latest --reason \"nobody who may is awake\"").await;
    let card = told.card();
    assert!(card.message.says(&["BREAK-GLASS", "nobody who may is awake"]), "{}", card.message.words());
    let proposal = stage.proposal(&card.proposal);
    assert_eq!((&proposal.right, proposal.quorum.map(|quorum| quorum.needed)), (&Right::BreakGlass, Some(2)));
    let everybody = stage.messages(mayday_tests::CHANNEL).into_iter().any(|message| message.says(&["has broken the glass", "U0DAVE0001"]));
    assert!(everybody, "{}", told.words());

    let own = dave.presses("approve", &card.message).await;
    assert!(own.forms.is_empty(), "{}", own.words());
    stage.person("bob").approves(&card).await;
    assert_eq!(stage.approval(&card.proposal).state, Decided::Pending);
    stage.person("carol").approves(&card).await;
    let run = stage.until_over(&card.run()).await;
    assert_eq!(run.state, State::Succeeded);
    assert_ne!(stage.serving(), INSTANCE);
    assert!(stage.report(&card.run()).says(&["BREAK-GLASS"]));
}
