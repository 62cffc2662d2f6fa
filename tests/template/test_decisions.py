"""What each role may really do: IAM's decision on calls with everything filled in, the main job's as well as those that must never be."""

import re

import pytest
from conftest import FUNCTIONS, ROOT
from iam import allows
from render import ACCOUNT, Stack, alone, primary, standby

ARN = f"arn:aws:{{}}:eu-west-1:{ACCOUNT}:{{}}"
TABLE = ARN.format("dynamodb", "table/mayday")
BUCKET = f"arn:aws:s3:::mayday-{ACCOUNT}-eu-west-1"
KEYS = ARN.format("secretsmanager", "secret:mayday/keys-AbCdEf")
ORDERS = ARN.format("rds", "db:orders")
RESTORED = ARN.format("rds", "db:orders-r-01k3m5p7q9")
SNAPSHOT = ARN.format("rds", "snapshot:mayday-orders-01k3m5p7q9")
ZONE = "arn:aws:route53:::hostedzone/Z0EXAMPLE"
WORKER = ARN.format("lambda", "function:mayday-worker")

OF_THE_PLAN = {"aws:ResourceTag/mayday:plan": "orders"}
OF_A_RUN = {"aws:ResourceTag/mayday:run": "r-01"}
BY_A_RUN = {"aws:RequestTag/mayday:run": "r-01"}
WITH_A_CLASS = OF_A_RUN | {"aws:ResourceTag/mayday:class": "daily"}
# Whatever could be said in a call's favor, at once.
EVERY_TAG = OF_THE_PLAN | WITH_A_CLASS | BY_A_RUN

BOUNDARY = Stack("infra/boundary.yaml", {}).properties("Boundary")["PolicyDocument"]["Statement"]


def statements(stack, name):
    policies = stack.properties(name)["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def roles(stack):
    """The statements of every role of an installation, those of the services that work for it included."""
    return {path: [s for p in role["Policies"] for s in p["PolicyDocument"]["Statement"]] for path, kind, role in stack.everything() if kind == "AWS::IAM::Role"}


def role(name, stack=None, **parameters):
    return statements((stack or alone(**parameters)).child("Roles"), f"{name.capitalize()}Role")


def may(name, action, resource, context=None, boundary=BOUNDARY, **parameters):
    return allows(role(name, **parameters), action, resource, context, boundary)


NEVER = [
    ("dynamodb:DeleteTable", TABLE),
    ("dynamodb:UpdateTable", TABLE),
    ("dynamodb:UpdateContinuousBackups", TABLE),
    ("dynamodb:UpdateItem", TABLE),
    ("dynamodb:BatchWriteItem", TABLE),
    ("dynamodb:PartiQLDelete", TABLE),
    ("dynamodb:DeleteTableReplica", TABLE),
    ("s3:DeleteObject", f"{BUCKET}/audit/head.json"),
    ("s3:DeleteObjectVersion", f"{BUCKET}/audit/head.json"),
    ("s3:BypassGovernanceRetention", f"{BUCKET}/audit/head.json"),
    ("s3:PutObjectRetention", f"{BUCKET}/audit/head.json"),
    ("s3:PutObject", f"{BUCKET}/plan.yaml"),
    ("s3:PutBucketPolicy", BUCKET),
    ("s3:PutBucketVersioning", BUCKET),
    ("s3:PutBucketObjectLockConfiguration", BUCKET),
    ("s3:PutLifecycleConfiguration", BUCKET),
    ("cloudtrail:StopLogging", ARN.format("cloudtrail", "trail/organization")),
    ("cloudtrail:DeleteTrail", ARN.format("cloudtrail", "trail/organization")),
    ("cloudtrail:PutEventSelectors", ARN.format("cloudtrail", "trail/organization")),
    ("logs:DeleteLogGroup", ARN.format("logs", "log-group:/aws/lambda/mayday-worker:*")),
    ("logs:DeleteLogStream", ARN.format("logs", "log-group:/aws/lambda/mayday-worker:*")),
    ("logs:PutRetentionPolicy", ARN.format("logs", "log-group:/aws/lambda/mayday-worker:*")),
    ("kms:ScheduleKeyDeletion", ARN.format("kms", "key/1")),
    ("kms:DisableKey", ARN.format("kms", "key/1")),
    ("kms:PutKeyPolicy", ARN.format("kms", "key/1")),
    ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/mayday"),
    ("iam:DeleteRolePermissionsBoundary", f"arn:aws:iam::{ACCOUNT}:role/mayday"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
    ("lambda:UpdateFunctionCode", WORKER),
    ("states:UpdateStateMachine", ARN.format("states", "stateMachine:mayday-run")),
    ("states:StopExecution", ARN.format("states", "execution:mayday-run:r-01-1")),
    ("secretsmanager:DeleteSecret", KEYS),
    ("secretsmanager:PutSecretValue", KEYS),
    ("rds:DeleteDBInstanceAutomatedBackup", ARN.format("rds", "auto-backup:ab-1")),
    ("rds:ModifyDBSnapshotAttribute", SNAPSHOT),
    ("route53:DeleteHostedZone", ZONE),
    ("scheduler:DeleteSchedule", ARN.format("scheduler", "schedule/mayday/mayday-sweep")),
    ("events:DisableRule", ARN.format("events", "rule/mayday-databases")),
    ("cloudwatch:DeleteAlarms", ARN.format("cloudwatch", "alarm:mayday-sweep-missing")),
    ("sqs:PurgeQueue", ARN.format("sqs", "mayday-dead-letters")),
]


@pytest.mark.parametrize(("action", "resource"), NEVER, ids=[action for action, _ in NEVER])
@pytest.mark.parametrize("stack", [alone, primary, standby])
def test_m3_no_role_may_whatever_the_tags_and_without_the_boundarys_help(stack, action, resource):
    made = stack(RetireOriginals="true", InspectorSubnets="subnet-1", InspectorSecurityGroups="sg-1", MonitoringRoleArn=f"arn:aws:iam::{ACCOUNT}:role/monitoring")
    resource = resource.replace("eu-west-1", made.region)
    # The bot's own keys bear no tag of the plan: whoever tags them so lets the bot write them.
    context = {} if resource == KEYS.replace("eu-west-1", made.region) else EVERY_TAG
    assert [name for name, found in roles(made).items() if allows(found, action, resource, context)] == []


# What is looked at in vain: every action that any list of calls.rs or the boundary names.
EVERY_ACTION = sorted(
    set(re.findall(r'"([a-z0-9-]+:[A-Z][A-Za-z]+)"', (ROOT / "shared" / "aws" / "src" / "calls.rs").read_text()))
    | {action for action, _ in NEVER}
    | {"lambda:InvokeFunctionUrl", "logs:CreateLogGroup", "sqs:SendMessage", "sns:Publish", "rds-db:connect", "ec2:CreateNetworkInterface"}
)
EVERY_RESOURCE = [
    *(ARN.format("lambda", f"function:{name}") for name in ["mayday-worker", "mayday-ingress", "mayday-runner", "mayday-scheduler", "mayday-inspector", "payroll"]),
    *(ARN.format("secretsmanager", f"secret:{name}") for name in ["mayday/keys-AbCdEf", "mayday/keys-of-others-AbCdEf", "orders-AbCdEf"]),
    *(resource for _, resource in NEVER),
    ORDERS,
    RESTORED,
    f"{BUCKET}/plan.yaml",
    "*",
]


def test_m5_the_door_can_do_exactly_two_things():
    door = role("ingress")
    can = {(action, resource) for action in EVERY_ACTION for resource in EVERY_RESOURCE if allows(door, action, resource, EVERY_TAG, BOUNDARY)}
    assert can == {("lambda:InvokeFunction", WORKER), ("secretsmanager:GetSecretValue", KEYS)}


def test_m5_the_door_writes_its_own_log_and_no_other():
    assert may("ingress", "logs:PutLogEvents", ARN.format("logs", "log-group:/aws/lambda/mayday-ingress:log-stream:1"))
    assert not may("ingress", "logs:PutLogEvents", ARN.format("logs", "log-group:/aws/lambda/mayday-worker:log-stream:1"))


def test_m3_the_runner_deletes_a_database_only_if_a_run_made_it():
    assert may("runner", "rds:DeleteDBInstance", RESTORED, OF_A_RUN)
    assert not may("runner", "rds:DeleteDBInstance", RESTORED)
    assert not may("runner", "rds:DeleteDBInstance", ORDERS)
    assert not may("runner", "rds:DeleteDBInstance", ORDERS, OF_THE_PLAN)
    # Where the organization wants the bot to take the old ones away, those of the plan too, and no others.
    assert may("runner", "rds:DeleteDBInstance", ORDERS, OF_THE_PLAN, RetireOriginals="true")
    assert not may("runner", "rds:DeleteDBInstance", ORDERS, RetireOriginals="true")


def test_m3_the_runner_can_not_make_a_database_its_own_by_tagging_it():
    # To align what was restored it may modify; adding the tag to what was there before would make that deletable.
    assert not may("runner", "rds:AddTagsToResource", ORDERS, BY_A_RUN | OF_THE_PLAN)
    assert not may("runner", "rds:AddTagsToResource", ORDERS, BY_A_RUN)
    look_alike = ARN.format("rds", "db:orders-r-0123456789")
    assert not may("runner", "rds:AddTagsToResource", look_alike, BY_A_RUN | OF_THE_PLAN)
    assert may("runner", "rds:AddTagsToResource", RESTORED, BY_A_RUN)
    assert not may("runner", "rds:ModifyDBInstance", ORDERS, OF_THE_PLAN)


@pytest.mark.parametrize(
    ("snapshot", "context", "answer"),
    [
        (SNAPSHOT, WITH_A_CLASS, True),
        (SNAPSHOT, OF_A_RUN, False),
        (SNAPSHOT, {"aws:ResourceTag/mayday:class": "daily"}, False),
        (SNAPSHOT, WITH_A_CLASS | {"aws:ResourceTag/mayday:hold": "legal"}, False),
        (ARN.format("rds", "snapshot:before-the-migration"), WITH_A_CLASS, False),
        (ARN.format("rds", "snapshot:rds:orders-2026-11-22-03-05"), WITH_A_CLASS, False),
    ],
)
def test_m3_only_a_backup_in_time_that_nobody_holds_is_deleted(snapshot, context, answer):
    assert may("runner", "rds:DeleteDBSnapshot", snapshot, context) is answer


@pytest.mark.parametrize("name", ["runner", "scheduler"])
def test_m3_records_are_deleted_but_not_the_audit(name):
    assert may(name, "dynamodb:DeleteItem", TABLE, {"dynamodb:LeadingKeys": ["lock"]})
    assert not may(name, "dynamodb:DeleteItem", TABLE, {"dynamodb:LeadingKeys": ["audit"]})
    assert not may(name, "dynamodb:DeleteItem", TABLE, {"dynamodb:LeadingKeys": ["lock", "audit-2026"]})


def test_names_are_changed_by_one_exact_record_for_another_and_in_the_plans_zones_only():
    def change(record, action, zone=ZONE):
        keys = {"route53:ChangeResourceRecordSetsRecordTypes": [record], "route53:ChangeResourceRecordSetsActions": action}
        return may("runner", "route53:ChangeResourceRecordSets", zone, keys)

    assert change("CNAME", ["CREATE", "DELETE"])
    assert not change("CNAME", ["UPSERT"])
    assert not change("NS", ["CREATE", "DELETE"])
    assert not change("CNAME", ["CREATE", "DELETE"], "arn:aws:route53:::hostedzone/Z0OTHER")


def test_only_secrets_of_the_plan_are_read_and_only_the_runner_writes_them():
    orders = ARN.format("secretsmanager", "secret:orders/database-AbCdEf")
    for name in ("worker", "runner", "scheduler"):
        assert may(name, "secretsmanager:GetSecretValue", orders, OF_THE_PLAN) and not may(name, "secretsmanager:GetSecretValue", orders)
        assert may(name, "secretsmanager:PutSecretValue", orders, OF_THE_PLAN) is (name == "runner")
    assert not may("inspector", "secretsmanager:GetSecretValue", orders, OF_THE_PLAN)


# A restore, call by call, with every resource that AWS checks: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
RESTORE = [
    ("rds:CreateDBSnapshot", [(ORDERS, OF_THE_PLAN), (SNAPSHOT, {})], BY_A_RUN),
    ("rds:AddTagsToResource", [(SNAPSHOT, {})], BY_A_RUN),
    (
        "rds:RestoreDBInstanceFromDBSnapshot",
        [(RESTORED, {}), (SNAPSHOT, {}), *((ARN.format("rds", f"{kind}:default"), {}) for kind in ("og", "pg", "subgrp"))],
        BY_A_RUN,
    ),
    ("rds:RestoreDBInstanceToPointInTime", [(RESTORED, {}), (ORDERS, OF_THE_PLAN), (ARN.format("rds", "subgrp:default"), {})], BY_A_RUN),
    ("rds:AddTagsToResource", [(RESTORED, {})], BY_A_RUN),
    ("rds:ModifyDBInstance", [(RESTORED, OF_A_RUN), *((ARN.format("rds", f"{kind}:default"), {}) for kind in ("og", "pg", "secgrp"))], {}),
    ("rds:RebootDBInstance", [(RESTORED, OF_A_RUN)], {}),
    ("rds:DescribeDBInstances", [(ARN.format("rds", "db:*"), {})], {}),
    ("lambda:InvokeFunction", [(ARN.format("lambda", "function:mayday-inspector"), {})], {}),
    # A database of the other region is looked into by the inspector there.
    ("lambda:InvokeFunction", [(ARN.format("lambda", "function:mayday-inspector").replace("eu-west-1", "eu-central-1"), {})], {}),
    ("secretsmanager:PutSecretValue", [(ARN.format("secretsmanager", "secret:orders-AbCdEf"), OF_THE_PLAN)], {}),
    ("secretsmanager:UpdateSecretVersionStage", [(ARN.format("secretsmanager", "secret:orders-AbCdEf"), OF_THE_PLAN)], {}),
    ("route53:GetChange", [("arn:aws:route53:::change/C1", {})], {}),
    ("rds:PromoteReadReplica", [(ARN.format("rds", "db:orders-standby").replace("eu-west-1", "eu-central-1"), {})], {}),
]


@pytest.mark.parametrize(("action", "resources", "request_tags"), RESTORE, ids=[f"{n}-{call[0]}" for n, call in enumerate(RESTORE)])
def test_every_call_of_a_restore_and_a_promotion_is_allowed_to_the_runner_within_the_boundary(action, resources, request_tags):
    for resource, tags in resources:
        assert may("runner", action, resource, tags | request_tags), resource
    # And to nobody else that changes.
    if not re.search("Describe|Get|Invoke", action):
        assert not any(may(name, action, *resources[0]) for name in FUNCTIONS if name != "runner")


def test_a_tick_is_the_schedulers_and_a_visit_the_state_machines():
    every = roles(alone())
    scheduler, runner = ARN.format("lambda", "function:mayday-scheduler"), ARN.format("lambda", "function:mayday-runner")
    assert [name for name, found in every.items() if allows(found, "lambda:InvokeFunction", scheduler)] == ["Roles/WorkerRole", "Schedules/SweepRole"]
    assert [name for name, found in every.items() if allows(found, "lambda:InvokeFunction", f"{runner}:7")] == ["Workflow/RunRole"]
    # Not whatever is deployed next: a run calls the version that it began with.
    assert not [name for name, found in every.items() if allows(found, "lambda:InvokeFunction", runner)]


def test_files_are_copied_one_way_and_never_deleted_by_whoever_copies_them():
    copy = statements(primary().child("Data"), "CopyRole")
    there = BUCKET.replace("eu-west-1", "eu-central-1")
    for action, resource in [("s3:GetObjectVersionForReplication", f"{BUCKET}/plan.yaml"), ("s3:ReplicateObject", f"{there}/plan.yaml")]:
        assert allows(copy, action, resource, {}, BOUNDARY)
    assert not allows(copy, "s3:ReplicateObject", f"{BUCKET}/plan.yaml") and not allows(copy, "s3:ReplicateDelete", f"{there}/plan.yaml")


# What the roles alone keep from the functions: the boundary is there for history, protection and rights.
LEFT_TO_THE_ROLES = {"dynamodb:UpdateItem", "s3:PutObject", "s3:PutObjectRetention", "secretsmanager:PutSecretValue", "states:StopExecution"}


def test_the_boundary_holds_even_a_role_that_may_do_everything():
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    about_the_audit = {"dynamodb:LeadingKeys": ["audit"]}
    assert {action for action, resource in NEVER if allows(everything, action, resource, about_the_audit, BOUNDARY)} == LEFT_TO_THE_ROLES


@pytest.mark.parametrize(
    ("statement", "context", "answer"),
    [
        ({"Condition": {"Null": {"k": "false"}}}, {}, False),
        ({"Condition": {"Null": {"k": "false"}}}, {"k": "x"}, True),
        ({"Condition": {"Null": {"k": "true"}}}, {"k": "x"}, False),
        ({"Condition": {"StringEquals": {"k": ["a", "b"]}}}, {"k": "b"}, True),
        ({"Condition": {"StringEquals": {"k": "a"}}}, {}, False),
        ({"Condition": {"StringNotEquals": {"k": "a"}}}, {}, True),
        ({"Condition": {"BoolIfExists": {"k": "true"}}}, {}, True),
        ({"Condition": {"BoolIfExists": {"k": "true"}}}, {"k": "false"}, False),
        ({"Condition": {"ForAnyValue:StringLike": {"k": "a*"}}}, {"k": ["b", "ab"]}, True),
        ({"Condition": {"ForAllValues:StringEquals": {"k": ["a", "b"]}}}, {"k": ["a", "c"]}, False),
        ({"Condition": {"ForAllValues:StringEquals": {"k": ["a"]}}}, {}, True),
        ({"Resource": "arn:aws:s3:::b?cket/*"}, {}, True),
        ({"Resource": "arn:aws:s3:::bucket"}, {}, False),
        ({"Resource": "arn:aws:*:bucket/*"}, {}, False),
        ({"Action": "s3:get*"}, {}, True),
        ({"Action": "s3:Put*"}, {}, False),
        ({"Effect": "Deny"}, {}, False),
    ],
)
def test_the_evaluator_decides_as_iam_does(statement, context, answer):
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | statement
    allowed = [{"Effect": "Allow", "Action": "*", "Resource": "*"}] if whole["Effect"] == "Deny" else []
    assert allows([*allowed, whole], "s3:GetObject", "arn:aws:s3:::bucket/key", context) is answer


def test_the_evaluator_guesses_nothing():
    for unknown in ({"Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.1"}}}, {"NotAction": "s3:GetObject"}):
        with pytest.raises((KeyError, AssertionError)):
            allows([{"Effect": "Allow", "Action": "*", "Resource": "*"} | unknown], "s3:GetObject", "arn:aws:s3:::b/k", {"aws:SourceIp": "127.0.0.1"})


def test_every_file_that_the_domain_writes_by_name_may_be_written():
    core = {path: path.read_text() for path in (ROOT / "shared" / "core" / "src").rglob("*.rs")}
    named = dict(re.findall(r'pub (?:const|static) (\w+_KEY): &str = "([^"]+)"', "\n".join(core.values())))
    written = {named[key] for text in core.values() for key in re.findall(r"blobs\s*\.put\((?:\w+::)*(\w+_KEY)", text)}
    assert {"audit/head.json", "plan/live.json"} <= written
    assert {key for key in written if not may("scheduler", "s3:PutObject", f"{BUCKET}/{key}")} == set()
    assert not any(may(name, "s3:PutObject", f"{BUCKET}/{key}") for name in ("ingress", "worker", "inspector") for key in written)
