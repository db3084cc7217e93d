"""Counts in bins that choose themselves, the same ones whatever the order of the data.

A float's bits, read as an integer that keeps the order of numbers, are cut off after so many binary digits
(`detail`): 52 tells every number apart, each digit less halves the bins of an octave. A column keeps the most digits
with which it has at most 1,024 bins that are not empty. That hangs on its values alone: the bins of fewer digits are
unions of the bins of more, so parts that were cut differently are cut alike and added, with nothing lost.
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from trimtab.domain.base import Frozen

BINS = 1_024  # at most; a few KB as JSON, and 0.1 % of the rows each if they are spread evenly
EXACT = 52  # binary digits after the first that a float has
LOWEST = -11  # digits of the exponent go last: then there is one bin for each sign
EXACT_WHOLE = 2.0**52
POSITIVE = np.int64(0x7FFF_FFFF_FFFF_FFFF)

Keys = NDArray[np.int64]
Counts = NDArray[np.int64]


class Bins(Frozen):
    """Which bins have rows, and how many."""

    detail: Annotated[int, Field(ge=LOWEST, le=EXACT)]
    steps: tuple[int, ...]  # the first bin's place, then how far each is from the one before
    counts: tuple[PositiveInt, ...]

    @property
    def is_exact(self) -> bool:
        """Whether each bin is one number."""
        return self.detail == EXACT

    @property
    def places(self) -> Keys:
        """The places of the bins."""
        return np.cumsum(np.array(self.steps, dtype=np.int64))

    def at(self, detail: int) -> tuple[Keys, Counts]:
        """Return places and counts with fewer digits."""
        return cut(self.places, np.array(self.counts, dtype=np.int64), self.detail - detail)


class BinCounter:
    """Counts numbers block by block."""

    def __init__(self) -> None:
        self.detail = EXACT
        self.places: Keys = np.empty(0, dtype=np.int64)
        self.counts: Counts = np.empty(0, dtype=np.int64)

    def add(self, values: NDArray[np.float64], weights: Counts | None = None) -> None:
        """Take one finite number or more, none of them -0.0; each counts once, or as often as its weight says."""
        if self.detail == EXACT and weights is None and (few := _whole(values)) is not None:
            values, weights = few
        self._take(*_counted(keys_of(values) >> (EXACT - self.detail), weights), self.detail)

    def add_bins(self, bins: Bins) -> None:
        """Take what was counted elsewhere."""
        self._take(bins.places, np.array(bins.counts, dtype=np.int64), bins.detail)

    def bins(self) -> Bins:
        """Return what was counted."""
        steps = np.diff(self.places, prepend=np.int64(0))
        return Bins(
            detail=self.detail, steps=tuple(steps.tolist()), counts=tuple(self.counts.tolist())
        )

    def _take(self, places: Keys, counts: Counts, detail: int) -> None:
        common = min(self.detail, detail)
        mine = cut(self.places, self.counts, self.detail - common)
        more = cut(places, counts, detail - common)
        places, counts = _added(*mine, *more)
        drop = _least_drop(places, common - LOWEST)
        self.places, self.counts = cut(places, counts, drop)
        self.detail = common - drop


def keys_of(values: NDArray[np.float64]) -> Keys:
    """Return integers that have the order of the numbers, and their digits."""
    bits = values.view(np.int64)
    return bits ^ ((bits >> 63) & POSITIVE)


def numbers_of(places: Keys, detail: int) -> NDArray[np.float64]:
    """Return the smallest number of each bin."""
    keys = places << np.int64(EXACT - detail)
    return (keys ^ ((keys >> 63) & POSITIVE)).view(np.float64)


def cut(places: Keys, counts: Counts, digits: int) -> tuple[Keys, Counts]:
    """Return the bins without their last digits."""
    if digits <= 0 or not len(places):
        return places, counts
    shorter = places >> digits
    first = np.flatnonzero(np.concatenate(([True], shorter[1:] != shorter[:-1])))
    return shorter[first], np.add.reduceat(counts, first)


def _whole(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], Counts] | None:
    """The different values and how often each occurs, where they are whole and lie close: no sorting is needed."""
    lowest, highest = float(values.min()), float(values.max())
    if abs(lowest) > EXACT_WHOLE or highest - lowest > 4 * len(values):
        return None
    whole = values.astype(np.int64)
    if not np.array_equal(whole, values):
        return None
    counts = np.bincount(whole - int(lowest))
    there = np.flatnonzero(counts)
    return (there + int(lowest)).astype(np.float64), counts[there]


def _counted(keys: Keys, weights: Counts | None) -> tuple[Keys, Counts]:
    if weights is not None:
        order = np.argsort(keys, kind="stable")
        return _grouped(keys[order], weights[order])
    lowest = int(keys.min())
    if int(keys.max()) - lowest <= 4 * len(keys):
        counts = np.bincount(keys - lowest)
        there = np.flatnonzero(counts)
        return there + lowest, counts[there]
    keys = np.sort(keys)
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return keys[first], np.diff(first, append=len(keys))


def _grouped(keys: Keys, weights: Counts) -> tuple[Keys, Counts]:
    """The different keys of a sorted array, and the weight of each."""
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    return keys[first], np.add.reduceat(weights, first)


def _added(places: Keys, counts: Counts, more: Keys, more_counts: Counts) -> tuple[Keys, Counts]:
    if not len(places) or not len(more):
        return (places, counts) if len(places) else (more, more_counts)
    if len(places) == len(more) and np.array_equal(places, more):
        return places, counts + more_counts
    both = np.concatenate((places, more))
    order = np.argsort(both, kind="stable")
    return _grouped(both[order], np.concatenate((counts, more_counts))[order])


def _least_drop(places: Keys, most: int) -> int:
    """The fewest digits to cut off so that the bins are not too many."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if _different(places, middle) <= BINS:
            high = middle
        else:
            low = middle + 1
    return low


def _different(places: Keys, digits: int) -> int:
    shorter = places >> digits
    return int(np.count_nonzero(shorter[1:] != shorter[:-1])) + bool(len(places))
