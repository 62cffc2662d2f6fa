//! The door for those without Slack: verifies with AWS who asks, and hands over to the same desk.

use lambda_runtime::Diagnostic;
use mayday_core::{
    audit,
    desk::{self, Answered, Delivery, Outcome},
    ident::{Actor, sha256_hex},
};
use mayday_entry::{Bot, retryable};
use mayday_proof::{ALIAS, SignedIntent, Sts, Unproven, verify};
use serde_json::{Value, json};

/// The worker's own ARN, if it was invoked through the alias for terminals.
pub(crate) fn installation(invoked: &str) -> Option<String> {
    invoked.strip_suffix(ALIAS)?.strip_suffix(':').map(str::to_owned)
}

/// Where STS is, by this function's own environment.
fn sts() -> Sts {
    #[expect(clippy::disallowed_methods, reason = "the one place where this door's configuration is read")]
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let elsewhere = variable("AWS_ENDPOINT_URL_STS").or_else(|| variable("AWS_ENDPOINT_URL"));
    Sts::of(&variable("AWS_REGION").unwrap_or_default(), elsewhere.as_deref())
}

/// Answers somebody at a terminal. They wait for it: what goes wrong is said, not tried again.
pub(crate) async fn answer(bot: &Bot, installation: &str, signed: &SignedIntent) -> Result<Value, Diagnostic> {
    let now = bot.world.clock.now();
    let told = |outcome, text: String| Answered { outcome, text, form: None, about: None, stands: None, now };
    let http = mayday_notify::client().map_err(|error| Diagnostic { error_type: "Setup".to_owned(), error_message: error.to_string() })?;
    let answered = match verify(&http, &sts(), installation, now, signed).await {
        Ok(caller) => {
            let key = sha256_hex(caller.intent.nonce.as_bytes());
            let reference: String = key.chars().take(8).collect();
            let delivery = Delivery { key, signed_at: caller.signed_at, reference: reference.clone() };
            desk::at_terminal(&bot.world, &caller.principal, &delivery, &caller.intent.asked).await.unwrap_or_else(|fault| {
                tracing::error!(reference, fault = fault.chain(), "a request failed");
                told(
                    Outcome::Broke,
                    format!("Something broke on our side. Look before you try again. To those who mend it, say {reference}."),
                )
            })
        }
        Err(Unproven::WrongClock(at)) => {
            told(Outcome::WrongClock, format!("This was signed at {at}, and it is {now} here. Nothing was done."))
        }
        Err(unproven @ Unproven::Unanswered(_)) => {
            tracing::warn!(error = %unproven, "somebody at a terminal can't be verified");
            told(Outcome::Unverified, format!("Nobody can be verified now: {unproven}. Nothing was done. Try again."))
        }
        Err(Unproven::Refused(why)) => {
            note(bot, &why).await?;
            told(Outcome::Refused, format!("This proves nothing: {why}. Nothing was done."))
        }
    };
    serde_json::to_value(answered).map_err(|error| Diagnostic { error_type: "Answer".to_owned(), error_message: error.to_string() })
}

/// Writes to the audit what was turned away.
async fn note(bot: &Bot, why: &str) -> Result<(), Diagnostic> {
    let event = audit::Event {
        at: bot.world.clock.now(),
        actor: Actor::System("terminal".to_owned()),
        what: "terminal.unproven".to_owned(),
        about: "terminal".to_owned(),
        digest: None,
        detail: json!({"why": why}),
    };
    audit::append(&bot.world, event).await.map(drop).map_err(|fault| retryable(&fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_alias_is_the_way_in_for_terminals() {
        let worker = "arn:aws:lambda:eu-west-1:123456789012:function:mayday-worker";
        assert_eq!(installation(&format!("{worker}:cli")).as_deref(), Some(worker));
        for other in [worker.to_owned(), format!("{worker}:live"), format!("{worker}cli"), format!("{worker}:7")] {
            assert_eq!(installation(&other), None, "{other}");
        }
    }
}
