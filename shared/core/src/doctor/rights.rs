//! Rights: what AWS denies is said by the action's name, with who can give it back. No call is made for it: each of the other checks
//! makes those that the worker may make and that change nothing.

use super::Check;

/// What stands in AWS's words before the action, in all services that say which one was denied.
const BEFORE: &str = "not authorized to perform: ";

/// A finding that is a denial gets the way out that fits who denies.
pub(super) fn cured(check: Check) -> Check {
    let Some((action, denied_by)) = denied(&check.found) else { return check };
    Check { fix: Some(fix(action, denied_by)), ..check }
}

/// The action that was denied, and AWS's words after it.
fn denied(found: &str) -> Option<(&str, &str)> {
    let (_, rest) = found.split_once(BEFORE)?;
    let end = rest.find(|each: char| !(each.is_ascii_alphanumeric() || each == ':' || each == '-'))?;
    let (action, after) = rest.split_at(end);
    action.contains(':').then_some((action, after))
}

/// AWS says which kind of policy it was: <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>.
fn fix(action: &str, denied_by: &str) -> String {
    let by = |kind: &str| denied_by.contains(kind);
    if by("permissions boundary") {
        return format!(
            "The permissions boundary does not let the role have `{action}`: deploy `infra/boundary.yaml` of this release again."
        );
    }
    if by("service control policy") || by("resource control policy") {
        return format!("Your organization denies `{action}` in this account or region: ask whoever owns its policies.");
    }
    if by("resource-based policy") && by("explicit deny") {
        return format!("The policy of the thing itself denies `{action}`: take the bot's roles out of its denial.");
    }
    format!(
        "The worker's role lacks `{action}` for this. On a database or a secret it has it where the tag `mayday:plan` is, and on records of the zones in \
         `HostedZoneArns`; else deploy the template again."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_denial_is_cured_by_the_name_of_the_action_and_by_who_denies() {
        let said = |by: &str| {
            let found = format!(
                "User: arn:aws:sts::111122223333:assumed-role/mayday-worker/mayday-worker is not authorized to perform: rds:DescribeDBSnapshots on \
                 resource: arn:aws:rds:eu-west-1:111122223333:snapshot:* {by} (AccessDenied)"
            );
            cured(Check::ill("Backups of orders", Verdict::Broken, found, "Else.")).fix.unwrap_or_default()
        };
        let lacking = said("because no identity-based policy allows the rds:DescribeDBSnapshots action");
        assert!(lacking.contains("role lacks `rds:DescribeDBSnapshots`"), "{lacking}");
        assert!(said("because no permissions boundary allows the rds:DescribeDBSnapshots action").contains("boundary.yaml"));
        assert!(said("with an explicit deny in a service control policy").contains("Your organization denies"));
        assert!(said("with an explicit deny in a resource-based policy").contains("policy of the thing itself"));
    }

    #[test]
    fn what_is_no_denial_keeps_its_cure() {
        for found in ["there is no such record", "not authorized to perform: ", "you are not authorized to perform: this."] {
            assert_eq!(cured(Check::ill("Name", Verdict::Broken, found, "Else.")).fix.as_deref(), Some("Else."), "{found}");
        }
        assert_eq!(cured(Check::well("Name", "well")).fix, None);
    }
}
