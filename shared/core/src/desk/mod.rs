//! The desk: takes what people type, press and submit, whichever door it came through, and answers each of them once.
//!
//! A door authenticates and translates into a [`Request`]; everything after that is the same for all doors.

mod claim;
mod click;
mod links;
mod propose;
mod shortcut;
mod submit;
mod terminal;
mod typed;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

pub use claim::{Claim, LEASE};
pub(crate) use click::decided;
pub use click::{show_once, tell_decision};
pub use propose::post_card;
pub use terminal::{Answered, Asked, Outcome, Progress, Question, Questions, Stands, at_terminal};

use crate::{
    approval::Approval,
    audit,
    command::{self, Command},
    failure::{CallError, Failure, Fault, Refusal},
    ident::{Actor, Identity},
    plan::{self, Current},
    policy::{self, Authorized},
    port::{Posted, ResponseUrl, TriggerId, ViewId, World},
    view::{self, Form, Message},
    when::{self, When, Zones},
};

/// Who asks, and where an answer reaches them.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// Who.
    pub identity: Identity,
    /// The channel that they are in.
    pub channel: Option<String>,
    /// Where to answer; checked by the door.
    pub respond: Option<ResponseUrl>,
    /// What opens a form.
    pub trigger: Option<TriggerId>,
}

/// What somebody typed, pressed or submitted.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// A command's text.
    Command(String),
    /// A button.
    Click {
        /// Its stable handle.
        action: String,
        /// The opaque id that it carries.
        value: String,
        /// The message that it stands in.
        message: Option<Posted>,
    },
    /// A form.
    Submit {
        /// Which form.
        callback: String,
        /// The opaque id that it carries.
        reference: String,
        /// What was typed, by handle.
        values: BTreeMap<String, String>,
        /// The form, to be replaced by the answer.
        view: ViewId,
    },
    /// A shortcut.
    Shortcut {
        /// Which one.
        callback: String,
        /// The message that it was used on, then the one that this one's thread hangs from.
        messages: Vec<Posted>,
    },
    /// Somebody looks at the home tab.
    Home,
    /// Something that this release does not know.
    Unknown(String),
}

/// One delivery of a request. Slack, Lambda and people all repeat themselves; `key` is the same when they do.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The digest of the signature.
    pub key: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The reference that a person is given when something goes wrong.
    pub reference: String,
}

/// What the person who asked gets to see.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A message, to them alone.
    Message(Message),
    /// A form, in place of the one that they submitted.
    Form(Form),
    /// Nothing: it is shown already.
    Nothing,
}

/// An intent that is older than this is not carried out any more: the world that the person saw is gone.
const TOO_OLD: SignedDuration = SignedDuration::from_mins(5);

/// Answers one delivery, at most once.
///
/// # Errors
/// When nobody could be told anything: whoever called must try again, or say so by another way.
pub async fn handle(world: &World, delivery: &Delivery, caller: &Caller, request: &Request) -> Result<(), Fault> {
    let Some((_, reply)) = judged(world, delivery, caller, request, false).await? else { return Ok(()) };
    show(world, caller, request, reply).await?;
    claim::done(world, &delivery.key).await
}

/// How a request ended.
enum Ending {
    Answered,
    Refused,
    Broke,
}

/// Claims a delivery and does what it asks for. `None`: it was answered before. Whoever gets a reply shows it, and marks the claim as done.
async fn judged(
    world: &World,
    delivery: &Delivery,
    caller: &Caller,
    request: &Request,
    terminal: bool,
) -> Result<Option<(Ending, Reply)>, Fault> {
    if claim::take(world, delivery).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(match answer(world, delivery, caller, request, terminal).await {
        Ok(reply) => (Ending::Answered, reply),
        Err(Failure::Refusal(refusal)) => (Ending::Refused, refused(world, caller, request, &refusal).await?),
        Err(Failure::Fault(fault)) => {
            tracing::error!(reference = delivery.reference, fault = fault.chain(), "a request failed");
            (Ending::Broke, trouble(request, &delivery.reference))
        }
    }))
}

async fn answer(world: &World, delivery: &Delivery, caller: &Caller, request: &Request, terminal: bool) -> Result<Reply, Failure> {
    // Looking at the home tab is no intent.
    if *request != Request::Home && world.clock.now().duration_since(delivery.signed_at) > TOO_OLD {
        return Err(Refusal::new("This came too late: more than five minutes after you sent it. Nothing was done.")
            .instead("Type it again.")
            .into());
    }
    let current = plan::current(world.blobs.as_ref()).await;
    // How a verb is used is for everybody, plan or no plan.
    if let Request::Command(text) = request
        && let Ok(Command::Help(command::help::Args { verb: Some(verb) })) = command::parse(text)
    {
        let name = current.as_ref().ok().and_then(|current| command::help::example_name(&current.plan, verb));
        return Ok(Reply::Message(view::help_verb(verb, name)));
    }
    let current = current?;
    let desk = Desk { world, current, caller, delivery: &delivery.key, glass: false, terminal };
    match request {
        Request::Command(text) => typed::handle(&desk, text).await,
        Request::Click { action, value, message } => click::handle(&desk, action, value, message.as_ref()).await,
        Request::Submit { callback, reference, values, .. } => submit::handle(&desk, callback, reference, values).await,
        Request::Shortcut { callback, messages } => shortcut::handle(&desk, callback, messages).await,
        Request::Home => desk.command(&Command::Home(command::home::Args {})).await,
        Request::Unknown(what) => {
            audit::append(world, desk.event("request.unknown", what, json!(null))).await?;
            Err(Refusal::new("This has expired, or is not known to this release. Nothing was done.").into())
        }
    }
}

/// One request at the desk: the world, the plan in force, and who asks.
pub struct Desk<'a> {
    /// The world.
    pub world: &'a World,
    /// The plan in force.
    pub current: Current,
    /// Who asks.
    pub caller: &'a Caller,
    /// The delivery's key.
    pub delivery: &'a str,
    /// Whether they break the glass.
    pub glass: bool,
    /// Whether they are at a terminal, and AWS has vouched for them: Slack may be down.
    pub terminal: bool,
}

impl Desk<'_> {
    /// Does what a command says.
    ///
    /// # Errors
    /// As the command's own.
    pub(crate) async fn command(&self, command: &Command) -> Result<Reply, Failure> {
        match command {
            Command::Help(args) => command::help::run(self, args).await,
            Command::Home(args) => command::home::run(self, args).await,
            Command::Status(args) => command::status::run(self, args).await,
            Command::Health(args) => command::health::run(self, args).await,
            Command::Diagnose(args) => command::diagnose::run(self, args).await,
            Command::Backup(args) => command::backup::run(self, args).await,
            Command::Backups(args) => command::backups::run(self, args).await,
            Command::Restore(args) => command::restore::run(self, args).await,
            Command::Failover(args) => command::failover::run(self, args).await,
            Command::Failback(args) => command::failback::run(self, args).await,
            Command::Runbook(args) => command::runbook::run(self, args).await,
            Command::Approvals(args) => command::approvals::run(self, args).await,
            Command::Runs(args) => command::runs::run(self, args).await,
            Command::Why(args) => command::why::run(self, args).await,
            Command::Plan(args) => command::plan::run(self, args).await,
            Command::Whoami(args) => command::whoami::run(self, args).await,
            Command::Can(args) => command::can::run(self, args).await,
            Command::Breakglass(args) => command::breakglass::run(self, args).await,
            Command::Standing(args) => command::standing::run(self, args).await,
            Command::Cancel(args) => command::cancel::run(self, args).await,
            Command::Page(args) => command::page::run(self, args).await,
            Command::Ack(args) => command::ack::run(self, args).await,
            Command::Doctor(args) => command::doctor::run(self, args).await,
            Command::Contacts(args) => command::contacts::run(self, args).await,
        }
    }

    /// Asks the policy whether the caller may do this in that environment.
    ///
    /// # Errors
    /// As [`policy::authorize`].
    pub async fn allowed(&self, verb: policy::Verb, environment: Option<&str>) -> Result<Authorized, Failure> {
        let plan = &self.current.plan;
        let under = policy::Circumstances { break_glass: self.glass, ..policy::Circumstances::default() };
        let under = under.with_on_call(plan, &self.caller.identity, self.world.clock.now());
        let ask = policy::Ask { verb, on: environment.map(policy::On::Environment), under };
        policy::authorize_under(plan, &policy::Remembering::of(self.world), &self.caller.identity, &ask).await
    }

    /// The plan's entry for a database that somebody typed.
    ///
    /// # Errors
    /// A refusal with the nearest name.
    pub fn database(&self, name: &str) -> Result<&plan::Database, Refusal> {
        let known: Vec<&str> = self.current.plan.databases.keys().map(String::as_str).collect();
        self.current.plan.databases.get(name).ok_or_else(|| command::unknown("database", name, &known))
    }

    /// Reads a moment that somebody typed, in their zone.
    ///
    /// # Errors
    /// A refusal that says what can be typed.
    pub fn when(&self, text: &str, who: &Authorized) -> Result<When, Refusal> {
        when::instant(text, self.world.clock.now(), Zones { person: who.zone.as_deref(), plan: Some(&self.current.plan.timezone) })
    }

    /// An audit entry in the caller's name.
    pub(crate) fn event(&self, what: &str, about: &str, detail: serde_json::Value) -> audit::Event {
        audit::Event {
            at: self.world.clock.now(),
            actor: Actor::Person(self.caller.identity.clone()),
            what: what.to_owned(),
            about: about.to_owned(),
            digest: None,
            detail,
        }
    }
}

/// Tells a person that what they asked for was taken and then lost: every try to answer it has failed.
///
/// # Errors
/// When they can't be told.
pub async fn lost(world: &World, caller: &Caller, request: &Request, reference: &str) -> Result<(), Fault> {
    show(world, caller, request, trouble(request, reference)).await
}

/// Writes a refusal to the audit, and puts it where the person is.
async fn refused(world: &World, caller: &Caller, request: &Request, refusal: &Refusal) -> Result<Reply, Fault> {
    // Who looks in vain has done nothing that anybody need read of.
    if *request == Request::Home {
        return Ok(Reply::Message(view::refusal(refusal)));
    }
    // A click or a form is about the proposal or run whose id it carries: `/dr why` finds it there.
    let (what, asked, about) = match request {
        Request::Command(text) => ("command.refused", "", text.as_str()),
        Request::Click { action, value, .. } => ("click.refused", action.as_str(), value.as_str()),
        Request::Submit { callback, reference, .. } => ("form.refused", callback.as_str(), reference.as_str()),
        Request::Shortcut { callback, .. } => ("request.refused", callback.as_str(), "shortcut"),
        Request::Unknown(what) => ("request.refused", "", what.as_str()),
        Request::Home => ("request.refused", "", "home"),
    };
    let event = audit::Event {
        at: world.clock.now(),
        actor: Actor::Person(caller.identity.clone()),
        what: what.to_owned(),
        about: about.chars().take(200).collect(),
        digest: None,
        detail: json!({"refusal": refusal.to_string(), "asked": asked}),
    };
    audit::append(world, event).await?;
    Ok(match request {
        Request::Submit { .. } => Reply::Form(view::told_form("Not done", &view::refusal(refusal))),
        _ => Reply::Message(view::refusal(refusal)),
    })
}

fn trouble(request: &Request, reference: &str) -> Reply {
    match request {
        Request::Submit { .. } => Reply::Form(view::told_form("Something broke", &view::fault(reference))),
        _ => Reply::Message(view::fault(reference)),
    }
}

/// Puts a reply where the person is: in the form, by the response URL, in the channel for them alone, or in a direct message.
async fn show(world: &World, caller: &Caller, request: &Request, reply: Reply) -> Result<(), Fault> {
    let message = match (reply, request) {
        (Reply::Nothing, _) => return Ok(()),
        (Reply::Form(form), Request::Submit { view, .. }) => match world.chat.update_form(view, &form).await {
            Ok(()) => return Ok(()),
            // They have closed it: tell them all the same.
            Err(error) => {
                tracing::info!(error = %error, "a form could not be replaced");
                view::of_form(&form)
            }
        },
        (Reply::Form(form), _) => match open(world, caller, &form).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                tracing::info!(error = %error, "a form could not be opened");
                view::form_expired(&form)
            }
        },
        (Reply::Message(message), Request::Home) => {
            let told = world.chat.publish(&caller.identity.user, &message).await;
            return told.map_err(|error| Fault::because("the home tab can't be shown", error));
        }
        (Reply::Message(message), _) => message,
    };
    whisper(world, caller, &message).await.map_err(|error| Fault::because("nobody could be told", error))
}

async fn open(world: &World, caller: &Caller, form: &Form) -> Result<(), CallError> {
    let trigger = caller.trigger.as_ref().ok_or_else(|| CallError::refused("no_trigger", "there is nothing to open a form with"))?;
    world.chat.open(trigger, form).await.map(drop)
}

async fn whisper(world: &World, caller: &Caller, message: &Message) -> Result<(), CallError> {
    if let Some(url) = &caller.respond
        && world.chat.respond(url, message).await.is_ok()
    {
        return Ok(());
    }
    let user = &caller.identity.user;
    if let Some(channel) = &caller.channel
        && world.chat.whisper(channel, user, message).await.is_ok()
    {
        return Ok(());
    }
    world.chat.post(user, None, message).await.map(drop)
}

/// Edits every card of a proposal to show how it stands now.
pub(crate) async fn refresh_cards(world: &World, approval: &Approval, proposal: &crate::proposal::Proposal) {
    let card = view::approval_card(proposal, approval, world.clock.now());
    for posted in &approval.cards {
        if let Err(error) = world.chat.update(posted, &card).await {
            // The buttons are judged when they are pressed, so a stale card misleads but does no harm.
            tracing::warn!(proposal = proposal.id.as_str(), error = %error, "a card was not edited");
        }
    }
}
