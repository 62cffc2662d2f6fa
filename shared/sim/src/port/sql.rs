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
    fault::Millis,
    gate::Gate,
    state::{Data, State, databases::host},
    trace::Port,
};

#[async_trait]
impl Sql for Gate {
    async fn inspect(&self, target: &SqlTarget, probes: &[Probe]) -> Result<Inspection, CallError> {
        self.look(look(Port::Sql, "inspect", &target.host), |state, now| Ok(inspect(state, target, probes, now))).await
    }

    async fn change(&self, permit: &Permit, target: &SqlTarget, change: &SqlChange) -> Result<String, CallError> {
        let (owner, target, wanted) = (owner(permit), target.clone(), change.clone());
        let about = target.host.clone();
        self.change(super::change(Port::Sql, "change", &about), move |inner| make(inner, &owner, &target, &wanted)).await
    }
}

/// The instance behind an address; or why nobody answers there.
fn reached(state: &State, target: &SqlTarget, now: Millis) -> Result<(String, String), String> {
    let place = match reached(state, target, now) {
        Ok(place) => place,
        Err(why) => return unreachable(why),
    };
    let Some((instance, data)) = state.databases.instances.get(&place).zip(state.databases.data(&place, now)) else {
        return unreachable("gone".to_owned());
    };
    let follows = instance.follows.as_ref().is_some_and(|follows| follows.cut.is_none_or(|cut| now < cut));
    let results = probes.iter().map(|probe| of_itself(&data, follows, probe).unwrap_or_else(|| answer(&data, probe))).collect();
    let server_version = Some(instance.set_up(now).engine_version);
    Inspection { connection_error: None, server_version, results, changed: None }
}

/// What a database says of itself, for the questions of [`mayday_core::standby`].
fn of_itself(data: &Data, follows: bool, probe: &Probe) -> Option<ProbeResult> {
    let text = |text: &str| Some(text.to_owned());
    let value = match probe.sql.as_str() {
        standby::IN_RECOVERY => text(if follows { "t" } else { "f" }),
        standby::RECEIVERS => text(if follows { "1" } else { "0" }),
        standby::LAG | standby::NEWEST | standby::OLD_SESSIONS => text("0"),
        standby::READ_ONLY => text(if data.is_read_only() { "on" } else { "off" }),
        standby::FROZEN_BY => data.marked(Mark::Frozen.key()).map(str::to_owned),
        standby::WRITTEN_BY => data.marked(Mark::Written.key()).map(str::to_owned),
        _ => return None,
    };
    Some(ProbeResult { name: probe.name.clone(), value, error: None, took_ms: 1 })
}

/// Understands `select count(*) from T` and `select max(…) from T`; anything else is a syntax error.
fn answer(data: &Data, probe: &Probe) -> ProbeResult {
    let words: Vec<&str> = probe.sql.split_whitespace().collect();
    let found = match words.as_slice() {
        ["select", "count(*)", "from", table] => data.count(table).map(|rows| rows.to_string()),
        ["select", newest, "from", table] if newest.starts_with("max(") => {
            data.newest(table).map(|at| stamp(at).strftime("%Y-%m-%d %H:%M:%S%.f+00").to_string())
        }
        _ => None,
    };
    let error = found.is_none().then(|| "relation does not exist".to_owned());
    ProbeResult { name: probe.name.clone(), value: found, error, took_ms: 1 }
}
