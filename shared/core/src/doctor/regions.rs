//! Two regions: whether the table is well in the other one, and whether both run the same release.

use std::collections::BTreeMap;

use super::{Check, Verdict, around::unseen};
use crate::{desk::Desk, failure::CallError};

/// What a function runs, by its name.
type Packages = BTreeMap<String, String>;

/// Nothing, where there is one region.
pub(super) async fn examine(desk: &Desk<'_>, elsewhere: &BTreeMap<String, String>) -> Vec<Check> {
    let here = &desk.world.installation;
    let mut checks: Vec<Check> = elsewhere.iter().map(|(region, status)| replica(region, status)).collect();
    // A witness keeps no data, and has none of our functions.
    for region in elsewhere.keys() {
        let what = format!("Release in {region}");
        let (ours, theirs) = (here.packages(here.region()).await, here.packages(region).await);
        checks.push(match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => release(what, here.region(), &ours, &theirs),
            (Err(error), _) | (_, Err(error)) => unpackaged(what, region, &error),
        });
    }
    checks
}

/// The table, as it stands in another region.
fn replica(region: &str, status: &str) -> Check {
    let what = format!("Table in {region}");
    match status {
        "ACTIVE" => Check::well(what, "it is there, with whatever is written here"),
        "INACCESSIBLE_ENCRYPTION_CREDENTIALS" => Check::ill(
            what,
            Verdict::Broken,
            "it can't be read there: the key that it is encrypted with can't be used",
            "Enable the key again in that region, and let its policy allow DynamoDB: after 20 hours without it the replica becomes a table of its own.",
        ),
        other => Check::ill(
            what,
            Verdict::Broken,
            format!("it is {other} there: that region could not take over"),
            "While it is being made, wait. Else look at the table's global tables in the console.",
        ),
    }
}

fn unpackaged(what: String, region: &str, error: &CallError) -> Check {
    match error {
        CallError::Refused { code, .. } if code == "ResourceNotFoundException" => Check::ill(
            what,
            Verdict::Broken,
            "a function of ours is missing there: that region could not take over",
            format!("Deploy the template in {region} too."),
        ),
        error => unseen(&what, "lambda:GetFunctionConfiguration", error),
    }
}

/// Both regions do the same work on the same records: they must be the same code, but for the minutes of an upgrade.
fn release(what: String, region: &str, ours: &Packages, theirs: &Packages) -> Check {
    let differ: Vec<&str> =
        ours.iter().filter(|(name, digest)| theirs.get(*name) != Some(*digest)).map(|(name, _)| name.as_str()).collect();
    if differ.is_empty() {
        return Check::well(what, format!("the functions are those of {region}"));
    }
    Check::ill(
        what,
        Verdict::Weak,
        format!("not the same code as in {region}: {}", differ.join(", ")),
        "Deploy one build into both regions: `sam build` once, then `sam deploy --config-env standby` and `sam deploy --config-env primary`.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_that_could_not_take_over_and_another_release_are_found() {
        assert_eq!(replica("eu-central-1", "ACTIVE").verdict, Verdict::Well);
        assert_eq!(replica("eu-central-1", "CREATING").verdict, Verdict::Broken);
        assert!(replica("eu-central-1", "INACCESSIBLE_ENCRYPTION_CREDENTIALS").fix.unwrap().contains("key"));

        let packages = |runner: &str| -> Packages {
            [("mayday-runner", runner), ("mayday-worker", "w")].map(|(a, b)| (a.to_owned(), b.to_owned())).into()
        };
        let judged = |theirs: &Packages| release("Release".to_owned(), "eu-west-1", &packages("1"), theirs);
        assert_eq!(judged(&packages("1")).verdict, Verdict::Well);
        let other = judged(&packages("2"));
        assert!(other.verdict == Verdict::Weak && other.found.ends_with("eu-west-1: mayday-runner"), "{other:?}");
        assert_eq!(judged(&Packages::new()).verdict, Verdict::Weak);

        let missing =
            unpackaged("Release".to_owned(), "eu-central-1", &CallError::refused("ResourceNotFoundException", "Function not found"));
        assert!(
            missing.verdict == Verdict::Broken && missing.fix.unwrap().contains("Deploy the template in eu-central-1"),
            "{}",
            missing.found
        );
    }
}
