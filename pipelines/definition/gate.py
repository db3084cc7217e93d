"""Gate and Register: what passes waits for approval, what is refused is kept with its numbers."""

from pipelines.definition.evaluating import REPORT, REPORT_FILE, REPORT_STEP
from pipelines.definition.values import (
    THREADS,
    Json,
    get,
    join,
    parameter,
    read_out,
    retries,
    step,
)
from pipelines.definition.wiring import Pipeline
from trimtab.domain import pipeline_parameters as parameters

SERVING_CODE = "/opt/ml/model/code"


def gate(pipeline: Pipeline) -> Json:
    """Return the step that registers a challenger, or fails with the gate's sentence."""
    refusal = join("The gate refused the challenger: ", _reported("gate.sentence"))
    passed = {"Type": "Equals", "LeftValue": _reported("gate.passed"), "RightValue": True}
    failed = step("GateRefused", "Fail", {"ErrorMessage": refusal}, DependsOn=["RegisterRefused"])
    return step(
        "Gate",
        "Condition",
        {
            "Conditions": [passed],
            "IfSteps": [_register(pipeline, "Register", "PendingManualApproval")],
            # What was refused is kept as a version that can never serve, with its numbers.
            "ElseSteps": [_register(pipeline, "RegisterRefused", "Rejected"), failed],
        },
    )


def _reported(path: str) -> Json:
    """A value out of evaluation.json."""
    return read_out(f"Steps.{REPORT_STEP}.PropertyFiles.{REPORT}", path)


def _register(pipeline: Pipeline, name: str, approval: str) -> Json:
    report = pipeline.run_uri(f"evaluation/{REPORT_FILE}")
    instances = [pipeline.spec.training.instance_type]
    container = {
        "Image": parameter(parameters.IMAGE_URI),
        "ModelDataUrl": pipeline.model_uri,
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": SERVING_CODE,
            **THREADS,
        },
    }
    arguments = {
        "ModelPackageGroupName": pipeline.wiring.package_group,
        "ModelApprovalStatus": approval,
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
            "SupportedRealtimeInferenceInstanceTypes": instances,
            "SupportedTransformInstanceTypes": instances,
        },
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": report}}
        },
        "CustomerMetadataProperties": {
            "request_id": parameter(parameters.REQUEST_ID),
            "dataset_version": parameter(parameters.DATASET_VERSION),
            "execution_id": get("Execution.PipelineExecutionId"),
        },
    }
    return step(name, "RegisterModel", arguments, RetryPolicies=retries(job=False))
