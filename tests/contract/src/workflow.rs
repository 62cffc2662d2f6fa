//! [`Workflow`].

use mayday_core::{
    ident::RunId,
    port::{Delivery, Launch, Workflow},
};

/// All promises. `end` ends the execution of that name, as its last state would.
pub async fn everything(workflow: &dyn Workflow, end: impl AsyncFn(&str)) {
    starting_twice_is_starting_once(workflow, end).await;
    nobody_waits_with_an_unknown_token(workflow).await;
}

/// While it runs and after its end: the same epoch never runs again, the next one does.
pub async fn starting_twice_is_starting_once(workflow: &dyn Workflow, end: impl AsyncFn(&str)) {
    let run = RunId("r-contract".to_owned());
    assert_eq!(workflow.start(&run, 1).await.unwrap(), Launch::Running);
    assert_eq!(workflow.start(&run, 1).await.unwrap(), Launch::Running);
    end("r-contract-1").await;
    assert_eq!(workflow.start(&run, 1).await.unwrap(), Launch::Ended);
    assert_eq!(workflow.start(&run, 2).await.unwrap(), Launch::Running);
}

/// A token of an execution that is long over, or of another one after a redrive.
pub async fn nobody_waits_with_an_unknown_token(workflow: &dyn Workflow) {
    assert_eq!(workflow.wake("no-such-token").await.unwrap(), Delivery::Gone);
}
