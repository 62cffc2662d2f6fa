"""The installation on MiniStack: made whole by the template, and as much of the main job as MiniStack's services carry."""

import json
import re

import pytest
from conftest import KEYS, ROOT, eventually
from slack import click, command, signed, submit

ANA, BOB = "U0ANA00001", "U0BOB00001"
CHILDREN = {"Data", "Roles", "Workflow", "Schedules", "Alarms", "Events", "Dashboard"}
# As RDS names endpoints; MiniStack has none of its own.
HOST = "inventory-production.c0mayday.eu-west-1.rds.amazonaws.com"


def test_the_template_is_deployed_whole_and_what_it_names_is_there(account, stack):
    resources = account.aws("cloudformation").describe_stack_resources(StackName="mayday")["StackResources"]
    assert {one["LogicalResourceId"] for one in resources if one["ResourceType"] == "AWS::CloudFormation::Stack"} == CHILDREN
    assert all(one["ResourceStatus"] == "CREATE_COMPLETE" for one in resources)
    variables = account.aws("lambda").get_function_configuration(FunctionName="mayday-worker")["Environment"]["Variables"]
    assert variables["MAYDAY_TABLE"] == stack["Table"] and stack["Table"] in account.aws("dynamodb").list_tables()["TableNames"]
    assert variables["MAYDAY_BUCKET"] == stack["Bucket"]
    assert stack["Bucket"] in {bucket["Name"] for bucket in account.aws("s3").list_buckets()["Buckets"]}
    machines = account.aws("stepfunctions").list_state_machines()["stateMachines"]
    assert variables["MAYDAY_STATE_MACHINE"] in {machine["stateMachineArn"] for machine in machines}
    account.aws("lambda").get_function(FunctionName=variables["MAYDAY_INSPECTOR"])
    schedule = account.aws("scheduler").get_schedule(Name="mayday-sweep", GroupName="mayday")
    assert schedule["Target"]["Arn"].endswith(":function:mayday-scheduler")
    [rule] = account.aws("events").list_rules(NamePrefix="mayday-")["Rules"]
    [target] = account.aws("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"].endswith(":mayday-happenings")


@pytest.fixture(scope="session")
def bot(account, stack, slack):
    """The installation with a plan and a database; posts a signed body to the door."""
    account.aws("s3").put_object(Bucket=stack["Bucket"], Key="plan.yaml", Body=(ROOT / "plans" / "demo.yaml").read_bytes())
    secret = {"username": "app", "password": "hush", "host": HOST, "port": 5432}
    of_the_plan = [{"Key": "mayday:plan", "Value": "inventory"}]
    account.aws("secretsmanager").create_secret(Name="mayday/inventory", SecretString=json.dumps(secret), Tags=of_the_plan)
    account.aws("rds").create_db_instance(
        DBInstanceIdentifier="inventory-production",
        Engine="postgres",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=20,
        MasterUsername="app",
        MasterUserPassword="hush-hush-hush",
        Tags=of_the_plan,
    )

    def post(kind, body, secret=KEYS["slack_signing_secret"]):
        return signed(stack[f"Slack{kind}Url"], account.url, secret, body)

    return post


def heard(slack, method, words, seconds=60):
    """What was said to Slack, as soon as it is said."""
    return eventually(lambda: slack.asked(method, words), seconds)


def test_what_slack_did_not_sign_gets_no_further_than_the_door(bot, slack):
    before = len(slack.calls)
    status, _ = bot("Commands", command("status", ANA), secret="somebody-else")
    assert (status, len(slack.calls)) == (401, before)


def test_a_signed_command_is_answered_through_url_door_worker_table_and_bucket(bot, slack):
    assert bot("Commands", command("status", ANA)) == (200, "")
    answer = heard(slack, "chat.postEphemeral", "How things stand")
    assert answer["user"] == ANA and "inventory-production" in json.dumps(answer)


def test_a_backup_is_run_by_the_state_machine_on_the_version_of_the_code_that_it_names(bot, account, slack):
    bot("Commands", command("backup inventory", ANA))
    heard(slack, "chat.postMessage", "Done: Back up inventory")
    [snapshot] = account.aws("rds").describe_db_snapshots()["DBSnapshots"]
    assert re.fullmatch("mayday-inventory-.*", snapshot["DBSnapshotIdentifier"])
    assert {"mayday:run", "mayday:database"} <= {tag["Key"] for tag in snapshot["TagList"]}
    machine = account.aws("stepfunctions").list_state_machines()["stateMachines"][0]["stateMachineArn"]
    [execution] = eventually(lambda: account.aws("stepfunctions").list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"])
    assert re.fullmatch("r-[0-9a-z]{26}-1", execution["name"])
    lines = [e["message"] for e in account.aws("logs").filter_log_events(logGroupName="/aws/lambda/mayday-runner")["events"]]
    assert [line for line in lines if "START RequestId" in line and line.rstrip().endswith("Version: 1")]
    assert not [line for line in lines if "Version: $LATEST" in line]


def test_a_restore_is_proposed_approved_by_another_and_makes_a_new_instance_beside_the_old_one(bot, account, slack):
    [snapshot] = account.aws("rds").describe_db_snapshots()["DBSnapshots"]
    bot("Commands", command(f"restore inventory --id {snapshot['DBSnapshotIdentifier']}", ANA))
    card = heard(slack, "chat.postMessage", "Waits for approval")
    approve = next(one for block in card["blocks"] for one in block.get("elements", []) if one.get("action_id") == "approve")
    [phrase] = re.findall("asks you to type `([^`]+)`", json.dumps(card))
    assert [one["DBInstanceIdentifier"] for one in account.aws("rds").describe_db_instances()["DBInstances"]] == ["inventory-production"]
    assert bot("Interactions", click(BOB, approve, "1795374247.000100"))[0] == 200
    view = heard(slack, "views.open", "approval_phrase")["view"]
    bot("Interactions", submit(BOB, view if isinstance(view, dict) else json.loads(view), phrase))

    def restored():
        """the new instance"""
        found = account.aws("rds").describe_db_instances()["DBInstances"]
        return [one for one in found if one["DBInstanceIdentifier"] != "inventory-production"]

    [new] = eventually(restored)
    assert re.fullmatch("inventory-production-r-[0-9a-z]{10}", new["DBInstanceIdentifier"])
    # MiniStack keeps no tags of a restored instance. What bears no tag of the run was made by somebody else, and the run stops there.
    assert account.aws("rds").list_tags_for_resource(ResourceName=new["DBInstanceArn"])["TagList"] == []
    heard(slack, "chat.postMessage", f"an instance {new['DBInstanceIdentifier']} exists that this run did not make")


def test_what_happens_to_a_database_brings_the_tick_forward(bot, account):
    # What the rule would put there: nobody but AWS may say what `aws.rds` says.
    queue = account.aws("sqs").get_queue_url(QueueName="mayday-happenings")["QueueUrl"]
    event = {"source": "aws.rds", "detail-type": "RDS DB Instance Event", "detail": {"EventCategories": ["failover"]}}
    account.aws("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))

    def swept():
        """a tick for what happened"""
        found = account.aws("logs").filter_log_events(logGroupName="/aws/lambda/mayday-scheduler")["events"]
        return [line for line in found if '"1 happenings"' in line["message"]]

    assert "swept" in eventually(swept)[0]["message"]


def versions_called(account):
    """The runner's versions, in the order of its visits."""
    events = account.aws("logs").filter_log_events(logGroupName="/aws/lambda/mayday-runner")["events"]
    return [found[1] for event in events if (found := re.search(r"START RequestId: \S+ Version: (\S+)", event["message"]))]


def test_a_run_in_flight_ends_on_the_code_that_it_began_with_and_the_next_one_has_the_new(bot, account, slack):
    """An upgrade, as the template makes one: a new version of the runner, and a definition that names it."""
    runs, functions = account.aws("stepfunctions"), account.aws("lambda")
    [machine] = [one["stateMachineArn"] for one in runs.list_state_machines()["stateMachines"]]
    [waiting] = runs.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    functions.update_function_configuration(FunctionName="mayday-runner", Description="the next release")
    version = functions.publish_version(FunctionName="mayday-runner")["Version"]
    definition = runs.describe_state_machine(stateMachineArn=machine)["definition"]
    assert ":mayday-runner:1" in definition and version == "2"
    runs.update_state_machine(stateMachineArn=machine, definition=definition.replace(":mayday-runner:1", f":mayday-runner:{version}"))

    before = len(versions_called(account))
    bot("Commands", command(f"cancel {waiting['name'].removesuffix('-1')}", ANA))
    eventually(lambda: runs.describe_execution(executionArn=waiting["executionArn"])["status"] != "RUNNING")
    assert set(versions_called(account)) == {"1"} and len(versions_called(account)) > before

    bot("Commands", command("backup inventory", ANA))
    eventually(lambda: "2" in versions_called(account))
