//! What this function links: its start-up time and its attack surface are made of it.

use std::process::Command;

#[test]
fn it_links_no_sdk_no_domain_and_one_tls_stack() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--package", "ingress", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && tree.contains("aws-sigv4"), "{}", String::from_utf8_lossy(&output.stderr));
    let linked: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    for unwanted in [
        "mayday-core",
        "mayday-aws",
        "reqwest",
        "aws-config",
        "aws-lc-rs",
        "native-tls",
        "openssl",
        "tracing-subscriber",
        "regex",
        "jiff",
        "h2",
    ] {
        assert!(!linked.contains(&unwanted), "{unwanted} is linked");
    }
    assert!(!linked.iter().any(|name| name.starts_with("aws-sdk-")), "an SDK crate is linked");
    let stacks = linked.iter().filter(|name| **name == "rustls").collect::<std::collections::BTreeSet<_>>();
    assert_eq!(stacks.len(), 1);
}
