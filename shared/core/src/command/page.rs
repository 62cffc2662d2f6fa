//! `page`: wake people.

use std::collections::BTreeMap;

use super::{Examples, Mention, SLASH, Spellings, name, shown, unknown};
use crate::{
    desk::{Desk, Reply},
    failure::{Failure, Refusal},
    ident::Actor,
    page::{self, Raise, Raised},
    plan::{Plan, Severity},
    policy,
    store::{Kept, Store},
    view,
};

/// In one line.
pub const SUMMARY: &str = "Wake whoever is on call, or one person, until somebody acknowledges.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("page \"orders can't be reached since 14:05\"", "wake who is on call; when nobody acknowledges, the next level"),
    ("page bob \"need a DBA for the restore of orders\"", "wake Bob first"),
    ("page --sev 2 \"backups are late\"", "as major, not critical"),
    ("page list", "the pages that are not over"),
    ("page", "a form to fill in"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// The longest text that says what is wrong, in characters: it has to fit into a text message and a title.
const LONGEST: usize = 140;

/// What stands behind the verb. What is missing is asked for in a form.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// Whom to wake first, a person or a rotation of the plan, and what is wrong; or list.
    #[arg(value_name = "WHO_AND_WHAT")]
    pub words: Vec<String>,
    /// How bad it is: 1 critical, 2 major, 3 minor.
    #[arg(long, short, value_name = "1|2|3", value_parser = ["1", "2", "3"], alias = "severity")]
    pub sev: Option<String>,
}

/// Answers it: wakes people, lists the pages, or asks for what is missing.
///
/// # Errors
/// A refusal when the caller may not, or nobody has that name.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    if let [word] = args.words.as_slice()
        && word.eq_ignore_ascii_case("list")
    {
        desk.allowed(policy::Verb::Look, None).await?;
        return Ok(Reply::Message(view::pages_list(&desk.current.plan, &page::not_over(desk.world).await?)));
    }
    desk.allowed(policy::Verb::Page, None).await?;
    let (who, what) = parts(&desk.current.plan, &args.words)?;
    match what {
        Some(what) => raise(desk, who, &what, severity(args.sev.as_deref())).await,
        None => Ok(Reply::Form(view::page_form(&desk.current.plan, who.as_deref(), &BTreeMap::new(), None))),
    }
}

/// Whom, if the first word names somebody; and what is wrong, the rest.
fn parts(plan: &Plan, words: &[String]) -> Result<(Option<String>, Option<String>), Refusal> {
    let Some((first, rest)) = words.split_first() else { return Ok((None, None)) };
    let told = |words: &[String]| (!words.is_empty()).then(|| words.join(" "));
    if let Some(user) = Mention::Person.id_of(first) {
        let (name, _) = plan.person(user).ok_or_else(|| {
            Refusal::new("That person is not in the plan, so nobody knows how to wake them.")
                .instead(format!("Type {SLASH} contacts for who is."))
        })?;
        return Ok((Some(name.to_owned()), told(rest)));
    }
    let plain = first.trim_start_matches('@');
    if plan.people.contains_key(plain) || plan.on_call.rotations.contains_key(plain) {
        return Ok((Some(plain.to_owned()), told(rest)));
    }
    if rest.is_empty() && !first.contains(' ') || first.starts_with('@') {
        // One word says nothing of what is wrong: it was meant to be a name.
        let names: Vec<&str> = plan.people.keys().chain(plan.on_call.rotations.keys()).map(String::as_str).collect();
        return Err(unknown("person or rotation", plain, &names));
    }
    Ok((None, told(words)))
}

fn severity(typed: Option<&str>) -> Severity {
    match typed {
        Some("2") => Severity::Sev2,
        Some("3") => Severity::Sev3,
        _ => Severity::Sev1,
    }
}

async fn raise(desk: &Desk<'_>, who: Option<String>, what: &str, severity: Severity) -> Result<Reply, Failure> {
    let what = what.trim();
    if what.chars().count() > LONGEST {
        return Err(Refusal::new(format!("{} is too long to be read on a locked screen: {LONGEST} characters are the most.", shown(what)))
            .instead("Say what is wrong in one line; the rest goes into the thread.")
            .into());
    }
    name::reason(what).map_err(|refused| Failure::Refusal(refused.0))?;
    let asked = Raise {
        // What one person says twice is one page until that is over: fingers slip, and Slack repeats itself.
        key: format!("asked/{}/{}", desk.caller.identity.user, crate::ident::sha256_hex(what.to_lowercase().as_bytes())),
        severity,
        subject: what.to_owned(),
        why: String::new(),
        by: Actor::Person(desk.caller.identity.clone()),
        since: desk.world.clock.now(),
        run: None,
        to: who.into_iter().collect(),
    };
    let id = match page::raise(desk.world, asked).await? {
        Raised::New(id) | Raised::Already(id) => id,
        Raised::Over => {
            return Err(Refusal::new("That was paged and resolved just now.").instead("Say it again if it is wrong again.").into());
        }
    };
    let kept: Option<Kept<page::Page>> = Store::of(desk.world).load(id.as_str()).await?;
    let kept = kept.ok_or_else(|| Refusal::new("The page is gone."))?;
    Ok(Reply::Message(view::page_raised(&desk.current.plan, &kept.value)))
}

/// What was submitted in the form. Handles: `who`, `what`, `sev`.
///
/// # Errors
/// As [`run`].
pub async fn submitted(desk: &Desk<'_>, values: &BTreeMap<String, String>) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Page, None).await?;
    let given = |handle: &str| values.get(handle).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let plan = &desk.current.plan;
    let who = given("who").filter(|who| who != view::PAGE_LADDER);
    let known = |name: &String| plan.people.contains_key(name) || plan.on_call.rotations.contains_key(name);
    let again = |problem: &str| Ok(Reply::Form(view::page_form(plan, who.as_deref(), values, Some(problem))));
    let Some(what) = given("what") else { return again("Say what is wrong: whoever is woken reads it first.") };
    if who.as_ref().is_some_and(|who| !known(who)) {
        return again("Nobody in the plan has that name.");
    }
    match raise(desk, who.clone(), &what, severity(given("sev").as_deref())).await {
        Ok(Reply::Message(message)) => Ok(Reply::Form(view::told_form("Page", &message))),
        Ok(other) => Ok(other),
        Err(Failure::Refusal(refusal)) => again(&refusal.to_string()),
        Err(fault) => Err(fault),
    }
}
