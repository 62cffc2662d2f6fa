"""scripts/check-catalogue on little trees of its own: it finds what it is there to find."""

import subprocess
import sys

import pytest
from conftest import ROOT

CATALOGUE = "## A. One\n\n- **A1** First\n- **A2** Second. *Waits for* the moon: nobody has\n  been there lately\n"
TEST = "#[test]\nfn a1_it_is_shown() {}\n"


def check(root, catalogue=CATALOGUE, source=TEST, name="it.rs"):
    (root / "tests").mkdir()
    (root / "tests" / "CATALOGUE.md").write_text(catalogue)
    (root / name).write_text(source)
    script = [sys.executable, str(ROOT / "scripts" / "check-catalogue"), str(root)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_what_is_shown_or_waits_passes(tmp_path):
    assert check(tmp_path) == (0, "")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "A1: no test bears its id"),
        ("fn a1_only_a_function() {}\n", "A1: no test bears its id"),
        ('#[test]\n#[ignore = "later"]\nfn a1_set_aside() {}\n', "A1: no test bears its id (set aside: a1_set_aside"),
        (TEST + "#[test]\nfn a1_a2_both() {}\n", "A2: its line says that it waits, but there is a1_a2_both"),
        (TEST + "#[tokio::test]\nasync fn a3_of_nothing() {}\n", "A3: no such case, but there is a3_of_nothing"),
    ],
)
def test_what_is_neither_shown_nor_waits_or_both_fails(tmp_path, source, words):
    code, told = check(tmp_path, source=source)
    assert code == 1 and words in told


def test_waiting_needs_a_reason(tmp_path):
    code, told = check(tmp_path, CATALOGUE.replace(": nobody has\n  been there lately", ""))
    assert code == 1 and "A2: say what it waits for and why" in told


def test_an_empty_catalogue_fails(tmp_path):
    assert check(tmp_path, "# nothing\n", "")[0] == 1
