use crate::plan::{
    Finding, Plan, PlanError, Weight, load,
    load::{located, read},
};

const DEMO: &str = include_str!("base.yaml");

fn examine(text: &str) -> Result<(Plan, Vec<Finding>), PlanError> {
    let plan = read(text)?;
    let findings = located(text, super::all(&plan));
    Ok((plan, findings))
}

/// What is said of the demonstration's plan with this added.
fn said(addition: &str) -> Vec<String> {
    let (_, findings) = examine(&format!("{DEMO}\n{addition}\n")).unwrap_or_else(|error| panic!("{error}"));
    findings.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn says(addition: &str, words: &str) {
    let said = said(addition);
    assert!(said.iter().any(|said| said.contains(words)), "{words}\nis not in\n{}", said.join("\n"));
}

#[test]
fn a_switch_is_a_bucket_that_a_health_check_can_read() {
    let plan = include_str!("../../../../../plans/demo.yaml");
    let with = |bucket: &str| plan.replacen("      records:\n", &format!("      switch: {{bucket: {bucket}}}\n      records:\n"), 1);
    let plan_of = |text: &str| examine(text).map(|(_, findings)| findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    assert!(!plan_of(&with("mayday-switch-shop-000000000000")).unwrap().contains("is no name of a bucket"));
    for bucket in ["UPPER", "a.b.c", "-ab", "ab"] {
        let said = plan_of(&with(bucket)).unwrap();
        assert!(said.contains("is no name of a bucket"), "{bucket}: {said}");
    }
}

#[test]
fn l2_names_that_the_plan_does_not_have_are_refused_with_the_nearest_one() {
    let service = |part: &str| format!("services:\n  shop: {{environment: production, {part}}}\n");
    says(&service("databases: [inventroy]"), "names the database “inventroy”, which the plan does not have. Did you mean “inventory”?");
    says(&service("databases: [Inventory]"), "Names are matched exactly");
    says(&service("databases: ['*']"), "a wildcard never stands for a database");
    says(&service("apps: [api]"), "The plan has no app at all");
    says(&service("tier: gold"), "names the tier “gold”");
    says(&service("depends_on: [shop-api]"), "names the service “shop-api”");
    says(&service("probes: [{name: rows, postgres: {database: orders}}]"), "names the database “orders”");
    says("on_call: {escalation: [{name: Primary, notify: [nobody], within: 5m}]}", "person or rotation “nobody”");
    says("on_call: {rotations: {first: {people: [anna], every: 7d, from: '2026-01-05T09:00'}}}", "Did you mean “ana”?");
    says(
        "communication: {severities: {SEV1: {title: Critical, means: x, within: 0s, audiences: [all], by: [slack]}}}",
        "the audience “all”",
    );
    says("scenarios: {lost: {title: Lost, runbook: restor}}", "Did you mean “restore”?");
    says("drills: {d: {title: D, scenarios: [lost]}}", "the scenario “lost”");
    says(
        "standing_orders: {o: {summary: s, verb: failover, services: ['*'], conditions: ['true'], expires: 2027-01-01T00:00:00Z}}",
        "a wildcard never",
    );
    says("apps: {api: {environment: production, region: europe, cluster: c, service: s}}", "“europe” is no AWS region");
}

#[test]
fn l1_services_that_wait_for_each_other_are_named_as_a_circle() {
    let plan = "services:\n  a: {environment: production, depends_on: [b]}\n  b: {environment: production, depends_on: [c]}\n  c: {environment: production, depends_on: [b]}\n";
    says(plan, "in a circle: b → c → b");
    assert!(load(&format!("{DEMO}\n{plan}")).is_err());
    let straight = plan.replace("depends_on: [b]}\n  b", "depends_on: [b, c]}\n  b").replace("depends_on: [b]}\n", "}\n");
    assert!(said(&straight).iter().all(|said| !said.contains("circle")), "{straight}");
    let own = "services:\n  a: {environment: production, depends_on: [a]}\n";
    says(own, "in a circle: a → a");
}

#[test]
fn l2_a_name_is_never_left_without_an_answer() {
    let failover = |primary: &str, secondary: &str| {
        format!(
            "services:\n  shop:\n    environment: production\n    failover:\n      primary: {{region: eu-west-1}}\n      secondary: {{region: eu-central-1}}\n      records: [{{zone: example.com, name: www.example.com, kind: CNAME, primary: {primary}, secondary: {secondary}}}]\n"
        )
    };
    says(&failover("[]", "[b.example.com]"), "a name without an answer is an outage");
    says(&failover("[a.example.com]", "['']"), "a name without an answer is an outage");
    says(&failover("[a.example.com]", "[a.example.com]"), "nothing would move");
    says(&failover("[a.example.com, b.example.com]", "[c.example.com]"), "a CNAME has one");
    says(&failover("[a.example.com]", "[b.example.com]").replace("eu-central-1", "eu-west-1"), "in the primary's region");
    says(&failover("[a.example.com]", "[b.example.com]").replace("www.example.com", "www.example.org"), "is not in the zone");
    says(&failover("[a.example.com]", "[b.example.com]").replace("CNAME", "A"), "no value of a record of the type A");
    assert_eq!(said(&failover("[a.example.com]", "[b.example.com]")).iter().filter(|said| said.contains("services")).count(), 0);
}

#[test]
fn l1_small_grammars_are_checked_where_they_stand() {
    let level = |level: &str| format!("on_call: {{escalation: [{{name: Primary, notify: [ana], {level}}}]}}");
    says(&level("within: 0s"), "nobody could acknowledge in time");
    says(&level("within: 5m"), "people.ana is to be reached by phone but has none");
    says("on_call: {rotations: {first: {people: [ana], every: 7d, from: Monday}}}", "“Monday” is no date and time");
    says("on_call: {rotations: {ana: {people: [bob], every: 7d, from: '2026-01-05T09:00'}}}", "is a rotation and a person");
    says("drills: {d: {title: D, schedule: '0 25 * * *'}}", "is no cron");
    says("drills: {d: {title: D, schedule: 0 3 30 2 *}}", "it never falls due");
    says("drills: {d: {title: D, schedule: 0 0 3 1 * *}}", "6 fields instead of 5");
    says("drills: {d: {title: D, environment: production}}", "must not be the real thing");
    says("communication: {audiences: {a: {emails: [nobody]}}}", "is no email address");
    says("communication: {audiences: {a: {includes: [b]}, b: {includes: [a]}}}", "includes itself");
    says("runbooks: {r: {file: ../../etc/passwd}}", "is not a file of the folder runbooks/");
    says("scenarios: {lost: {title: Lost, objectives: {rto: 2h, rto_max: 1h}}}", "rto_max 1h is less than rto 2h");
    for (phone, good) in
        [("+1-555-0001", true), ("+49 (30) 1234567", true), ("555-0001", false), ("+12", false), ("+1-555-CALL-NOW", false)]
    {
        let plan = DEMO.replacen("roles: [responder]", &format!("roles: [responder]\n    phone: {phone}"), 1);
        assert_eq!(load(&plan).is_ok(), good, "{phone}");
    }
}

#[test]
fn c5_a_principal_of_aws_is_one_person_and_no_pattern() {
    let said_of = |ana: &str, bob: &str| {
        let plan = DEMO.replacen("roles: [responder]", &format!("roles: [responder]\n    aws: ['{ana}']"), 1);
        let plan = plan.replacen("roles: [responder, dba]", &format!("roles: [responder, dba]\n    aws: ['{bob}']"), 1);
        let (_, findings) = examine(&plan).unwrap_or_else(|error| panic!("{error}"));
        findings
            .iter()
            .filter(|finding| finding.to_string().contains("aws"))
            .map(|finding| (finding.weight, finding.to_string()))
            .collect::<Vec<_>>()
    };
    let sso = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Responder_0123456789abcdef/bob@example.com";
    let ana = "arn:aws:iam::123456789012:user/people/ana";
    assert_eq!(said_of(ana, sso), []);
    for (wrong, why) in [
        (ana, "is ana's as well; one principal is one person"),
        ("arn:aws:iam::123456789012:root", "an account's root"),
        ("arn:aws:iam::123456789012:user/*", "has a wildcard"),
        ("arn:aws:iam::123456789012:role/Responder", "is a role"),
        ("arn:aws:sts::123456789012:assumed-role/Responder", "names no session"),
        ("arn:aws:iam::1234:user/bob", "is no ARN"),
        ("bob", "is no ARN"),
    ] {
        let said = said_of(ana, wrong);
        assert!(matches!(said.as_slice(), [(Weight::Error, words)] if words.contains(why)), "{wrong}: {said:?}");
    }
    let said = said_of(ana, "arn:aws:sts::123456789012:assumed-role/Responder/bob");
    assert!(matches!(said.as_slice(), [(Weight::Warning, words)] if words.contains("chooses the session's name")), "{said:?}");
}

#[test]
fn d16_restore_and_what_decides_can_not_be_a_standing_order() {
    for (verb, may) in [("failover", true), ("backup", true), ("restore", false), ("retire", false), ("approve", false), ("run", false)] {
        let plan = format!(
            "services: {{shop: {{environment: production}}}}\nstanding_orders: {{o: {{summary: s, verb: {verb}, services: [shop], conditions: ['lag_seconds <= 900'], expires: 2027-01-01T00:00:00Z}}}}"
        );
        let refused = said(&plan).iter().any(|said| said.contains("only failover, backup and page can have one"));
        assert_eq!(refused, !may, "{verb}");
    }
}

#[test]
fn l1_everything_is_said_at_once_and_warnings_stop_nothing() {
    let plan = format!(
        "{DEMO}\nscenarios:\n  lost: {{title: Lost}}\n  gone: {{title: Gone, runbook: gone}}\n  away: {{title: Away, runbook: away}}\n"
    );
    let error = load(&plan).unwrap_err();
    assert_eq!(error.findings.iter().filter(|finding| finding.weight == Weight::Error).count(), 2);
    assert!(error.message.contains("(and 1 more)"), "{}", error.message);
    let lines = plan.lines().count();
    let places: Vec<(usize, usize)> = error.findings.iter().filter_map(|finding| finding.at).map(|at| (at.line, at.column)).collect();
    assert!(places.contains(&(lines, 32)) && places.contains(&(lines - 1, 32)), "{places:?}");
    assert!(load(&format!("{DEMO}\nscenarios: {{lost: {{title: Lost}}}}")).is_ok());
    says("scenarios: {lost: {title: Lost}}", "has no runbook");
}

#[test]
fn l2_an_rpo_tighter_than_the_schedule_is_said() {
    let with = |rpo: &str, backups: &str| {
        let plan = DEMO.replacen("rpo: 15m}", &format!("rpo: {rpo}}}\n    backups: [{backups}]"), 1);
        let (_, findings) = examine(&plan).unwrap();
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let daily = "{class: daily, cron: 0 2 * * *, keep: 7d}";
    assert!(with("15m", daily).contains("1d pass between two backups"), "{}", with("15m", daily));
    assert!(!with("24h", daily).contains("pass between"), "{}", with("24h", daily));
    assert!(!with("13h", "{class: daily, cron: '0 2,14 * * *', keep: 7d}").contains("pass between"));
    assert!(with("13h", "{class: daily, cron: 0 2 * * *, keep: 7d}, {class: full, cron: 0 14 * * 0, keep: 30d}").contains("1d pass"));
    assert!(with("24h", "{class: daily, cron: 0 2 * * 1-5, keep: 7d}").contains("3d pass between"));
    assert!(with("1m", daily).contains("tighter than anything gives"));
    assert!(with("24h", &format!("{daily}, {daily}")).contains("another schedule of the same class"));
    assert!(with("24h", "").contains("has no backup schedule"));
}
