use mayday_tests::Stage;

/// What each changing call of ours is made for, by the action in the audit.
const MADE_FOR: [(&str, &str); 9] = [
    ("CreateDBSnapshot", "db:backup"),
    ("DeleteDBInstance", "db:retire"),
    ("DeleteDBSnapshot", "backup:prune"),
    ("ModifyDBInstance", "db:align"),
    ("PutSecretValue", "db:switch"),
    ("RebootDBInstance", "db:align"),
    ("RestoreDBInstanceFromDBSnapshot", "db:restore"),
    ("RestoreDBInstanceToPointInTime", "db:restore"),
    ("UpdateSecretVersionStage", "db:switch"),
];

/// What AWS has on record and what the audit has, side by side: no change without its entry, no entry without its change.
#[tokio::test]
async fn m2_the_audit_has_every_changing_call_that_aws_saw_and_no_other() {
    let stage = Stage::open().await;
    let begun = stage.calls();
    let (at, _) = stage.lose_rows().await;
    stage.carried_out(&format!("/dr restore inventory --at {at}")).await;
    let looks = ["Describe", "Get", "List", "Head"];
    let changes: Vec<_> = stage
        .shared()
        .calls
        .since(begun)
        .into_iter()
        .filter(|call| ["rds", "route53", "secretsmanager"].contains(&call.service.as_str()))
        .filter(|call| !looks.iter().any(|look| call.operation.starts_with(look)))
        .collect();
    let intents: Vec<_> = stage.audit().into_iter().map(|entry| entry.event).filter(|event| event.what == "step.intent").collect();
    assert!(changes.len() >= 3 && intents.len() >= 3, "a restore changes something: {changes:?}");
    let mut announced = vec![false; intents.len()];
    for call in &changes {
        let (_, action) =
            MADE_FOR.iter().find(|(name, _)| *name == call.operation).unwrap_or_else(|| panic!("nobody knows {}", call.operation));
        let intent = intents.iter().rposition(|intent| intent.at <= call.at && intent.detail["of"]["action"]["action"] == **action);
        announced[intent.unwrap_or_else(|| panic!("{} is not in the audit: {intents:?}", call.operation))] = true;
    }
    for (intent, made) in intents.iter().zip(&announced) {
        let action = intent.detail["of"]["action"]["action"].as_str().unwrap_or_default();
        assert!(*made || !MADE_FOR.iter().any(|(_, changing)| *changing == action), "announced and never made: {action}");
    }
    mayday_core::audit::verify(&stage.audit()).unwrap();
}
