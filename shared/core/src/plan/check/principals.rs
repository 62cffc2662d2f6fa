//! Which principals of AWS are whose: whoever holds one acts as that person, so there must be no doubt about any.

use std::collections::BTreeMap;

use crate::plan::{Findings, Path, Plan};

pub(super) fn check(found: &mut Findings, plan: &Plan) {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, person) in &plan.people {
        for (index, arn) in person.aws.iter().enumerate() {
            let at = Path::of(&["people", name, "aws"]).then(index);
            match read(arn) {
                Err(why) => {
                    found
                        .error(&at, format!("people.{name}.aws “{arn}” {why}"))
                        .instead("Write what `aws sts get-caller-identity` shows them as Arn, whole");
                }
                Ok(Principal::Session { role }) if !role.starts_with(IDENTITY_CENTER) => {
                    found
                        .warn(
                            &at,
                            format!("people.{name}.aws: whoever may assume the role {role} chooses the session's name, this one too"),
                        )
                        .instead("Have the role's trust policy demand sts:RoleSessionName, or give it to nobody else");
                }
                Ok(_) => {}
            }
            if let Some(other) = owners.insert(arn, name).filter(|other| other != name) {
                found
                    .error(&at, format!("people.{name}.aws “{arn}” is {other}'s as well; one principal is one person"))
                    .instead("Give each person credentials of their own");
            }
        }
    }
}

/// Roles that IAM Identity Center makes: it sets the session's name, to the name that somebody signed in with.
const IDENTITY_CENTER: &str = "AWSReservedSSO_";

enum Principal<'a> {
    User,
    Session { role: &'a str },
}

/// Reads `arn:aws:iam::123456789012:user/ana` or `arn:aws:sts::123456789012:assumed-role/ROLE/SESSION`.
fn read(arn: &str) -> Result<Principal<'_>, &'static str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, service, "", account, rest] = parts.as_slice() else { return Err("is no ARN of a principal") };
    let plain = |text: &str| !text.is_empty() && text.chars().all(|one| one.is_ascii_alphanumeric() || "_+=,.@-/".contains(one));
    if !partition.starts_with("aws") || account.len() != 12 || !account.chars().all(|digit| digit.is_ascii_digit()) {
        return Err("is no ARN of a principal");
    }
    let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
    match (*service, kind) {
        (_, "root") => Err("is an account's root, which is nobody in particular"),
        _ if name.contains(['*', '?']) => Err("has a wildcard: whole ARNs are compared, letter by letter"),
        ("iam", "user") if plain(name) => Ok(Principal::User),
        ("iam", "role") => Err("is a role: a session of it shows as assumed-role/ROLE/SESSION"),
        ("sts", "assumed-role") => match name.split_once('/') {
            Some((role, session)) if plain(role) && plain(session) && !session.contains('/') => Ok(Principal::Session { role }),
            _ => Err("names no session of the role"),
        },
        _ => Err("is neither a user nor a session of a role"),
    }
}
