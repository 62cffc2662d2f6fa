//! Objects: conditional writes, versions, ranges, locks.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Answer, Bucket, Lock, S3, Version, plain, request, request::Target};
use crate::{
    service::{Call, Reply},
    wire::{self, rest},
};

/// Headers that are kept with an object and given back.
const KEPT: [&str; 5] = ["content-type", "content-language", "content-disposition", "cache-control", "content-encoding"];

impl S3 {
    pub(super) fn put_object(&self, target: &Target, call: &Call) -> Answer {
        let body = request::content(call)?;
        let lock = asked_lock(&call.headers)?;
        let text = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        self.with_bucket(&target.bucket, |bucket| {
            check_write(bucket.current(&target.key), text("if-none-match"), text("if-match"))?;
            if lock != Lock::default() && !bucket.locking {
                return Err(rest::s3_error(StatusCode::BAD_REQUEST, "InvalidRequest", "Bucket is missing Object Lock Configuration"));
            }
            // Within the same turn, so that of two conditional writes one finds the other's.
            self.add(bucket, &target.key, &body, kept(&call.headers), lock)
        })
    }

    /// Puts an object without conditions.
    pub(super) fn store(&self, bucket: &str, key: &str, body: &[u8], headers: BTreeMap<String, String>, lock: Lock) -> Answer {
        self.with_bucket(bucket, |bucket| self.add(bucket, key, body, headers, lock))
    }

    fn add(&self, bucket: &mut Bucket, key: &str, body: &[u8], headers: BTreeMap<String, String>, lock: Lock) -> Answer {
        let version = Version {
            file: ulid::Ulid::generate().to_string(),
            versioned: bucket.versioning.as_deref() == Some("Enabled"),
            marker: false,
            // Not the MD5 that S3 takes: an ETag is opaque, and nothing here compares it with anything but itself.
            etag: format!("\"{}\"", hex::encode(Sha256::digest(body)).get(..32).unwrap_or_default()),
            size: body.len(),
            modified: self.shared.clock.now(),
            headers,
            lock,
        };
        let failed = |error: std::io::Error| rest::s3_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &error.to_string());
        std::fs::write(self.bodies.join(&version.file), body).map_err(failed)?;
        let reply = wire::with_header(plain(StatusCode::OK), "etag", &version.etag);
        let reply = if version.versioned { wire::with_header(reply, "x-amz-version-id", version.id()) } else { reply };
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        if !version.versioned {
            self.erase(versions, "null");
        }
        self.replicate((&bucket.name, &bucket.region), key, &version);
        versions.push(version);
        Ok(reply)
    }

    /// Takes a version and its body away.
    fn erase(&self, versions: &mut Vec<Version>, id: &str) {
        for gone in versions.iter().filter(|version| version.id() == id) {
            std::fs::remove_file(self.bodies.join(&gone.file)).ok();
        }
        versions.retain(|version| version.id() != id);
    }

    pub(super) fn get_object(&self, target: &Target, query: &BTreeMap<String, String>, call: &Call) -> Answer {
        let text = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        self.with_bucket(&target.bucket, |bucket| {
            let version = found(bucket, &target.key, query.get("versionId"))?;
            if text("if-match").is_some_and(|tags| !names(tags, &version.etag)) {
                return Err(precondition());
            }
            if text("if-none-match").is_some_and(|tags| names(tags, &version.etag)) {
                return Ok(described(plain(StatusCode::NOT_MODIFIED), version));
            }
            let failed = |error: std::io::Error| rest::s3_error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &error.to_string());
            let body = Bytes::from(std::fs::read(self.bodies.join(&version.file)).map_err(failed)?);
            let Some((from, to)) = text("range").map(|range| part(range, body.len())).transpose()? else {
                let reply = wire::with_header(described(plain(StatusCode::OK), version), "content-length", &body.len().to_string());
                return Ok(Reply { body, ..reply });
            };
            let reply = described(plain(StatusCode::PARTIAL_CONTENT), version);
            let reply = wire::with_header(reply, "content-range", &format!("bytes {from}-{}/{}", to.saturating_sub(1), body.len()));
            let reply = wire::with_header(reply, "content-length", &(to - from).to_string());
            Ok(Reply { body: body.slice(from..to), ..reply })
        })
    }

    pub(super) fn delete_object(&self, target: &Target, query: &BTreeMap<String, String>, call: &Call) -> Answer {
        let now = self.shared.clock.now();
        let bypass = call.headers.get("x-amz-bypass-governance-retention").is_some_and(|value| value == "true");
        self.with_bucket(&target.bucket, |bucket| {
            let enabled = bucket.versioning.as_deref() == Some("Enabled");
            let versions = bucket.objects.entry(target.key.clone()).or_default();
            let gone = plain(StatusCode::NO_CONTENT);
            let reply = match query.get("versionId") {
                Some(id) => {
                    if versions.iter().any(|version| version.id() == id && is_locked(&version.lock, now, bypass)) {
                        let message = "Access Denied because object protected by object lock.";
                        return Err(rest::s3_error(StatusCode::FORBIDDEN, "AccessDenied", message));
                    }
                    self.erase(versions, id);
                    wire::with_header(gone, "x-amz-version-id", id)
                }
                None if enabled => {
                    let marker = marker(now);
                    let reply = wire::with_header(gone, "x-amz-version-id", marker.id());
                    versions.push(marker);
                    wire::with_header(reply, "x-amz-delete-marker", "true")
                }
                None => {
                    self.erase(versions, "null");
                    gone
                }
            };
            bucket.objects.retain(|_, versions| !versions.is_empty());
            Ok(reply)
        })
    }
}

fn marker(now: Timestamp) -> Version {
    Version {
        file: ulid::Ulid::generate().to_string(),
        versioned: true,
        marker: true,
        etag: String::new(),
        size: 0,
        modified: now,
        headers: BTreeMap::new(),
        lock: Lock::default(),
    }
}

fn found<'a>(bucket: &'a Bucket, key: &str, id: Option<&String>) -> Result<&'a Version, Reply> {
    let missing = |code: &str, message: &str| rest::s3_error(StatusCode::NOT_FOUND, code, message);
    let Some(id) = id else {
        return bucket.current(key).ok_or_else(|| missing("NoSuchKey", "The specified key does not exist."));
    };
    let version = bucket.objects.get(key).into_iter().flatten().find(|version| version.id() == id);
    match version {
        None => Err(missing("NoSuchVersion", "The specified version does not exist.")),
        Some(version) if version.marker => {
            let message = "The specified method is not allowed against this resource.";
            Err(rest::s3_error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message))
        }
        Some(version) => Ok(version),
    }
}

/// The conditions of a write: `If-None-Match: *` wants nothing there, `If-Match` just that.
fn check_write(current: Option<&Version>, none_match: Option<&str>, wanted: Option<&str>) -> Result<(), Reply> {
    match (current, none_match, wanted) {
        (Some(_), Some(_), _) => Err(precondition()),
        (None, _, Some(_)) => Err(rest::s3_error(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.")),
        (Some(version), _, Some(tags)) if !names(tags, &version.etag) => Err(precondition()),
        _ => Ok(()),
    }
}

fn precondition() -> Reply {
    rest::s3_error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

/// Whether a condition names an ETag, in quotes or not.
fn names(tags: &str, etag: &str) -> bool {
    tags.split(',').map(|tag| tag.trim().trim_matches('"')).any(|tag| tag == "*" || tag == etag.trim_matches('"'))
}

/// The bytes that a range means, the last exclusive.
fn part(range: &str, size: usize) -> Result<(usize, usize), Reply> {
    let bounds = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).and_then(|(from, to)| {
        Some(match (from.is_empty(), to.is_empty()) {
            (true, false) => (size.saturating_sub(to.parse().ok()?), size),
            (false, true) => (from.parse().ok()?, size),
            (false, false) => (from.parse().ok()?, to.parse::<usize>().ok()?.saturating_add(1).min(size)),
            (true, true) => return None,
        })
    });
    let refused = || rest::s3_error(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", "The requested range is not satisfiable");
    bounds.filter(|(from, to)| from < to).ok_or_else(refused)
}

fn is_locked(lock: &Lock, now: Timestamp, bypass: bool) -> bool {
    let retained = lock.until.is_some_and(|until| until > now) && !(bypass && lock.mode.as_deref() == Some("GOVERNANCE"));
    lock.hold || retained
}

fn asked_lock(headers: &HeaderMap) -> Result<Lock, Reply> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mode = text("x-amz-object-lock-mode").map(str::to_owned);
    let until = text("x-amz-object-lock-retain-until-date").map(str::parse::<Timestamp>).transpose();
    let refused = || {
        let message = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied, and the date be one";
        rest::s3_error(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    };
    let until = until.map_err(|_| refused())?;
    if mode.is_some() != until.is_some() {
        return Err(refused());
    }
    Ok(Lock { mode, until, hold: text("x-amz-object-lock-legal-hold") == Some("ON") })
}

fn kept(headers: &HeaderMap) -> BTreeMap<String, String> {
    let chosen = headers.iter().filter(|(name, _)| KEPT.contains(&name.as_str()) || name.as_str().starts_with("x-amz-meta-"));
    let texts = chosen.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    texts
        .map(|(name, value)| {
            // The wrapping is ours to take off; what was inside it is the object's own.
            let unwrapped = value.split(',').map(str::trim).filter(|coding| *coding != "aws-chunked").collect::<Vec<_>>().join(",");
            if name == "content-encoding" { (name, unwrapped) } else { (name, value) }
        })
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

fn described(mut reply: Reply, version: &Version) -> Reply {
    for (name, value) in &version.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            reply.headers.insert(name, value);
        }
    }
    reply = wire::with_header(reply, "etag", &version.etag);
    reply = wire::with_header(reply, "accept-ranges", "bytes");
    reply = wire::with_header(reply, "last-modified", &version.modified.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if version.versioned {
        reply = wire::with_header(reply, "x-amz-version-id", version.id());
    }
    if let (Some(mode), Some(until)) = (&version.lock.mode, version.lock.until) {
        reply = wire::with_header(reply, "x-amz-object-lock-mode", mode);
        reply = wire::with_header(reply, "x-amz-object-lock-retain-until-date", &super::time(until));
    }
    if version.lock.hold {
        reply = wire::with_header(reply, "x-amz-object-lock-legal-hold", "ON");
    }
    reply
}
