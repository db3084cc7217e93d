"""Bodies and answers of the HTTP API that are nothing but that; all others are values of the domain."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, NonNegativeInt, PositiveInt, StringConstraints

from trimtab.api.queries import Moment
from trimtab.domain.base import Frozen
from trimtab.domain.datasets import MODEL_LENGTH, Batch
from trimtab.domain.drift.mutes import Muted
from trimtab.domain.drift.report import Cause
from trimtab.domain.ideas import RUNS_MOST, Alike, Idea
from trimtab.domain.plans import Plan, Purpose
from trimtab.domain.preview import Replayed
from trimtab.domain.quality.wanted import Wanted
from trimtab.domain.recording.reruns import Wish
from trimtab.domain.rollouts import Rollout
from trimtab.domain.routing import Route
from trimtab.domain.steps import Share, Steps, Weight
from trimtab.domain.training import CauseKind, DecisionKind, Waiting, WaitsFor
from trimtab.domain.versions import VersionStatus

LABELS_MOST = 2000  # of a request; more come as a file
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Reasoned(Frozen):
    """The body of everything that a person asks for: why."""

    reason: Reason


class TrainingWish(Reasoned):
    """Why a run is wanted, and how it differs from what model.yaml says."""

    plan: Plan = Plan.model_construct()
    force: bool = False  # even in quiet hours, and over the budget


class Approval(Reasoned):
    """Why a version may serve, and until when it must have begun to."""

    expires_at: Moment | None = None  # of the approval; a version that serves goes on


class RolloutPreviewWish(Frozen):
    """How a policy of steps would differ from the model's; what is not said stays as model.yaml has it."""

    weights: tuple[Weight, ...] | None = None
    bake_minutes: PositiveInt | None = None
    deadline_minutes: PositiveInt | None = None
    minimum_requests: PositiveInt | None = None
    alpha: Share | None = None


class RolloutPreview(Frozen):
    """What a policy would have made of past releases."""

    model: str
    steps: Steps  # the policy
    releases: tuple[Replayed, ...]  # the newest 20 that took steps and have ended
    sentence: str


class DriftAcceptance(Reasoned):
    """Which live traffic is usual from now on."""

    start: AwareDatetime | None = None  # windows from then on; none: 28 days before the end
    end: AwareDatetime | None = None  # windows that are over by then; none: all that are judged


class DriftUnmute(Reasoned):
    """What is to be told again; it must say exactly what the mute did."""

    columns: tuple[str, ...] = ()  # features; none: all that drift is asked of
    kind: Cause | None = None  # of what: data, prediction, or feed; none: of all


class DriftMute(DriftUnmute):
    """What nobody wants to be told for a while."""

    until: AwareDatetime


class DriftMuteList(Frozen):
    """What is muted now."""

    items: tuple[Muted, ...]  # the newest first


class Label(Frozen):
    """What became true of one row of a request."""

    inference_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]  # of the request
    row: NonNegativeInt = 0  # of the request's rows; 0 is the first
    label: bool | float  # the target's value; 0 or 1 where one of two is predicted
    observed_at: AwareDatetime | None = None  # when it was so; none: when it came
    predicted_at: Moment | None = (
        None  # its day finds a prediction whose id the caller chose sooner
    )


class LabelsWish(Frozen):
    """Labels of predictions that were made."""

    labels: Annotated[tuple[Label, ...], Field(min_length=1, max_length=LABELS_MOST)]


class RollBackRequest(Reasoned):
    """Why, and from which version if the caller wants to be sure."""

    from_version: PositiveInt | None = None  # the champion the caller believes in


class RollBackAnswer(Frozen):
    """Where the traffic is now."""

    model: str
    version: int
    from_version: int
    endpoint_name: str
    changed: bool  # False: an earlier request had already done it, or it waits
    waits: bool = (
        False  # for the endpoint of `version` to be made again; the traffic has not moved yet
    )
    at: str
    sentence: str


class RolloutAnswer(Frozen):
    """How a rollout stands, after what was said about it."""

    model: str
    changed: bool  # False: it was so already
    rollout: Rollout
    sentence: str


class Asked(Frozen):
    """What was asked of SageMaker's registry, whose event then changes the version."""

    model: str
    version: int
    status: VersionStatus  # until the event comes
    asked: str
    actor: str
    reason: str
    expires_at: datetime | None = None  # of an approval


class BatchFile(Batch):
    """One batch of a dataset version, and where to fetch exactly its bytes."""

    url: str  # of that version of the object; good for fifteen minutes


class TrainingAnswer(Frozen):
    """What was decided on a wish for a training run."""

    decision: DecisionKind
    reason: str
    request_id: str | None
    dataset_version: int | None
    waits_for: WaitsFor | None  # where the decision is to wait
    until: datetime | None


class Rerun(Frozen):
    """How the run that repeats another is to differ from it, and why it is asked for."""

    wish: Wish = Wish.model_construct()
    reason: Reason | None = None
    force: bool = False  # whatever budget and quiet hours say


class RerunAnswer(TrainingAnswer):
    """What was decided on a wish to run a run again."""

    model: str
    origin_run_id: str
    purpose: Purpose
    parameters: dict[str, str]  # that the pipeline is given


class Prediction(Frozen):
    """What a version predicts."""

    predictions: list[Any]
    model: str
    version: int
    inference_id: str
    fallback_from: int | None  # the version that should have answered, if another one did


class Served(Frozen):
    """Where an alias points."""

    version: int
    endpoint_name: str
    since: datetime
    actor: str
    reason: str


class TrainingSummary(Frozen):
    """The newest training request, and what waits for its end."""

    request_id: str
    cause: CauseKind
    actor: str
    reason: str
    dataset_version: int
    rows: int
    champion_version: int | None
    requested_at: datetime
    plan: Plan  # how the run differs from what model.yaml says
    phase: str
    execution_arn: str | None
    ended_at: datetime | None
    verdict: str | None
    instance_hours: float | None
    waiting: tuple[Waiting, ...]


class ModelSummary(Frozen):
    """A model at a glance."""

    name: str
    owner: str
    problem: str
    champion: Served | None
    challenger: Served | None  # the version whose share of the requests grows
    previous: Served | None
    route: Route | None
    training: TrainingSummary | None
    latest_version: int | None
    latest_dataset_version: int | None


class Rows(Frozen):
    """Rows to predict, in one of four forms; see the model's contract for the columns."""

    dataframe_records: list[dict[str, Any]] | None = None
    dataframe_split: dict[str, Any] | None = None
    instances: list[dict[str, Any]] | None = None
    inputs: dict[str, list[Any]] | list[dict[str, Any]] | None = None
    inference_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None


ModelName = Annotated[str, StringConstraints(min_length=1, max_length=MODEL_LENGTH)]
RunId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class TellIdea(Frozen):
    """A hypothesis, and the runs that try it already."""

    hypothesis: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)
    ]
    model: ModelName | None = None  # which it is about
    runs: Annotated[list[RunId], Field(max_length=RUNS_MOST)] = Field(default_factory=list)


class IdeaKept(Frozen):
    """The idea as it is kept, whether it is new, and earlier ones that are like it."""

    idea: Idea
    created: bool  # False: the same person told the same before
    similar: tuple[Alike, ...]


class LinkRuns(Frozen):
    """Runs that try an idea."""

    runs: Annotated[list[RunId], Field(min_length=1, max_length=RUNS_MOST)]
    reason: Reason | None = None


class ConcludeIdea(Reasoned):
    """What came of an idea, and how that is known."""

    conclusion: Literal["open", "worked", "failed"]


class FieldProblem(Frozen):
    """What is wrong with one field."""

    field: str
    message: str
    expected: str


class Problem(Frozen):
    """RFC 9457: what went wrong, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    errors: list[FieldProblem]


class ContractForms(Frozen):
    """The contract of a model, as it stands in model.yaml and in the words of other tools."""

    digest: str  # changes with anything in the contract
    contract: dict[str, Any]  # without what is left at its default
    json_schema: dict[str, Any]  # of one row of features
    mlflow: dict[str, Any]  # the signature, as MLflow writes it


class LabelsWanted(Frozen):
    """Predictions of a day that have no label, and are worth one."""

    day: date | None  # None: nothing was predicted in the last hundred days
    items: tuple[Wanted, ...]
