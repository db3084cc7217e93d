"""The metrics a gate can ask for, each computed from how often every row counts.

A bootstrap resample is nothing but such counts, so one resample costs a few array operations and champion and
challenger see the very same rows.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Metric = Callable[[Counts], float]

LARGER_IS_BETTER = {"auc": True, "accuracy": True, "log_loss": False, "rmse": False, "mae": False}
BY_PROBLEM = {"binary": ("auc", "log_loss", "accuracy"), "regression": ("rmse", "mae")}
SMALLEST = 1e-15  # keeps the log loss of a certain and wrong prediction finite


def metric(name: str, truth: Floats, predicted: Floats) -> Metric:
    """Return the metric of these predictions as a function of how often each row counts."""
    return {
        "auc": _auc,
        "accuracy": _accuracy,
        "log_loss": _log_loss,
        "rmse": _rmse,
        "mae": _mae,
    }[name](truth, predicted)


def _auc(truth: Floats, predicted: Floats) -> Metric:
    """Chance that a positive row scores over a negative one, ties counting half."""
    order = np.argsort(predicted, kind="stable")
    positive = truth[order] == 1
    ranked = predicted[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])  # first row of each tied group

    def value(counts: Counts) -> float:
        counted = counts[order]
        won = np.add.reduceat(np.where(positive, counted, 0), starts).astype(np.float64)
        lost = np.add.reduceat(np.where(positive, 0, counted), starts).astype(np.float64)
        pairs = won.sum() * lost.sum()
        below = np.cumsum(lost) - lost
        return float((won * (below + lost / 2)).sum() / pairs) if pairs else float("nan")

    return value


def _mean(per_row: Floats) -> Metric:
    # Not a dot product: BLAS would wake its threads for each of hundreds of small sums.
    return lambda counts: float((counts * per_row).sum() / counts.sum())


def _accuracy(truth: Floats, predicted: Floats) -> Metric:
    return _mean(((predicted >= 0.5) == (truth == 1)).astype(np.float64))  # noqa: PLR2004


def _log_loss(truth: Floats, predicted: Floats) -> Metric:
    chance = np.clip(predicted, SMALLEST, 1 - SMALLEST)
    return _mean(-np.where(truth == 1, np.log(chance), np.log1p(-chance)))


def _rmse(truth: Floats, predicted: Floats) -> Metric:
    mean_square = _mean((truth - predicted) ** 2)
    return lambda counts: float(np.sqrt(mean_square(counts)))


def _mae(truth: Floats, predicted: Floats) -> Metric:
    return _mean(np.abs(truth - predicted))
