"""Population stability index.

Measures: the change of each share, weighted by the logarithm of its ratio.
For: numbers in quantile bins; levels, where they are few.
Range: from 0, no upper end; more is further; the same in both directions.
Default limit: 0.1, the convention of credit scoring (Lewis 1994), held against the value less its bias.
Weakness: chance alone gives (bins - 1) (1/n + 1/m), so a raw value of few rows says nothing; rare bins weigh heavily.
"""

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]


def psi(reference: Shares, window: Shares) -> Shares:
    """Return the index; no share may be zero (see `smoothed`)."""
    total: Shares = np.sum((window - reference) * np.log(window / reference), axis=-1)
    return total


def psi_bias(bins: int, reference_rows: float, window_rows: float) -> float:
    """Return what chance alone gives on average with so many rows (Yurdakul 2018)."""
    return (bins - 1) * (1 / reference_rows + 1 / window_rows)


def psi_corrected(value: float, bias: float) -> float:
    """Return the value less what chance gives."""
    return max(0.0, value - bias)
