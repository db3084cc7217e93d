"""Every Lambda is made alike, and has what it needs to be operated."""

import json
import re
from pathlib import Path

import pytest

from tests.infra.conftest import Resource, Template

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


def reference(resource: Resource) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [resource.id, "Arn"]}


def test_every_folder_with_a_handler_is_a_lambda(platform: Template) -> None:
    handlers = {f.properties["Handler"] for f in platform.resources("AWS::Lambda::Function")}
    assert handlers == {f"functions.{name}.handler.lambda_handler" for name in FUNCTIONS}
    assert len(FUNCTIONS) >= 7


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_runs_on_arm_with_tracing_and_a_bound_on_time_and_memory(
    platform: Template, name: str
) -> None:
    function = platform.function(name).properties
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["FunctionName"] == f"trimtab-dev-{name.replace('_', '-')}"
    assert function["MemorySize"] >= 512
    assert 30 <= function["Timeout"] <= 900


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_told_where_its_data_is(platform: Template, name: str) -> None:
    variables = platform.function(name).properties["Environment"]["Variables"]
    expected = {
        "TRIMTAB_STAGE",
        "TRIMTAB_TABLE",
        "TRIMTAB_BUCKET",
        "TRIMTAB_BUS",
        "TRIMTAB_MODELS_URI",
        "POWERTOOLS_SERVICE_NAME",
        "POWERTOOLS_METRICS_NAMESPACE",
        "POWERTOOLS_LOG_LEVEL",
    }
    told = {variable for variable in variables if variable.startswith("TRIMTAB_EXAMINATION_")}
    told_alone = {"TRIMTAB_SERVING_ROLE_ARN", "TRIMTAB_CAPTURE_STREAM", "TRIMTAB_TOPIC_ARN"}
    assert set(variables) - told_alone - told == expected
    assert ("TRIMTAB_SERVING_ROLE_ARN" in variables) == (
        name in ("start_rollout", "advance_rollout", "roll_back")
    )
    assert len(told) == (4 if name == "validate_dataset" else 0)
    assert variables["POWERTOOLS_SERVICE_NAME"] == name


def test_no_two_functions_share_a_role(platform: Template) -> None:
    functions = list(platform.resources("AWS::Lambda::Function"))
    roles = {function.properties["Role"]["Fn::GetAtt"][0] for function in functions}
    assert len(roles) == len(functions)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_its_log_is_its_own_and_does_not_grow_for_ever(platform: Template, name: str) -> None:
    function = platform.function(name)
    log = function.properties["LoggingConfig"]["LogGroup"]["Ref"]
    group = platform.body["Resources"][log]["Properties"]
    assert group["LogGroupName"] == f"/aws/lambda/{function.properties['FunctionName']}"
    assert group["RetentionInDays"] == 30


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_it_gives_up_on_is_kept_and_raises_an_alarm(platform: Template, name: str) -> None:
    function = platform.function(name)
    queue_id = function.properties["DeadLetterConfig"]["TargetArn"]["Fn::GetAtt"][0]
    queue = platform.body["Resources"][queue_id]["Properties"]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    (alarm,) = (
        each.properties
        for each in platform.resources("AWS::CloudWatch::Alarm")
        if each.properties["Dimensions"][0]["Value"] == {"Fn::GetAtt": [queue_id, "QueueName"]}
    )
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (1, "notBreaching")
    assert alarm["AlarmActions"] == [{"Ref": platform.only("AWS::SNS::Topic").id}]


def test_asynchronous_events_are_retried_for_hours(platform: Template) -> None:
    configs = [each.properties for each in platform.resources("AWS::Lambda::EventInvokeConfig")]
    assert len(configs) == len(FUNCTIONS)
    assert {c["MaximumRetryAttempts"] for c in configs} == {2}
    assert {c["MaximumEventAgeInSeconds"] for c in configs} == {6 * 3600}


def test_alarms_can_publish_to_their_encrypted_topic(platform: Template, data: Template) -> None:
    assert "KmsMasterKeyId" in platform.only("AWS::SNS::Topic").properties
    policy = data.only("AWS::KMS::Key").properties["KeyPolicy"]["Statement"]
    (publishers,) = (s for s in policy if "Service" in s["Principal"])
    assert publishers["Principal"]["Service"] == "cloudwatch.amazonaws.com"


def test_the_topic_lets_alarms_in_though_its_policy_takes_the_place_of_the_default(
    platform: Template,
) -> None:
    document = platform.only("AWS::SNS::TopicPolicy").properties["PolicyDocument"]
    (allowed,) = (s for s in document["Statement"] if s["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Resource"] == {"Ref": platform.only("AWS::SNS::Topic").id}
    assert "alarm:*" in json.dumps(allowed["Condition"]["ArnLike"]["aws:SourceArn"])


def test_the_readme_counts_the_alarms_that_are_paid_for(platform: Template) -> None:
    (told,) = re.findall(r"(\d+) alarms", (ROOT / "README.md").read_text())
    assert int(told) == len(list(platform.resources("AWS::CloudWatch::Alarm")))
