"""How far a column of one profile lies from the same column of another, from their counts alone.

What is compared stays apart: gaps (`missing_change`), what the reference never had (`new_share`), and the
distribution of the values that are there. Each count is smoothed by half a row, so that an empty bin gives no
infinity and no more weight than it deserves.
"""

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from trimtab.domain.alike import levels_alike, numbers_alike
from trimtab.domain.base import Frozen
from trimtab.domain.bins import Counts
from trimtab.domain.profile import ColumnProfile


class Distance(Frozen):
    """How far the current column lies from the reference; 0 is no difference."""

    reference_count: NonNegativeInt  # values that are there
    current_count: NonNegativeInt
    psi: float  # population stability index; 0.2 is much, by convention
    psi_corrected: float  # less what chance alone gives with so many rows
    js: float  # Jensen-Shannon distance to base 2, from 0 to 1
    linf: float  # largest change of the share of one bin or level
    linf_level: str | None = None  # that level, of a column of text whose levels are few
    ks: float | None = None  # of numbers: largest difference of the cumulative shares
    mean_shift: float | None = None  # of numbers: in the reference's standard deviations
    missing_change: float  # by how much the share of gaps rose
    new_share: float  # current values outside the reference's range, or of levels that it has not


def distance(reference: ColumnProfile, current: ColumnProfile) -> Distance | None:
    """Compare two profiles of one column; None where they are of two types, or one has nothing to compare."""
    if reference.type is not current.type:
        return None
    if reference.numbers is not None and current.numbers is not None:
        alike = numbers_alike(reference.numbers, current.numbers)
    else:
        alike = levels_alike(reference, current)
    if alike is None or not alike.reference.sum() or not alike.current.sum():
        return None
    n, m = int(alike.reference.sum()), int(alike.current.sum())
    p, q = smoothed(alike.reference), smoothed(alike.current)
    psi = float(np.sum((q - p) * np.log(q / p)))
    change = np.abs(alike.current / m - alike.reference / n)
    worst = int(change.argmax())
    return Distance(
        reference_count=n,
        current_count=m,
        psi=psi,
        psi_corrected=max(0.0, psi - (len(p) - 1) * (1 / n + 1 / m)),
        js=_jensen_shannon(p, q),
        linf=float(change[worst]),
        linf_level=alike.names[worst] if alike.names else None,
        ks=alike.ks,
        mean_shift=_mean_shift(reference, current),
        missing_change=current.missing_share - reference.missing_share,
        new_share=alike.new / m,
    )


def smoothed(counts: Counts) -> NDArray[np.float64]:
    """Return shares, with half a row added to each count."""
    shares: NDArray[np.float64] = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares


def _jensen_shannon(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    middle = (p + q) / 2
    divergence = sum(float(np.sum(each * np.log2(each / middle))) for each in (p, q)) / 2
    return math.sqrt(max(0.0, divergence))


def _mean_shift(reference: ColumnProfile, current: ColumnProfile) -> float | None:
    if reference.mean is None or current.mean is None or not reference.deviation:
        return None
    return (current.mean - reference.mean) / reference.deviation
