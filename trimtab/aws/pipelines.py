"""The pipelines as they are deployed: which parameters one takes, and what each is unless it is given."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


def parameters_of(client: "SageMakerClient", pipeline: str) -> dict[str, Any] | None:
    """Return a pipeline's parameters with their default values, or None if there is no such pipeline."""
    try:
        told = client.describe_pipeline(PipelineName=pipeline)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
            raise
        return None
    definition = json.loads(told["PipelineDefinition"])
    return {one["Name"]: one.get("DefaultValue") for one in definition.get("Parameters", [])}
