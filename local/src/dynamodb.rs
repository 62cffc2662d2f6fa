//! DynamoDB: `dynoxide` over SQLite, behind the stack's seam.
//!
//! Its reads are always consistent and its transactions never conflict: what the product must survive there comes from
//! the fault table.

use std::{collections::BTreeSet, path::Path};

use anyhow::Context as _;
use async_trait::async_trait;
use dynoxide::{Database, DynoxideError};
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    kept::Kept,
    service::{Call, Reply, Service},
    wire::{
        self,
        json::{self, Version},
    },
};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// The tables of every region: as the table is a global one, all regions see the same items.
pub struct DynamoDb {
    database: Database,
    /// The tables whose last days can be brought back, as `UpdateContinuousBackups` said.
    recoverable: Kept<BTreeSet<String>>,
    /// The regions that tables are in, where there are several.
    regions: Vec<String>,
}

impl DynamoDb {
    /// Opens `dynamodb.sqlite` in the data directory.
    ///
    /// # Errors
    /// When the file is no database of ours.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        let file = data.join("dynamodb.sqlite");
        let path = file.to_str().context("the data directory's path is not UTF-8")?;
        let database = Database::new(path).with_context(|| format!("can't open {path}"))?;
        // SQLite's `synchronous = NORMAL`: what was answered is with the kernel, as all else that the stack keeps, and outlives a stack
        // that is killed. The default waits for the disk at each write, 5 to 10 ms where DynamoDB takes as long for sixteen at once.
        database.disable_bulk_loading()?;
        Ok(Self { database, recoverable: Kept::open(data.join("dynamodb.json"))?, regions: Vec::new() })
    }

    /// The same tables in all of these regions, as a global table's are.
    #[must_use]
    pub fn spread_over(self, regions: &[String]) -> Self {
        Self { regions: regions.to_vec(), ..self }
    }

    /// The answer of `DescribeTable`, with the other regions in it.
    fn with_replicas(&self, call: &Call, answer: Vec<u8>) -> Vec<u8> {
        let elsewhere = self.regions.iter().filter(|region| **region != call.region);
        let replicas: Vec<Value> = elsewhere.map(|region| json!({"RegionName": region, "ReplicaStatus": "ACTIVE"})).collect();
        match serde_json::from_slice::<Value>(&answer) {
            Ok(mut described) if !replicas.is_empty() => {
                if let Some(table) = described.get_mut("Table").and_then(Value::as_object_mut) {
                    table.insert("Replicas".to_owned(), json!(replicas));
                }
                described.to_string().into_bytes()
            }
            _ => answer,
        }
    }

    /// Creates a table with the keys `pk` and `sk`, both texts, if there is none: protected and recoverable, as the template's is.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn ensure_table(&self, name: &str) -> anyhow::Result<()> {
        let table = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": true,
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        });
        match self.database.create_table(serde_json::from_value(table)?) {
            Ok(_) => {
                self.recoverable.change(|tables| tables.insert(name.to_owned()));
                Ok(())
            }
            Err(DynoxideError::ResourceInUseException(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks for items, in the stack's own name: nothing is recorded, and no fault strikes.
    #[must_use]
    pub fn query(&self, request: &Value) -> Option<Value> {
        let answer = self.run("Query", request.to_string().as_bytes()).ok()?;
        serde_json::from_slice(&answer).ok()
    }

    /// `DescribeContinuousBackups` and `UpdateContinuousBackups`, which the engine does not know.
    fn continuous_backups(&self, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
        let request: Value = read(body)?;
        let table = request.get("TableName").and_then(Value::as_str).unwrap_or_default();
        self.database.describe_table(serde_json::from_value(json!({"TableName": table})).map_err(unreadable)?)?;
        if operation == "UpdateContinuousBackups" {
            let enabled = request.pointer("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled") == Some(&json!(true));
            self.recoverable.change(|tables| if enabled { tables.insert(table.to_owned()) } else { tables.remove(table) });
        }
        let status = if self.recoverable.read().contains(table) { "ENABLED" } else { "DISABLED" };
        let recovery = json!({"PointInTimeRecoveryStatus": status});
        write(&json!({"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}}))
    }

    fn run(&self, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
        if operation.ends_with("ContinuousBackups") {
            return self.continuous_backups(operation, body);
        }
        /// Reads the request, does it, writes the response.
        macro_rules! operations {
            ($($name:literal => $method:ident),* $(,)?) => {
                match operation {
                    $($name => write(&self.database.$method(read(body)?)?),)*
                    _ => Err(DynoxideError::UnsupportedCapability(operation.to_owned())),
                }
            };
        }
        operations! {
            "CreateTable" => create_table,
            "DeleteTable" => delete_table,
            "DescribeTable" => describe_table,
            "ListTables" => list_tables,
            "UpdateTable" => update_table,
            "PutItem" => put_item,
            "GetItem" => get_item,
            "UpdateItem" => update_item,
            "DeleteItem" => delete_item,
            "Query" => query,
            "Scan" => scan,
            "BatchGetItem" => batch_get_item,
            "BatchWriteItem" => batch_write_item,
            "TransactWriteItems" => transact_write_items,
            "TransactGetItems" => transact_get_items,
            "UpdateTimeToLive" => update_time_to_live,
            "DescribeTimeToLive" => describe_time_to_live,
            "TagResource" => tag_resource,
            "UntagResource" => untag_resource,
            "ListTagsOfResource" => list_tags_of_resource,
        }
    }
}

impl std::fmt::Debug for DynamoDb {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DynamoDb").finish_non_exhaustive()
    }
}

#[async_trait]
impl Service for DynamoDb {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    fn operation(&self, call: &Call) -> String {
        json::operation(call)
    }

    async fn handle(&self, call: &Call) -> Reply {
        match self.run(&call.operation, &call.body) {
            Ok(body) if call.operation == "DescribeTable" => wire::reply(StatusCode::OK, CONTENT_TYPE, self.with_replicas(call, body)),
            Ok(body) => wire::reply(StatusCode::OK, CONTENT_TYPE, body),
            Err(error) => {
                let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                wire::reply(status, CONTENT_TYPE, error.to_json())
            }
        }
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        json::error(Version::V1_0, status, &format!("com.amazonaws.dynamodb.v20120810#{code}"), message)
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        let message = error.to_string();
        // dynoxide marks in the message which of the two DynamoDB would answer.
        match message.split_once("VALIDATION:").or_else(|| message.split_once("VALIDATION_REQUEST:")) {
            Some((_, text)) => DynoxideError::ValidationException(text.to_owned()),
            None if message.contains("missing field") || message.contains("unknown variant") => DynoxideError::ValidationException(message),
            None => DynoxideError::SerializationException(message),
        }
    })
}

fn unreadable(error: serde_json::Error) -> DynoxideError {
    DynoxideError::SerializationException(error.to_string())
}

fn write(response: &impl serde::Serialize) -> Result<Vec<u8>, DynoxideError> {
    serde_json::to_vec(response).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
