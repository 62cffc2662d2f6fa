use jiff::Timestamp;
use serde_json::json;

use super::{Desk, Reply, claim};
use crate::{
    approval::{Approval, State},
    audit, command,
    failure::{Failure, Fault, Refusal},
    ident::Actor,
    policy,
    port::{Page, Posted, World},
    proposal::Proposal,
    run::{self, Lock, Run},
    store::{Created, Kept, Store},
    view,
};

/// How many recent proposals are looked through for one that asks the same.
const RECENT: Page = Page { after: None, newest_first: true, limit: 50 };
/// How often a write that lost a race is made again.
const RACES: u32 = 10;

impl Desk<'_> {
    /// Puts a proposal before those who decide; or starts it, where nobody must.
    ///
    /// # Errors
    /// A refusal when somebody is at the same target, or has asked the same already.
    pub async fn propose(&self, proposal: Proposal) -> Result<Reply, Failure> {
        // Whoever was at this delivery before has made one and died: that one goes on, and there is no second.
        if let Some(earlier) = claim::led_to(self.world, self.delivery).await? {
            return self.set_going(&earlier).await;
        }
        let proposal = if self.glass { policy::break_glass(&self.current.plan, proposal, self.world.clock.now())? } else { proposal };
        self.free(&proposal).await?;
        self.not_asked_yet(&proposal).await?;
        let digest = proposal.digest()?;
        let detail = json!({"proposal": proposal.id, "title": proposal.title, "reason": proposal.reason, "target": proposal.target, "right": proposal.right});
        let event = audit::Event { digest: Some(digest), ..self.event("proposal.made", &proposal.id.0, detail) };
        audit::append(self.world, event).await?;
        claim::leads_to(self.world, self.delivery, &proposal.id).await?;
        let _: Created<Proposal> = Store::of(self.world).create(proposal.clone()).await?;
        self.set_going(&proposal).await
    }

    /// Asks for its approval, or starts it. What of that is done already is not done again.
    async fn set_going(&self, proposal: &Proposal) -> Result<Reply, Failure> {
        let (store, now) = (Store::of(self.world), self.world.clock.now());
        let channel = &self.current.plan.slack.channel;
        let Some(approval) = Approval::of(proposal, proposal.digest()?, self.caller.identity.clone()) else {
            let over = store.load::<Run>(proposal.id.run().as_str()).await?.filter(|run| run.value.state.is_final());
            let run = match over {
                Some(run) => run,
                None => run::begin(self.world, proposal, now).await?,
            };
            return Ok(Reply::Message(view::started(&run.value, proposal, channel)));
        };
        let approval = match store.create(approval).await? {
            Created::New(kept) | Created::Already(kept) => kept,
        };
        if !approval.value.is_open(now) {
            return Ok(Reply::Message(view::decision_reply(&approval.value, proposal)));
        }
        if approval.value.cards.is_empty()
            && let Err(fault) = post_card(self.world, channel, proposal, &approval).await
        {
            // At a terminal the card is printed. In the channel the sweep posts it, as soon as Slack takes it.
            if !self.terminal {
                return Err(fault.into());
            }
            tracing::warn!(proposal = proposal.id.as_str(), fault = fault.chain(), "a card is not posted yet");
        }
        if self.glass {
            command::breakglass::tell(self, proposal).await;
        }
        Ok(Reply::Message(view::proposed(proposal, channel)))
    }

    /// Only one run at a time holds a database or a service.
    async fn free(&self, proposal: &Proposal) -> Result<(), Failure> {
        let store = Store::of(self.world);
        for name in proposal.held() {
            let lock: Option<Kept<Lock>> = store.load(&name).await?;
            let Some(holder) = lock.and_then(|lock| lock.value.run) else { continue };
            let holder: Option<Kept<Run>> = store.load(holder.as_str()).await?;
            if let Some(holder) = holder.filter(|holder| !holder.value.state.is_final()) {
                return Err(Refusal::new(format!("{name} is held by {} ({}).", holder.value.id, holder.value.title))
                    .instead(format!("Wait for it, or stop it with `/dr cancel {}`.", holder.value.id))
                    .into());
            }
        }
        Ok(())
    }

    /// Whoever thinks that a command was lost types it again: that must not make two of it.
    async fn not_asked_yet(&self, proposal: &Proposal) -> Result<(), Failure> {
        let store = Store::of(self.world);
        let now = self.world.clock.now();
        for kept in store.list::<Approval>(&RECENT).await? {
            if !kept.value.is_open(now) || kept.value.requester != self.caller.identity {
                continue;
            }
            let open: Option<Kept<Proposal>> = store.load(kept.value.proposal.as_str()).await?;
            if open.is_some_and(|open| asks_the_same(&open.value, proposal)) {
                return Err(Refusal::new(format!("You have asked for this already: {} waits for approval.", kept.value.proposal))
                    .instead(format!("`/dr cancel {}` takes it back.", kept.value.proposal))
                    .into());
            }
        }
        Ok(())
    }
}

/// Shows a proposal to those who decide, and keeps where. For whoever died before, the sweep does it by [`super::show_once`].
///
/// # Errors
/// When it can't be posted.
pub async fn post_card(world: &World, channel: &str, proposal: &Proposal, approval: &Kept<Approval>) -> Result<(), Fault> {
    let what = |error| Fault::because(format!("the card of {} could not be posted to {channel}", proposal.id), error);
    let card = view::approval_card(proposal, &approval.value, world.clock.now());
    let posted = world.chat.post(channel, None, &card).await.map_err(what)?;
    let thread = posted.ts.clone();
    note_card(world, approval.clone(), posted).await?;
    if let Some(details) = view::approval_details(proposal, &approval.value, world.clock.now()) {
        world.chat.post(channel, Some(&thread), &details).await.map_err(what)?;
    }
    Ok(())
}

/// Keeps where a card is, whoever votes meanwhile.
async fn note_card(world: &World, approval: Kept<Approval>, card: Posted) -> Result<(), Fault> {
    let store = Store::of(world);
    let mut kept = approval;
    for _ in 0..RACES {
        let mut next = kept.value.clone();
        next.cards.push(card.clone());
        if store.replace(&kept, next).await?.is_ok() {
            return Ok(());
        }
        let Some(newer) = store.load(kept.value.proposal.as_str()).await? else { return Ok(()) };
        kept = newer;
    }
    // A button that is pressed on it says where it is.
    Ok(())
}

fn asks_the_same(left: &Proposal, right: &Proposal) -> bool {
    left.verb == right.verb && left.target == right.target && left.title == right.title
}

/// When an approval was given; `None` while it is not.
#[must_use]
pub(crate) fn approved_at(approval: &Approval) -> Option<Timestamp> {
    match approval.state {
        State::Approved { at } => Some(at),
        _ => None,
    }
}

/// The person who asked, where it was one.
pub(crate) fn requester(proposal: &Proposal) -> Option<&str> {
    match &proposal.requester {
        Actor::Person(identity) => Some(&identity.user),
        Actor::System(_) => None,
    }
}
