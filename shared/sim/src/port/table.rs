use async_trait::async_trait;
use mayday_core::{
    failure::CallError,
    port::{Expect, Key, Page, Row, Table, Write},
};

use super::{change, look};
use crate::{gate::Gate, invariant, trace::Port};

fn about(key: &Key) -> String {
    format!("{}/{}", key.partition, key.id)
}

#[async_trait]
impl Table for Gate {
    async fn get(&self, key: &Key) -> Result<Option<Row>, CallError> {
        self.look(look(Port::Table, "get", &about(key)), |state, _| Ok(state.rows.get(&key.partition, &key.id).cloned())).await
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Row>>, CallError> {
        let first = keys.first().map(about).unwrap_or_default();
        self.look(look(Port::Table, "get_many", &first), |state, _| {
            Ok(keys.iter().map(|key| state.rows.get(&key.partition, &key.id).cloned()).collect())
        })
        .await
    }

    async fn put(&self, row: &Row, expect: Expect) -> Result<Write, CallError> {
        let row = row.clone();
        let put = self.change(change(Port::Table, "put", &format!("{} v{}", about(&row.key), row.version)), move |inner| {
            if !inner.state.rows.allows(&row.key, expect) {
                return Ok(Write::Conflict);
            }
            invariant::on_write(inner, &row);
            inner.state.rows.set(row);
            Ok(Write::Landed)
        });
        put.await
    }

    async fn delete(&self, key: &Key, version: u64) -> Result<Write, CallError> {
        let key = key.clone();
        let delete = self.change(change(Port::Table, "delete", &about(&key)), move |inner| {
            invariant::on_delete(inner, &key);
            Ok(inner.state.rows.delete(&key, version))
        });
        delete.await
    }

    async fn list(&self, partition: &str, page: &Page) -> Result<Vec<Row>, CallError> {
        let list = self.look(look(Port::Table, "list", partition), |state, _| {
            let all = state.rows.all(partition);
            let after = page.after.as_deref();
            Ok(if page.newest_first {
                all.rev().filter(|row| after.is_none_or(|after| row.key.id.as_str() < after)).take(page.limit).cloned().collect()
            } else {
                all.filter(|row| after.is_none_or(|after| row.key.id.as_str() > after)).take(page.limit).cloned().collect()
            })
        });
        list.await
    }
}
