//! SIGKILL of the whole stack, in a process of its own.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "a test")]

mod support;

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use jiff::SignedDuration;
use serde_json::{Value, json};
use support::{Folder, World, until};

const RUNNER: &str = "mayday-runner";
const DIR: &str = "TEST_STACK_DIR";

fn scripted(world: &World) {
    world.function(RUNNER).env("TEST_SCRIPT", &world.dir.path().join("script.json").display().to_string()).add();
}

/// Not a test of its own: the process that the test kills. It runs a stack until then.
#[tokio::test]
#[ignore = "started by the test below"]
async fn stack_to_be_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let world = World::start_in(Folder::at(dir.into())).await;
    scripted(&world);
    let execution =
        world.stack.states().start(&world.stack.states().machine_arn("mayday-run"), "r1-1", json!({"run": "r1", "epoch": 1})).unwrap();
    // A visit that is there, and one that hangs in a process of its own.
    until("it waits", || execution.record().cursor.state == "Wait").await;
    world.lambda().enqueue("mayday-runner", b"{}").unwrap();
    until("the other hangs", || world.events(RUNNER).len() == 2).await;
    println!("\nready {}", json!(world.lambda().pids(RUNNER)));
    std::future::pending::<()>().await;
}

fn stack_in(dir: &Path) -> (Child, Vec<u32>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "stack_to_be_killed", "--ignored", "--nocapture"]).env(DIR, dir).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ready ").map(str::to_owned)).unwrap();
    (child, serde_json::from_str(&ready).unwrap())
}

#[tokio::test]
async fn a_killed_stack_leaves_no_function_behind_and_the_next_goes_on() {
    let dir = Folder::temporary();
    let script = json!([{"next": "wait", "seconds": 600}, {"hang": true}, {"next": "done", "seconds": 0}]);
    std::fs::write(dir.path().join("script.json"), script.to_string()).unwrap();
    let (mut child, pids) = stack_in(dir.path());
    assert!(!pids.is_empty());
    child.kill().unwrap();
    child.wait().unwrap();

    let world = World::start_in(dir).await;
    scripted(&world);
    until("the functions of the killed stack are gone", || pids.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists())).await;
    let execution = world.stack.states().execution("arn:aws:states:eu-west-1:000000000000:execution:mayday-run:r1-1").unwrap();
    let state: Value = json!(execution.record().cursor.state);
    assert_eq!(state, "Wait");
    world.stack.shared().clock.advance(SignedDuration::from_secs(601)).unwrap();
    until("the run has ended", || !execution.running()).await;
    assert_eq!(json!(execution.record().status), "SUCCEEDED");
    until("the accepted invocation was made again", || world.lambda().waiting() <= 1 && world.events(RUNNER).len() >= 4).await;
}
