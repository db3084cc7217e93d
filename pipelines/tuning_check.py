"""What SageMaker would refuse of a tuning step, beyond the shape of its request."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

MOST_HYPERPARAMETERS = 100  # static and searched together
MOST_RANGES, MOST_METRICS, MOST_ENVIRONMENT = 30, 20, 48
LONGEST_VALUE = 256  # characters of a value of a categorical range
LONGEST_HYPERPARAMETER = 2500


def limits_of_tuning(arguments: Json) -> Iterator[str]:
    """Yield one sentence per problem; nothing for the arguments of another step."""
    if "HyperParameterTuningJobConfig" not in arguments:
        return
    config, trial = arguments["HyperParameterTuningJobConfig"], arguments["TrainingJobDefinition"]
    ranges = config.get("ParameterRanges", {})
    static = trial.get("StaticHyperParameters", {})
    yield from _space(ranges, static)
    yield from _trials(config)
    yield from _objective(config, trial)
    if len(trial.get("Environment", {})) > MOST_ENVIRONMENT:
        yield f"Environment: {len(trial['Environment'])} entries, at most {MOST_ENVIRONMENT} of a trial"
    for name, value in static.items():
        if isinstance(value, str) and len(value) > LONGEST_HYPERPARAMETER:
            yield f"StaticHyperParameters.{name}: {len(value)} characters, at most {LONGEST_HYPERPARAMETER}"


def _space(ranges: Json, static: Json) -> Iterator[str]:
    named = [each["Name"] for kind in ranges.values() for each in kind]
    if not named:
        yield "ParameterRanges: there is none"
    if len(named) > MOST_RANGES:
        yield f"ParameterRanges: {len(named)} of them, at most {MOST_RANGES}"
    if len(named) + len(static) > MOST_HYPERPARAMETERS:
        yield f"{len(named) + len(static)} hyperparameters, at most {MOST_HYPERPARAMETERS}"
    for name in sorted({each for each in named if [*named, *static].count(each) > 1}):
        yield f"hyperparameter {name!r} is given twice"
    yield from _lists(ranges)


def _lists(ranges: Json) -> Iterator[str]:
    for kind, listed in ranges.items():
        if not listed:
            yield f"{kind}: an empty list; leave it out"
    for each in ranges.get("CategoricalParameterRanges", []):
        for value in each["Values"]:
            if len(value) > LONGEST_VALUE:
                yield f"range {each['Name']!r}: a value of {len(value)} characters, at most {LONGEST_VALUE}"


def _trials(config: Json) -> Iterator[str]:
    is_grid = config["Strategy"] == "Grid"
    counted = "MaxNumberOfTrainingJobs" in config["ResourceLimits"]
    if is_grid and counted:
        yield "ResourceLimits: a grid has as many trials as it has; leave MaxNumberOfTrainingJobs out"
    if not is_grid and not counted:
        yield "ResourceLimits: MaxNumberOfTrainingJobs is needed"
    numeric = {"IntegerParameterRanges", "ContinuousParameterRanges"}
    if is_grid and numeric & config.get("ParameterRanges", {}).keys():
        yield "ParameterRanges: a grid takes categorical ranges only"


def _objective(config: Json, trial: Json) -> Iterator[str]:
    names = [each["Name"] for each in trial["AlgorithmSpecification"].get("MetricDefinitions", [])]
    objective = config.get("HyperParameterTuningJobObjective", {}).get("MetricName")
    if objective not in names:
        yield f"objective {objective!r} is in no MetricDefinitions"
    if len(names) > MOST_METRICS:
        yield f"MetricDefinitions: {len(names)} of them, at most {MOST_METRICS} of a tuning job"
