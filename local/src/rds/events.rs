//! What the service tells: on the bus, and in `DescribeEvents`.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    Answer, NAMESPACE, Rds,
    describe::page,
    model::{Happening, Instance, Snapshot},
    xml,
};
use crate::{
    events::Event,
    wire::query::{self, Params},
};

impl Rds {
    /// Tells of an instance. `id` as in
    /// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html>: `RDS-EVENT-0006`.
    pub(super) fn tell(&self, one: &Instance, id: &str, category: &'static str, message: &str) {
        self.happen(
            id,
            Happening {
                at: self.shared.clock.now(),
                region: one.region.clone(),
                source: one.identifier.clone(),
                source_type: "db-instance",
                arn: one.arn(),
                category,
                message: message.to_owned(),
            },
        );
    }

    /// Tells of a snapshot.
    pub(super) fn tell_snapshot(&self, one: &Snapshot, id: &str, category: &'static str, message: &str) {
        self.happen(
            id,
            Happening {
                at: self.shared.clock.now(),
                region: one.region.clone(),
                source: one.identifier.clone(),
                source_type: "db-snapshot",
                arn: one.arn(),
                category,
                message: message.to_owned(),
            },
        );
    }

    fn happen(&self, id: &str, happening: Happening) {
        let (detail_type, source_type) = match happening.source_type {
            "db-snapshot" => ("RDS DB Snapshot Event", "SNAPSHOT"),
            _ => ("RDS DB Instance Event", "DB_INSTANCE"),
        };
        self.shared.emit(Event {
            source: "aws.rds".to_owned(),
            detail_type: detail_type.to_owned(),
            region: happening.region.clone(),
            resources: vec![happening.arn.clone()],
            detail: json!({
                "EventCategories": [happening.category],
                "SourceType": source_type,
                "SourceArn": happening.arn,
                "Date": xml::time(happening.at),
                "Message": happening.message,
                "SourceIdentifier": happening.source,
                "EventID": id,
            }),
        });
        self.store.read().happenings.push(happening);
    }

    pub(super) fn describe_events(&self, region: &str, params: &Params) -> Answer {
        let now = self.shared.clock.now();
        let minutes: i64 = params.parsed("Duration").unwrap_or(60);
        let time = |name: &str| params.get(name).and_then(|text| text.parse::<Timestamp>().ok());
        let end = time("EndTime").unwrap_or(now);
        let start = time("StartTime").unwrap_or_else(|| end.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN));
        let world = self.store.read();
        let found: Vec<(usize, &Happening)> = world
            .happenings
            .iter()
            .enumerate()
            .filter(|(_, one)| one.region == region && (start..=end).contains(&one.at))
            .filter(|(_, one)| params.get("SourceIdentifier").is_none_or(|source| source == one.source))
            .filter(|(_, one)| params.get("SourceType").is_none_or(|kind| kind == one.source_type))
            .collect();
        let (found, marker) = page(found, params, |(place, _)| format!("{place:09}"))?;
        Ok(query::reply("DescribeEvents", NAMESPACE, |xml| {
            xml.optional("Marker", marker);
            xml.list("Events", "Event", found, |xml, (_, one)| {
                xml.text("SourceIdentifier", &one.source);
                xml.text("SourceType", one.source_type);
                xml.text("Message", &one.message);
                xml.element("EventCategories", |xml| xml.text("EventCategory", one.category));
                xml.text("Date", xml::time(one.at));
                xml.text("SourceArn", &one.arn);
            });
        }))
    }
}
