"""What a version lost where it was evaluated: what is usual of it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.quality import metrics
from trimtab.domain.quality.errors import ErrorModel
from trimtab.domain.quality.estimate import Calibration, calibration_of
from trimtab.domain.quality.measured import Measured
from trimtab.domain.quality.slices import slice_references

MUCH = 0.9  # of the losses are no more than much
LOW, HIGH = 0.05, 0.95
FEWEST_BLOCKS = 3  # days; fewer say nothing of how days differ


class QualityReference(Frozen):
    """The quality of a version in its evaluation."""

    rows: PositiveInt
    loss: Measured
    much: float | None = None  # a tenth of the rows lost more than this
    middle: tuple[float, float] | None = None  # between which nine tenths were predicted
    dependence: PositiveFloat  # so many rows of one day say as much as one alone
    metrics: dict[str, Measured]
    calibration: Calibration | None = None  # what scores mean; None: what they say
    errors: ErrorModel | None = None  # how far off predicted numbers are, by their rows
    slices: dict[str, Measured] = Field(default_factory=dict)  # loss in each

    def limit(self, tolerance: float) -> float:
        """Return the loss that is still usual: the most it was, by its interval, and the tolerated share of it."""
        return max(self.loss.high, np.finfo(np.float64).tiny) * (1 + tolerance)


def reference_of(
    problem: str,
    truth: NDArray[np.float64],
    predicted: NDArray[np.float64],
    days: Sequence[int] | NDArray[np.int64],
    *,
    errors: ErrorModel | None = None,
    sliced: Mapping[str, NDArray[Any]] | None = None,
    least: int = 1,
) -> QualityReference:
    """Return the reference that evaluated rows make.

    Args:
        problem: What is predicted.
        truth: What became true of each row.
        predicted: What was predicted of it.
        days: Rows of one day hang together.
        errors: Of predicted numbers.
        sliced: Texts (None: nothing) of columns by whose values the rows are sliced.
        least: Rows of a slice.
    """
    lost = metrics.losses(problem, truth, predicted)
    dependence = dependence_of(lost, np.asarray(days, dtype=np.int64))
    return QualityReference(
        rows=lost.size,
        loss=metrics.mean(lost, dependence),
        much=float(np.quantile(lost, MUCH)),
        middle=(float(np.quantile(predicted, LOW)), float(np.quantile(predicted, HIGH))),
        dependence=dependence,
        metrics=metrics.measured(problem, truth, predicted, dependence),
        calibration=calibration_of(truth, predicted) if problem == "binary" else None,
        errors=errors,
        slices=slice_references(sliced or {}, lost, dependence, least),
    )


def dependence_of(lost: NDArray[np.float64], days: NDArray[np.int64]) -> float:
    """Return how many times the variance of a mean is what it were if rows of one day had nothing in common.

    The design effect of a sample of clusters (Kish 1965): the variance of the mean by days over that by rows.
    """
    _, places = np.unique(days, return_inverse=True)
    counts = np.bincount(places).astype(np.float64)
    spread = float(lost.var())
    if counts.size < FEWEST_BLOCKS or not spread:
        return 1.0
    sums = np.bincount(places, weights=lost - lost.mean())
    blocks = counts.size / (counts.size - 1)
    return max(1.0, blocks * math.fsum((sums**2).tolist()) / (spread * lost.size))
