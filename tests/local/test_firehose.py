"""Firehose in the local cloud: packed, in folders by what a record says, and only where the stream's role may write."""

import gzip
import json
import time
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from local.cloud import LocalCloud
from tests.local.test_cloudformation import applied, resource, template

BUCKET = "streamed"
RECORD = b'{"kind": "a"}\n'


@pytest.fixture(scope="module", autouse=True)
def bucket(empty_cloud: LocalCloud) -> None:
    empty_cloud.client("s3").create_bucket(Bucket=BUCKET)


def stack(stream: str, allowed: str, **more: Any) -> str:
    """A stream whose role may write what `allowed` names."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "firehose.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    right = {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/{allowed}",
    }
    query = {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{kind: .kind}"}
    destination = {
        "BucketARN": f"arn:aws:s3:::{BUCKET}",
        "RoleARN": {"Fn::GetAtt": ["Role", "Arn"]},
        "Prefix": f"{stream}/!{{partitionKeyFromQuery:kind}}/!{{timestamp:yyyy/MM/dd/HH}}/",
        "ErrorOutputPrefix": "errors/",
        "FileExtension": ".jsonl.gz",
        "CompressionFormat": "GZIP",
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [{"Type": "MetadataExtraction", "Parameters": [query]}],
        },
        **more,
    }
    return template(
        Role=resource(
            "AWS::IAM::Role",
            AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]},
            Policies=[
                {
                    "PolicyName": "write",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [right]},
                }
            ],
        ),
        Stream=resource(
            "AWS::KinesisFirehose::DeliveryStream",
            DeliveryStreamName=stream,
            DeliveryStreamType="DirectPut",
            ExtendedS3DestinationConfiguration=destination,
        ),
    )


def put(cloud: LocalCloud, stream: str) -> None:
    cloud.client("firehose").put_record_batch(DeliveryStreamName=stream, Records=[{"Data": RECORD}])


def written(cloud: LocalCloud, under: str) -> list[str]:
    listed = cloud.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=under)
    return [each["Key"] for each in listed.get("Contents", [])]


def test_a_record_is_packed_into_the_folder_that_it_names_at_local_time(
    empty_cloud: LocalCloud,
) -> None:
    applied(empty_cloud, "packing", stack("packing", "packing/*"))
    put(empty_cloud, "packing")
    deadline = time.monotonic() + 10
    while not (keys := written(empty_cloud, "packing/a/")):
        assert time.monotonic() < deadline
    (key,) = keys
    body = empty_cloud.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert key.endswith(".jsonl.gz")
    assert gzip.decompress(body) == RECORD


def test_what_the_role_may_not_write_is_not_written(empty_cloud: LocalCloud) -> None:
    applied(empty_cloud, "barred", stack("barred", "elsewhere/*"))
    applied(empty_cloud, "open", stack("open", "open/*"))
    put(empty_cloud, "barred")
    put(empty_cloud, "open")
    deadline = time.monotonic() + 10
    while not written(empty_cloud, "open/"):
        assert time.monotonic() < deadline
    assert written(empty_cloud, "barred/") == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"S3BackupMode": "Enabled"}, "S3BackupMode is not supported locally"),
        ({"CompressionFormat": "Snappy"}, "CompressionFormat is one of GZIP, UNCOMPRESSED locally"),
    ],
)
def test_what_a_delivery_would_pass_over_fails_the_stack_by_name(
    empty_cloud: LocalCloud, more: dict[str, Any], says: str
) -> None:
    name = f"odd-{len(says)}"
    with pytest.raises(WaiterError):
        applied(empty_cloud, name, stack(name, "*", **more))
    events = empty_cloud.client("cloudformation").describe_stack_events(StackName=name)
    assert says in json.dumps(events["StackEvents"], default=str)
