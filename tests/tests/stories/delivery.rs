use mayday_core::approval::Approval;
use mayday_tests::{CHANNEL, INSTANCE, Setup, Stage};
use serde_json::json;

#[tokio::test]
async fn a19_e5_a_replayed_or_doubled_request_is_answered_alike_and_done_once() {
    let stage = Stage::open().await;
    let signed = stage.command_request("U0ANA00001", "backup inventory", |_| ());
    let (one, other) = tokio::join!(stage.send_until_taken(&signed), stage.send_until_taken(&signed));
    stage.settle().await;
    let replayed = stage.send_until_taken(&signed).await;
    stage.settle().await;
    assert_eq!((one.status, &one), (200, &other));
    assert_eq!(replayed, one);
    let [run] = stage.runs().try_into().unwrap_or_else(|runs| panic!("one run: {runs:?}"));
    stage.until_over(run.id.as_str()).await;
    assert_eq!(stage.snapshots("manual").await.len(), 1);
    assert_eq!(stage.runs().len(), 1);
}

#[tokio::test]
async fn e5_what_a_worker_has_done_before_it_died_is_not_done_again_when_its_delivery_comes_back() {
    let stage = Stage::with(Setup { scale: 1.0, ..Setup::default() }).await;
    let ana = stage.person("ana");
    // It dies at its answer: the backup is over long before Lambda comes back to the delivery.
    let dies = json!({"operation": "response_url", "nth": 1, "effect": "kill_before"});
    let fault = stage.fault(dies.clone());
    stage.send_until_taken(&stage.command_request(&ana.id, "backup inventory", |_| ())).await;
    let run = stage.until("a run begins", async || stage.runs().into_iter().next()).await;
    // Short strides: the delivery comes back after a minute of them.
    stage
        .until("the backup is over", async || {
            stage.pass_a_second();
            stage.run(run.id.as_str()).filter(|run| run.state.is_final() && run.told == run.log.len())
        })
        .await;
    assert!(stage.stack().lambda().waiting() > 0, "the delivery is to come back");
    stage.in_time("it came back", async || (stage.stack().lambda().waiting() == 0).then_some(())).await;
    stage.mend(fault);
    assert_eq!((stage.runs().len(), stage.snapshots("manual").await.len()), (1, 1));
    assert!(stage.heard_by(&ana.id).contains(run.id.as_str()), "and it is answered: {}", stage.heard_by(&ana.id));

    // The same, with a proposal that somebody says no to meanwhile.
    let fault = stage.fault(dies);
    stage.send_until_taken(&stage.command_request(&ana.id, "restore inventory --latest", |_| ())).await;
    let card = stage.until("a card", async || stage.messages(CHANNEL).into_iter().find(|message| message.has_button("deny"))).await;
    stage.settle().await;
    stage.person("carol").presses("deny", &card).await;
    stage.in_time("it came back", async || (stage.stack().lambda().waiting() == 0).then_some(())).await;
    stage.mend(fault);
    let [approval] = stage.records::<Approval>("approval").try_into().unwrap_or_else(|all| panic!("one approval: {all:?}"));
    assert!(matches!(approval.state, mayday_core::approval::State::Denied { .. }), "{approval:?}");
}

#[tokio::test]
async fn a20_a_rightly_signed_request_for_another_app_or_team_is_refused_audited_and_does_nothing() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let phrase = stage.proposal(&card.proposal).phrase;
    let edit = |field: &'static str| {
        move |fields: &mut Vec<(&'static str, String)>| {
            fields.iter_mut().filter(|(name, _)| *name == field).for_each(|(_, value)| *value = "X0FOREIGN1".to_owned());
        }
    };
    let foreign = |value: serde_json::Value| stage.interaction_request("U0BOB00001", value);
    let submission = |team: &str| {
        json!({
            "type": "view_submission", "team": {"id": team, "domain": "x"},
            "view": {"id": "V1", "type": "modal", "callback_id": "approval_phrase", "private_metadata": card.proposal, "blocks": [],
                     "state": {"values": {"phrase": {"phrase": {"type": "plain_text_input", "value": phrase}}}}},
        })
    };
    let mut other_app = submission("T0MAYDAY01");
    other_app["api_app_id"] = json!("A0FOREIGN1");
    let event =
        json!({"type": "event_callback", "team_id": "T0FOREIGN1", "api_app_id": "A0MAYDAY01", "event_id": "Ev1", "event": {"type": "x"}});
    let requests = [
        stage.command_request("U0BOB00001", "backup inventory", edit("team_id")),
        stage.command_request("U0BOB00001", "backup inventory", edit("api_app_id")),
        foreign(submission("T0FOREIGN1")),
        foreign(other_app),
        stage.sign("/slack/events", event.to_string()),
    ];
    for request in &requests {
        assert_eq!(stage.send_until_taken(request).await.status, 403, "{}", request.body);
    }
    stage.settle().await;
    assert_eq!(stage.runs(), Vec::new());
    assert_eq!(stage.approval(&card.proposal).votes, Vec::new());
    let audited = stage.audit().into_iter().filter(|entry| entry.event.what == "request.foreign").count();
    assert_eq!(audited, requests.len());
    // Unchanged, the same is taken.
    assert_eq!(stage.send_until_taken(&foreign(submission("T0MAYDAY01"))).await.status, 200);
    stage.settle().await;
    assert_eq!(stage.approval(&card.proposal).votes.len(), 1);
}

#[tokio::test]
async fn e1_slow_work_is_acknowledged_at_once_and_goes_on() {
    let stage = Stage::open().await;
    // The door has begun: what it says to this, it says without the worker.
    let challenge = json!({"type": "url_verification", "token": "x", "challenge": "knock"});
    assert_eq!(stage.send_until_taken(&stage.sign("/slack/events", challenge.to_string())).await.body, "knock");
    // Ten seconds of the stack's time for each look at the plan.
    stage.fault(json!({"service": "s3", "operation": "GetObject", "effect": "delay", "ms": 10_000}));
    let told = stage.person("ana").types("/dr backups inventory").await;
    assert_eq!((told.status, told.error), (Some(200), None), "Slack got its answer in time");
    stage
        .until("the answer comes", async || {
            stage.messages(CHANNEL).into_iter().find(|message| message.only_for() == Some("U0ANA00001") && message.says(&[INSTANCE]))
        })
        .await;
}

#[tokio::test]
async fn e9_a_command_typed_again_because_its_answer_was_lost_is_not_a_second_one() {
    let stage = Stage::open().await;
    let (at, _) = stage.lose_rows().await;
    let command = format!("/dr restore inventory --at {at}");
    // The door hands over and dies: Slack shows an error, the work goes on.
    stage.fault(json!({"service": "lambda", "operation": "Invoke", "nth": 1, "effect": "lost_answer"}));
    let ana = stage.person("ana");
    let lost = ana.types(&command).await;
    stage.settle().await;
    let again = ana.types(&command).await;
    assert_eq!(stage.records::<Approval>("approval").len(), 1, "{}\n---\n{}", lost.words(), again.words());
    let open = stage.records::<Approval>("approval").remove(0).proposal.0;
    assert!(again.words().contains(&open) || lost.words().contains(&open), "what is open already is named: {}", again.words());

    // And while it runs, the run is named.
    let card = stage.messages(CHANNEL).into_iter().find_map(|message| message.value_of("approve").map(|_| message)).unwrap();
    let bob = stage.person("bob");
    let form = bob.opens_approval(&card).await;
    bob.types_phrase(&form).await;
    let run = open.replacen("p-", "r-", 1);
    let busy = ana.types("/dr restore inventory --latest").await;
    assert!(busy.find_card().is_none() && busy.words().contains(&run), "{}", busy.words());
    stage.until_over(&run).await;
    assert_eq!(stage.runs().len(), 1);
}

#[tokio::test]
async fn f11_what_cannot_be_written_to_the_audit_is_not_done() {
    let stage = Stage::open().await;
    let card = stage.person("ana").types("/dr restore inventory --latest").await.card();
    let calls = stage.calls();
    let fault = stage.fault(json!({
        "service": "dynamodb", "operation": "PutItem", "contains": "\"S\":\"audit\"", "effect": "error", "code": "AccessDeniedException",
    }));
    let bob = stage.person("bob");
    let told = bob.approves(&card).await;
    assert!(!told.words().is_empty(), "it is not silent");
    let backup = stage.person("ana").types("/dr backup inventory").await;
    assert!(!backup.words().is_empty());
    stage.settle().await;
    assert_eq!(stage.approval(&card.proposal).votes, Vec::new());
    assert_eq!(stage.runs(), Vec::new());
    for operation in ["RestoreDBInstanceToPointInTime", "CreateDBSnapshot", "PutSecretValue", "StartExecution"] {
        assert_eq!(stage.effects(calls, operation), Vec::<String>::new(), "{operation}");
    }
    // And in the middle of a run: nothing is called until the audit can be written again.
    stage.mend(fault);
    let fault = stage.fault(json!({
        "service": "dynamodb", "operation": "PutItem", "contains": "step.intent", "effect": "error", "code": "AccessDeniedException",
    }));
    bob.approves(&card).await;
    stage.until_run(&card.run(), "begins", |run| run.visits > 0).await;
    stage.settle().await;
    assert_eq!(stage.instances().await, [INSTANCE]);
    stage.mend(fault);
    stage.until_over_in_time(&card.run()).await;
    assert_eq!(stage.instances().await.len(), 2);
    mayday_core::audit::verify(&stage.audit()).unwrap();
}
