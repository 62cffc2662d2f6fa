//! The bot's records in DynamoDB.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::{delete_item::builders::DeleteItemFluentBuilder, put_item::builders::PutItemFluentBuilder},
    types::{AttributeValue, KeysAndAttributes},
};
use jiff::Timestamp;
use mayday_core::{
    failure::CallError,
    port::{Expect, Key, Page, Row, Table, Write},
};

use crate::{
    classify::{Kind, classify},
    client::{Connection, Twin},
    settings::Service,
};

/// The partition key: the kind of record.
const PARTITION: &str = "pk";
/// The sort key: the record's id.
const ID: &str = "sk";
const VERSION: &str = "version";
/// Milliseconds since 1970, so that conditions can compare it.
const LIVE_UNTIL: &str = "live_until";
/// The record, as a map: readable in the console, and by an export.
const BODY: &str = "body";

/// How often a write is made that another region's write to the same item got in the way of. The answer comes at once and
/// says that nothing happened, so the next try needs no pause.
const REGIONAL_ATTEMPTS: usize = 3;

/// How many items one call gives by their keys. Source: the reference of `BatchGetItem`.
const AT_ONCE: usize = 100;

type Item = HashMap<String, AttributeValue>;

/// A DynamoDB table, which may be a strongly consistent global one.
#[derive(Debug)]
pub struct DynamoTable {
    clients: Twin<Client>,
    name: String,
}

impl DynamoTable {
    /// The table of this name in the own region.
    #[must_use]
    pub fn new(connection: &Arc<Connection>, name: String) -> Self {
        Self { clients: connection.twin(Service::DynamoDb, Client::new).now(), name }
    }

    fn conditional_put(&self, row: &Row, expect: Expect) -> Result<PutItemFluentBuilder, CallError> {
        let put = self.clients.changes.put_item().table_name(&self.name).set_item(Some(to_item(row)?));
        Ok(match expect {
            Expect::Absent => put.condition_expression("attribute_not_exists(pk)"),
            Expect::Version(version) => {
                put.condition_expression("version = :version").expression_attribute_values(":version", number(version))
            }
            Expect::LiveVersion(version, now) => put
                .condition_expression("version = :version AND live_until > :now")
                .expression_attribute_values(":version", number(version))
                .expression_attribute_values(":now", number(now.as_millisecond())),
        })
    }

    fn conditional_delete(&self, key: &Key, version: u64) -> DeleteItemFluentBuilder {
        let delete = self.clients.changes.delete_item().table_name(&self.name).set_key(Some(key_item(key)));
        delete.condition_expression("version = :version").expression_attribute_values(":version", number(version))
    }
}

#[async_trait]
impl Table for DynamoTable {
    async fn get(&self, key: &Key) -> Result<Option<Row>, CallError> {
        let get = self.clients.reads.get_item().table_name(&self.name).set_key(Some(key_item(key))).consistent_read(true);
        let found = get.send().await.map_err(|error| classify(Kind::Read, error))?;
        found.item.map(from_item).transpose()
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Row>>, CallError> {
        let mut found: HashMap<Key, Row> = HashMap::new();
        for some in keys.chunks(AT_ONCE) {
            // Two of one key are refused.
            let wanted: BTreeSet<&Key> = some.iter().collect();
            let mut missing: Vec<Item> = wanted.into_iter().map(key_item).collect();
            // What did not fit into 16 MB, or was throttled, is asked for again; a table that gives nothing is not asked for ever.
            for _ in 0..=some.len() {
                let table = KeysAndAttributes::builder().set_keys(Some(missing)).consistent_read(true).build();
                let table = table.map_err(|error| CallError::refused("UnaskableKeys", error.to_string()))?;
                let part = self.clients.reads.batch_get_item().request_items(&self.name, table).send().await;
                let part = part.map_err(|error| classify(Kind::Read, error))?;
                for item in part.responses.into_iter().flat_map(HashMap::into_values).flatten() {
                    let row = from_item(item)?;
                    found.insert(row.key.clone(), row);
                }
                missing = part.unprocessed_keys.into_iter().flat_map(HashMap::into_values).flat_map(|left| left.keys).collect();
                if missing.is_empty() {
                    break;
                }
            }
            if !missing.is_empty() {
                return Err(CallError::NotNow {
                    code: "UnprocessedKeys".to_owned(),
                    why: "the table gave a part of what was asked".to_owned(),
                });
            }
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    async fn put(&self, row: &Row, expect: Expect) -> Result<Write, CallError> {
        let put = self.conditional_put(row, expect)?;
        written(|| put.clone().send()).await
    }

    async fn delete(&self, key: &Key, version: u64) -> Result<Write, CallError> {
        let delete = self.conditional_delete(key, version);
        written(|| delete.clone().send()).await
    }

    async fn list(&self, partition: &str, page: &Page) -> Result<Vec<Row>, CallError> {
        let mut query = self.clients.reads.query().table_name(&self.name).consistent_read(true);
        query = query.scan_index_forward(!page.newest_first).expression_attribute_values(":pk", text(partition));
        query = match &page.after {
            None => query.key_condition_expression("pk = :pk"),
            Some(after) => {
                let condition = if page.newest_first { "pk = :pk AND sk < :after" } else { "pk = :pk AND sk > :after" };
                query.key_condition_expression(condition).expression_attribute_values(":after", text(after))
            }
        };
        let mut rows = Vec::new();
        let mut from: Option<Item> = None;
        while rows.len() < page.limit {
            let missing = i32::try_from(page.limit - rows.len()).unwrap_or(i32::MAX);
            let part = query.clone().limit(missing).set_exclusive_start_key(from.take()).send();
            let part = part.await.map_err(|error| classify(Kind::Read, error))?;
            for item in part.items.unwrap_or_default() {
                rows.push(from_item(item)?);
            }
            // A page ends at 1 MB too, so a short one is the last only if it says so.
            match part.last_evaluated_key {
                Some(next) if !next.is_empty() => from = Some(next),
                _ => break,
            }
        }
        Ok(rows)
    }
}

/// Makes a conditional write. A condition that does not hold is an outcome, not an error.
async fn written<T, E, F>(write: impl Fn() -> F) -> Result<Write, CallError>
where
    F: Future<Output = Result<T, SdkError<E>>>,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut result = write().await;
    for _ in 1..REGIONAL_ATTEMPTS {
        if result.as_ref().err().and_then(ProvideErrorMetadata::code) != Some("ReplicatedWriteConflictException") {
            break;
        }
        result = write().await;
    }
    match result {
        Ok(_) => Ok(Write::Landed),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(Write::Conflict),
        Err(error) => Err(classify(Kind::Change, error)),
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn key_item(key: &Key) -> Item {
    Item::from([(PARTITION.to_owned(), text(&key.partition)), (ID.to_owned(), text(&key.id))])
}

fn to_item(row: &Row) -> Result<Item, CallError> {
    let body = serde_dynamo::to_attribute_value(&**row.body).map_err(|error| CallError::refused("UnstorableRecord", error.to_string()))?;
    let mut item = key_item(&row.key);
    item.insert(VERSION.to_owned(), number(row.version));
    item.insert(BODY.to_owned(), body);
    if let Some(live_until) = row.live_until {
        item.insert(LIVE_UNTIL.to_owned(), number(live_until.as_millisecond()));
    }
    Ok(item)
}

fn from_item(item: Item) -> Result<Row, CallError> {
    // Somebody else wrote into our table.
    read_item(item).ok_or_else(|| CallError::refused("UnreadableRecord", "the table holds an item that is not a record of ours"))
}

fn read_item(mut item: Item) -> Option<Row> {
    let live_until = match item.remove(LIVE_UNTIL) {
        Some(value) => Some(Timestamp::from_millisecond(value.as_n().ok()?.parse().ok()?).ok()?),
        None => None,
    };
    Some(Row {
        key: Key { partition: item.get(PARTITION)?.as_s().ok()?.clone(), id: item.get(ID)?.as_s().ok()?.clone() },
        version: item.get(VERSION)?.as_n().ok()?.parse().ok()?,
        live_until,
        body: Arc::new(serde_dynamo::from_attribute_value::<_, serde_json::Value>(item.remove(BODY)?).ok()?.into()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_comes_back_as_it_was_stored() {
        let row = Row {
            key: Key { partition: "run".to_owned(), id: "r-1".to_owned() },
            version: 3,
            live_until: Some("2026-11-22T14:00:00.5Z".parse().unwrap()),
            body: Arc::new(
                json!({"text": "", "list": [], "none": null, "yes": true, "big": u64::MAX, "deep": {"n": -1.5, "map": {}}}).into(),
            ),
        };
        assert_eq!(from_item(to_item(&row).unwrap()).unwrap(), row);
    }

    #[test]
    fn a_strangers_item_is_refused_rather_than_guessed_at() {
        let item = key_item(&Key { partition: "run".to_owned(), id: "r-1".to_owned() });
        assert!(from_item(item).unwrap_err().is_code("UnreadableRecord"));
    }
}
