"""How well predictions met their labels, each metric with the interval that its labels leave.

Brier score (Brier 1950), log loss, accuracy and the area under the ROC curve for one of two; mean absolute and root
mean squared error for numbers. The interval of a mean is the normal one; that of the AUC is Hanley and McNeil's (1982).
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.quality.measured import Measured

Floats = NDArray[np.float64]

Z = 1.959963984540054  # of a two-sided interval of 95 %
SMALLEST = 1e-15  # keeps the log loss of a certain and wrong prediction finite
MIDDLE = 0.5  # a prediction from here on says yes


def losses(problem: str, truth: Floats, predicted: Floats) -> Floats:
    """Return what each prediction lost: where one of two is predicted its squared error, else its absolute error."""
    difference = predicted - truth
    return difference**2 if problem == "binary" else np.abs(difference)


def loss_name(problem: str) -> str:
    """Return what the mean of these losses is called."""
    return "brier" if problem == "binary" else "mae"


def measured(
    problem: str, truth: Floats, predicted: Floats, dependence: float
) -> dict[str, Measured]:
    """Return the metrics of these predictions; so many labels that come together say as much as one alone.

    A metric that these labels cannot give is left out: an AUC needs both outcomes, all of them need a label.
    """
    if not truth.size:
        return {}
    found: dict[str, Callable[[], Measured | None]] = (
        {
            "auc": lambda: auc(truth, predicted, dependence),
            "brier": lambda: mean((predicted - truth) ** 2, dependence),
            "log_loss": lambda: mean(_log_losses(truth, predicted), dependence),
            "accuracy": lambda: mean(
                ((predicted >= MIDDLE) == (truth == 1)).astype(np.float64), dependence
            ),
        }
        if problem == "binary"
        else {
            "mae": lambda: mean(np.abs(predicted - truth), dependence),
            "rmse": lambda: _root(mean((predicted - truth) ** 2, dependence)),
        }
    )
    told = {name: measure() for name, measure in found.items()}
    return {name: value for name, value in told.items() if value is not None}


def mean(values: Floats, dependence: float = 1.0) -> Measured:
    """Return a mean with its interval."""
    value = float(values.mean())
    error = float(values.std()) / math.sqrt(max(1.0, values.size / dependence))
    return Measured(value=value, low=value - Z * error, high=value + Z * error)


def auc(truth: Floats, predicted: Floats, dependence: float = 1.0) -> Measured | None:
    """Return the chance that a positive scores over a negative, ties counting half; None without both of them."""
    positive = truth == 1
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not ones or not zeros:
        return None
    _, places, counts = np.unique(predicted, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]  # ties share their mean rank
    value = float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))
    many_ones, many_zeros = max(1.0, ones / dependence), max(1.0, zeros / dependence)
    one, two = value / (2 - value), 2 * value**2 / (1 + value)
    variance = (
        value * (1 - value)
        + (many_ones - 1) * (one - value**2)
        + (many_zeros - 1) * (two - value**2)
    ) / (many_ones * many_zeros)
    error = math.sqrt(max(0.0, variance))
    return Measured(value=value, low=max(0.0, value - Z * error), high=min(1.0, value + Z * error))


def _log_losses(truth: Floats, predicted: Floats) -> Floats:
    chance = np.clip(predicted, SMALLEST, 1 - SMALLEST)
    return -np.where(truth == 1, np.log(chance), np.log1p(-chance))


def _root(squares: Measured) -> Measured:
    return Measured(
        value=math.sqrt(squares.value),
        low=math.sqrt(max(0.0, squares.low)),
        high=math.sqrt(squares.high),
    )
