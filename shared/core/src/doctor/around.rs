//! The bot's own table, bucket and keys: they must outlast what they are there for.

use jiff::SignedDuration;

use super::{Check, Verdict, keys, regions};
use crate::{
    desk::Desk,
    failure::CallError,
    port::{BucketCare, KeysCare, TableCare},
    view::Span,
};

/// Keys that are older should be changed. AWS Security Hub has the same bound for secrets (control SecretsManager.4).
const OLD: SignedDuration = SignedDuration::from_hours(90 * 24);
const DEPLOY: &str = "Deploy the template again: it sets this.";

pub(super) async fn examine(desk: &Desk<'_>) -> Vec<Check> {
    let here = &desk.world.installation;
    let mut checks = match here.table().await {
        Ok(care) => {
            let mut regions = regions::examine(desk, &care.elsewhere).await;
            regions.push(table(&care));
            regions
        }
        Err(error) => vec![unseen("Table", "dynamodb:DescribeContinuousBackups", &error)],
    };
    checks.push(here.bucket().await.map_or_else(|error| unseen("Bucket", "s3:GetBucketVersioning", &error), bucket));
    match here.keys().await {
        Ok(care) => checks.extend([keys::shape(&care), age(desk, &care)]),
        Err(error) => checks.push(unseen("Keys", "secretsmanager:DescribeSecret", &error)),
    }
    checks
}

/// What may not be looked at is not known to be well.
pub(super) fn unseen(what: &str, right: &str, error: &CallError) -> Check {
    let fix = match error {
        CallError::Refused { .. } => format!("Deploy the template again: the worker's role has `{right}` in it."),
        _ => "Try again.".to_owned(),
    };
    Check::ill(what, Verdict::Unknown, error.why(), fix)
}

fn table(care: &TableCare) -> Check {
    match care {
        TableCare { point_in_time: false, .. } => {
            Check::ill("Table", Verdict::Weak, "its last days can't be brought back: point-in-time recovery is off", DEPLOY)
        }
        TableCare { deletion_protection: false, .. } => {
            Check::ill("Table", Verdict::Weak, "one call deletes it: deletion protection is off", DEPLOY)
        }
        _ => Check::well("Table", "any moment of its last days can be brought back, and no single call deletes it"),
    }
}

fn bucket(care: BucketCare) -> Check {
    match care {
        BucketCare { versions: false, .. } => Check::ill(
            "Bucket",
            Verdict::Broken,
            "it keeps no versions: an approval can't be held to the plan that it was given for",
            DEPLOY,
        ),
        BucketCare { locks: false, .. } => Check::ill(
            "Bucket",
            Verdict::Weak,
            "it has no Object Lock: whoever may delete files may delete the audit's anchors",
            "Give the bucket a default retention of some weeks: `aws s3api put-object-lock-configuration`.",
        ),
        _ => Check::well("Bucket", "it keeps every version, and can lock them"),
    }
}

fn age(desk: &Desk<'_>, keys: &KeysCare) -> Check {
    let Some(changed_at) = keys.changed_at else {
        return Check::ill(
            "Keys",
            Verdict::Unknown,
            format!("nobody knows when {} was last changed", keys.name),
            "Put a new value into it.",
        );
    };
    let age = desk.world.clock.now().duration_since(changed_at);
    if age <= OLD {
        return Check::well("Keys", format!("{} was changed {} ago", keys.name, Span(age)));
    }
    Check::ill(
        "Keys",
        Verdict::Weak,
        format!("{} was last changed {} ago", keys.name, Span(age)),
        "Make new ones at Slack and put them into the secret; the signing secret of before goes on beside the new one as \
         `slack_signing_secret_previous` until Slack signs with the new one.",
    )
}
