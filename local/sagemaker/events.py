"""The events that SageMaker sends, field by field as EventBridge shows them.

Times: milliseconds for endpoints, models and jobs, ISO 8601 for pipelines, as in AWS's examples.
"""

import re
from datetime import UTC, datetime

from local.sagemaker.context import Context
from local.sagemaker.store import Record

PACKAGE_FIELDS = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "InferenceSpecification",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelMetrics",
    "MetadataProperties",
    "CustomerMetadataProperties",
    "ModelLifeCycle",
    "SourceUri",
)
TRAINING_FIELDS = (
    "TrainingJobName",
    "TrainingJobArn",
    "TrainingJobStatus",
    "SecondaryStatus",
    "FailureReason",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "ModelArtifacts",
    "SecondaryStatusTransitions",
    "Environment",
)
PROCESSING_FIELDS = (
    "ProcessingJobName",
    "ProcessingJobArn",
    "ProcessingJobStatus",
    "ExitMessage",
    "FailureReason",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "StoppingCondition",
    "AppSpecification",
    "Environment",
    "RoleArn",
)
TUNING_FIELDS = (
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobArn",
    "HyperParameterTuningJobConfig",
    "TrainingJobDefinition",
    "WarmStartConfig",
    "HyperParameterTuningJobStatus",
    "FailureReason",
    "TrainingJobStatusCounters",
    "ObjectiveStatusCounters",
)
TIME_FIELDS = (
    "CreationTime",
    "LastModifiedTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "ProcessingStartTime",
    "ProcessingEndTime",
    "HyperParameterTuningEndTime",
)


def model_package_changed(context: Context, package: Record) -> None:
    """Tell of a new package, or of a change of its approval or life cycle."""
    arn = package["ModelPackageArn"]
    detail = {"ModelPackageName": package["ModelPackageName"], **_picked(package, PACKAGE_FIELDS)}
    context.publish("SageMaker Model Package State Change", detail, arn)


def endpoint_changed(context: Context, endpoint: Record, tags: dict[str, str]) -> None:
    """Tell of an endpoint's new status, in upper snake case."""
    detail = {
        **_picked(endpoint, ("EndpointName", "EndpointArn", "EndpointConfigName", "FailureReason")),
        "ProductionVariants": endpoint.get("ProductionVariants", []),
        "EndpointStatus": upper_snake(endpoint["EndpointStatus"]),
        "Tags": tags,
    }
    context.publish("SageMaker Endpoint State Change", detail, endpoint["EndpointArn"])


def training_job_changed(context: Context, job: Record, tags: dict[str, str]) -> None:
    """Tell of a training job's new status."""
    detail = {**_picked(job, TRAINING_FIELDS), "Tags": tags}
    context.publish("SageMaker Training Job State Change", detail, job["TrainingJobArn"])


def processing_job_changed(context: Context, job: Record, tags: dict[str, str]) -> None:
    """Tell of a processing job's new status."""
    detail = {**_picked(job, PROCESSING_FIELDS), "Tags": tags}
    context.publish("SageMaker Processing Job State Change", detail, job["ProcessingJobArn"])


def tuning_job_changed(context: Context, job: Record, tags: dict[str, str]) -> None:
    """Tell of a tuning job's new status, with how its trials stand."""
    detail = {**_picked(job, TUNING_FIELDS), "Tags": tags}
    arn = job["HyperParameterTuningJobArn"]
    context.publish("SageMaker HyperParameter Tuning Job State Change", detail, arn)


def execution_changed(context: Context, execution: Record, previous: str | None) -> None:
    """Tell of a pipeline execution's new status, in lower camel case."""
    detail = {
        "pipelineArn": execution["PipelineArn"],
        "pipelineExecutionArn": execution["PipelineExecutionArn"],
        "pipelineExecutionDisplayName": execution["PipelineExecutionDisplayName"],
        "pipelineExecutionDescription": execution.get("PipelineExecutionDescription"),
        "currentPipelineExecutionStatus": execution["PipelineExecutionStatus"],
        "previousPipelineExecutionStatus": previous,
        "executionStartTime": iso(execution["CreationTime"]),
        "executionEndTime": iso(execution.get("EndTime")),
    }
    context.publish(
        "SageMaker Model Building Pipeline Execution Status Change",
        _set(detail),
        execution["PipelineArn"],
        execution["PipelineExecutionArn"],
    )


def step_changed(context: Context, execution: Record, step: Record, previous: str | None) -> None:
    """Tell of a pipeline step's new status, in lower camel case."""
    detail = {
        "pipelineArn": execution["PipelineArn"],
        "pipelineExecutionArn": execution["PipelineExecutionArn"],
        "stepName": step["StepName"],
        "stepType": step["Type"],
        "currentStepStatus": step["StepStatus"],
        "previousStepStatus": previous,
        "failureReason": step.get("FailureReason"),
        "stepStartTime": iso(step.get("StartTime")),
        "stepEndTime": iso(step.get("EndTime")),
        "cacheHitResult": {"sourcePipelineExecutionArn": ""},
        "metadata": {
            lower_camel(kind): _lowered(facts) for kind, facts in step["Metadata"].items()
        },
    }
    context.publish(
        "SageMaker Model Building Pipeline Execution Step Status Change",
        _set(detail),
        execution["PipelineArn"],
        execution["PipelineExecutionArn"],
    )


def upper_snake(status: str) -> str:
    """InService → IN_SERVICE."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def lower_camel(name: str) -> str:
    """TrainingJob → trainingJob."""
    return name[:1].lower() + name[1:]


def iso(at: float | None) -> str | None:
    """Return a time as AWS writes it in pipeline events."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _picked(record: Record, fields: tuple[str, ...]) -> Record:
    kept = {name: record.get(name) for name in fields}
    times = {name: round(record[name] * 1000) for name in TIME_FIELDS if record.get(name)}
    return _set({**kept, **times})


def _set(detail: Record) -> Record:
    return {name: value for name, value in detail.items() if value is not None}


def _lowered(facts: Record) -> Record:
    return {lower_camel(name): value for name, value in facts.items()}
