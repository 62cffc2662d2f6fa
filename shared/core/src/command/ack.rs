//! `ack`: take a page, so that nobody else is woken.

use super::{Examples, SLASH, Spellings, name};
use crate::{
    desk::{Desk, Reply},
    failure::{Failure, Fault, Refusal},
    ident::{Actor, PageId},
    page::{self, Acked, Hand, Page, Way},
    plan::Plan,
    policy, view,
};

/// In one line.
pub const SUMMARY: &str = "Take a page, so that nobody else is woken, or say that it is over.";
/// For the help.
pub const EXAMPLES: Examples = &[
    ("ack", "the one page that is open, or a list to pick from"),
    ("ack pg-01kb3m6v9d5x2y7z8a4c6e0f1g", "that page; /dr page list has the ids"),
    ("ack pg-01kb3m6v9d5x2y7z8a4c6e0f1g --resolve", "it is over"),
];
/// In recovery plans.
pub const SPELLINGS: Spellings = &[("acknowledge", &[])];

/// What stands behind the verb.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The page, by its id or the four digits of a text message; without it, the one that is open.
    #[arg(value_name = "PAGE", value_parser = name::value)]
    pub page: Option<String>,
    /// Say that the trouble is over.
    #[arg(long)]
    pub resolve: bool,
}

/// Answers it: the page is theirs, or how it stands.
///
/// # Errors
/// A refusal when the caller is not in the plan, or there is no such page.
pub async fn run(desk: &Desk<'_>, args: &Args) -> Result<Reply, Failure> {
    let hand = hand(desk, Way::Command).await?;
    let open = page::not_over(desk.world).await?;
    let plan = &desk.current.plan;
    let id = match &args.page {
        Some(typed) => {
            let named = |page: &&Page| page.id.0 == *typed || page.codes.get(&hand.name).is_some_and(|code| code == typed);
            open.iter().find(named).map_or_else(|| PageId(typed.clone()), |page| page.id.clone())
        }
        None => match mine(&open, &hand.name).as_slice() {
            [only] => only.id.clone(),
            _ => return Ok(Reply::Message(view::pages_list(plan, &open))),
        },
    };
    let pressed = if args.resolve { Press::Resolve } else { Press::Acknowledge };
    act(desk, &id, pressed, &hand).await
}

/// The open pages that somebody was woken for; if there is none, all.
fn mine<'a>(open: &'a [Page], name: &str) -> Vec<&'a Page> {
    let unanswered: Vec<&Page> = open.iter().filter(|page| page.is_open()).collect();
    let theirs: Vec<&Page> = unanswered.iter().filter(|page| page.codes.contains_key(name)).copied().collect();
    if theirs.is_empty() { unanswered } else { theirs }
}

/// What can be done with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// Take it.
    Acknowledge,
    /// Wake the next level at once.
    Escalate,
    /// It is over.
    Resolve,
}

/// A button of a page.
///
/// # Errors
/// As [`run`].
pub async fn pressed(desk: &Desk<'_>, id: &str, press: Press) -> Result<Reply, Failure> {
    let hand = hand(desk, Way::Button).await?;
    act(desk, &PageId(id.to_owned()), press, &hand).await
}

async fn act(desk: &Desk<'_>, id: &PageId, press: Press, hand: &Hand) -> Result<Reply, Failure> {
    let plan = &desk.current.plan;
    let unknown = || {
        Refusal::new(format!("There is no page {}.", super::shown(id.as_str())))
            .instead(format!("`{SLASH} page list` shows those that are open."))
    };
    Ok(Reply::Message(match press {
        Press::Acknowledge => match page::acknowledge(desk.world, id, hand).await?.ok_or_else(unknown)? {
            Acked::Theirs(page) => view::page_acknowledged(&page),
            Acked::Late(page) => view::page_stands(plan, &page),
        },
        Press::Escalate => view::page_stands(plan, &page::escalate(desk.world, id, hand).await?.ok_or_else(unknown)?),
        Press::Resolve => view::page_stands(plan, &page::close(desk.world, id, hand).await?.ok_or_else(unknown)?),
    }))
}

/// Whoever is in the plan and may look may take a page: the more hands the better, and it changes nothing outside.
async fn hand(desk: &Desk<'_>, how: Way) -> Result<Hand, Failure> {
    let who = desk.allowed(policy::Verb::Look, None).await?;
    let name = named(&desk.current.plan, &who.identity.user)?;
    Ok(Hand { name, user: Some(who.identity.user.clone()), actor: Actor::Person(who.identity), how })
}

fn named(plan: &Plan, user: &str) -> Result<String, Fault> {
    plan.person(user).map(|(name, _)| name.to_owned()).ok_or_else(|| Fault::new("somebody of the plan is not in it"))
}
