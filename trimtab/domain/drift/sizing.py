"""All sizes of one comparison, and how many rows it takes to tell an effect from chance."""

import math

import numpy as np

from trimtab.domain.drift.baseline import BaselineColumn
from trimtab.domain.drift.chance import Pair, smoothed
from trimtab.domain.drift.dependence import effective
from trimtab.domain.drift.measures.chi_square import chi_square
from trimtab.domain.drift.measures.jensen_shannon import jensen_shannon, jensen_shannon_corrected
from trimtab.domain.drift.measures.kolmogorov_smirnov import kolmogorov_smirnov
from trimtab.domain.drift.measures.largest_change import largest_change
from trimtab.domain.drift.measures.psi import psi, psi_bias, psi_corrected
from trimtab.domain.drift.measures.wasserstein import wasserstein
from trimtab.domain.drift.policy import DriftPolicy
from trimtab.domain.drift.report import Sizes

FAR = 3.09  # standard deviations of a normal that one in a thousand passes
PSI_OF_JS = 8 * math.log(2)  # PSI over the square of the distance, for small changes


def sizes_of(column: BaselineColumn, counts: tuple[int, ...], pair: Pair) -> Sizes:
    """Measure a pair of counts in every way that fits the column."""
    p, q = smoothed(pair.reference), smoothed(pair.window)
    spread = 1.0 if pair.dependence is None else pair.dependence.spread
    rows = effective(int(pair.window.sum()), pair.excess)  # of all bins: chance moves each
    bias = psi_bias(len(p), int(pair.reference.sum()) / spread, rows)
    mine, theirs = (each / each.sum() for each in (pair.reference, pair.window))
    raw, js = float(psi(p, q)), float(jensen_shannon(p, q))
    is_number = column.kind == "number"
    test = None if is_number or column.has_many_levels else chi_square(pair.reference, pair.window)
    return Sizes(
        psi=raw,
        psi_corrected=psi_corrected(raw, bias),
        js=js,
        js_corrected=jensen_shannon_corrected(js, bias),
        linf=float(largest_change(mine, theirs)),
        ks=float(kolmogorov_smirnov(mine, theirs)) if is_number else None,
        w1=_moved(column, counts) if is_number else None,
        chi_square=None if test is None else test.value,
        chi_square_p=None if test is None else test.p,
    )


def _moved(column: BaselineColumn, counts: tuple[int, ...]) -> float:
    mine, theirs = (np.array(each) / sum(each) for each in (column.counts, counts))
    return wasserstein(mine, theirs, np.array(column.edges), column.deviation or 0.0)


def rows_for(policy: DriftPolicy, measure: str, floor: float, *, bins: int) -> int:
    """Return the effective rows at which chance alone reaches the floor in one window of a thousand, or the minimum.

    Less its bias PSI is chance's as a chi-square with bins - 1 degrees of freedom, less their number, over the rows.
    """
    if measure not in {"js", "psi"} or bins == 1:
        return policy.minimum_rows
    freedom = bins - 1
    size = floor * floor * PSI_OF_JS if measure == "js" else floor
    far = freedom * (1 - 2 / (9 * freedom) + FAR * math.sqrt(2 / (9 * freedom))) ** 3
    return max(policy.minimum_rows, math.ceil((far - freedom) / size))
