"""Lambda as its callers see it: the API, the rights, the logs and the metrics."""

# ruff: noqa: F811 (the fixture is imported and is an argument)

import base64
import io
import json
import threading
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.bare_cloud import bare_cloud  # noqa: F401 (a fixture)
from tests.local.builders import allow, eventually, function

WHO = """
import boto3, json, os
def handler(event, context):
    if event.get("read"):
        return boto3.client("s3").get_object(Bucket="rights", Key=event["read"])["Body"].read().decode()
    return [boto3.client("sts").get_caller_identity()["Arn"], dict(os.environ), context.invoked_function_arn]
"""
METER = """
import json, time
def handler(event, context):
    print("plain line")
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
        {"Namespace": "Tried", "Dimensions": [["service"]], "Metrics": [{"Name": "Rows", "Unit": "Count"}]}]},
        "service": "meter", "Rows": event["rows"]}))
    return 1
"""
SLOW = "import time\ndef handler(event, context):\n    time.sleep(0.5)\n    return context.aws_request_id\n"


def invoke(cloud: Any, name: str, event: Any, **options: Any) -> Any:
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **options)
    return json.loads(answer["Payload"].read())


@pytest.fixture(scope="module", autouse=True)
def rights(bare_cloud) -> None:
    s3 = bare_cloud.client("s3")
    s3.create_bucket(Bucket="rights")
    s3.put_object(Bucket="rights", Key="mine", Body=b"yes")
    s3.put_object(Bucket="rights", Key="theirs", Body=b"no")
    function(bare_cloud, "who", WHO, allow("s3:GetObject", "arn:aws:s3:::rights/mine"))


def test_a_function_acts_as_its_own_role(bare_cloud) -> None:
    who, seen, arn = invoke(bare_cloud, "who", {})
    assert who == "arn:aws:sts::000000000000:assumed-role/who-role/who"
    assert arn == "arn:aws:lambda:us-east-1:000000000000:function:who"
    assert "PLANTED_ON_HOST" not in seen
    assert seen["AWS_ENDPOINT_URL"] == bare_cloud.endpoint_url


def test_a_function_may_do_what_its_role_may_and_no_more(bare_cloud) -> None:
    assert invoke(bare_cloud, "who", {"read": "mine"}) == "yes"
    denied = invoke(bare_cloud, "who", {"read": "theirs"})
    assert denied["errorType"] == "AccessDenied"
    assert "assumed-role/who-role/who is not authorized" in denied["errorMessage"]


def test_a_failure_is_told_as_aws_tells_it_with_the_tail_of_the_log(bare_cloud) -> None:
    function(bare_cloud, "raises", "def handler(event, context):\n    raise LookupError('row 7')\n")
    answer = bare_cloud.client("lambda").invoke(FunctionName="raises", LogType="Tail")
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    told = json.loads(answer["Payload"].read())
    assert (told["errorType"], told["errorMessage"]) == ("LookupError", "row 7")
    assert told["stackTrace"][0].startswith('  File "/var/task/index.py", line 2, in handler\n')
    assert "[ERROR] LookupError: row 7" in base64.b64decode(answer["LogResult"]).decode()


def test_logs_and_embedded_metrics_arrive_in_cloudwatch(bare_cloud) -> None:
    function(bare_cloud, "meter", METER)
    invoke(bare_cloud, "meter", {"rows": 5})
    events = bare_cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/meter")["events"]
    messages = [event["message"] for event in events]
    assert messages[0].startswith("START RequestId: ")
    assert messages[1] == "plain line"
    assert messages[-1].startswith("REPORT RequestId: ")
    bare_cloud.advance(timedelta(0))
    found = bare_cloud.client("cloudwatch").get_metric_statistics(
        Namespace="Tried",
        MetricName="Rows",
        Dimensions=[{"Name": "service", "Value": "meter"}],
        StartTime=bare_cloud.now - 600,
        EndTime=bare_cloud.now + 60,
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [point["Sum"] for point in found] == [5.0]


def test_new_code_and_new_configuration_are_used_at_once(bare_cloud) -> None:
    source = "import os\ndef handler(e, c):\n    return ['{}', os.environ.get('MODE')]\n"
    function(bare_cloud, "changing", source.format("one"))
    assert invoke(bare_cloud, "changing", {}) == ["one", None]
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("index.py", source.format("two"))
    client = bare_cloud.client("lambda")
    client.update_function_code(FunctionName="changing", ZipFile=body.getvalue())
    assert invoke(bare_cloud, "changing", {}) == ["two", None]
    eventually(
        lambda: (
            client.get_function_configuration(FunctionName="changing")["LastUpdateStatus"]
            == "Successful"
        )
    )
    client.update_function_configuration(
        FunctionName="changing", Environment={"Variables": {"MODE": "b"}}
    )
    assert invoke(bare_cloud, "changing", {}) == ["two", "b"]


def test_several_run_at_once(bare_cloud) -> None:
    function(bare_cloud, "slow", SLOW)
    invoke(bare_cloud, "slow", {})
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(invoke(bare_cloud, "slow", {})))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 8


def test_events_over_lambdas_limits_are_refused(bare_cloud) -> None:
    client = bare_cloud.client("lambda")
    with pytest.raises(ClientError) as refused:
        client.invoke(FunctionName="who", Payload=b'"' + b"x" * (6 * 1024 * 1024) + b'"')
    assert refused.value.response["Error"]["Code"] == "RequestTooLargeException"
    with pytest.raises(ClientError) as refused:
        client.invoke(
            FunctionName="who", InvocationType="Event", Payload=b'"' + b"x" * 1024 * 1024 + b'"'
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_every_invocation_is_counted_once(bare_cloud) -> None:
    function(bare_cloud, "counted", "def handler(event, context):\n    return 1 / event\n")
    invoke(bare_cloud, "counted", 1)
    invoke(bare_cloud, "counted", 0)
    bare_cloud.advance(timedelta(0))
    sums = {}
    for metric in ("Invocations", "Errors"):
        points = bare_cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": "counted"}],
            StartTime=bare_cloud.now - 600,
            EndTime=bare_cloud.now + 60,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        sums[metric] = sum(point["Sum"] for point in points)
    assert sums == {"Invocations": 2.0, "Errors": 1.0}


def test_a_function_of_another_runtime_is_refused_by_name(bare_cloud) -> None:
    function(bare_cloud, "nodes", "exports.handler = async () => 1", Runtime="nodejs22.x")
    answer = bare_cloud.client("lambda").invoke(FunctionName="nodes", Payload=b"{}")
    assert answer["FunctionError"] == "Unhandled"
    said = json.loads(answer["Payload"].read())["errorMessage"]
    assert "nodes has runtime nodejs22.x" in said
