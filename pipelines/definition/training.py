"""Train: the model's script, once. What it is told here, each trial of a sweep is told too."""

from typing import Any

from pipelines.definition.values import (
    THREADS,
    VOLUME_GB,
    Json,
    get,
    join,
    parameter,
    retries,
    step,
)
from pipelines.definition.wiring import TRAIN_STEP, Pipeline
from trimtab.domain import pipeline_parameters as parameters
from trimtab.domain.model import Training

CHECKPOINTS = (
    "/opt/ml/checkpoints"  # what the script leaves here is kept while it runs, and is there again
)
MINUTE = 60


def train(pipeline: Pipeline) -> Json:
    """Return the step that trains the model once."""
    arguments = {
        "AlgorithmSpecification": algorithm(pipeline),
        "HyperParameters": hyperparameters(pipeline),
        **job(pipeline),
        **_checkpoints(pipeline),
    }
    return step(TRAIN_STEP, "Training", arguments, RetryPolicies=retries(job=True))


def algorithm(pipeline: Pipeline) -> Json:
    """Return the container, and how the values of metrics are found in its log."""
    found = [
        {"Name": name, "Regex": pattern} for name, pattern in pipeline.spec.training.metrics.items()
    ]
    return {
        "TrainingImage": parameter(parameters.IMAGE_URI),
        "TrainingInputMode": "File",
        **({"MetricDefinitions": found} if found else {}),
    }


def hyperparameters(pipeline: Pipeline) -> Json:
    """Return the hyperparameters that are the same for every training of this pipeline, all of them text."""
    ranges: Any = pipeline.sweep.ranges if pipeline.sweep else ()
    told: Json = {
        name: parameter(parameters.hyperparameter(name))
        for name in pipeline.spec.training.hyperparameters
        if name not in ranges
    }
    seed = parameter(parameters.SEED)
    return told | {
        "seed": join(seed) if pipeline.sweep else seed,  # a sweep's is a number
        "sagemaker_program": pipeline.spec.training.entry_point,
        "sagemaker_submit_directory": parameter(parameters.SOURCE_URI),
    }


def job(pipeline: Pipeline) -> Json:
    """Return what a training job reads and writes, on which machine, for how long."""
    training = pipeline.spec.training
    return {
        "Environment": THREADS,
        "InputDataConfig": [_channel()],
        "OutputDataConfig": {
            "S3OutputPath": pipeline.run_uri("model"),
            "CompressionType": "GZIP",
            **pipeline.wiring.key,
        },
        "ResourceConfig": {
            "InstanceType": training.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": VOLUME_GB,
        },
        "RoleArn": pipeline.wiring.role_arn,
        **_patience(training),
    }


def _patience(training: Training) -> Json:
    """How long a job may run; on spare machines also how long it may take with all waiting for them."""
    runtime = training.timeout_minutes * MINUTE
    if training.spot is None:
        return {"StoppingCondition": {"MaxRuntimeInSeconds": runtime}}
    wait = runtime + training.spot.wait_minutes * MINUTE
    return {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": runtime, "MaxWaitTimeInSeconds": wait},
    }


def _checkpoints(pipeline: Pipeline) -> Json:
    """Where a training that lost its machine finds what it had: not for trials, which would share one place."""
    if pipeline.spec.training.spot is None:
        return {}
    uri = pipeline.run_uri("checkpoints")
    return {"CheckpointConfig": {"S3Uri": uri, "LocalPath": CHECKPOINTS}}


def _channel() -> Json:
    prepared = get("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri")
    return {
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
