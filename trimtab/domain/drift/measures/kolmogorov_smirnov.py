"""Kolmogorov-Smirnov distance, on the reference's bins.

Measures: the largest difference of the shares of rows below any edge.
For: numbers.
Range: 0 to 1; more is further; the same in both directions.
Default limit: 0.13, the size of effect of PSI 0.1 for a shifted normal.
Weakness: sees only the place of the largest difference; misses moves in the tails. It is never a p-value here: at
large n that is about the rows, not about the effect.
"""

import numpy as np

from trimtab.domain.drift.measures.psi import Shares


def kolmogorov_smirnov(reference: Shares, window: Shares) -> Shares:
    """Return the distance of shares in rising order of their bins."""
    distance: Shares = np.abs(np.cumsum(window - reference, axis=-1)).max(axis=-1)
    return np.minimum(distance, 1.0)
