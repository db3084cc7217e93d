"""CloudFormation in the local cloud: what it makes, what it refuses, and how a deployment tells."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.deploy import Deployer, zipped
from trimtab.aws.table import Create, Table
from trimtab.errors import OperatorError

ACCOUNT, REGION = "000000000000", "us-east-1"


def template(**resources: dict[str, Any]) -> str:
    return json.dumps({"Resources": resources})


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def applied(cloud: LocalCloud, name: str, body: str, *, update: bool = False) -> str:
    """Create or update the stack and return the status that it ends in."""
    client = cloud.client("cloudformation")
    verb = client.update_stack if update else client.create_stack
    verb(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    waiter = client.get_waiter("stack_update_complete" if update else "stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    status: str = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    return status


def refusal(cloud: LocalCloud, body: str) -> str:
    with pytest.raises(ClientError) as refused:
        cloud.client("cloudformation").create_stack(StackName="refused", TemplateBody=body)
    return str(refused.value.response["Error"]["Message"])


def test_an_unknown_type_is_refused_by_name(empty_cloud: LocalCloud) -> None:
    body = template(Thing=resource("AWS::Nowhere::Thing"))
    assert "AWS::Nowhere::Thing" in refusal(empty_cloud, body)


def test_an_unknown_property_is_refused_with_type_and_resource(empty_cloud: LocalCloud) -> None:
    body = template(Mine=resource("AWS::SQS::Queue", VisibilityTimeOut=30))
    message = refusal(empty_cloud, body)
    assert "Mine (AWS::SQS::Queue): there is no property VisibilityTimeOut" in message


def test_an_unknown_property_deep_inside_is_refused_with_its_path(empty_cloud: LocalCloud) -> None:
    spec = {"PointInTimeRecoveryEnable": True}
    body = template(
        Rows=resource(
            "AWS::DynamoDB::Table",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            PointInTimeRecoverySpecification=spec,
        )
    )
    assert "PointInTimeRecoverySpecification.PointInTimeRecoveryEnable" in refusal(
        empty_cloud, body
    )


def test_a_property_that_would_be_passed_over_is_refused(empty_cloud: LocalCloud) -> None:
    rules = {"ReplicationConfiguration": {"Role": "arn:aws:iam::000000000000:role/r", "Rules": []}}
    message = refusal(empty_cloud, template(Data=resource("AWS::S3::Bucket", **rules)))
    assert "Data (AWS::S3::Bucket): property ReplicationConfiguration is not supported" in message


def test_nothing_is_made_of_a_refused_template(empty_cloud: LocalCloud) -> None:
    good = resource("AWS::SQS::Queue", QueueName="never-made")
    refusal(empty_cloud, template(Good=good, Bad=resource("AWS::SQS::Queue", Nonsense=1)))
    there = empty_cloud.client("sqs").list_queues(QueueNamePrefix="never-made")
    assert not there.get("QueueUrls")


def test_an_index_is_added_to_a_table_that_exists_and_finds_only_what_has_its_attribute(
    empty_cloud: LocalCloud,
) -> None:
    names = ("pk", "sk", "trail")
    index = {
        "IndexName": "trail",
        "KeySchema": [
            {"AttributeName": "trail", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }

    def body(defined: tuple[str, ...], **more: Any) -> str:
        return template(
            Rows=resource(
                "AWS::DynamoDB::Table",
                TableName="indexed-rows",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "S"} for name in defined
                ],
                KeySchema=[
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                **more,
            )
        )

    applied(empty_cloud, "index", body(names[:2]))
    table = Table(empty_cloud.client("dynamodb"), "indexed-rows")
    table.commit(Create("A", "AUDIT#1", {}))
    applied(empty_cloud, "index", body(names, GlobalSecondaryIndexes=[index]), update=True)
    table.commit(Create("B", "AUDIT#2", {"new": True}, {"trail": "AUDIT"}))
    found, more = table.indexed("trail", "AUDIT", between=("AUDIT#", "AUDIT#~"))
    assert ([record.body for record in found], more) == ([{"new": True}], None)


def test_properties_that_the_emulator_drops_take_effect(empty_cloud: LocalCloud) -> None:
    def body(ttl: dict[str, Any] | None) -> str:
        more = {"TimeToLiveSpecification": ttl} if ttl else {}
        return template(
            Rows=resource(
                "AWS::DynamoDB::Table",
                TableName="kept-rows",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
                **more,
            ),
            Data=resource(
                "AWS::S3::Bucket",
                BucketName="kept-data",
                LifecycleConfiguration={
                    "Rules": [
                        {"Id": "old", "Prefix": "tmp/", "Status": "Enabled", "ExpirationInDays": 7}
                    ]
                },
            ),
        )

    ttl = {"AttributeName": "expires", "Enabled": True}
    assert applied(empty_cloud, "dropped", body(ttl)) == "CREATE_COMPLETE"
    dynamodb, s3 = empty_cloud.client("dynamodb"), empty_cloud.client("s3")
    described = dynamodb.describe_time_to_live(TableName="kept-rows")["TimeToLiveDescription"]
    assert described == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    backups = dynamodb.describe_continuous_backups(TableName="kept-rows")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket="kept-data")["Rules"]
    assert (rule["ID"], rule["Filter"], rule["Expiration"]) == (
        "old",
        {"Prefix": "tmp/"},
        {"Days": 7},
    )

    assert applied(empty_cloud, "dropped", body(None), update=True) == "UPDATE_COMPLETE"
    described = dynamodb.describe_time_to_live(TableName="kept-rows")["TimeToLiveDescription"]
    assert described["TimeToLiveStatus"] == "DISABLED"


def test_a_function_keeps_its_dead_letters_and_needs_its_code(empty_cloud: LocalCloud) -> None:
    role = resource(
        "AWS::IAM::Role",
        RoleName="lonely",
        AssumeRolePolicyDocument={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
    )

    def function(code: dict[str, str]) -> dict[str, Any]:
        return resource(
            "AWS::Lambda::Function",
            FunctionName="lonely",
            Runtime="python3.13",
            Handler="index.handler",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Code=code,
            DeadLetterConfig={"TargetArn": {"Fn::GetAtt": ["Letters", "Arn"]}},
        )

    letters = resource("AWS::SQS::Queue", QueueName="letters")
    inline = function({"ZipFile": "def handler(event, context): return 1"})
    assert applied(empty_cloud, "lonely", template(Role=role, Letters=letters, F=inline))
    config = empty_cloud.client("lambda").get_function_configuration(FunctionName="lonely")
    assert config["DeadLetterConfig"]["TargetArn"].endswith(":letters")
    empty_cloud.client("cloudformation").delete_stack(StackName="lonely")
    gone = empty_cloud.client("cloudformation").get_waiter("stack_delete_complete")
    gone.wait(StackName="lonely", WaiterConfig={"Delay": 1, "MaxAttempts": 30})

    empty_cloud.client("s3").create_bucket(Bucket="no-code")
    missing = function({"S3Bucket": "no-code", "S3Key": "nothing.zip"})
    with pytest.raises(OperatorError, match=r"F \(AWS::Lambda::Function\): .*nothing\.zip"):
        deployer(empty_cloud)._stack("lonely", template(Role=role, Letters=letters, F=missing), {})


def test_sagemaker_resources_are_made_changed_and_deleted(empty_cloud: LocalCloud) -> None:
    role = resource(
        "AWS::IAM::Role",
        RoleName="pipelines",
        AssumeRolePolicyDocument={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
    )

    def body(message: str, stage: str) -> str:
        steps = [{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": message}}]
        definition = {"Version": "2020-12-01", "Parameters": [], "Steps": steps}
        tags = [{"Key": "stage", "Value": stage}]
        return template(
            Role=role,
            Group=resource(
                "AWS::SageMaker::ModelPackageGroup", ModelPackageGroupName="cf-group", Tags=tags
            ),
            Pipeline=resource(
                "AWS::SageMaker::Pipeline",
                PipelineName="cf-pipeline",
                RoleArn={"Fn::GetAtt": ["Role", "Arn"]},
                PipelineDefinition={"PipelineDefinitionBody": json.dumps(definition)},
                Tags=tags,
            ),
        )

    sagemaker = empty_cloud.client("sagemaker")
    assert applied(empty_cloud, "models", body("one", "dev")) == "CREATE_COMPLETE"
    group = sagemaker.describe_model_package_group(ModelPackageGroupName="cf-group")
    arn = group["ModelPackageGroupArn"]
    described = empty_cloud.client("cloudformation").describe_stack_resource(
        StackName="models", LogicalResourceId="Group"
    )
    assert described["StackResourceDetail"]["PhysicalResourceId"] == arn

    assert applied(empty_cloud, "models", body("two", "prod"), update=True) == "UPDATE_COMPLETE"
    pipeline = sagemaker.describe_pipeline(PipelineName="cf-pipeline")
    assert "two" in pipeline["PipelineDefinition"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "prod"}]

    empty_cloud.client("cloudformation").delete_stack(StackName="models")
    gone = empty_cloud.client("cloudformation").get_waiter("stack_delete_complete")
    gone.wait(StackName="models", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    assert sagemaker.list_pipelines()["PipelineSummaries"] == []


def test_a_failed_deployment_names_resource_and_reason(empty_cloud: LocalCloud) -> None:
    pipeline = resource(
        "AWS::SageMaker::Pipeline",
        PipelineName="broken",
        RoleArn="arn:aws:iam::000000000000:role/nobody",
        PipelineDefinition={"PipelineDefinitionBody": "{}"},
    )
    with pytest.raises(OperatorError, match=r"Broken \(AWS::SageMaker::Pipeline\)"):
        deployer(empty_cloud)._stack("broken", template(Broken=pipeline), {})


def test_assets_are_zipped_to_the_same_bytes_whatever_their_dates(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "other"):
        folder = tmp_path / name
        (folder / "package").mkdir(parents=True)
        (folder / "package" / "b.py").write_text("b = 1\n")
        (folder / "a.py").write_text("a = 1\n")
        if name == "other":
            import os

            os.utime(folder / "a.py", (1, 1))
        digests.add(zipped(folder))
    assert len(digests) == 1
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["a.py", "package/b.py"]


def test_everything_that_trimtab_deploys_stands(cloud: LocalCloud) -> None:
    for name in (f"trimtab-{cloud.connection.stage}-data", f"trimtab-{cloud.connection.stage}"):
        [stack] = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert cloud.connection.api_url.startswith(cloud.connection.endpoint_url)
    cloud.client("s3").head_bucket(Bucket=cloud.connection.data_bucket)


def deployer(cloud: LocalCloud) -> Deployer:
    return Deployer(cloud.client, ACCOUNT, REGION, lambda _line: None)
