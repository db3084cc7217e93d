"""Two profiles of one column counted alike: the same bins, or the same levels, in both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.bins import Counts, Keys, numbers_of
from trimtab.domain.distinct import hashes_of_texts
from trimtab.domain.levels import bucket_counts
from trimtab.domain.numbers import Numbers
from trimtab.domain.profile import ColumnProfile
from trimtab.domain.reference import Reference
from trimtab.domain.sets import different, union

QUANTILE_BINS = (
    20  # of the reference's values, about 5 % each; more would add noise, less would hide shifts
)
NAMED_LEVELS = (
    50  # levels compared one by one, the reference's most frequent; its others count as one
)


@dataclass(frozen=True)
class Alike:
    """Rows of both in the same bins or levels."""

    reference: Counts
    current: Counts
    new: int  # current rows outside what the reference has
    names: tuple[str | None, ...] = ()  # of levels; None stands for several
    ks: float | None = None


def reference_of(column: ColumnProfile, bins: int = QUANTILE_BINS) -> Reference:
    """Return what later profiles of the column are counted against, so that they compare with this one exactly."""
    if column.numbers is not None and column.numbers.bins is not None:
        told = column.numbers.bins
        edges = numbers_of(_edges(told.places, np.array(told.counts), bins), told.detail)
        return Reference(edges=tuple(edges[np.isfinite(edges)].tolist()))
    return Reference(levels=tuple(level for level, _ in column.heaviest(NAMED_LEVELS)[0]))


def numbers_alike(reference: Numbers, current: Numbers) -> Alike | None:
    """Count both between edges at quantiles of the reference; None if one of them has no bins."""
    if reference.bins is None or current.bins is None:
        return None
    new = _outside(reference, current)
    if current.between is not None:
        starts = numbers_of(reference.bins.places, reference.bins.detail)
        below = np.searchsorted(starts, np.array(current.between.edges), side="left")
        upto = np.concatenate(([0], np.cumsum(np.array(reference.bins.counts))))
        mine = np.diff(upto[below], prepend=0, append=upto[-1])
        theirs = np.array(current.between.counts)
        return Alike(mine, theirs, new, ks=_ks(mine, theirs))
    detail = min(reference.bins.detail, current.bins.detail)
    places, counts = reference.bins.at(detail)
    more, more_counts = current.bins.at(detail)
    both = union(places, more)
    mine, theirs = _spread(both, places, counts), _spread(both, more, more_counts)
    edges = _edges(places, counts, QUANTILE_BINS)
    groups = np.searchsorted(edges, both, side="right")
    size = len(edges) + 1
    ks = _ks(mine, theirs)
    return Alike(_sums(groups, mine, size), _sums(groups, theirs, size), new, ks=ks)


def levels_alike(reference: ColumnProfile, current: ColumnProfile) -> Alike | None:
    """Count both by the reference's levels, or by hash where one has too many; None if one has neither."""
    if reference.levels is None or current.levels is None:
        mine, theirs = _buckets(reference), _buckets(current)
        if mine is None or theirs is None:
            return None
        return Alike(mine, theirs, int(theirs[mine == 0].sum()))
    heavy, rest = reference.heaviest(NAMED_LEVELS)
    names = [level for level, _ in heavy]
    known = [current.levels.get(level, 0) for level in names]
    new = sum(count for level, count in current.levels.items() if level not in reference.levels)
    others = sum(current.levels.values()) - sum(known) - new
    return Alike(
        np.array([*(count for _, count in heavy), rest, 0]),
        np.array([*known, others, new]),
        new,
        names=(*names, None, None),
    )


def _edges(places: Keys, counts: Counts, most: int) -> Keys:
    """Places that cut the rows into about equal parts; what lies below the first and above the last has its own."""
    upto = np.cumsum(counts) - counts  # rows below each place
    wanted = np.arange(1, most) * (counts.sum() / most)
    inner = places[np.minimum(np.searchsorted(upto, wanted, side="left"), len(places) - 1)]
    return different(np.concatenate((places[:1], inner, places[-1:] + 1)))


def _outside(reference: Numbers, current: Numbers) -> int:
    """Current values outside the reference's range; a bin that is partly inside counts as inside."""
    assert current.bins is not None
    first = numbers_of(current.bins.places, current.bins.detail)
    after = numbers_of(current.bins.places + 1, current.bins.detail)
    outside = (after <= reference.minimum) | (first > reference.maximum)
    return int(np.array(current.bins.counts)[outside].sum())


def _buckets(column: ColumnProfile) -> Counts | None:
    if column.levels is not None:
        return bucket_counts(hashes_of_texts(tuple(column.levels)), column.levels)
    return None if column.buckets is None else np.array(column.buckets.counts)


def _spread(both: Keys, places: Keys, counts: Counts) -> Counts:
    spread = np.zeros(len(both), dtype=np.int64)
    spread[np.searchsorted(both, places)] = counts
    return spread


def _sums(groups: NDArray[np.int64], counts: Counts, size: int) -> Counts:
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, groups, counts)
    return sums


def _ks(reference: Counts, current: Counts) -> float:
    shares = [np.cumsum(each) / max(1, each.sum()) for each in (reference, current)]
    return float(np.abs(shares[0] - shares[1]).max())
