"""Tune: the model's script many times, with other hyperparameters each time; the best trial goes on."""

from pipelines.definition.training import algorithm, hyperparameters, job
from pipelines.definition.values import Json, parameter, retries, step
from pipelines.definition.wiring import TUNE_STEP, Pipeline
from trimtab.domain import pipeline_parameters as parameters
from trimtab.domain.sweeps import Sweep

SCALINGS = {
    "auto": "Auto",
    "linear": "Linear",
    "logarithmic": "Logarithmic",
    "reverse_logarithmic": "ReverseLogarithmic",
}


def tune(pipeline: Pipeline, sweep: Sweep) -> Json:
    """Return the step that tunes: in a warm sweep, from what the tuning job of a parameter has found."""
    arguments: Json = {
        "HyperParameterTuningJobConfig": {
            "Strategy": sweep.strategy.capitalize(),
            "HyperParameterTuningJobObjective": {
                "Type": sweep.objective.goal.capitalize(),
                "MetricName": sweep.objective.metric,
            },
            "ResourceLimits": _limits(sweep),
            "ParameterRanges": _ranges(sweep),
            "TrainingJobEarlyStoppingType": "Auto" if sweep.early_stopping else "Off",
            "RandomSeed": parameter(parameters.SEED),
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": algorithm(pipeline),
            "StaticHyperParameters": hyperparameters(pipeline),
            **job(pipeline),
        },
    }
    if pipeline.variant == "sweep-warm":
        # Other data than the earlier sweep's is what a sweep is mostly asked for again.
        parent = {"HyperParameterTuningJobName": parameter(parameters.WARM_START_FROM)}
        arguments["WarmStartConfig"] = {
            "ParentHyperParameterTuningJobs": [parent],
            "WarmStartType": "TransferLearning",
        }
    return step(TUNE_STEP, "Tuning", arguments, RetryPolicies=retries(job=True))


def _limits(sweep: Sweep) -> Json:
    at_once = {"MaxParallelTrainingJobs": parameter(parameters.PARALLEL_TRIALS)}
    if sweep.strategy == "grid":  # SageMaker counts a grid's trials itself
        return at_once
    return {"MaxNumberOfTrainingJobs": parameter(parameters.TRIALS), **at_once}


def _ranges(sweep: Sweep) -> Json:
    """The ranges by type; a type without any is left out."""
    numbers: dict[str, list[Json]] = {"integer": [], "continuous": []}
    words = []
    for name, each in sweep.ranges.items():
        if each.type == "categorical":
            words.append({"Name": name, "Values": list(each.choices)})
            continue
        least, most = parameters.ends(name)
        numbers[each.type].append(
            {
                "Name": name,
                "MinValue": parameter(least),
                "MaxValue": parameter(most),
                "ScalingType": SCALINGS[each.scaling],
            }
        )
    ranges = {
        "IntegerParameterRanges": numbers["integer"],
        "ContinuousParameterRanges": numbers["continuous"],
        "CategoricalParameterRanges": words,
    }
    return {kind: of_kind for kind, of_kind in ranges.items() if of_kind}
