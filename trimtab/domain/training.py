"""Training requests: what asks for a run, what a decision depends on and what it says, and what a run is.

At most one run of a model is under way. How a cause is decided on stands in `deciding.py`.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.endings import Ending
from trimtab.domain.pipeline_parameters import (
    CHAMPION_MODEL_URI,
    CHAMPION_VERSION,
    DATASET_VERSION,
    MANIFEST_URI,
    REQUEST_ID,
)
from trimtab.domain.plans import Plan
from trimtab.domain.spending import Spent


class CauseKind(StrEnum):
    """What asks for a training run; of several that wait, the first of these is served first."""

    person = "person"
    quality = "quality"
    drift = "drift"
    new_data = "new_data"
    schedule = "schedule"


class Cause(Frozen):
    """One reason to train; it is weighed once, however often it is told."""

    kind: CauseKind
    key: str  # the same for every repetition of the same cause
    actor: str
    reason: str
    dataset_version: PositiveInt | None = None  # the version that new data made
    plan: Plan = Plan.model_construct()  # what a person wishes otherwise than model.yaml says
    force: bool = False  # a person insists, whatever budget and quiet hours say


class TrainingData(Frozen):
    """What a run would train on: the newest dataset version, and what is new in it."""

    version: PositiveInt
    rows: NonNegativeInt
    new_rows: NonNegativeInt  # rows accepted since the version that was trained last
    new_labelled_rows: NonNegativeInt  # those of them whose target is known
    manifest_uri: str


class Facts(Frozen):
    """What a decision rests on beside the model's training state."""

    data: TrainingData | None  # None while there is no dataset version
    spent: tuple[Spent, ...] = ()  # by the runs of the budget's days


class Run(Frozen):
    """A training run under way."""

    request_id: str
    dataset_version: PositiveInt
    started_at: datetime
    plan: Plan = Plan.model_construct()
    labels: NonNegativeInt = 0  # collected when it was started

    def serves(self, cause: Cause, newest: int) -> bool:
        """Whether the run gives all that the cause asks for, while dataset `newest` is the newest."""
        plan = cause.plan
        if (plan.dataset_version or cause.dataset_version or newest) > self.dataset_version:
            return False
        return plan == self.plan if cause.kind is CauseKind.person else self.plan.renews


WaitsFor = Literal["run", "data", "labels", "cool_down", "quiet_hours", "budget"]
"""What must come, end or pass before a cause is weighed again."""


class Waiting(Frozen):
    """A cause that was weighed and is kept."""

    cause: Cause
    since: datetime
    waits_for: WaitsFor
    until: datetime | None  # None: it waits for an event, not for a time
    request_id: str | None  # of the run whose end it waits for
    reason: str


class TrainingState(Frozen):
    """What a model's next training decision depends on."""

    running: Run | None = None
    trained: NonNegativeInt = 0  # newest dataset version that a run came to a verdict on
    started_at: datetime | None = None  # when the last run that made the model anew was started
    labels: NonNegativeInt = 0  # collected so far, of predictions that were made
    labels_trained: NonNegativeInt = 0  # of those: collected when the last training began
    waiting: tuple[Waiting, ...] = ()


DecisionKind = Literal[
    "start",
    "wait",  # weighed again when what it waits for has come
    "join",  # the run under way serves it already, or it is decided together with one that waits
    "skip",  # not reason enough
]
"""What becomes of a cause."""


class Decision(Frozen):
    """What became of a cause, why, and when that was decided."""

    kind: DecisionKind
    cause: Cause
    reason: str
    at: datetime
    dataset_version: PositiveInt | None  # what is trained, or would have been
    request_id: str | None = None  # of the run that was started, joined or waited for
    policy: str | None = None  # the field of model.yaml that decided
    value: float | None = None  # what was measured against it
    limit: float | None = None  # what it says
    waits_for: WaitsFor | None = None
    until: datetime | None = None


class TrainingRequest(Frozen):
    """One training run: why it was asked for, on what, and what came of it."""

    request_id: str
    cause: CauseKind
    actor: str
    reason: str
    dataset_version: PositiveInt
    rows: NonNegativeInt
    manifest_uri: str
    champion_version: PositiveInt | None
    champion_model_uri: str | None
    requested_at: datetime
    plan: Plan = Plan.model_construct()  # how the run differs from what model.yaml says
    phase: Literal["pending", "running", "successful", "failed", "error"] = "pending"
    execution_arn: str | None = None  # None until the pipeline is known to have started
    ended_at: datetime | None = None
    verdict: str | None = None  # the sentence of how it ended
    instance_hours: NonNegativeFloat | None = None  # that AWS bills; None until they are recorded

    @property
    def ending(self) -> Ending | None:
        """How the run ended; None while it has not."""
        match self.phase:
            case "pending" | "running":
                return None
            case ending:
                return ending

    @property
    def never_started(self) -> bool:
        """Whether the request ended without a run, which SageMaker refused to start."""
        return self.ended_at is not None and self.execution_arn is None

    @property
    def parameters(self) -> dict[str, str]:
        """What the pipeline is started with; the rest has the values that the pipeline was deployed with."""
        champion = self.champion_version
        return {
            **self.plan.parameters,
            DATASET_VERSION: str(self.dataset_version),
            MANIFEST_URI: self.manifest_uri,
            REQUEST_ID: self.request_id,
            CHAMPION_VERSION: "none" if champion is None else str(champion),
            CHAMPION_MODEL_URI: self.champion_model_uri or "none",
        }

    def spent(self, now: datetime) -> Spent:
        """Return what the run has used: what AWS bills, or, while that is not known, the time since the request."""
        took = max((self.ended_at or now) - self.requested_at, timedelta())
        used = took / timedelta(hours=1) if self.instance_hours is None else self.instance_hours
        return Spent(at=self.requested_at, instance_hours=used)


def request_id_at(now: datetime, chance: str) -> str:
    """Return a request's id: sorts by time, unique by chance, and is a pipeline execution's display name."""
    return f"{now:%Y%m%dT%H%M%S}-{chance[:12]}"


class Moment(Frozen):
    """When a decision is taken, and the id of the request it may make."""

    now: datetime
    request_id: str


def finish(state: TrainingState, request_id: str, ending: Ending) -> TrainingState:
    """Return the state once the run ended; the same state if that run is not under way."""
    run = state.running
    if run is None or run.request_id != request_id:
        return state
    if ending == "error" or not run.plan.renews:  # what it was to be trained on is still new
        return state.model_copy(update={"running": None})
    return state.model_copy(
        update={
            "running": None,
            "trained": max(state.trained, run.dataset_version),
            "labels_trained": max(state.labels_trained, run.labels),
        }
    )


def told_of_labels(state: TrainingState, total: int) -> TrainingState:
    """Return the state once so many labels were collected in all; told twice or out of order they count once."""
    return state if total <= state.labels else state.model_copy(update={"labels": total})
