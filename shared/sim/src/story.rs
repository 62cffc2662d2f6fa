//! The language of the tests: people who type, press and submit, and what they are answered.

use std::{collections::BTreeMap, sync::Arc};

use mayday_core::{
    approval::Approval,
    audit::Entry,
    desk::{Caller, Delivery, Request},
    ident::Identity,
    plan::PLAN_KEY,
    port::{Posted, Profile, ResponseUrl, TriggerId, ViewId},
    proposal::Proposal,
    run::Run,
};

use crate::{
    doors,
    executor::{Inner, Shared, Sim, TaskId, stamp},
    fault::{MINUTE, Millis, SECOND},
    function::invoke,
    gate::Gate,
    invariant,
    setting::{CHANNEL, ORG, PEOPLE, REGION},
    state::State,
    trace::Port,
};

/// What a person was answered, to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The response URL, trigger or form.
    pub(crate) handle: String,
    /// The answer as JSON.
    pub(crate) text: String,
}

/// Something that a person sent to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Which delivery it is.
    pub key: String,
    user: String,
    handles: Vec<String>,
    whispers: usize,
    messages: usize,
}

impl Inner {
    /// A person is answered.
    pub(crate) fn hear(&mut self, handle: &str, text: String) {
        self.heard.push(Heard { handle: handle.to_owned(), text });
    }

    /// The last answer to something that was sent.
    pub(crate) fn answer_to(&self, sent: &Sent) -> Option<String> {
        let direct = self.heard.iter().rev().find(|heard| sent.handles.contains(&heard.handle)).map(|heard| heard.text.clone());
        let whispered = || {
            let later = self.state.chat.whispers.iter().skip(sent.whispers);
            later.rev().find(|(user, _)| *user == sent.user).map(|(_, text)| text.clone())
        };
        let posted = || {
            let to_them = self.state.chat.messages.values().skip(sent.messages).rev().find(|said| said.place == sent.user);
            to_them.and_then(|said| said.versions.last().cloned())
        };
        direct.or_else(whispered).or_else(posted)
    }
}

/// Sends a request to the worker, as the ingress hands it over: invoked up to three times until it succeeds.
pub(crate) fn deliver(shared: &Arc<Shared>, who: &Identity, request: Request, again: Option<&str>) -> Sent {
    let mut inner = shared.lock();
    let key = again.map_or_else(|| format!("d-{:016x}", inner.dice.roll()), str::to_owned);
    let user = who.user.as_str();
    let (respond, trigger) = (format!("{key}-response"), format!("{key}-trigger"));
    let mut handles = vec![respond.clone(), trigger.clone()];
    if let Request::Submit { view, .. } = &request {
        handles.push(view.0.clone());
    }
    let delivery = Delivery { key: key.clone(), signed_at: stamp(inner.now), reference: key.clone() };
    let caller = Caller {
        identity: who.clone(),
        channel: Some(CHANNEL.to_owned()),
        respond: Some(ResponseUrl(respond)),
        trigger: Some(TriggerId(trigger)),
    };
    let (whispers, messages) = (inner.state.chat.whispers.len(), inner.state.chat.messages.len());
    let (now, hand) = (inner.now, shared.clone());
    inner.open_deliveries += 1;
    let task = inner.add(now, |task| Box::pin(invoke_worker(hand, task, delivery, caller, request)));
    inner.say(task, format!("{user} sends {key}"));
    Sent { key, user: user.to_owned(), handles, whispers, messages }
}

/// Lambda's asynchronous invocation: two more tries, after one minute and two.
async fn invoke_worker(shared: Arc<Shared>, task: TaskId, delivery: Delivery, caller: Caller, request: Request) {
    let at = shared.lock().entrance();
    let gate = Gate::of(&shared, task).located(at);
    for pause in [MINUTE, 2 * MINUTE, 0] {
        let (delivery, caller, request) = (delivery.clone(), caller.clone(), request.clone());
        let done = invoke(&gate, |world| doors::worker(world, delivery, caller, request)).await;
        if done.is_ok() {
            break;
        }
        gate.pause(pause).await;
    }
    shared.lock().open_deliveries -= 1;
}

/// Has the scheduler tick every so often, for ever.
pub(crate) fn tick(shared: &Arc<Shared>, every: Millis) {
    let mut inner = shared.lock();
    let first = inner.now + inner.dice.between(0, every);
    let hand = shared.clone();
    inner.add(first, |task| {
        Box::pin(async move {
            let gate = Gate::of(&hand, task);
            loop {
                let _ = invoke(&gate, doors::scheduler).await;
                gate.pause(every).await;
            }
        })
    });
}

/// One person.
#[derive(Debug)]
pub struct Person<'a> {
    sim: &'a mut Sim,
    user: String,
    org: String,
}

/// The command by which `orders` is restored to a moment right before its rows were deleted.
pub const RESTORE: &str = "restore orders --at 2026-11-22T11:49:30Z";

/// How long a person waits for an answer.
const PATIENCE: Millis = 15 * MINUTE;

impl Sim {
    /// Somebody, by their name in [`PEOPLE`] or by a user id.
    pub fn as_(&mut self, name: &str) -> Person<'_> {
        let known = PEOPLE.iter().find(|(known, _)| *known == name);
        let user = known.map_or_else(|| name.to_owned(), |(_, user)| (*user).to_owned());
        Person { sim: self, user, org: ORG.to_owned() }
    }

    /// Has the scheduler tick every minute from now on.
    pub fn ticks(&mut self) {
        tick(&self.shared, MINUTE);
    }

    /// Somebody changes the world by hand; no bot is asked.
    pub fn by_hand<T>(&mut self, change: impl FnOnce(&mut State, Millis) -> T) -> T {
        let mut inner = self.shared.lock();
        let now = inner.now;
        change(&mut inner.state, now)
    }

    /// Looks at the world.
    pub fn see<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.lock().state)
    }

    /// Puts another plan in force.
    pub fn put_plan(&mut self, text: &str) {
        self.by_hand(|state, _| state.blobs.entry(PLAN_KEY.to_owned()).or_default().push(text.as_bytes().to_vec()));
    }

    /// Changes what the workspace knows of a person.
    pub fn profile(&mut self, user: &str, change: impl FnOnce(&mut Profile)) {
        self.by_hand(|state, _| state.people.get_mut(user).map(change));
    }

    /// How often the world was changed by a method of a port.
    #[must_use]
    pub fn effects(&self, method: &str) -> usize {
        self.see(|state| state.effects.iter().filter(|effect| effect.method == method).count())
    }

    /// How often functions called a method of a port.
    #[must_use]
    pub fn asked(&self, port: Port, method: &'static str) -> usize {
        self.shared.lock().asked.get(&(port, method)).copied().unwrap_or(0)
    }

    /// What stands in the audit, as `what about`.
    #[must_use]
    pub fn audited(&self, what: &str) -> usize {
        self.see(|state| state.records::<Entry>().iter().filter(|entry| entry.event.what == what).count())
    }

    /// How many executions of a run were ever started.
    #[must_use]
    pub fn executions(&self, run: &str) -> usize {
        self.shared.lock().executions.keys().filter(|name| name.starts_with(run)).count()
    }

    /// The approval of a proposal.
    #[must_use]
    pub fn approval(&self, proposal: &Proposal) -> Option<Approval> {
        self.see(|state| state.record(proposal.id.as_str()))
    }

    /// Whether people see a message with this text.
    #[must_use]
    pub fn shows(&self, text: &str) -> bool {
        self.see(|state| state.chat.showing(text).next().is_some())
    }

    /// Runs until the newest run stands at `wanted`, at most so long.
    pub fn until_run(&mut self, at_most: Millis, wanted: impl Fn(&Run) -> bool) -> Option<Run> {
        let end = self.shared.lock().now + at_most;
        while self.violation().is_none() && self.shared.lock().now < end && !self.run().is_some_and(|run| wanted(&run)) {
            self.run_for(SECOND);
        }
        self.run()
    }

    /// The newest proposal.
    #[must_use]
    pub fn proposal(&self) -> Option<Proposal> {
        let inner = self.shared.lock();
        inner.state.record(inner.state.rows.newest("proposal")?)
    }

    /// The newest run.
    #[must_use]
    pub fn run(&self) -> Option<Run> {
        let inner = self.shared.lock();
        inner.state.record(inner.state.rows.newest("run")?)
    }

    /// What was answered to something that was sent, as JSON.
    #[must_use]
    pub fn answer(&self, sent: &Sent) -> Option<String> {
        self.shared.lock().answer_to(sent)
    }

    /// How many rows the instance has that a database's traffic goes to.
    #[must_use]
    pub fn rows_served(&self, database: &str) -> Option<i64> {
        let inner = self.shared.lock();
        let (instance, table) = invariant::led(&inner.state, database);
        inner.state.databases.instances.get(&(REGION.to_owned(), instance))?.data.count(&table)
    }

    /// Runs until a run has ended, at most so long; says how it stands.
    pub fn until_run_ends(&mut self, at_most: Millis) -> Option<Run> {
        let end = self.shared.lock().now + at_most;
        while self.violation().is_none() && self.shared.lock().now < end {
            if self.run().is_some_and(|run| run.state.is_final() && run.told == run.log.len()) {
                break;
            }
            self.run_for(10_000);
        }
        self.run()
    }
}

impl Person<'_> {
    /// The same user id, in another organization.
    #[must_use]
    pub fn of(mut self, org: &str) -> Self {
        org.clone_into(&mut self.org);
        self
    }

    /// Sends without waiting for the answer.
    pub fn sends(&mut self, request: Request) -> Sent {
        deliver(&self.sim.shared, &Identity { org: self.org.clone(), user: self.user.clone() }, request, None)
    }

    /// Sends once more what was sent before: the same signature, as Slack and Lambda do it.
    pub fn sends_again(&mut self, sent: &Sent, request: Request) -> Sent {
        deliver(&self.sim.shared, &Identity { org: self.org.clone(), user: self.user.clone() }, request, Some(&sent.key))
    }

    /// Sends and waits for the answer.
    pub fn says(&mut self, request: Request) -> String {
        let sent = self.sends(request);
        let mut answer = None;
        self.sim.run_until(PATIENCE, |sim| {
            answer = sim.answer(&sent);
            answer.is_some()
        });
        answer.unwrap_or_else(|| "(no answer)".to_owned())
    }

    /// Types a command and waits for the answer.
    pub fn types(&mut self, text: &str) -> String {
        self.says(Request::Command(text.to_owned()))
    }

    /// Asks for a restore of `orders` to a moment before the rows were deleted, and has a proposal.
    pub fn asks_restore(&mut self) -> Option<Proposal> {
        self.types(RESTORE);
        self.sim.proposal()
    }

    /// Presses a button and waits for the answer.
    pub fn clicks(&mut self, action: &str, value: &str) -> String {
        self.says(click(action, value, None))
    }

    /// Submits the phrase of a proposal and waits for the answer.
    pub fn approves(&mut self, proposal: &Proposal) -> String {
        let view = self.view();
        self.says(phrase(proposal, &view))
    }

    /// A form of its own, that is open.
    pub fn view(&mut self) -> String {
        format!("V-{:08x}", self.sim.shared.lock().dice.roll() >> 32)
    }
}

/// A button.
#[must_use]
pub fn click(action: &str, value: &str, message: Option<Posted>) -> Request {
    Request::Click { action: action.to_owned(), value: value.to_owned(), message }
}

/// The form in which a proposal is approved, with the right phrase.
#[must_use]
pub fn phrase(proposal: &Proposal, view: &str) -> Request {
    Request::Submit {
        callback: "approval_phrase".to_owned(),
        reference: proposal.id.0.clone(),
        values: BTreeMap::from([("phrase".to_owned(), proposal.phrase.clone())]),
        view: ViewId(view.to_owned()),
    }
}
