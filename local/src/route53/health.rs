//! Health checks that probe: a file that says where a service is, upside down, as `infra/switch.yaml` declares them.

use std::sync::Arc;

use jiff::SignedDuration;

use super::Route53;
use crate::{s3::S3, seed::SeedSwitch};

/// How often the checkers look, in the stack's time: Route 53's fast interval. One look is enough (FailureThreshold 1).
const INTERVAL: SignedDuration = SignedDuration::from_secs(10);
/// What makes the primary count as ill, where the file says it.
const AWAY: &str = "away";

impl Route53 {
    /// Has checkers look at a switch from now on. They are everywhere: only the loss of its own region hides it from them, and what they
    /// can't see leaves the primary well.
    pub fn watch(self: &Arc<Self>, switch: SeedSwitch, s3: Arc<S3>) {
        let route53 = Arc::downgrade(self);
        let shared = self.shared.clone();
        self.shared.tasks.spawn(async move {
            loop {
                let seen = shared.outages.is_well(&switch.region).then(|| s3.get(&switch.bucket, &switch.key)).flatten();
                let away = seen.is_some_and(|text| String::from_utf8_lossy(&text).contains(AWAY));
                let Some(route53) = route53.upgrade() else { return };
                route53.set_health(&switch.check, !away);
                drop(route53);
                shared.clock.sleep(INTERVAL).await;
            }
        });
    }
}
