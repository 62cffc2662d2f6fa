//! Plans of a size that nobody writes by hand, and plans that were written to do harm: each is read in bounded time and
//! memory, and whoever reads the answer knows what is wrong.
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "../benches/plan/large.rs"]
mod large;

use mayday_core::plan::{self, PlanError, Weight};

const BASE: &str = include_str!("../src/plan/check/base.yaml");

/// What is wrong with the base and this beside it.
#[track_caller]
fn refused(addition: &str) -> PlanError {
    refused_whole(&format!("{BASE}\n{addition}\n"))
}

/// What is wrong with a text: said in so many words at most, however large it is.
#[track_caller]
fn refused_whole(text: &str) -> PlanError {
    let error = plan::load(text).unwrap_err();
    assert!(error.message.chars().count() < 1_500, "{} characters", error.message.chars().count());
    assert!(error.findings.len() <= 2_002, "{} findings", error.findings.len());
    let shown = plan::shown(&error.findings, "plan.yaml", text);
    assert!(shown.len() < 3_000_000, "{} bytes are shown", shown.len());
    error
}

#[track_caller]
fn says(error: &PlanError, words: &str) {
    assert!(error.message.contains(words), "{words}\nis not in\n{}", error.message);
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

#[test]
fn l1_a_plan_of_three_hundred_services_is_right_and_one_wrong_name_in_it_is_found() {
    let text = large::plan(300);
    let (plan, findings) = plan::examine(&text, &|_| None, jiff::Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!((plan.services.len(), plan.databases.len(), plan.apps.len()), (300, 300, 300));
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(said.iter().all(|said| said.contains("pass between two backups")), "{said:?}");
    let wrong = text.replace("depends_on: [service-298, service-149]", "depends_on: [service-298, servise-149]");
    let error = refused_whole(&wrong);
    says(&error, "names the service “servise-149”, which the plan does not have. Did you mean “service-149”?");
    let line = wrong.lines().position(|line| line.contains("servise-149")).unwrap() + 1;
    says(&error, &format!("line {line}, column 31"));
}

#[test]
fn l1_a_character_that_nobody_sees_is_named_by_its_place() {
    for (hidden, named) in [('\u{0}', "U+0000"), ('\u{1b}', "U+001B"), ('\u{202e}', "U+202E"), ('\u{2066}', "U+2066"), ('\u{85}', "U+0085")]
    {
        let text = BASE.replacen("Enterprise Inventory", &format!("Enterprise{hidden} Inventory"), 1);
        let error = refused_whole(&text);
        says(&error, named);
        says(&error, "line 4, column 25");
        let shown = plan::shown(&error.findings, "plan.yaml", &text);
        assert!(!shown.contains(['\u{0}', '\u{1b}', '\u{202e}', '\u{2066}']), "{shown:?}");
    }
    // By an escape it can be seen in the file; in a name it would still hide wherever that is said.
    let error = refused(
        "services: {\"shop\\u202e\": {environment: production}, \"\\0\": {environment: production}, \"\": {environment: production}}",
    );
    says(&error, "has a character that nobody sees, U+202E");
    assert_eq!(error.findings.iter().filter(|finding| finding.sentence.starts_with("the name ")).count(), 3, "{error:?}");
    assert!(error.findings.iter().all(|finding| !finding.sentence.contains(['\u{0}', '\u{202e}'])));
}

#[test]
fn l1_numbers_that_nothing_has_are_refused() {
    for (from, to) in [
        ("schema: 1", "schema: 99999999999999999999999999"),
        ("schema: 1", "schema: 1e308"),
        ("schema: 1", "schema: .inf"),
        ("needed: 1", "needed: 256"),
        ("needed: 1", "needed: -0.5"),
        ("rto: 1h,", "rto: 99999999999999999999d,"),
        ("rto: 1h,", "rto: 9223372036854775807d,"),
        ("rto: 1h,", "rto: -1h,"),
        ("within: 30m", "within: 999999999999999999h"),
    ] {
        says(&refused_whole(&BASE.replacen(from, to, 1)), "line ");
    }
    let probe = |part: &str| refused(&format!("services: {{shop: {{environment: production, probes: [{{name: x, {part}}}]}}}}"));
    says(&probe("tcp: {address: 'a:70000'}"), "no host:port");
    says(&probe("http: {url: 'https://a.example', status: 65535}"), "no status of HTTP");
    says(&probe("tcp: {address: 'a:1'}, in_a_row: 999"), "line ");
    assert!(plan::load(&BASE.replacen("at_least: 1000", "at_least: 9223372036854775807", 1)).is_ok());
}

#[test]
fn l1_ten_megabytes_of_one_line_are_refused_and_one_and_a_half_are_read() {
    says(&refused_whole(&"x".repeat(10_000_000)), "4000000 are the most that is read");
    says(&refused_whole(&format!("organization: {}", "x".repeat(1_500_000))), "is missing");
    let long = format!("services: {{shop: {{environment: production, tier: {}}}}}", "x".repeat(1_500_000));
    says(&refused(&long), "names the tier “xxx");
}

#[test]
fn l1_a_name_without_end_is_not_repeated_with_everything_that_is_in_it() {
    let people = list(20_000, |number| format!("role-{number}"));
    let error = refused(&format!("services: {{? {} : {{environment: production, depends_on: [{people}]}}}}", "x".repeat(500_000)));
    says(&error, "has more than 100 characters");
    assert_eq!(error.findings.len(), 1);
}

#[test]
fn l1_a_hundred_thousand_findings_are_counted_and_the_first_thousand_told() {
    let error = refused(&format!(
        "services: {{shop: {{environment: production, depends_on: [{}]}}}}",
        list(100_000, |number| format!("no-{number}"))
    ));
    says(&error, "names the service “no-0”");
    says(&error, "(and 1000 more)");
    let more: Vec<&str> =
        error.findings.iter().map(|finding| finding.sentence.as_str()).filter(|said| said.contains("not listed")).collect();
    assert_eq!(more, ["99000 more errors are not listed"]);
    // What is only a warning never crowds out what is an error.
    let warned = list(5_000, |number| format!("s{number}: {{title: S}}"));
    let error = refused(&format!("scenarios: {{{warned}, z: {{title: Z, runbook: nope}}}}"));
    assert!(error.findings.iter().any(|finding| finding.weight == Weight::Error && finding.sentence.contains("“nope”")));
}

#[test]
fn l1_what_waits_for_itself_by_way_of_twenty_thousand_others_is_named() {
    let count = 20_000;
    let round = list(count, |number| format!("s{number}: {{environment: production, depends_on: [s{}]}}", (number + 1) % count));
    says(&refused(&format!("services: {{{round}}}")), "services depend on each other in a circle: s0 → s1 → s2");
    let round = list(count, |number| format!("a{number}: {{includes: [a{}]}}", (number + 1) % count));
    says(&refused(&format!("communication: {{audiences: {{{round}}}}}")), "the audience “a0” includes itself: a0 → a1");
    let chain =
        list(
            count,
            |number| if number == 0 { "a0: {roles: [dba]}".to_owned() } else { format!("a{number}: {{includes: [a{}]}}", number - 1) },
        );
    assert!(plan::load(&format!("{BASE}\ncommunication: {{audiences: {{{chain}}}}}\n")).is_ok());
}

#[test]
fn l1_long_lists_against_long_lists_are_held_against_each_other_once() {
    let count = 20_000;
    let roles = list(count, |number| format!("role-{number}"));
    let error = refused_whole(&BASE.replacen("roles: [dba]", &format!("roles: [{roles}]"), 1).replacen(
        "roles: [dba]\n    within",
        &format!("roles: [{roles}, dba]\n    within"),
        1,
    ));
    says(&error, "names the role “role-0”");
    let databases = list(count, |number| format!("d{number}"));
    let standbys = list(count, |number| format!("e{number}: {{instance: i, secret: s}}"));
    let error = refused(&format!(
        "services: {{shop: {{environment: production, databases: [{databases}], failover: {{primary: {{region: eu-west-1}}, secondary: {{region: eu-central-1}}, records: [], standbys: {{{standbys}}}}}}}}}"
    ));
    says(&error, "names the database “d0”");
    let people = list(count, |_| "ana".to_owned());
    let notified = list(count, |_| "first".to_owned());
    let error = refused(&format!(
        "on_call: {{rotations: {{first: {{people: [{people}], every: 7d, from: '2026-01-05T09:00'}}}}, escalation: [{{name: P, notify: [{notified}], by: [slack], within: 0s}}]}}"
    ));
    says(&error, "waits 0s");
    let verbs = list(count, |_| "look".to_owned());
    let wild = list(count, |_| "'*'".to_owned());
    assert!(
        plan::load(&BASE.replacen(
            "verbs: [look]\n        environments: [\"*\"]",
            &format!("verbs: [{verbs}]\n        environments: [{wild}]"),
            1
        ))
        .is_ok()
    );
}

#[test]
fn l1_more_schedules_and_policies_than_anybody_reads_are_refused() {
    let drills = list(3_000, |number| {
        format!("d{number}: {{title: D, schedule: '{} {} {} * *'}}", number % 60, number / 60 % 24, 1 + number / 1_440)
    });
    says(&refused(&format!("drills: {{{drills}}}")), "at most 2000 different schedules");
    says(&refused("drills: {d: {title: D, schedule: '0 0 31 2 *'}}"), "it never falls due");
    let policies = list(51, |number| format!("p{number}: 'forbid (principal, action, resource);'"));
    says(&refused(&format!("policies: {{{policies}}}")), "50 of 4000 bytes each are the most");
    let policy =
        |condition: &str| refused(&format!("policies: {{p: '@x(\"y\") forbid (principal, action, resource) when {{ {condition} }};'}}"));
    for (piece, times, end) in [("(", 1_900, "true"), ("[", 1_900, ""), ("!", 3_900, "true"), ("-", 3_900, "1"), ("true&&", 600, "true")] {
        says(&policy(&format!("{}{end}", piece.repeat(times))), "policies.p is nested too deep");
    }
    says(&policy(&format!("context{}", ".a".repeat(1_900))), "policies.p is nested too deep");
    says(&policy(&format!("1{} == 1", "+1".repeat(1_900))), "policies.p is nested too deep");
    // As deep and as long as it may be, it is judged, well or not, and no stack ends.
    let bounds =
        [format!("{}true{}", "(".repeat(18), ")".repeat(18)), format!("1{} > 0", "+1".repeat(195)), format!("context{}", ".a".repeat(195))];
    for condition in bounds {
        let plan = format!("{BASE}\npolicies: {{p: 'forbid (principal, action, resource) when {{ {condition} }};'}}\n");
        assert!(plan::load(&plan).map_or_else(|error| !error.message.contains("nested too deep"), |plan| plan.policies.len() == 1));
    }
    says(
        &refused(
            "services: {shop: {environment: production}}\nstanding_orders: {o: {summary: s, verb: failover, services: [shop], conditions: ['lag <='], expires: 2027-01-01T00:00:00Z}}",
        ),
        "would never hold",
    );
}

#[test]
fn l1_what_an_anchor_names_can_not_be_repeated_until_the_memory_is_full() {
    let laughs = format!("organization: &a {}\ndocument: {{checklist: [{}]}}\n", "ha".repeat(200_000), list(900, |_| "*a".to_owned()));
    says(&refused_whole(&laughs), "too large or too complex");
    let wide = format!("a: &a [{}]\nb: [{}]\n", list(900, |_| "x".to_owned()), list(900, |_| "*a".to_owned()));
    says(&refused_whole(&wide), "line ");
}
