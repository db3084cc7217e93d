"""Training requests: which cause starts a run, which waits, and which is not reason enough.

At most one run of a model is under way. What comes meanwhile is kept and weighed when the run ends.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.endings import Ending
from trimtab.domain.model import Retraining
from trimtab.domain.plans import Plan


class CauseKind(StrEnum):
    """What makes somebody ask for a training run."""

    person = "person"
    new_data = "new_data"


class Cause(Frozen):
    """One reason to train; it is weighed once, however often it is told."""

    kind: CauseKind
    key: str  # the same for every repetition of the same cause
    actor: str
    reason: str
    dataset_version: PositiveInt | None = None  # the version that new data made
    plan: Plan = Plan.model_construct()  # what a person wishes otherwise than model.yaml says


class TrainingData(Frozen):
    """The newest dataset version, which is what a run would train on."""

    version: PositiveInt
    rows: NonNegativeInt
    new_rows: NonNegativeInt  # rows accepted since the version that was trained last
    manifest_uri: str


class Run(Frozen):
    """A training run under way."""

    request_id: str
    dataset_version: PositiveInt
    started_at: datetime
    plan: Plan = Plan.model_construct()

    def serves(self, cause: Cause, newest: int) -> bool:
        """Whether the run gives all that the cause asks for, while dataset `newest` is the newest."""
        plan = cause.plan
        if (plan.dataset_version or cause.dataset_version or newest) > self.dataset_version:
            return False
        return plan == self.plan if cause.kind is CauseKind.person else self.plan.renews


class TrainingState(Frozen):
    """What a model's next training decision depends on."""

    running: Run | None = None
    trained: NonNegativeInt = 0  # newest dataset version that a run came to a verdict on
    started_at: datetime | None = None  # when the last run was started
    waiting: tuple[Cause, ...] = ()  # causes that came during the run, one per kind


DecisionKind = Literal[
    "start",
    "wait",  # weighed again when the run under way ends
    "join",  # the run under way serves it already
    "skip",  # not reason enough
]
"""What becomes of a cause."""


class Decision(Frozen):
    """What became of a cause, why, and when that was decided."""

    kind: DecisionKind
    cause: Cause
    reason: str
    at: datetime
    dataset_version: PositiveInt  # what is trained, or would have been
    request_id: str | None = None  # of the run that was started, joined or waited for


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

    @property
    def ending(self) -> Ending | None:
        """How the run ended; None while it has not."""
        match self.phase:
            case "pending" | "running":
                return None
            case ending:
                return ending

    @property
    def parameters(self) -> dict[str, str]:
        """What the pipeline is started with; the rest has the values that the pipeline was deployed with."""
        champion = self.champion_version
        return {
            **self.plan.parameters,
            "DatasetVersion": str(self.dataset_version),
            "ManifestUri": self.manifest_uri,
            "RequestId": self.request_id,
            "ChampionVersion": "none" if champion is None else str(champion),
            "ChampionModelUri": self.champion_model_uri or "none",
        }


def request_id_at(now: datetime, chance: str) -> str:
    """Return a request's id: sorts by time, unique by chance, and is a pipeline execution's display name."""
    return f"{now:%Y%m%dT%H%M%S}-{chance[:12]}"


class Moment(Frozen):
    """When a decision is taken, and the id of the request it may make."""

    now: datetime
    request_id: str


def decide(
    cause: Cause, state: TrainingState, data: TrainingData, policy: Retraining, moment: Moment
) -> Decision:
    """Say what becomes of a cause. A person's wish is served whatever the policy says of new data."""
    if state.running is not None:
        kind, reason = _beside(cause, state.running, data)
        request_id: str | None = state.running.request_id
    elif cause.kind is CauseKind.person:
        kind, reason = "start", cause.reason
        request_id = moment.request_id
    else:
        refusal = _refusal(cause, state, data, policy, moment.now)
        kind, reason = ("skip", refusal) if refusal else ("start", _enough(state, data, policy))
        request_id = None if refusal else moment.request_id
    return Decision(
        kind=kind,
        cause=cause,
        reason=reason,
        at=moment.now,
        dataset_version=cause.plan.dataset_version or data.version,
        request_id=request_id,
    )


def decide_waiting(
    state: TrainingState, data: TrainingData, policy: Retraining, moment: Moment
) -> Decision | None:
    """Say what becomes of the causes that waited for a run to end; None if there is nothing to decide."""
    if state.running is not None or not state.waiting:
        return None
    first = min(state.waiting, key=lambda cause: list(CauseKind).index(cause.kind))
    return decide(first, state, data, policy, moment)


def after(state: TrainingState, decision: Decision) -> TrainingState:
    """Return the state once the decision on a cause is taken."""
    if decision.kind == "start" and decision.request_id is not None:
        run = Run(
            request_id=decision.request_id,
            dataset_version=decision.dataset_version,
            started_at=decision.at,
            plan=decision.cause.plan,
        )
        # A run that starts now serves everything that was asked for before it.
        return state.model_copy(
            update={"running": run, "started_at": run.started_at, "waiting": ()}
        )
    if decision.kind == "wait":
        return state.model_copy(update={"waiting": _kept(state.waiting, decision.cause)})
    return state


def after_waiting(state: TrainingState, decision: Decision) -> TrainingState:
    """Return the state once the decision on all that waited is taken."""
    return after(state, decision).model_copy(update={"waiting": ()})


def finish(state: TrainingState, request_id: str, ending: Ending) -> TrainingState:
    """Return the state once the run ended; the same state if that run is not under way."""
    run = state.running
    if run is None or run.request_id != request_id:
        return state
    trained = state.trained if ending == "error" else max(state.trained, run.dataset_version)
    return state.model_copy(update={"running": None, "trained": trained})


def _beside(cause: Cause, run: Run, data: TrainingData) -> tuple[DecisionKind, str]:
    wanted = cause.plan.dataset_version or cause.dataset_version or data.version
    if run.serves(cause, data.version):
        return "join", f"request {run.request_id} already trains dataset {run.dataset_version}"
    return "wait", (
        f"request {run.request_id} is under way on dataset {run.dataset_version}; "
        f"dataset {wanted} is weighed when it ends"
    )


def _kept(waiting: tuple[Cause, ...], cause: Cause) -> tuple[Cause, ...]:
    """What waits once `cause` waits too: one of its kind, of new data the newest, which holds the older."""
    others = tuple(one for one in waiting if one.kind is not cause.kind)
    rivals = [one for one in waiting if one.kind is cause.kind] + [cause]
    return (*others, max(rivals, key=lambda one: one.dataset_version or 0))


def _refusal(
    cause: Cause, state: TrainingState, data: TrainingData, policy: Retraining, now: datetime
) -> str | None:
    """Why new data is not reason enough, or None."""
    wanted = cause.dataset_version or data.version
    if wanted <= state.trained:
        holds = f" and holds dataset {wanted}" if wanted < state.trained else ""
        return f"dataset {state.trained} was trained already{holds}"
    # A model that was never trained has no version at all: its first data are always enough.
    if state.trained and data.new_rows < policy.minimum_new_rows:
        return (
            f"{data.new_rows:,} new rows since the last training < {policy.minimum_new_rows:,} "
            "(retraining.minimum_new_rows)"
        )
    if state.started_at is not None and now < state.started_at + policy.cool_down:
        passed = int((now - state.started_at) / timedelta(minutes=1))
        return (
            f"{passed} min since the last training was started < {policy.cool_down_minutes} min "
            "(retraining.cool_down_minutes)"
        )
    return None


def _enough(state: TrainingState, data: TrainingData, policy: Retraining) -> str:
    if not state.trained:
        return f"the first training, on all {data.rows:,} rows of dataset {data.version}"
    least = policy.minimum_new_rows
    limit = f" >= {least:,} (retraining.minimum_new_rows)" if least else ""
    return f"dataset {data.version} has {data.new_rows:,} new rows{limit}"
