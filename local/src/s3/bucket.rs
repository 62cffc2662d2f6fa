//! Buckets and what is listed of them.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;

use super::{Answer, Bucket, S3, plain, respond, time};
use crate::{
    service::{Call, Reply},
    wire::{self, rest},
};

/// The most keys on a page.
const PAGE: usize = 1000;

impl S3 {
    pub(super) fn new_bucket(&self, region: &str, name: &str, locking: bool) -> Bucket {
        Bucket {
            name: name.to_owned(),
            region: region.to_owned(),
            created: self.shared.clock.now(),
            versioning: locking.then(|| "Enabled".to_owned()),
            locking,
            objects: BTreeMap::new(),
        }
    }

    pub(super) fn list_buckets(&self) -> Reply {
        let buckets = self.buckets.read();
        respond("ListAllMyBucketsResult", |xml| {
            xml.list("Buckets", "Bucket", buckets.iter(), |xml, bucket| {
                xml.text("Name", &bucket.name);
                xml.text("CreationDate", time(bucket.created));
                xml.text("BucketRegion", &bucket.region);
            });
        })
    }

    pub(super) fn create_bucket(&self, name: &str, call: &Call) -> Answer {
        let locking = call.headers.get("x-amz-bucket-object-lock-enabled").is_some_and(|value| value == "true");
        let made = self.new_bucket(&call.region, name, locking);
        let known = self.buckets.change(|buckets| {
            let known = buckets.iter().any(|bucket| bucket.name == name);
            if !known {
                buckets.push(made);
            }
            known
        });
        if known {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(rest::s3_error(StatusCode::CONFLICT, "BucketAlreadyOwnedByYou", message));
        }
        Ok(wire::with_header(plain(StatusCode::OK), "location", &format!("/{name}")))
    }

    pub(super) fn delete_bucket(&self, name: &str) -> Answer {
        self.with_bucket(name, |bucket| {
            if bucket.objects.is_empty() {
                return Ok(plain(StatusCode::NO_CONTENT));
            }
            Err(rest::s3_error(StatusCode::CONFLICT, "BucketNotEmpty", "The bucket you tried to delete is not empty"))
        })
        .inspect(|_| self.buckets.change(|buckets| buckets.retain(|bucket| bucket.name != name)))
    }

    pub(super) fn put_versioning(&self, name: &str, call: &Call) -> Answer {
        let body = String::from_utf8_lossy(&call.body);
        let status = if body.contains("<Status>Enabled</Status>") { "Enabled" } else { "Suspended" };
        self.with_bucket(name, |bucket| {
            if bucket.locking && status == "Suspended" {
                let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
                return Err(rest::s3_error(StatusCode::CONFLICT, "InvalidBucketState", message));
            }
            bucket.versioning = Some(status.to_owned());
            Ok(plain(StatusCode::OK))
        })
    }

    pub(super) fn lock_configuration(&self, name: &str) -> Answer {
        self.with_bucket(name, |bucket| {
            if bucket.locking {
                return Ok(respond("ObjectLockConfiguration", |xml| xml.text("ObjectLockEnabled", "Enabled")));
            }
            let message = "Object Lock configuration does not exist for this bucket";
            Err(rest::s3_error(StatusCode::NOT_FOUND, "ObjectLockConfigurationNotFoundError", message))
        })
    }

    pub(super) fn list_objects(&self, name: &str, query: &BTreeMap<String, String>) -> Answer {
        let text = |name: &str| query.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let prefix = text("prefix").unwrap_or_default();
        let size = text("max-keys").and_then(|size| size.parse().ok()).unwrap_or(PAGE).min(PAGE);
        let after = text("continuation-token").or(text("start-after")).unwrap_or_default();
        self.with_bucket(name, |bucket| {
            let (mut keys, mut folders, mut last, mut more) = (Vec::new(), BTreeSet::new(), String::new(), false);
            for key in bucket.objects.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after) {
                let Some(version) = bucket.current(key) else { continue };
                let folder = text("delimiter").and_then(|delimiter| folder_of(key, prefix, delimiter));
                if folder.as_ref().is_some_and(|folder| folders.contains(folder) || folder.as_str() <= after) {
                    last.clone_from(key);
                    continue;
                }
                if keys.len() + folders.len() == size {
                    more = true;
                    break;
                }
                last.clone_from(key);
                match folder {
                    Some(folder) => drop(folders.insert(folder)),
                    None => keys.push((key, version)),
                }
            }
            Ok(respond("ListBucketResult", |xml| {
                xml.text("Name", name);
                xml.text("Prefix", prefix);
                xml.optional("Delimiter", text("delimiter"));
                xml.text("MaxKeys", size);
                xml.text("KeyCount", keys.len() + folders.len());
                xml.text("IsTruncated", more);
                xml.optional("ContinuationToken", text("continuation-token"));
                xml.optional("NextContinuationToken", more.then_some(&last));
                for (key, version) in &keys {
                    xml.element("Contents", |xml| {
                        xml.text("Key", key);
                        xml.text("LastModified", time(version.modified));
                        xml.text("ETag", &version.etag);
                        xml.text("Size", version.size);
                        xml.text("StorageClass", "STANDARD");
                    });
                }
                for folder in &folders {
                    xml.element("CommonPrefixes", |xml| xml.text("Prefix", folder));
                }
            }))
        })
    }

    pub(super) fn list_versions(&self, name: &str, query: &BTreeMap<String, String>) -> Answer {
        let prefix = query.get("prefix").map(String::as_str).unwrap_or_default();
        self.with_bucket(name, |bucket| {
            Ok(respond("ListVersionsResult", |xml| {
                xml.text("Name", name);
                xml.text("Prefix", prefix);
                xml.text("MaxKeys", PAGE);
                xml.text("IsTruncated", false);
                for (key, versions) in bucket.objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
                    for (place, version) in versions.iter().rev().enumerate() {
                        xml.element(if version.marker { "DeleteMarker" } else { "Version" }, |xml| {
                            xml.text("Key", key);
                            xml.text("VersionId", version.id());
                            xml.text("IsLatest", place == 0);
                            xml.text("LastModified", time(version.modified));
                            if !version.marker {
                                xml.text("ETag", &version.etag);
                                xml.text("Size", version.size);
                            }
                        });
                    }
                }
            }))
        })
    }
}

/// The part of a key up to the first delimiter after the prefix.
fn folder_of(key: &str, prefix: &str, delimiter: &str) -> Option<String> {
    let rest = key.strip_prefix(prefix)?;
    let (first, _) = rest.split_once(delimiter)?;
    Some(format!("{prefix}{first}{delimiter}"))
}
