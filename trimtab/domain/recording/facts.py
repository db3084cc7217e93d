"""What SageMaker tells of an execution: its parameters, its steps with their jobs, the trials of a sweep."""

from datetime import datetime
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.plans import Variant
from trimtab.domain.recording import prices

NOT_TOLD = ("sagemaker_", "_tuning_")
"""Begin the hyperparameters that are for the framework's container or from a tuning job, not for the model's script."""

Kind = Literal["training", "processing", "tuning"]


class MetricValue(Frozen):
    """A value of a metric that stood in a job's log: the last one, unless it is told with its step."""

    name: str
    value: float
    at: datetime
    step: NonNegativeInt = 0


class Job(Frozen):
    """One job; what SageMaker does not tell of it, or no more, is empty."""

    name: str
    kind: Kind
    image: str = ""
    instance_type: str | None = None  # None: a tuning job, whose instances are its trials'
    instances: PositiveInt = 1
    seconds: NonNegativeFloat = 0.0  # that are billed
    hyperparameters: dict[str, str] = Field(default_factory=dict)
    metrics: tuple[MetricValue, ...] = ()
    patterns: dict[str, str] = Field(default_factory=dict)  # by which the log tells its metrics
    model_uri: str | None = None
    inputs: dict[str, str] = Field(default_factory=dict)  # address of each input by its name
    usd: float | None = None  # what it costs where that is not its own seconds, as of a tuning job

    @property
    def cost_usd(self) -> float | None:
        """The estimate of what it costs; None where the price table does not have its instances."""
        own = prices.cost(self.instance_type, self.instances, self.seconds)
        return own if self.usd is None else self.usd

    @property
    def told(self) -> dict[str, str]:
        """The hyperparameters that the model's script is told."""
        return {k: v for k, v in self.hyperparameters.items() if not k.startswith(NOT_TOLD)}


class Step(Frozen):
    """One step of an execution, as far as it came."""

    name: str
    status: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""  # why it failed
    is_verdict: bool = False  # a Fail step: the check or the gate speaks
    cached: bool = False  # its result was taken from an earlier execution: it ran no job
    job: Job | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took; None until it has ended."""
        if self.started_at is None or self.ended_at is None:
            return None
        return round((self.ended_at - self.started_at).total_seconds(), 3)


class Trial(Frozen):
    """One training of a sweep."""

    job: Job
    status: str
    reason: str = ""
    started_at: datetime
    ended_at: datetime | None = None
    tuned: dict[str, str] = Field(default_factory=dict)  # the parameters that the sweep chose
    objective: MetricValue | None = None
    is_best: bool = False


class ExecutionFacts(Frozen):
    """One execution of a model's pipeline."""

    arn: str
    model: str
    variant: Variant  # which of the model's pipelines
    status: str
    started_at: datetime
    ended_at: datetime | None  # None while it runs
    request_id: str | None
    parameters: dict[str, str]
    steps: tuple[Step, ...] = ()  # in the order of their starts
    log: tuple[str, ...] = ()  # last lines of the job that failed, where they can be read

    @property
    def id(self) -> str:
        """The last part of the ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def failed_step(self) -> Step | None:
        """The step that ended it, if one failed."""
        return next((step for step in self.steps if step.status == "Failed"), None)

    @property
    def training(self) -> Job | None:
        """The job that trained the model, or searched for it."""
        jobs = [step.job for step in self.steps if step.job is not None]
        return next((job for job in jobs if job.kind in ("training", "tuning")), None)

    @property
    def instance_hours(self) -> float:
        """What AWS bills of all its jobs together, as hours of one machine."""
        jobs = [step.job for step in self.steps if step.job and not step.cached]
        return sum(job.seconds * job.instances for job in jobs) / 3600

    @property
    def cost_usd(self) -> float | None:
        """The estimate of all its jobs together; None if one of them has none."""
        costs = [step.job.cost_usd for step in self.steps if step.job and not step.cached]
        if any(one is None for one in costs):
            return None
        return round(sum(one for one in costs if one is not None), 6)

    @property
    def seconds(self) -> float | None:
        """How long it took; None until it has ended."""
        return None if self.ended_at is None else (self.ended_at - self.started_at).total_seconds()
