//! The doctor: each trouble with the installation is found, said with its cure, and never taken for another.

use mayday_core::desk::Request;
use mayday_sim::{
    Fate, Faults, Sim,
    fault::{HOUR, MINUTE, SECOND},
    state::Around,
    trace::Port,
};

/// What the doctor says in a world that was changed.
fn told(change: impl FnOnce(&mut Around)) -> String {
    let mut sim = Sim::new(1);
    sim.by_hand(|state, _| change(&mut state.around));
    examined(&mut sim)
}

/// The whole report: its first words are whispered into the channel, to see whether that takes messages.
fn examined(sim: &mut Sim) -> String {
    let sent = sim.as_("ana").sends(Request::Command("doctor".to_owned()));
    sim.run_for(MINUTE);
    sim.answer(&sent).expect("a report")
}

#[test]
fn an_installation_as_the_template_makes_it_is_well() {
    let well = told(|_| ());
    for what in ["Slack scopes", "Clock", "Table", "Bucket", "Keys"] {
        assert!(well.contains(&format!("✅ *{what}*")), "{what}: {well}");
    }
}

#[test]
fn what_is_wrong_around_the_bot_is_found_and_said_with_its_cure() {
    type Change = fn(&mut Around);
    let troubles: [(Change, &str, &str); 9] = [
        (|around| around.scopes.retain(|scope| scope != "files:write"), "❌ *Slack scopes*: the app lacks files:write", "install it again"),
        (
            |around| around.scopes.push("channels:history".to_owned()),
            "⚠️ *Slack scopes*: the app never uses channels:history",
            "Take them away",
        ),
        (|around| around.ahead = 90 * SECOND, "⚠️ *Clock*: ours is 1 min", "behind Slack's"),
        (|around| around.ahead = -10 * MINUTE, "❌ *Clock*: ours is 10 min", "ahead of Slack's"),
        (|around| around.table.point_in_time = false, "⚠️ *Table*: its last days can't be brought back", "Deploy the template again"),
        (|around| around.table.deletion_protection = false, "⚠️ *Table*: one call deletes it", "Deploy the template again"),
        (|around| around.bucket.versions = false, "❌ *Bucket*: it keeps no versions", "Deploy the template again"),
        (|around| around.bucket.locks = false, "⚠️ *Bucket*: it has no Object Lock", "put-object-lock-configuration"),
        (|around| around.keys_age = 91 * 24 * HOUR, "⚠️ *Keys*: mayday/keys was last changed 91 d ago", "slack_signing_secret_previous"),
    ];
    for (change, found, cure) in troubles {
        let told = told(change);
        assert!(told.contains(found) && told.contains(cure), "{found} … {cure}: {told}");
    }
}

/// A look that fails is neither well nor broken; one that is refused says which right is missing.
#[test]
fn what_can_not_be_looked_at_is_unknown_and_the_missing_right_is_named() {
    for (port, method, found) in [
        (Port::Table, "care", "dynamodb:DescribeContinuousBackups"),
        (Port::Blobs, "care", "s3:GetBucketVersioning"),
        (Port::Secrets, "care", "secretsmanager:DescribeSecret"),
    ] {
        let mut sim = Sim::new(1);
        sim.set_faults(Faults::first(1, port, method, Fate::Refused));
        let told = examined(&mut sim);
        assert!(told.contains("❔") && told.contains(found), "{told}");
        sim.set_faults(Faults::first(1, port, method, Fate::NotNow));
        let told = examined(&mut sim);
        assert!(told.contains("❔") && told.contains("Try again.") && !told.contains(found), "{told}");
    }
    let mut sim = Sim::new(1);
    sim.set_faults(Faults::first(1, Port::Chat, "app", Fate::LostRequest));
    let told = examined(&mut sim);
    assert!(told.contains("❔ *Slack scopes*"), "{told}");
}
