//! `views.*`: forms and App Homes.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{Answer, Arguments, Refusal};
use crate::slack::{
    Slack, inputs, limits,
    model::View,
    store::{Change, State, Store},
};

/// The most forms on top of each other.
const STACK: usize = 3;

/// The most bytes of a whole view.
const VIEW_BYTES: usize = 250_000;

impl Slack {
    /// Reads and checks the view of a call.
    fn view_given(arguments: &Arguments, kind: &str) -> Result<Value, Refusal> {
        let view = arguments.json("view", "invalid_arguments")?.ok_or("invalid_arguments")?;
        Self::view_checked(&view, kind)?;
        Ok(view)
    }

    /// Checks a view of a call or of a `response_action`.
    pub(crate) fn view_checked(view: &Value, kind: &str) -> Result<(), Refusal> {
        let findings = limits::check_view(view);
        if !findings.0.is_empty() {
            return Err(Refusal::with("invalid_arguments", findings));
        }
        if !kind.is_empty() && view["type"] != kind {
            return Err("invalid_arguments".into());
        }
        if view.to_string().len() > VIEW_BYTES {
            return Err("view_too_large".into());
        }
        Ok(())
    }

    /// Takes a trigger for its one use: who pressed, and in which view.
    fn exchange_trigger(&self, store: &mut Store, arguments: &Arguments) -> Result<(String, Option<String>), Refusal> {
        let id = arguments.text("trigger_id").ok_or("invalid_trigger_id")?;
        let now = self.shared.clock.now();
        let trigger = store.state.triggers.get_mut(&id).ok_or("invalid_trigger_id")?;
        if now >= trigger.expires {
            return Err("expired_trigger_id".into());
        }
        if trigger.used {
            return Err("exchanged_trigger_id".into());
        }
        trigger.used = true;
        Ok((trigger.user.clone(), trigger.view.clone()))
    }

    pub(super) fn open_view(&self, arguments: &Arguments) -> Answer {
        let view = Self::view_given(arguments, "modal")?;
        let mut store = self.lock();
        let (user, _) = self.exchange_trigger(&mut store, arguments)?;
        external_id_free(&store.state, &view, None)?;
        // A form that is still open makes way: one stack a person.
        let open: Vec<View> = store.state.open_modals(&user).into_iter().cloned().collect();
        for mut before in open {
            before.open = false;
            store.change(Change::View(before));
        }
        let view = new_view(&mut store.state, &user, view, None);
        let told = view.api(&self.workspace);
        store.change(Change::View(view));
        Ok(json!({"view": told}))
    }

    pub(super) fn push_view(&self, arguments: &Arguments) -> Answer {
        let view = Self::view_given(arguments, "modal")?;
        let mut store = self.lock();
        let (user, from) = self.exchange_trigger(&mut store, arguments)?;
        if from.is_none() {
            return Err("not_found".into());
        }
        let view = self.push_on(&mut store, &user, view)?;
        Ok(json!({"view": view.api(&self.workspace)}))
    }

    /// Puts a view on top of a person's stack.
    pub(crate) fn push_on(&self, store: &mut Store, user: &str, view: Value) -> Result<View, Refusal> {
        external_id_free(&store.state, &view, None)?;
        let open = store.state.open_modals(user);
        let top = open.last().map(|top| (*top).clone()).ok_or("not_found")?;
        if open.len() >= STACK {
            return Err("push_limit_reached".into());
        }
        let view = new_view(&mut store.state, user, view, Some(&top));
        store.change(Change::View(view.clone()));
        Ok(view)
    }

    pub(super) fn update_view(&self, arguments: &Arguments) -> Answer {
        let body = Self::view_given(arguments, "")?;
        let mut store = self.lock();
        let (id, external) = (arguments.text("view_id"), arguments.text("external_id"));
        let wanted = |view: &&View| match (&id, &external) {
            (Some(id), _) => view.id == *id,
            (None, Some(external)) => view.open && view.body["external_id"].as_str() == Some(external),
            (None, None) => false,
        };
        let view = store.state.views.values().find(wanted).filter(|view| view.open).ok_or("not_found")?.clone();
        if arguments.text("hash").is_some_and(|hash| hash != view.hash) {
            return Err("hash_conflict".into());
        }
        let view = self.replace_view(&mut store, &view, body)?;
        Ok(json!({"view": view.api(&self.workspace)}))
    }

    /// Shows another body in an open view. What was typed into inputs that are still there stays, as on Slack.
    pub(crate) fn replace_view(&self, store: &mut Store, view: &View, body: Value) -> Result<View, Refusal> {
        external_id_free(&store.state, &body, Some(&view.id))?;
        let mut next = view.clone();
        next.body = with_ids(&mut store.state, body);
        next.errors = Map::new();
        next.state = inputs::state_values(next.blocks(), &view.state, &Value::Null).unwrap_or_else(|_| json!({}));
        next.hash = hash(store.state.next_number(), &next);
        store.change(Change::View(next.clone()));
        Ok(next)
    }

    pub(super) fn publish_view(&self, arguments: &Arguments) -> Answer {
        let body = Self::view_given(arguments, "home")?;
        let user = arguments.text("user_id").ok_or("invalid_arguments")?;
        let mut store = self.lock();
        if !store.state.people.contains_key(&user) {
            return Err("user_not_found".into());
        }
        let view = match store.state.home(&user).cloned() {
            Some(home) if arguments.text("hash").is_some_and(|hash| hash != home.hash) => return Err("hash_conflict".into()),
            Some(home) => self.replace_view(&mut store, &home, body)?,
            None => {
                let view = new_view(&mut store.state, &user, body, None);
                store.change(Change::View(view.clone()));
                view
            }
        };
        Ok(json!({"view": view.api(&self.workspace)}))
    }
}

fn external_id_free(state: &State, body: &Value, own: Option<&str>) -> Result<(), Refusal> {
    let Some(external) = body["external_id"].as_str().filter(|external| !external.is_empty()) else { return Ok(()) };
    let taken = |view: &View| view.open && Some(view.id.as_str()) != own && view.body["external_id"].as_str() == Some(external);
    if state.views.values().any(taken) { Err("duplicate_external_id".into()) } else { Ok(()) }
}

fn with_ids(state: &mut State, mut body: Value) -> Value {
    if let Some(blocks) = body.get_mut("blocks").and_then(Value::as_array_mut) {
        inputs::fill_ids(blocks, || state.next_number());
    }
    body
}

fn new_view(state: &mut State, user: &str, body: Value, below: Option<&View>) -> View {
    let body = with_ids(state, body);
    let number = state.next_number();
    let id = format!("V{number:010X}");
    let mut view = View {
        root_view_id: below.map_or_else(|| id.clone(), |below| below.root_view_id.clone()),
        previous_view_id: below.map(|below| below.id.clone()),
        id,
        user: user.to_owned(),
        body,
        hash: String::new(),
        state: json!({}),
        errors: Map::new(),
        open: true,
    };
    view.state = inputs::state_values(view.blocks(), &Value::Null, &Value::Null).unwrap_or_else(|_| json!({}));
    view.hash = hash(number, &view);
    view
}

/// Slack's hash of a view's version: a number and eight letters.
fn hash(number: u64, view: &View) -> String {
    let digest = hex::encode(Sha256::digest(view.body.to_string()));
    format!("{number}.{}", digest.get(..8).unwrap_or_default())
}
