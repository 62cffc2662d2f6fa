//! What adapters conclude when calls go wrong.

use std::sync::Arc;

use mayday_aws::table::DynamoTable;
use mayday_core::{
    failure::CallError,
    port::{Expect, Key, Row, Table as _, Write},
};
use mayday_local::{
    dynamodb::DynamoDb,
    faults::{Effect, Rule},
};

use crate::stack::Stack;

fn table(stack: &Stack) -> DynamoTable {
    let service = Arc::new(DynamoDb::open(stack.data()).unwrap());
    service.ensure_table("mayday").unwrap();
    DynamoTable::new(&stack.connection([service]), "mayday".to_owned())
}

fn break_first(stack: &Stack, operation: &str, effect: Effect, code: Option<&str>) {
    let (operation, code) = (Some(operation.to_owned()), code.map(str::to_owned));
    stack.shared.faults.add(Rule {
        service: None,
        operation,
        region: None,
        function: None,
        contains: None,
        changes: false,
        nth: Some(1),
        effect,
        code,
        ms: None,
    });
}

fn row() -> Row {
    let key = Key { partition: "run".to_owned(), id: "r-1".to_owned() };
    Row { key, version: 1, live_until: None, body: std::sync::Arc::new(serde_json::json!({}).into()) }
}

fn calls(stack: &Stack) -> Vec<String> {
    stack.shared.calls.since(0).into_iter().map(|record| record.operation).collect()
}

#[tokio::test(start_paused = true)]
async fn a_write_that_another_region_got_in_the_way_of_is_made_again() {
    let stack = Stack::new();
    let table = table(&stack);
    break_first(&stack, "PutItem", Effect::Error, Some("ReplicatedWriteConflictException"));
    assert_eq!(table.put(&row(), Expect::Absent).await.unwrap(), Write::Landed);
    assert_eq!(calls(&stack), ["PutItem", "PutItem"]);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_in_doubt_and_not_made_again() {
    let stack = Stack::new();
    let table = table(&stack);
    break_first(&stack, "PutItem", Effect::LostAnswer, None);
    let error = table.put(&row(), Expect::Absent).await.unwrap_err();
    assert!(matches!(error, CallError::Unknown { .. }), "{error:?}");
    assert_eq!(calls(&stack), ["PutItem"]);
    assert_eq!(table.get(&row().key).await.unwrap(), Some(row()));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_write_did_not_happen() {
    let stack = Stack::new();
    let table = table(&stack);
    break_first(&stack, "PutItem", Effect::Throttle, None);
    let error = table.put(&row(), Expect::Absent).await.unwrap_err();
    assert!(matches!(error, CallError::NotNow { .. }), "{error:?}");
    assert_eq!(table.get(&row().key).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_read_is_made_again() {
    let stack = Stack::new();
    let table = table(&stack);
    break_first(&stack, "GetItem", Effect::Throttle, None);
    assert_eq!(table.get(&row().key).await.unwrap(), None);
    assert_eq!(calls(&stack), ["GetItem", "GetItem"]);
}
