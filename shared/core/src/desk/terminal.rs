//! The desk for those without Slack: whom AWS has vouched for, and who reads the answer at a terminal.
//!
//! The door (the worker) has verified by then that a request was made with the credentials of a principal. Which person that is stands in
//! the plan; from there on it is the same desk, the same policy, the same proposals, decisions and audit as for Slack's door.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Caller, Delivery, Desk, Ending, Reply, Request, claim, judged};
use crate::{
    approval::{Approval, State as Decided},
    audit, command,
    failure::{Failure, Fault, Refusal},
    ident::{Actor, Identity, ProposalId, RunId},
    plan::{self, Plan},
    policy,
    port::{ViewId, World},
    proposal::Proposal,
    run::{Run, State},
    store::{Kept, Store},
    view::{self, Block, Element, Form, Message},
};

/// What somebody asks for at a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Asked {
    /// What would stand behind the slash command.
    Command {
        /// The words.
        words: String,
    },
    /// What would be a button.
    Press {
        /// Its stable handle: `approve`, `deny`, `retry`, …
        action: String,
        /// The id that it would carry.
        about: String,
    },
    /// What would be sent with a form.
    Submit {
        /// Which form.
        form: String,
        /// The id that it carries.
        about: String,
        /// What was typed, by handle.
        values: BTreeMap<String, String>,
    },
    /// What became of a proposal or a run.
    Watch {
        /// Its id.
        about: String,
        /// How much of what happened was seen already.
        since: usize,
    },
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// How it ended.
    pub outcome: Outcome,
    /// In words, for a terminal.
    pub text: String,
    /// What must be filled in before anything is done.
    #[serde(default)]
    pub form: Option<Questions>,
    /// The proposal or run that it is about, where there is one.
    #[serde(default)]
    pub about: Option<String>,
    /// Where that stands.
    #[serde(default)]
    pub stands: Option<Stands>,
    /// The bot's own time, for a clock that differs from it.
    pub now: Timestamp,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered, or done.
    Answered,
    /// It was refused; nothing was done.
    Refused,
    /// It can't be told who asks, or whether they may; nothing was done.
    Unverified,
    /// The time that it was signed at is not now: to be signed again by the clock that the answer names.
    WrongClock,
    /// Something broke; it may or may not have been done.
    Broke,
}

/// Where what is watched stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// In one word.
    pub state: Progress,
    /// How much of what happened was shown by now.
    pub seen: usize,
}

/// The states that whoever watches tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Nobody has decided yet.
    Waits,
    /// It goes on by itself.
    Runs,
    /// People must decide.
    Stuck,
    /// It was done.
    Succeeded,
    /// It was not done, or not all of it: denied, expired, failed, stopped.
    Ended,
}

/// A form, to be filled in line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Questions {
    /// Which form.
    pub form: String,
    /// The id that it carries.
    pub about: String,
    /// What sending it does.
    pub submit: String,
    /// The questions.
    pub fields: Vec<Question>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The handle that the answer comes back under.
    pub handle: String,
    /// The question.
    pub label: String,
    /// A hint.
    pub hint: Option<String>,
    /// Whether it may be left empty.
    pub optional: bool,
    /// What holds where nothing is typed.
    pub default: Option<String>,
    /// What can be chosen, and the value of each; none: anything can be typed.
    pub choices: Vec<(String, String)>,
}

/// Answers whoever has proved to AWS to be this principal.
///
/// # Errors
/// When it can't be told, or not be written, who asked for what.
pub async fn at_terminal(world: &World, principal: &str, delivery: &Delivery, asked: &Asked) -> Result<Answered, Fault> {
    let current = plan::current(world.blobs.as_ref()).await.map_err(Failure::into_fault)?;
    let now = world.clock.now();
    let Some((name, person)) = current.plan.person_at_aws(principal) else {
        let detail = json!({"principal": principal});
        audit::append(world, event(now, Actor::System("terminal".to_owned()), "terminal.stranger", principal, detail)).await?;
        return Ok(Answered { outcome: Outcome::Refused, ..said(&current.plan, now, &view::principal_unknown(principal)) });
    };
    let identity = Identity { org: current.plan.slack.organization.clone(), user: person.slack.clone() };
    policy::vouch(world, &identity, name, principal).await?;
    let caller = Caller { identity, channel: None, respond: None, trigger: None };
    // One person's deliveries are told apart from everybody else's.
    let delivery = Delivery { key: format!("aws-{}-{}", caller.identity.user, delivery.key), ..delivery.clone() };
    if let Asked::Watch { about, since } = asked {
        let desk = Desk { world, current, caller: &caller, delivery: &delivery.key, glass: false, terminal: true };
        return watched(&desk, about, *since, &delivery.reference).await;
    }
    if is_more_than_a_look(asked) {
        let detail = json!({"principal": principal, "asked": asked});
        audit::append(world, event(now, Actor::Person(caller.identity.clone()), "terminal.asked", about(asked), detail)).await?;
    }
    let request = request(asked);
    let Some((ending, reply)) = judged(world, &delivery, &caller, &request, true).await? else {
        return Ok(said(&current.plan, now, &view::answered_before()));
    };
    let mut answered = answered(world, &current.plan, (asked, &delivery), reply).await?;
    answered.outcome = match ending {
        Ending::Answered => Outcome::Answered,
        Ending::Refused => Outcome::Refused,
        Ending::Broke => Outcome::Broke,
    };
    claim::done(world, &delivery.key).await?;
    Ok(answered)
}

fn request(asked: &Asked) -> Request {
    match asked {
        Asked::Command { words } => Request::Command(words.clone()),
        Asked::Press { action, about } => Request::Click { action: action.clone(), value: about.clone(), message: None },
        // There is no window to replace: the answer is printed.
        Asked::Submit { form, about, values } => {
            Request::Submit { callback: form.clone(), reference: about.clone(), values: values.clone(), view: ViewId(String::new()) }
        }
        Asked::Watch { about, .. } => Request::Unknown(about.clone()),
    }
}

/// Who only looks leaves no trace in Slack either.
fn is_more_than_a_look(asked: &Asked) -> bool {
    match asked {
        Asked::Command { words } => command::parse(words)
            .is_ok_and(|command| command.verb().right().is_none_or(policy::Verb::changes) && command.verb().name() != "help"),
        Asked::Press { .. } | Asked::Submit { .. } => true,
        Asked::Watch { .. } => false,
    }
}

/// What an entry of the audit is about: so that `why` finds it.
fn about(asked: &Asked) -> &str {
    match asked {
        Asked::Command { words } => words,
        Asked::Press { about, .. } | Asked::Submit { about, .. } | Asked::Watch { about, .. } => about,
    }
}

fn event(at: Timestamp, actor: Actor, what: &str, about: &str, detail: serde_json::Value) -> audit::Event {
    let about = about.chars().take(200).collect();
    audit::Event { at, actor, what: what.to_owned(), about, digest: None, detail }
}

/// The reply as text, and what is to be known beside it.
async fn answered(world: &World, plan: &Plan, (asked, delivery): (&Asked, &Delivery), reply: Reply) -> Result<Answered, Fault> {
    let now = world.clock.now();
    let made = claim::led_to(world, &delivery.key).await?;
    let mut answered = match reply {
        Reply::Nothing => said(plan, now, &view::answered_before()),
        Reply::Message(message) => said(plan, now, &message),
        Reply::Form(form) => {
            let text = view::plain_form(&form, &|user| named(plan, user));
            Answered { form: questions(&form), ..of_text(now, text) }
        }
    };
    answered.about = made.as_ref().map(|proposal| proposal.id.0.clone()).or_else(|| match asked {
        Asked::Command { .. } => None,
        _ => Some(about(asked).to_owned()).filter(|id| id.starts_with("p-") || id.starts_with("r-")),
    });
    // In Slack the card stands in the channel; here whoever asks sees it at once.
    if let Some(proposal) = made {
        let approval: Option<Kept<Approval>> = Store::of(world).load(proposal.id.as_str()).await?;
        if let Some(approval) = approval {
            let card = view::plain(&view::approval_card(&proposal, &approval.value, now), &|user| named(plan, user));
            let next = view::plain(&view::decide_at_terminal(proposal.id.as_str()), &|user| named(plan, user));
            answered.text = format!("{card}\n\n{}\n{next}", answered.text);
        }
    }
    Ok(answered)
}

fn named(plan: &Plan, user: &str) -> Option<String> {
    plan.person(user).map(|(name, _)| name.to_owned())
}

fn said(plan: &Plan, now: Timestamp, message: &Message) -> Answered {
    of_text(now, view::plain(message, &|user| named(plan, user)))
}

fn of_text(now: Timestamp, text: String) -> Answered {
    Answered { outcome: Outcome::Answered, text, form: None, about: None, stands: None, now }
}

/// A form's questions; `None`: it asks nothing.
fn questions(form: &Form) -> Option<Questions> {
    let fields: Vec<Question> = form.blocks.iter().filter_map(question).collect();
    let submit = form.submit.clone().filter(|_| !fields.is_empty())?;
    Some(Questions { form: form.callback.clone(), about: form.reference.clone(), submit, fields })
}

fn question(block: &Block) -> Option<Question> {
    let Block::Input { label, element, hint, optional, .. } = block else { return None };
    let (handle, default, choices) = match element {
        Element::PlainTextInput { action_id, initial_value, .. } => (action_id, initial_value.clone(), Vec::new()),
        Element::StaticSelect { action_id, options, initial_option } => {
            let choices = options.iter().map(|choice| (choice.text.0.clone(), choice.value.clone())).collect();
            (action_id, initial_option.as_ref().map(|choice| choice.value.clone()), choices)
        }
        Element::Button { .. } => return None,
    };
    let hint = hint.as_ref().map(|hint| hint.0.clone());
    Some(Question { handle: handle.clone(), label: label.0.clone(), hint, optional: *optional, default, choices })
}

/// What became of a proposal or a run, as far as it was not seen yet.
async fn watched(desk: &Desk<'_>, about: &str, since: usize, reference: &str) -> Result<Answered, Fault> {
    let (plan, now) = (&desk.current.plan, desk.world.clock.now());
    match news(desk, about, since).await {
        Ok(answered) => Ok(answered),
        Err(Failure::Refusal(refusal)) => Ok(Answered { outcome: Outcome::Refused, ..said(plan, now, &view::refusal(&refusal)) }),
        Err(Failure::Fault(fault)) => {
            tracing::error!(reference, fault = fault.chain(), "a request failed");
            Ok(Answered { outcome: Outcome::Broke, ..said(plan, now, &view::fault(reference)) })
        }
    }
}

async fn news(desk: &Desk<'_>, about: &str, since: usize) -> Result<Answered, Failure> {
    desk.allowed(policy::Verb::Look, None).await?;
    let (plan, now) = (&desk.current.plan, desk.world.clock.now());
    let store = Store::of(desk.world);
    let run = if about.starts_with("p-") { ProposalId(about.to_owned()).run() } else { RunId(about.to_owned()) };
    let proposal: Option<Kept<Proposal>> = store.load(run.proposal().as_str()).await?;
    let Some(proposal) = proposal else {
        return Ok(Answered { outcome: Outcome::Refused, ..said(plan, now, &view::nothing_to_watch(about)) });
    };
    let proposal = proposal.value;
    let text = |message: &Message| view::plain(message, &|user| named(plan, user));
    let found: Option<Kept<Run>> = store.load(run.as_str()).await?;
    let Some(run) = found.map(|kept| kept.value) else {
        let approval: Kept<Approval> = store
            .load(proposal.id.as_str())
            .await?
            .ok_or_else(|| Refusal::new(format!("{} has not begun yet.", proposal.id)).instead("Ask again in a minute."))?;
        let approval = approval.value;
        let (state, words) = match &approval.state {
            Decided::Pending if approval.is_open(now) => (Progress::Waits, text(&view::approval_card(&proposal, &approval, now))),
            // Whoever saw the last vote starts it, and so does the next tick.
            Decided::Approved { .. } => (Progress::Runs, text(&view::decision_reply(&approval, &proposal))),
            _ => (Progress::Ended, text(&view::decision_reply(&approval, &proposal))),
        };
        // The card is shown once, and once more when it was decided.
        let seen = usize::from(state != Progress::Waits) + 1;
        let words = if seen > since { words } else { String::new() };
        let stands = Stands { state, seen };
        return Ok(Answered { about: Some(about.to_owned()), stands: Some(stands), ..of_text(now, words) });
    };
    // What was seen of the proposal counts as two.
    let seen = since.saturating_sub(PROPOSAL);
    let told =
        run.log.iter().skip(seen).map(|told| format!("{} {}", told.at.strftime("%H:%M:%S"), text(&view::run_reply(&run, &proposal, told))));
    let mut words: Vec<String> = told.collect();
    let state = match &run.state {
        _ if run.waits_for_people() => Progress::Stuck,
        State::Running | State::Stuck { .. } => Progress::Runs,
        State::Succeeded => Progress::Succeeded,
        State::Failed { .. } | State::Stopped { .. } => Progress::Ended,
    };
    if run.state.is_final() && seen < run.log.len() {
        words.push(text(&view::with_objectives(view::run_report(&run, &proposal), plan, &run, &proposal)));
    } else if since == 0 {
        words.push(text(&view::run_headline(&run, &proposal, now)));
    }
    let stands = Stands { state, seen: run.log.len() + PROPOSAL };
    Ok(Answered { about: Some(run.id.0.clone()), stands: Some(stands), ..of_text(now, words.join("\n")) })
}

/// What there is to see of a proposal before it runs: its card, and how it was decided.
const PROPOSAL: usize = 2;
