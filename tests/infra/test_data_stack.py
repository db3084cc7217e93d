"""What holds data outlives its stack, is encrypted, versioned and closed to the public."""

import json

from tests.infra.conftest import Template
from trimtab.aws import keys


def test_nothing_is_deleted_with_the_stack_unless_it_never_came_up(data: Template) -> None:
    for resource in data.resources():
        assert resource.whole.get("DeletionPolicy") == "RetainExceptOnCreate", resource.id
        assert resource.whole.get("UpdateReplacePolicy") == "Retain", resource.id


def test_the_bucket_is_versioned_encrypted_and_private(data: Template) -> None:
    bucket = data.only("AWS::S3::Bucket").properties
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    policy = json.dumps(data.only("AWS::S3::BucketPolicy").properties)
    assert '"aws:SecureTransport": "false"' in policy


def test_the_bucket_tells_event_bridge_without_a_custom_resource(data: Template) -> None:
    notifications = data.only("AWS::S3::Bucket").properties["NotificationConfiguration"]
    assert notifications == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert not [
        each for each in data.resources() if each.type.startswith(("Custom::", "AWS::Lambda"))
    ]


def test_no_rule_expires_what_a_manifest_pins(data: Template) -> None:
    rules = data.only("AWS::S3::Bucket").properties["LifecycleConfiguration"]["Rules"]
    expiring = [
        rule for rule in rules if "NoncurrentVersionExpiration" in rule or "Expiration" in rule
    ]
    assert {rule["Prefix"] for rule in expiring} == {"artifacts/"}


def test_the_table_can_be_brought_back_to_any_second(data: Template) -> None:
    table = data.only("AWS::DynamoDB::Table").properties
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    keys = [(each["AttributeName"], each["KeyType"]) for each in table["KeySchema"]]
    assert keys == [("pk", "HASH"), ("sk", "RANGE")]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"]["SSEType"] == "KMS"


def test_the_table_has_one_index_so_that_a_deployment_can_add_it_to_a_table_that_exists(
    data: Template,
) -> None:
    (index,) = data.only("AWS::DynamoDB::Table").properties["GlobalSecondaryIndexes"]
    assert index["IndexName"] == keys.TRAIL
    assert [(each["AttributeName"], each["KeyType"]) for each in index["KeySchema"]] == [
        (keys.TRAIL, "HASH"),
        ("sk", "RANGE"),
    ]


def test_the_role_of_endpoints_outlives_the_platform_as_they_do(
    data: Template, platform: Template
) -> None:
    serving = data.only("AWS::IAM::Role")
    variables = platform.function("start_rollout").properties["Environment"]["Variables"]
    exported = variables["TRIMTAB_SERVING_ROLE_ARN"]["Fn::ImportValue"]
    values = [each["Value"] for each in data.body["Outputs"].values() if "Export" in each]
    assert {"Fn::GetAtt": [serving.id, "Arn"]} in values
    assert serving.id in exported


def test_the_key_rotates(data: Template) -> None:
    assert data.only("AWS::KMS::Key").properties["EnableKeyRotation"] is True


def test_each_model_has_its_package_group(data: Template) -> None:
    groups = [g.properties for g in data.resources("AWS::SageMaker::ModelPackageGroup")]
    assert "trimtab-dev-flight-delays" in {g["ModelPackageGroupName"] for g in groups}
