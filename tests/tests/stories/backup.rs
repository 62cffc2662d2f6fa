use jiff::SignedDuration;
use mayday_core::run::State;
use mayday_tests::{CHANNEL, INSTANCE, Stage};

#[tokio::test]
async fn r28_a_backup_is_a_snapshot_tagged_with_its_run_and_told_in_the_channel() {
    let stage = Stage::open().await;
    let ana = stage.person("ana");
    for command in ["/dr backup inventory --reason \"before the migration\"", "/dr backup:emergency inventory"] {
        let before = stage.snapshots("manual").await;
        let told = ana.types(command).await;
        assert_eq!(told.find_card(), None, "it only adds, so nobody must approve it");
        let run = stage.until_over(&told.run()).await;
        assert_eq!(run.state, State::Succeeded);
        let made: Vec<String> = stage.snapshots("manual").await.into_iter().filter(|one| !before.contains(one)).collect();
        let [made] = made.as_slice() else { panic!("{command} made {made:?}") };
        let snapshot = stage.snapshot(made).await.unwrap();
        assert_eq!((snapshot.text("Status"), snapshot.text("DBInstanceIdentifier")), ("available".to_owned(), INSTANCE.to_owned()));
        assert!(snapshot.all("Tag").iter().any(|tag| tag.contains("mayday:run") && tag.contains(run.id.as_str())), "{}", snapshot.0);
        assert!(stage.messages(CHANNEL).iter().any(|message| message.only_for().is_none() && message.says(&[made])), "{made} is told");
    }
}

#[tokio::test]
async fn r29_recovery_points_are_listed_and_the_right_one_before_a_given_time_is_marked() {
    let stage = Stage::open().await;
    let ana = stage.person("ana");
    let first = stage.backed_up().await;
    let between = stage.now();
    stage.advance(SignedDuration::from_mins(5));
    let second = stage.backed_up().await;

    let told = ana.types("/dr backups inventory").await.whispered();
    assert!(told.find(&second) < told.find(&first), "newest first: {told}");
    assert!(told.contains(&first) && !told.contains("last known good is"), "none was ever restored: {told}");

    // Both were restored and found good: before a given time, only the older one counts.
    for point in [&first, &second] {
        assert_eq!(stage.carried_out(&format!("/dr restore inventory --id {point}")).await.run.state, State::Succeeded);
    }
    let told = ana.types("/dr backups inventory").await.whispered();
    assert_eq!(marked(&told), Some(second.as_str()), "{told}");
    let told = ana.types(&format!("/dr backups inventory --before {between}")).await.whispered();
    assert_eq!(marked(&told), Some(first.as_str()), "{told}");
    assert!(!told.contains(&second), "{told}");
}

/// The recovery point that is said to be the last known good: the first code span after those words.
fn marked(told: &str) -> Option<&str> {
    told.split("last known good is").nth(1)?.split('`').nth(1)
}
