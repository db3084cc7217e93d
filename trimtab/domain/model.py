"""What a model is: the checked content of its `model.yaml` (read by `pipelines/spec.py`)."""

from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, StringConstraints, model_validator

from trimtab.domain.base import Frozen
from trimtab.domain.columns import ColumnName
from trimtab.domain.contract import Contract
from trimtab.domain.monitoring import Monitoring
from trimtab.domain.retraining import Retraining
from trimtab.domain.steps import Steps
from trimtab.domain.sweeps import Hyperparameter, Sweep
from trimtab.domain.windows import Window

NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ModelName = Annotated[str, StringConstraints(pattern=NAME, max_length=32)]
"""Lower-case words joined by hyphens; 32 characters leave room for the SageMaker names made from it (63 at most)."""


class Problem(StrEnum):
    """What is predicted."""

    binary = "binary"
    regression = "regression"


class Data(Frozen):
    """Where the rows of a model come from and what their columns mean."""

    target: ColumnName  # the column that is predicted
    time_column: ColumnName | None = None  # splits train from evaluation by time where there is one
    entity_key: ColumnName | None = None  # keeps an entity on one route
    window: Window = Window.model_construct()  # batches of a dataset version


InstanceType = Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$")]
"""SageMaker's names of machines: ml.family.size."""

ImageUri = Annotated[
    str,
    StringConstraints(
        pattern=r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[a-z0-9._/-]+(:[\w.-]+|@sha256:[0-9a-f]{64})$",
        max_length=255,
    ),
]
"""An image in Amazon ECR with its tag or digest: SageMaker pulls from nowhere else without a VPC."""

MetricPatterns = dict[str, Annotated[str, StringConstraints(min_length=1, max_length=500)]]
"""By the name of a metric, the regular expression whose first group is its value."""

Waivable = Literal[
    "parameters",
    "columns",
    "constant_feature",
    "copy_of_target",
    "overlapping_rows",
    "shared_entities",
]
"""What the joint check of data, parameters and code may find without refusing, where model.yaml says so."""


class Spot(Frozen):
    """Training on spare machines, which cost less and may be taken away: it then waits, and goes on by checkpoint."""

    wait_minutes: Annotated[int, Field(ge=1, le=7200)] = 60  # for machines, all waits together


class Training(Frozen):
    """How a version is made."""

    entry_point: str  # script of the model's folder, in SageMaker's script mode
    framework: Literal["sklearn", "xgboost"] = "sklearn"  # whose AWS container trains and serves
    framework_version: str | None = None  # tag of that container; none: the newest known here
    image: ImageUri | None = None  # a container of one's own in place of a framework's
    hyperparameters: dict[str, Hyperparameter] = Field(default_factory=dict)  # flags of the script
    metrics: MetricPatterns = Field(default_factory=dict)  # in the script's log: how each is found
    sweep: Sweep | None = None  # how better hyperparameters are searched, when a person asks
    instance_type: InstanceType = "ml.m5.large"  # of every job of the pipeline
    timeout_minutes: Annotated[int, Field(ge=1, le=7200)] = 60  # a job is stopped after this
    spot: Spot | None = None  # on spare machines; none: on machines that stay
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0  # for the script: a run can be repeated
    waive: tuple[
        Waivable, ...
    ] = ()  # what the check before training may find and train all the same


Metric = Literal["auc", "accuracy", "log_loss", "rmse", "mae"]


class ServingLimits(Frozen):
    """What a challenger must keep to in the image's own server, where it answers golden requests."""

    latency_ms: PositiveInt = 500  # 95 % of requests of one row are answered in less
    load_seconds: PositiveInt = 60  # from its start until it is healthy
    size_mb: PositiveInt = 500  # of model.tar.gz


class ReportOnly(Frozen):
    """For how long the gate's refusals refuse nothing, and why."""

    until: date  # the last day on which they do not
    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=200)
    ]  # told with each verdict


class Evaluation(Frozen):
    """What a challenger must show before it becomes a version."""

    metric: Metric = "auc"  # what the gate judges
    floor: float | None = None  # the metric must be at least this (a loss: at most)
    margin: Annotated[float, Field(ge=0)] = 0.01  # this much worse than the champion will do
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2  # newest rows, for evaluation
    minimum_rows: PositiveInt = 500  # fewer evaluation rows give no verdict, and no version
    slices: tuple[ColumnName, ...] = ()  # columns by whose values the challenger is judged as well
    slice_margin: Annotated[float, Field(ge=0)] = 0.05  # this much worse in a slice will do
    slice_minimum_rows: PositiveInt = 300  # fewer rows of a slice give no verdict on it
    serving: ServingLimits = ServingLimits.model_construct()  # in the image's own server
    report_only: ReportOnly | None = None  # the gate says what it would refuse, and refuses nothing


Memory = Literal[1024, 2048, 3072, 4096, 5120, 6144]
Instances = Annotated[int, Field(ge=1, le=100)]
SERVERLESS = ("memory_mb", "max_concurrency")  # what only such an endpoint has
REALTIME = ("instance_type", "instances", "most_instances", "requests_per_instance")


class Serving(Frozen):
    """Where a version answers: serverless, or on instances of its own, which are always on and never cold."""

    kind: Literal["serverless", "realtime"] = "serverless"  # serverless costs nothing while idle
    memory_mb: Memory = 2048  # of a serverless one: what SageMaker offers
    max_concurrency: Annotated[int, Field(ge=1, le=200)] = 10  # of a serverless one: at once
    instance_type: InstanceType | None = None  # of a realtime one: its machines, as ml.m5.large
    instances: Instances = 1  # of a realtime one: so many, or as few as there are at night
    most_instances: Instances | None = None  # of a realtime one: up to so many under load
    requests_per_instance: PositiveInt = 1000  # in a minute; more of them, more instances

    @model_validator(mode="after")
    def _each_kind_has_its_own_fields(self) -> Self:
        others = REALTIME if self.kind == "serverless" else SERVERLESS
        fields = type(self).model_fields
        strange = [name for name in others if getattr(self, name) != fields[name].default]
        if strange:
            raise ValueError(f"{strange[0]} is nothing that an endpoint of kind {self.kind} has")
        if self.kind == "realtime" and self.instance_type is None:
            raise ValueError("kind realtime needs an instance_type, such as ml.m5.large")
        if self.most_instances and str(self.instance_type).startswith("ml.t"):
            raise ValueError(f"{self.instance_type} is burstable, and such instances do not scale")
        if self.most_instances is not None and self.most_instances <= self.instances:
            raise ValueError(
                f"most_instances {self.most_instances} is not above instances {self.instances}"
            )
        return self


class Alarms(Frozen):
    """From when on an alarm returns the champion's traffic: it is so in two of three minutes."""

    failed_share: Annotated[float, Field(gt=0, lt=1)] = 0.05  # of requests have no usable answer
    latency_ms: PositiveInt = 5000  # 5 % of answers take longer


class Release(Frozen):
    """How an approved version gets its traffic, and when it loses it again."""

    serving: Serving = Serving.model_construct()  # the version's endpoint
    steps: Steps = Steps.model_construct()  # by which it gets the requests
    approval: Literal["auto", "manual"] = "auto"  # auto: what passes the gate may serve
    alarms: Alarms = Alarms.model_construct()  # what it must keep to as champion
    fallback: Literal["previous", "none"] = "previous"  # answers while the champion cannot
    probation_days: Annotated[int, Field(ge=1, le=365)] = 7  # an idle version keeps its endpoint
    self_approval: bool = True  # whether who asked for a training may approve the version it makes


class ModelSpec(Frozen):
    """One model: its data, contract, training, evaluation, release, monitoring and retraining policy."""

    name: ModelName  # lower-case words joined by hyphens; the folder's name with underscores
    owner: str = ""  # whom to ask
    problem: Problem = Problem.binary  # one of two, or a number is predicted
    data: Data  # what the columns mean
    contract: Contract  # what a row must look like
    training: Training  # how a version is made
    evaluation: Evaluation = Evaluation.model_construct()  # what a challenger must show
    release: Release = Release.model_construct()  # how an approved version gets its traffic
    monitoring: Monitoring = Monitoring.model_construct()  # how its live traffic is watched
    retraining: Retraining = Retraining.model_construct()  # when it is trained again

    @model_validator(mode="after")
    def _named_columns_are_in_the_contract(self) -> Self:
        for role in ("target", "time_column", "entity_key"):
            column = getattr(self.data, role)
            if column is not None and column not in self.contract.columns:
                raise ValueError(f"data.{role} {column!r} is not a column of the contract")
        if not self.features:
            raise ValueError(
                "the contract has no feature: every column is target, time or entity key"
            )
        return self

    @model_validator(mode="after")
    def _labels_have_their_time(self) -> Self:
        steps, delay = self.release.steps, self.monitoring.quality.label_delay
        if steps.waits_for_labels and steps.deadline < delay:
            raise ValueError(
                f"release.steps.deadline_minutes {steps.deadline_minutes} is over before the labels that its guardrail "
                f"loss waits for: monitoring.quality.label_delay_hours is {self.monitoring.quality.label_delay_hours}"
            )
        return self

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The columns a prediction is made from, in the contract's order."""
        roles = {self.data.target, self.data.time_column, self.data.entity_key}
        return tuple(name for name in self.contract.columns if name not in roles)
