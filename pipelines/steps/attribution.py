"""What a model's answers hang on: how much the metric loses when one feature's values are shuffled among the rows.

Permutation importance (Breiman 2001) on a seeded sample. Correlated features share their weight: shuffling one of two
that say the same costs little.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .metrics import LARGER_IS_BETTER, metric

SAMPLE = 2000  # rows; the order of features is stable well before that

Floats = NDArray[np.float64]


def attribution(
    name: str, rows: pd.DataFrame, truth: Floats, ask: Callable[[pd.DataFrame], Floats], seed: int
) -> dict[str, Any]:
    """Return each feature's loss, the largest first, in units of the metric; `ask` answers rows."""
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(len(rows))[:SAMPLE])
    sample, known = rows.iloc[chosen].reset_index(drop=True), truth[chosen]
    every = np.ones(len(sample), dtype=np.int64)

    def value(asked: pd.DataFrame) -> float:
        return metric(name, known, ask(asked))(every)

    whole, sign = value(sample), 1 if LARGER_IS_BETTER[name] else -1
    losses = {}
    for feature in sample.columns:
        shuffled = sample.copy()
        shuffled[feature] = sample[feature].to_numpy()[random.permutation(len(sample))]
        losses[str(feature)] = round(sign * (whole - value(shuffled)), 6)
    ordered = sorted(losses.items(), key=lambda each: -each[1])
    return {"metric": name, "rows": len(sample), "features": dict(ordered)}
