"""A key of the account's own: it encrypts all that is kept, whoever must use it may, and nobody may more than that."""

import json
import re

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from conftest import as_list
from iam import allows
from render import ACCOUNT, Stack, alone, primary, standby
from test_decisions import BOUNDARY, roles

HERE = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"
THERE = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/22222222-2222-2222-2222-222222222222"
FOREIGN = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/33333333-3333-3333-3333-333333333333"
BUILD = {
    "alone": lambda: alone(KeyArn=HERE),
    "primary": lambda: primary(KeyArn=HERE, OtherKeyArn=THERE),
    "standby": lambda: standby(KeyArn=THERE, OtherKeyArn=HERE),
}
PLAIN = {"alone": alone, "primary": primary, "standby": standby}
REGIONS = {"eu-west-1": HERE, "eu-central-1": THERE}


@pytest.fixture(params=BUILD)
def made(request):
    return BUILD[request.param]()


def of_table(properties):
    whole = properties["SSESpecification"]
    return [whole["KMSMasterKeyId"]] if whole["SSEEnabled"] and whole["SSEType"] == "KMS" else []


def of_replicas(properties):
    assert properties["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    found = {replica["Region"]: replica["SSESpecification"]["KMSMasterKeyId"] for replica in properties["Replicas"]}
    assert found == REGIONS, "a replica takes a key of its own region only"
    return list(found.values())


def of_bucket(properties):
    [rule] = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True, "every file would be a call to KMS"
    by = rule["ServerSideEncryptionByDefault"]
    return [by["KMSMasterKeyID"]] if by["SSEAlgorithm"] == "aws:kms" else []


def of_queue(properties):
    return [] if properties["SqsManagedSseEnabled"] else [properties["KmsMasterKeyId"]]


def named(name):
    return lambda properties: [properties[name]] if name in properties else []


# Where each kind of resource says by which key it is encrypted.
KEPT = {
    "AWS::DynamoDB::Table": of_table,
    "AWS::DynamoDB::GlobalTable": of_replicas,
    "AWS::Logs::LogGroup": named("KmsKeyId"),
    "AWS::S3::Bucket": of_bucket,
    "AWS::SNS::Topic": named("KmsMasterKeyId"),
    "AWS::SQS::Queue": of_queue,
}
# What could have a key and has none, as docs/deploy.md says: variables without secrets, a constant, a pattern, a run's id and number.
WITHOUT = {"AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping", "AWS::Scheduler::Schedule", "AWS::StepFunctions::StateMachine"}
# The alarm of a bot whose key is gone must still get out.
NEVER_ENCRYPTED = {"Alarms/Topic"}
SERVERLESS = {"AWS::Serverless::Function": "AWS::Lambda::Function", "AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine"}


def kept(stack):
    return {path: (kind, properties) for path, kind, properties in stack.everything() if kind in KEPT}


def test_whatever_is_kept_is_encrypted_by_the_key_of_its_region_but_the_alarms(made):
    found = {path: KEPT[kind](properties) for path, (kind, properties) in kept(made).items()}
    expected = {path: [] if path in NEVER_ENCRYPTED else [REGIONS[made.region]] for path in found}
    if "Data/LiveTable" in found:
        expected["Data/LiveTable"] = [HERE, THERE]
    assert found == expected and {kind for kind, _ in kept(made).values()} >= set(KEPT) - {"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"}


def test_that_the_records_are_out_of_reach_is_told_by_what_needs_neither_the_bot_nor_the_key(made):
    alarms, table = made.child("Alarms"), made.child("Data").output("TableName")
    silent = alarms.properties("RecordsSilent")
    assert {one["Name"]: one["Value"] for one in silent["Dimensions"]} == {"TableName": table, "Operation": "Query"}
    assert (silent["Namespace"], silent["Statistic"], silent["ComparisonOperator"], silent["TreatMissingData"]) == (
        "AWS/DynamoDB",
        "SampleCount",
        "LessThanThreshold",
        "breaching",
    )
    assert silent["Period"] * silent["EvaluationPeriods"] <= 600
    assert silent["AlarmActions"] == [alarms.ref("Topic")] and "KmsMasterKeyId" not in alarms.properties("Topic")


def test_whatever_else_could_have_a_key_is_left_without_on_purpose(made):
    kinds = {SERVERLESS.get(kind, kind) for _, kind, _ in made.everything()} - {"AWS::Serverless::Application"}
    schemas = {kind: json.dumps(PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", kind).schema) for kind in kinds}
    could = {kind for kind, schema in schemas.items() if re.search(r'"(KMS|Kms)\w+": \{', schema)}
    assert could - set(KEPT) == WITHOUT


def test_without_a_key_everything_is_as_it_was():
    for build in PLAIN.values():
        for path, kind, properties in build().everything():
            if kind != "AWS::IAM::Role" and kind != "AWS::Serverless::Application":
                assert not re.search(r"arn:aws:kms|Kms|KMS|aws:kms", json.dumps(properties)), path


def test_the_functions_are_allowed_the_key_before_anything_is_encrypted_by_it(made):
    assert made.template["Resources"]["Data"]["DependsOn"] == "Roles"
    told, data = made.child("Roles").parameters, made.child("Data")
    assert (told["BucketArn"], told["DeadLettersArn"]) == (data.arn("Bucket"), data.arn("DeadLetters"))
    assert told["TableArn"] == f"arn:aws:dynamodb:{made.region}:{ACCOUNT}:table/{data.output('TableName')}"


def test_files_that_are_encrypted_are_copied_under_the_other_regions_key():
    for name, other in [("primary", THERE), ("standby", HERE)]:
        [rule] = BUILD[name]().child("Data").properties("Bucket")["ReplicationConfiguration"]["Rules"]
        assert rule["SourceSelectionCriteria"] == {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
        assert rule["Destination"]["EncryptionConfiguration"] == {"ReplicaKmsKeyID": other}
        [plain] = PLAIN[name]().child("Data").properties("Bucket")["ReplicationConfiguration"]["Rules"]
        assert "SourceSelectionCriteria" not in plain and set(plain["Destination"]) == {"Bucket"}


# Whoever makes such a call needs such a use of the key, by way of that service, in that region; S3 and SQS decrypt the data key that they are given:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
TAGGED = {"aws:ResourceTag/mayday:plan": "orders"}
READ, WRITTEN = ["kms:Decrypt"], ["kms:Decrypt", "kms:GenerateDataKey"]


def uses(region, other):
    bucket, table = f"arn:aws:s3:::mayday-{ACCOUNT}-{region}", f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/mayday"
    own, queue = f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:mayday/keys-AbCdEf", f"arn:aws:sqs:{region}:{ACCOUNT}:mayday"
    plans = "arn:aws:secretsmanager:{}:" + ACCOUNT + ":secret:orders-AbCdEf"
    yield from (("dynamodb", region, f"dynamodb:{call}", table, READ) for call in ("GetItem", "PutItem", "Query"))
    yield "s3", region, "s3:GetObject", f"{bucket}/plan.yaml", READ
    yield "s3", region, "s3:GetObjectVersionForReplication", f"{bucket}/plan.yaml", READ
    yield "s3", region, "s3:PutObject", f"{bucket}/records/1", WRITTEN
    yield "secretsmanager", region, "secretsmanager:GetSecretValue", own, READ
    yield "sqs", region, "sqs:SendMessage", f"{queue}-dead-letters", WRITTEN
    yield "sqs", region, "sqs:ReceiveMessage", f"{queue}-happenings", READ
    for one in [region, other] if other else [region]:
        yield "secretsmanager", one, "secretsmanager:GetSecretValue", plans.format(one), READ
        yield "secretsmanager", one, "secretsmanager:PutSecretValue", plans.format(one), WRITTEN
    if other:
        yield "s3", other, "s3:ReplicateObject", f"arn:aws:s3:::mayday-{ACCOUNT}-{other}/plan.yaml", [*WRITTEN, "kms:Encrypt"]


def regions(stack):
    return (stack.region, next((one for one in REGIONS if one != stack.region), None) if "Door" in stack.children else None)


SERVICES = ["dynamodb", "ec2", "events", "lambda", "logs", "s3", "scheduler", "secretsmanager", "sns", "sqs", "states"]
EVERY_USE = ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo", "CreateGrant", "RevokeGrant"]
ADMINISTRATION = ["DeleteAlias", "DisableKey", "DisableKeyRotation", "EnableKey", "PutKeyPolicy", "ScheduleKeyDeletion", "UpdateAlias"]


def by_way_of(service, region):
    """What KMS is told of a call: whose it is, and for Secrets Manager about which secret."""
    about = {"kms:EncryptionContext:SecretARN": f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:mayday/keys-AbCdEf"} if service == "secretsmanager" else {}
    return {"kms:ViaService": f"{service}.{region}.amazonaws.com"} | about


def test_each_role_may_use_the_key_for_the_calls_that_it_makes_and_by_no_other_way(made):
    allowed, needed = set(), set()
    for path, statements in roles(made).items():
        for service, region, call, resource, wanted in uses(*regions(made)):
            if allows(statements, call, resource, TAGGED, BOUNDARY):
                needed |= {(path, REGIONS[region], service, region, action) for action in wanted}
        for region, key in REGIONS.items():
            for service in SERVICES:
                context = by_way_of(service, region)
                allowed |= {(path, key, service, region, f"kms:{use}") for use in EVERY_USE if allows(statements, f"kms:{use}", key, context, BOUNDARY)}
    assert needed - allowed == set(), "forgotten"
    assert {one[:4] for one in allowed} - {one[:4] for one in needed} == set(), "a way to the key that the role does not need"
    assert {one[4] for one in allowed} <= {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
    # The test is of something: these, and none of the inspector and of Step Functions.
    copies = {"Data/CopyRole"} if "Door" in made.children else set()
    assert {path for path, *_ in needed} == copies | {"Roles/IngressRole", "Roles/RunnerRole", "Roles/SchedulerRole", "Roles/WorkerRole", "Schedules/SweepRole"}


@pytest.mark.parametrize("name", BUILD)
def test_no_role_uses_a_key_that_is_not_the_installations(name):
    keys = [(BUILD[name](), [FOREIGN]), (PLAIN[name](), [FOREIGN, HERE, THERE])]
    for stack, foreign in keys:
        for path, statements in roles(stack).items():
            ways = [by_way_of(service, region) for service in SERVICES for region in REGIONS]
            used = [use for use in EVERY_USE for key in foreign for way in ways if allows(statements, f"kms:{use}", key, way)]
            assert used == [], path


def test_m3_no_role_uses_a_key_in_its_own_name_or_administers_it(made):
    for path, statements in roles(made).items():
        direct = [use for use in EVERY_USE for key in REGIONS.values() if allows(statements, f"kms:{use}", key)]
        # Unless a service stands behind it, a grant is refused: the runner's are RDS's.
        assert direct == [], path
        ways = [{}, *(by_way_of(service, region) for service in [*SERVICES, "rds"] for region in REGIONS)]
        assert not [use for use in ADMINISTRATION for key in REGIONS.values() for way in ways if allows(statements, f"kms:{use}", key, way)], path


def test_m5_the_door_decrypts_its_one_secret_and_nothing_else_that_the_key_encrypts(made):
    door, key = roles(made)["Roles/IngressRole"], REGIONS[made.region]
    way = by_way_of("secretsmanager", made.region)
    assert allows(door, "kms:Decrypt", key, way, BOUNDARY)
    assert not allows(door, "kms:Decrypt", key, {"kms:ViaService": way["kms:ViaService"]})
    assert not allows(door, "kms:Decrypt", key, way | {"kms:EncryptionContext:SecretARN": f"arn:aws:secretsmanager:{made.region}:{ACCOUNT}:secret:orders-AbCdEf"})


POLICY = {region: Stack("infra/key.yaml", {}, region).properties("Key")["KeyPolicy"]["Statement"] for region in REGIONS}


def granted(region, service):
    return [one for one in POLICY[region] if service in as_list(one["Principal"].get("Service", []))]


def writers(stack):
    """The services that write with no role of ours into what the key encrypts."""
    policies = {"AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"}
    for path, kind, properties in stack.everything():
        if kind in policies and not path.startswith("Alarms/"):
            for one in properties["PolicyDocument"]["Statement"]:
                yield from as_list(one["Principal"]["Service"]) if one["Effect"] == "Allow" else []


def test_the_keys_policy_lets_in_the_services_that_write_without_a_role_of_ours_and_no_others(made):
    found = set(writers(made))
    assert found == {"events.amazonaws.com", "ses.amazonaws.com", "sms-voice.amazonaws.com"}
    for service in found:
        assert all(allows(granted(made.region, service), action, "*") for action in WRITTEN), service
    named_there = {service for one in POLICY[made.region] for service in as_list(one["Principal"].get("Service", []))}
    assert named_there == found | {f"logs.{made.region}.amazonaws.com", "dynamodb.amazonaws.com"}
    # They write and read, and look; the key is not theirs.
    for service in named_there:
        assert not [use for use in [*ADMINISTRATION, "CreateGrant"] if allows(granted(made.region, service), f"kms:{use}", "*")], service


def test_every_log_group_may_be_encrypted_by_the_key_and_nobody_elses(made):
    logs = granted(made.region, f"logs.{made.region}.amazonaws.com")

    def may(group, action="kms:Encrypt"):
        return allows(logs, action, "*", {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{made.region}:{ACCOUNT}:log-group:{group}"})

    groups = [properties["LogGroupName"] for kind, properties in kept(made).values() if kind == "AWS::Logs::LogGroup"]
    assert len(groups) >= 6 and all(may(group, action) for group in groups for action in [*WRITTEN, "kms:Encrypt", "kms:DescribeKey", "kms:ReEncryptFrom"])
    assert not may("/aws/lambda/payroll") and not may("/aws/vendedlogs/states/payroll")


def test_the_key_outlives_its_stack_and_is_turned_each_year():
    stack = Stack("infra/key.yaml", {})
    key, properties = stack.resources["Key"], stack.properties("Key")
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties["EnableKeyRotation"] is True and properties["PendingWindowInDays"] == 30
    # Else nobody could ever change its policy again.
    assert any(one["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"} and one["Action"] == "kms:*" for one in POLICY["eu-west-1"])


def test_the_boundary_lets_roles_use_keys_by_way_of_services_only():
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    assert allows(everything, "kms:Decrypt", HERE, by_way_of("s3", "eu-west-1"), BOUNDARY)
    assert not allows(everything, "kms:Decrypt", HERE, {}, BOUNDARY)
    assert not allows(everything, "kms:Decrypt", HERE, by_way_of("ec2", "eu-west-1"), BOUNDARY)
    assert not allows(everything, "kms:Decrypt", HERE.replace(ACCOUNT, "444455556666"), by_way_of("s3", "eu-west-1"), BOUNDARY)


def deployer(**parameters):
    """The policies of whoever deploys."""
    stack = Stack("infra/deployer.yaml", {"BoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/mayday-boundary"} | parameters)
    return [properties["PolicyDocument"] for _, _, properties in stack.everything()]


def test_whoever_deploys_hands_the_keys_to_the_table_and_uses_them_for_nothing_else():
    with_keys, without = ([one for policy in policies for one in policy["Statement"]] for policies in (deployer(KeyArns=f"{HERE},{THERE}"), deployer()))
    for region, key in REGIONS.items():
        table = by_way_of("dynamodb", region)
        assert all(allows(with_keys, f"kms:{use}", key, table) for use in ["CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptTo"])
        ways = [{}, table, *(by_way_of(service, region) for service in SERVICES)]
        for way in ways:
            assert not [use for use in EVERY_USE if allows(without, f"kms:{use}", key, way)]
            assert not [use for use in EVERY_USE if allows(with_keys, f"kms:{use}", FOREIGN, way)]
            assert not [use for use in ADMINISTRATION if allows(with_keys, f"kms:{use}", key, way)]
        assert not allows(with_keys, "kms:Decrypt", key) and not allows(with_keys, "kms:Decrypt", key, by_way_of("s3", region))
    group = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/mayday-worker"
    assert allows(with_keys, "logs:AssociateKmsKey", group) and not allows(with_keys, "logs:AssociateKmsKey", group.replace("mayday", "payroll"))


def test_the_deployers_policies_fit_with_keys():
    """A managed policy may have 6,144 characters, white space not counted."""
    policies = deployer(KeyArns=f"{HERE},{THERE}", DomainZoneId="Z0123456789ABCDEFGHIJ")
    assert len(policies) == 2 and all(len(re.sub(r"\s", "", json.dumps(policy))) < 6_144 for policy in policies)


def refusals(build, **parameters):
    """What CloudFormation would say of these answers, before it makes anything."""
    stack = build(**parameters)
    rules = [rule for rule in stack.template["Rules"].values() if stack.judge(rule["RuleCondition"])]
    return [one["AssertDescription"] for rule in rules for one in rule["Assertions"] if not stack.judge(one["Assert"])]


@pytest.mark.parametrize(
    ("build", "parameters", "refused"),
    [
        (alone, {}, []),
        (alone, {"CopyFiles": "false", "KeyArn": HERE}, []),
        (alone, {"KeyArn": HERE, "OtherKeyArn": THERE}, ["OtherKeyArn is for Role primary and standby."]),
        (primary, {}, []),
        (primary, {"KeyArn": HERE, "OtherKeyArn": THERE}, []),
        (standby, {"KeyArn": THERE, "OtherKeyArn": HERE}, []),
        (primary, {"KeyArn": HERE}, ["KeyArn of one of two regions needs OtherKeyArn, the key of the other."]),
        (standby, {"OtherKeyArn": HERE}, ["OtherKeyArn needs KeyArn, the key of this region."]),
        (primary, {"KeyArn": HERE, "OtherKeyArn": HERE}, ["KeyArn and OtherKeyArn are keys of two regions."]),
    ],
)
def test_a_key_for_one_of_two_regions_is_refused_before_anything_is_made(build, parameters, refused):
    assert refusals(build, **parameters) == refused


@pytest.mark.parametrize("arn", [HERE, f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/mrk-11111111111111111111111111111111", ""])
def test_a_key_is_named_by_its_arn_a_multi_region_one_too(arn):
    declared = alone().template["Parameters"]
    assert all(re.fullmatch(declared[name]["AllowedPattern"], arn) for name in ("KeyArn", "OtherKeyArn"))


@pytest.mark.parametrize("name", ["alias/mayday", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/mayday", "11111111-1111-1111-1111-111111111111"])
def test_a_name_that_no_role_could_be_bound_to_is_refused(name):
    declared = alone().template["Parameters"]
    assert not any(re.fullmatch(declared[one]["AllowedPattern"], name) for one in ("KeyArn", "OtherKeyArn"))
