//! How a document says spans, times and ways.

use mayday_core::plan::Span;
use minijinja::{Error, ErrorKind};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn seconds(text: &str) -> Result<i64, Error> {
    let span: Span = serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("{text} is no span")))?;
    Ok(span.0.as_secs())
}

fn unit(seconds: i64) -> (i64, &'static str) {
    match seconds {
        // Up to two days people say hours: “24 hours”, “within 48 hours”.
        _ if seconds % DAY == 0 && seconds > 2 * DAY => (seconds / DAY, "day"),
        _ if seconds % HOUR == 0 => (seconds / HOUR, "hour"),
        _ if seconds % MINUTE == 0 => (seconds / MINUTE, "minute"),
        _ => (seconds, "second"),
    }
}

fn counted(seconds: i64) -> String {
    let (number, unit) = unit(seconds);
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// `1h` as “1 hour”, `0s` as “0”.
pub(crate) fn spoken(span: &str) -> Result<String, Error> {
    let seconds = seconds(span)?;
    Ok(if seconds == 0 { "0".to_owned() } else { counted(seconds) })
}

/// From one span to another: “0-15 minutes”, “30 minutes - 2 hours”; “Within 48 hours” of what has no beginning of its own.
pub(crate) fn between(from: &str, to: &str, first: bool) -> Result<String, Error> {
    let (from, to) = (seconds(from)?, seconds(to)?);
    let ((start, start_unit), (_, end_unit)) = (unit(from), unit(to));
    Ok(match from {
        0 if first => format!("0-{}", counted(to)),
        0 => format!("Within {}", counted(to)),
        _ if start_unit == end_unit => format!("{start}-{}", counted(to)),
        _ => format!("{} - {}", counted(from), counted(to)),
    })
}

/// When a cron is due, in words: “2 AM UTC”, “Sunday 3 AM UTC”, “1st day, 4 AM UTC”.
pub(crate) fn clock(cron: &str, zone: &str) -> String {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return cron.to_owned() };
    let (Ok(minute), Ok(hour), "*") = (minute.parse::<u8>(), hour.parse::<u8>(), *month) else { return format!("{cron} {zone}") };
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    let time = if minute == 0 { format!("{hour} {half} {zone}") } else { format!("{hour}:{minute:02} {half} {zone}") };
    let named = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    match (*day, *weekday) {
        ("*", "*") => time,
        ("*", weekday) => match weekday.parse().ok().and_then(|number: usize| named.get(number)) {
            Some(name) => format!("{name} {time}"),
            None => format!("{cron} {zone}"),
        },
        ("1", "*") => format!("1st day, {time}"),
        (day, "*") => format!("day {day}, {time}"),
        _ => format!("{cron} {zone}"),
    }
}

/// How a channel is written.
pub(crate) fn channel(name: &str) -> String {
    match name {
        "slack" => "Slack",
        "email" => "Email",
        "sms" => "SMS",
        "phone" => "Phone",
        "pagerduty" => "PagerDuty",
        "status_page" => "Status page",
        "social" => "Social media",
        other => other,
    }
    .to_owned()
}
