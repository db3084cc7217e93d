"""The training pipeline of a model, as the JSON that SageMaker runs.

Prepare → Check → Train → Evaluate → Gate → Register.

Plain values in, plain values out; the same spec and wiring give the same definition. Anything in the wiring may be a
CDK token. Where SageMaker fills in a value at run time there is a `Get`, a `Std:Join` or a `Std:JsonGet`.
"""

from dataclasses import dataclass
from typing import Any

from trimtab.aws import keys
from trimtab.domain import pipeline_parameters as parameters
from trimtab.domain.model import ModelSpec

Json = dict[str, Any]

VERSION = "2020-12-01"
WORK = "/opt/ml/processing"
EXIT_MESSAGE = "/opt/ml/output/message"  # what SageMaker shows of a processing job that failed
SERVING_CODE = "/opt/ml/model/code"
THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Idle threads sleep instead of spinning: no loss on a machine of one's own, more than half the time on a busy one."""
VOLUME_GB = 30
STEP_MINUTES = 60  # Prepare and Evaluate read the data once
REPORT_STEP, REPORT, REPORT_FILE = "Evaluate", "Evaluation", "evaluation.json"
CHECK_STEP, CHECK, CHECK_FILE = "Prepare", "Check", "check.json"


@dataclass(frozen=True)
class Wiring:
    """Where a pipeline runs: names and addresses of what it uses."""

    image_uri: str  # the framework's container
    role_arn: str  # role of the jobs
    bucket: str  # data bucket
    package_group: str  # model package group that versions are registered in
    source_uri: str  # s3:// address of the model's packed code
    steps_uri: str  # s3:// address of the packed steps
    code_uri: str  # s3:// address of what git says of both
    kms_key_arn: str | None = None  # key of the data bucket; None leaves S3's own

    @property
    def steps_file(self) -> str:
        """The name the packed steps have once SageMaker has fetched them."""
        return self.steps_uri.rpartition("/")[2]


def build(spec: ModelSpec, wiring: Wiring) -> Json:
    """Return the pipeline definition of a model."""
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": _parameters(spec, wiring),
        "Steps": [
            _prepare(spec, wiring),
            _check(spec, wiring),
            # Not in the branch of Check, since SageMaker nests no conditions: it waits for Evaluate, which is.
            _gate(spec, wiring),
        ],
    }


def _parameters(spec: ModelSpec, wiring: Wiring) -> list[Json]:
    """What every execution is told, and what it may do otherwise than model.yaml says."""
    defaults = parameters.defaults(
        spec,
        source_uri=wiring.source_uri,
        image_uri=wiring.image_uri,
        code_uri=wiring.code_uri,
    )
    return [{"Name": name, "Type": "String"} for name in parameters.DECIDED] + [
        {"Name": name, "Type": "String", "DefaultValue": value} for name, value in defaults.items()
    ]


def _get(reference: str) -> Json:
    return {"Get": reference}


def _parameter(name: str) -> Json:
    return _get(f"Parameters.{name}")


def _join(*parts: Any) -> Json:
    return {"Std:Join": {"On": "", "Values": list(parts)}}


def _run_uri(spec: ModelSpec, wiring: Wiring, path: str) -> Json:
    """The address of something that this execution writes."""
    execution = "<execution>"
    before, after = keys.run_prefix(spec.name, execution).split(execution)
    return _join(
        f"s3://{wiring.bucket}/{before}", _get("Execution.PipelineExecutionId"), f"{after}{path}"
    )


def _retries(*, job: bool) -> list[Json]:
    """Service faults are tried again; what our own code did wrong is not."""
    step = {
        "ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"],
        "IntervalSeconds": 10,
        "BackoffRate": 2.0,
        "MaxAttempts": 5,
    }
    capacity = {
        "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR"],
        "IntervalSeconds": 60,
        "BackoffRate": 2.0,
        "MaxAttempts": 3,
    }
    return [step, capacity] if job else [step]


def _prepare(spec: ModelSpec, wiring: Wiring) -> Json:
    outputs = {name: f"{WORK}/{name}" for name in ("train", "evaluation", "check")}
    arguments = [
        "prepare",
        "--manifest-uri",
        _parameter(parameters.MANIFEST_URI),
        *_flags(source=f"{WORK}/source", exit_message=EXIT_MESSAGE, **outputs),
        *_whole_hyperparameters(spec),
    ]
    inputs: Json = {"source": _parameter(parameters.SOURCE_URI)}
    written = {
        name: (path, _run_uri(spec, wiring, f"prepared/{name}")) for name, path in outputs.items()
    }
    step = _processing(
        CHECK_STEP, spec, wiring, arguments=arguments, inputs=inputs, outputs=written
    )
    step["PropertyFiles"] = [
        {"PropertyFileName": CHECK, "OutputName": "check", "FilePath": CHECK_FILE}
    ]
    return step


def _whole_hyperparameters(spec: ModelSpec) -> list[Any]:
    """The hyperparameters that the check weighs against the rows, as this run has them."""
    whole = [name for name, value in spec.training.hyperparameters.items() if type(value) is int]
    told = [_join(f"{name}=", _parameter(parameters.hyperparameter(name))) for name in whole]
    return ["--set", *told] if told else []


def _check(spec: ModelSpec, wiring: Wiring) -> Json:
    """Train only what data, parameters and code that fit each other can come to."""
    refusal = _join("The check refused to train: ", _checked("sentence"))
    passed = {"Type": "Equals", "LeftValue": _checked("passed"), "RightValue": True}
    return _step(
        "Check",
        "Condition",
        {
            "Conditions": [passed],
            "IfSteps": [_train(spec, wiring), _evaluate(spec, wiring)],
            "ElseSteps": [_step("CheckRefused", "Fail", {"ErrorMessage": refusal})],
        },
    )


def _train(spec: ModelSpec, wiring: Wiring) -> Json:
    hyperparameters: Json = {
        name: _parameter(parameters.hyperparameter(name)) for name in spec.training.hyperparameters
    }
    hyperparameters |= {
        "seed": _parameter(parameters.SEED),
        "sagemaker_program": spec.training.entry_point,
        "sagemaker_submit_directory": _parameter(parameters.SOURCE_URI),
    }
    prepared = _get("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri")
    arguments: Json = {
        "AlgorithmSpecification": {
            "TrainingImage": _parameter(parameters.IMAGE_URI),
            "TrainingInputMode": "File",
        },
        "HyperParameters": hyperparameters,
        "Environment": THREADS,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "InputMode": "File",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": prepared,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "OutputDataConfig": {
            "S3OutputPath": _run_uri(spec, wiring, "model"),
            "CompressionType": "GZIP",
            **({"KmsKeyId": wiring.kms_key_arn} if wiring.kms_key_arn else {}),
        },
        "ResourceConfig": {
            "InstanceType": spec.training.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": VOLUME_GB,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": spec.training.timeout_minutes * 60},
        "RoleArn": wiring.role_arn,
    }
    return _step("Train", "Training", arguments, RetryPolicies=_retries(job=True))


def _evaluate(spec: ModelSpec, wiring: Wiring) -> Json:
    arguments = [
        "evaluate",
        "--champion-version",
        _parameter(parameters.CHAMPION_VERSION),
        "--champion-uri",
        _parameter(parameters.CHAMPION_MODEL_URI),
        *_flags(
            source=f"{WORK}/source",
            evaluation=f"{WORK}/evaluation",
            challenger=f"{WORK}/challenger",
            output=f"{WORK}/report",
            exit_message=EXIT_MESSAGE,
        ),
    ]
    rows = _get("Steps.Prepare.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri")
    inputs = {
        "source": _parameter(parameters.SOURCE_URI),
        "evaluation": rows,
        "challenger": _get("Steps.Train.ModelArtifacts.S3ModelArtifacts"),
    }
    written = {"report": (f"{WORK}/report", _run_uri(spec, wiring, "evaluation"))}
    step = _processing(
        REPORT_STEP, spec, wiring, arguments=arguments, inputs=inputs, outputs=written
    )
    step["PropertyFiles"] = [
        {"PropertyFileName": REPORT, "OutputName": "report", "FilePath": REPORT_FILE}
    ]
    return step


def _gate(spec: ModelSpec, wiring: Wiring) -> Json:
    refusal = _join("The gate refused the challenger: ", _reported("gate.sentence"))
    passed = {"Type": "Equals", "LeftValue": _reported("gate.passed"), "RightValue": True}
    return _step(
        "Gate",
        "Condition",
        {
            "Conditions": [passed],
            "IfSteps": [_register(spec, wiring, "Register", "PendingManualApproval")],
            # What was refused is kept as a version that can never serve, with its numbers.
            "ElseSteps": [
                _register(spec, wiring, "RegisterRefused", "Rejected"),
                _step(
                    "GateRefused",
                    "Fail",
                    {"ErrorMessage": refusal},
                    DependsOn=["RegisterRefused"],
                ),
            ],
        },
    )


def _reported(path: str) -> Json:
    """A value out of evaluation.json."""
    return _read_out(f"Steps.{REPORT_STEP}.PropertyFiles.{REPORT}", path)


def _checked(path: str) -> Json:
    """A value out of check.json."""
    return _read_out(f"Steps.{CHECK_STEP}.PropertyFiles.{CHECK}", path)


def _read_out(file: str, path: str) -> Json:
    return {"Std:JsonGet": {"PropertyFile": _get(file), "Path": path}}


def _register(spec: ModelSpec, wiring: Wiring, name: str, approval: str) -> Json:
    report = _run_uri(spec, wiring, f"evaluation/{REPORT_FILE}")
    container = {
        "Image": _parameter(parameters.IMAGE_URI),
        "ModelDataUrl": _get("Steps.Train.ModelArtifacts.S3ModelArtifacts"),
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": SERVING_CODE,
            **THREADS,
        },
    }
    arguments = {
        "ModelPackageGroupName": wiring.package_group,
        "ModelApprovalStatus": approval,
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
            "SupportedRealtimeInferenceInstanceTypes": [spec.training.instance_type],
            "SupportedTransformInstanceTypes": [spec.training.instance_type],
        },
        "ModelMetrics": {
            "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": report}}
        },
        "CustomerMetadataProperties": {
            "request_id": _parameter(parameters.REQUEST_ID),
            "dataset_version": _parameter(parameters.DATASET_VERSION),
            "execution_id": _get("Execution.PipelineExecutionId"),
        },
    }
    return _step(name, "RegisterModel", arguments, RetryPolicies=_retries(job=False))


def _processing(
    name: str,
    spec: ModelSpec,
    wiring: Wiring,
    *,
    arguments: list[Any],
    inputs: Json,
    outputs: dict[str, tuple[str, Json]],
) -> Json:
    script = f"{WORK}/code/{wiring.steps_file}"
    request = {
        "AppSpecification": {
            "ImageUri": _parameter(parameters.IMAGE_URI),
            "ContainerEntrypoint": ["python3", script],
            "ContainerArguments": arguments,
        },
        "Environment": THREADS,
        "ProcessingInputs": [
            _input(each, uri) for each, uri in {"code": wiring.steps_uri, **inputs}.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [_output(each, path, uri) for each, (path, uri) in outputs.items()],
            **({"KmsKeyId": wiring.kms_key_arn} if wiring.kms_key_arn else {}),
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": spec.training.instance_type,
                "VolumeSizeInGB": VOLUME_GB,
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": STEP_MINUTES * 60},
        "RoleArn": wiring.role_arn,
    }
    return _step(name, "Processing", request, RetryPolicies=_retries(job=True))


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


def _step(name: str, kind: str, arguments: Json, **more: Any) -> Json:
    return {"Name": name, "Type": kind, "Arguments": arguments, **more}


def _flags(**paths: str) -> list[str]:
    """`name=path` as the command line's `--name path`."""
    return [part for name, path in paths.items() for part in (f"--{name.replace('_', '-')}", path)]
