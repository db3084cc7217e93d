"""A tuning job that goes on from earlier ones: what AWS asks of them, and the points that they tried."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from local.sagemaker.errors import invalid, limit_exceeded, unsupported
from local.sagemaker.jobs import FINAL
from local.sagemaker.search import Tried
from local.sagemaker.store import Record
from local.sagemaker.trials import objective_of
from local.sagemaker.tuning_request import MOST_TRIALS, OPERATION, Search

Params = dict[str, Any]

IDENTICAL = "IdenticalDataAndAlgorithm"
RANGES = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")
MOST_EARLIER = 500  # trials of one parent
MOST_MOVED = 10  # hyperparameters that may become static, or be searched instead


def parents_of(job: Record) -> list[str]:
    """Return the names of the tuning jobs that a job goes on from."""
    config = job.get("WarmStartConfig") or {}
    return [
        each["HyperParameterTuningJobName"]
        for each in config.get("ParentHyperParameterTuningJobs") or []
    ]


def check_parents(
    params: Params,
    search: Search,
    get: Callable[[str], Record],
    trials_of: Callable[[Record], Sequence[Record]],
) -> None:
    """Raise ValidationException unless each parent has ended and fits the request."""
    names = parents_of(params)
    if not names:
        return
    if search.strategy == "Grid":
        raise unsupported(OPERATION, "WarmStartConfig with strategy Grid")
    if len(set(names)) != len(names):
        raise invalid(f"{OPERATION}: each parent of a warm start is named once")
    count = search.trials
    for name in names:
        parent = get(name)
        if (status := parent["HyperParameterTuningJobStatus"]) not in FINAL:
            raise invalid(
                f"Parent tuning job {name} is in status {status}; a warm start needs one that has ended"
            )
        _check_parent(name, parent, params)
        earlier = len(trials_of(parent))
        if earlier > MOST_EARLIER:
            raise limit_exceeded(
                f"parent {name} has {earlier} training jobs; a parent has at most {MOST_EARLIER}"
            )
        count += earlier
    if count > MOST_TRIALS:
        raise limit_exceeded(
            f"{count} training jobs, those of its parents counted; a tuning job has at most {MOST_TRIALS}"
        )


def seen_of(trials: Iterable[Record], search: Search) -> Iterator[Tried]:
    """Yield the points of earlier trials that lie in the space, with what came of them."""
    for trial in trials:
        point = search.space.own(trial["HyperParameters"])
        if point is not None:
            value = objective_of(trial, search.metric)
            yield Tried(point, None if value is None else search.better(value))


def _check_parent(name: str, parent: Record, params: Params) -> None:
    objective = _objective(params)
    if _objective(parent) != objective:
        raise invalid(
            f"Parent tuning job {name} has the objective {_objective(parent)}, not {objective}: it must be the same"
        )
    mine, theirs = _kinds(params), _kinds(parent)
    if mine.keys() != theirs.keys():
        other = ", ".join(sorted(mine.keys() ^ theirs.keys()))
        raise invalid(
            f"Parent tuning job {name} has other hyperparameters ({other}): static and searched ones "
            "together must be the same"
        )
    moved = [each for each in mine if mine[each] != theirs[each]]
    for each in moved:
        if "static" not in (mine[each], theirs[each]):
            raise invalid(
                f"Hyperparameter {each} is {mine[each]}, and {theirs[each]} in parent tuning job {name}: "
                "its type must be the same"
            )
    if len(moved) > MOST_MOVED:
        raise invalid(
            f"{len(moved)} hyperparameters are static that parent tuning job {name} searched, or the other way "
            f"round; at most {MOST_MOVED} may be"
        )
    if params["WarmStartConfig"]["WarmStartType"] == IDENTICAL and _read(params) != _read(parent):
        raise invalid(
            f"Parent tuning job {name} has another image or other input data, which {IDENTICAL} does not allow; "
            "TransferLearning does"
        )


def _objective(job: Record) -> Record:
    return dict(job["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"])


def _kinds(job: Record) -> dict[str, str]:
    """What each hyperparameter is: of which type of range, or static."""
    ranges = job["HyperParameterTuningJobConfig"].get("ParameterRanges") or {}
    searched = {each["Name"]: kind for kind in RANGES for each in ranges.get(kind) or []}
    static = job["TrainingJobDefinition"].get("StaticHyperParameters") or {}
    return {**dict.fromkeys(static, "static"), **searched}


def _read(job: Record) -> tuple[str, list[str]]:
    definition = job["TrainingJobDefinition"]
    sources = [
        each["DataSource"]["S3DataSource"]["S3Uri"]
        for each in definition.get("InputDataConfig") or []
    ]
    return definition["AlgorithmSpecification"]["TrainingImage"], sources
