"""Many tests at once: what share of the alarms may be false (Benjamini and Hochberg 1995)."""

from collections.abc import Sequence

import numpy as np


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return each p-value adjusted for all the others: at or below q it is a discovery at false discovery rate q."""
    if not p_values:
        return []
    p = np.array(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")[::-1]
    ranks = np.arange(len(p), 0, -1)
    values = np.minimum.accumulate(p[order] * len(p) / ranks)
    result = np.empty_like(p)
    result[order] = np.minimum(values, 1.0)
    return [float(value) for value in result]
