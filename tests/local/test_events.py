"""Events on their way: S3 → EventBridge → Lambda, SQS and SNS, with retries, dead letters and rights."""

# ruff: noqa: F811 (the fixture is imported and is an argument)

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from tests.local.bare_cloud import bare_cloud  # noqa: F401 (a fixture)
from tests.local.builders import (
    ACCOUNT,
    REGION,
    allow,
    eventually,
    function,
    permit,
    queue,
    receive,
    received,
    role,
    rule,
    teller,
)

EVENTS = "events.amazonaws.com"
FAIL = "def handler(event, context):\n    raise ValueError('never')\n"
KEY = "incoming/flight delays/a+b é%2B1.csv"


@pytest.fixture(scope="module")
def bucket(bare_cloud) -> str:
    s3 = bare_cloud.client("s3")
    s3.create_bucket(Bucket="events-data")
    s3.put_bucket_versioning(Bucket="events-data", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket="events-data", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    return "events-data"


def created_under(bucket: str, prefix: str) -> str:
    detail = {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": prefix}]}}
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}
    return json.dumps(pattern)


def failed_three_times(cloud: Any, name: str, steps: int) -> None:
    """Let a failing function be tried again, minute by minute."""
    logs = cloud.client("logs")

    def attempts() -> int:
        try:
            found = logs.filter_log_events(
                logGroupName=f"/aws/lambda/{name}", filterPattern='"REPORT RequestId"'
            )
        except logs.exceptions.ResourceNotFoundException:
            return 0
        return len(found["events"])

    eventually(lambda: attempts() == 1)
    for number in range(1, steps + 1):
        cloud.advance(timedelta(seconds=59 if number == 1 else 119))
        assert attempts() == number
        cloud.advance(timedelta(seconds=2))
        eventually(lambda tries=number + 1: attempts() == tries)  # type: ignore[misc]


def test_an_object_in_s3_reaches_a_function_with_awss_own_payload(bare_cloud, bucket) -> None:
    arn, heard = teller(bare_cloud, "on-object")
    made = rule(
        bare_cloud, "objects", {"Arn": arn}, EventPattern=created_under(bucket, "incoming/")
    )
    permit(bare_cloud, "on-object", EVENTS, made)
    put = bare_cloud.client("s3").put_object(Bucket=bucket, Key=KEY, Body=b"a,b\n1,2\n")
    event = received(bare_cloud, heard)
    identity, moment = event.pop("id"), event.pop("time")
    detail = event.pop("detail")
    assert re.fullmatch(r"[0-9a-f-]{36}", identity)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment)
    assert event == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "region": REGION,
        "resources": [f"arn:aws:s3:::{bucket}"],
    }
    stored = detail.pop("object")
    assert re.fullmatch(r"[0-9A-F]{16,}", stored.pop("sequencer"))
    assert stored == {
        "key": KEY,  # raw: not URL-encoded
        "size": 8,
        "etag": put["ETag"].strip('"'),
        "version-id": put["VersionId"],
    }
    assert re.fullmatch(r"\S+", detail.pop("request-id"))
    assert detail.pop("source-ip-address") == "127.0.0.1"
    assert detail.pop("requester") == ACCOUNT
    assert detail == {"version": "0", "bucket": {"name": bucket}, "reason": "PutObject"}


def test_copies_and_multipart_uploads_tell_their_reason_once(bare_cloud, bucket) -> None:
    url, arn = queue(bare_cloud, "reasons", EVENTS)
    rule(bare_cloud, "reasons", {"Arn": arn}, EventPattern=created_under(bucket, "reason/"))
    s3 = bare_cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="reason/a", Body=b"a")
    source = {"Bucket": bucket, "Key": "reason/a"}
    s3.copy_object(Bucket=bucket, Key="reason/b", CopySource=source)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="reason/c")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="reason/c", UploadId=upload, PartNumber=1, Body=b"c")
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="reason/c",
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )
    told = [received(bare_cloud, url)["detail"] for _ in range(3)]
    assert [d["reason"] for d in told] == ["PutObject", "CopyObject", "CompleteMultipartUpload"]
    sequence = [d["object"]["sequencer"] for d in told]
    assert sequence == sorted(sequence)
    assert receive(bare_cloud, url, wait=0) is None


def test_a_hundred_objects_at_once_are_all_processed(bare_cloud, bucket) -> None:
    arn, heard = teller(bare_cloud, "on-many")
    made = rule(bare_cloud, "many", {"Arn": arn}, EventPattern=created_under(bucket, "many/"))
    permit(bare_cloud, "on-many", EVENTS, made)
    s3 = bare_cloud.client("s3")
    for number in range(100):
        s3.put_object(Bucket=bucket, Key=f"many/{number}", Body=b"x")
    keys = {received(bare_cloud, heard)["detail"]["object"]["key"] for _ in range(100)}
    assert keys == {f"many/{number}" for number in range(100)}


def test_a_failing_event_is_tried_after_one_and_two_minutes_then_goes_to_the_dead_letters(
    bare_cloud, bucket
) -> None:
    url, letters = queue(bare_cloud, "letters")
    arn = function(
        bare_cloud,
        "failing",
        FAIL,
        allow("sqs:SendMessage", letters),
        DeadLetterConfig={"TargetArn": letters},
    )
    made = rule(bare_cloud, "failing", {"Arn": arn}, EventPattern=created_under(bucket, "fail/"))
    permit(bare_cloud, "failing", EVENTS, made)
    bare_cloud.client("s3").put_object(Bucket=bucket, Key="fail/1", Body=b"x")
    failed_three_times(bare_cloud, "failing", steps=2)
    letter = receive(bare_cloud, url)
    assert letter is not None
    assert json.loads(letter["Body"])["detail"]["object"]["key"] == "fail/1"
    attributes = {name: a["StringValue"] for name, a in letter["MessageAttributes"].items()}
    assert attributes["ErrorMessage"] == "never"
    assert attributes["ErrorCode"] == "200"
    assert re.fullmatch(r"[0-9a-f-]{36}", attributes["RequestID"])


def test_the_on_failure_destination_gets_awss_record(bare_cloud) -> None:
    url, destination = queue(bare_cloud, "records")
    arn = function(bare_cloud, "recorded", FAIL, allow("sqs:SendMessage", destination))
    client = bare_cloud.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName="recorded",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": destination}},
    )
    answer = client.invoke(FunctionName="recorded", InvocationType="Event", Payload=b'{"a": 1}')
    assert answer["StatusCode"] == 202
    record = received(bare_cloud, url)
    assert record["requestPayload"] == {"a": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestContext"]["functionArn"] == f"{arn}:$LATEST"
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_a_function_without_the_right_to_its_dead_letter_queue_loses_the_event_countably(
    bare_cloud,
) -> None:
    url, letters = queue(bare_cloud, "forbidden-letters")
    function(bare_cloud, "rightless", FAIL, DeadLetterConfig={"TargetArn": letters})
    client = bare_cloud.client("lambda")
    client.put_function_event_invoke_config(FunctionName="rightless", MaximumRetryAttempts=0)
    client.invoke(FunctionName="rightless", InvocationType="Event", Payload=b"{}")
    cloudwatch = bare_cloud.client("cloudwatch")
    eventually(
        lambda: cloudwatch.list_metrics(Namespace="AWS/Lambda", MetricName="DeadLetterErrors")[
            "Metrics"
        ]
    )
    assert receive(bare_cloud, url, wait=0) is None


def test_a_rule_without_permission_sends_its_event_to_the_rules_dead_letters(
    bare_cloud, bucket
) -> None:
    arn, heard = teller(bare_cloud, "closed")
    url, letters = queue(bare_cloud, "rule-letters", EVENTS)
    target = {"Arn": arn, "DeadLetterConfig": {"Arn": letters}}
    made = rule(bare_cloud, "closed", target, EventPattern=created_under(bucket, "closed/"))
    bare_cloud.client("s3").put_object(Bucket=bucket, Key="closed/1", Body=b"x")
    letter = receive(bare_cloud, url)
    assert letter is not None
    attributes = {name: a["StringValue"] for name, a in letter["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert attributes["RULE_ARN"] == made
    assert attributes["TARGET_ARN"] == arn
    assert receive(bare_cloud, heard, wait=0) is None


def test_a_queue_that_does_not_let_eventbridge_in_gets_nothing(bare_cloud, bucket) -> None:
    shut, shut_arn = queue(bare_cloud, "shut")
    letters, letters_arn = queue(bare_cloud, "shut-letters", EVENTS)
    target = {"Arn": shut_arn, "DeadLetterConfig": {"Arn": letters_arn}}
    rule(bare_cloud, "shut", target, EventPattern=created_under(bucket, "shut/"))
    bare_cloud.client("s3").put_object(Bucket=bucket, Key="shut/1", Body=b"x")
    assert received(bare_cloud, letters)["detail"]["object"]["key"] == "shut/1"
    assert receive(bare_cloud, shut, wait=0) is None


def test_a_topic_reaches_a_function_as_awss_record(bare_cloud) -> None:
    arn, heard = teller(bare_cloud, "subscribed")
    sns = bare_cloud.client("sns")
    topic = sns.create_topic(Name="told")["TopicArn"]
    permit(bare_cloud, "subscribed", "sns.amazonaws.com", topic)
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="hello", Subject="s")
    record = received(bare_cloud, heard)["Records"][0]
    assert record["EventSource"] == "aws:sns"
    assert record["Sns"]["TopicArn"] == topic
    assert record["Sns"]["Message"] == "hello"


def test_a_queue_feeds_a_function_and_redrives_what_fails(bare_cloud) -> None:
    sqs = bare_cloud.client("sqs")
    letters, letters_arn = queue(bare_cloud, "feed-letters")
    url, arn = queue(bare_cloud, "feed")
    redrive = json.dumps({"deadLetterTargetArn": letters_arn, "maxReceiveCount": 1})
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "1"}
    )
    rights = allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], arn)
    function(bare_cloud, "fed", FAIL, rights, Timeout=1)
    bare_cloud.client("lambda").create_event_source_mapping(FunctionName="fed", EventSourceArn=arn)
    sqs.send_message(QueueUrl=url, MessageBody='{"n": 1}')
    assert received(bare_cloud, letters, wait=15) == {"n": 1}


def test_services_of_others_cannot_be_impersonated_on_the_bus(bare_cloud) -> None:
    entry = {"Source": "aws.s3", "DetailType": "Object Created", "Detail": "{}"}
    answer = bare_cloud.client("events").put_events(Entries=[entry])
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_a_rate_fires_when_its_time_comes(bare_cloud) -> None:
    url, arn = queue(bare_cloud, "each-hour", EVENTS)
    made = rule(bare_cloud, "each-hour", {"Arn": arn}, ScheduleExpression="rate(1 hour)")
    bare_cloud.advance(timedelta(minutes=59))
    assert receive(bare_cloud, url, wait=0) is None
    bare_cloud.advance(timedelta(minutes=2))
    event = received(bare_cloud, url)
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert event["resources"] == [made]
    assert event["detail"] == {}
    bare_cloud.client("events").disable_rule(Name="each-hour")


def test_several_periods_skipped_at_once_fire_once_for_the_last(bare_cloud) -> None:
    url, arn = queue(bare_cloud, "each-ten", EVENTS)
    rule(bare_cloud, "each-ten", {"Arn": arn}, ScheduleExpression="rate(10 minutes)")
    bare_cloud.advance(timedelta(minutes=35))
    fired = received(bare_cloud, url)["time"]
    assert receive(bare_cloud, url, wait=1) is None
    bare_cloud.advance(timedelta(minutes=6))  # the grid is kept: 40 minutes after the rule was made
    again = received(bare_cloud, url)["time"]
    assert seconds_between(fired, again) == 600
    bare_cloud.client("events").disable_rule(Name="each-ten")


def test_a_cron_rule_fires_at_its_minute_even_if_made_just_now(bare_cloud) -> None:
    url, arn = queue(bare_cloud, "at-quarter", EVENTS)
    rule(bare_cloud, "at-quarter", {"Arn": arn}, ScheduleExpression="cron(15 * * * ? *)")
    bare_cloud.advance(timedelta(hours=1))
    assert received(bare_cloud, url)["time"][14:] == "15:00Z"
    bare_cloud.client("events").disable_rule(Name="at-quarter")


@pytest.fixture(scope="module")
def schedule_role(bare_cloud) -> str:
    return role(
        bare_cloud,
        "scheduler",
        allow("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:scheduled*"),
        service="scheduler.amazonaws.com",
    )


def schedule(
    cloud: Any, name: str, expression: str, target: dict[str, Any], **settings: Any
) -> str:
    made = cloud.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
        **settings,
    )
    arn: str = made["ScheduleArn"]
    return arn


def test_a_one_time_schedule_fires_in_its_time_zone_and_is_gone(bare_cloud, schedule_role) -> None:
    url, arn = queue(bare_cloud, "scheduled-once")
    bare_cloud.advance(timedelta(0))
    from datetime import datetime
    from zoneinfo import ZoneInfo

    due = datetime.fromtimestamp(bare_cloud.now + 7200, ZoneInfo("Asia/Tokyo"))
    made = schedule(
        bare_cloud,
        "once",
        f"at({due:%Y-%m-%dT%H:%M:%S})",
        {
            "Arn": arn,
            "RoleArn": schedule_role,
            "Input": '{"at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>"}',
        },
        ScheduleExpressionTimezone="Asia/Tokyo",
        ActionAfterCompletion="DELETE",
    )
    bare_cloud.advance(timedelta(minutes=119))
    assert receive(bare_cloud, url, wait=0) is None
    bare_cloud.advance(timedelta(minutes=2))
    told = received(bare_cloud, url)
    assert told == {
        "at": due.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": made,
    }
    names = [s["Name"] for s in bare_cloud.client("scheduler").list_schedules()["Schedules"]]
    assert "once" not in names


def test_a_schedule_acts_with_its_roles_rights_only(bare_cloud, schedule_role) -> None:
    forbidden, forbidden_arn = queue(bare_cloud, "not-for-the-scheduler")
    letters, letters_arn = queue(bare_cloud, "scheduled-letters")
    target = {
        "Arn": forbidden_arn,
        "RoleArn": schedule_role,
        "DeadLetterConfig": {"Arn": letters_arn},
    }
    schedule(bare_cloud, "forbidden", "rate(5 minutes)", target)
    bare_cloud.advance(timedelta(minutes=6))
    event = received(bare_cloud, letters)
    assert event["source"] == "aws.scheduler"
    assert event["detail"] == "{}"
    assert receive(bare_cloud, forbidden, wait=0) is None
    bare_cloud.client("scheduler").delete_schedule(Name="forbidden")


def seconds_between(first: str, second: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()
