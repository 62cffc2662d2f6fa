use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    ident::RunId,
    port::{Delivery, Launch, Workflow},
};

use super::change;
use crate::{gate::Gate, machine, trace::Port};

#[async_trait]
impl Workflow for Gate {
    async fn start(&self, run: &RunId, epoch: u64) -> Result<Launch, CallError> {
        let (shared, at, run) = (self.shared.clone(), self.at, run.0.clone());
        let start = self.change(change(Port::Workflow, "start", &format!("{run}-{epoch}")), move |inner| {
            Ok(machine::start(&shared, inner, at, (&run, epoch)))
        });
        start.await
    }

    async fn wake(&self, token: &str) -> Result<Delivery, CallError> {
        let (at, token) = (self.at, token.to_owned());
        let wake = self.change(change(Port::Workflow, "wake", &token), move |inner| Ok(machine::answer(inner, at, &token)));
        wake.await
    }
}
