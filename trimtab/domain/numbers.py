"""The values of a column of numbers, counted: sums without rounding, bins, different values."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, StringConstraints

from trimtab.domain.base import Frozen
from trimtab.domain.bins import EXACT, BinCounter, Bins, keys_of, numbers_of
from trimtab.domain.distinct import NO_VALUES, DistinctCounter, Sketch, hashes_of_keys
from trimtab.domain.exact import SCALE, fraction, scaled_sum
from trimtab.domain.reference import EdgeCounts, counts_between

FractionText = Annotated[str, StringConstraints(pattern=r"^-?\d+(/\d+)?$")]
SQUARABLE = (
    2.0**500
)  # the square of a larger number may be no finite float, and no sum of them is kept


class Numbers(Frozen):
    """The values of a column of numbers; of times, in microseconds since 1970 in UTC."""

    count: NonNegativeInt = 0
    minimum: float
    maximum: float
    total: FractionText  # the exact sum
    squares: FractionText | None = (
        None  # the exact sum of the squares, each rounded to a float; None: not known
    )
    bins: Bins | None = None  # None in profiles older than this field
    distinct: Sketch | None = None  # None where the bins are exact: they are the different values
    between: EdgeCounts | None = (
        None  # rows between the edges of the baseline that it was profiled against
    )

    @property
    def mean(self) -> float | None:
        """The mean, correctly rounded."""
        return float(Fraction(self.total) / self.count) if self.count else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the values as a population."""
        if self.squares is None or not self.count:
            return None
        mean = Fraction(self.total) / self.count
        return math.sqrt(max(Fraction(0), Fraction(self.squares) / self.count - mean * mean))

    @property
    def distinct_values(self) -> int | None:
        """How many different values there are; None if that was not counted."""
        if self.bins is None:
            return None
        if self.bins.is_exact:
            return len(self.bins.counts)
        return None if self.distinct is None else self.distinct.estimate

    def quantile(self, share: float) -> float | None:
        """Return the number that `share` of the values are at or below, as near as the bins tell; None if unknown."""
        if self.bins is None or not self.bins.counts:
            return None
        counts = np.array(self.bins.counts)
        places = self.bins.places
        upto = np.cumsum(counts)
        place = int(np.searchsorted(upto, share * upto[-1], side="left"))
        low = float(numbers_of(places[place : place + 1], self.bins.detail)[0])
        if self.bins.is_exact:
            return low
        high = float(numbers_of(places[place : place + 1] + 1, self.bins.detail)[0])
        within = (share * upto[-1] - (upto[place] - counts[place])) / counts[place]
        low, high = max(low, self.minimum), min(high, self.maximum)
        return float(low + (high - low) * within)


class NumberCounter:
    """Counts numbers block by block."""

    def __init__(self, edges: tuple[float, ...] | None = None) -> None:
        self._edges = edges
        self._count = 0
        self._minimum, self._maximum = math.inf, -math.inf
        self._total = 0
        self._squares: int | None = 0
        self._bins: BinCounter | None = BinCounter()
        self._distinct = DistinctCounter()  # from when the bins are not exact any more
        self._between: EdgeCounts | None = None

    def add(self, values: NDArray[np.float64] | NDArray[np.int64]) -> None:
        """Take the next values, all finite."""
        if not len(values):
            return
        # Adding zero makes 0 of -0, so that the smaller of the two does not hang on their order.
        floats = values.astype(np.float64) + 0.0
        self._see(len(floats), float(floats.min()), float(floats.max()), scaled_sum(values))
        if self._squares is not None:
            small = max(-self._minimum, self._maximum) < SQUARABLE
            self._squares = self._squares + scaled_sum(floats * floats) if small else None
        self._bin(lambda bins: bins.add(floats), keys_of(floats))
        if self._edges is not None:
            between = counts_between(self._edges, floats)
            self._between = between if self._between is None else self._between.merge(between)

    def add_weighted(self, values: NDArray[np.int64], weights: NDArray[np.int64]) -> None:
        """Take one small whole number or more, each as often as its weight says."""
        total = int((values * weights).sum())
        self._see(int(weights.sum()), float(values.min()), float(values.max()), total << SCALE)
        if self._squares is not None:
            self._squares += int((values * values * weights).sum()) << SCALE
        floats = values.astype(np.float64)
        self._bin(lambda bins: bins.add(floats, weights), keys_of(floats))

    def add_numbers(self, part: Numbers) -> None:
        """Take what was counted elsewhere."""
        self._see(part.count, part.minimum, part.maximum, _scaled(part.total))
        if self._squares is not None:
            more = part.squares
            self._squares = None if more is None else self._squares + _scaled(more)
        if (bins := part.bins) is None:
            self._bins = None
        elif bins.is_exact:
            self._bin(lambda mine: mine.add_bins(bins), bins.places)
        else:
            self._bin(lambda mine: mine.add_bins(bins), None)
            self._distinct.merge(NO_VALUES if part.distinct is None else part.distinct.values)
        if part.between is not None:
            self._between = (
                part.between if self._between is None else self._between.merge(part.between)
            )

    def numbers(self) -> Numbers | None:
        """Return what was counted; None if nothing was."""
        if self._minimum > self._maximum:
            return None
        bins = None if self._bins is None else self._bins.bins()
        sketched = bins is not None and not bins.is_exact
        return Numbers(
            count=self._count,
            minimum=self._minimum,
            maximum=self._maximum,
            total=str(fraction(self._total)),
            squares=None if self._squares is None else str(fraction(self._squares)),
            bins=bins,
            distinct=Sketch.of(self._distinct.registers) if sketched else None,
            between=self._between,
        )

    def _see(self, count: int, minimum: float, maximum: float, total: int) -> None:
        self._count += count
        self._minimum = min(self._minimum, minimum)
        self._maximum = max(self._maximum, maximum)
        self._total += total

    def _bin(self, take: Callable[[BinCounter], None], keys: NDArray[np.int64] | None) -> None:
        """Let the bins take what has these keys; once they tell numbers apart no more, the sketch does."""
        if self._bins is None:
            return
        known = self._bins.places if self._bins.detail == EXACT else None
        take(self._bins)
        if self._bins.detail < EXACT:
            for values in (known, keys):
                if values is not None and len(values):
                    self._distinct.add(hashes_of_keys(values))


def _scaled(text: str) -> int:
    return int(Fraction(text) * (1 << SCALE))
