use super::{read, sample::at};
use crate::{
    alert::{Alert, Kind, Level, Standing},
    view::{alert, alert_over},
};

#[test]
fn an_alert_and_its_end() {
    let mut standing = Standing {
        alert: Alert {
            kind: Kind::Rpo,
            subject: "inventory".to_owned(),
            level: Level::Warning,
            sentence: "inventory would lose 12 min <!here> now.".to_owned(),
            way_out: Some("`/dr backup inventory` makes a recovery point.".to_owned()),
        },
        since: at("14:00:00"),
        told: None,
        resolved: None,
        told_resolved: false,
        telling: None,
        posted: None,
    };
    let warning = read(&alert(&standing));
    standing.alert.level = Level::Broken;
    let broken = read(&alert(&standing));
    standing.resolved = Some(at("14:07:30"));
    let over = [read(&alert(&standing)), read(&alert_over(&standing))].join("\n");
    insta::assert_snapshot!([warning, broken, over].join("\n====\n"), @r"
    (⚠️ inventory would lose 12 min &lt;!here&gt; now.)
    ⚠️ inventory would lose 12 min &lt;!here&gt; now.
    `/dr backup inventory` makes a recovery point.

    ~ since 2026-11-22 (14:00:00 UTC)
    ====
    (❌ inventory would lose 12 min &lt;!here&gt; now.)
    ❌ inventory would lose 12 min &lt;!here&gt; now.
    `/dr backup inventory` makes a recovery point.

    ~ since 2026-11-22 (14:00:00 UTC)
    ====
    (✅ inventory would lose 12 min &lt;!here&gt; now.)
    ✅ inventory would lose 12 min &lt;!here&gt; now.

    ~ over since 2026-11-22 (14:07:30 UTC), after 7 min 30 s
    (✅ inventory: over since 2026-11-22 (14:07:30 UTC), after 7 min 30 s)
    ");
}
