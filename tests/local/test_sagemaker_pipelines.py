"""Pipelines on the local SageMaker really execute: order, branches, failures, retries, stop, events."""

import json
import time

import pytest

from tests.local.sagemaker_cloud import BUCKET, RIGHTS, ROLE, TRUST, SageMakerCloud
from tests.local.sagemaker_requests import (
    SERVE,
    TRAIN,
    condition,
    definition,
    equals,
    fail,
    package,
    processing,
    step,
    training,
)

STEP = """
import json, pathlib, sys, time
report, arguments = pathlib.Path(sys.argv[1]), sys.argv[2:]
print("step with", arguments)
if "fail" in arguments:
    raise ValueError("the rows are wrong")
if "hang" in arguments:
    time.sleep(60)
(report / "report.json").write_text(json.dumps({"words": arguments, "passed": "good" in arguments, "auc": 0.75}))
"""
REPORT = [{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "report.json"}]
RUN = {
    "Std:Join": {
        "On": "",
        "Values": [f"s3://{BUCKET}/runs/", {"Get": "Execution.PipelineExecutionId"}, "/report"],
    }
}
EXECUTION_EVENT = "SageMaker Model Building Pipeline Execution Status Change"
STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"


@pytest.fixture(scope="module")
def cloud():
    cloud = SageMakerCloud()
    cloud.put_archive("code/sourcedir.tar.gz", {"train.py": TRAIN, "code/inference.py": SERVE})
    cloud.put("in/a.csv", "1,2\n")
    cloud.put("code/step.py", STEP)
    cloud.sm.create_model_package_group(ModelPackageGroupName="churn")
    yield cloud
    cloud.close()


class Pipeline:
    """A pipeline of a test, and its last execution."""

    def __init__(self, cloud, name, text, role=ROLE):
        self.cloud, self.name = cloud, name
        cloud.sm.create_pipeline(
            PipelineName=name, PipelineDefinition=text, RoleArn=role, ClientRequestToken="t" * 32
        )

    def start(self, **parameters):
        given = [{"Name": name, "Value": value} for name, value in parameters.items()]
        self.arn = self.cloud.sm.start_pipeline_execution(
            PipelineName=self.name, PipelineParameters=given
        )["PipelineExecutionArn"]
        return self

    def described(self):
        return self.cloud.sm.describe_pipeline_execution(PipelineExecutionArn=self.arn)

    def steps(self):
        found = self.cloud.sm.list_pipeline_execution_steps(
            PipelineExecutionArn=self.arn, SortOrder="Ascending"
        )
        return {item["StepName"]: item for item in found["PipelineExecutionSteps"]}

    def ended(self, seconds=30):
        deadline = time.monotonic() + seconds
        while (found := self.described())["PipelineExecutionStatus"] in ("Executing", "Stopping"):
            assert time.monotonic() < deadline, self.steps()
            time.sleep(0.05)
        return found

    def step_running(self, name, seconds=10):
        deadline = time.monotonic() + seconds
        while not self.steps().get(name, {}).get("Metadata"):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def told(cloud, detail_type, arn, count):
    """Return details of events about one execution once there are `count`."""

    def ours(events):
        return [e for e in events if e["detail"]["pipelineExecutionArn"] == arn]

    return ours(cloud.events(detail_type, lambda events: len(ours(events)) >= count))


def test_a_whole_pipeline_runs_in_order_and_registers_what_it_trained(cloud):
    model = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    evaluate = processing({"Get": "Parameters.Verdict"}, output=RUN)
    evaluate["ProcessingInputs"].append(
        {
            "InputName": "model",
            "S3Input": {
                "S3Uri": model,
                "LocalPath": "/opt/ml/processing/model",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
    )
    request = package()
    request["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] = model
    request["CustomerMetadataProperties"] = {
        "execution_id": {"Get": "Execution.PipelineExecutionId"}
    }
    passed = {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
            "Path": "passed",
        }
    }
    text = definition(
        condition(
            "Gate",
            equals(passed, True),
            then=[step("Register", "RegisterModel", request)],
            otherwise=[fail("Refused")],
        ),
        step("Evaluate", "Processing", evaluate, PropertyFiles=REPORT),
        step("Train", "Training", training()),
        parameters=[{"Name": "Verdict", "Type": "String", "DefaultValue": "good"}],
    )
    pipeline = Pipeline(cloud, "whole", text).start()
    assert pipeline.ended()["PipelineExecutionStatus"] == "Succeeded"

    steps = pipeline.steps()
    assert list(steps) == ["Train", "Evaluate", "Gate", "Register"]
    assert {item["StepStatus"] for item in steps.values()} == {"Succeeded"}
    assert steps["Train"]["EndTime"] <= steps["Evaluate"]["StartTime"]
    assert steps["Gate"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    arn = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    version = cloud.sm.describe_model_package(ModelPackageName=arn)
    identity = pipeline.arn.rsplit("/", 1)[1]
    assert version["CustomerMetadataProperties"] == {"execution_id": identity}
    assert cloud.get(version["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])
    assert json.loads(cloud.get(f"s3://{BUCKET}/runs/{identity}/report/report.json"))["words"] == [
        "good"
    ]
    given = cloud.sm.list_pipeline_parameters_for_execution(PipelineExecutionArn=pipeline.arn)
    assert given["PipelineParameters"] == [{"Name": "Verdict", "Value": "good"}]

    events = told(cloud, EXECUTION_EVENT, pipeline.arn, 2)
    assert [event["detail"]["currentPipelineExecutionStatus"] for event in events] == [
        "Executing",
        "Succeeded",
    ]
    assert events[1]["detail"]["previousPipelineExecutionStatus"] == "Executing"
    assert events[1]["resources"] == [pipeline.arn.rsplit("/execution/", 1)[0], pipeline.arn]
    ends = [e["detail"] for e in told(cloud, STEP_EVENT, pipeline.arn, 8)]
    assert [
        (d["stepName"], d["stepType"]) for d in ends if d["currentStepStatus"] == "Succeeded"
    ] == [
        ("Train", "Training"),
        ("Evaluate", "Processing"),
        ("Gate", "Condition"),
        ("Register", "RegisterModel"),
    ]

    refused = pipeline.start(Verdict="bad")
    assert refused.ended()["FailureReason"] == "Step failure: One or multiple steps failed."
    steps = refused.steps()
    assert list(steps) == ["Train", "Evaluate", "Gate", "Refused"]
    assert (steps["Refused"]["StepStatus"], steps["Refused"]["FailureReason"]) == ("Failed", "no")
    assert steps["Refused"]["Metadata"] == {"Fail": {"ErrorMessage": "no"}}


def test_a_fail_step_says_the_numbers_from_a_property_file(cloud):
    auc = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.P.PropertyFiles.Report"}, "Path": "auc"}}
    text = definition(
        step("P", "Processing", processing(output=RUN), PropertyFiles=REPORT),
        fail("Refused", {"Std:Join": {"On": " ", "Values": ["auc", auc, "< 0.9"]}}),
    )
    pipeline = Pipeline(cloud, "numbers", text).start()
    assert pipeline.ended()["PipelineExecutionStatus"] == "Failed"
    assert pipeline.steps()["Refused"]["FailureReason"] == "auc 0.75 < 0.9"


def test_a_step_that_fails_says_why_and_nothing_after_it_starts(cloud):
    text = definition(
        step("P", "Processing", processing("fail")),
        fail("After", DependsOn=["P"]),
    )
    pipeline = Pipeline(cloud, "failing", text).start()
    assert pipeline.ended()["PipelineExecutionStatus"] == "Failed"
    steps = pipeline.steps()
    assert list(steps) == ["P"]
    assert steps["P"]["FailureReason"].startswith("AlgorithmError: ")
    assert "ValueError: the rows are wrong, exit code: 1" in steps["P"]["FailureReason"]
    assert steps["P"]["AttemptCount"] == 1


def test_steps_that_do_not_wait_for_each_other_run_at_the_same_time(cloud):
    text = definition(step("A", "Processing", processing()), step("B", "Processing", processing()))
    pipeline = Pipeline(cloud, "parallel", text).start()
    pipeline.ended()
    a, b = pipeline.steps()["A"], pipeline.steps()["B"]
    assert a["StartTime"] < b["EndTime"]
    assert b["StartTime"] < a["EndTime"]


def test_one_token_starts_one_execution_and_other_parameters_with_it_are_a_conflict(cloud):
    text = definition(fail(), parameters=[{"Name": "X", "Type": "String", "DefaultValue": "1"}])
    Pipeline(cloud, "once", text)

    def start(value):
        return cloud.sm.start_pipeline_execution(
            PipelineName="once",
            ClientRequestToken="k" * 32,
            PipelineParameters=[{"Name": "X", "Value": value}],
        )["PipelineExecutionArn"]

    assert start("a") == start("a")
    with pytest.raises(cloud.sm.exceptions.ConflictException, match="other parameters"):
        start("b")
    listed = cloud.sm.list_pipeline_executions(PipelineName="once")["PipelineExecutionSummaries"]
    assert len(listed) == 1


def test_a_stopped_execution_stops_its_jobs_and_ends_as_stopped(cloud):
    text = definition(step("P", "Processing", processing("hang")), fail("After", DependsOn=["P"]))
    pipeline = Pipeline(cloud, "stopped", text).start()
    pipeline.step_running("P")
    cloud.sm.stop_pipeline_execution(PipelineExecutionArn=pipeline.arn, ClientRequestToken="s" * 32)
    assert pipeline.ended()["PipelineExecutionStatus"] == "Stopped"
    steps = pipeline.steps()
    assert {name: item["StepStatus"] for name, item in steps.items()} == {"P": "Stopped"}
    job = steps["P"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    described = cloud.sm.describe_processing_job(ProcessingJobName=job)
    assert described["ProcessingJobStatus"] == "Stopped"
    statuses = [
        event["detail"]["currentPipelineExecutionStatus"]
        for event in told(cloud, EXECUTION_EVENT, pipeline.arn, 3)
    ]
    assert statuses == ["Executing", "Stopping", "Stopped"]


def test_a_role_without_the_right_to_create_jobs_fails_its_step(cloud):
    iam = cloud.client("iam")
    iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=json.dumps(TRUST))
    rights = json.dumps(RIGHTS).replace("sagemaker:*", "sagemaker:CreateTrainingJob")
    iam.put_role_policy(RoleName="narrow", PolicyName="narrow", PolicyDocument=rights)
    role = ROLE.replace("/jobs", "/narrow")
    text = definition(step("P", "Processing", processing()))
    pipeline = Pipeline(cloud, "narrow", text, role=role).start()
    pipeline.ended()
    reason = pipeline.steps()["P"]["FailureReason"]
    assert "AccessDenied" in reason
    assert "sagemaker:CreateProcessingJob" in reason


def test_a_definition_may_lie_in_s3(cloud):
    cloud.put("definitions/p.json", definition(fail(message="from S3")))
    cloud.sm.create_pipeline(
        PipelineName="stored",
        PipelineDefinitionS3Location={"Bucket": BUCKET, "ObjectKey": "definitions/p.json"},
        RoleArn=ROLE,
        ClientRequestToken="t" * 32,
    )
    described = cloud.sm.describe_pipeline(PipelineName="stored")
    assert "from S3" in described["PipelineDefinition"]


def test_an_update_does_not_reach_what_is_under_way_and_a_wrong_one_changes_nothing(cloud):
    pipeline = Pipeline(cloud, "changing", definition(fail(message="first"))).start()
    pipeline.ended()
    cloud.sm.update_pipeline(
        PipelineName="changing", PipelineDefinition=definition(fail(message="second"))
    )
    with pytest.raises(cloud.sm.exceptions.ClientError, match="Unable to parse"):
        cloud.sm.update_pipeline(PipelineName="changing", PipelineDefinition="{")
    started_with = cloud.sm.describe_pipeline_definition_for_execution(
        PipelineExecutionArn=pipeline.arn
    )
    assert "first" in started_with["PipelineDefinition"]
    assert "second" in cloud.sm.describe_pipeline(PipelineName="changing")["PipelineDefinition"]
    cloud.sm.delete_pipeline(PipelineName="changing", ClientRequestToken="d" * 32)
    with pytest.raises(cloud.sm.exceptions.ResourceNotFound):
        cloud.sm.describe_pipeline(PipelineName="changing")
