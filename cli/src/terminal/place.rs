//! Where the bot is, and where AWS is.

use anyhow::Context as _;
use mayday_proof::Sts;

/// One worker of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Its ARN, without an alias.
    pub(super) installation: String,
    /// Its region.
    pub(super) region: String,
    /// Where its invocations go.
    pub(super) url: String,
    /// Where its region's STS is.
    pub(super) sts: Sts,
}

/// The workers, in the order in which they are asked.
pub(super) fn places(named: Option<&str>, variable: &impl Fn(&str) -> Option<String>) -> anyhow::Result<Vec<Place>> {
    let all = named.map(str::to_owned).or_else(|| variable("MAYDAY_FUNCTION"));
    let all =
        all.context("nobody said where the bot is. Set MAYDAY_FUNCTION to the output WorkerArn of the stack, or give --function ARN")?;
    all.split(',').map(str::trim).filter(|arn| !arn.is_empty()).map(|arn| place(arn, variable)).collect()
}

fn place(arn: &str, variable: &impl Fn(&str) -> Option<String>) -> anyhow::Result<Place> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "lambda", region, account, "function", name, ..] = parts.as_slice() else {
        anyhow::bail!(
            "“{arn}” is no function's ARN. It reads arn:aws:lambda:REGION:ACCOUNT:function:NAME, and is the stack's output WorkerArn"
        );
    };
    let installation = parts.get(..7).unwrap_or_default().join(":");
    anyhow::ensure!(!account.is_empty() && !name.is_empty() && !region.is_empty(), "“{arn}” is not a whole ARN");
    let endpoint = |service: &str| {
        let set = |name: &str| variable(name).filter(|url| !url.is_empty());
        set(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| set("AWS_ENDPOINT_URL"))
    };
    let lambda = endpoint("LAMBDA").unwrap_or_else(|| format!("https://lambda.{region}.amazonaws.com"));
    Ok(Place {
        url: format!("{}/2015-03-31/functions/{name}/invocations?Qualifier={}", lambda.trim_end_matches('/'), mayday_proof::ALIAS),
        sts: Sts::of(region, endpoint("STS").as_deref()),
        region: (*region).to_owned(),
        installation,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKER: &str = "arn:aws:lambda:eu-west-1:123456789012:function:mayday-worker";

    #[test]
    fn each_worker_is_asked_in_its_own_region_through_the_one_alias() {
        let none = |_: &str| None;
        let away = WORKER.replace("eu-west-1", "eu-central-1");
        let found = places(Some(&format!("{WORKER}:cli, {away}")), &none).unwrap();
        assert_eq!(found[0].installation, WORKER);
        assert_eq!(found[0].url, "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/mayday-worker/invocations?Qualifier=cli");
        assert_eq!((found[1].region.as_str(), found[1].sts.endpoint.as_str()), ("eu-central-1", "https://sts.eu-central-1.amazonaws.com"));
        let local = |name: &str| (name == "AWS_ENDPOINT_URL").then(|| "http://127.0.0.1:4600/".to_owned());
        assert_eq!(places(Some(WORKER), &local).unwrap()[0].sts.endpoint, "http://127.0.0.1:4600");
    }

    #[test]
    fn what_is_no_whole_arn_is_refused_with_what_would_be() {
        let none = |_: &str| None;
        assert!(places(None, &none).unwrap_err().to_string().contains("MAYDAY_FUNCTION"));
        for wrong in ["mayday-worker", "arn:aws:lambda:eu-west-1::function:mayday-worker", "arn:aws:iam::1:user/ana"] {
            assert!(places(Some(wrong), &none).is_err(), "{wrong}");
        }
    }
}
