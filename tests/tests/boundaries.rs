//! What must not depend on what, and what documents promise: held against the tree as it is.
#![cfg(test)]

use std::{collections::BTreeSet, path::Path, process::Command};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The packages that a package links, each with its version and features, without what only tests need.
fn links(package: &str) -> BTreeSet<String> {
    let tree = ["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p} {f}", "--package", package];
    output(env!("CARGO"), &tree).lines().map(str::to_owned).collect()
}

fn names(links: &BTreeSet<String>) -> BTreeSet<&str> {
    links.iter().filter_map(|line| line.split(' ').next()).collect()
}

const FUNCTIONS: [&str; 5] = ["ingress", "worker", "runner", "scheduler", "inspector"];

#[test]
fn the_domain_links_no_vendor_no_http_and_no_runtime() {
    let links = links("mayday-core");
    let outside = ["aws-", "reqwest", "hyper", "http", "tokio", "rustls", "axum", "lambda"];
    let found: Vec<&str> = names(&links).into_iter().filter(|name| outside.iter().any(|prefix| name.starts_with(prefix))).collect();
    assert_eq!(found, Vec::<&str>::new());
}

#[test]
fn no_function_can_make_permits_for_tests() {
    for function in FUNCTIONS {
        let links = links(function);
        let core = links.iter().find(|line| line.starts_with("mayday-core "));
        assert!(core.is_none_or(|line| !line.contains("testing")), "{function}: {core:?}");
    }
}

/// What can be planted is in no function, however the whole workspace is built: `cargo build --workspace --bins` makes the functions of
/// the local stack, and joins the features of all that it builds.
#[test]
fn no_bug_can_be_planted_in_what_is_shipped() {
    for package in FUNCTIONS.into_iter().chain(["mayday", "mayday-sim"]) {
        let links = links(package);
        let core = links.iter().find(|line| line.starts_with("mayday-core "));
        assert!(core.is_none_or(|line| !line.contains("planted")), "{package}: {core:?}");
    }
    let features = |more: &[&str]| {
        let tree = ["tree", "--locked", "--offline", "--workspace", "--edges", "all,features", "--invert", "mayday-core"];
        output(env!("CARGO"), &[&tree, more].concat())
    };
    assert!(!features(&[]).contains("mayday-core feature \"planted\""));
    assert!(
        features(&["--features", "mayday-sim/planted"]).contains("mayday-core feature \"planted\""),
        "it is looked for as cargo says it"
    );
}

#[test]
fn there_is_one_tls_stack() {
    for function in FUNCTIONS {
        let links = links(function);
        let names = names(&links);
        for other in ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "s2n-tls"] {
            assert!(!names.contains(other), "{function} links {other}");
        }
    }
}

/// Cedar is 5 MB and 2 ms: it is where people are judged, and neither at the door nor beside the databases.
#[test]
fn the_policies_are_linked_where_people_are_judged_and_nowhere_else() {
    for function in FUNCTIONS {
        let judges = !matches!(function, "ingress" | "inspector");
        assert_eq!(names(&links(function)).contains("cedar-policy"), judges, "{function}");
    }
}

/// Every test that the table of invariants names is there.
#[test]
fn the_tests_that_the_architecture_names_exist() {
    let document = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let table = document.split("## Invariants").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with('|'));
    let named: BTreeSet<&str> =
        rows.filter_map(|line| line.rsplit('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 10, "the table of invariants names tests");
    let files = output("git", &["ls-files", "--cached", "--others", "--exclude-standard", "*.rs", "*.py"]);
    let sources: String = files.lines().filter_map(|file| std::fs::read_to_string(root().join(file)).ok()).collect();
    let missing: Vec<&str> =
        named.into_iter().filter(|name| !["fn", "def"].iter().any(|word| sources.contains(&format!("{word} {name}(")))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
