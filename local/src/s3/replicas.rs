//! Buckets in several regions that are copied into each other: a version keeps its id, and arrives a moment later.

use std::sync::PoisonError;

use jiff::SignedDuration;

use super::{S3, Version};

/// How long a version is on its way, in the stack's time. S3: most within seconds, with replication time control all within 15 minutes.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(2);

impl S3 {
    /// What is in one of these buckets, and what is put there from now on, is copied into the others.
    pub fn copy_among(&self, twins: &[String]) {
        *self.twins.lock().unwrap_or_else(PoisonError::into_inner) = twins.to_vec();
        let all: Vec<(String, Version)> = {
            let buckets = self.buckets.read();
            let objects = buckets.iter().filter(|bucket| twins.contains(&bucket.name)).flat_map(|bucket| &bucket.objects);
            objects.flat_map(|(key, versions)| versions.iter().map(|version| (key.clone(), version.clone()))).collect()
        };
        for (key, version) in all {
            twins.iter().for_each(|twin| self.arrive(twin, &key, version.clone()));
        }
    }

    /// Copies a new version into the other buckets, as soon as both regions are there. A copy is not copied again.
    pub(super) fn replicate(&self, (bucket, region): (&str, &str), key: &str, version: &Version) {
        let twins = self.twins.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !version.versioned || !twins.iter().any(|twin| twin == bucket) {
            return;
        }
        for twin in twins.into_iter().filter(|twin| twin != bucket) {
            let (Some(me), key, version, from) = (self.me.upgrade(), key.to_owned(), version.clone(), region.to_owned()) else { return };
            self.shared.tasks.spawn(async move {
                me.shared.clock.sleep(ON_ITS_WAY).await;
                me.shared.outages.up(&from).await;
                let to = me.buckets.read().iter().find(|one| one.name == twin).map(|one| one.region.clone());
                me.shared.outages.up(&to.unwrap_or_default()).await;
                me.arrive(&twin, &key, version);
            });
        }
    }

    /// A copy takes the place that its time gives it: one that comes late does not hide what was written since.
    fn arrive(&self, bucket: &str, key: &str, version: Version) {
        self.buckets.change(|buckets| {
            let Some(bucket) = buckets.iter_mut().find(|one| one.name == bucket) else { return };
            let versions = bucket.objects.entry(key.to_owned()).or_default();
            let place = versions.partition_point(|one| one.modified <= version.modified);
            if !versions.iter().any(|one| one.file == version.file) {
                versions.insert(place, version);
            }
        });
    }
}
