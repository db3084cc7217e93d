"""A request for a tuning job: what AWS would refuse of it is refused, and what is left is read."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from local.sagemaker import training
from local.sagemaker.errors import invalid, limit_exceeded, refuse_unknown, unsupported
from local.sagemaker.search import BayesianSearch, GridSearch, RandomSearch, Strategy
from local.sagemaker.search_space import Choices, Dimension, Numbers, Space, scale_of
from local.sagemaker.store import Record

Params = dict[str, Any]

OPERATION = "CreateHyperParameterTuningJob"
CREATE_FIELDS = frozenset(
    "HyperParameterTuningJobName HyperParameterTuningJobConfig TrainingJobDefinition WarmStartConfig Tags".split()
)
CONFIG_FIELDS = frozenset(
    "Strategy HyperParameterTuningJobObjective ResourceLimits ParameterRanges TrainingJobEarlyStoppingType "
    "RandomSeed".split()
)
RANGE_FIELDS = frozenset(
    ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")
)
# Those of a training, whose hyperparameters go by another name here.
DEFINITION_FIELDS = training.CREATE_FIELDS - {
    "TrainingJobName",
    "HyperParameters",
    "ExperimentConfig",
    "Tags",
} | {"StaticHyperParameters", "DefinitionName"}
STRATEGIES: dict[str, Callable[[Space, int], Strategy]] = {
    "Bayesian": BayesianSearch,
    "Random": RandomSearch,
    "Grid": lambda space, _: GridSearch(space),
}
# Quotas of an account that nobody has raised (AWS's page "Resource Limits for Automatic Model Tuning").
MOST_TRIALS, MOST_PARALLEL, MOST_RANGES, MOST_METRICS = 750, 10, 30, 20
INTEGER = re.compile(r"[+-]?\d+")
OBJECTIVE_HYPERPARAMETER = (
    "_tuning_objective_metric"  # by which SageMaker tells a trial what counts
)


@dataclass(frozen=True)
class Search:
    """What a tuning job searches, and how."""

    space: Space
    strategy: str
    seed: int
    metric: str
    maximize: bool
    trials: int
    parallel: int
    seconds: float | None
    stops_early: bool

    def begin(self) -> Strategy:
        """Return the strategy at its start."""
        return STRATEGIES[self.strategy](self.space, self.seed)

    def better(self, value: float) -> float:
        """Return a value of the objective so that larger is better."""
        return value if self.maximize else -value


def read(params: Params, seed: int) -> Search:
    """Return the search that a request asks for; `seed` counts if it has none. Raises ValidationException."""
    _check_fields(params)
    config = params["HyperParameterTuningJobConfig"]
    objective = config["HyperParameterTuningJobObjective"]
    space = Space(tuple(_dimensions(config.get("ParameterRanges") or {})))
    _check_space(space, config["Strategy"], params["TrainingJobDefinition"])
    training.check(
        f"{OPERATION} TrainingJobDefinition", training_of(params["TrainingJobDefinition"])
    )
    limits = config["ResourceLimits"]
    return Search(
        space=space,
        strategy=config["Strategy"],
        seed=config.get("RandomSeed", seed),
        metric=objective["MetricName"],
        maximize=objective["Type"] == "Maximize",
        trials=_trials(space, config),
        parallel=limits["MaxParallelTrainingJobs"],
        seconds=limits.get("MaxRuntimeInSeconds"),
        stops_early=config.get("TrainingJobEarlyStoppingType") == "Auto",
    )


def training_of(definition: Record) -> Params:
    """Return what a tuning job's trainings have in common, as CreateTrainingJob takes it."""
    shared = {
        name: value
        for name, value in definition.items()
        if name not in ("StaticHyperParameters", "DefinitionName")
    }
    return {**shared, "HyperParameters": dict(definition.get("StaticHyperParameters") or {})}


def _check_fields(params: Params) -> None:
    refuse_unknown(OPERATION, params, CREATE_FIELDS)
    config = params["HyperParameterTuningJobConfig"]
    if config["Strategy"] not in STRATEGIES:
        raise unsupported(OPERATION, f"strategy {config['Strategy']}")
    refuse_unknown(OPERATION, config, CONFIG_FIELDS)
    definition = params.get("TrainingJobDefinition")
    if definition is None:
        raise invalid(f"{OPERATION}: a TrainingJobDefinition is needed")
    refuse_unknown(f"{OPERATION} TrainingJobDefinition", definition, DEFINITION_FIELDS)
    _check_objective(config.get("HyperParameterTuningJobObjective"), definition)


def _check_objective(objective: Record | None, definition: Record) -> None:
    if objective is None:
        raise invalid(f"{OPERATION}: a HyperParameterTuningJobObjective is needed")
    metrics = definition["AlgorithmSpecification"].get("MetricDefinitions") or []
    names = [each["Name"] for each in metrics]
    if objective["MetricName"] not in names:
        raise invalid(
            f"The objective metric {objective['MetricName']} is not among the metrics that MetricDefinitions has: "
            f"{', '.join(names) or 'none'}"
        )
    if len(names) > MOST_METRICS:
        raise limit_exceeded(f"{len(names)} metrics; a tuning job has at most {MOST_METRICS}")


def _dimensions(ranges: Record) -> Iterator[Dimension]:
    refuse_unknown(f"{OPERATION} ParameterRanges", ranges, RANGE_FIELDS)
    for each in ranges.get("IntegerParameterRanges") or []:
        yield _numbers(each, whole=True)
    for each in ranges.get("ContinuousParameterRanges") or []:
        yield _numbers(each, whole=False)
    for each in ranges.get("CategoricalParameterRanges") or []:
        if len(set(each["Values"])) != len(each["Values"]):
            raise invalid(f"Hyperparameter {each['Name']}: its values must be different ones")
        yield Choices(each["Name"], tuple(each["Values"]))


def _numbers(told: Record, *, whole: bool) -> Numbers:
    name, kind = told["Name"], "an integer" if whole else "a number"
    try:
        ends = [float(told[each]) for each in ("MinValue", "MaxValue")]
    except ValueError:
        ends = [math.nan]
    broken = whole and not all(INTEGER.fullmatch(told[each]) for each in ("MinValue", "MaxValue"))
    if broken or not all(map(math.isfinite, ends)):
        raise invalid(
            f"Hyperparameter {name}: each end of its range must be {kind}, not {told['MinValue']} "
            f"and {told['MaxValue']}"
        )
    low, high = ends
    if low > high:
        raise invalid(
            f"Hyperparameter {name}: MinValue {told['MinValue']} is more than MaxValue {told['MaxValue']}"
        )
    scaling = scale_of(told.get("ScalingType") or "Auto", low, high)
    if scaling == "Logarithmic" and low <= 0:
        raise invalid(f"Hyperparameter {name}: Logarithmic scaling needs a MinValue over 0")
    if scaling == "ReverseLogarithmic" and (whole or low < 0 or high >= 1):
        raise invalid(
            f"Hyperparameter {name}: ReverseLogarithmic scaling needs a continuous range from 0 to less than 1"
        )
    return Numbers(name, low, high, whole, scaling)


def _check_space(space: Space, strategy: str, definition: Record) -> None:
    names = [each.name for each in space.dimensions]
    static = definition.get("StaticHyperParameters") or {}
    if not names:
        raise invalid(f"{OPERATION}: ParameterRanges needs at least one range")
    if len(names) > MOST_RANGES:
        raise limit_exceeded(f"{len(names)} ranges; a tuning job searches at most {MOST_RANGES}")
    if twice := sorted({name for name in names if names.count(name) > 1 or name in static}):
        raise invalid(
            f"{OPERATION}: hyperparameters are given once, in a range or as a static one, not so "
            f"{', '.join(twice)}"
        )
    if strategy == "Grid" and any(isinstance(each, Numbers) for each in space.dimensions):
        raise invalid(f"{OPERATION}: Grid searches categorical ranges only")


def _trials(space: Space, config: Record) -> int:
    limits = config["ResourceLimits"]
    asked, parallel = limits.get("MaxNumberOfTrainingJobs"), limits["MaxParallelTrainingJobs"]
    trials = int(space.size) if config["Strategy"] == "Grid" else asked
    if trials is None:
        if limits.get("MaxRuntimeInSeconds") is None:
            raise invalid(f"{OPERATION}: ResourceLimits needs MaxNumberOfTrainingJobs")
        trials = MOST_TRIALS
    if asked not in (None, trials):
        raise invalid(
            f"{OPERATION}: MaxNumberOfTrainingJobs is {asked}, and the grid has {trials} points; leave it out"
        )
    if trials > MOST_TRIALS:
        raise limit_exceeded(f"{trials} training jobs; a tuning job has at most {MOST_TRIALS}")
    if parallel > MOST_PARALLEL:
        raise limit_exceeded(
            f"{parallel} parallel training jobs; a tuning job has at most {MOST_PARALLEL}"
        )
    if parallel > trials:
        raise invalid(
            f"{OPERATION}: MaxParallelTrainingJobs {parallel} is more than its {trials} training jobs"
        )
    return trials
