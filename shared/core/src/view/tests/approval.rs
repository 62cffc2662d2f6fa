use super::{read, read_form, read_stable, sample::*};
use crate::{
    approval::{Approval, State, phrase_matches},
    view::{approval_card, decided_already, decision_counted, decision_reply, phrase_form, proposed},
};

#[test]
fn the_card_of_a_restore_that_waits_for_a_second_approval() {
    let proposal = restore();
    let approval = voted(&proposal, &[("U0BOB00001", "14:10:02")]);
    insta::assert_snapshot!(read_stable(&approval_card(&proposal, &approval, at("14:11:00")), &approval.digest), @r"
    (Restore inventory to 2026-11-22 14:02:00 UTC: ⏳ *Waits for approval*: 1 of 2 given; needs one more person with the role dba or lead. Asked by <@U0ANA00001>: a migration emptied the items table)
    # Restore inventory to 2026-11-22 14:02:00 UTC
    ⏳ *Waits for approval*: 1 of 2 given; needs one more person with the role dba or lead.
    <@U0ANA00001>, who asked, does not count. It expires: 2026-11-22 (14:38:40 UTC).
    Approvals so far: <@U0BOB00001> at 2026-11-22 (14:10:02 UTC).

    *Asked by* <@U0ANA00001>, 2026-11-22 (14:08:40 UTC)
    *Why* a migration emptied the items table
    *Target* the database `inventory`, production, `eu-west-1`

    *Data* as of 2026-11-22 (14:02:00 UTC), from the log of inventory-db
    *Lost* you lose about 6 min 40 s: everything written after that moment, counted up to when this was asked
    *Time* usually 13 min 47 s, by past runs; the objective (RTO) is 1 h.
    *Cost* 0.38 USD an hour for a second instance, until the old one is retired
    *Undo* Until traffic moves, nothing has changed. Afterwards inventory-db is still there, as it was.
    *Point of no return* step 6, “Lead traffic to the new instance” (`switch`)
    ⚠️ Applications that hold connections to the old instance keep writing there until they reconnect.

    [Approve: restore inventory…](approve p-01kb3m6v9d5x2y7z8a4c6e0f1g) [Deny](deny p-01kb3m6v9d5x2y7z8a4c6e0f1g) [Take back](cancel p-01kb3m6v9d5x2y7z8a4c6e0f1g)
    ~ The button asks you to type `inventory 14:02 eu-west-1` before it counts.
    ----
    *What exactly will be done*

    *1. Wait until that moment can be restored*
    • until the log of `inventory-db` (`db-OLD123`, eu-west-1) reaches 2026-11-22 (14:02:00 UTC)
    • step `reach`, action `db:await-restorable`: usually 1 min, a person is asked after 30 min, tried again 3 times at most

    *2. Restore to a new instance*
    • new instance `inventory-db-r-a4c6e0f1g2` in eu-west-1 from the log of `inventory-db` up to 2026-11-22 (14:02:00 UTC) (source `db-OLD123`)
    • with the settings below, tagged `mayday:run=r-01kb3m6v9d5x2y7z8a4c6e0f1g`, `mayday:step=restore`
    • step `restore`, action `db:restore`: usually 9 min, a person is asked after 6 h, tried again 3 times at most

    *3. Give it all settings of the old one*
    • set what `inventory-db-r-a4c6e0f1g2` in eu-west-1 lacks of the settings below; reboot it if one of them waits for that
    • step `align`, action `db:align`: usually 2 min 30 s, a person is asked after 1 h, tried again 3 times at most

    *4. Compare every setting with the old one*
    • every setting of `inventory-db-r-a4c6e0f1g2` in eu-west-1 against those below, which `inventory-db` (`db-OLD123`) had
    • step `compare`, action `db:compare`: usually 2 s, a person is asked after 5 min, tried again 3 times at most

    *5. Check the restored data*
    • sign in to `inventory` on `inventory-db-r-a4c6e0f1g2` in eu-west-1 by its own endpoint with secret `mayday/inventory`, data as of 2026-11-22 (14:02:00 UTC)
    • check “items are there”: `select count(*) from items` is at least 1000
    • check “no orphans”: `select count(*) from movements where item_id is null` is “0”
    • check “data is fresh”: `select max(at) from movements` is at most 15m older than the recovery point
    • step `verify`, action `db:verify`: usually 20 s, a person is asked after 30 min, tried again 3 times at most

    *6. Lead traffic to the new instance*
    • the host in the secret `mayday/inventory` (version `8f0b-old`, eu-west-1)
    • from `inventory-db.abc.eu-west-1.rds.amazonaws.com` to the endpoint of `inventory-db-r-a4c6e0f1g2` (eu-west-1)
    • id of the new version `c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ff`
    • step `switch`, action `db:switch`: usually 45 s, a person is asked after 15 min, tried again 3 times at most

    *7. Check what traffic now reaches*
    • sign in to `inventory` on `inventory-db-r-a4c6e0f1g2` in eu-west-1 by the host in the secret with secret `mayday/inventory`, data as of 2026-11-22 (14:02:00 UTC)
    • step `confirm`, action `db:verify`: usually 10 s, a person is asked after 15 min, tried again 3 times at most

    *Settings below* (steps 2, 3, 4)
    allocated_storage `100`, backup_retention_days `14`, engine `postgres`, engine_version `15.8`, instance_class `db.r6g.large`, monitoring_interval `60`, parameter_group `orders-pg15`, port `5432`, security_groups `sg-0a1b2c` `sg-3d4e5f`, subnet_group `private-subnets`
    On: `deletion_protection`, `multi_az`, `storage_encrypted`
    Off: `auto_minor_version_upgrade`, `copy_tags_to_snapshot`, `dedicated_log_volume`, `iam_authentication`, `performance_insights`, `publicly_accessible`
    Empty: `log_exports`
    Tags: `team=warehouse`

    ----
    ~ Who may approve: 2 of those with the role dba or lead, within 30 min, in production
    ~ Proposal `p-01kb3m6v9d5x2y7z8a4c6e0f1g`, expires: 2026-11-22 (14:38:40 UTC)
    ~ Verb restore, runbook `restore`, digest `cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd`
    ~ Plan version `v-3Lk9`, digest of what it says of this `abababababababababababababababababababababababababababababababab`
    ~ What is approved: `DIG`, in full `DIGEST`
    ");
}

#[test]
fn the_card_of_a_deletion_without_a_past_or_a_reason() {
    let proposal = retire();
    let approval = approval(&proposal);
    insta::assert_snapshot!(read_stable(&approval_card(&proposal, &approval, at("14:11:00")), &approval.digest), @r"
    (Retire inventory-db, replaced in inventory: ⏳ *Waits for approval*: 0 of 1 given; needs one more person with the role dba. Asked by <@U0ANA00001>: no reason given.)
    # Retire inventory-db, replaced in inventory
    ⏳ *Waits for approval*: 0 of 1 given; needs one more person with the role dba.
    <@U0ANA00001>, who asked, does not count. It expires: 2026-11-22 (14:38:40 UTC).

    *Asked by* <@U0ANA00001>, 2026-11-22 (14:08:40 UTC)
    *Why* no reason given.
    *Target* the database `inventory`, production, `eu-west-1`

    *Time* no past run to go by.
    *Undo* Not undoable, but the final snapshot can be restored.
    *Point of no return* step 1, “Delete the old instance” (`retire`)
    ⚠️ The log and the automated backups of inventory-db go with it.

    [Approve: delete inventory-db…](approve p-01kb3m6v9d5x2y7z8a4c6e0f1g) [Deny](deny p-01kb3m6v9d5x2y7z8a4c6e0f1g) [Take back](cancel p-01kb3m6v9d5x2y7z8a4c6e0f1g)
    ~ The button asks you to type `retire inventory-db eu-west-1` before it counts.
    ----
    *What exactly will be done*

    *1. Delete the old instance*
    • delete `inventory-db` (`db-OLD123`, eu-west-1) with its automated backups
    • what stays: the final snapshot `mayday-inventory-20261122-160000-a4c6e0f1g2`
    • only while traffic is led to `inventory-db-r-a4c6e0f1g2.abc.eu-west-1.rds.amazonaws.com` by the CNAME `inventory.db.internal` in the zone `db.internal` (TTL 30 s)
    • step `retire`, action `db:retire`: a person is asked after 2 h, tried again 3 times at most

    ----
    ~ Who may approve: 1 of those with the role dba, within 30 min, in production
    ~ Proposal `p-01kb3m6v9d5x2y7z8a4c6e0f1g`, expires: 2026-11-22 (14:38:40 UTC)
    ~ Verb retire, runbook `retire`, digest `cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd`
    ~ Plan version `v-3Lk9`, digest of what it says of this `abababababababababababababababababababababababababababababababab`
    ~ What is approved: `DIG`, in full `DIGEST`
    ");
}

#[test]
fn a_decided_card_says_who_decided_when_and_has_no_buttons() {
    let proposal = restore();
    let one = voted(&proposal, &[("U0BOB00001", "14:10:02")]);
    let (by, when) = (who("U0CAROL001"), at("14:12:00"));
    let states = [
        approved(&proposal),
        Approval { state: State::Denied { by: by.clone(), at: when }, ..one.clone() },
        Approval { state: State::Cancelled { by, at: when }, ..one.clone() },
        Approval { state: State::Expired, ..one.clone() },
    ];
    let seen: Vec<String> = states
        .iter()
        .map(|approval| {
            let card = read(&approval_card(&proposal, approval, at("14:13:00")));
            assert!(!card.contains("](approve") && !card.contains("](deny") && !card.contains("](cancel"), "{card}");
            card.lines().skip(2).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
        })
        .collect();
    insta::assert_snapshot!(seen.join("\n\n"), @r"
    ✅ *Approved* at 2026-11-22 (14:11:50 UTC) by <@U0BOB00001> and <@U0CAROL001>. It runs as `r-01kb3m6v9d5x2y7z8a4c6e0f1g`.

    ❌ *Denied* by <@U0CAROL001> at 2026-11-22 (14:12:00 UTC). Nothing was done.
    Approvals so far: <@U0BOB00001> at 2026-11-22 (14:10:02 UTC).

    ⏹ *Taken back* by <@U0CAROL001> at 2026-11-22 (14:12:00 UTC). Nothing was done.
    Approvals so far: <@U0BOB00001> at 2026-11-22 (14:10:02 UTC).

    ⌛ *Expired* at 2026-11-22 (14:38:40 UTC): 1 of 2 had approved. Nothing was done.
    Approvals so far: <@U0BOB00001> at 2026-11-22 (14:10:02 UTC).
    ");
    // One that nobody swept yet has expired all the same.
    let stale = read(&approval_card(&proposal, &one, at("14:38:40")));
    assert!(stale.contains("⌛ *Expired*") && !stale.contains("](approve"), "{stale}");
}

#[test]
fn the_phrase_is_asked_for_after_the_consequences() {
    let proposal = restore();
    let form = read_form(&phrase_form(&proposal, "", None)).replace(&proposal.digest().unwrap()[..12], "DIG");
    insta::assert_snapshot!(form, @r"
    [[ Approve this restore ]] approval_phrase
    *Restore inventory to 2026-11-22 14:02:00 UTC*
    *Target* the database `inventory`, production, `eu-west-1`

    *Data* as of 2026-11-22 (14:02:00 UTC), from the log of inventory-db
    *Lost* you lose about 6 min 40 s: everything written after that moment, counted up to when this was asked
    *Time* usually 13 min 47 s, by past runs; the objective (RTO) is 1 h.
    *Cost* 0.38 USD an hour for a second instance, until the old one is retired
    *Undo* Until traffic moves, nothing has changed. Afterwards inventory-db is still there, as it was.
    *Point of no return* step 6, “Lead traffic to the new instance” (`switch`)
    ⚠️ Applications that hold connections to the old instance keep writing there until they reconnect.

    ~ You approve exactly what the card shows, digest `DIG`. It starts with the last approval that it needs.
    Type this to approve:

    `inventory 14:02 eu-west-1`

    The phrase: ________
       Capitals, spaces and dashes do not matter; everything else does.
    [Close] [Restore inventory] p-01kb3m6v9d5x2y7z8a4c6e0f1g
    ");
}

#[test]
fn a_wrong_phrase_is_kept_and_its_difference_shown() {
    let (proposal, typed) = (restore(), "Inventory 14:20");
    let difference = phrase_matches(&proposal.phrase, typed).unwrap_err();
    let form = read_form(&phrase_form(&proposal, typed, Some(&difference)));
    let shown: Vec<&str> = form.lines().filter(|line| line.contains("⚠️ *Not") || line.contains("____")).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    ⚠️ *Not approved yet.* Not quite: you typed “14:20”, it is “14:02”. Type: inventory 14:02 eu-west-1
    The phrase: ____Inventory 14:20____
    ");
    assert_eq!(form.lines().filter(|line| *line == "`inventory 14:02 eu-west-1`").count(), 1, "the phrase stands alone");
}

#[test]
fn the_button_of_the_form_is_named_after_the_deed_as_far_as_it_fits() {
    let named = |database: &str| {
        let mut proposal = restore();
        proposal.target.name = database.to_owned();
        phrase_form(&proposal, "", None).submit.unwrap()
    };
    assert_eq!(named("orders"), "Restore orders to 14:02");
    assert_eq!(named("inventory"), "Restore inventory");
    assert_eq!(named("a-database-with-a-long-name"), "Restore it");
    assert_eq!(phrase_form(&retire(), "", None).submit.as_deref(), Some("Delete inventory-db"));
}

#[test]
fn everybody_concerned_is_told_what_became_of_it() {
    let proposal = restore();
    let (pending, approved) = (voted(&proposal, &[("U0BOB00001", "14:10:02")]), approved(&proposal));
    let denied = Approval { state: State::Denied { by: who("U0CAROL001"), at: at("14:12:00") }, ..pending.clone() };
    let expired = Approval { state: State::Expired, ..pending.clone() };
    let told = [
        proposed(&proposal, "C0RECOVERY"),
        proposed(&retire(), "C0RECOVERY"),
        decision_counted(&pending, &proposal),
        decision_counted(&approved, &proposal),
        decision_counted(&denied, &proposal),
        decided_already(&pending, &proposal, at("14:12:00")),
        decided_already(&pending, &proposal, at("14:40:00")),
        decided_already(&approved, &proposal, at("14:12:00")),
        decision_reply(&pending, &proposal),
        decision_reply(&approved, &proposal),
        decision_reply(&denied, &proposal),
        decision_reply(&expired, &proposal),
    ];
    insta::assert_snapshot!(told.iter().map(read).collect::<Vec<_>>().join("\n\n"), @r"
    (⏳ *Restore inventory to 2026-11-22 14:02:00 UTC* waits in <#C0RECOVERY> for 2 people with the role dba or lead to approve it, until 2026-11-22 (14:38:40 UTC). You can't approve it yourself; you get a message when it is decided. `/dr cancel p-01kb3m6v9d5x2y7z8a4c6e0f1g` takes it back.)

    (⏳ *Retire inventory-db, replaced in inventory* waits in <#C0RECOVERY> for one person with the role dba to approve it, until 2026-11-22 (14:38:40 UTC). You can't approve it yourself; you get a message when it is decided. `/dr cancel p-01kb3m6v9d5x2y7z8a4c6e0f1g` takes it back.)

    (✅ Your approval of *Restore inventory to 2026-11-22 14:02:00 UTC* counts: 1 of 2 given; needs one more person with the role dba or lead, until 2026-11-22 (14:38:40 UTC).)

    (✅ Your approval of *Restore inventory to 2026-11-22 14:02:00 UTC* counts, and it was the last one that was needed. It starts now as `r-01kb3m6v9d5x2y7z8a4c6e0f1g`: close this to watch it.)

    (❌ You denied *Restore inventory to 2026-11-22 14:02:00 UTC*. Nothing was done, and nothing will be.)

    (Nothing changed. Your approval was counted before. *Restore inventory to 2026-11-22 14:02:00 UTC*: ⏳ *Waits for approval*: 1 of 2 given; needs one more person with the role dba or lead.)

    (Nothing changed. *Restore inventory to 2026-11-22 14:02:00 UTC*: ⌛ *Expired* at 2026-11-22 (14:38:40 UTC): 1 of 2 had approved. Nothing was done.)

    (Nothing changed. *Restore inventory to 2026-11-22 14:02:00 UTC*: ✅ *Approved* at 2026-11-22 (14:11:50 UTC) by <@U0BOB00001> and <@U0CAROL001>. It runs as `r-01kb3m6v9d5x2y7z8a4c6e0f1g`.)

    (✅ <@U0BOB00001> approved *Restore inventory to 2026-11-22 14:02:00 UTC*: 1 of 2 given; needs one more person with the role dba or lead.)

    (*Restore inventory to 2026-11-22 14:02:00 UTC*: ✅ *Approved* at 2026-11-22 (14:11:50 UTC) by <@U0BOB00001> and <@U0CAROL001>. It runs as `r-01kb3m6v9d5x2y7z8a4c6e0f1g`.)

    (*Restore inventory to 2026-11-22 14:02:00 UTC*: ❌ *Denied* by <@U0CAROL001> at 2026-11-22 (14:12:00 UTC). Nothing was done.)

    (*Restore inventory to 2026-11-22 14:02:00 UTC*: ⌛ *Expired* at 2026-11-22 (14:38:40 UTC): 1 of 2 had approved. Nothing was done. <@U0ANA00001>, ask for it again if it is still wanted: the world is looked at anew.)
    ");
}
