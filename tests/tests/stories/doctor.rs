use jiff::SignedDuration;
use mayday_local::service::Call;
use mayday_tests::{Setup, Stage};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

/// Somebody with a console does something, past the bot.
async fn by_hand(stage: &Stage, (service, operation): (&str, &str), (method, path): (Method, &str), body: Value) -> Value {
    let call = Call {
        service: service.to_owned(),
        operation: operation.to_owned(),
        region: "eu-west-1".to_owned(),
        query: if method == Method::GET { "groupName=mayday".to_owned() } else { String::new() },
        method,
        path: path.to_owned(),
        headers: HeaderMap::new(),
        body: body.to_string().into(),
    };
    let reply = stage.services().get(service).unwrap().handle(&call).await;
    assert_eq!(reply.status, 200, "{:?}", String::from_utf8_lossy(&reply.body));
    serde_json::from_slice(&reply.body).unwrap()
}

/// Turns point-in-time recovery of the table off.
async fn switched_off(stage: &Stage) {
    let off = json!({"TableName": "mayday", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}});
    by_hand(stage, ("dynamodb", "UpdateContinuousBackups"), (Method::POST, "/"), off).await;
}

/// The real adapters against the stack: what is well is said to be, and what somebody has switched off is found.
#[tokio::test]
async fn doctor_sees_scopes_clock_keys_table_and_bucket_and_what_somebody_has_switched_off() {
    let stage = Stage::open().await;
    let well = stage.person("ana").types("/dr doctor").await.whispered();
    for what in [
        "✅ *Slack scopes*",
        "✅ *Clock*",
        "✅ *Table*",
        "✅ *Bucket*",
        "✅ *Keys*: mayday/keys was changed",
        "✅ *Keys' form*",
        "✅ *Schedule*: mayday-sweep is enabled",
        "✅ *Data of inventory*: signed in",
    ] {
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

/// Keys that somebody has edited, a schedule that somebody has disabled, a sign-in that is not the database's any more: each is said with
/// what mends it, and no key is.
#[tokio::test]
async fn doctor_finds_a_key_that_is_missing_a_schedule_that_is_off_and_a_database_that_lets_nobody_in() {
    let stage = Stage::open().await;
    // The tick is noted as soon as there is one.
    stage.advance(SignedDuration::from_mins(1));
    let told = stage
        .until("a tick that was noted", async || {
            let told = stage.person("ana").types("/dr doctor").await.whispered();
            told.contains("✅ *Ticks in eu-west-1*: the last one noted was").then_some(told)
        })
        .await;
    assert!(!told.contains("❌ *Schedule*"), "{told}");

    let secrets = ("secretsmanager", "GetSecretValue");
    let text = by_hand(&stage, secrets, (Method::POST, "/"), json!({"SecretId": "mayday/keys"})).await;
    let mut keys: Value = serde_json::from_str(text["SecretString"].as_str().unwrap()).unwrap();
    let token = keys["slack_bot_token"].as_str().unwrap().to_owned();
    // As it comes from an editor: the webhook's key lost, the token's twin under a name that nobody reads.
    keys.as_object_mut().unwrap().remove("pagerduty_webhook_secret");
    keys["slack_token"] = json!(token);
    keys["slack_signing_secret_previous"] = json!("8f74…");
    let put = json!({"SecretId": "mayday/keys", "SecretString": keys.to_string()});
    by_hand(&stage, ("secretsmanager", "PutSecretValue"), (Method::POST, "/"), put).await;

    let path = "/schedules/mayday-sweep";
    let mut schedule = by_hand(&stage, ("scheduler", "GetSchedule"), (Method::GET, path), Value::Null).await;
    schedule["State"] = json!("DISABLED");
    by_hand(&stage, ("scheduler", "UpdateSchedule"), (Method::PUT, path), schedule).await;

    let secret = json!({"SecretId": "mayday/inventory"});
    let text = by_hand(&stage, secrets, (Method::POST, "/"), secret).await;
    let mut sign_in: Value = serde_json::from_str(text["SecretString"].as_str().unwrap()).unwrap();
    sign_in["password"] = json!("of last year");
    let put = json!({"SecretId": "mayday/inventory", "SecretString": sign_in.to_string()});
    by_hand(&stage, ("secretsmanager", "PutSecretValue"), (Method::POST, "/"), put).await;

    let ill = stage.person("ana").types("/dr doctor").await.whispered();
    for what in [
        "❌ *Keys' form*: in mayday/keys slack_signing_secret_previous is still the example's",
        "slack_token is read by nobody",
        "there is pagerduty_routing_key and no pagerduty_webhook_secret",
        "aws secretsmanager put-secret-value --secret-id mayday/keys",
        "❌ *Schedule*: mayday-sweep is disabled: no tick comes",
        "❌ *Data of inventory*:",
        "its secret needs",
    ] {
        assert!(ill.contains(what), "{what}: {ill}");
    }
    assert!(!ill.contains(&token) && !ill.contains("of last year"), "{ill}");
}

/// Both regions are looked at: the table's other replica, the ticks, and whether they run the same code.
#[tokio::test]
async fn doctor_sees_both_regions() {
    let both = ["eu-west-1", "eu-central-1"].map(str::to_owned).to_vec();
    let stage = Stage::with(Setup { bot_regions: both, ..Setup::default() }).await;
    stage.advance(SignedDuration::from_mins(1));
    let told = stage
        .until("a tick of each region that was noted", async || {
            let told = stage.person("ana").types("/dr doctor").await.whispered();
            ["eu-west-1", "eu-central-1"].iter().all(|region| told.contains(&format!("✅ *Ticks in {region}*"))).then_some(told)
        })
        .await;
    for what in ["✅ *Table in eu-central-1*", "✅ *Release in eu-central-1*: the functions are those of eu-west-1"] {
        assert!(told.contains(what), "{what}: {told}");
    }
}
