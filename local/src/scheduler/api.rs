//! EventBridge Scheduler's interface, REST JSON.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Key, Schedule, Scheduler, Wanted};
use crate::{
    service::{Call, Reply, Service},
    states::record::epoch,
    wire::rest,
};

/// The service over its state: what the front and `dispatch` see.
#[derive(Debug, Clone)]
pub struct SchedulerService(Arc<Scheduler>);

impl SchedulerService {
    /// The service of that state.
    #[must_use]
    pub fn new(scheduler: Arc<Scheduler>) -> Self {
        Self(scheduler)
    }

    fn create(&self, call: &Call, name: &str) -> Result<Value, Reply> {
        let wanted = read(call)?;
        if let Some(there) = self.0.get(&key(name, wanted.group_name.as_deref())) {
            if wanted.client_token.is_some() && there.wanted.client_token == wanted.client_token {
                return Ok(json!({"ScheduleArn": there.arn(&self.0.region)}));
            }
            return Err(rest::json_error(StatusCode::CONFLICT, "ConflictException", &format!("Schedule {name} already exists.")));
        }
        self.put(name, wanted)
    }

    fn update(&self, call: &Call, name: &str) -> Result<Value, Reply> {
        let wanted = read(call)?;
        self.0.get(&key(name, wanted.group_name.as_deref())).ok_or_else(|| missing(name))?;
        self.put(name, wanted)
    }

    fn put(&self, name: &str, wanted: Wanted) -> Result<Value, Reply> {
        let arn = self.0.put(name, wanted).map_err(|what| rest::json_error(StatusCode::BAD_REQUEST, "ValidationException", &what))?;
        Ok(json!({"ScheduleArn": arn}))
    }

    fn describe(&self, schedule: &Schedule) -> Value {
        let mut described = json!(schedule.wanted);
        if let Some(fields) = described.as_object_mut() {
            fields.remove("ClientToken");
            fields.retain(|_, value| !value.is_null());
            fields.insert("Arn".to_owned(), json!(schedule.arn(&self.0.region)));
            fields.insert("Name".to_owned(), json!(schedule.name));
            fields.insert("GroupName".to_owned(), json!(schedule.group));
            fields.insert("CreationDate".to_owned(), json!(epoch(schedule.created)));
            fields.insert("LastModificationDate".to_owned(), json!(epoch(schedule.modified)));
            for (name, default) in [("State", "ENABLED"), ("ScheduleExpressionTimezone", "UTC"), ("ActionAfterCompletion", "NONE")] {
                fields.entry(name).or_insert_with(|| json!(default));
            }
        }
        described
    }

    fn list(&self, call: &Call) -> Value {
        let query = rest::query(call);
        let (group, prefix) = (query.get("ScheduleGroup"), query.get("NamePrefix"));
        let fits = |schedule: &Schedule| {
            group.is_none_or(|group| *group == schedule.group) && prefix.is_none_or(|prefix| schedule.name.starts_with(prefix))
        };
        let summary = |schedule: Schedule| {
            json!({
                "Arn": schedule.arn(&self.0.region),
                "Name": schedule.name,
                "GroupName": schedule.group,
                "State": schedule.wanted.state.as_deref().unwrap_or("ENABLED"),
                "CreationDate": epoch(schedule.created),
                "LastModificationDate": epoch(schedule.modified),
                "Target": {"Arn": schedule.wanted.target.arn},
            })
        };
        let schedules: Vec<Value> = self.0.all().into_iter().filter(fits).map(summary).collect();
        json!({"Schedules": schedules})
    }
}

#[async_trait]
impl Service for SchedulerService {
    fn name(&self) -> &'static str {
        "scheduler"
    }

    fn operation(&self, call: &Call) -> String {
        let segments = rest::segments(call);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let name = match (&call.method, segments.as_slice()) {
            (&Method::GET, ["schedules"]) => "ListSchedules",
            (&Method::POST, ["schedules", _]) => "CreateSchedule",
            (&Method::GET, ["schedules", _]) => "GetSchedule",
            (&Method::PUT, ["schedules", _]) => "UpdateSchedule",
            (&Method::DELETE, ["schedules", _]) => "DeleteSchedule",
            _ => "",
        };
        name.to_owned()
    }

    async fn handle(&self, call: &Call) -> Reply {
        let name = rest::segments(call).into_iter().nth(1).unwrap_or_default();
        let in_query = || key(&name, rest::query(call).get("groupName").map(String::as_str));
        let done = match call.operation.as_str() {
            "ListSchedules" => Ok(self.list(call)),
            "CreateSchedule" => self.create(call, &name),
            "UpdateSchedule" => self.update(call, &name),
            "GetSchedule" => self.0.get(&in_query()).map(|schedule| self.describe(&schedule)).ok_or_else(|| missing(&name)),
            "DeleteSchedule" => self.0.remove(&in_query()).then(|| json!({})).ok_or_else(|| missing(&name)),
            _ => Err(rest::json_error(
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                "The local stack does not know this operation of Scheduler.",
            )),
        };
        done.map_or_else(|refused| refused, |answer| rest::json(StatusCode::OK, &answer))
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        rest::json_error(status, code, message)
    }
}

fn read(call: &Call) -> Result<Wanted, Reply> {
    serde_json::from_slice(&call.body).map_err(|error| rest::json_error(StatusCode::BAD_REQUEST, "ValidationException", &error.to_string()))
}

fn key(name: &str, group: Option<&str>) -> Key {
    (group.unwrap_or("default").to_owned(), name.to_owned())
}

fn missing(name: &str) -> Reply {
    rest::json_error(StatusCode::NOT_FOUND, "ResourceNotFoundException", &format!("Schedule {name} does not exist."))
}
