//! `can`: whether somebody may do something, and why.

use super::{Examples, SLASH, Spellings, parse, shown, unknown};
use crate::{
    desk::{Desk, Reply},
    failure::{Failure, Refusal},
    ident::Identity,
    policy::{self, Ask, Circumstances, On, explain},
    view,
};

/// In one line.
pub const SUMMARY: &str = "Say whether you or somebody else may do something, by which grant, and what it would take.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("can restore orders", "whether you may, who must approve, and who else may"),
    ("can @bob restore orders", "the same of somebody that you pick from the list"),
    ("can failover", "where you may"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The person, picked from the list that @ opens (without one: you), the verb, and the database or service.
    #[arg(value_name = "[PERSON] VERB [TARGET]", required = true, num_args = 1..=3)]
    pub words: Vec<String>,
}

/// Answers it: yes or no, and why.
///
/// # Errors
/// A refusal when the caller may not look, or something of it is not understood.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let plan = &desk.current.plan;
    let (who, rest) = person(desk, &args.words)?;
    let [verb, target @ ..] = rest else {
        return Err(Refusal::new("A verb is missing.").instead(format!("For example: `{SLASH} can restore orders`.")).into());
    };
    let Some(right) = right(verb)? else { return Ok(Reply::Message(view::can_everybody(verb))) };
    let target = target.first().map(|name| name.trim_end_matches('?')).filter(|name| !name.is_empty());
    let environment = target.map(|name| environment(desk, name)).transpose()?;
    let ask = Ask { verb: right, on: environment.map(On::Environment), under: Circumstances::default() };
    let explanation = explain(plan, desk.world.directory.as_ref(), &who, (&ask, target)).await?;
    Ok(Reply::Message(view::can_answer(&explanation, &desk.caller.identity)))
}

/// Whom it is about: somebody picked from the list, or the caller; and what stands behind.
fn person<'a>(desk: &Desk<'_>, words: &'a [String]) -> Result<(Identity, &'a [String]), Refusal> {
    let caller = &desk.caller.identity;
    let Some((first, rest)) = words.split_first() else { return Ok((caller.clone(), words)) };
    if let Some(user) = first.strip_prefix("<@").and_then(|rest| rest.strip_suffix('>')) {
        return Ok((Identity { org: caller.org.clone(), user: user.to_owned() }, rest));
    }
    if first.starts_with(['@', '<', '#']) {
        return Err(Refusal::new(format!("{} is no person that was picked from the list.", shown(first)))
            .instead("Type @ and pick the person from the list that opens: a name alone could be anybody's."));
    }
    let is_caller = ["i", "me"].iter().any(|word| first.eq_ignore_ascii_case(word));
    Ok((caller.clone(), if is_caller { rest } else { words }))
}

/// What the policy is asked for a verb, by its own name or by that of a command; `None`: nothing, everybody may.
fn right(word: &str) -> Result<Option<policy::Verb>, Refusal> {
    let word = word.trim_end_matches('?');
    if let Some(verb) = policy::Verb::ALL.into_iter().find(|verb| verb.to_string().eq_ignore_ascii_case(word)) {
        return Ok(Some(verb));
    }
    if let Some((verb, _)) = parse::verb(word) {
        return Ok(verb.right());
    }
    let names: Vec<String> = policy::Verb::ALL.iter().map(ToString::to_string).collect();
    Err(unknown("verb", word, &names.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn environment<'a>(desk: &'a Desk<'_>, name: &str) -> Result<&'a str, Refusal> {
    let plan = &desk.current.plan;
    let database = plan.databases.get(name).map(|database| database.environment.as_str());
    let service = || plan.services.get(name).map(|service| service.environment.as_str());
    database.or_else(service).ok_or_else(|| {
        let known: Vec<&str> = plan.databases.keys().chain(plan.services.keys()).map(String::as_str).collect();
        unknown("database or service", name, &known)
    })
}

#[cfg(test)]
mod tests {
    use crate::command::{Command, parse};

    fn words(text: &str) -> Vec<String> {
        match parse(text).unwrap() {
            Command::Can(args) => args.words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn b6_c8_a_person_is_picked_and_a_verb_behind_can_is_no_second_command() {
        assert_eq!(words("can restore orders"), ["restore", "orders"]);
        assert_eq!(words("can <@U0BOB00001|bob> restore orders"), ["<@U0BOB00001>", "restore", "orders"]);
        assert_eq!(words("can I restore orders?"), ["I", "restore", "orders?"]);
        assert_eq!(words("can @bob restore"), ["@bob", "restore"]);
        assert!(parse("can").unwrap_err().to_string().contains("can needs"));
    }

    #[test]
    fn c14_the_command_behind_broken_glass_is_read_whole() {
        for text in
            ["breakglass restore orders --latest --reason \"nobody is there\"", "break-glass restore orders --latest -r nobody is there"]
        {
            let Command::Breakglass(args) = parse(text).unwrap() else { panic!("{text}") };
            let Command::Restore(restore) = *args.command else { panic!("{text}") };
            assert_eq!(restore.reason.as_deref(), Some("nobody is there"));
        }
        assert!(parse("breakglass restore orders --lates").unwrap_err().to_string().contains("--latest"));
        assert!(parse("breakglass").unwrap_err().to_string().contains("breakglass needs"));
    }
}
