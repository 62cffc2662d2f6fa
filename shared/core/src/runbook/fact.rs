//! Which fact the failure of a step makes true, where the runbook does not say it by `fact`.

/// By what the step does. The first command that stands here decides.
const BY_VERB: [(&str, &str); 13] = [
    ("db:reconnect", "reconnection_failed"),
    ("db:verify-connection", "reconnection_failed"),
    ("db:failover-replica", "replica_unavailable"),
    ("db:promote", "replica_unavailable"),
    ("app:graceful-shutdown", "restart_failed"),
    ("app:restart", "restart_failed"),
    ("app:start", "restart_failed"),
    ("app:health-check", "restart_failed"),
    ("deploy:rollback", "critical_failure"),
    ("app:verify-rollback", "critical_failure"),
    ("scale:up", "critical_failure"),
    ("scale:verify", "critical_failure"),
    ("db:restore-latest", "restore_failed"),
];

/// By what the step is called, where no command decides.
const BY_NAME: [(&str, &str); 3] = [
    ("attempt-reconnection", "reconnection_failed"),
    ("failover-to-replica", "replica_unavailable"),
    ("service-restart", "restart_failed"),
];

/// The fact of a step with this id and these verbs: by its verbs or its name. For all others it is `ID_failed`.
pub(super) fn of<'a>(id: &str, mut verbs: impl Iterator<Item = &'a str>) -> Option<String> {
    let by_verb = verbs.find_map(|verb| BY_VERB.iter().find(|(known, _)| *known == verb));
    let known = by_verb.or_else(|| BY_NAME.iter().find(|(known, _)| *known == id));
    known.map(|(_, fact)| (*fact).to_owned())
}
