use async_trait::async_trait;
use jiff::SignedDuration;
use mayday_core::{
    failure::Fault,
    picture::Chart,
    plan::ProbeKind,
    port::{Answer, Charts, Probes},
};

use super::look;
use crate::{fault::Millis, gate::Gate, state::State, trace::Port};

/// A chart as its description: enough to see which picture was shown.
impl Charts for Gate {
    fn png(&self, chart: &Chart) -> Result<Vec<u8>, Fault> {
        Ok(format!("{chart:?}").into_bytes())
    }
}

#[async_trait]
impl Probes for Gate {
    async fn ask(&self, probe: &ProbeKind, _: SignedDuration) -> Answer {
        let about = match probe {
            ProbeKind::Http { url, .. } => url,
            ProbeKind::Tcp { address } => address,
            ProbeKind::Postgres { database } => database,
            ProbeKind::Dns { name, .. } => name,
        };
        let asked = self.look(look(Port::Probes, "ask", about), |state, now| Ok(answer(state, probe, now)));
        // What goes wrong with a call is our own trouble.
        asked.await.unwrap_or_else(|error| Answer::blind(error.to_string()))
    }
}

fn answer(state: &State, probe: &ProbeKind, now: Millis) -> Answer {
    if let Some(trouble) = &state.outside.blind {
        return Answer::blind(trouble.clone());
    }
    let well = |note: String| Answer::Well { took_ms: 7, note };
    let ill = |why: String| Answer::Ill { why, took_ms: 7 };
    match probe {
        ProbeKind::Http { url, status, contains } => match state.outside.services.get(url) {
            None => ill("the connection was refused".to_owned()),
            Some(service) if service.status != *status => ill(format!("it answered {}, not {status}", service.status)),
            Some(service) => match contains {
                Some(wanted) if !service.body.contains(wanted) => ill(format!("it answered {status}, but without “{wanted}”")),
                _ => well(status.to_string()),
            },
        },
        ProbeKind::Tcp { address } if state.outside.services.contains_key(address) => well(format!("connected to {address}")),
        ProbeKind::Tcp { .. } => ill("the connection was refused".to_owned()),
        ProbeKind::Postgres { .. } => Answer::blind("a database is asked through its inspector"),
        ProbeKind::Dns { name, kind, value } => {
            let record = state.zones.answer(name, now).filter(|record| record.kind.eq_ignore_ascii_case(kind));
            let values = record.map(|record| record.values.clone()).unwrap_or_default();
            let wanted = value.as_ref().map(|value| value.trim_end_matches('.').to_lowercase());
            match wanted {
                _ if values.is_empty() => ill(format!("{name} has no {kind} record")),
                Some(wanted) if !values.contains(&wanted) => ill(format!("{name} leads to {}, not to {wanted}", values.join(", "))),
                _ => well(values.join(", ")),
            }
        }
    }
}
