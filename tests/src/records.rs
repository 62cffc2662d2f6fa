use mayday_core::{approval::Approval, audit::Entry, proposal::Proposal, run::Run};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Stage;

impl Stage {
    /// The bot's records of a kind, newest first.
    #[must_use]
    pub fn records<T: DeserializeOwned>(&self, partition: &str) -> Vec<T> {
        let mut records = Vec::new();
        let mut from = Value::Null;
        loop {
            let answer = self.query(partition, &from);
            let items = answer["Items"].as_array().cloned().unwrap_or_default();
            let read = |item: &Value| serde_json::from_value(plain(&item["body"])["record"].clone()).expect("a record of this kind");
            records.extend(items.iter().map(read));
            from = answer["LastEvaluatedKey"].clone();
            if from.is_null() {
                return records;
            }
        }
    }

    fn query(&self, partition: &str, from: &Value) -> Value {
        let table = self.stack.services().get("dynamodb").expect("there is a table");
        let mut request = json!({
            "TableName": "mayday", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": partition}},
            "ScanIndexForward": false,
        });
        if !from.is_null() {
            request["ExclusiveStartKey"] = from.clone();
        }
        let call = crate::aws::call("dynamodb", "eu-west-1", Some("DynamoDB_20120810.Query"), request.to_string());
        let answer = crate::aws::at_once(table.handle(&call));
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// All runs, newest first.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        self.records("run")
    }

    /// A run.
    #[must_use]
    pub fn run(&self, id: &str) -> Option<Run> {
        self.runs().into_iter().find(|run| run.id.as_str() == id)
    }

    /// An approval, by its proposal's id.
    #[must_use]
    pub fn approval(&self, proposal: &str) -> Approval {
        self.records::<Approval>("approval").into_iter().find(|approval| approval.proposal.as_str() == proposal).expect("an approval")
    }

    /// A proposal.
    #[must_use]
    pub fn proposal(&self, id: &str) -> Proposal {
        self.records::<Proposal>("proposal").into_iter().find(|proposal| proposal.id.as_str() == id).expect("a proposal")
    }

    /// The audit chain, oldest first.
    #[must_use]
    pub fn audit(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.records("audit");
        entries.sort_by_key(|entry| entry.seq);
        entries
    }

    /// What the audit chain says of something, oldest first.
    #[must_use]
    pub fn audited(&self, about: &str) -> Vec<String> {
        self.audit().into_iter().filter(|entry| entry.event.about == about).map(|entry| entry.event.what).collect()
    }
}

/// DynamoDB's typed JSON as plain JSON.
fn plain(typed: &Value) -> Value {
    let Some((kind, value)) = typed.as_object().and_then(|typed| typed.iter().next()) else { return Value::Null };
    match (kind.as_str(), value) {
        ("M", Value::Object(members)) => members.iter().map(|(name, member)| (name.clone(), plain(member))).collect(),
        ("L", Value::Array(items)) => items.iter().map(plain).collect(),
        ("N", Value::String(number)) => serde_json::from_str(number).unwrap_or(Value::Null),
        ("NULL", _) => Value::Null,
        _ => value.clone(),
    }
}
