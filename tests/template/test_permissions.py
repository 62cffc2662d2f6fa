"""Each function's role allows exactly what its code calls, and what nobody may do is allowed to nobody."""

import json
import re

import pytest
from conftest import FUNCTIONS, ROOT, actions, as_list, read

CALLS = ROOT / "shared" / "aws" / "src" / "calls.rs"

# Made by Lambda with the function's role, not by the function's code.
PLATFORM = {
    "ingress": set(),
    "worker": set(),
    "runner": set(),
    "scheduler": {"sqs:SendMessage"},
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

# AWS asks for these beside the call that the code makes.
IMPLIED = {
    "rds:RestoreDBInstanceFromDBSnapshot": {"rds:AddTagsToResource", "kms:CreateGrant", "kms:DescribeKey", "iam:PassRole"},
    "rds:CreateDBSnapshot": {"rds:AddTagsToResource"},
    "s3:GetObject": {"s3:ListBucket"},
}

ROLE_FILES = ["infra/roles.yaml", "infra/workflow.yaml", "infra/schedules.yaml"]


def all_roles():
    for path in ROLE_FILES:
        for name, resource in read(path)["Resources"].items():
            if resource["Type"] == "AWS::IAM::Role":
                yield name, resource["Properties"]


def test_m5_ingress_hands_over_and_reads_its_keys_and_can_do_nothing_else(roles):
    assert actions(roles["ingress"]) == LOG | {"lambda:InvokeFunction", "secretsmanager:GetSecretValue"}
    resources = {s["Sid"]: s["Resource"]["Fn::Sub"] for s in roles["ingress"]}
    assert resources["HandOver"].endswith(":function:${Name}-worker")
    assert resources["Keys"].endswith(":secret:${KeysSecret}-??????")


def test_m5_only_the_runner_changes_the_world(roles):
    changing = re.compile(r"^(rds:(?!Describe)|route53:Change|secretsmanager:(?!GetSecretValue)|kms:|iam:)")
    assert {name for name in FUNCTIONS if any(changing.match(action) for action in actions(roles[name]))} == {"runner"}


def test_m5_the_inspector_calls_no_aws_interface(roles):
    assert actions(roles["inspector"]) == LOG | PLATFORM["inspector"] | {"rds-db:connect"}


def test_m3_no_role_shortens_the_audit_edits_policies_or_removes_protection(roles):
    forbidden = re.compile(
        r"^(iam:(?!PassRole$)|sts:|kms:(Delete|Disable|Schedule|Put)|logs:Delete|s3:Delete|s3:Put(?!Object$)|cloudtrail:"
        r"|dynamodb:(DeleteTable|UpdateTable|UpdateContinuousBackups|BatchWriteItem|PartiQL\w*|UpdateItem)|lambda:(?!InvokeFunction$)|rds:DeleteDBSnapshot)"
    )
    for name in FUNCTIONS:
        assert not [action for action in actions(roles[name]) if forbidden.match(action)], name


def test_m3_a_role_that_deletes_records_is_denied_the_audit(roles):
    for name in FUNCTIONS:
        if "dynamodb:DeleteItem" not in actions(roles[name]):
            continue
        denied = [s for s in roles[name] if s["Effect"] == "Deny" and "dynamodb:DeleteItem" in as_list(s["Action"])]
        assert [s["Condition"] for s in denied] == [{"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": "audit*"}}]


def test_m3_no_role_may_write_the_plan(roles):
    for name in FUNCTIONS:
        if "s3:PutObject" in actions(roles[name]):
            denied = [s["Resource"] for s in roles[name] if s["Effect"] == "Deny" and "s3:PutObject" in as_list(s["Action"])]
            assert denied == [{"Fn::Sub": "${BucketArn}/plan.yaml"}]


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
                assert "*" not in as_list(statement["Resource"]) or statement["Sid"] == "Attach", statement["Sid"]


def test_policies_fit_into_a_role():
    """Inline policies of a role may have 10,240 characters in all, white space not counted, placeholders filled in."""
    for name, role in all_roles():
        text = re.sub(r"\s", "", json.dumps([p["PolicyDocument"] for p in role["Policies"]]))
        text = text.replace("${AWS::Partition}", "aws-us-gov").replace("${AWS::AccountId}", "0" * 12).replace("${AWS::Region}", "ap-southeast-1")
        assert len(text) < 9_000, name


def code_calls():
    """Calls by function, from `pub const WORKER: &[&str] = &["dynamodb:GetItem", …];` and its like in calls.rs."""
    lists = re.findall(r"const (\w+): (?:&\[&str\]|\[&str; \d+\]) = &?\[(.*?)\];", CALLS.read_text(), re.DOTALL)
    return {name.lower(): set(re.findall(r'"([a-z0-9-]+:[A-Za-z]+)"', body)) for name, body in lists}


@pytest.mark.skipif(not CALLS.exists(), reason="the adapters don't list their calls yet")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_allows_exactly_what_the_code_calls(roles, name):
    called = code_calls().get(name, set())
    implied = set().union(*(IMPLIED.get(call, set()) for call in called))
    allowed = actions(roles[name]) - LOG - PLATFORM[name]
    assert called - allowed == set(), "the code calls what its role does not allow"
    assert allowed - called - implied == set(), "the role allows what the code never calls"
