use std::collections::BTreeMap;

use super::{read, read_form, sample::*};
use crate::{
    failure::Refusal,
    view::{RestoreChoices, backup_form, fault, form_expired, of_form, phrase_form, refusal, restore_form, told_form},
};

fn choices() -> RestoreChoices {
    RestoreChoices {
        databases: vec!["inventory".to_owned(), "orders".to_owned()],
        database: Some("inventory".to_owned()),
        ..RestoreChoices::default()
    }
}

#[test]
fn the_restore_form_while_recovery_points_are_not_known() {
    insta::assert_snapshot!(read_form(&restore_form(&choices())), @r"
    [[ Restore a database ]] restore
    You see exactly what would be done before anything is done, and somebody else must approve it. The instance of today stays as it is.

    Database: 
       (•) inventory = inventory
       ( ) orders = orders
    Go back to this moment (optional): ________
       Just before the mistake, such as 14:05, 2026-11-22 14:05 Berlin or 10m ago. Left empty, it is the latest moment there is.
    Or to a recovery point?: 
       (•) No, by the moment above = by-moment
       ( ) The newest that passed its checks = last-known-good
       With the newest that passed its checks, a moment above means: only from before it.
    Why (optional): ________
       Those who approve see it, and it is kept.
    [Close] [Propose the restore]
    ");
}

#[test]
fn the_restore_form_keeps_what_was_typed_and_says_what_is_wrong() {
    let typed = [("at", "25:00"), ("point", "mayday-inventory-1"), ("reason", "a mistake")];
    let form = RestoreChoices {
        points: Some(vec![
            point("mayday-inventory-2", None, None),
            point("mayday-inventory-1", Some(at("02:00:00")), Some(true)),
            point("rds:inventory-db-2026-11-22-01-00-with-a-name-that-is-longer-than-a-choice-shows", Some(at("01:00:00")), None),
        ]),
        typed: typed.map(|(handle, text)| (handle.to_owned(), text.to_owned())).into_iter().collect::<BTreeMap<_, _>>(),
        problem: Some(("at".to_owned(), "“25:00” is no time. Type `14:05` or `10m ago`.".to_owned())),
        ..choices()
    };
    insta::assert_snapshot!(read_form(&restore_form(&form)), @r"
    [[ Restore a database ]] restore
    You see exactly what would be done before anything is done, and somebody else must approve it. The instance of today stays as it is.

    Database: 
       (•) inventory = inventory
       ( ) orders = orders
    ⚠️ “25:00” is no time. Type `14:05` or `10m ago`.

    Go back to this moment (optional): ____25:00____
       Just before the mistake, such as 14:05, 2026-11-22 14:05 Berlin or 10m ago. Left empty, it is the latest moment there is.
    Or to a recovery point?: 
       ( ) No, by the moment above = by-moment
       ( ) The newest that passed its checks = last-known-good
       (•) Nov 22 02:00 UTC, verified: mayday-inventory-1 = mayday-inventory-1
       ( ) Nov 22 01:00 UTC, not verified: rds:inventory-db-2026-11-22-01-00-with-a-n… = rds:inventory-db-2026-11-22-01-00-with-a-name-that-is-longer-than-a-choice-shows
       With the newest that passed its checks, a moment above means: only from before it.
    Why (optional): ____a mistake____
       Those who approve see it, and it is kept.
    [Close] [Propose the restore]
    ");
}

#[test]
fn the_backup_form() {
    insta::assert_snapshot!(read_form(&backup_form(&["inventory".to_owned()], None, Some("Pick a database."))), @r"
    [[ Back up a database ]] backup
    It adds a snapshot and takes nothing away, so it starts at once.

    ⚠️ Pick a database.

    Database: 
       (•) inventory = inventory
    Why (optional): ________
       It is kept with the run.
    [Close] [Back up now]
    ");
}

#[test]
fn a_form_without_choices_asks_for_text_instead_of_an_empty_select() {
    let none = read_form(&restore_form(&RestoreChoices::default()));
    assert!(none.contains("Database: ________"), "{none}");
    let many: Vec<String> = (0..101).map(|number| format!("db{number}")).collect();
    assert!(read_form(&backup_form(&many, None, None)).contains("Database: ________"));
    let unknown = RestoreChoices { database: Some("nowhere".to_owned()), ..choices() };
    let shown = read_form(&restore_form(&unknown));
    assert!(
        shown.contains("( ) inventory") && !shown.contains("(•) inventory") && !shown.contains("nowhere"),
        "Slack refuses a first choice that is none of the choices"
    );
}

#[test]
fn a_form_that_could_not_be_opened_comes_back_with_a_button() {
    let forms =
        [restore_form(&choices()), backup_form(&[], None, None), phrase_form(&restore(), "", None), told_form("Other", &fault("f-1"))];
    insta::assert_snapshot!(forms.iter().map(|form| read(&form_expired(form))).collect::<Vec<_>>().join("\n"), @r"
    (The form “Restore a database” could not be opened in time. Nothing was done.)
    The form “Restore a database” could not be opened in time. Nothing was done.

    [Open the form](open_restore restore)
    (The form “Back up a database” could not be opened in time. Nothing was done.)
    The form “Back up a database” could not be opened in time. Nothing was done.

    [Open the form](open_backup backup)
    (The form “Approve this restore” could not be opened in time. Nothing was done.)
    The form “Approve this restore” could not be opened in time. Nothing was done.

    [Open the form](approve p-01kb3m6v9d5x2y7z8a4c6e0f1g)
    (The form “Other” could not be opened in time. Nothing was done. Type it again.)
    ");
}

#[test]
fn refusals_and_faults_say_the_way_out() {
    let refused = Refusal::new("You may not restore in production: your roles are observer.").instead("These people may: ana, bob.");
    let typed = Refusal::new("There is no database called “<!channel> *x*`”.").instead("`/dr status` lists them.");
    let told = [refusal(&refused), refusal(&typed), refusal(&Refusal::new("Nothing was done.")), fault("f-01kb3m")];
    insta::assert_snapshot!(told.map(|told| read(&told)).join("\n"), @r"
    (⛔ You may not restore in production: your roles are observer. These people may: ana, bob.)
    (⛔ There is no database called “&lt;!channel&gt; *x*`”. `/dr status` lists them.)
    (⛔ Nothing was done.)
    (⚠️ Something broke on our side, and what you asked for may or may not have been done. Look before you try again: `/dr status`. To those who mend it, say `f-01kb3m`.)
    ");
}

#[test]
fn a_message_takes_the_place_of_a_form_and_the_other_way_round() {
    insta::assert_snapshot!(read_form(&told_form("A title that is far too long for a form", &fault("f-1"))), @r"
    [[ A title that is far too… ]] told
    ⚠️ Something broke on our side, and what you asked for may or may not have been done. Look before you try again: `/dr status`. To those who mend it, say `f-1`.

    [Close]
    ");
    insta::assert_snapshot!(read(&of_form(&told_form("Not done", &refusal(&Refusal::new("Nothing was done."))))), @r"
    (⛔ Nothing was done.)
    ⛔ Nothing was done.
    ");
}
