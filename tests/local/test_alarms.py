"""Alarms in the running cloud: judged on the local clock, and whom they tell."""

# ruff: noqa: F811 (the fixture is imported and is an argument)

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local.bare_cloud import bare_cloud  # noqa: F401 (a fixture)
from tests.local.builders import (
    ACCOUNT,
    REGION,
    eventually,
    function,
    permit,
    queue,
    receive,
    received,
    rule,
    teller,
)

MINUTE = timedelta(minutes=1)


def changes_of(cloud: Any, name: str) -> str:
    """Return the URL of a queue that hears every change of one alarm."""
    url, arn = queue(cloud, f"changes-{name}", "events.amazonaws.com")
    detail = {"alarmName": [name]}
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": detail}
    rule(cloud, f"changes-{name}", {"Arn": arn}, EventPattern=json.dumps(pattern))
    return url


def alarm(cloud: Any, name: str, **settings: Any) -> str:
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        **{
            "Namespace": "Alarmed",
            "MetricName": name,
            "Dimensions": [{"Name": "model", "Value": "a"}],
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 0.5,
            "ComparisonOperator": "GreaterThanThreshold",
            **settings,
        },
    )
    return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"


def put(cloud: Any, name: str, *values: float, model: str = "a") -> None:
    cloud.client("cloudwatch").put_metric_data(
        Namespace="Alarmed",
        MetricData=[
            {"MetricName": name, "Dimensions": [{"Name": "model", "Value": model}], "Value": value}
            for value in values
        ],
    )


def state(cloud: Any, name: str) -> str:
    found = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    value: str = found["StateValue"]
    return value


def to_next_minute(cloud: Any) -> None:
    """Go to just after the next full minute, when the minute before is judged."""
    cloud.advance(timedelta(0))
    cloud.advance(timedelta(seconds=62 - cloud.now % 60))


def test_an_alarm_changes_once_and_tells_eventbridge_in_awss_words(bare_cloud) -> None:
    changes = changes_of(bare_cloud, "drift")
    arn = alarm(bare_cloud, "drift", AlarmDescription="The model drifts", TreatMissingData="ignore")
    to_next_minute(bare_cloud)
    put(bare_cloud, "drift", 0.9)
    assert state(bare_cloud, "drift") == "INSUFFICIENT_DATA"  # an average may still change
    to_next_minute(bare_cloud)
    event = received(bare_cloud, changes)
    assert event["source"] == "aws.cloudwatch"
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["resources"] == [arn]
    detail = event["detail"]
    assert set(detail) == {"alarmName", "state", "previousState", "configuration"}
    assert detail["alarmName"] == "drift"
    assert detail["state"]["value"] == "ALARM"
    assert detail["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert detail["previousState"]["reason"] == "Unchecked: Initial alarm creation"
    assert "[0.9] was greater than the threshold (0.5)" in detail["state"]["reason"]
    datetime.strptime(detail["state"]["timestamp"], "%Y-%m-%dT%H:%M:%S.%f%z")
    reasoned = json.loads(detail["state"]["reasonData"])
    assert (reasoned["statistic"], reasoned["period"], reasoned["threshold"]) == (
        "Average",
        60,
        0.5,
    )
    assert reasoned["recentDatapoints"] == [0.9]
    (metric,) = detail["configuration"]["metrics"]
    assert detail["configuration"]["description"] == "The model drifts"
    assert metric["returnData"] is True
    assert metric["metricStat"] == {
        "metric": {"namespace": "Alarmed", "name": "drift", "dimensions": {"model": "a"}},
        "period": 60,
        "stat": "Average",
    }
    put(bare_cloud, "drift", 0.95)
    to_next_minute(bare_cloud)
    assert receive(bare_cloud, changes, wait=1) is None  # it stays in ALARM and does not fire again


def test_another_dimension_does_not_count(bare_cloud) -> None:
    alarm(bare_cloud, "own")
    put(bare_cloud, "own", 0.9, model="b")
    to_next_minute(bare_cloud)
    assert state(bare_cloud, "own") == "INSUFFICIENT_DATA"


def test_two_of_three_need_two(bare_cloud) -> None:
    alarm(bare_cloud, "m-of-n", EvaluationPeriods=3, DatapointsToAlarm=2)
    to_next_minute(bare_cloud)
    # The first OK shows that one breach is too few: without data the alarm began at INSUFFICIENT_DATA.
    steps = [(0.9, "OK"), (0.1, "OK"), (0.9, "ALARM"), (0.1, "OK"), (0.1, "OK")]
    for value, expected in steps:
        put(bare_cloud, "m-of-n", value)
        to_next_minute(bare_cloud)
        eventually(lambda wanted=expected: state(bare_cloud, "m-of-n") == wanted)


@pytest.mark.parametrize(
    ("treatment", "ends"),
    [
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "OK"),
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
    ],
)
def test_data_that_stop_are_treated_as_the_alarm_says(bare_cloud, treatment, ends) -> None:
    name = f"stops-{treatment}"
    alarm(bare_cloud, name, TreatMissingData=treatment)
    to_next_minute(bare_cloud)
    put(bare_cloud, name, 0.1)
    to_next_minute(bare_cloud)
    eventually(lambda: state(bare_cloud, name) == "OK")
    bare_cloud.advance(10 * MINUTE)
    eventually(lambda: state(bare_cloud, name) == ends)


def test_a_percentile_is_judged(bare_cloud) -> None:
    settings = {"ExtendedStatistic": "p90", "Statistic": None, "Threshold": 100.0}
    given = {key: value for key, value in settings.items() if value is not None}
    bare_cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="slow",
        Namespace="Alarmed",
        MetricName="slow",
        Dimensions=[{"Name": "model", "Value": "a"}],
        Period=60,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        **given,
    )
    to_next_minute(bare_cloud)
    put(bare_cloud, "slow", *[10.0] * 95, *[500.0] * 5)
    to_next_minute(bare_cloud)
    eventually(lambda: state(bare_cloud, "slow") == "OK")
    put(bare_cloud, "slow", *[10.0] * 80, *[500.0] * 20)
    to_next_minute(bare_cloud)
    eventually(lambda: state(bare_cloud, "slow") == "ALARM")


def test_a_count_over_its_limit_does_not_wait_for_the_minute(bare_cloud) -> None:
    alarm(bare_cloud, "errors", Statistic="Sum", TreatMissingData="notBreaching")
    put(bare_cloud, "errors", 1.0)
    assert state(bare_cloud, "errors") == "ALARM"


def test_an_alarm_that_came_and_went_in_one_advance_has_told_both(bare_cloud) -> None:
    changes = changes_of(bare_cloud, "passing")
    alarm(bare_cloud, "passing", TreatMissingData="notBreaching")
    to_next_minute(bare_cloud)
    put(bare_cloud, "passing", 0.9)
    bare_cloud.advance(timedelta(hours=1))
    told = [received(bare_cloud, changes)["detail"] for _ in range(3)]
    assert [d["state"]["value"] for d in told] == ["OK", "ALARM", "OK"]
    stamps = [datetime.fromisoformat(d["state"]["timestamp"]) for d in told]
    assert stamps == sorted(stamps)


def test_set_alarm_state_acts_and_the_next_minute_tells_the_truth(bare_cloud) -> None:
    changes = changes_of(bare_cloud, "forced")
    alarm(bare_cloud, "forced")
    bare_cloud.client("cloudwatch").set_alarm_state(
        AlarmName="forced", StateValue="ALARM", StateReason="a drill"
    )
    detail = received(bare_cloud, changes)["detail"]
    assert (detail["state"]["value"], detail["state"]["reason"]) == ("ALARM", "a drill")
    assert "reasonData" not in detail["state"]
    bare_cloud.advance(2 * MINUTE)
    back = received(bare_cloud, changes)["detail"]
    assert back["state"]["value"] == "INSUFFICIENT_DATA"
    assert back["previousState"]["reason"] == "a drill"


def test_a_function_is_invoked_with_the_alarms_data(bare_cloud) -> None:
    acting, heard = teller(bare_cloud, "on-alarm")
    arn = alarm(bare_cloud, "acting", AlarmActions=[acting], AlarmDescription="acts")
    permit(bare_cloud, "on-alarm", "lambda.alarms.cloudwatch.amazonaws.com", arn)
    bare_cloud.client("cloudwatch").set_alarm_state(
        AlarmName="acting", StateValue="ALARM", StateReason="a drill"
    )
    event = received(bare_cloud, heard, wait=20)
    assert set(event) == {"source", "alarmArn", "accountId", "time", "region", "alarmData"}
    assert (event["source"], event["alarmArn"]) == ("aws.cloudwatch", arn)
    assert (event["accountId"], event["region"]) == (ACCOUNT, REGION)
    data = event["alarmData"]
    assert set(data) == {"alarmName", "state", "previousState", "configuration"}
    assert data["alarmName"] == "acting"
    assert data["state"]["value"] == "ALARM"
    assert data["configuration"]["metrics"][0]["metricStat"]["metric"]["name"] == "acting"


def test_a_letter_in_a_dead_letter_queue_raises_its_alarm(bare_cloud) -> None:
    url, _arn = queue(bare_cloud, "watched-letters")
    alarm(
        bare_cloud,
        "letters",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "watched-letters"}],
        Statistic="Maximum",
        Threshold=0.0,
        TreatMissingData="notBreaching",
    )
    to_next_minute(bare_cloud)
    assert state(bare_cloud, "letters") == "OK"
    bare_cloud.client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    to_next_minute(bare_cloud)
    eventually(lambda: state(bare_cloud, "letters") == "ALARM")


def test_a_failing_function_raises_the_alarm_on_its_errors(bare_cloud) -> None:
    function(bare_cloud, "erring", "def handler(event, context):\n    raise ValueError\n")
    alarm(
        bare_cloud,
        "erring",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": "erring"}],
        Statistic="Sum",
        Threshold=0.0,
        TreatMissingData="notBreaching",
    )
    bare_cloud.client("lambda").invoke(FunctionName="erring")["Payload"].read()
    eventually(lambda: state(bare_cloud, "erring") == "ALARM")


def test_a_topic_is_told_unless_actions_are_off(bare_cloud) -> None:
    url, arn = queue(bare_cloud, "alarm-topic-heard", "sns.amazonaws.com")
    sns = bare_cloud.client("sns")
    topic = sns.create_topic(Name="alarm-topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    client = bare_cloud.client("cloudwatch")
    alarm(bare_cloud, "noisy", AlarmActions=[topic])
    alarm(bare_cloud, "silent", AlarmActions=[topic], ActionsEnabled=False)
    for name in ("silent", "noisy"):
        client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    told = json.loads(received(bare_cloud, url)["Message"])
    assert (told["AlarmName"], told["NewStateValue"]) == ("noisy", "ALARM")
    assert receive(bare_cloud, url, wait=0) is None


def test_a_topic_with_a_policy_of_its_own_is_told_only_if_that_lets_cloudwatch_in(
    bare_cloud,
) -> None:
    url, arn = queue(bare_cloud, "policy-heard", "sns.amazonaws.com")
    sns = bare_cloud.client("sns")
    for name, service in (("shut", "s3.amazonaws.com"), ("open", "cloudwatch.amazonaws.com")):
        topic = sns.create_topic(Name=f"alarms-{name}")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sns:Publish",
            "Resource": topic,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        alarm(bare_cloud, f"tells-{name}", AlarmActions=[topic])
        bare_cloud.client("cloudwatch").set_alarm_state(
            AlarmName=f"tells-{name}", StateValue="ALARM", StateReason="a drill"
        )
    assert json.loads(received(bare_cloud, url)["Message"])["AlarmName"] == "tells-open"
    assert receive(bare_cloud, url, wait=0) is None


def test_history_tells_each_change_in_local_time(bare_cloud) -> None:
    alarm(bare_cloud, "remembered", Statistic="Sum", TreatMissingData="notBreaching")
    put(bare_cloud, "remembered", 1.0)
    bare_cloud.advance(timedelta(0))
    items = bare_cloud.client("cloudwatch").describe_alarm_history(
        AlarmName="remembered", HistoryItemType="StateUpdate"
    )["AlarmHistoryItems"]
    summaries = [item["HistorySummary"] for item in items]
    assert "Alarm updated from OK to ALARM" in summaries
    newest = max(item["Timestamp"] for item in items)
    assert abs(newest - datetime.fromtimestamp(bare_cloud.now, UTC)) < timedelta(seconds=90)
