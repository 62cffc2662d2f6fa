use crate::plan::{load, shown};

const DEMO: &str = include_str!("check/base.yaml");

fn problem(from: &str, to: &str) -> String {
    assert!(DEMO.contains(from), "{from}");
    load(&DEMO.replacen(from, to, 1)).unwrap_err().message
}

#[test]
fn the_plans_that_ship_load() {
    for plan in ["demo", "inventory/plan", "capliquify/plan"] {
        let path = format!("{}/../../plans/{plan}.yaml", env!("CARGO_MANIFEST_DIR"));
        load(&std::fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{plan}: {error}"));
    }
    let plan = load(DEMO).unwrap();
    assert_eq!(plan.databases["inventory"].checks.len(), 3);
    assert_eq!(plan.databases["inventory"].objectives.rpo.to_string(), "15m");
}

#[test]
fn c1_a_wildcard_does_not_grant_what_destroys() {
    let said = problem("environments: [production]", "environments: [\"*\"]");
    assert!(said.contains("a wildcard is only for verbs that change nothing"), "{said}");
}

#[test]
fn c7_an_id_that_no_vendor_gives_is_refused() {
    for id in ["u0ana00001", "' U0ANA00001'", "'<@U0ANA00001>'", "ana"] {
        let said = problem("slack: U0ANA00001", &format!("slack: {id}"));
        assert!(said.contains("is no user id"), "{said}");
    }
}

#[test]
fn l4_a_plan_in_which_nothing_could_ever_be_approved_is_refused() {
    let said = problem("needed: 1", "needed: 5");
    assert!(said.contains("nothing could ever be approved"), "{said}");
    let said = problem("needed: 1", "needed: 0");
    assert!(said.contains("at least one other person"), "{said}");
}

#[test]
fn l1_what_is_wrong_is_said_with_its_line_and_the_way_out() {
    let cases = [
        (
            "    secret: mayday/inventory",
            "    sekret: mayday/inventory",
            "there is no key “sekret” here. Did you mean “secret”? Expected one of: environment",
        ),
        ("    traffic: secret", "    traffic: sekret", "“sekret” is not known here. Did you mean “secret”?"),
        ("    database: inventory\n", "", "the key “database” is missing here"),
        ("timezone: Europe/Berlin", "timezone: Europe/Berlin\ntimezone: UTC", "the key “timezone” stands twice"),
        ("    region: eu-west-1", "\tregion: eu-west-1", "YAML is indented by spaces"),
        ("schema: 1", "schema: one", "line "),
        ("needed: 1", "needed: -1", "line "),
        ("rto: 1h", "rto: soon", "“soon” is no span: write 90s, 15m, 4h or 2d"),
        ("    slack: U0ANA00001", "    slack: [U0ANA00001]", "line "),
    ];
    for (from, to, words) in cases {
        let said = problem(from, to);
        assert!(said.contains(words) && said.starts_with("line "), "{to}: {said}");
    }
    let two = load(&format!("{DEMO}\n---\nschema: 1\n")).unwrap_err();
    assert!(two.message.contains("more than one document"), "{two}");
    for empty in ["", "  \n\n", "# nothing\n"] {
        assert!(load(empty).unwrap_err().message.contains("the plan is empty"));
    }
    assert!(load("---\n").is_err() && load("[]").is_err() && load("just words").is_err());
}

#[test]
fn l1_a_finding_is_shown_as_a_compiler_shows_it() {
    let text = DEMO.replacen("slack: U0ANA00001", "slack: ana", 1);
    let error = load(&text).unwrap_err();
    insta::assert_snapshot!(shown(&error.findings[..1], "plan.yaml", &text), @"
    error: people.ana.slack “ana” is no user id (U… or W…, capitals and digits)
       --> plan.yaml:13:12
     11 | people:
     12 |   ana:
     13 |     slack: ana
        |            ^
      = It stands in the person's profile in Slack, under Copy member ID
    ");
}

#[test]
fn l1_bombs_are_refused_in_bounded_time() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..=20 {
        let inner = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    let deep = format!("people: {}{}", "[".repeat(50_000), "]".repeat(50_000));
    let block: String = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let wide = format!("{DEMO}\nphases:\n{}", "  - {title: x, from: 0s, to: 1h}\n".repeat(100_000));
    let documents = "---\nschema: 1\n".repeat(100_000);
    let keys = format!("people: {{{}}}", (0..200_000).map(|key| format!("p{key}: 1, ")).collect::<String>());
    for hostile in [bomb, deep, block, wide, documents, keys, "&a [*a]".to_owned(), "people: !include /etc/passwd".to_owned()] {
        let error = load(&hostile).unwrap_err();
        assert!(error.message.len() < 2_000 && error.message.starts_with("line "), "{}", error.message);
    }
    assert!(load(&"#".repeat(4_000_001)).unwrap_err().message.contains("are the most that is read"));
}
