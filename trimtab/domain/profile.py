"""What a batch holds, in counts that add up: merging profiles in any order gives the same bits as one pass.

Sums are kept as exact fractions, because adding floats in another order gives another sum. Numbers are counted in
bins that choose themselves (`bins`), levels one by one up to a bound and past it by their hash, different values in
a sketch (`distinct`). Where a baseline is given, its edges and its levels are counted besides (`reference`).
"""

from collections.abc import Collection

import numpy as np
from pydantic import NonNegativeInt, field_validator

from trimtab.domain.base import Frozen
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.distinct import Sketch
from trimtab.domain.levels import Buckets, LevelCounter, Told
from trimtab.domain.numbers import NumberCounter, Numbers
from trimtab.domain.reference import LevelCounts, Reference
from trimtab.errors import Conflict

__all__ = [
    "ColumnCounter",
    "ColumnProfile",
    "Numbers",
    "Profile",
    "Reference",
    "profile_of",
]


class ColumnProfile(Frozen):
    """The counts of one column."""

    type: ColumnType
    count: NonNegativeInt = 0  # rows
    missing: NonNegativeInt = 0
    numbers: Numbers | None = None  # integer, number, datetime; None if there is no value
    levels: dict[str, NonNegativeInt] | None = None  # string, boolean; None past the bound
    buckets: Buckets | None = None  # of levels past the bound: how many rows each hash has
    distinct: Sketch | None = None  # of levels past the bound
    lengths: Numbers | None = None  # of strings, in characters
    among: LevelCounts | None = (
        None  # rows of each level of the baseline that it was profiled against
    )

    @property
    def mean(self) -> float | None:
        """The mean of the values of a column of numbers, correctly rounded."""
        return None if self.numbers is None else self.numbers.mean

    @property
    def deviation(self) -> float | None:
        """The standard deviation of the values of a column of numbers."""
        return None if self.numbers is None else self.numbers.deviation

    @property
    def missing_share(self) -> float:
        """The share of rows without a value; all are without where there is no row."""
        return self.missing / self.count if self.count else 1.0

    @property
    def distinct_values(self) -> int | None:
        """How many different values there are: exactly up to a thousand, within some 3 % beyond; None if not known."""
        if self.levels is not None:
            return len(self.levels)
        if self.numbers is not None:
            return self.numbers.distinct_values
        return None if self.distinct is None else self.distinct.estimate

    def heaviest(self, most: int) -> tuple[tuple[tuple[str, int], ...], int]:
        """Return the most frequent levels with their rows, and the rows of all others."""
        ranked = sorted((self.levels or {}).items(), key=lambda item: (-item[1], item[0]))
        rows = sum((self.levels or {}).values()) if self.buckets is None else self.buckets.rows
        kept = tuple(ranked[:most])
        return kept, rows - sum(count for _, count in kept)

    def merge(self, other: "ColumnProfile") -> "ColumnProfile":
        """Return the profile of both parts. Raises Conflict if they are of different types."""
        if self.type is not other.type:
            raise Conflict(
                f"a column of type {self.type.value} and one of type {other.type.value} have no common profile",
                hint="merge only profiles that were made under one contract",
            )
        counter = ColumnCounter(self.type)
        counter.add_profile(self)
        counter.add_profile(other)
        return counter.profile()


class Profile(Frozen):
    """The counts of a batch, or of several."""

    rows: NonNegativeInt = 0
    columns: dict[str, ColumnProfile]

    @field_validator("columns", mode="after")
    @classmethod
    def _in_one_order(cls, columns: dict[str, ColumnProfile]) -> dict[str, ColumnProfile]:
        return dict(sorted(columns.items()))

    def merge(self, other: "Profile") -> "Profile":
        """Return the profile of both; a column that only one of them has stays as it is there."""
        columns = dict(self.columns)
        for name, column in other.columns.items():
            mine = columns.get(name)
            columns[name] = column if mine is None else mine.merge(column)
        return Profile(rows=self.rows + other.rows, columns=columns)

    def without_reference(self) -> "Profile":
        """Return it as if it had been made against no baseline: so those made against different ones merge."""
        columns = {
            name: column.model_copy(
                update={
                    "among": None,
                    "numbers": column.numbers
                    and column.numbers.model_copy(update={"between": None}),
                }
            )
            for name, column in self.columns.items()
        }
        return Profile(rows=self.rows, columns=columns)

    def concealed(self, personal: Collection[str]) -> "Profile":
        """Return the profile with nothing but the number of rows and of gaps in these columns."""
        columns = {
            name: ColumnProfile(type=column.type, count=column.count, missing=column.missing)
            if name in personal
            else column
            for name, column in self.columns.items()
        }
        return Profile(rows=self.rows, columns=columns)


class ColumnCounter:
    """Counts one column block by block; what it holds does not hang on how the rows are cut into blocks."""

    def __init__(self, type_: ColumnType, reference: Reference | None = None) -> None:
        """Count against a baseline's `reference` too, where there is one."""
        self._type = type_
        self._count = self._missing = 0
        self._has_levels = type_ in (ColumnType.string, ColumnType.boolean)
        self._numbers = NumberCounter(reference.edges if reference else None)
        self._levels = LevelCounter(reference.levels if reference else None)

    def add(self, cells: Cells) -> None:
        """Take the column's cells of the next block."""
        self._count += len(cells.missing)
        self._missing += int(np.count_nonzero(cells.missing))
        if self._has_levels:
            self._levels.add(*cells.level_counts())
        else:
            self._numbers.add(cells.values())

    def add_profile(self, part: ColumnProfile) -> None:
        """Take what was counted elsewhere."""
        self._count += part.count
        self._missing += part.missing
        if part.numbers is not None:
            self._numbers.add_numbers(part.numbers)
        if self._has_levels:
            self._levels.add_part(
                Told(part.levels, part.buckets, part.distinct, part.lengths, part.among)
            )

    def profile(self) -> ColumnProfile:
        """Return what was counted."""
        if self._has_levels:
            told = self._levels.told()
            if self._type is ColumnType.boolean:
                told = told._replace(lengths=None)
            return ColumnProfile(
                type=self._type, count=self._count, missing=self._missing, **told._asdict()
            )
        return ColumnProfile(
            type=self._type,
            count=self._count,
            missing=self._missing,
            numbers=self._numbers.numbers(),
        )


def profile_of(cells: Cells, reference: Reference | None = None) -> ColumnProfile:
    """Return the profile of one column of one block."""
    counter = ColumnCounter(cells.type, reference)
    counter.add(cells)
    return counter.profile()
