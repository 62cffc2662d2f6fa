use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    policy::Permit,
    port::{Inspection, Mark, Probe, ProbeResult, Sql, SqlChange, SqlTarget, Tags},
    standby,
};

use super::{databases::answers, look, owner, takes_effect};
use crate::{
    executor::{Inner, stamp},
    fault::{Millis, SECOND},
    gate::Gate,
    state::{Data, Follows, State, databases::host},
    trace::Port,
};

#[async_trait]
impl Sql for Gate {
    async fn inspect(&self, target: &SqlTarget, probes: &[Probe]) -> Result<Inspection, CallError> {
        self.look(look(Port::Sql, "inspect", &target.host).in_region(&target.region), |state, now| Ok(inspect(state, target, probes, now)))
            .await
    }

    async fn change(&self, permit: &Permit, target: &SqlTarget, change: &SqlChange) -> Result<String, CallError> {
        let (owner, target, wanted) = (owner(permit), target.clone(), change.clone());
        let (about, region) = (target.host.clone(), target.region.clone());
        self.change(super::change(Port::Sql, "change", &about).in_region(&region), move |inner| make(inner, &owner, &target, &wanted)).await
    }
}

/// The instance behind an address; or why nobody answers there.
fn reached(state: &State, target: &SqlTarget, now: Millis) -> Result<(String, String), String> {
    let led = state.zones.answer(&target.host, now).and_then(|record| record.values.first().cloned());
    let wanted = led.unwrap_or_else(|| target.host.clone());
    let found = state.databases.instances.keys().find(|(region, id)| host(region, id) == wanted);
    let place = found.ok_or_else(|| format!("{wanted} does not resolve"))?;
    match state.databases.describe(&place.0, &place.1, now) {
        Some(seen) if answers(&seen) => {}
        _ => return Err(format!("{wanted} refuses connections")),
    }
    if state.secrets.contains_key(&(target.region.clone(), target.secret.clone())) {
        Ok(place.clone())
    } else {
        Err("password authentication failed".to_owned())
    }
}

fn make(inner: &mut Inner, owner: &Tags, target: &SqlTarget, change: &SqlChange) -> Result<String, CallError> {
    let now = inner.now;
    let place = reached(&inner.state, target, now).map_err(|why| CallError::NotNow { code: "Unreachable".to_owned(), why })?;
    let seen = inner.state.databases.describe(&place.0, &place.1, now);
    let read_only = || CallError::refused("25006", "cannot execute INSERT in a read-only transaction");
    if seen.is_some_and(|seen| seen.replica_of.is_some()) {
        return Err(read_only());
    }
    let method = match change {
        SqlChange::Freeze { .. } => "freeze",
        SqlChange::Thaw => "thaw",
        SqlChange::WriteProbe { .. } => "write_probe",
    };
    let Some(data) = inner.state.databases.instances.get_mut(&place).map(|instance| &mut instance.data) else {
        return Err(CallError::NotNow { code: "Unreachable".to_owned(), why: "gone".to_owned() });
    };
    match change {
        SqlChange::Freeze { run } => {
            data.set_read_only(now, true);
            data.mark(now, Mark::Frozen.key(), run);
        }
        SqlChange::Thaw => data.set_read_only(now, false),
        SqlChange::WriteProbe { .. } if data.is_read_only() => return Err(read_only()),
        SqlChange::WriteProbe { run } => data.mark(now, Mark::Written.key(), run),
    }
    takes_effect(inner, owner, method, &place.1);
    Ok(method.to_owned())
}

fn inspect(state: &State, target: &SqlTarget, probes: &[Probe], now: Millis) -> Inspection {
    let unreachable = |why: String| Inspection { connection_error: Some(why), ..Inspection::default() };
    let place = match reached(state, target, now) {
        Ok(place) => place,
        Err(why) => return unreachable(why),
    };
    let Some((instance, data)) = state.databases.instances.get(&place).zip(state.databases.data(&place, now)) else {
        return unreachable("gone".to_owned());
    };
    let follows = instance.follows.as_ref().filter(|follows| follows.cut.is_none_or(|cut| now < cut));
    let results = probes.iter().map(|probe| of_itself(&data, follows, probe).unwrap_or_else(|| answer(&data, probe))).collect();
    let server_version = Some(instance.set_up(now).engine_version);
    Inspection { connection_error: None, server_version, results, changed: None }
}

/// What a database says of itself, for the questions of [`mayday_core::standby`].
fn of_itself(data: &Data, follows: Option<&Follows>, probe: &Probe) -> Option<ProbeResult> {
    let text = |text: &str| Some(text.to_owned());
    let value = match probe.sql.as_str() {
        standby::IN_RECOVERY => text(if follows.is_some() { "t" } else { "f" }),
        standby::RECEIVERS => text(if follows.is_some() { "1" } else { "0" }),
        standby::LAG => Some((follows.map_or(0, |follows| follows.unreplayed) / SECOND).to_string()),
        standby::NEWEST | standby::OLD_SESSIONS => text("0"),
        standby::READ_ONLY => text(if data.is_read_only() { "on" } else { "off" }),
        standby::FROZEN_BY => data.marked(Mark::Frozen.key()).map(str::to_owned),
        standby::WRITTEN_BY => data.marked(Mark::Written.key()).map(str::to_owned),
        _ => return None,
    };
    Some(ProbeResult { name: probe.name.clone(), value, error: None, took_ms: 1 })
}

/// Understands `select 1`, `select count(*) from T` and `select max(…) from T`; anything else is a syntax error.
fn answer(data: &Data, probe: &Probe) -> ProbeResult {
    let words: Vec<&str> = probe.sql.split_whitespace().collect();
    let found = match words.as_slice() {
        ["select", "1"] => Some("1".to_owned()),
        ["select", "count(*)", "from", table] => data.count(table).map(|rows| rows.to_string()),
        ["select", newest, "from", table] if newest.starts_with("max(") => {
            data.newest(table).map(|at| stamp(at).strftime("%Y-%m-%d %H:%M:%S%.f+00").to_string())
        }
        _ => None,
    };
    let error = found.is_none().then(|| "relation does not exist".to_owned());
    ProbeResult { name: probe.name.clone(), value: found, error, took_ms: 1 }
}
