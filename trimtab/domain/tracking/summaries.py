"""Runs as our own API tells them, and two of them side by side."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TypeVar

from trimtab.domain.base import Frozen
from trimtab.domain.tracking.runs import Run

MODEL_TAG = "trimtab.model"
COMMIT_TAG = "mlflow.source.git.commit"
BRANCH_TAG = "mlflow.source.git.branch"
REPOSITORY_TAG = "mlflow.source.git.repoURL"
SCRIPT_TAG = "mlflow.source.name"
DIRTY_TAG = "trimtab.code.dirty"
DIFF_TAG = "trimtab.code.diff"  # where the difference is among the run's artifacts

Number = float | Literal["NaN", "Infinity", "-Infinity"]
Value = TypeVar("Value")


class Code(Frozen):
    """The code that a run ran, as its writer told it."""

    commit: str | None
    branch: str | None
    repository: str | None
    script: str | None
    dirty: bool | None  # whether the tree differed from the commit; None: nobody told
    diff_path: str | None  # artifact that holds the difference


class RunSummary(Frozen):
    """What a run was, with what, and how good it became."""

    run_id: str
    name: str
    experiment_id: str
    experiment: str | None  # its name
    status: str
    lifecycle_stage: str
    user: str
    started_at: datetime | None  # None: a time that no calendar has
    ended_at: datetime | None
    params: dict[str, str]
    metrics: dict[str, Number]  # the latest of each
    tags: dict[str, str]
    code: Code


class Param(Frozen):
    """One parameter of two runs."""

    key: str
    a: str | None  # None: the run has none
    b: str | None
    same: bool


class Metric(Frozen):
    """One metric of two runs."""

    key: str
    a: Number | None
    b: Number | None
    change: float | None  # from a to b; None unless both are numbers
    same: bool


class CodePair(Frozen):
    """The code of two runs; what is unknown is not the same."""

    a: Code
    b: Code
    same: bool
    a_diff: str | None  # of a dirty tree against its commit
    b_diff: str | None


class RunsDiff(Frozen):
    """Two runs side by side: every parameter and metric that one of them has, and their code."""

    a: RunSummary
    b: RunSummary
    params: tuple[Param, ...]
    metrics: tuple[Metric, ...]
    code: CodePair


def summary_of(run: Run, experiment: str | None) -> RunSummary:
    """Return what is told of a run; `experiment` is the name of its experiment."""
    return RunSummary(
        run_id=run.id,
        name=run.name,
        experiment_id=run.experiment_id,
        experiment=experiment,
        status=run.status,
        lifecycle_stage=run.lifecycle_stage,
        user=run.user_id,
        started_at=moment(run.start_ms),
        ended_at=None if run.end_ms is None else moment(run.end_ms),
        params=dict(run.params),
        metrics={key: told(point.value) for key, point in run.metrics.items()},
        tags=dict(run.tags),
        code=code_of(run.tags),
    )


def code_of(tags: Mapping[str, str]) -> Code:
    """Return the code that a run's tags tell of."""
    dirty = tags.get(DIRTY_TAG)
    return Code(
        commit=tags.get(COMMIT_TAG),
        branch=tags.get(BRANCH_TAG),
        repository=tags.get(REPOSITORY_TAG),
        script=tags.get(SCRIPT_TAG),
        dirty=None if dirty is None else dirty == "true",
        diff_path=tags.get(DIFF_TAG),
    )


def compared(a: RunSummary, b: RunSummary, diffs: tuple[str | None, str | None]) -> RunsDiff:
    """Return two runs side by side; `diffs` is what their dirty trees differed by."""
    params = tuple(
        Param(key=key, a=one, b=other, same=one == other)
        for key, one, other in _pairs(a.params, b.params)
    )
    metrics = tuple(
        Metric(key=key, a=one, b=other, change=_change(one, other), same=one == other)
        for key, one, other in _pairs(a.metrics, b.metrics)
    )
    known = a.code.commit is not None and a.code.dirty is not None
    same = known and (a.code.commit, a.code.dirty) == (b.code.commit, b.code.dirty)
    code = CodePair(
        a=a.code, b=b.code, same=same and diffs[0] == diffs[1], a_diff=diffs[0], b_diff=diffs[1]
    )
    return RunsDiff(a=a, b=b, params=params, metrics=metrics, code=code)


def is_about(run: Run, experiment: str | None, model: str) -> bool:
    """Say whether a run is about a model: its tag says so, or its experiment has the model's name."""
    return model in (run.tags.get(MODEL_TAG), experiment)


def moment(ms: int) -> datetime | None:
    """Return the time of a run in milliseconds of the epoch, or None for one that no calendar has."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def told(value: float) -> Number:
    """Return a number as JSON can tell it."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _change(a: Number | None, b: Number | None) -> float | None:
    if isinstance(a, int | float) and isinstance(b, int | float) and math.isfinite(b - a):
        return b - a
    return None


def _pairs(
    a: Mapping[str, Value], b: Mapping[str, Value]
) -> list[tuple[str, Value | None, Value | None]]:
    return [(key, a.get(key), b.get(key)) for key in sorted({*a, *b})]
