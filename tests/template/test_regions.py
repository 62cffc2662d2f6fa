"""Two regions: what is made in each, that nothing needs making in a disaster, and that Slack is led to whichever lives."""

import re

import pytest
from conftest import ROOT
from iam import allows
from render import Stack, alone, primary, standby

ROUTES = {"POST /slack/commands", "POST /slack/interactions", "POST /slack/events", "POST /pagerduty/events"}
# Health checks of the primary's door, and the table of both.
ONLY_IN_THE_PRIMARY = {"Data/LiveTable", "Door/DoorIsReached", "Door/TickComes", "Door/AnswersAreGood", "Door/PrimaryIsWell"}


def names(stack):
    return {name for name, _, _ in stack.everything()}


def of(stack, kind):
    return {name: properties for name, found, properties in stack.everything() if found == kind}


def test_the_standby_has_all_that_the_primary_has_but_what_one_of_them_makes_for_both():
    assert names(primary()) - names(standby()) == ONLY_IN_THE_PRIMARY
    assert names(standby()) - names(primary()) == set()


def unlike(one, other, path=""):
    """Where two values differ, as paths."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [p for key in sorted(set(one) | set(other)) for p in unlike(one.get(key), other.get(key), f"{path}.{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [p for number, (a, b) in enumerate(zip(one, other, strict=True)) for p in unlike(a, b, f"{path}[{number}]")]
    return [] if one == other else [path]


def test_what_both_have_differs_in_region_and_role_alone():
    here, there = primary(), standby()
    swap = {"eu-west-1": "<here>", "eu-central-1": "<other>"}
    swap_back = {"eu-central-1": "<here>", "eu-west-1": "<other>"}

    def neutral(value, words):
        if isinstance(value, dict):
            return {key: neutral(one, words) for key, one in value.items()}
        if isinstance(value, list):
            return [neutral(one, words) for one in value]
        return re.sub("|".join(words), lambda found: words[found[0]], value) if isinstance(value, str) else value

    theirs = {name: neutral(properties, swap_back) for name, _, properties in there.everything()}
    found = [
        f"{name}{path}"
        for name, _, properties in here.everything()
        if name in theirs
        for path in unlike(neutral(properties, swap), theirs[name])
    ]
    # What a child is told of its role, and what follows from it.
    assert sorted(found) == [
        "Data.Parameters.Role",
        "Data.Parameters.WitnessRegion",
        "Door.Parameters.Role",
        "Door/Record.Failover",
        "Door/Record.HealthCheckId",
        "Door/Record.SetIdentifier",
    ]


def test_one_region_has_a_function_url_and_no_second_door():
    found = names(alone())
    assert {"IngressUrl", "IngressUrlPermission", "IngressUrlInvokePermission", "Data/Table"} <= found
    assert not [name for name in found if name.startswith("Door") or name == "Data/LiveTable"]
    assert "IngressUrl" not in names(primary()) | names(standby())


@pytest.mark.parametrize("stack", [primary, standby])
def test_the_four_routes_of_the_door_and_no_other_lead_to_ingress(stack):
    routes = of(stack(), "AWS::ApiGatewayV2::Route").values()
    assert {route["RouteKey"] for route in routes} == ROUTES and len(routes) == len(ROUTES)
    source = (ROOT / "functions" / "ingress" / "src" / "event.rs").read_text()
    assert {f"POST {path}" for path in re.findall(r'=> "(/[a-z/]+)"', source)} == ROUTES
    [integration] = of(stack(), "AWS::ApiGatewayV2::Integration").values()
    assert integration["IntegrationUri"].endswith(":function:mayday-ingress") and integration["PayloadFormatVersion"] == "2.0"
    [permission] = [p for p in of(stack(), "AWS::Lambda::Permission").values() if p["Principal"] == "apigateway.amazonaws.com"]
    assert permission["SourceArn"].endswith("/$default/POST/*")


def test_slack_is_led_to_whichever_region_lives():
    [first] = of(primary(), "AWS::Route53::RecordSet").values()
    [second] = of(standby(), "AWS::Route53::RecordSet").values()
    assert (first["Name"], first["Failover"]) == (second["Name"], "PRIMARY") and second["Failover"] == "SECONDARY"
    assert "HealthCheckId" in first and "HealthCheckId" not in second
    checks = {name.removeprefix("Door/"): p["HealthCheckConfig"] for name, p in of(primary(), "AWS::Route53::HealthCheck").items()}
    well = checks.pop("PrimaryIsWell")
    assert (well["Type"], well["HealthThreshold"], len(well["ChildHealthChecks"])) == ("CALCULATED", len(checks), len(checks))
    # A region whose metrics can't be read is not well; one that nobody asks anything is.
    assert checks["TickComes"]["InsufficientDataHealthStatus"] == "Unhealthy"
    assert checks["AnswersAreGood"]["InsufficientDataHealthStatus"] == "Healthy"


def test_the_table_is_one_in_both_regions_and_a_write_holds_in_both_or_in_neither():
    [table] = of(primary(), "AWS::DynamoDB::GlobalTable").values()
    assert table["MultiRegionConsistency"] == "STRONG"
    regions = [replica["Region"] for replica in table["Replicas"]]
    witnesses = [witness["Region"] for witness in table["GlobalTableWitnesses"]]
    # Three regions, or two and a witness: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-dynamodb-globaltable-globaltablewitness.html
    assert (regions, witnesses) == (["eu-west-1", "eu-central-1"], ["eu-west-3"])
    assert all(r["DeletionProtectionEnabled"] and r["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] for r in table["Replicas"])
    # What such a table can't have.
    assert not {"TimeToLiveSpecification", "LocalSecondaryIndexes", "GlobalSecondaryIndexes"} & set(table)
    [single] = of(alone(), "AWS::DynamoDB::Table").values()
    for same in ("TableName", "KeySchema", "AttributeDefinitions", "BillingMode"):
        assert single[same] == table[same]


@pytest.mark.parametrize("stack", [alone, primary, standby])
def test_functions_find_table_and_state_machine_by_names_that_need_no_look_up(stack):
    made = stack()
    for name in ("Worker", "Runner", "Scheduler"):
        variables = made.properties(name)["Environment"]["Variables"]
        assert variables["MAYDAY_TABLE"] == "mayday"
        assert variables["MAYDAY_STATE_MACHINE"] == f"arn:aws:states:{made.region}:111122223333:stateMachine:mayday-run:live"
        assert variables["MAYDAY_BUCKET"] == f"mayday-111122223333-{made.region}"


def test_every_file_is_copied_to_the_other_bucket_and_no_deletion_is():
    for stack, other in [(primary(), "eu-central-1"), (standby(), "eu-west-1")]:
        [bucket] = of(stack, "AWS::S3::Bucket").values()
        [rule] = bucket["ReplicationConfiguration"]["Rules"]
        assert (rule["Filter"], rule["DeleteMarkerReplication"]) == ({"Prefix": ""}, {"Status": "Disabled"})
        assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::mayday-111122223333-{other}"
    [bucket] = of(alone(), "AWS::S3::Bucket").values()
    assert "ReplicationConfiguration" not in bucket


@pytest.mark.parametrize("stack", [alone, primary, standby])
def test_files_are_locked_for_weeks_and_keep_their_versions(stack):
    [bucket] = of(stack(), "AWS::S3::Bucket").values()
    assert bucket["ObjectLockEnabled"] is True and bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 35}
    # Nothing expires while it is locked, and the plan's versions never.
    for rule in bucket["LifecycleConfiguration"]["Rules"]:
        assert "ExpirationInDays" not in rule
        if "NoncurrentVersionExpiration" in rule:
            assert rule["Prefix"] == "audit/" and rule["NoncurrentVersionExpiration"]["NoncurrentDays"] > 35


@pytest.mark.parametrize("stack", [alone, primary, standby])
def test_an_execution_keeps_the_code_that_it_began_with(stack):
    made = stack()
    assert made.resources["Runner"]["Properties"]["AutoPublishAlias"] == "live"
    workflow = made.children["Workflow"]
    called = workflow.properties("Run")["DefinitionSubstitutions"]["RunnerFunctionArn"]
    assert re.fullmatch(r"arn:.*:function:mayday-runner:\d+", called), "a version, not whatever is deployed next"
    version = workflow.resources["RunVersion"]
    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert workflow.properties("RunAlias")["Name"] == "live"


@pytest.mark.parametrize("stack", [alone, primary, standby])
def test_happenings_of_instances_and_clusters_bring_the_tick_forward_and_a_hundred_at_once_are_few(stack):
    made = stack().children["Events"]
    rule = made.properties("Databases")
    kinds = set(rule["EventPattern"]["detail-type"])
    assert {"RDS DB Instance Event", "RDS DB Cluster Event", "RDS DB Snapshot Event", "RDS DB Cluster Snapshot Event"} == kinds
    assert all(target["DeadLetterConfig"]["Arn"].endswith(":mayday-dead-letters") for target in rule["Targets"])
    look = made.properties("Look")
    assert look["FunctionName"].endswith(":function:mayday-scheduler") and look["ScalingConfig"]["MaximumConcurrency"] == 2
    timeout = stack().properties("Scheduler")["Timeout"]
    assert made.properties("Happenings")["VisibilityTimeout"] >= 6 * timeout


def test_a_services_switch_lies_in_the_standby_region_alone_and_silence_does_not_flip_it():
    switch = Stack("infra/switch.yaml", {"Service": "orders"}, region="eu-central-1")
    check = switch.properties("Check")["HealthCheckConfig"]
    # Found means ill: where nothing answers, nothing flips.
    assert (check["Type"], check["SearchString"], check["Inverted"]) == ("HTTPS_STR_MATCH", "away", True)
    assert check["ResourcePath"] == "/orders/failed-over" and check["EnableSNI"] is True
    # Anonymous reading of the one key, without which 403 hides what it says, and of no other.
    [read_by_all] = [s for s in switch.properties("BucketPolicy")["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert read_by_all["Action"] == "s3:GetObject"
    assert read_by_all["Resource"].split("/", 1)[1] == "orders/failed-over"
    # The bot may write it, in buckets of its own installation, and delete nothing.
    runner = [s for p in alone().child("Roles").properties("RunnerRole")["Policies"] for s in p["PolicyDocument"]["Statement"]]
    bucket = f"arn:aws:s3:::{switch.properties('Bucket')['BucketName']}"
    assert allows(runner, "s3:PutObject", f"{bucket}/orders/failed-over")
    assert not allows(runner, "s3:PutObject", f"{bucket}/orders/else") and not allows(runner, "s3:DeleteObject", f"{bucket}/orders/failed-over")
    assert not allows(runner, "s3:PutObject", "arn:aws:s3:::another-switch-orders-111122223333/orders/failed-over")
