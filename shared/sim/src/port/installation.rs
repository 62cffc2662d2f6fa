use std::collections::BTreeMap;

use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    port::{App, BucketCare, Installation, KeysCare, ScheduleCare, SecretText, TableCare, Workspace},
};

use super::look;
use crate::{executor::stamp, gate::Gate, state::Around, trace::Port};

#[async_trait]
impl Workspace for Gate {
    async fn app(&self) -> Result<App, CallError> {
        self.look(look(Port::Chat, "app", ""), |state, now| {
            let around = &state.around;
            Ok(App { scopes: around.scopes.clone(), at: Some(stamp(now + around.ahead)) })
        })
        .await
    }
}

#[async_trait]
impl Installation for Gate {
    fn region(&self) -> &str {
        self.at.name()
    }

    async fn table(&self) -> Result<TableCare, CallError> {
        self.look(look(Port::Table, "care", ""), |state, _| Ok(state.around.table.clone())).await
    }

    async fn bucket(&self) -> Result<BucketCare, CallError> {
        self.look(look(Port::Blobs, "care", ""), |state, _| Ok(state.around.bucket)).await
    }

    async fn keys(&self) -> Result<KeysCare, CallError> {
        self.look(look(Port::Secrets, "care", ""), |state, now| {
            let Around { keys_age, keys, .. } = &state.around;
            let value = Some(SecretText::new(keys.to_string()));
            Ok(KeysCare { name: "mayday/keys".to_owned(), changed_at: Some(stamp(now - keys_age)), value })
        })
        .await
    }

    async fn schedule(&self) -> Result<ScheduleCare, CallError> {
        self.look(look(Port::Workflow, "schedule", ""), |state, _| {
            Ok(ScheduleCare { name: "mayday-sweep".to_owned(), enabled: state.around.schedule })
        })
        .await
    }

    async fn packages(&self, region: &str) -> Result<BTreeMap<String, String>, CallError> {
        let region = region.to_owned();
        self.look(look(Port::Workflow, "packages", &region), move |state, _| {
            Ok(state.around.packages.get(&region).cloned().unwrap_or_default())
        })
        .await
    }
}
