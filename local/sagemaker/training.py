"""Training jobs: a user's script under AWS's `sagemaker-training`, with the training container contract."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.sagemaker import events, storage
from local.sagemaker.container import Container
from local.sagemaker.errors import invalid, refuse_unknown, unsupported
from local.sagemaker.images import require_known
from local.sagemaker.jobs import (
    TIME_IS_UP,
    Jobs,
    Kind,
    Params,
    TimeIsUp,
    failure_of,
    runtime_seconds,
)
from local.sagemaker.metrics import Series, check_metrics
from local.sagemaker.store import Record

CREATE_FIELDS = frozenset(
    "TrainingJobName HyperParameters AlgorithmSpecification RoleArn InputDataConfig OutputDataConfig "
    "ResourceConfig StoppingCondition Tags Environment EnableNetworkIsolation ExperimentConfig "
    "EnableInterContainerTrafficEncryption".split()
)
ALGORITHM_FIELDS = frozenset(
    ("TrainingImage", "TrainingInputMode", "MetricDefinitions", "EnableSageMakerMetricsTimeSeries")
)
CHANNEL_FIELDS = frozenset(
    ("ChannelName", "DataSource", "ContentType", "InputMode", "CompressionType")
)
SOURCE_FIELDS = frozenset(("S3DataType", "S3Uri", "S3DataDistributionType"))
FILE_MODES = frozenset(("File", "FastFile"))
HOST = "algo-1"


@dataclass(frozen=True)
class Beginning:
    """What a job is begun with that is no part of its record."""

    series: Series
    variables: Mapping[str, str] = field(default_factory=dict)  # of its process, besides its own


class TrainingJobs(Jobs):
    """CreateTrainingJob and what follows from it."""

    kind = Kind(
        "Training",
        "training-job",
        "/aws/sagemaker/TrainingJobs",
        events.training_job_changed,
        "training",
    )

    def create(self, params: Params) -> Params:
        """CreateTrainingJob in script mode."""
        check("CreateTrainingJob", params)
        algorithm = params["AlgorithmSpecification"]
        series = Series(algorithm.get("MetricDefinitions") or [], self._context.clock.time)
        return self.begin(params, Beginning(series))

    def begin(self, params: Params, beginning: Beginning, **extra: Any) -> Params:
        """Start a job whose request is checked; `extra` are further fields of its description."""
        artifact = _artifact_uri(params)
        return self.start(
            params,
            beginning=beginning,
            StoppingCondition=params.get("StoppingCondition") or {"MaxRuntimeInSeconds": 86400},
            ModelArtifacts={"S3ModelArtifacts": artifact},
            SecondaryStatus="Starting",
            SecondaryStatusTransitions=[
                {
                    "Status": "Starting",
                    "StartTime": self._context.now(),
                    "StatusMessage": "Starting",
                }
            ],
            **extra,
        )

    def work(self, job: Record, container: Container) -> None:
        """Download the channels, run the script, upload what it made."""
        beginning: Beginning = self.beginnings[job["TrainingJobName"]]
        s3 = self._context.clients.get("s3", job["RoleArn"])
        self._enter(job, "Downloading")
        for channel in job.get("InputDataConfig") or []:
            source = channel["DataSource"]["S3DataSource"]
            storage.download(
                s3, source["S3Uri"], container.root / "input/data" / channel["ChannelName"]
            )
        _write_contract(job, container)
        self._enter(job, "Training")
        with self._store.changed:
            job["TrainingStartTime"] = self._context.now()
        outcome = container.run(
            ["train"],
            {**beginning.variables, **_variables(job, self._context.config.region)},
            seconds=runtime_seconds(job),
            group=self.kind.log_group,
            stream=f"{job['TrainingJobName']}/{HOST}-{round(self._context.now())}",
            hear=beginning.series.hear,
        )
        if told := beginning.series.final():
            self._store.update(job, FinalMetricDataList=told)
        failed = outcome.exit_code != 0 and not outcome.timed_out and not container.stopped.is_set()
        self._enter(job, "Uploading")
        self._upload(job, container, s3, with_model=not failed)
        if outcome.timed_out:
            raise TimeIsUp
        if failed:
            said = container.root / "output/failure"
            raise failure_of(outcome, said.read_text(errors="replace") if said.exists() else None)

    def ended(self, job: Record, status: str, reason: str | None) -> None:
        """Close the secondary states."""
        secondary = status
        if reason == TIME_IS_UP:
            secondary = TIME_IS_UP
        self._transit(job, secondary)
        if started := job.get("TrainingStartTime"):
            seconds = max(1, round(self._context.now() - started))
            job["TrainingTimeInSeconds"] = job["BillableTimeInSeconds"] = seconds

    def _enter(self, job: Record, secondary: str) -> None:
        with self._store.changed:
            self._transit(job, secondary)
        self.tell(job)

    def _transit(self, job: Record, secondary: str) -> None:
        now = self._context.now()
        job["SecondaryStatusTransitions"][-1].setdefault("EndTime", now)
        job["SecondaryStatusTransitions"].append(
            {"Status": secondary, "StartTime": now, "StatusMessage": secondary}
        )
        job["SecondaryStatus"], job["LastModifiedTime"] = secondary, now

    def _upload(self, job: Record, container: Container, s3: Any, *, with_model: bool) -> None:
        artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
        if with_model:
            storage.upload_archive(s3, container.root / "model", artifact)
        data = container.root / "output/data"
        if any(data.iterdir()):
            storage.upload_archive(s3, data, artifact.rsplit("/", 1)[0] + "/output.tar.gz")


def check(operation: str, params: Params) -> None:
    """Raise ValidationException for a training that cannot run here; CreateTrainingJob's fields, whoever asks."""
    refuse_unknown(operation, params, CREATE_FIELDS)
    algorithm = params.get("AlgorithmSpecification") or {}
    refuse_unknown(f"{operation} AlgorithmSpecification", algorithm, ALGORITHM_FIELDS)
    require_known(operation, algorithm.get("TrainingImage"))
    check_metrics(operation, algorithm.get("MetricDefinitions") or [])
    _check_resources(operation, params.get("ResourceConfig") or {})
    if "sagemaker_program" not in (params.get("HyperParameters") or {}):
        raise unsupported(
            operation, "an image without script mode (hyperparameter sagemaker_program)"
        )
    _check_channels(operation, params.get("InputDataConfig") or [], algorithm["TrainingInputMode"])
    storage.split(params["OutputDataConfig"]["S3OutputPath"])


def _artifact_uri(params: Params) -> str:
    root = params["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{root}/{params['TrainingJobName']}/output/model.tar.gz"


def _write_contract(job: Record, container: Container) -> None:
    """Lay out the folders and configuration files that a training container finds."""
    for folder in ("input/config", "input/data", "model", "output/data"):
        (container.root / folder).mkdir(parents=True, exist_ok=True)
    instance = (job.get("ResourceConfig") or {}).get("InstanceType", "local")
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
            **({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}),
        }
        for channel in job.get("InputDataConfig") or []
    }
    group = {
        "instance_group_name": "homogeneousCluster",
        "instance_type": instance,
        "hosts": [HOST],
    }
    files = {
        "hyperparameters.json": job.get("HyperParameters") or {},
        "inputdataconfig.json": channels,
        "resourceconfig.json": {
            "current_host": HOST,
            "current_instance_type": instance,
            "current_group_name": "homogeneousCluster",
            "hosts": [HOST],
            "instance_groups": [group],
            "network_interface_name": "lo",
        },
    }
    for name, content in files.items():
        (container.root / "input/config" / name).write_text(json.dumps(content))


def _variables(job: Record, region: str) -> dict[str, str]:
    return {
        "SAGEMAKER_TRAINING_MODULE": "training_framework:main",
        "SM_STUDIO_LOCAL_MODE": "true",  # no waiting for the name algo-1 to resolve
        "SAGEMAKER_REGION": region,
        **(job.get("Environment") or {}),
        "TRAINING_JOB_NAME": job["TrainingJobName"],
        "TRAINING_JOB_ARN": job["TrainingJobArn"],
    }


def _check_resources(operation: str, resources: Record) -> None:
    if resources.get("InstanceCount", 1) != 1 or resources.get("InstanceGroups"):
        raise unsupported(operation, "more than one instance")


def _check_channels(operation: str, channels: list[Record], default_mode: str) -> None:
    names = [channel["ChannelName"] for channel in channels]
    if len(set(names)) != len(names):
        raise invalid(f"{operation}: channel names must be unique, not {', '.join(names)}")
    for channel in channels:
        _check_channel(operation, channel, default_mode)


def _check_channel(operation: str, channel: Record, default_mode: str) -> None:
    where = f"{operation} channel {channel['ChannelName']}"
    refuse_unknown(where, channel, CHANNEL_FIELDS)
    if channel.get("CompressionType", "None") != "None":
        raise unsupported(where, "CompressionType Gzip")
    if (mode := channel.get("InputMode") or default_mode) not in FILE_MODES:
        raise unsupported(where, f"InputMode {mode}")
    source = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise unsupported(where, "a DataSource other than S3DataSource")
    refuse_unknown(where, source, SOURCE_FIELDS)
    if source["S3DataType"] != "S3Prefix":
        raise unsupported(where, f"S3DataType {source['S3DataType']}")
    if not source["S3Uri"].startswith("s3://"):
        raise invalid(f"{where}: {source['S3Uri']} is not an S3 address")
