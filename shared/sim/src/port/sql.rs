use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    port::{Inspection, Probe, ProbeResult, Sql, SqlTarget},
};

use super::{databases::answers, look};
use crate::{
    executor::stamp,
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
}

fn inspect(state: &State, target: &SqlTarget, probes: &[Probe], now: Millis) -> Inspection {
    let unreachable = |why: String| Inspection { connection_error: Some(why), ..Inspection::default() };
    let led = state.zones.answer(&target.host, now).and_then(|record| record.values.first().cloned());
    let wanted = led.unwrap_or_else(|| target.host.clone());
    let instances = &state.databases.instances;
    let Some(((region, id), instance)) = instances.iter().find(|((region, id), _)| host(region, id) == wanted) else {
        return unreachable(format!("{wanted} does not resolve"));
    };
    match state.databases.describe(region, id, now) {
        Some(seen) if answers(&seen) => {}
        _ => return unreachable(format!("{wanted} refuses connections")),
    }
    if !state.secrets.contains_key(&(target.region.clone(), target.secret.clone())) {
        return unreachable("password authentication failed".to_owned());
    }
    let results = probes.iter().map(|probe| answer(&instance.data, probe)).collect();
    Inspection { connection_error: None, server_version: Some(instance.set_up(now).engine_version), results }
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
