"""A second installation beside the first, under a key of the account's own: what its queues and logs say of how they keep things."""

import pytest
from conftest import PARAMETERS, deployed

NAME = "sealed"


@pytest.fixture(scope="session")
def key(account, stack):
    return deployed(account, f"{NAME}-key", "infra/key.yaml", {"Name": NAME})["KeyArn"]


@pytest.fixture(scope="session")
def sealed(account, key):
    return deployed(account, NAME, "template.yaml", PARAMETERS | {"Name": NAME, "KeyArn": key})


@pytest.mark.usefixtures("sealed")
def test_queues_and_logs_of_an_installation_with_a_key_are_encrypted_by_it(account, key):
    # Not the table, the bucket and the topic: MiniStack's CloudFormation makes them, but tells its DynamoDB, S3 and SNS of no key.
    said = {}
    queues = account.aws("sqs")
    for name in ("dead-letters", "happenings"):
        attributes = queues.get_queue_attributes(QueueUrl=queues.get_queue_url(QueueName=f"{NAME}-{name}")["QueueUrl"], AttributeNames=["All"])["Attributes"]
        said[name] = attributes["KmsMasterKeyId"]
        assert attributes.get("SqsManagedSseEnabled", "false") == "false"
    groups = account.aws("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{NAME}-")["logGroups"]
    groups += account.aws("logs").describe_log_groups(logGroupNamePrefix=f"/aws/vendedlogs/states/{NAME}-")["logGroups"]
    said |= {group["logGroupName"]: group["kmsKeyId"] for group in groups}
    assert len(groups) == 6
    assert said == dict.fromkeys(said, key)


def test_the_key_is_turned_each_year_and_stays_when_its_stack_goes(account, key):
    keys, cloudformation = account.aws("kms"), account.aws("cloudformation")
    assert keys.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    made = {one["LogicalResourceId"] for one in cloudformation.describe_stack_resources(StackName=f"{NAME}-key")["StackResources"]}
    cloudformation.delete_stack(StackName=f"{NAME}-key")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=f"{NAME}-key", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert made == {"Key", "Alias"} and keys.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
