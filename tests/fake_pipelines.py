"""What moto lacks of SageMaker's pipelines, faked where boto3 would call AWS: idempotent starts, endings, steps."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.hooks import BaseEventHooks

REGION, ACCOUNT = "us-east-1", "123456789012"
STARTED_AT = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)
JOBS = {  # operations that answer what a test said of a job, and the field that names it
    "DescribeTrainingJob": "TrainingJobName",
    "DescribeProcessingJob": "ProcessingJobName",
    "DescribeHyperParameterTuningJob": "HyperParameterTuningJobName",
    "ListTrainingJobsForHyperParameterTuningJob": "HyperParameterTuningJobName",
}


class FakePipelines:
    """Pipelines whose executions go on only when a test says so."""

    def __init__(self) -> None:
        self.executions: dict[str, dict[str, Any]] = {}  # by ARN
        self.steps: dict[str, list[dict[str, Any]]] = {}  # by ARN
        self.started: list[str] = []  # ARNs, one per true start
        self.calls = 0  # of StartPipelineExecution
        self.crash_after_start = False
        self.refusal: tuple[str, str] | None = None  # code and message of what a start gets
        self.jobs: dict[
            tuple[str, str], dict[str, Any]
        ] = {}  # by operation and job: what it answers
        self._tokens: dict[str, str] = {}

    def listen(self, events: BaseEventHooks) -> None:
        """Answer the calls of every client made from now on."""
        answers: dict[str, Any] = {
            "StartPipelineExecution": self._start,
            "DescribePipelineExecution": self._describe,
            "ListPipelineExecutionSteps": self._list_steps,
            "ListPipelineParametersForExecution": self._list_parameters,
        }
        for operation, answer in answers.items():
            events.register_first(f"before-call.sagemaker.{operation}", answer)
        for operation in JOBS:
            events.register_first(f"before-call.sagemaker.{operation}", self._job)

    def end(self, arn: str, status: str, *steps: dict[str, Any]) -> None:
        """Bring an execution to its end."""
        self.executions[arn]["PipelineExecutionStatus"] = status
        self.executions[arn]["LastModifiedTime"] = STARTED_AT + timedelta(minutes=5)
        self.steps[arn] = list(steps)

    def parameters(self, arn: str) -> dict[str, str]:
        """What an execution was started with."""
        given = self.executions[arn]["parameters"]
        return {one["Name"]: one["Value"] for one in given}

    def _start(self, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        self.calls += 1
        if self.refusal:
            code, message = self.refusal
            raise ClientError(
                {"Error": {"Code": code, "Message": message}}, "StartPipelineExecution"
            )
        body = _body(params)
        arn = self._tokens.get(body["ClientRequestToken"])
        if arn is None:
            number = len(self.executions) + 1
            arn = (
                f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{body['PipelineName']}"
                f"/execution/e{number:011d}"
            )
            self._tokens[body["ClientRequestToken"]] = arn
            self.started.append(arn)
            self.executions[arn] = {
                "PipelineExecutionArn": arn,
                "PipelineExecutionDisplayName": body["PipelineExecutionDisplayName"],
                "PipelineExecutionStatus": "Executing",
                "CreationTime": STARTED_AT,
                "LastModifiedTime": STARTED_AT,
                "parameters": body["PipelineParameters"],
            }
        if self.crash_after_start:
            raise ConnectionError("the function died before it heard the answer")
        return _answer({"PipelineExecutionArn": arn})

    def _describe(self, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        execution = self.executions[_body(params)["PipelineExecutionArn"]]
        told = {name: value for name, value in execution.items() if name != "parameters"}
        if told["PipelineExecutionStatus"] == "Failed":
            told["FailureReason"] = "Step failure: One or multiple steps failed."
        return _answer(told)

    def _list_parameters(
        self, params: dict[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]]:
        execution = self.executions[_body(params)["PipelineExecutionArn"]]
        return _answer({"PipelineParameters": execution["parameters"]})

    def _job(
        self, params: dict[str, Any], model: Any, **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]]:
        told = self.jobs.get((model.name, _body(params)[JOBS[model.name]]))
        if told is None:
            message = "Requested resource not found."
            raise ClientError(
                {"Error": {"Code": "ValidationException", "Message": message}}, model.name
            )
        return _answer(told)

    def _list_steps(self, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        arn = _body(params)["PipelineExecutionArn"]
        return _answer({"PipelineExecutionSteps": self.steps.get(arn, [])})


def _body(params: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(params["body"])
    return body


def _answer(parsed: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
    return AWSResponse("", 200, HTTPHeaders(), None), parsed
