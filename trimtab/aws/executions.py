"""Executions of the training pipelines: started for a request, asked how they ended."""

import hashlib
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from trimtab import names
from trimtab.domain.base import Frozen
from trimtab.domain.endings import FailedStep
from trimtab.domain.training import TrainingRequest

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


FOR_GOOD = ("ValidationException", "ValidationError", "ResourceNotFound")
"""What SageMaker says of a start that would be refused again; rights and quotas may change by themselves."""


class StartRefused(Exception):
    """SageMaker does not start the pipeline for this request; asking again would not help."""


class Execution(Frozen):
    """What SageMaker says of a pipeline execution."""

    arn: str
    status: str
    request_id: str | None  # None if nobody asked for it through Trimtab

    @property
    def id(self) -> str:
        """The last part of the ARN; everything the execution writes stands below it."""
        return self.arn.rpartition("/")[2]


class Executions:
    """Starts and reads executions of this stage's pipelines."""

    def __init__(self, client: "SageMakerClient", stage: str) -> None:
        self._client = client
        self._stage = stage

    def start(self, model: str, request: TrainingRequest) -> str:
        """Start the pipeline for a request and return the execution's ARN; a repetition starts no other.

        Raises StartRefused with SageMaker's sentence if it never will.
        """
        token = f"{self._stage}/{model}/{request.request_id}"
        try:
            answer = self._client.start_pipeline_execution(
                PipelineName=names.pipeline_name(self._stage, model, request.plan.variant),
                PipelineExecutionDisplayName=request.request_id,
                ClientRequestToken=hashlib.sha256(token.encode()).hexdigest(),
                PipelineParameters=[
                    {"Name": name, "Value": value} for name, value in request.parameters.items()
                ],
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in FOR_GOOD:
                raise StartRefused(error.response["Error"]["Message"]) from error
            raise
        return answer["PipelineExecutionArn"]

    def get(self, arn: str) -> Execution:
        """Return what SageMaker says of the execution now."""
        told = self._client.describe_pipeline_execution(PipelineExecutionArn=arn)
        return Execution(
            arn=arn,
            status=told["PipelineExecutionStatus"],
            request_id=told.get("PipelineExecutionDisplayName"),
        )

    def failed_step(self, arn: str) -> FailedStep | None:
        """Return the step that failed, or None. The execution's own failure reason names no cause."""
        for page in self._client.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=arn
        ):
            for step in page["PipelineExecutionSteps"]:
                if step.get("StepStatus") == "Failed":
                    said = step.get("Metadata", {}).get("Fail", {}).get("ErrorMessage", "")
                    return FailedStep(
                        name=step["StepName"],
                        reason=step.get("FailureReason") or said or "SageMaker gives no reason",
                        is_verdict="Fail" in step.get("Metadata", {}),
                    )
        return None
