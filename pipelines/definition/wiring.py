"""Where a pipeline runs, and which of a model's pipelines it is."""

from dataclasses import dataclass

from pipelines.definition.values import Json, get, join
from trimtab.aws import keys
from trimtab.domain.model import ModelSpec
from trimtab.domain.plans import Variant
from trimtab.domain.sweeps import Sweep

TRAIN_STEP, TUNE_STEP = "Train", "Tune"


@dataclass(frozen=True)
class Wiring:
    """Where a pipeline runs: names and addresses of what it uses."""

    image_uri: str  # the container of its jobs
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

    @property
    def key(self) -> Json:
        """The key of what jobs write, as a part of their output's configuration."""
        return {"KmsKeyId": self.kms_key_arn} if self.kms_key_arn else {}


@dataclass(frozen=True)
class Pipeline:
    """One of a model's pipelines: what the model is, where it runs, and whether it trains once or sweeps."""

    spec: ModelSpec
    wiring: Wiring
    variant: Variant

    @property
    def sweep(self) -> Sweep | None:
        """What this pipeline searches; None where it trains once."""
        return self.spec.training.sweep if self.variant != "train" else None

    @property
    def model_uri(self) -> Json:
        """The address of the challenger's model.tar.gz: of a sweep, the one of its best trial."""
        if self.sweep is None:
            return get(f"Steps.{TRAIN_STEP}.ModelArtifacts.S3ModelArtifacts")
        best = get(f"Steps.{TUNE_STEP}.BestTrainingJob.TrainingJobName")
        return self.run_uri("model/", best, "/output/model.tar.gz")

    def run_uri(self, path: str, *more: Json | str) -> Json:
        """Return the address of something that this execution writes."""
        execution = "<execution>"
        before, after = keys.run_prefix(self.spec.name, execution).split(execution)
        return join(
            f"s3://{self.wiring.bucket}/{before}",
            get("Execution.PipelineExecutionId"),
            f"{after}{path}",
            *more,
        )
