"""How far predictions are from what came: by groups of equally many rows, and in one number."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
GROUPS = 10
DIGITS = 6


def calibration(truth: Floats, predicted: Floats) -> dict[str, Any]:
    """Return mean prediction and mean outcome, over all rows and of each group from the lowest predictions up.

    The expected calibration error is the mean distance of the groups, weighted by their rows (Naeini and others 2015).
    """
    order = np.argsort(predicted, kind="stable")
    groups = [_group(truth, predicted, part) for part in np.array_split(order, GROUPS) if len(part)]
    apart = sum(each["rows"] * abs(each["predicted"] - each["observed"]) for each in groups)
    whole = _group(truth, predicted, order)
    return {**whole, "error": round(apart / len(order), DIGITS), "groups": groups}


def _group(truth: Floats, predicted: Floats, rows: NDArray[np.int64]) -> dict[str, Any]:
    return {
        "rows": len(rows),
        "predicted": round(float(predicted[rows].mean()), DIGITS),
        "observed": round(float(truth[rows].mean()), DIGITS),
    }
