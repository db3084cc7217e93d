"""The points of an evaluation's pictures: ROC and calibration of chances, residuals of numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Points = list[list[float]]

POINTS = 101  # of a curve: as many as a small picture can show
BINS = 10  # of a calibration, with as many rows in each
DOTS = 400  # rows of a picture of residuals, evenly spread over the predictions
DIGITS = 6


def curves(problem: str, truth: Floats, answers: dict[str, Floats]) -> dict[str, Any]:
    """Return the points of each curve that fits the problem, by kind and by who answered."""
    kinds = {"roc": roc, "calibration": calibration} if problem == "binary" else {}
    if problem == "regression":
        kinds = {"residuals": residuals}
    return {
        name: {who: make(truth, predicted) for who, predicted in answers.items()}
        for name, make in kinds.items()
    }


def roc(truth: Floats, predicted: Floats) -> Points:
    """Return false and true positive rate as the threshold falls; nothing where one class is missing."""
    order = np.argsort(-predicted, kind="stable")
    positive = truth[order] == 1
    if positive.all() or not positive.any():
        return []
    ends = np.r_[np.flatnonzero(np.diff(predicted[order])), len(order) - 1]  # ties move together
    hits, misses = np.cumsum(positive)[ends], np.cumsum(~positive)[ends]
    rates = np.c_[np.r_[0, misses / misses[-1]], np.r_[0, hits / hits[-1]]]
    return _rounded(rates[_spread(len(rates), POINTS)])


def calibration(truth: Floats, predicted: Floats) -> Points:
    """Return mean prediction and observed share in bins of equally many rows."""
    order = np.argsort(predicted, kind="stable")
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    return _rounded(np.array([[predicted[part].mean(), truth[part].mean()] for part in bins]))


def residuals(truth: Floats, predicted: Floats) -> Points:
    """Return prediction and what is missing to the truth, of rows spread evenly over the predictions."""
    order = np.argsort(predicted, kind="stable")
    chosen = order[_spread(len(order), DOTS)]
    return _rounded(np.c_[predicted[chosen], truth[chosen] - predicted[chosen]])


def _spread(count: int, most: int) -> NDArray[np.int64]:
    """The places of at most so many things, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def _rounded(points: NDArray[Any]) -> Points:
    return [[round(float(x), DIGITS), round(float(y), DIGITS)] for x, y in points]
