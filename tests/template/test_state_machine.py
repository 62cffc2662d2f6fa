"""The state machine that is shipped: what it names is given to it, and no state can strand a run."""

import json
import re

import pytest
from conftest import ROOT, actions, read

TEXT = (ROOT / "infra" / "run.asl.json").read_text()
STATES = json.loads(TEXT)["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}

# Lambda's own hiccups: https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
HICCUPS = {"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException"}


def test_every_substitution_is_given():
    given = read("infra/workflow.yaml")["Resources"]["Run"]["Properties"]["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == set(given)


def test_its_role_may_call_the_runner_and_no_other_function():
    role = read("infra/workflow.yaml")["Resources"]["RunRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert {a for a in actions(role) if not a.startswith("logs:")} == {"lambda:InvokeFunction"}
    assert [s["Resource"] for s in role if s["Sid"] == "Visit"] == [{"Fn::Sub": "${RunnerArn}:*"}]
    assert {task["Parameters"]["FunctionName"] for task in TASKS.values()} == {"${RunnerFunctionArn}"}


@pytest.mark.parametrize("name", sorted(TASKS))
def test_a_task_survives_the_platforms_hiccups_and_ends(name):
    retried = {error for retry in TASKS[name]["Retry"] for error in retry["ErrorEquals"]}
    assert HICCUPS <= retried or "States.ALL" in retried
    assert {"TimeoutSeconds", "TimeoutSecondsPath"} & set(TASKS[name])


def test_a_visit_outlives_the_function_that_makes_it():
    """Else the state machine would call again while the first call still works."""
    timeout = read("template.yaml")["Resources"]["Runner"]["Properties"]["Timeout"]
    for task in TASKS.values():
        assert task.get("TimeoutSeconds", 3600) > timeout


def test_every_state_is_reached_and_every_next_exists():
    nexts = set(re.findall(r'"(?:Next|Default|StartAt)": "(\w+)"', TEXT))
    assert nexts == set(STATES)
