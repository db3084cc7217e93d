"""Which events wake which function, and that none is lost on the way."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functions.request_training.schema import Tick, parse
from infra.constructs.functions.request_training import times_of
from infra.constructs.timetable import DUE
from pipelines import spec as pipelines_spec
from tests.infra.conftest import Template
from trimtab import names
from trimtab.domain.retraining import QuietHours, Retraining

MODEL_YAML = Path(pipelines_spec.__file__).parent / "flight_delays" / "model.yaml"


def rules(platform: Template, function: str) -> list[dict[str, Any]]:
    target = platform.function(function).id
    return [
        rule.properties
        for rule in platform.resources("AWS::Events::Rule")
        if rule.properties["Targets"][0]["Arn"]["Fn::GetAtt"][0] == target
    ]


def test_a_file_under_incoming_wakes_the_validation(platform: Template) -> None:
    told = {rule["EventPattern"]["source"][0]: rule for rule in rules(platform, "validate_dataset")}
    assert set(told) == {"aws.s3", "aws.sagemaker"}
    rule, job = told["aws.s3"], told["aws.sagemaker"]["EventPattern"]
    assert job["detail-type"] == ["SageMaker Processing Job State Change"]
    assert job["detail"] == {
        "ProcessingJobName": [{"prefix": "trimtab-dev-examine-"}],
        "ProcessingJobStatus": ["Completed", "Failed", "Stopped"],
    }
    assert "EventBusName" not in rule
    pattern = rule["EventPattern"]
    assert pattern["detail-type"] == ["Object Created"]
    assert pattern["detail"]["object"] == {"key": [{"prefix": "incoming/"}]}
    bucket = platform.function("validate_dataset").properties["Environment"]["Variables"]
    assert pattern["detail"]["bucket"] == {"name": [bucket["TRIMTAB_BUCKET"]]}


def test_new_data_and_the_end_of_a_training_wake_the_decision_to_train(platform: Template) -> None:
    (rule,) = rules(platform, "request_training")
    assert rule["EventBusName"] == {"Ref": platform.only("AWS::Events::EventBus").id}
    assert rule["EventPattern"] == {
        "source": ["trimtab"],
        "detail-type": [
            "DatasetAccepted",
            "DriftDetected",
            "QualityBreached",
            "LabelsCollected",
            "TrainingFinished",
        ],
    }


def test_the_clock_wakes_the_decision_to_train_in_each_models_time_zone(platform: Template) -> None:
    schedules = {
        each.properties["Name"]: each.properties
        for each in platform.resources("AWS::Scheduler::Schedule")
    }
    assert schedules.pop("trimtab-dev-monitoring")["ScheduleExpression"] == "rate(1 hour)"
    assert schedules.pop("trimtab-dev-rollouts")["ScheduleExpression"] == "rate(1 minute)"
    assert schedules.pop("trimtab-dev-retirements")["ScheduleExpression"] == "rate(1 hour)"
    assert schedules.keys() == {
        "trimtab-dev",
        "trimtab-dev-flight-delays-training",
    }
    function = platform.function("request_training")
    for schedule in schedules.values():
        target = schedule["Target"]
        assert target["Arn"] == {"Fn::GetAtt": [function.id, "Arn"]}
        assert "DeadLetters" in target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
        told = json.loads(target["Input"])
        assert told["detail"]["due"] == "<aws.scheduler.scheduled-time>"
    training = schedules["trimtab-dev-flight-delays-training"]
    policy = pipelines_spec.load(MODEL_YAML).retraining
    assert training["ScheduleExpression"] == policy.schedule
    assert training["ScheduleExpressionTimezone"] == policy.time_zone == "America/New_York"


def test_a_model_is_weighed_when_its_quiet_hours_end_and_never_by_the_clock_without_a_policy() -> (
    None
):
    night = Retraining(quiet_hours=QuietHours(start="22:00", end="06:05"), time_zone="Asia/Tokyo")
    [time] = times_of("prod", "m" * 32, night)
    assert (time.name, time.expression, time.zone) == (
        f"trimtab-prod-{'m' * 32}-quiet-end",
        "cron(5 6 * * ? *)",
        "Asia/Tokyo",
    )
    assert len(names.quiet_hours_end("staging", "m" * 32)) <= 64
    event = json.loads(json.dumps(time.event).replace(DUE, "2026-11-09T21:05:00Z"))
    assert parse(event) == Tick(model="m" * 32, due=datetime(2026, 11, 9, 21, 5, tzinfo=UTC))
    assert list(times_of("prod", "m", Retraining())) == []


def test_starts_and_ends_of_our_pipelines_and_changes_of_our_packages_are_recorded(
    platform: Template,
) -> None:
    by_type = {
        rule["EventPattern"]["detail-type"][0]: rule["EventPattern"]["detail"]
        for rule in rules(platform, "record_training")
    }
    ended = by_type.pop("SageMaker Model Building Pipeline Execution Status Change")
    changed = by_type.pop("SageMaker Model Package State Change")
    assert not by_type
    told = ["Executing", "Succeeded", "Failed", "Stopped", "CompletedWithFailures"]
    assert ended["currentPipelineExecutionStatus"] == told
    assert ":pipeline/trimtab-dev-" in json.dumps(ended["pipelineArn"][0]["prefix"])
    assert changed["ModelPackageGroupName"] == [{"prefix": "trimtab-dev-"}]


def test_approvals_and_settled_endpoints_wake_the_rollout(platform: Template) -> None:
    patterns = [rule["EventPattern"] for rule in rules(platform, "start_rollout")]
    assert {"source": ["trimtab"], "detail-type": ["VersionApproved"]} in patterns
    (settled,) = (p["detail"] for p in patterns if p["source"] == ["aws.sagemaker"])
    assert settled == {
        "EndpointName": [{"prefix": "trimtab-dev-"}],
        "EndpointStatus": ["IN_SERVICE", "FAILED"],
    }


def test_what_a_rule_cannot_deliver_becomes_a_dead_letter(platform: Template) -> None:
    policies = json.dumps([each.whole for each in platform.resources("AWS::SQS::QueuePolicy")])
    for rule in platform.resources("AWS::Events::Rule"):
        (target,) = rule.properties["Targets"]
        assert target["RetryPolicy"] == {
            "MaximumRetryAttempts": 185,  # the age ends them first
            "MaximumEventAgeInSeconds": 6 * 3600,
        }
        assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0].find("DeadLetters") > 0
        allowed = {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": [rule.id, "Arn"]}}}
        assert json.dumps(allowed) in policies, rule.id


def test_each_rule_may_call_its_function_and_no_other_rule_may(platform: Template) -> None:
    permissions = [each.properties for each in platform.resources("AWS::Lambda::Permission")]
    for rule in platform.resources("AWS::Events::Rule"):
        source = {"Fn::GetAtt": [rule.id, "Arn"]}
        (permission,) = (p for p in permissions if p["SourceArn"] == source)
        assert permission["FunctionName"] == rule.properties["Targets"][0]["Arn"]
        assert permission["Principal"] == "events.amazonaws.com"
    assert all("SourceArn" in permission for permission in permissions)


def test_a_champions_alarm_wakes_the_rollback_and_no_other_alarm_does(platform: Template) -> None:
    by_source = {rule["EventPattern"]["source"][0]: rule for rule in rules(platform, "roll_back")}
    alarm, settled = by_source.pop("aws.cloudwatch"), by_source.pop("aws.sagemaker")
    assert not by_source
    assert "EventBusName" not in alarm
    assert settled["EventPattern"]["detail"]["EndpointName"] == [{"prefix": "trimtab-dev-"}]
    assert alarm["EventPattern"] == {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": {
            "alarmName": [{"prefix": "trimtab-dev-champion-"}],
            "state": {"value": ["ALARM"]},
        },
    }
    names = [
        alarm.properties["AlarmName"] for alarm in platform.resources("AWS::CloudWatch::Alarm")
    ]
    acting = {name for name in names if name.startswith("trimtab-dev-champion-")}
    assert acting == {
        f"trimtab-dev-champion-{model}-{what}"
        for model in pipelines_spec.load_all(MODEL_YAML.parents[1])
        for what in ("failing", "slow")
    }


def test_captures_that_are_dropped_again_and_again_ring(platform: Template) -> None:
    [alarm] = (
        alarm.properties
        for alarm in platform.resources("AWS::CloudWatch::Alarm")
        if alarm.properties["AlarmName"] == "trimtab-dev-captures-flight-delays-dropped"
    )
    service = platform.function("inference_api").properties["Environment"]["Variables"]
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == (
        "captures_dropped",
        "Sum",
        0,
    )
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (300, 3, 2)
    assert {one["Name"]: one["Value"] for one in alarm["Dimensions"]} == {
        "model": "flight-delays",
        "service": service["POWERTOOLS_SERVICE_NAME"],
        "stage": service["TRIMTAB_STAGE"],
    }
    assert alarm["AlarmActions"]


def test_a_champions_alarms_watch_what_inference_measures_for_two_of_three_minutes(
    platform: Template,
) -> None:
    alarms = {
        alarm.properties["AlarmName"].rpartition("-")[2]: alarm.properties
        for alarm in platform.resources("AWS::CloudWatch::Alarm")
        if re.search(r"champion-flight-delays-[a-z]+$", alarm.properties["AlarmName"])
    }
    service = platform.function("inference_api").properties["Environment"]["Variables"]
    for alarm in alarms.values():
        assert alarm["Namespace"] == "Trimtab"
        assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (
            60,
            3,
            2,
        )
        assert alarm["TreatMissingData"] == "notBreaching"
        assert {one["Name"]: one["Value"] for one in alarm["Dimensions"]} == {
            "model": "flight-delays",
            "service": service["POWERTOOLS_SERVICE_NAME"],
            "stage": service["TRIMTAB_STAGE"],
        }
    failing, slow = alarms["failing"], alarms["slow"]
    assert (failing["MetricName"], failing["Statistic"], failing["Threshold"]) == (
        "failed_requests",
        "Average",
        0.05,
    )
    assert (slow["MetricName"], slow["ExtendedStatistic"], slow["Threshold"]) == (
        "latency",
        "p95",
        5000,
    )


def test_what_is_found_of_live_traffic_rings_until_a_window_says_that_it_is_over(
    platform: Template,
) -> None:
    found = {
        alarm.properties["AlarmName"]: alarm.properties
        for alarm in platform.resources("AWS::CloudWatch::Alarm")
        if alarm.properties["AlarmName"].startswith("trimtab-dev-watch-")
    }
    models = pipelines_spec.load_all(MODEL_YAML.parents[1])
    metrics = {"drift": "drift_incidents", "quality": "quality_breached"}
    assert {name: alarm["MetricName"] for name, alarm in found.items()} == {
        f"trimtab-dev-watch-{model}-{what}": metric
        for model in models
        for what, metric in metrics.items()
    }
    service = platform.function("monitor_model").properties["Environment"]["Variables"]
    alarm = found["trimtab-dev-watch-flight-delays-quality"]
    assert {one["Name"]: one["Value"] for one in alarm["Dimensions"]} == {
        "model": "flight-delays",
        "service": service["POWERTOOLS_SERVICE_NAME"],
        "stage": service["TRIMTAB_STAGE"],
    }
    assert (alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]) == (
        "Maximum",
        0,
        "GreaterThanThreshold",
    )
    assert alarm["TreatMissingData"] == "ignore", "there is a window a day, and an hour has none"
    assert alarm["AlarmActions"]
