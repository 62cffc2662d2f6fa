"""Whoever deploys may make what the templates make, and no more: infra/deployer.yaml, by IAM's decision."""

import json
import re

import pytest
from conftest import ROOT, read
from iam import allows
from render import ACCOUNT, Stack

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/mayday-boundary"
STACK = Stack("infra/deployer.yaml", {"BoundaryArn": BOUNDARY, "DomainZoneId": "Z0EXAMPLE"})
STATEMENTS = STACK.properties("Deployer")["PolicyDocument"]["Statement"]
ARN = f"arn:aws:{{}}:eu-west-1:{ACCOUNT}:{{}}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/mayday-Roles-1ABC-WorkerRole-2DEF"
INSIDE = {"iam:PermissionsBoundary": BOUNDARY}
BY_STACKS = {"aws:CalledVia": ["cloudformation.amazonaws.com"]}


def may(action, resource, context=None):
    return allows(STATEMENTS, action, resource, context)


# How each type of resource is made: the first call, and on what.
MADE = {
    "AWS::ApiGatewayV2::Api": ("apigateway:POST", "arn:aws:apigateway:eu-west-1::/apis"),
    "AWS::ApiGatewayV2::ApiMapping": ("apigateway:POST", "arn:aws:apigateway:eu-west-1::/domainnames/dr.example.com/apimappings"),
    "AWS::ApiGatewayV2::DomainName": ("apigateway:POST", "arn:aws:apigateway:eu-west-1::/domainnames"),
    "AWS::ApiGatewayV2::Integration": ("apigateway:POST", "arn:aws:apigateway:eu-west-1::/apis/a1/integrations"),
    "AWS::ApiGatewayV2::Route": ("apigateway:POST", "arn:aws:apigateway:eu-west-1::/apis/a1/routes"),
    "AWS::ApiGatewayV2::Stage": ("apigateway:POST", "arn:aws:apigateway:eu-west-1::/apis/a1/stages"),
    "AWS::CertificateManager::Certificate": ("acm:RequestCertificate", ARN.format("acm", "certificate/1")),
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", ARN.format("cloudwatch", "alarm:mayday-sweep-missing")),
    "AWS::CloudWatch::Dashboard": ("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/mayday"),
    "AWS::DynamoDB::GlobalTable": ("dynamodb:CreateTable", ARN.format("dynamodb", "table/mayday"), BY_STACKS),
    "AWS::DynamoDB::Table": ("dynamodb:CreateTable", ARN.format("dynamodb", "table/mayday"), BY_STACKS),
    "AWS::Events::Rule": ("events:PutRule", ARN.format("events", "rule/mayday-databases")),
    "AWS::IAM::Role": ("iam:CreateRole", ROLE, INSIDE),
    "AWS::Lambda::Alias": ("lambda:CreateAlias", ARN.format("lambda", "function:mayday-worker")),
    "AWS::Lambda::EventSourceMapping": ("lambda:CreateEventSourceMapping", ARN.format("lambda", "event-source-mapping:1")),
    "AWS::Lambda::Permission": ("lambda:AddPermission", ARN.format("lambda", "function:mayday-ingress")),
    "AWS::Lambda::Url": ("lambda:CreateFunctionUrlConfig", ARN.format("lambda", "function:mayday-ingress")),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", ARN.format("logs", "log-group:/aws/lambda/mayday-worker")),
    "AWS::Route53::HealthCheck": ("route53:CreateHealthCheck", "*"),
    "AWS::Route53::RecordSet": ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0EXAMPLE"),
    "AWS::S3::Bucket": ("s3:CreateBucket", f"arn:aws:s3:::mayday-{ACCOUNT}-eu-west-1"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy", f"arn:aws:s3:::mayday-{ACCOUNT}-eu-west-1"),
    "AWS::SNS::Subscription": ("sns:Subscribe", ARN.format("sns", "mayday-alarms")),
    "AWS::SNS::Topic": ("sns:CreateTopic", ARN.format("sns", "mayday-sms-replies")),
    "AWS::SNS::TopicPolicy": ("sns:SetTopicAttributes", ARN.format("sns", "mayday-sms-replies")),
    "AWS::SQS::Queue": ("sqs:CreateQueue", ARN.format("sqs", "mayday-dead-letters")),
    "AWS::SQS::QueuePolicy": ("sqs:SetQueueAttributes", ARN.format("sqs", "mayday-happenings")),
    "AWS::Scheduler::Schedule": ("scheduler:CreateSchedule", ARN.format("scheduler", "schedule/mayday/mayday-sweep")),
    "AWS::Scheduler::ScheduleGroup": ("scheduler:CreateScheduleGroup", ARN.format("scheduler", "schedule-group/mayday")),
    "AWS::Serverless::Application": ("cloudformation:CreateStack", ARN.format("cloudformation", "stack/mayday-Data-1ABC/1")),
    "AWS::Serverless::Function": ("lambda:CreateFunction", ARN.format("lambda", "function:mayday-worker")),
    "AWS::Serverless::StateMachine": ("states:CreateStateMachine", ARN.format("states", "stateMachine:mayday-run")),
    "AWS::StepFunctions::StateMachineAlias": ("states:CreateStateMachineAlias", ARN.format("states", "stateMachine:mayday-run")),
    "AWS::StepFunctions::StateMachineVersion": ("states:PublishStateMachineVersion", ARN.format("states", "stateMachine:mayday-run")),
}


def test_every_resource_of_the_templates_can_be_made():
    # The boundary, the key and these rights themselves are the account's owner's to deploy.
    others = {"boundary.yaml", "deployer.yaml", "key.yaml", "slack-manifest.yaml"}
    paths = ["template.yaml", *(f"infra/{path.name}" for path in (ROOT / "infra").glob("*.yaml") if path.name not in others)]
    types = {resource["Type"] for path in paths for resource in read(path)["Resources"].values()}
    assert types == set(MADE)
    assert [kind for kind, call in MADE.items() if not may(*call)] == []


NEVER = [
    ("secretsmanager:GetSecretValue", ARN.format("secretsmanager", "secret:mayday/keys-AbCdEf")),
    ("dynamodb:GetItem", ARN.format("dynamodb", "table/mayday")),
    ("dynamodb:DeleteTable", ARN.format("dynamodb", "table/mayday")),
    ("s3:GetObject", f"arn:aws:s3:::mayday-{ACCOUNT}-eu-west-1/plan.yaml"),
    ("s3:PutObject", f"arn:aws:s3:::mayday-{ACCOUNT}-eu-west-1/plan.yaml"),
    ("s3:DeleteObjectVersion", f"arn:aws:s3:::mayday-{ACCOUNT}-eu-west-1/audit/head.json"),
    ("lambda:InvokeFunction", ARN.format("lambda", "function:mayday-worker")),
    ("states:StartExecution", ARN.format("states", "stateMachine:mayday-run")),
    ("rds:DeleteDBInstance", ARN.format("rds", "db:orders")),
    ("iam:CreateRole", ROLE),
    ("iam:PutRolePolicy", ROLE),
    ("iam:DeleteRolePermissionsBoundary", ROLE),
    ("iam:AttachRolePolicy", ROLE),
    ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/mayday-x"),
    ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0OTHER"),
    ("lambda:UpdateFunctionCode", ARN.format("lambda", "function:shop-checkout")),
]


@pytest.mark.parametrize(("action", "resource"), NEVER)
def test_m4_whoever_deploys_reads_nothing_speaks_to_nothing_and_widens_nothing(action, resource):
    assert not may(action, resource)


def test_m4_roles_are_made_inside_the_boundary_and_handed_only_to_the_services_that_use_them():
    assert not may("iam:CreateRole", ROLE, {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/other"})
    assert may("iam:PassRole", ROLE, {"iam:PassedToService": "lambda.amazonaws.com"})
    assert not may("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"})


def test_the_policy_fits():
    """A managed policy may have 6,144 characters, white space not counted."""
    assert len(re.sub(r"\s", "", json.dumps(STACK.properties("Deployer")["PolicyDocument"]))) < 6_144
