"""What the product is made of and who may change that: lock-file, licenses, lints, and the public checks."""

import re
import tomllib

import pytest
import yaml
from conftest import FUNCTIONS, ROOT

WORKSPACE = tomllib.loads((ROOT / "Cargo.toml").read_text())
LOCK = tomllib.loads((ROOT / "Cargo.lock").read_text())
DENY = tomllib.loads((ROOT / "deny.toml").read_text())
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"


def manifests():
    for pattern in WORKSPACE["workspace"]["members"]:
        for folder in ROOT.glob(pattern):
            if (folder / "Cargo.toml").is_file():
                yield folder.name, tomllib.loads((folder / "Cargo.toml").read_text())


def test_m6_everything_that_is_linked_is_pinned_by_its_checksum():
    names = {name for name, _ in manifests()}
    assert {f"mayday-{one}" for one in ("core", "aws", "slack")} <= {package["name"] for package in LOCK["package"]} and names
    for package in LOCK["package"]:
        if "source" in package:
            assert package["source"] == REGISTRY and re.fullmatch("[0-9a-f]{64}", package["checksum"]), package["name"]


def test_m6_licenses_bans_and_sources_are_checked_offline_with_every_change_and_advisories_in_public():
    scripts = (ROOT / "scripts" / "test").read_text()
    assert "cargo-deny --offline check licenses bans sources" in scripts
    assert re.search(r"^all=\(.*\bdependencies\b.*\)", scripts, re.MULTILINE)
    assert "./scripts/test" in (ROOT / ".ci" / "run").read_text()
    assert DENY["sources"]["unknown-registry"] == DENY["sources"]["unknown-git"] == "deny"
    assert not [one for one in DENY["licenses"]["allow"] if re.search("GPL|SSPL|BUSL", one)]
    assert any("cargo-deny check advisories" in path.read_text() for path in WORKFLOWS)


def test_m6_no_check_takes_another_version_than_the_lock_file_says():
    for line in (ROOT / "scripts" / "test").read_text().splitlines():
        if re.search(r"\bcargo (build|clippy|nextest|test|fetch)\b", line):
            assert "--locked" in line, line


def test_m7_the_lints_hold_in_every_crate():
    lints = WORKSPACE["workspace"]["lints"]
    assert lints["rust"]["unsafe_code"] == "forbid"
    assert {"unwrap_used", "expect_used", "indexing_slicing", "panic", "todo"} <= {name for name, level in lints["clippy"].items() if level == "deny"}
    names = []
    for name, manifest in manifests():
        assert manifest["lints"] == {"workspace": True}, name
        names.append(name)
    assert set(FUNCTIONS) <= set(names)


def test_m7_no_function_sets_a_lint_of_handlers_aside():
    """Not even with a reason: what a function itself does must answer, whatever comes. Tests are exempt."""
    aside = re.compile(r"#!?\[(?:allow|expect)\([^\]]*clippy::(?:unwrap_used|expect_used|indexing_slicing|panic)\b")
    sources = [path for path in (ROOT / "functions").rglob("*.rs") if "tests" not in path.parts and path.name != "tests.rs"]
    assert len(sources) >= len(FUNCTIONS)
    for path in sources:
        assert not aside.search(path.read_text().split("#[cfg(test)]")[0]), path.relative_to(ROOT)


def test_m7_overflow_is_checked_in_what_is_deployed():
    assert WORKSPACE["profile"]["release"]["overflow-checks"] is True


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_m8_what_others_can_move_is_pinned_and_sees_no_secret(path):
    text = path.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    # YAML reads a bare `on` as true.
    assert "pull_request_target" not in workflow[True] and "workflow_run" not in workflow[True]
    assert not re.search(r"\bsecrets\b\s*[.\[]", text)
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert steps
    for step in steps:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", step["uses"]) if "uses" in step else step["run"], step
        # What an outsider chose (a branch's or a title's name) reaches a shell only through the environment.
        assert "${{" not in step.get("run", ""), step
