"""A stock boto3 reads and writes the world, and errors come as the exceptions that its models know."""

import json
import secrets

import botocore.exceptions
import pytest

BUCKET = "mayday-000000000000-eu-west-1"
MACHINE = "arn:aws:states:eu-west-1:000000000000:stateMachine:mayday-run"


def code(refused):
    return refused.value.response["Error"]["Code"]


def test_instances_come_in_pages_and_can_be_waited_for(aws):
    rds = aws("rds")
    rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="inventory-production")
    pages = rds.get_paginator("describe_db_instances").paginate()
    instance = next(one for page in pages for one in page["DBInstances"] if one["DBInstanceIdentifier"] == "inventory-production")
    assert instance["DBInstanceStatus"] == "available"
    assert instance["MultiAZ"] and instance["DeletionProtection"] and instance["StorageEncrypted"]
    assert instance["Endpoint"]["Address"].endswith(".eu-west-1.rds.amazonaws.com")
    assert instance["LatestRestorableTime"].tzinfo is not None
    tags = rds.list_tags_for_resource(ResourceName=instance["DBInstanceArn"])["TagList"]
    assert {"Key": "Environment", "Value": "production"} in tags


def test_a_snapshot_is_made_waited_for_listed_and_deleted(aws):
    rds = aws("rds")
    name = f"by-hand-{secrets.token_hex(4)}"
    rds.create_db_snapshot(DBInstanceIdentifier="inventory-production", DBSnapshotIdentifier=name)
    rds.get_waiter("db_snapshot_available").wait(DBSnapshotIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    pages = rds.get_paginator("describe_db_snapshots").paginate(DBInstanceIdentifier="inventory-production", SnapshotType="manual")
    assert name in [one["DBSnapshotIdentifier"] for page in pages for one in page["DBSnapshots"]]
    rds.delete_db_snapshot(DBSnapshotIdentifier=name)
    with pytest.raises(rds.exceptions.DBSnapshotNotFoundFault):
        rds.describe_db_snapshots(DBSnapshotIdentifier=name)


def test_rds_refuses_with_typed_exceptions(aws):
    rds = aws("rds")
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault) as refused:
        rds.describe_db_instances(DBInstanceIdentifier="nowhere")
    assert code(refused) == "DBInstanceNotFound"
    with pytest.raises(rds.exceptions.DBInstanceAlreadyExistsFault):
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier="inventory-production", TargetDBInstanceIdentifier="inventory-production", UseLatestRestorableTime=True
        )
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        rds.delete_db_instance(DBInstanceIdentifier="inventory-production", SkipFinalSnapshot=True)
    assert code(refused) == "InvalidParameterCombination", "deletion protection holds"


def test_items_are_put_under_a_condition_read_and_queried(aws):
    table = aws("dynamodb")
    partition = {"S": f"clients-{secrets.token_hex(4)}"}
    for number in range(3):
        item = {"pk": partition, "sk": {"S": f"{number}"}, "body": {"N": f"{number}"}}
        table.put_item(TableName="mayday", Item=item, ConditionExpression="attribute_not_exists(pk)")
    with pytest.raises(table.exceptions.ConditionalCheckFailedException):
        table.put_item(TableName="mayday", Item=item, ConditionExpression="attribute_not_exists(pk)")
    read = table.get_item(TableName="mayday", Key={"pk": partition, "sk": {"S": "1"}}, ConsistentRead=True)
    assert read["Item"]["body"] == {"N": "1"}
    pages = table.get_paginator("query").paginate(
        TableName="mayday",
        KeyConditionExpression="pk = :p AND sk > :s",
        ExpressionAttributeValues={":p": partition, ":s": {"S": "0"}},
        PaginationConfig={"PageSize": 1},
    )
    assert [item["sk"]["S"] for page in pages for item in page["Items"]] == ["1", "2"]
    with pytest.raises(table.exceptions.ResourceNotFoundException):
        table.get_item(TableName="nowhere", Key={"pk": partition, "sk": {"S": "1"}})


def test_objects_keep_their_versions(aws):
    s3 = aws("s3")
    key = f"clients/{secrets.token_hex(4)}"
    first = s3.put_object(Bucket=BUCKET, Key=key, Body=b"first")["VersionId"]
    second = s3.put_object(Bucket=BUCKET, Key=key, Body=b"second")["VersionId"]
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"second"
    assert s3.get_object(Bucket=BUCKET, Key=key, VersionId=first)["Body"].read() == b"first"
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"third", IfNoneMatch="*")
    assert code(refused) == "PreconditionFailed"
    s3.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=BUCKET, Key=key)
    listed = s3.list_object_versions(Bucket=BUCKET, Prefix=key)
    assert [one["VersionId"] for one in listed["Versions"]] == [second, first]
    assert len(listed["DeleteMarkers"]) == 1
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    assert "plan.yaml" in [one["Key"] for page in pages for one in page.get("Contents", [])]


def test_secrets_have_versions(aws):
    manager = aws("secretsmanager")
    names = [one["Name"] for page in manager.get_paginator("list_secrets").paginate() for one in page["SecretList"]]
    assert {"mayday/inventory", "mayday/keys"} <= set(names)
    login = json.loads(manager.get_secret_value(SecretId="mayday/inventory")["SecretString"])
    assert login["dbname"] == "inventory" and login["password"]
    stages = manager.describe_secret(SecretId="mayday/inventory")["VersionIdsToStages"]
    assert ["AWSCURRENT"] in stages.values()
    with pytest.raises(manager.exceptions.ResourceNotFoundException):
        manager.get_secret_value(SecretId="nowhere")


def test_the_state_machine_is_the_shipped_one(aws):
    states = aws("stepfunctions")
    assert [one["stateMachineArn"] for one in states.list_state_machines()["stateMachines"]] == [MACHINE]
    definition = json.loads(states.describe_state_machine(stateMachineArn=MACHINE)["definition"])
    assert definition["StartAt"] in definition["States"]
    with pytest.raises(states.exceptions.ExecutionDoesNotExist):
        states.describe_execution(executionArn=f"{MACHINE.replace('stateMachine', 'execution')}:nowhere")


def test_functions_are_listed_and_can_be_invoked_dry(aws):
    functions = aws("lambda")
    pages = functions.get_paginator("list_functions").paginate()
    names = {one["FunctionName"] for page in pages for one in page["Functions"]}
    assert names == {f"mayday-{name}" for name in ("ingress", "worker", "runner", "scheduler", "inspector")}
    assert functions.invoke(FunctionName="mayday-worker", InvocationType="DryRun")["StatusCode"] == 204
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(FunctionName="nowhere", InvocationType="DryRun")


def test_zones_and_records_are_listed(aws):
    dns = aws("route53")
    made = dns.create_hosted_zone(Name="clients.example", CallerReference=secrets.token_hex(4))
    zone = made["HostedZone"]["Id"]
    assert zone in [one["Id"] for page in dns.get_paginator("list_hosted_zones").paginate() for one in page["HostedZones"]]
    record = {"Name": "db.clients.example", "Type": "CNAME", "TTL": 5, "ResourceRecords": [{"Value": "one.example"}]}
    change = dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})
    dns.get_waiter("resource_record_sets_changed").wait(Id=change["ChangeInfo"]["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 90})
    records = dns.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
    assert "db.clients.example." in [one["Name"] for page in records for one in page["ResourceRecordSets"]]
    with pytest.raises(dns.exceptions.InvalidChangeBatch):
        dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]})
    with pytest.raises(dns.exceptions.NoSuchHostedZone):
        dns.list_resource_record_sets(HostedZoneId="ZNOWHERE")


def test_the_schedules_are_there(aws):
    scheduler = aws("scheduler")
    pages = scheduler.get_paginator("list_schedules").paginate()
    sweep = next(one for page in pages for one in page["Schedules"] if one["Name"] == "mayday-sweep")
    assert scheduler.get_schedule(Name=sweep["Name"], GroupName=sweep["GroupName"])["State"] == "ENABLED"
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name="nowhere")
