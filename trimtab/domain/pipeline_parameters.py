"""The parameters of a training pipeline: what an execution is told, and what it may do otherwise than model.yaml.

The definition declares them, a request gives the first five, and a plan overrides the rest.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

# Whoever reads an event knows these names, and need not know what a model.yaml can say.
if TYPE_CHECKING:
    from trimtab.domain.model import ModelSpec
    from trimtab.domain.plans import Variant
    from trimtab.domain.sweeps import Hyperparameter, Sweep

DATASET_VERSION, MANIFEST_URI = "DatasetVersion", "ManifestUri"
REQUEST_ID = "RequestId"
CHAMPION_VERSION, CHAMPION_MODEL_URI = "ChampionVersion", "ChampionModelUri"
DECIDED = (DATASET_VERSION, MANIFEST_URI, REQUEST_ID, CHAMPION_VERSION, CHAMPION_MODEL_URI)
"""What the decision to train gives, every time: who could name another champion could get past the gate."""

SOURCE_URI, IMAGE_URI, SEED = "SourceUri", "ImageUri", "Seed"
CODE_URI = "CodeUri"  # what git says of the code: read by who records the run, by no step
TRIALS, PARALLEL_TRIALS = "Trials", "ParallelTrials"  # of a sweep: how many, and how many at once
WARM_START_FROM = "WarmStartFrom"  # of a sweep that goes on: the tuning job that it goes on from
WHOLE = (SEED, TRIALS, PARALLEL_TRIALS)
"""Parameters of a sweep that SageMaker reads as numbers, not as text."""
HYPERPARAMETER = "Hyper-"
LEAST, MOST = "Min-", "Max-"  # begin the parameters that are the ends of a sweep's ranges


def hyperparameter(name: str) -> str:
    """Return the parameter that sets a hyperparameter of the training script."""
    return f"{HYPERPARAMETER}{name}"


def ends(name: str) -> tuple[str, str]:
    """Return the parameters that are the least and the most of a hyperparameter in a sweep."""
    return f"{LEAST}{name}", f"{MOST}{name}"


def text(value: "Hyperparameter") -> str:
    """Return a value as the text that SageMaker takes; booleans as `true` and `false`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def hyperparameters_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the hyperparameters that an execution with these parameters trains with."""
    return dict(_hyperparameters(parameters))


def defaults(
    spec: "ModelSpec",
    *,
    source_uri: str,
    image_uri: str,
    code_uri: str,
    variant: "Variant" = "train",
) -> dict[str, str]:
    """Return what an execution does unless it is told otherwise: the values of model.yaml and of the deployment."""
    values = {SOURCE_URI: source_uri, CODE_URI: code_uri, IMAGE_URI: image_uri}
    values[SEED] = str(spec.training.seed)
    sweep = spec.training.sweep if variant != "train" else None
    for name, value in spec.training.hyperparameters.items():
        if sweep is None or name not in sweep.ranges:
            values[hyperparameter(name)] = text(value)
    return values if sweep is None else values | dict(_of_sweep(sweep))


def needed(variant: "Variant") -> tuple[str, ...]:
    """Return the parameters of a pipeline that have no default: every execution is told them."""
    return (*DECIDED, WARM_START_FROM) if variant == "sweep-warm" else DECIDED


def _of_sweep(sweep: "Sweep") -> Iterator[tuple[str, str]]:
    if sweep.strategy != "grid":  # a grid has as many trials as it has, and SageMaker counts them
        yield TRIALS, str(sweep.trials)
    yield PARALLEL_TRIALS, str(sweep.parallel_trials)
    for name, range_ in sweep.ranges.items():
        if range_.ends is not None:
            yield from zip(ends(name), range_.ends, strict=True)


def _hyperparameters(parameters: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in parameters.items():
        if name.startswith(HYPERPARAMETER):
            yield name.removeprefix(HYPERPARAMETER), value
