//! Restores, from the command to the rows.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "a test")]

use mayday_core::run::State;
use mayday_tests::{INSTANCE, Stage, differences};

/// Rows deleted by mistake come back as they were a moment before; the source is not touched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r36_point_in_time_restore_brings_deleted_rows_back_beside_the_source() {
    let stage = Stage::open().await;
    let (ana, bob) = (stage.person("ana"), stage.person("bob"));
    let (at, before) = stage.lose_rows().await;
    let left = stage.rows("movements").await;
    let old = stage.instance(INSTANCE).await.unwrap();

    let card = ana.types(&format!("/dr restore inventory --at {at} --reason \"rows deleted by mistake\"")).await.card();
    assert!(card.message.says(&[INSTANCE, "rows deleted by mistake", &stage.approval(&card.proposal).digest]), "{}", card.message.words());
    let told = bob.approves(&card).await;
    assert!(told.words().contains(&card.run()), "{}", told.words());
    let run = stage.until_over(&card.run()).await;

    assert_eq!(run.state, State::Succeeded);
    let new = stage.serving();
    assert_ne!(new, INSTANCE, "traffic has moved");
    assert_eq!(stage.secret()["dbInstanceIdentifier"], new.as_str());
    assert_eq!(stage.rows("movements").await, before);
    assert_eq!(stage.rows_on(INSTANCE, "movements").await, left, "the source is as it was");
    let (old_now, new) = (stage.instance(INSTANCE).await.unwrap(), stage.instance(&new).await.unwrap());
    assert_eq!(differences(&old, &old_now), Vec::<String>::new());
    assert_eq!(differences(&old, &new), Vec::<String>::new(), "everything that the restore call loses was given back");
    for tag in old.all("Tag") {
        assert!(new.0.contains(&tag), "{tag}");
    }
}
