"""What a batch holds, in counts that add up: merging profiles in any order gives the same bits as one pass.

Sums are kept as exact fractions, because adding floats in another order gives another sum. Levels are counted
exactly up to a bound; a column that passes it has no level counts any more, whichever part is merged first.
"""

from fractions import Fraction
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, StringConstraints

from trimtab.domain.base import Frozen
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.errors import Conflict

LEVELS = 1_000  # more levels than this are an identifier or free text, and their counts say little
LEVEL_LENGTH = 200  # characters; a longer level is free text

FractionText = Annotated[str, StringConstraints(pattern=r"^-?\d+(/\d+)?$")]


class Numbers(Frozen):
    """The values of a column of numbers; of times, in microseconds since 1970 in UTC."""

    minimum: float
    maximum: float
    total: FractionText  # the exact sum

    def merge(self, other: "Numbers") -> "Numbers":
        """Return what both together hold."""
        return Numbers(
            minimum=min(self.minimum, other.minimum),
            maximum=max(self.maximum, other.maximum),
            total=str(Fraction(self.total) + Fraction(other.total)),
        )


class ColumnProfile(Frozen):
    """The counts of one column."""

    type: ColumnType
    count: NonNegativeInt = 0  # rows
    missing: NonNegativeInt = 0
    numbers: Numbers | None = None  # integer, number, datetime; None if there is no value
    levels: dict[str, NonNegativeInt] | None = None  # string, boolean; None past the bound

    @property
    def mean(self) -> float | None:
        """The mean of the values of a column of numbers, correctly rounded."""
        present = self.count - self.missing
        if self.numbers is None or not present:
            return None
        return float(Fraction(self.numbers.total) / present)

    def merge(self, other: "ColumnProfile") -> "ColumnProfile":
        """Return the profile of both parts. Raises Conflict if they are of different types."""
        if self.type is not other.type:
            raise Conflict(
                f"a column of type {self.type.value} and one of type {other.type.value} have no common profile",
                hint="merge only profiles that were made under one contract",
            )
        return ColumnProfile(
            type=self.type,
            count=self.count + other.count,
            missing=self.missing + other.missing,
            numbers=_merge_numbers(self.numbers, other.numbers),
            levels=_merge_levels(self.levels, other.levels),
        )


class Profile(Frozen):
    """The counts of a batch, or of several."""

    rows: NonNegativeInt = 0
    columns: dict[str, ColumnProfile]

    def merge(self, other: "Profile") -> "Profile":
        """Return the profile of both; a column that only one of them has stays as it is there."""
        columns = dict(self.columns)
        for name, column in other.columns.items():
            mine = columns.get(name)
            columns[name] = column if mine is None else mine.merge(column)
        return Profile(rows=self.rows + other.rows, columns=dict(sorted(columns.items())))


def profile_of(cells: Cells) -> ColumnProfile:
    """Return the profile of one column of one block."""
    numbers = levels = None
    if cells.codes is not None:
        levels = _bounded(cells.counts())
    else:
        values = cells.values()
        if values.size:
            numbers = Numbers(
                # adding zero makes 0 of -0, so that the smaller of the two does not hang on their order
                minimum=float(values.min()) + 0.0,
                maximum=float(values.max()) + 0.0,
                total=str(exact_sum(values)),
            )
    return ColumnProfile(
        type=cells.type,
        count=len(cells.missing),
        missing=int(np.count_nonzero(cells.missing)),
        numbers=numbers,
        levels=levels,
    )


def exact_sum(values: NDArray[np.float64] | NDArray[np.int64]) -> Fraction:
    """Return the sum of finite numbers without any rounding; at most 2**24 of them.

    Every float is an integer of 53 bits times a power of two. The integers are cut into two halves and added up
    by power in float64, which is exact as long as no sum of halves passes 2**53: 2**(27 + 24) does not.
    """
    if values.dtype.kind == "i":
        integers = values.astype(np.int64, copy=False)
        high, low = integers >> 26, integers & 0x3FFFFFF
        return Fraction(int(high.sum()) * 2**26 + int(low.sum()))
    mantissa, exponent = np.frexp(values)
    whole = (mantissa * 2.0**53).astype(np.int64)
    lowest = int(exponent.min()) if exponent.size else 0
    place = exponent - lowest
    high_sums = np.bincount(place, weights=whole >> 26)
    low_sums = np.bincount(place, weights=whole & 0x3FFFFFF)
    total = sum(
        (int(high) * 2**26 + int(low)) << power
        for power, (high, low) in enumerate(zip(high_sums.tolist(), low_sums.tolist(), strict=True))
        if high or low
    )
    return Fraction(total) * Fraction(2) ** (lowest - 53)


def _merge_numbers(a: Numbers | None, b: Numbers | None) -> Numbers | None:
    if a is None or b is None:
        return a or b
    return a.merge(b)


def _merge_levels(a: dict[str, int] | None, b: dict[str, int] | None) -> dict[str, int] | None:
    if a is None or b is None:
        return None
    merged = dict(a)
    for level, count in b.items():
        merged[level] = merged.get(level, 0) + count
    return _bounded(merged)


def _bounded(levels: dict[str, int]) -> dict[str, int] | None:
    if len(levels) > LEVELS or any(len(level) > LEVEL_LENGTH for level in levels):
        return None
    return dict(sorted(levels.items()))
