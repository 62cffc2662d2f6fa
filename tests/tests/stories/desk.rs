//! The desk: the situation at one glance, by command, shortcut and home tab; suggestions for what nobody could read.

use mayday_tests::{Message, Stage, Told};

/// The one message that a person got back.
fn answer(told: &Told) -> Message {
    told.messages.last().cloned().unwrap_or_else(|| panic!("no answer: {}", told.words()))
}

#[tokio::test]
async fn r07_status_all_at_one_glance() {
    let stage = Stage::open().await;
    let ana = stage.person("ana");
    let told = ana.types("/dr").await;
    let words = told.whispered();
    for shown in ["How things stand", "inventory", "available", "RPO", "last verified backup", "On call", "You may:"] {
        assert!(
            words.contains(shown) || words.contains("no backup has passed") && shown == "last verified backup",
            "no {shown:?} in {words}"
        );
    }
    assert!(words.contains("Nothing waits for approval, no run going on"), "{words}");
    let message = answer(&told);
    for button in ["open_backup", "open_restore", "open_help"] {
        assert!(message.has_button(button), "{button}");
    }
    let form = ana.presses("open_restore", &message).await.form();
    assert!(form.asks_for("at") && form.asks_for("point") && form.asks_for("reason"), "{}", form.words());

    // What goes on is there for the next who looks; and who may only look gets no button that would be refused.
    let card = ana.types("/dr restore inventory --latest").await.card();
    let dave = stage.person("dave");
    let told = dave.types("/dr").await;
    assert!(told.whispered().contains(&card.proposal) && told.whispered().contains("One proposal waits"), "{}", told.whispered());
    assert!(!answer(&told).has_button("open_restore") && answer(&told).has_button("open_help"));
}

#[tokio::test]
async fn r07_the_home_tab_shows_the_situation_and_is_drawn_anew_when_it_is_opened() {
    let stage = Stage::open().await;
    let ana = stage.person("ana");
    let home = ana.opens_home().await.words();
    assert!(home.contains("How things stand") && home.contains("Nothing waits for approval"), "{home}");
    let card = ana.types("/dr restore inventory --latest").await.card();
    let home = ana.opens_home().await.words();
    assert!(home.contains(&card.proposal), "{home}");
    // Who is not in the plan sees that, and nothing else.
    let home = stage.person("eve").opens_home().await.words();
    assert!(home.contains("not in this organization's recovery plan") && !home.contains("inventory"), "{home}");
}

#[tokio::test]
async fn r07_shortcuts_do_in_threads_what_commands_do_elsewhere() {
    let stage = Stage::open().await;
    let (ana, bob) = (stage.person("ana"), stage.person("bob"));
    let card = ana.types("/dr restore inventory --latest").await.card();
    bob.approves(&card).await;
    stage.until_over(&card.run()).await;

    let ledger = bob.uses("why", Some(&stage.card(&card))).await.form().words();
    assert!(ledger.contains(&card.run()) && ledger.contains("approved; counted"), "{ledger}");
    let situation = bob.uses("situation", Some(&stage.card(&card))).await.form().words();
    assert!(situation.contains("How things stand") && situation.contains("inventory"), "{situation}");

    let form = bob.uses("ask", None).await.form();
    let told = bob.submits(&form, &[("command", "backups inventory")]).await;
    assert!(told.form().words().contains("inventory"), "{}", told.words());
    let form = bob.uses("ask", None).await.form();
    let again = bob.submits(&form, &[("command", "show me the bakcups of inventory")]).await.form();
    assert!(
        again.words().contains("Did you mean") && again.0.to_string().contains("\"initial_value\":\"backups inventory\""),
        "{}",
        again.0
    );
    // And whoever may not, may not by this way either.
    let told = stage.person("eve").uses("situation", Some(&stage.card(&card))).await;
    assert!(told.words().contains("not in this organization's recovery plan"), "{}", told.words());
}

#[tokio::test]
async fn b14_a_suggestion_is_offered_and_nothing_is_done_until_somebody_takes_it_up() {
    let stage = Stage::open().await;
    let ana = stage.person("ana");
    let told = ana.types("/dr restore the inventory db to 2pm").await;
    assert!(told.whispered().contains("Did you mean `/dr restore inventory --at 14:00`?"), "{}", told.whispered());
    assert!(told.find_card().is_none());
    let taken = ana.presses("use", &answer(&told)).await;
    let form = taken.form();
    assert!(taken.find_card().is_none() && stage.runs().is_empty(), "a form, and no proposal");
    assert!(form.0.to_string().contains("\"initial_value\":\"14:00\""), "{}", form.0);

    // What only looks is done at once; what would begin at once is asked for in a form.
    let told = ana.types("/dr show bakcups of inventory").await;
    let shown = ana.presses("use", &answer(&told)).await.whispered();
    assert!(shown.contains("Recovery points of inventory") || shown.contains("inventory has"), "{shown}");
    let told = ana.types("/dr take a snapshot of inventory").await;
    let form = ana.presses("use", &answer(&told)).await.form();
    assert!(form.asks_for("database") && stage.runs().is_empty(), "{}", form.words());
}
