use serde::{Deserialize, Serialize};

use super::{PLAN_KEY, Plan, check};
use crate::{
    failure::{Failure, Fault, Refusal},
    port::Blobs,
};

/// A plan file may have this many bytes: ten times what a thousand services need.
const LARGEST: usize = 4_000_000;

/// Why a plan was not loaded: one sentence, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlanError {
    /// The sentence, with line, column and the lines around where they are known.
    pub message: String,
}

/// Reads a plan.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn load(text: &str) -> Result<Plan, PlanError> {
    if text.len() > LARGEST {
        return Err(PlanError { message: format!("the plan has {} bytes; {LARGEST} are the most that is read", text.len()) });
    }
    let plan: Plan = serde_saphyr::from_str(text).map_err(|error| PlanError { message: error.to_string() })?;
    check::all(&plan).map_err(|message| PlanError { message })?;
    Ok(plan)
}

/// The plan in force, and which version of the file it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Current {
    /// The plan.
    pub plan: Plan,
    /// The blob store's version of the file.
    pub version: String,
}

/// Reads the plan in force.
///
/// # Errors
/// A refusal when there is none or it can't be used; a fault when it can't be read.
pub async fn current(blobs: &dyn Blobs) -> Result<Current, Failure> {
    let Some(blob) = blobs.get(PLAN_KEY).await? else {
        return Err(Refusal::new("There is no plan yet.").instead("Put one in place with `mayday plan put plan.yaml`.").into());
    };
    let text = String::from_utf8(blob.bytes).map_err(|error| Fault::because("the plan is not UTF-8", error))?;
    let plan = load(&text).map_err(|error| {
        Refusal::new(format!("The plan can't be used: {error}.")).instead("Check it with `mayday plan check` and put it in place again.")
    })?;
    Ok(Current { plan, version: blob.version })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: &str = include_str!("../../../../plans/demo.yaml");

    fn problem(from: &str, to: &str) -> String {
        assert!(DEMO.contains(from), "{from}");
        load(&DEMO.replacen(from, to, 1)).unwrap_err().message
    }

    #[test]
    fn the_demonstration_s_plan_loads() {
        let plan = load(DEMO).unwrap();
        assert_eq!(plan.databases["inventory"].checks.len(), 3);
        assert_eq!(plan.databases["inventory"].objectives.rpo.to_string(), "15m");
    }

    #[test]
    fn l1_an_unknown_key_is_named_with_its_line() {
        let said = problem("    secret: mayday/inventory", "    sekret: mayday/inventory");
        assert!(said.contains("sekret") && said.contains("line"), "{said}");
    }

    #[test]
    fn c1_a_wildcard_does_not_grant_what_destroys() {
        let said = problem("environments: [production]", "environments: [\"*\"]");
        assert!(said.contains("a wildcard is only for verbs that change nothing"), "{said}");
    }

    #[test]
    fn c7_an_id_that_no_vendor_gives_is_refused() {
        for id in ["u0ana00001", "' U0ANA00001'", "'<@U0ANA00001>'", "ana"] {
            let said = problem("slack: U0ANA00001", &format!("slack: {id}"));
            assert!(said.contains("is no user id"), "{said}");
        }
    }

    #[test]
    fn l4_a_plan_in_which_nothing_could_ever_be_approved_is_refused() {
        let said = problem("needed: 1", "needed: 5");
        assert!(said.contains("nothing could ever be approved"), "{said}");
        let said = problem("needed: 1", "needed: 0");
        assert!(said.contains("at least one other person"), "{said}");
    }

    #[test]
    fn l1_what_is_too_large_is_not_read() {
        assert!(load(&"#".repeat(LARGEST + 1)).unwrap_err().message.contains("are the most that is read"));
    }
}
