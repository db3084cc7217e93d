"""What is wrong with a model's metrics of training and its sweep beside the rest of its `model.yaml`."""

import re
from collections.abc import Iterator

from pipelines.located_yaml import closest
from trimtab.domain.model import Training
from trimtab.domain.sweeps import Sweep

METRIC = re.compile(r"[A-Za-z0-9_.:/-]{1,250}")
"""Names that both SageMaker and MLflow take."""
MOST_METRICS, MOST_METRICS_OF_SWEEP = 40, 20  # SageMaker's limit and its quota of a tuning job
MOST_SEED_OF_SWEEP = 2**31 - 1  # SageMaker reads it as a number of 32 bits

Contradiction = tuple[str, str]
"""A field and why its value does not fit the rest."""


def training_contradictions(training: Training) -> Iterator[Contradiction]:
    """Yield what does not fit: metrics that cannot be found, and a sweep of what there is not."""
    yield from _metrics(training)
    if training.sweep is not None:
        yield from _sweep(training, training.sweep)


def _metrics(training: Training) -> Iterator[Contradiction]:
    most = MOST_METRICS if training.sweep is None else MOST_METRICS_OF_SWEEP
    if len(training.metrics) > most:
        yield "training.metrics", f"expected at most {most} of them, got {len(training.metrics)}"
    for name, pattern in training.metrics.items():
        where = f"training.metrics.{name}"
        if not METRIC.fullmatch(name):
            yield where, "expected letters, digits and any of _ . : / - as its name"
        try:
            expression = re.compile(pattern)
        except re.error as error:
            yield where, f"not a regular expression: {error}"
            continue
        if not expression.groups:
            yield (
                where,
                f"expected a group around the value, as in 'auc: ([0-9.]+)', got {pattern!r}",
            )


def _sweep(training: Training, sweep: Sweep) -> Iterator[Contradiction]:
    objective, known = sweep.objective.metric, list(training.metrics)
    if objective not in known:
        yield (
            "training.sweep.objective.metric",
            f"{objective!r} is none of training.metrics{_meant(objective, known)}",
        )
    for name in sweep.ranges:
        if name not in training.hyperparameters:
            yield (
                f"training.sweep.ranges.{name}",
                f"no such hyperparameter{_meant(name, list(training.hyperparameters))};"
                " its value there is what a training without a sweep takes",
            )
    if training.seed > MOST_SEED_OF_SWEEP:
        yield "training.seed", f"expected at most {MOST_SEED_OF_SWEEP} beside a sweep"


def _meant(given: str, known: list[str]) -> str:
    guess = closest(given, known)
    return f"; did you mean {guess!r}?" if guess else ""
