"""Processing jobs: any command of the jobs' environment between S3 inputs and outputs."""

import json
from pathlib import Path

from local.sagemaker import events, storage
from local.sagemaker.container import Container
from local.sagemaker.errors import invalid, refuse_unknown, unsupported
from local.sagemaker.images import is_spark, require_known, spark_variables
from local.sagemaker.jobs import Jobs, Kind, Params, TimeIsUp, failure_of, runtime_seconds
from local.sagemaker.store import Record

CREATE_FIELDS = frozenset(
    "ProcessingJobName ProcessingInputs ProcessingOutputConfig ProcessingResources StoppingCondition "
    "AppSpecification Environment RoleArn Tags ExperimentConfig NetworkConfig".split()
)
NETWORK_FIELDS = frozenset(("EnableInterContainerTrafficEncryption", "EnableNetworkIsolation"))
INPUT_FIELDS = frozenset(("InputName", "S3Input"))
S3_INPUT_FIELDS = frozenset(
    "S3Uri LocalPath S3DataType S3InputMode S3DataDistributionType S3CompressionType".split()
)
OUTPUT_FIELDS = frozenset(("OutputName", "S3Output"))
HOST = "algo-1"
EXIT_MESSAGE_LENGTH = 1024


class ProcessingJobs(Jobs):
    """CreateProcessingJob and what follows from it."""

    kind = Kind(
        "Processing",
        "processing-job",
        "/aws/sagemaker/ProcessingJobs",
        events.processing_job_changed,
        "processing",
    )

    def create(self, params: Params) -> Params:
        """CreateProcessingJob."""
        refuse_unknown("CreateProcessingJob", params, CREATE_FIELDS)
        refuse_unknown("NetworkConfig", params.get("NetworkConfig") or {}, NETWORK_FIELDS)
        if params["ProcessingResources"]["ClusterConfig"].get("InstanceCount", 1) != 1:
            raise unsupported("CreateProcessingJob", "more than one instance")
        image = params["AppSpecification"]["ImageUri"]
        if is_spark(image):
            spark_variables("CreateProcessingJob", self._context.config)
        else:
            require_known("CreateProcessingJob", image)
        if not params["AppSpecification"].get("ContainerEntrypoint"):
            raise unsupported(
                "CreateProcessingJob", "an image's own entry point (no ContainerEntrypoint)"
            )
        for given in params.get("ProcessingInputs") or []:
            _check_input(given)
        for output in _outputs(params):
            _check_output(output)
        return self.start(params)

    def work(self, job: Record, container: Container) -> None:
        """Download the inputs, run the command, upload the outputs."""
        s3 = self._context.clients.get("s3", job["RoleArn"])
        for given in job.get("ProcessingInputs") or []:
            source = given["S3Input"]
            storage.download(s3, source["S3Uri"], Path(container.inside(source["LocalPath"])))
        outputs = [output["S3Output"] for output in _outputs(job)]
        for output in outputs:
            Path(container.inside(output["LocalPath"])).mkdir(parents=True, exist_ok=True)
        _write_contract(job, container)
        with self._store.changed:
            job["ProcessingStartTime"] = self._context.now()
        app = job["AppSpecification"]
        command = [*app["ContainerEntrypoint"], *(app.get("ContainerArguments") or [])]
        outcome = container.run(
            [container.inside(word) for word in command],
            {**(job.get("Environment") or {}), **self._of_image(app["ImageUri"])},
            seconds=runtime_seconds(job),
            group=self.kind.log_group,
            stream=f"{job['ProcessingJobName']}/{HOST}-{round(self._context.now())}",
        )
        said = container.root / "output/message"
        message = said.read_text(errors="replace")[:EXIT_MESSAGE_LENGTH] if said.exists() else None
        if message is not None:
            self._store.update(job, ExitMessage=message)
        if outcome.timed_out:
            raise TimeIsUp
        if outcome.exit_code != 0:
            raise failure_of(outcome, message)
        for output in outputs:
            storage.upload(s3, Path(container.inside(output["LocalPath"])), output["S3Uri"])

    def _of_image(self, image: str) -> dict[str, str]:
        """What the container of an image gives its processes beside what all get."""
        config = self._context.config
        return spark_variables("CreateProcessingJob", config) if is_spark(image) else {}


def _write_contract(job: Record, container: Container) -> None:
    """Write the configuration files that a processing container finds in /opt/ml/config."""
    folder = container.root / "config"
    for made in (folder, container.root / "output"):
        made.mkdir(parents=True, exist_ok=True)
    shown = {key: value for key, value in job.items() if not key.endswith("Time")}
    (folder / "processingjobconfig.json").write_text(json.dumps(shown))
    hosts = {"current_host": HOST, "hosts": [HOST]}
    (folder / "resourceconfig.json").write_text(json.dumps(hosts))


def _outputs(params: Params) -> list[Record]:
    return list((params.get("ProcessingOutputConfig") or {}).get("Outputs") or [])


def _check_input(given: Record) -> None:
    where = f"CreateProcessingJob input {given['InputName']}"
    refuse_unknown(where, given, INPUT_FIELDS)
    source = given.get("S3Input")
    if source is None:
        raise unsupported(where, "an input without S3Input")
    refuse_unknown(where, source, S3_INPUT_FIELDS)
    for name, expected in (
        ("S3DataType", "S3Prefix"),
        ("S3InputMode", "File"),
        ("S3CompressionType", "None"),
    ):
        if source.get(name, expected) != expected:
            raise unsupported(where, f"{name} {source[name]}")
    _check_local_path(where, source.get("LocalPath"))


def _check_output(output: Record) -> None:
    where = f"CreateProcessingJob output {output['OutputName']}"
    refuse_unknown(where, output, OUTPUT_FIELDS)
    target = output.get("S3Output")
    if target is None:
        raise unsupported(where, "an output without S3Output")
    if target["S3UploadMode"] != "EndOfJob":
        raise unsupported(where, f"S3UploadMode {target['S3UploadMode']}")
    storage.split(target["S3Uri"])
    _check_local_path(where, target.get("LocalPath"))


def _check_local_path(where: str, path: str | None) -> None:
    if path is None or not path.startswith("/opt/ml/processing") or ".." in path.split("/"):
        raise invalid(f"{where}: LocalPath {path} must lie in /opt/ml/processing")
