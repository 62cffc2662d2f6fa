use mayday_local::service::Call;
use mayday_tests::Stage;
use reqwest::{Method, header::HeaderMap};
use serde_json::json;

/// Somebody turns point-in-time recovery of the table off, past the bot.
async fn switched_off(stage: &Stage) {
    let service = stage.services().get("dynamodb").unwrap();
    let off = json!({"TableName": "mayday", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}});
    let call = Call {
        service: "dynamodb".to_owned(),
        operation: "UpdateContinuousBackups".to_owned(),
        region: "eu-west-1".to_owned(),
        method: Method::POST,
        path: "/".to_owned(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: off.to_string().into(),
    };
    let reply = service.handle(&call).await;
    assert_eq!(reply.status, 200, "{:?}", String::from_utf8_lossy(&reply.body));
}

/// The real adapters against the stack: what is well is said to be, and what somebody has switched off is found.
#[tokio::test]
async fn doctor_sees_scopes_clock_keys_table_and_bucket_and_what_somebody_has_switched_off() {
    let stage = Stage::open().await;
    let well = stage.person("ana").types("/dr doctor").await.whispered();
    for what in ["✅ *Slack scopes*", "✅ *Clock*", "✅ *Table*", "✅ *Bucket*", "✅ *Keys*: mayday/keys was changed"] {
        assert!(well.contains(what), "{what}: {well}");
    }

    switched_off(&stage).await;
    let silent = stage.fault(json!({"service": "slack", "operation": "auth.test", "effect": "error"}));
    let ill = stage.person("ana").types("/dr doctor").await.whispered();
    for what in ["⚠️ *Table*: its last days can't be brought back", "❔ *Slack scopes*"] {
        assert!(ill.contains(what), "{what}: {ill}");
    }
    stage.mend(silent);

    // The token was taken back: that is no outage.
    stage.fault(json!({"service": "slack", "operation": "auth.test", "effect": "error", "code": "token_revoked"}));
    let ill = stage.person("ana").types("/dr doctor").await.whispered();
    assert!(ill.contains("❌ *Slack scopes*: token_revoked") && ill.contains("Put the bot token"), "{ill}");
}
