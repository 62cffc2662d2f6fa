//! The words that people have for the verbs, and those that mean nothing.

use crate::command::Verb;

/// What stands before a reason.
pub(super) const GIVES_A_REASON: [&str; 6] = ["because", "cause", "reason", "--reason", "-r", "since"];

/// What is said of a recovery point that passed its verification.
pub(super) const GOOD: [&str; 7] = ["good", "lkg", "verified", "clean", "last-known-good", "known-good", "healthy"];

/// What is said of the last moment there is.
pub(super) const LATEST: [&str; 7] = ["latest", "last", "newest", "now", "recent", "current", "asap"];

/// Single words, by verb. Names and spellings of the verbs count too.
const SINGLE: [(&str, &[&str]); 20] = [
    (
        "restore",
        &[
            "recover",
            "rollback",
            "revert",
            "rewind",
            "undo",
            "pitr",
            "flashback",
            "undelete",
            "restored",
            "restores",
            "restoring",
            "recovery",
            "restore-db",
            "restoredb",
            "recovering",
            "reset",
        ],
    ),
    ("backups", &["snapshots", "describe-db-snapshots", "recovery-points"]),
    ("backup", &["snapshot", "dump", "save", "pg_dump", "pgdump", "back-up", "create-db-snapshot", "export", "bkp", "backing"]),
    ("failback", &["fail-back", "failbacks", "switchback"]),
    ("failover", &["fail-over", "switchover", "promote", "evacuate", "switch-over", "failovers"]),
    ("health", &["healthy", "healthcheck", "health-check", "ping", "uptime", "check", "alive", "probe", "probes"]),
    ("diagnose", &["debug", "diag", "slow", "investigate", "analyze", "analyse", "triage", "diagnosis", "wrong", "troubleshoot"]),
    ("cancel", &["stop", "abort", "kill", "withdraw", "halt", "terminate"]),
    ("approvals", &["approval", "approve", "pending", "approves", "approving"]),
    ("runs", &["running", "jobs", "history", "progress", "ps", "executions"]),
    ("why", &["explain", "log", "logs", "audit", "ledger", "trace"]),
    ("contacts", &["oncall", "on-call", "phone", "phones", "contact"]),
    ("page", &["wake", "call", "alert", "escalate", "notify", "pager"]),
    ("ack", &["acknowledge", "acknowledged", "acked"]),
    ("whoami", &["permissions", "rights", "roles"]),
    ("help", &["commands", "usage", "menu", "man", "manual", "docs"]),
    ("status", &["ls", "top", "info", "state", "list"]),
    ("home", &["overview", "dashboard", "situation", "sitrep"]),
    ("doctor", &["selftest", "self-test"]),
    ("restore", &["lost", "deleted", "dropped", "corrupted", "corrupt", "missing", "truncated", "wiped"]),
];

/// Words that go together, in this order, others between them. `*` is a name of the plan, `^` the beginning. The first that fits
/// counts, before any single word.
const TOGETHER: &[(&str, &[&str])] = &[
    ("help", &["how", "do", "i"]),
    ("help", &["how", "to"]),
    ("help", &["^", "help"]),
    ("help", &["^", "man"]),
    ("help", &["restore", "help"]),
    ("help", &["what", "can", "i"]),
    ("whoami", &["who", "am", "i"]),
    ("whoami", &["what", "may", "i"]),
    ("contacts", &["on", "call"]),
    ("home", &["going", "on"]),
    ("home", &["how", "are", "things"]),
    ("home", &["whats", "up"]),
    ("home", &["what", "s", "up"]),
    ("ack", &["^", "on", "it"]),
    ("ack", &["i", "m", "on", "it"]),
    ("ack", &["im", "on", "it"]),
    ("ack", &["got", "it"]),
    ("failback", &["fail", "back"]),
    ("failback", &["failing", "back"]),
    ("failback", &["move", "back"]),
    ("failback", &["switch", "back"]),
    ("failover", &["fail", "over"]),
    ("failover", &["failing", "over"]),
    ("failover", &["switch", "*"]),
    ("failover", &["move", "*"]),
    ("restore", &["restore"]),
    ("restore", &["roll", "back"]),
    ("restore", &["go", "back"]),
    ("restore", &["get", "back"]),
    ("restore", &["bring", "back"]),
    ("backups", &["when", "backup"]),
    ("backups", &["list", "backup"]),
    ("backups", &["backup", "list"]),
    ("backups", &["show", "backup"]),
    ("backups", &["backups"]),
    ("backup", &["back", "up"]),
    ("diagnose", &["slow"]),
    ("diagnose", &["wrong"]),
    ("health", &["^", "is", "*"]),
    ("health", &["how", "is", "*"]),
    ("health", &["check", "health"]),
    ("diagnose", &["*", "is", "down"]),
    ("diagnose", &["*", "is", "slow"]),
    ("runs", &["what", "is", "running"]),
];

/// Words that carry nothing, or belong to a time or a source.
const FILLER: &[&str] = &[
    "a",
    "about",
    "again",
    "ago",
    "all",
    "am",
    "an",
    "and",
    "any",
    "are",
    "at",
    "back",
    "be",
    "bring",
    "by",
    "can",
    "could",
    "create",
    "data",
    "database",
    "databases",
    "db",
    "did",
    "do",
    "does",
    "doing",
    "done",
    "down",
    "for",
    "force",
    "from",
    "get",
    "go",
    "has",
    "have",
    "help",
    "how",
    "i",
    "id",
    "in",
    "into",
    "is",
    "it",
    "its",
    "known",
    "last",
    "latest",
    "lost",
    "m",
    "make",
    "me",
    "moment",
    "most",
    "my",
    "need",
    "needs",
    "of",
    "ok",
    "on",
    "one",
    "or",
    "other",
    "our",
    "please",
    "point",
    "recent",
    "region",
    "rows",
    "s",
    "secondary",
    "service",
    "show",
    "some",
    "somebody",
    "table",
    "take",
    "that",
    "the",
    "then",
    "things",
    "this",
    "time",
    "to",
    "up",
    "use",
    "want",
    "was",
    "we",
    "what",
    "whats",
    "when",
    "which",
    "who",
    "with",
    "you",
    "your",
    "before",
    "after",
    "until",
    "half",
    "hour",
    "minutes",
];

/// Whether a word carries nothing by itself.
pub(super) fn is_filler(word: &str) -> bool {
    FILLER.contains(&word)
}

/// The verb that a word names, by any of its names.
pub(super) fn of(word: &str) -> Option<&'static str> {
    let own = Verb::ALL.iter().find(|verb| verb.name() == word || verb.spellings().iter().any(|(spelling, _)| *spelling == word));
    own.map(|verb| verb.name()).or_else(|| SINGLE.iter().find(|(_, words)| words.contains(&word)).map(|(verb, _)| *verb))
}

/// The verb that words stand for: such as go together, then the first that names one; a verb's own name before others' words.
pub(super) fn spoken(words: &[String], is_name: impl Fn(&str) -> bool) -> Option<&'static str> {
    let together = TOGETHER.iter().find(|(_, pattern)| fits(pattern, words, &is_name)).map(|(verb, _)| *verb);
    let verbs = || words.iter().filter(|word| !is_name(word)).filter_map(|word| of(word).map(|verb| (word, verb)));
    // Restoring what was backed up is restoring; and a list of something is that thing's list.
    let first = |wanted: &str| verbs().find(|(_, verb)| *verb == wanted).map(|(_, verb)| verb);
    let other =
        || verbs().find(|(word, _)| !matches!(word.as_str(), "list" | "check" | "log" | "save" | "call")).or_else(|| verbs().next());
    together.or_else(|| first("restore")).or_else(|| other().map(|(_, verb)| verb))
}

fn fits(pattern: &[&str], words: &[String], is_name: &impl Fn(&str) -> bool) -> bool {
    let (pattern, mut rest) = match pattern.split_first() {
        Some((&"^", pattern)) if words.first().map(String::as_str) == pattern.first().copied() => (pattern, words),
        Some((&"^", _)) => return false,
        _ => (pattern, words),
    };
    pattern.iter().all(|part| {
        let at = rest.iter().position(|word| if *part == "*" { is_name(word) } else { word == part });
        rest = at.and_then(|at| rest.get(at + 1..)).unwrap_or_default();
        at.is_some()
    })
}

/// The verb that a word looks like.
pub(super) fn like(word: &str) -> Option<&'static str> {
    let length = word.chars().count();
    let names = Verb::ALL.iter().map(|verb| verb.name());
    let others = SINGLE.iter().flat_map(|(verb, words)| words.iter().map(move |word| (*word, *verb)));
    let all = names.map(|name| (name, name)).chain(others).filter(|(known, _)| known.len() > 2);
    let near = all.filter_map(|(known, verb)| {
        let distance = strsim::osa_distance(word, known);
        let begins = length >= 4 && known.starts_with(word);
        (distance <= 1 + length / 5 && distance < length || begins).then_some((distance, verb))
    });
    near.min_by_key(|(distance, _)| *distance).map(|(_, verb)| verb)
}
