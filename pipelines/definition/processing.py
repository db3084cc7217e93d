"""A processing job of ours: the packed steps in the model's own container."""

from typing import Any

from pipelines.definition.values import THREADS, VOLUME_GB, Json, parameter, retries, step
from pipelines.definition.wiring import Pipeline
from trimtab.domain import pipeline_parameters as parameters

WORK = "/opt/ml/processing"
EXIT_MESSAGE = "/opt/ml/output/message"  # what SageMaker shows of a processing job that failed
STEP_MINUTES = 60  # Prepare and Evaluate read the data once


def processing(
    name: str,
    pipeline: Pipeline,
    *,
    arguments: list[Any],
    inputs: Json,
    outputs: dict[str, tuple[str, Json]],
) -> Json:
    """Return the step that runs the steps' archive with these arguments; outputs are path and address by name."""
    wiring = pipeline.wiring
    request = {
        "AppSpecification": {
            "ImageUri": parameter(parameters.IMAGE_URI),
            "ContainerEntrypoint": ["python3", f"{WORK}/code/{wiring.steps_file}"],
            "ContainerArguments": arguments,
        },
        "Environment": THREADS,
        "ProcessingInputs": [
            _input(each, uri) for each, uri in {"code": wiring.steps_uri, **inputs}.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [_output(each, path, uri) for each, (path, uri) in outputs.items()],
            **wiring.key,
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": pipeline.spec.training.instance_type,
                "VolumeSizeInGB": VOLUME_GB,
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": STEP_MINUTES * 60},
        "RoleArn": wiring.role_arn,
    }
    return step(name, "Processing", request, RetryPolicies=retries(job=True))


def _input(name: str, uri: Any) -> Json:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{WORK}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


def _output(name: str, path: str, uri: Any) -> Json:
    return {
        "OutputName": name,
        "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"},
    }
