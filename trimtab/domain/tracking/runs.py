"""The run: one attempt, with its parameters, tags, latest metrics, inputs, outputs and newest points."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trimtab.domain.tracking.experiments import ACTIVE, DELETED, Experiment
from trimtab.domain.tracking.points import Logged, Point, latest, unknown
from trimtab.domain.tracking.turns import Turn
from trimtab.errors import InvalidInput, NotFound

RUNNING = "RUNNING"
STATUSES = {1: RUNNING, 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}  # MLflow's numbers
ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})
RUN_NAME_TAG = "mlflow.runName"
TAIL_MOST = (
    128  # points that a run keeps beside it: more would make each single point dearer to log
)
CLIENTS_MOST = 32  # whose last turns a run remembers: the processes of one training


@dataclass(frozen=True)
class Run:
    """One run; times are milliseconds of the epoch."""

    id: str
    experiment_id: str
    name: str
    user_id: str
    start_ms: int
    artifact_uri: str
    status: str = RUNNING
    end_ms: int | None = None
    lifecycle_stage: str = ACTIVE
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Point] = field(default_factory=dict)  # the latest point of each
    tail: Sequence[Logged] = ()  # points that are not in the history yet
    datasets: Sequence[Mapping[str, Any]] = ()  # {"dataset": {name, digest, …}, "tags": {…}}
    model_inputs: Sequence[str] = ()  # ids of logged models that it read
    model_outputs: Sequence[Mapping[str, Any]] = ()  # {"model_id", "step"} of those that it made
    spilled: int = 0  # points that went from the tail into the history
    span_ms: int = 0  # longest time that one piece of the history spans
    is_indexed: bool = False  # whether the indexes hold its metrics; while it is open they do not
    heard: Mapping[str, int] = field(default_factory=dict)  # by client, the last turn it was told

    @property
    def has_ended(self) -> bool:
        """Whether it is over, as far as its writer said."""
        return self.status in ENDED

    def insist_on_active(self) -> None:
        """Do nothing while it is not deleted. Raises InvalidInput once it is."""
        if self.lifecycle_stage != ACTIVE:
            raise InvalidInput(
                f"The run {self.id} must be in the 'active' state. Current state is {self.lifecycle_stage}."
            )

    def has_heard(self, turn: Turn) -> bool:
        """Say whether it was told this turn of a client already, or a later one: then this one comes too late."""
        return self.heard.get(turn.client, -1) >= turn.number

    def having_heard(self, turn: Turn) -> "Run":
        """Return it remembering the turn, of as many clients as it remembers."""
        others = {client: n for client, n in self.heard.items() if client != turn.client}
        kept = dict(list(others.items())[1 - CLIENTS_MOST :])
        return replace(self, heard={**kept, turn.client: turn.number})

    def with_param(self, key: str, value: str) -> "Run":
        """Return it with a parameter. Raises InvalidInput if it has another value for it."""
        known = self.params.get(key, value)
        if known != value:
            raise InvalidInput(
                f"Changing param values is not allowed. Param with key='{key}' was already logged with"
                f" value='{known}' for run ID='{self.id}'. Attempted logging new value '{value}'."
            )
        return replace(self, params={**self.params, key: value})

    def with_params(self, params: Mapping[str, str]) -> "Run":
        """Return it with parameters. Raises InvalidInput naming each of which it has another value."""
        changed = [
            {"key": key, "old_value": self.params[key], "new_value": value}
            for key, value in params.items()
            if self.params.get(key, value) != value
        ]
        if changed:
            raise InvalidInput(
                f"Changing param values is not allowed. Params were already logged='{changed}'"
                f" for run ID='{self.id}'."
            )
        return replace(self, params={**self.params, **params}) if params else self

    def with_tags(self, tags: Mapping[str, str]) -> "Run":
        """Return it with tags; the tag that holds its name renames it."""
        if not tags:
            return self
        name = tags.get(RUN_NAME_TAG) or self.name
        return replace(self, name=name, tags={**self.tags, **tags})

    def without_tag(self, key: str) -> "Run":
        """Return it without a tag. Raises NotFound if it has no such tag."""
        if key not in self.tags:
            raise NotFound(f"No tag with name: {key} in run with id {self.id}")
        return replace(self, tags={name: v for name, v in self.tags.items() if name != key})

    def with_points(self, logged: Iterable[Logged]) -> "Run":
        """Return it with points that its tail does not hold yet; what is logged again changes nothing."""
        new = unknown(logged, self.tail)
        if not new:
            return self
        return replace(self, tail=(*self.tail, *new), metrics=latest(self.metrics, new))

    def updated(self, status: str | None, end_ms: int | None, name: str | None) -> "Run":
        """Return it with what is known of its end, and under another name if one is given."""
        changed = replace(
            self,
            status=status or self.status,
            end_ms=self.end_ms if end_ms is None else end_ms,
        )
        return changed.with_tags({RUN_NAME_TAG: name}) if name else changed

    def in_stage(self, stage: str) -> "Run":
        """Return it deleted or restored."""
        return replace(self, lifecycle_stage=stage)

    def with_inputs(self, datasets: Iterable[Mapping[str, Any]], models: Iterable[str]) -> "Run":
        """Return it with datasets and models that it read; one of the same name and digest is the same dataset."""
        known = {_dataset_key(one): one for one in self.datasets}
        for one in datasets:
            known.setdefault(_dataset_key(one), one)
        read = dict.fromkeys((*self.model_inputs, *models))
        return replace(self, datasets=tuple(known.values()), model_inputs=tuple(read))

    def with_outputs(self, models: Iterable[Mapping[str, Any]]) -> "Run":
        """Return it with models that it made; the same one at the same step once."""
        made = {(one["model_id"], one["step"]): one for one in (*self.model_outputs, *models)}
        return replace(self, model_outputs=tuple(made.values()))


def new_run(
    run_id: str,
    experiment: Experiment,
    *,
    user_id: str,
    start_ms: int,
    name: str,
    tags: Mapping[str, str],
    chosen_name: str,
) -> Run:
    """Return a run that begins in the experiment, named `chosen_name` if neither `name` nor its tag says otherwise.

    Raises InvalidInput if these two differ, or if the experiment takes no runs.
    """
    experiment.insist_on_active()
    tagged = tags.get(RUN_NAME_TAG, "")
    if name and tagged and name != tagged:
        raise InvalidInput(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"
            f" (run_name='{name}', mlflow.runName='{tagged}')."
        )
    given = name or tagged or chosen_name
    return Run(
        id=run_id,
        experiment_id=experiment.id,
        name=given,
        user_id=user_id,
        start_ms=start_ms,
        artifact_uri=f"{experiment.artifact_location}/{run_id}/artifacts",
        tags={**tags, RUN_NAME_TAG: given},
    )


def no_run(run_id: str) -> NotFound:
    """The refusal of a run that there is not."""
    return NotFound(f"Run with id={run_id} not found")


def stages(view: str | None) -> frozenset[str]:
    """Return the stages of life that a view shows; without a view, what is not deleted."""
    shown = {"DELETED_ONLY": {DELETED}, "ALL": {ACTIVE, DELETED}}
    return frozenset(shown.get(view or "", {ACTIVE}))


def _dataset_key(one: Mapping[str, Any]) -> tuple[str, str]:
    return one["dataset"]["name"], one["dataset"]["digest"]
