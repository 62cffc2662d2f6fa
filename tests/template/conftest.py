"""The template as the deployment sees it: read raw, and transformed by the SAM translator without a network."""

import copy
import json
import os
from pathlib import Path

import pytest
from cfnlint.decode.cfn_yaml import load
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ["ingress", "worker", "runner", "scheduler", "inspector"]
PARAMETERS = {"Name": "mayday", "SlackTeam": "T0MAYDAY", "SlackApp": "A0MAYDAY"}

# The translator asks for a region, and for nothing else of an account.
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")


def read(path):
    """A template as plain dictionaries, intrinsic functions in their long form."""
    return json.loads(json.dumps(load(str(ROOT / path)), default=str))


def packaged(template):
    """What `sam package` would upload: local paths become addresses."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if "CodeUri" in properties:
            properties["CodeUri"] = "s3://artifacts/function.zip"
        if "DefinitionUri" in properties:
            properties["DefinitionUri"] = "s3://artifacts/run.asl.json"
        if resource["Type"] == "AWS::Serverless::Application":
            properties["Location"] = f"https://artifacts.s3.amazonaws.com/{properties['Location']}"
    return template


class NoManagedPolicies:
    """The template names no managed policy, so nothing must be looked up."""

    def load(self):
        return {}


def transform(path):
    return Translator(NoManagedPolicies().load(), Parser()).translate(packaged(read(path)), PARAMETERS)


@pytest.fixture(scope="session")
def template():
    return read("template.yaml")


@pytest.fixture(scope="session")
def transformed():
    return transform("template.yaml")


@pytest.fixture(scope="session")
def roles():
    """Statements by function name, with both branches of every condition."""
    result = {}
    for name, resource in read("infra/roles.yaml")["Resources"].items():
        statements = []
        for policy in resource["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                branches = statement["Fn::If"][1:] if "Fn::If" in statement else [statement]
                statements += [branch for branch in branches if "Effect" in branch]
        result[name.removesuffix("Role").lower()] = statements
    return result


def as_list(value):
    return value if isinstance(value, list) else [value]


def actions(statements, effect="Allow"):
    return {action for s in statements if s["Effect"] == effect for action in as_list(s["Action"])}
