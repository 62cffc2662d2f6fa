//! Secrets Manager: versions and their staging labels.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    kept::Kept,
    service::{ACCOUNT, Call, Reply, Service, Shared},
    wire::{
        self,
        json::{self, Version::V1_1},
    },
};

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Version {
    text: Option<String>,
    binary: Option<String>,
    created: Timestamp,
    stages: BTreeSet<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Secret {
    name: String,
    region: String,
    arn: String,
    description: Option<String>,
    kms_key: Option<String>,
    tags: BTreeMap<String, String>,
    created: Timestamp,
    changed: Timestamp,
    /// When it is to be deleted for good; set while it waits.
    deleted: Option<Timestamp>,
    versions: BTreeMap<String, Version>,
}

impl Secret {
    /// Moves a label to a version. `AWSCURRENT` leaves `AWSPREVIOUS` where it was.
    fn label(&mut self, stage: &str, version: &str) {
        let before = self.versions.iter().find(|(_, one)| one.stages.contains(stage)).map(|(id, _)| id.clone());
        if before.as_deref() == Some(version) {
            return;
        }
        for one in self.versions.values_mut() {
            one.stages.remove(stage);
        }
        if let Some(one) = self.versions.get_mut(version) {
            one.stages.insert(stage.to_owned());
        }
        if let (CURRENT, Some(before)) = (stage, before) {
            self.label(PREVIOUS, &before);
        }
    }

    fn stages(&self) -> BTreeMap<&String, &BTreeSet<String>> {
        self.versions.iter().filter(|(_, one)| !one.stages.is_empty()).map(|(id, one)| (id, &one.stages)).collect()
    }

    fn described(&self) -> Value {
        let tags: Vec<Value> = self.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let mut described = json!({
            "ARN": self.arn, "Name": self.name, "Tags": tags, "PrimaryRegion": self.region, "RotationEnabled": false,
            "CreatedDate": seconds(self.created), "LastChangedDate": seconds(self.changed),
        });
        if let Some(fields) = described.as_object_mut() {
            fields.extend(self.description.as_ref().map(|text| ("Description".to_owned(), json!(text))));
            fields.extend(self.kms_key.as_ref().map(|key| ("KmsKeyId".to_owned(), json!(key))));
            fields.extend(self.deleted.map(|at| ("DeletedDate".to_owned(), json!(seconds(at)))));
        }
        described
    }
}

/// A request, with the fields of all operations.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Request {
    name: Option<String>,
    secret_id: String,
    secret_id_list: Vec<String>,
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    tags: Vec<Tag>,
    tag_keys: Vec<String>,
    version_id: Option<String>,
    version_stage: Option<String>,
    version_stages: Option<Vec<String>>,
    move_to_version_id: Option<String>,
    remove_from_version_id: Option<String>,
    recovery_window_in_days: Option<i64>,
    force_delete_without_recovery: bool,
    filters: Vec<Filter>,
    max_results: Option<usize>,
    next_token: Option<String>,
    include_planned_deletion: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Tag {
    key: String,
    value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Filter {
    key: String,
    values: Vec<String>,
}

/// The service.
#[derive(Debug)]
pub struct Secrets {
    shared: Arc<Shared>,
    secrets: Kept<Vec<Secret>>,
}

type Answer = Result<Value, Reply>;

impl Secrets {
    /// Opens the service over what is in the data directory.
    ///
    /// # Errors
    /// When that can't be read.
    pub fn open(shared: Arc<Shared>) -> anyhow::Result<Arc<Self>> {
        let secrets = Kept::open(shared.data.join("secretsmanager").join("secrets.json"))?;
        Ok(Arc::new(Self { shared, secrets }))
    }

    /// Makes a secret, unless there is one of that name in the region: for what a stack starts with. Says whether it did.
    pub fn seed(&self, region: &str, name: &str, text: &str) -> bool {
        let request = Request { name: Some(name.to_owned()), secret_string: Some(text.to_owned()), ..Request::default() };
        self.create(region, request).is_ok()
    }

    /// Makes secrets, as [`Self::seed`] does, all at once: a fleet's.
    pub fn seed_all(&self, region: &str, secrets: Vec<(String, String)>) {
        let now = self.shared.clock.now();
        self.secrets.change(|known| {
            known.extend(
                secrets
                    .into_iter()
                    .map(|(name, text)| made(region, Request { name: Some(name), secret_string: Some(text), ..Request::default() }, now).0),
            );
        });
    }

    /// The current text of a secret: for the stack's own use.
    #[must_use]
    pub fn current(&self, region: &str, name: &str) -> Option<String> {
        let secrets = self.secrets.read();
        let secret = find(&secrets, region, name)?;
        secret.versions.values().find(|version| version.stages.contains(CURRENT)).and_then(|version| version.text.clone())
    }

    fn answer(&self, call: &Call) -> Answer {
        let request: Request = json::body(call, V1_1)?;
        let region = call.region.as_str();
        match call.operation.as_str() {
            "CreateSecret" => self.create(region, request),
            "GetSecretValue" => self.get(region, &request),
            "BatchGetSecretValue" => self.get_all(region, &request),
            "PutSecretValue" => self.put(region, request),
            "UpdateSecret" => self.update(region, request),
            "DescribeSecret" => self.with(region, &request.secret_id, true, |one| {
                let mut described = one.described();
                set(&mut described, "VersionIdsToStages", json!(one.stages()));
                Ok(described)
            }),
            "ListSecrets" => self.list(region, &request),
            "ListSecretVersionIds" => self.with(region, &request.secret_id, true, |one| Ok(versions(one))),
            "UpdateSecretVersionStage" => self.move_stage(region, &request),
            "DeleteSecret" => self.delete(region, &request),
            "RestoreSecret" => self.with(region, &request.secret_id, true, |one| {
                one.deleted = None;
                Ok(json!({"ARN": one.arn, "Name": one.name}))
            }),
            "TagResource" => self.with(region, &request.secret_id, false, |one| {
                one.tags.extend(request.tags.into_iter().map(|tag| (tag.key, tag.value)));
                Ok(json!({}))
            }),
            "UntagResource" => self.with(region, &request.secret_id, false, |one| {
                one.tags.retain(|key, _| !request.tag_keys.contains(key));
                Ok(json!({}))
            }),
            other => Err(refusal("UnknownOperationException", &format!("the local stack has no {other}"))),
        }
    }

    /// Does something with the secret that an id (name or ARN) names.
    fn with(&self, region: &str, id: &str, deleted_too: bool, act: impl FnOnce(&mut Secret) -> Answer) -> Answer {
        let now = self.shared.clock.now();
        self.secrets.change(|secrets| {
            secrets.retain(|one| one.deleted.is_none_or(|at| at > now));
            let found = secrets.iter_mut().find(|one| one.region == region && is_named(one, id));
            let one = found.ok_or_else(missing)?;
            if one.deleted.is_some() && !deleted_too {
                return Err(leaving());
            }
            act(one)
        })
    }

    /// Looks at the secret that an id (name or ARN) names.
    fn look(&self, region: &str, id: &str, look: impl FnOnce(&Secret) -> Answer) -> Answer {
        let now = self.shared.clock.now();
        let secrets = self.secrets.read();
        let there = find(&secrets, region, id).filter(|one| one.deleted.is_none_or(|at| at > now));
        let one = there.ok_or_else(missing)?;
        if one.deleted.is_some() { Err(leaving()) } else { look(one) }
    }

    fn create(&self, region: &str, request: Request) -> Answer {
        let name = request.name.clone().unwrap_or_default();
        if name.is_empty() {
            return Err(refusal("ValidationException", "Name is required"));
        }
        let now = self.shared.clock.now();
        self.secrets.change(|secrets| secrets.retain(|one| one.deleted.is_none_or(|at| at > now)));
        let known = find(&self.secrets.read(), region, &name).filter(|one| one.name == name).cloned();
        if let Some(known) = known {
            return match (known.deleted, request.client_request_token.as_ref().and_then(|token| known.versions.get(token))) {
                (Some(_), _) => Err(refusal(
                    "InvalidRequestException",
                    "You can't create this secret because a secret with this name is already scheduled for deletion.",
                )),
                (None, Some(same)) if (&same.text, &same.binary) == (&request.secret_string, &request.secret_binary) => {
                    Ok(json!({"ARN": known.arn, "Name": name, "VersionId": request.client_request_token}))
                }
                _ => Err(refusal("ResourceExistsException", &format!("The operation failed because the secret {name} already exists."))),
            };
        }
        let (secret, answer) = made(region, request, now);
        self.secrets.change(|secrets| secrets.push(secret));
        Ok(answer)
    }

    fn get(&self, region: &str, request: &Request) -> Answer {
        self.look(region, &request.secret_id, |one| value(one, request))
    }

    /// The secrets of a list, and what is wrong with those that are not there. Source: the API's reference, 1 to 20 names.
    fn get_all(&self, region: &str, request: &Request) -> Answer {
        if !(1..=20).contains(&request.secret_id_list.len()) {
            return Err(refusal("InvalidParameterException", "SecretIdList takes 1 to 20 secrets."));
        }
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for id in &request.secret_id_list {
            let one = Request { secret_id: id.clone(), ..Request::default() };
            match self.get(region, &one) {
                Ok(found) => values.push(found),
                Err(refused) => {
                    let told: Value = serde_json::from_slice(&refused.body).unwrap_or_default();
                    errors.push(
                        json!({"SecretId": id, "ErrorCode": told.get("__type"), "Message": told.get("Message").or(told.get("message"))}),
                    );
                }
            }
        }
        Ok(json!({"SecretValues": values, "Errors": errors}))
    }

    fn put(&self, region: &str, request: Request) -> Answer {
        let now = self.shared.clock.now();
        self.with(region, &request.secret_id.clone(), false, |one| put(one, request, now))
    }

    fn update(&self, region: &str, request: Request) -> Answer {
        let now = self.shared.clock.now();
        self.with(region, &request.secret_id.clone(), false, |one| {
            one.description = request.description.clone().or(one.description.take());
            one.kms_key = request.kms_key_id.clone().or(one.kms_key.take());
            one.changed = now;
            if request.secret_string.is_some() || request.secret_binary.is_some() {
                return put(one, Request { version_stages: None, ..request }, now);
            }
            Ok(json!({"ARN": one.arn, "Name": one.name}))
        })
    }

    fn list(&self, region: &str, request: &Request) -> Answer {
        let secrets = self.secrets.read();
        let passes = |one: &&Secret| {
            request.filters.iter().all(|filter| match filter.key.as_str() {
                // Source: the API's reference: names and tags match by prefix.
                "name" => filter.values.iter().any(|value| one.name.to_lowercase().starts_with(&value.to_lowercase())),
                "tag-key" => filter.values.iter().any(|value| one.tags.keys().any(|key| key.starts_with(value.as_str()))),
                "tag-value" => filter.values.iter().any(|value| one.tags.values().any(|tag| tag.starts_with(value.as_str()))),
                _ => true,
            })
        };
        let mut found: Vec<&Secret> = secrets
            .iter()
            .filter(|one| one.region == region && (one.deleted.is_none() || request.include_planned_deletion))
            .filter(passes)
            .collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        let rest = found.iter().filter(|one| request.next_token.as_ref().is_none_or(|after| one.name > *after));
        let size = request.max_results.unwrap_or(100).clamp(1, 100);
        let page: Vec<&&Secret> = rest.clone().take(size).collect();
        let listed: Vec<Value> = page
            .iter()
            .map(|one| {
                let mut described = one.described();
                set(&mut described, "SecretVersionsToStages", json!(one.stages()));
                described
            })
            .collect();
        let mut answer = json!({"SecretList": listed});
        if let (true, Some(last)) = (rest.count() > size, page.last()) {
            set(&mut answer, "NextToken", json!(last.name));
        }
        Ok(answer)
    }

    fn move_stage(&self, region: &str, request: &Request) -> Answer {
        let stage = request.version_stage.clone().unwrap_or_default();
        self.with(region, &request.secret_id, false, |one| {
            let holder = one.versions.iter().find(|(_, version)| version.stages.contains(&stage)).map(|(id, _)| id.clone());
            if let Some(to) = &request.move_to_version_id {
                if !one.versions.contains_key(to) {
                    return Err(refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret version."));
                }
                // The one who holds the label must be named, so that two movers can't pass each other.
                let is_there = holder.as_ref() == Some(to) && request.remove_from_version_id.is_none();
                if holder.is_some() && !is_there && holder != request.remove_from_version_id {
                    let message = format!(
                        "The parameter RemoveFromVersionId doesn't match. Staging label {stage} is currently attached to version {}, so you must explicitly reference that version in RemoveFromVersionId.",
                        holder.unwrap_or_default()
                    );
                    return Err(refusal("InvalidParameterException", &message));
                }
                one.label(&stage, &to.clone());
            } else if let (Some(from), true) = (&request.remove_from_version_id, holder == request.remove_from_version_id) {
                if stage == CURRENT {
                    return Err(refusal("InvalidParameterException", "You can't remove the staging label AWSCURRENT from a version, only move it."));
                }
                if let Some(version) = one.versions.get_mut(from) {
                    version.stages.remove(&stage);
                }
            }
            Ok(json!({"ARN": one.arn, "Name": one.name}))
        })
    }

    fn delete(&self, region: &str, request: &Request) -> Answer {
        let now = self.shared.clock.now();
        let days = request.recovery_window_in_days.unwrap_or(30);
        if !request.force_delete_without_recovery && !(7..=30).contains(&days) {
            return Err(refusal("InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
        }
        self.with(region, &request.secret_id, true, |one| {
            let at = if request.force_delete_without_recovery { now } else { now + SignedDuration::from_hours(24 * days) };
            one.deleted = Some(at);
            Ok(json!({"ARN": one.arn, "Name": one.name, "DeletionDate": seconds(at)}))
        })
    }
}

/// A new secret, and the answer to whoever made it.
fn made(region: &str, request: Request, now: Timestamp) -> (Secret, Value) {
    let name = request.name.unwrap_or_default();
    let suffix: String = wire::uuid().chars().take(6).collect();
    let mut secret = Secret {
        arn: format!("arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}-{suffix}"),
        name,
        region: region.to_owned(),
        description: request.description,
        kms_key: request.kms_key_id,
        tags: request.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        created: now,
        changed: now,
        deleted: None,
        versions: BTreeMap::new(),
    };
    let mut answer = json!({"ARN": secret.arn, "Name": secret.name});
    if request.secret_string.is_some() || request.secret_binary.is_some() {
        let id = request.client_request_token.unwrap_or_else(wire::uuid);
        let stages = BTreeSet::from([CURRENT.to_owned()]);
        let version = Version { text: request.secret_string, binary: request.secret_binary, created: now, stages };
        secret.versions.insert(id.clone(), version);
        set(&mut answer, "VersionId", json!(id));
    }
    (secret, answer)
}

/// What `GetSecretValue` says of a secret.
fn value(one: &Secret, request: &Request) -> Answer {
    let stage = request.version_stage.as_deref();
    let wanted = |(id, version): &(&String, &Version)| match (&request.version_id, stage) {
        (Some(wanted), stage) => *id == wanted && stage.is_none_or(|stage| version.stages.contains(stage)),
        (None, stage) => version.stages.contains(stage.unwrap_or(CURRENT)),
    };
    let (id, version) = one.versions.iter().find(wanted).ok_or_else(|| {
        let what = request
            .version_id
            .as_ref()
            .map_or_else(|| format!("staging label: {}", stage.unwrap_or(CURRENT)), |id| format!("VersionId: {id}"));
        refusal("ResourceNotFoundException", &format!("Secrets Manager can't find the specified secret value for {what}"))
    })?;
    let mut answer = json!({
        "ARN": one.arn, "Name": one.name, "VersionId": id, "VersionStages": version.stages, "CreatedDate": seconds(version.created),
    });
    if let Some(fields) = answer.as_object_mut() {
        fields.extend(version.text.as_ref().map(|text| ("SecretString".to_owned(), json!(text))));
        fields.extend(version.binary.as_ref().map(|bytes| ("SecretBinary".to_owned(), json!(bytes))));
    }
    Ok(answer)
}

/// Adds a version, or finds that the same request has done so.
fn put(one: &mut Secret, request: Request, now: Timestamp) -> Answer {
    let id = request.client_request_token.unwrap_or_else(wire::uuid);
    let stages = request.version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
    match one.versions.get(&id) {
        Some(known) if (&known.text, &known.binary) == (&request.secret_string, &request.secret_binary) => {}
        Some(_) => {
            let message = format!("A resource with the ID you requested already exists: version {id} has another value.");
            return Err(refusal("ResourceExistsException", &message));
        }
        None => {
            let version = Version { text: request.secret_string, binary: request.secret_binary, created: now, stages: BTreeSet::new() };
            one.versions.insert(id.clone(), version);
            for stage in &stages {
                one.label(stage, &id);
            }
            one.changed = now;
        }
    }
    let stages = one.versions.get(&id).map(|version| version.stages.clone()).unwrap_or_default();
    Ok(json!({"ARN": one.arn, "Name": one.name, "VersionId": id, "VersionStages": stages}))
}

fn versions(one: &Secret) -> Value {
    let versions: Vec<Value> = one
        .versions
        .iter()
        .map(|(id, version)| json!({"VersionId": id, "VersionStages": version.stages, "CreatedDate": seconds(version.created)}))
        .collect();
    json!({"ARN": one.arn, "Name": one.name, "Versions": versions})
}

fn find<'a>(secrets: &'a [Secret], region: &str, id: &str) -> Option<&'a Secret> {
    secrets.iter().find(|one| one.region == region && is_named(one, id))
}

/// By name, by ARN, or by ARN without the six characters that AWS adds.
fn is_named(one: &Secret, id: &str) -> bool {
    one.name == id || one.arn == id || (id.starts_with("arn:") && one.arn.get(..one.arn.len() - 7) == Some(id))
}

fn missing() -> Reply {
    refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

fn leaving() -> Reply {
    refusal("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
}

fn refusal(code: &str, message: &str) -> Reply {
    json::error(V1_1, StatusCode::BAD_REQUEST, code, message)
}

/// Sets a field of an object.
fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// Seconds since 1970, as this protocol writes times.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit a double exactly")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

#[async_trait]
impl Service for Secrets {
    fn name(&self) -> &'static str {
        "secretsmanager"
    }

    fn operation(&self, call: &Call) -> String {
        json::operation(call)
    }

    async fn handle(&self, call: &Call) -> Reply {
        self.answer(call).map_or_else(|refusal| refusal, |answer| json::reply(V1_1, &answer))
    }

    fn error(&self, status: StatusCode, code: &str, message: &str) -> Reply {
        json::error(V1_1, status, code, message)
    }
}
