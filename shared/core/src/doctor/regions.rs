//! Two regions: whether the table is well in the other one, and whether both run the same release.

use std::collections::BTreeMap;

use super::{Check, Verdict, around::unseen};
use crate::{desk::Desk, failure::CallError};

/// What a function runs, by its name.
type Packages = BTreeMap<String, String>;

const MISSING_HERE: &str = "a function of ours is missing here, in the region that answers you";
const MISSING_THERE: &str = "a function of ours is missing there: that region could not take over";

/// Nothing, where there is one region.
pub(super) async fn examine(desk: &Desk<'_>, elsewhere: &BTreeMap<String, String>) -> Vec<Check> {
    if elsewhere.is_empty() {
        return Vec::new();
    }
    let here = &desk.world.installation;
    let mut checks: Vec<Check> = elsewhere.iter().map(|(region, status)| replica(region, status)).collect();
    let ours = match here.packages(here.region()).await {
        Ok(ours) => ours,
        // Of the other regions nothing is said then: nobody has looked there.
        Err(error) => {
            checks.push(unpackaged(here.region(), &error, MISSING_HERE));
            return checks;
        }
    };
    // A witness keeps no data, and has none of our functions.
    for region in elsewhere.keys() {
        checks.push(match here.packages(region).await {
            Ok(theirs) => release(release_in(region), here.region(), &ours, &theirs),
            Err(error) => unpackaged(region, &error, MISSING_THERE),
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

fn release_in(region: &str) -> String {
    format!("Release in {region}")
}

/// What runs in a region can't be read; `missing` is what it means if a function is not there.
fn unpackaged(region: &str, error: &CallError, missing: &str) -> Check {
    let what = release_in(region);
    match error {
        CallError::Refused { code, .. } if code == "ResourceNotFoundException" => {
            Check::ill(what, Verdict::Broken, missing, format!("Deploy the template in {region} again."))
        }
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

        let gone = CallError::refused("ResourceNotFoundException", "Function not found");
        for (region, found) in [("eu-central-1", MISSING_THERE), ("eu-west-1", MISSING_HERE)] {
            let missing = unpackaged(region, &gone, found);
            assert!(missing.verdict == Verdict::Broken && missing.found == found && missing.what.ends_with(region), "{missing:?}");
            assert_eq!(missing.fix, Some(format!("Deploy the template in {region} again.")));
        }
    }
}
