//! The product's functions, as `template.yaml` declares them: names, time-outs, environment.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::{Map, json};

use crate::{
    lambda::Function,
    scheduler::{Target, Wanted},
    seed::Seed,
    service::ACCOUNT,
};

/// The table of the product.
pub const TABLE: &str = "mayday";
/// The state machine that drives runs.
pub const STATE_MACHINE: &str = "mayday-run";
/// The secret with Slack's signing secret and the bot's token.
pub const KEYS_SECRET: &str = "mayday/keys";
/// The function behind the bot's paths.
pub const DOOR: &str = "mayday-ingress";
/// The function of the schedules, and of what failed for good.
pub const SCHEDULER: &str = "mayday-scheduler";
/// The function that visits runs.
pub const RUNNER: &str = "mayday-runner";

/// The function that does what people ask, and takes replies by text message.
pub const WORKER: &str = "mayday-worker";
/// The number that text messages come from.
pub const SMS_SENDER: &str = "+15550100";
/// The configuration set by which text messages and calls that reach nobody are reported.
pub const SMS_REPORTS: &str = "mayday-reports";

/// The schedule that looks every minute for what is due.
pub const SWEEP: &str = "mayday-sweep";

/// That schedule, as `infra/schedules.yaml` declares it.
#[must_use]
pub fn sweep(scheduler_arn: &str) -> Wanted {
    let input = r#"{"tick":"sweep","scheduled_time":"<aws.scheduler.scheduled-time>"}"#;
    Wanted {
        schedule_expression: "rate(1 minute)".to_owned(),
        schedule_expression_timezone: None,
        group_name: Some("mayday".to_owned()),
        description: Some("Looks every minute for what is due, stuck or expired.".to_owned()),
        state: None,
        action_after_completion: None,
        start_date: None,
        end_date: None,
        flexible_time_window: json!({"Mode": "OFF"}),
        target: Target { arn: scheduler_arn.to_owned(), input: Some(input.to_owned()), others: Map::new() },
        client_token: None,
    }
}

/// The ARN of the state machine in a region.
#[must_use]
pub fn state_machine_arn(region: &str) -> String {
    format!("arn:aws:states:{region}:{ACCOUNT}:stateMachine:{STATE_MACHINE}")
}

/// The functions of a region, with the binaries in `folder` and the stack at `url`. `dns` is `host:port` of its DNS server. Where the
/// bot does not live there is only the one that asks databases: it must be where they are.
#[must_use]
pub fn table(folder: &Path, url: &str, (seed, region): (&Seed, &str), dns: &str) -> Vec<Function> {
    let environment = BTreeMap::from(
        [
            ("AWS_ENDPOINT_URL", url),
            ("SLACK_API_URL", &format!("{url}/slack/api")),
            ("MAYDAY_TABLE", TABLE),
            ("MAYDAY_BUCKET", &crate::data::bucket(region)),
            ("MAYDAY_KEYS_SECRET", KEYS_SECRET),
            ("MAYDAY_STATE_MACHINE", &state_machine_arn(region)),
            ("MAYDAY_WORKER", "mayday-worker"),
            ("MAYDAY_INSPECTOR", "mayday-inspector"),
            ("MAYDAY_SLACK_TEAM", &seed.team_id),
            ("MAYDAY_SLACK_APP", &seed.app_id),
            ("MAYDAY_DNS_SERVERS", dns),
            ("PAGERDUTY_EVENTS_URL", &format!("{url}/pagerduty")),
            ("MAYDAY_SMS_SENDER", SMS_SENDER),
            ("MAYDAY_SMS_REPORTS", SMS_REPORTS),
            ("MAYDAY_EMAIL_SENDER", "mayday@example.com"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let function = |name: &str, timeout: u64, on_failure: Option<&str>| Function {
        name: format!("mayday-{name}"),
        binary: folder.join(name),
        timeout: Duration::from_secs(timeout),
        environment: environment.clone(),
        on_failure: on_failure.map(str::to_owned),
    };
    let inspector = function("inspector", 300, None);
    if !seed.bot().iter().any(|one| one == region) {
        return vec![inspector];
    }
    vec![
        function("ingress", 10, None),
        function("worker", 30, Some(SCHEDULER)),
        function("runner", 60, None),
        function("scheduler", 60, None),
        inspector,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::PAUSES;

    #[test]
    fn whoever_died_at_a_delivery_is_succeeded_by_its_first_repetition() {
        let seed = crate::seed::Seed::default();
        let worker = table(Path::new("/"), "http://127.0.0.1:1", (&seed, seed.home()), "127.0.0.1:2")
            .into_iter()
            .find(|one| one.name == "mayday-worker");
        let timeout = worker.expect("a worker").timeout;
        let lease = mayday_core::desk::LEASE.unsigned_abs();
        assert!(timeout < lease, "a living worker would be taken for dead: {timeout:?}, {lease:?}");
        assert!(lease < PAUSES[0].unsigned_abs(), "the first repetition would be refused: {lease:?}");
    }
}
