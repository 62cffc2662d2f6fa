use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    port::{App, BucketCare, Installation, KeysCare, TableCare, Workspace},
};

use super::look;
use crate::{executor::stamp, gate::Gate, trace::Port};

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
    async fn table(&self) -> Result<TableCare, CallError> {
        self.look(look(Port::Table, "care", ""), |state, _| Ok(state.around.table)).await
    }

    async fn bucket(&self) -> Result<BucketCare, CallError> {
        self.look(look(Port::Blobs, "care", ""), |state, _| Ok(state.around.bucket)).await
    }

    async fn keys(&self) -> Result<KeysCare, CallError> {
        self.look(look(Port::Secrets, "care", ""), |state, now| {
            Ok(KeysCare { name: "mayday/keys".to_owned(), changed_at: Some(stamp(now - state.around.keys_age)) })
        })
        .await
    }
}
