"""Jensen-Shannon distance to base 2.

Measures: the root of the mean divergence of both from their middle.
For: numbers in quantile bins; levels, where they are few.
Range: 0 to 1; more is further; the same in both directions.
Default limit: 0.13, which is PSI 0.1 for a shifted normal; held against the value less its bias.
Weakness: bounded, so it tells a large move from a huge one badly; blind to how far the rows moved.
"""

import math

import numpy as np

from trimtab.domain.drift.measures.psi import Shares


def jensen_shannon(reference: Shares, window: Shares) -> Shares:
    """Return the distance; no share may be zero (see `smoothed`)."""
    middle = (reference + window) / 2
    both = reference * np.log2(reference / middle) + window * np.log2(window / middle)
    distance: Shares = np.sqrt(np.maximum(0.0, np.sum(both, axis=-1) / 2))
    return distance


def jensen_shannon_corrected(value: float, bias: float) -> float:
    """Return the distance less what chance gives; `bias` is that of PSI, which is 8 ln 2 times the divergence's."""
    return math.sqrt(max(0.0, value * value - bias / (8 * math.log(2))))
