"""A restore from end to end, seen only through stock clients: Slack's, AWS's and PostgreSQL's."""

import glob
import json
import os
import re
import shutil
import subprocess
import time

import pytest
from resolve import address

OLD = "inventory-production"
ANA, BOB = "U0ANA00001", "U0BOB00001"
SETTINGS = (
    "AllocatedStorage BackupRetentionPeriod CopyTagsToSnapshot DBInstanceClass DeletionProtection Engine EngineVersion "
    "IAMDatabaseAuthenticationEnabled MaxAllocatedStorage MonitoringInterval MultiAZ PerformanceInsightsEnabled "
    "PreferredBackupWindow PubliclyAccessible StorageEncrypted StorageType EnabledCloudwatchLogsExports"
).split()


def psql():
    """The PostgreSQL client of this machine."""
    places = [os.path.join(os.environ.get("MAYDAY_POSTGRES_BIN", ""), "psql"), *glob.glob("/usr/lib/postgresql/*/bin/psql")]
    return shutil.which("psql") or next(place for place in places if os.access(place, os.X_OK))


class Seen:
    """What there was before, and the clients to look with afterwards."""

    def __init__(self, stack, aws):
        self.stack, self.aws = stack, aws
        self.old = self.instance(OLD)
        self.rows = self.count("movements")
        self.old_host = self.login()["host"]

    def instance(self, name):
        return self.aws("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def login(self):
        return json.loads(self.aws("secretsmanager").get_secret_value(SecretId="mayday/inventory")["SecretString"])

    def count(self, table, host=None):
        """Rows of a table, asked as an application would: by the secret's host, found by its name."""
        login = self.login()
        host = host or login["host"]
        where = f"host={host} hostaddr={address(host, self.stack.state['dns_port'])} port={login['port']}"
        words = f"{where} dbname={login['dbname']} user={login['username']}"
        command = [psql(), "-X", "-At", "-d", words, "-c", f"select count(*) from {table}"]
        told = subprocess.run(command, env={"PGPASSWORD": login["password"], "PATH": os.environ["PATH"]}, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
        return int(told.stdout)


def until(look, seconds=90):
    """Looks again until there is something to see."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)
    return found


def form_to_approve(stack, card):
    """Bob presses the button: again, where the bot began too slowly for Slack to show its form."""
    for _ in range(4):
        if views := stack.act(BOB, "click", channel="C0RECOVERY", message_ts=card, action_id="approve")["views"]:
            return views[-1]
    raise AssertionError("no form is shown")


@pytest.fixture(scope="module")
def restored(stack, aws, slack):
    """Rows are lost; Ana asks; Bob approves; the run has ended."""
    seen = Seen(stack, aws)
    seen.well = stack.post("/local/break", {"what": "delete_rows", "target": OLD})["before"]
    seen.left = seen.count("movements")
    asked = stack.act(ANA, "command", channel="C0RECOVERY", text=f"/dr restore inventory --at {seen.well} --reason 'rows deleted by mistake'")
    seen.card = next(one for one in asked["messages"] if not one["ephemeral"])
    form = form_to_approve(stack, seen.card["ts"])
    phrase = re.search(r"`(inventory [^`]+)`", json.dumps(form)).group(1)
    stack.act(BOB, "submit", view_id=form["id"], values={"phrase": phrase})

    def ended():
        messages = slack.conversations_history(channel="C0RECOVERY")["messages"]
        return next((one for one in messages if "since it was asked" in one["text"]), None)

    seen.report = until(ended)
    names = [one["DBInstanceIdentifier"] for one in aws("rds").describe_db_instances()["DBInstances"]]
    seen.name = next(name for name in names if name.startswith(f"{OLD}-r-"))
    return seen


def test_the_rows_are_back_where_the_secret_leads(restored):
    assert restored.left < restored.rows, "rows were lost"
    assert restored.count("movements") == restored.rows
    assert restored.count("movements", restored.old_host) == restored.left, "the old instance is as it was"


def test_the_secret_has_the_new_host_and_keeps_the_old_version(restored, aws):
    endpoint = restored.instance(restored.name)["Endpoint"]["Address"]
    assert restored.login()["host"] == endpoint != restored.old_host
    before = aws("secretsmanager").get_secret_value(SecretId="mayday/inventory", VersionStage="AWSPREVIOUS")
    assert json.loads(before["SecretString"])["host"] == restored.old_host


def test_the_new_instance_has_the_settings_of_the_old_one(restored):
    new = restored.instance(restored.name)
    assert new["DBInstanceStatus"] == "available"
    assert {name: new.get(name) for name in SETTINGS} == {name: restored.old.get(name) for name in SETTINGS}
    for group, name in (("VpcSecurityGroups", "VpcSecurityGroupId"), ("DBParameterGroups", "DBParameterGroupName")):
        assert sorted(one[name] for one in new[group]) == sorted(one[name] for one in restored.old[group])
    assert new["DBSubnetGroup"]["DBSubnetGroupName"] == restored.old["DBSubnetGroup"]["DBSubnetGroupName"]
    tags = {tag["Key"]: tag["Value"] for tag in new["TagList"]}
    assert {tag["Key"]: tag["Value"] for tag in restored.old["TagList"]}.items() <= tags.items()
    assert tags["mayday:run"].startswith("r-")


def test_slack_shows_card_headline_and_report(restored, slack):
    messages = slack.conversations_history(channel="C0RECOVERY")["messages"]
    card = next(one for one in messages if one["ts"] == restored.card["ts"])
    assert "approved" in card["text"].lower()
    assert "approve" not in [element.get("action_id") for block in card["blocks"] for element in block.get("elements", [])]
    report = json.dumps(restored.report["blocks"], ensure_ascii=False)
    for words in ("within the objective", "tenants are there", "movement"):
        assert words in report
    between = [one for one in messages if card["ts"] < one["ts"] < restored.report["ts"] and one.get("edited")]
    assert len(between) == 1, "one message counted up"
    told = [one["text"] for one in slack.conversations_replies(channel="C0RECOVERY", ts=between[0]["ts"])["messages"]]
    assert len(told) > 3, "and each change of state has a reply"


def test_the_run_was_one_execution_that_succeeded(restored, aws):
    states = aws("stepfunctions")
    machine = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    executions = []
    # The report is posted a moment before the execution ends.
    for _ in range(100):
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="SUCCEEDED")
        executions = [one for page in pages for one in page["executions"]]
        if executions:
            break
        time.sleep(0.2)
    assert len(executions) == 1
    told = states.describe_execution(executionArn=executions[0]["executionArn"])
    run = {tag["Key"]: tag["Value"] for tag in restored.instance(restored.name)["TagList"]}["mayday:run"]
    assert told["name"].startswith(run)
    assert told["stopDate"] >= told["startDate"]
