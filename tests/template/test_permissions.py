"""Each function's role allows exactly what its code calls, and what nobody may do is allowed to nobody."""

import json
import re

import pytest
from conftest import FUNCTIONS, ROOT, actions, as_list, read

ADAPTERS = ROOT / "shared" / "aws" / "src"
CALLS = ADAPTERS / "calls.rs"

# Made by Lambda with the function's role, not by the function's code.
PLATFORM = {
    "ingress": set(),
    "worker": set(),
    "runner": set(),
    # What it could not do goes to one queue; what happened to databases comes by another.
    "scheduler": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"},
    "inspector": {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    },
}
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
# Made in the role's name by the services that the code calls, where a key of the account's own encrypts what they keep: test_key.py.
WITH_A_KEY = {"kms:Decrypt", "kms:GenerateDataKey"}

ROLE_FILES = ["infra/roles.yaml", "infra/workflow.yaml", "infra/schedules.yaml", "infra/data.yaml"]


def all_roles():
    for path in ROLE_FILES:
        for name, resource in read(path)["Resources"].items():
            if resource["Type"] == "AWS::IAM::Role":
                yield name, resource["Properties"]


def test_m5_ingress_hands_over_and_reads_its_keys_and_can_do_nothing_else(roles):
    # What it may of a key is test_key.py's to show.
    assert actions(roles["ingress"]) == LOG | {"kms:Decrypt", "lambda:InvokeFunction", "secretsmanager:GetSecretValue"}
    resources = {s["Sid"]: s["Resource"]["Fn::Sub"] for s in roles["ingress"] if "Fn::Sub" in s["Resource"]}
    assert resources["HandOver"].endswith(":function:${Name}-worker")
    assert resources["Keys"].endswith(":secret:${KeysSecret}-??????")


def test_m5_only_the_runner_changes_the_world(roles):
    changing = re.compile(r"^(rds:(?!Describe)|route53:Change|secretsmanager:(?!GetSecretValue|BatchGetSecretValue|DescribeSecret)|kms:(?!Decrypt$|GenerateDataKey$)|iam:)")
    assert {name for name in FUNCTIONS if any(changing.match(action) for action in actions(roles[name]))} == {"runner"}


def test_m5_the_inspector_calls_no_aws_interface(roles):
    assert actions(roles["inspector"]) == LOG | PLATFORM["inspector"] | {"rds-db:connect"}


def test_m3_no_role_shortens_the_audit_edits_policies_or_removes_protection(roles):
    forbidden = re.compile(
        r"^(iam:(?!PassRole$)|sts:|kms:(Delete|Disable|Schedule|Put)|logs:Delete|s3:Delete|s3:Put(?!Object$)|cloudtrail:"
        r"|dynamodb:(DeleteTable|UpdateTable|UpdateContinuousBackups|BatchWriteItem|PartiQL\w*|UpdateItem)|lambda:(?!InvokeFunction$|GetFunctionConfiguration$))"
    )
    for name in FUNCTIONS:
        assert not [action for action in actions(roles[name]) if forbidden.match(action)], name


def test_m3_only_backups_with_a_class_that_nobody_holds_are_deleted(roles):
    deleting = [(name, s) for name in FUNCTIONS for s in roles[name] if "rds:DeleteDBSnapshot" in as_list(s["Action"])]
    assert [name for name, _ in deleting] == ["runner"]
    statement = deleting[0][1]
    assert as_list(statement["Action"]) == ["rds:DeleteDBSnapshot"]
    assert statement["Resource"]["Fn::Sub"].endswith(":snapshot:mayday-*")
    assert statement["Condition"] == {
        "Null": {"aws:ResourceTag/mayday:class": "false", "aws:ResourceTag/mayday:run": "false", "aws:ResourceTag/mayday:hold": "true"}
    }


def test_m3_a_role_that_deletes_records_is_denied_the_audit(roles):
    for name in FUNCTIONS:
        if "dynamodb:DeleteItem" not in actions(roles[name]):
            continue
        denied = [s for s in roles[name] if s["Effect"] == "Deny" and "dynamodb:DeleteItem" in as_list(s["Action"])]
        assert [s["Condition"] for s in denied] == [{"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": "audit*"}}]


def written_files(statements):
    resources = [s["Resource"] for s in statements if s["Effect"] == "Allow" and "s3:PutObject" in as_list(s["Action"])]
    return {resource["Fn::Sub"].removeprefix("${BucketArn}/") for listed in resources for resource in as_list(listed)}


def test_m3_no_role_may_write_the_plan_and_one_alone_anchors_the_audit(roles):
    assert {name: written_files(roles[name]) for name in FUNCTIONS if written_files(roles[name])} == {
        "worker": {"records/*"},
        # A service's switch is a file of its own bucket.
        "runner": {"records/*", "arn:${AWS::Partition}:s3:::${Name}-switch-*-${AWS::AccountId}/*/failed-over"},
        # The pointer to the plan in force, never the plan itself.
        "scheduler": {"records/*", "audit/head.json", "page/unwatched.json", "plan/live.json", "plan/roster.json"},
    }


def test_m3_a_database_is_changed_or_deleted_only_by_tag(roles):
    """Tagged by its owner as part of the plan, or by the run that made it."""
    guarded = {"rds:DeleteDBInstance", "rds:RebootDBInstance", "rds:ModifyDBInstance"}
    for statement in roles["runner"]:
        on_databases = any("db:*" in str(resource) for resource in as_list(statement["Resource"]))
        if statement["Effect"] == "Allow" and on_databases and guarded & set(as_list(statement["Action"])):
            keys = set(statement["Condition"]["Null"])
            assert keys in ({"aws:ResourceTag/mayday:run"}, {"aws:ResourceTag/mayday:plan"}), statement["Sid"]
            assert set(statement["Condition"]["Null"].values()) == {"false"}


def test_m3_what_is_restored_bears_its_makers_tag(roles):
    restore = [s for s in roles["runner"] if "rds:RestoreDBInstanceFromDBSnapshot" in as_list(s["Action"])]
    assert [s["Condition"] for s in restore] == [{"Null": {"aws:RequestTag/mayday:run": "false"}}]


def test_m3_every_role_takes_the_permissions_boundary():
    for name, role in all_roles():
        assert role["PermissionsBoundary"] == {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}, name


def test_m4_no_service_acts_for_another_account():
    for name, role in all_roles():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}, name
            assert set(statement["Principal"]) == {"Service"}, name


def test_wildcards_are_only_where_aws_takes_nothing_narrower(roles):
    for statements in roles.values():
        for statement in statements:
            if statement["Effect"] == "Allow":
                assert not [action for action in as_list(statement["Action"]) if "*" in action], statement["Sid"]
                assert "*" not in as_list(statement["Resource"]) or statement["Sid"] in {"Attach", "ManySecrets", "SnapshotQuota", "Suppressed", "Zones"}, statement["Sid"]


def test_policies_fit_into_a_role():
    """Inline policies of a role may have 10,240 characters in all, white space not counted, placeholders filled in."""
    for name, role in all_roles():
        text = re.sub(r"\s", "", json.dumps([p["PolicyDocument"] for p in role["Policies"]]))
        text = text.replace("${AWS::Partition}", "aws-us-gov").replace("${AWS::AccountId}", "0" * 12).replace("${AWS::Region}", "ap-southeast-1")
        assert len(text) < 9_000, name


# Which lists of calls.rs each function's ports come to, less what it never asks of them.
USES = {
    "worker": (
        {"WAYS", "TABLE", "BLOBS", "DATABASES_READ", "SECRETS_READ", "DNS_READ", "SWITCH_READ", "SQL", "WORKFLOW", "INSTALLATION"},
        # Records are deleted, and changes of names watched, by others.
        {"dynamodb:DeleteItem", "route53:GetChange"},
    ),
    "runner": ({"TABLE", "BLOBS", "DATABASES_READ", "DATABASES_CHANGE", "SECRETS_READ", "SECRETS_CHANGE", "DNS_READ", "DNS_CHANGE", "SWITCH_READ", "SWITCH_CHANGE", "SQL"}, set()),
    "scheduler": (
        {"WAYS", "TABLE", "BLOBS", "DATABASES_READ", "QUOTA", "SQL", "SECRETS_READ", "DNS_READ", "SWITCH_READ", "WORKFLOW"},
        # It starts what stands still; only a person's decision wakes what waits for one.
        {"route53:GetChange", "states:SendTaskSuccess"},
    ),
}


def listed_calls():
    lists = re.findall(r"pub const (\w+): &\[&str\] =\s*&\[(.*?)\];", CALLS.read_text(), re.DOTALL)
    return {name: set(re.findall(r'"([a-z0-9-]+:[A-Za-z]+)"', body)) for name, body in lists}


@pytest.mark.parametrize("name", USES)
def test_a_role_allows_exactly_what_the_code_calls(roles, name):
    lists, never = USES[name]
    called = set().union(*(listed_calls()[used] for used in lists)) - never
    allowed = actions(roles[name]) - LOG - PLATFORM[name] - WITH_A_KEY
    assert called - allowed == set(), "the code calls what its role does not allow"
    assert allowed - called == set(), "the role allows what the code never calls"


def test_every_list_of_calls_is_some_functions():
    assert set(listed_calls()) == set().union(*(lists for lists, _ in USES.values()))


# The adapter files by the service that they call: `clients.reads.describe_db_instances()` is rds:DescribeDBInstances.
SERVICES = {"blobs": "s3", "databases": "rds", "dns": "route53", "secrets": "secretsmanager", "sql": "lambda", "table": "dynamodb", "workflow": "states"}
OPERATION = re.compile(r"\.((?:batch|describe|create|restore|modify|reboot|delete|get|put|list|start|send|change|add|copy|promote|update)_\w+|query|invoke)\(\)")

# S3's, whichever adapter calls them: a switch of names is a file.
OF_FILES = {"get_object", "put_object"}

# Demanded by AWS beside a call, or called otherwise: no operation of that name stands in an adapter.
NO_OPERATION = {"iam:PassRole", "kms:CreateGrant", "kms:DescribeKey", "lambda:InvokeFunction", "rds:AddTagsToResource", "s3:GetObjectVersion", "s3:ListBucket"}

# One file asks several services, and some rights have another name than the operation.
AROUND = {
    "describe_continuous_backups": "dynamodb:DescribeContinuousBackups",
    "describe_secret": "secretsmanager:DescribeSecret",
    "describe_table": "dynamodb:DescribeTable",
    "get_bucket_versioning": "s3:GetBucketVersioning",
    "get_function_configuration": "lambda:GetFunctionConfiguration",
    "get_object_lock_configuration": "s3:GetBucketObjectLockConfiguration",
    "get_schedule": "scheduler:GetSchedule",
    "get_secret_value": "secretsmanager:GetSecretValue",
}


def test_what_is_looked_at_around_the_bot_is_what_may_be_looked_at():
    asked = set(OPERATION.findall((ADAPTERS / "installation.rs").read_text()))
    assert asked == set(AROUND) and {AROUND[name] for name in asked} == listed_calls()["INSTALLATION"]


def test_the_lists_name_every_operation_of_the_adapters():
    found = set()
    for path in ADAPTERS.rglob("*.rs"):
        service = SERVICES.get(path.relative_to(ADAPTERS).parts[0].removesuffix(".rs"))
        if service and path.name != "tests.rs":
            for name in OPERATION.findall(path.read_text()):
                found.add(f"{'s3' if name in OF_FILES else service}:{name}".replace("_", ""))
    # What is signed by hand is no operation of an SDK.
    listed = {call.lower() for name, calls in listed_calls().items() if name not in {"WAYS", "INSTALLATION"} for call in calls - NO_OPERATION}
    assert "rds:describedbinstances" in found
    assert found - {"lambda:invoke"} == listed


def test_what_the_runner_may_tag_is_named_as_proposals_name_it(roles):
    """A snapshot `mayday-…`, an instance `…-r-` and ten characters of the run's id: see shared/core/src/proposal/draft.rs."""
    source = "\n".join(path.read_text() for path in (ROOT / "shared" / "core" / "src" / "proposal").rglob("*.rs"))
    assert re.search(r'format!\("mayday-\{\}-', source), "the names of snapshots changed"
    assert re.search(r'format!\("\{\}-r-\{\}"', source), "the names of restored instances changed"
    tagged = next(s["Resource"] for s in roles["runner"] if s["Sid"] == "TagWhatIsMade")
    assert [r["Fn::Sub"].rsplit(":", 1)[1] for r in tagged] == ["*-r-??????????", "mayday-*"]
