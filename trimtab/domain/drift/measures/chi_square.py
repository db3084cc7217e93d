"""Chi-square statistic of two rows of counts.

Measures: how far the counts are from those that equal shares would give, in units of chance.
For: levels, where they are few and frequent enough; for reading, never for the alarm.
Range: from 0; more is less likely by chance; grows with the rows.
Default limit: none. Told only where it is valid: at most 20 % of the expected counts under 5 and none under 1, and
all at least 10 where there are two levels (Deequ's rules).
Weakness: with a million rows it calls every feature drifted; it takes rows for independent.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.drift.gamma import chi_square_tail

RARE, MOSTLY_RARE, FEW = 5, 0.2, 10
PAIR = 2  # levels: the table is two by two


class ChiSquare(NamedTuple):
    """The statistic, its degrees of freedom and its tail."""

    value: float
    freedom: int
    p: float


def chi_square(reference: NDArray[np.int64], window: NDArray[np.int64]) -> ChiSquare | None:
    """Return the statistic without a correction for continuity; None where its rules do not hold."""
    counts = np.stack((reference, window)).astype(np.float64)
    counts = counts[:, counts.sum(axis=0) > 0]
    rows, total = counts.sum(axis=1), counts.sum()
    if counts.shape[1] < PAIR or not rows.all():
        return None
    expected = np.outer(rows, counts.sum(axis=0)) / total
    if not _is_valid(expected):
        return None
    value = float(np.sum((counts - expected) ** 2 / expected))
    freedom = counts.shape[1] - 1
    return ChiSquare(value, freedom, chi_square_tail(value, freedom))


def _is_valid(expected: NDArray[np.float64]) -> bool:
    if expected.shape[1] == PAIR:
        return bool(expected.min() >= FEW)
    return bool(expected.min() >= 1 and np.mean(expected < RARE) <= MOSTLY_RARE)
