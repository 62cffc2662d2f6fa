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
    for what in ["Slack scopes", "Clock", "Table", "Bucket", "Keys", "Keys' form", "Schedule", "Data of orders"] {
        assert!(well.contains(&format!("✅ *{what}*")), "{what}: {well}");
    }
    assert!(!well.contains("Release in"), "one region is compared with nothing: {well}");
}

/// The installation of `told`, in a second region as well, which runs this release of the runner.
fn in_two_regions(around: &mut Around, runner: &str) {
    let (here, there) = ("eu-west-1".to_owned(), "eu-central-1".to_owned());
    let packages =
        |runner: &str| [("mayday-runner", runner), ("mayday-worker", "1")].map(|(name, digest)| (name.to_owned(), digest.to_owned()));
    around.table.elsewhere = [(there.clone(), "ACTIVE".to_owned())].into();
    around.packages = [(here, packages("1").into()), (there, packages(runner).into())].into();
}

#[test]
fn a_standby_of_another_release_and_one_that_could_not_take_over_are_found() {
    let well = told(|around| in_two_regions(around, "1"));
    assert!(well.contains("✅ *Table in eu-central-1*") && well.contains("✅ *Release in eu-central-1*"), "{well}");
    let older = told(|around| in_two_regions(around, "2"));
    assert!(older.contains("⚠️ *Release in eu-central-1*: not the same code as in eu-west-1: mayday-runner"), "{older}");
    let ill = told(|around| {
        in_two_regions(around, "1");
        around.table.elsewhere.insert("eu-central-1".to_owned(), "INACCESSIBLE_ENCRYPTION_CREDENTIALS".to_owned());
    });
    assert!(ill.contains("❌ *Table in eu-central-1*: it can't be read there") && ill.contains("Enable the key"), "{ill}");
}

/// What runs here can't be read: that is said of this region, and of the other one nothing, where nobody has looked.
#[test]
fn a_region_is_not_blamed_for_what_can_not_be_read_in_another() {
    for unread in ["eu-west-1", "eu-central-1"] {
        let mut sim = Sim::new(1);
        sim.by_hand(|state, _| in_two_regions(&mut state.around, "1"));
        sim.set_faults(Faults::rule(move |call| if call.method == "packages" && call.about == unread { Fate::NotNow } else { Fate::Well }));
        let told = examined(&mut sim);
        let other = if unread == "eu-west-1" { "eu-central-1" } else { "eu-west-1" };
        assert!(told.contains(&format!("❔ *Release in {unread}*")) && !told.contains(&format!("*Release in {other}*")), "{told}");
    }
}

#[test]
fn what_is_wrong_around_the_bot_is_found_and_said_with_its_cure() {
    type Change = fn(&mut Around);
    let troubles: [(Change, &str, &str); 12] = [
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
        (
            |around| {
                around.keys.as_object_mut().unwrap().remove("slack_signing_secret");
            },
            "❌ *Keys' form*: in mayday/keys there is no slack_signing_secret",
            "aws secretsmanager put-secret-value --secret-id mayday/keys",
        ),
        (|around| around.schedule = Some(false), "❌ *Schedule*: mayday-sweep is disabled", "Enable it"),
        (|around| around.schedule = None, "❌ *Schedule*: there is no mayday-sweep", "Deploy the template again"),
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
        (Port::Workflow, "schedule", "scheduler:GetSchedule"),
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
