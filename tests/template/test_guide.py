"""docs/deploy.md says what there is: whatever it names of the stacks is in them, and its commands are of scripts that exist."""

import re
import tomllib

from conftest import ROOT, read

GUIDE = (ROOT / "docs" / "deploy.md").read_text()
TEMPLATES = ["template.yaml", *(f"infra/{name}.yaml" for name in ("boundary", "deployer", "door", "key", "switch"))]


def test_every_parameter_and_output_that_the_guide_names_exists():
    there = {name for path in TEMPLATES for part in ("Parameters", "Outputs", "Resources") for name in read(path).get(part, {})}
    # A name in backticks, alone or with its value.
    named = set(re.findall(r"`([A-Z][a-z]+[A-Za-z]*)(?:=[^`]*)?`", GUIDE))
    assert {"SlackTeam", "WitnessRegion", "SmsRepliesTopic", "HealthCheckId"} <= named
    assert named - there == set()


def test_every_parameter_without_a_default_is_explained():
    asked = {name for name, one in read("template.yaml")["Parameters"].items() if "Default" not in one}
    assert asked == {"SlackTeam", "SlackApp"} and all(f"`{name}`" in GUIDE for name in asked)


def test_every_file_that_the_guide_names_exists():
    for path in set(re.findall(r"`?\b((?:docs|infra|scripts|plans|tests|functions)/[\w./-]+\w)", GUIDE)):
        assert (ROOT / path).exists(), path


def test_sam_starts_from_what_nested_stacks_and_this_builder_need():
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for environment in ("default", "primary", "standby"):
        settings = config[environment]
        assert settings["build"]["parameters"]["beta_features"] is True
        deploy = settings["deploy"]["parameters"]
        assert deploy["capabilities"] == "CAPABILITY_IAM CAPABILITY_AUTO_EXPAND" and deploy["resolve_s3"] is True
    assert "Role=primary" in config["primary"]["deploy"]["parameters"]["parameter_overrides"]
    assert "--config-env standby" in GUIDE
