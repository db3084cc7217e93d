"""What files were seen to hold: the ground on which a contract is proposed."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.fingerprints import Fingerprints, fingerprints, joined
from trimtab.domain.rules.calendar import PARTS
from trimtab.domain.rules.tokens import KEYWORDS

LEVELS = 1_000  # more different texts are no list of allowed ones
RESIDUES = 3  # more differences between a time and a number are no relation
HOUR = 3_600_000_000  # microseconds
CYCLES = {"minute_of_day": 1440, "hour": 24, "weekday": 7, "month": 12, "day": 31}


@dataclass
class ColumnOfFile:
    """What one column of one file was seen to hold."""

    rows: int = 0
    missing: int = 0
    minimum: float | None = None
    maximum: float | None = None
    total: float = 0.0
    squares: float = 0.0
    levels: Counter[str] | None = field(default_factory=Counter)  # None past LEVELS
    longest: int = 0
    hours: Counter[int] = field(default_factory=Counter)  # of the day, in UTC
    whole_hours: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def there(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def missing_share(self) -> float:
        """Share of rows without a value."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def mean(self) -> float | None:
        """The mean of numbers."""
        return self.total / self.there if self.there and self.minimum is not None else None

    @property
    def deviation(self) -> float:
        """The standard deviation of numbers."""
        mean = self.mean or 0.0
        return math.sqrt(max(0.0, self.squares / max(1, self.there) - mean * mean))

    @property
    def gap(self) -> int:
        """The most whole hours in a row without any time."""
        return int(np.diff(self.whole_hours).max()) - 1 if self.whole_hours.size > 1 else 0

    @property
    def varies(self) -> bool:
        """Whether there are two different values."""
        if self.minimum is not None:
            return self.minimum != self.maximum
        return self.levels is None or len(self.levels) > 1

    def add(self, cells: Cells) -> None:
        """Take the next block."""
        self.rows += len(cells.missing)
        self.missing += int(np.count_nonzero(cells.missing))
        if cells.codes is not None:
            self._add_levels(cells.counts())
        else:
            self._add_numbers(cells.values(), is_time=cells.type is ColumnType.datetime)

    def _add_levels(self, counts: Mapping[str, int]) -> None:
        self.longest = max(self.longest, *map(len, counts), 0)
        if self.levels is not None:
            self.levels.update(counts)
            if len(self.levels) > LEVELS:
                self.levels = None

    def _add_numbers(
        self, values: NDArray[np.float64] | NDArray[np.int64], *, is_time: bool
    ) -> None:
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        self.minimum = low if self.minimum is None else min(self.minimum, low)
        self.maximum = high if self.maximum is None else max(self.maximum, high)
        if is_time:
            hours, counts = np.unique(values // HOUR % 24, return_counts=True)
            self.hours.update(dict(zip(hours.tolist(), counts.tolist(), strict=True)))
            self.whole_hours = np.union1d(self.whole_hours, (values // HOUR).astype(np.int64))
            return
        floats = values.astype(np.float64)
        self.total += float(floats.sum())
        self.squares += float(np.square(floats).sum())
        if self.levels is not None:
            found, counts = np.unique(floats, return_counts=True)
            self._add_levels({f"{v:g}": int(n) for v, n in zip(found, counts, strict=True)})


@dataclass
class FileEvidence:
    """What one file was seen to hold."""

    name: str
    columns: dict[str, ColumnOfFile]
    rows: int = 0
    repeated: int = 0  # rows that repeat an earlier one whole

    @property
    def repeated_share(self) -> float:
        """Share of rows that repeat an earlier one whole."""
        return self.repeated / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Relation:
    """A part of a time and a number beside it, whose difference is always one of a few."""

    part: str  # of PARTS
    time: str
    number: str
    residues: tuple[int, ...]

    @property
    def rule(self) -> str:
        """The relation as a rule."""
        among = f"in ({', '.join(map(str, self.residues))})"
        return f"({self.part}({_quoted(self.time)}) - {_quoted(self.number)}) % {CYCLES[self.part]} {among}"


class Survey:
    """Looks through files of the same columns, one after the other, block by block."""

    def __init__(self, types: Mapping[str, ColumnType]) -> None:
        self.types = dict(types)
        self.files: list[FileEvidence] = []
        self._rows: list[Fingerprints] = []
        self._values: dict[str, list[Fingerprints]] = {}
        self._repeating: set[str] = set()
        self._residues: dict[tuple[str, str, str], set[int]] = {
            (part, time, number): set()
            for time, kind in types.items()
            if kind is ColumnType.datetime
            for number, other in types.items()
            if other is ColumnType.integer
            for part in CYCLES
        }
        self._ordered = {
            (one, two)
            for one, kind in types.items()
            for two, other in types.items()
            if one != two and kind is other is ColumnType.datetime
        }

    def begin(self, name: str) -> None:
        """Begin the next file."""
        self.files.append(FileEvidence(name, {column: ColumnOfFile() for column in self.types}))
        self._rows, self._values = [], {}

    def add(self, columns: Mapping[str, Cells]) -> None:
        """Take the next block of the file."""
        file, told = self.files[-1], {name: fingerprints(c) for name, c in columns.items()}
        for name, cells in columns.items():
            file.columns[name].add(cells)
            if name not in self._repeating and cells.type in (
                ColumnType.integer,
                ColumnType.string,
            ):
                self._values.setdefault(name, []).append(told[name][cells.good])
        self._rows.append(joined(list(told.values())))
        file.rows += len(self._rows[-1])
        self._relate(columns)

    def end(self) -> None:
        """End the file."""
        rows = np.concatenate([np.zeros(0, dtype=np.uint64), *self._rows])
        self.files[-1].repeated = int(rows.size - np.unique(rows).size)
        for column in self.files[-1].columns.values():
            # A column that this file has not is missing in all of its rows.
            column.missing += self.files[-1].rows - column.rows
            column.rows = self.files[-1].rows
        for name, parts in self._values.items():
            values = np.concatenate(parts)
            if np.unique(values).size < values.size:
                self._repeating.add(name)

    def unique(self) -> list[str]:
        """The columns none of whose values stands in a file twice."""
        kinds = (ColumnType.integer, ColumnType.string)
        return [n for n, kind in self.types.items() if kind in kinds and n not in self._repeating]

    def relations(self) -> list[Relation]:
        """The times and numbers that always go together."""
        return [
            Relation(part, time, number, tuple(sorted(found)))
            for (part, time, number), found in self._residues.items()
            if 0 < len(found) <= (RESIDUES if CYCLES[part] > RESIDUES * 7 else 2)
            and all(_fits(file.columns[number], CYCLES[part]) for file in self.files)
        ]

    def ordered(self) -> list[tuple[str, str]]:
        """The pairs of times of which the first is never after the second."""
        return sorted(pair for pair in self._ordered if pair[::-1] not in self._ordered)

    def means_between(self, name: str) -> float | None:
        """The largest move of a mean from a file to the next, in standard deviations; None if there is none."""
        moves = [
            abs(after.mean - before.mean) / before.deviation
            for before, after in self._consecutive(name)
            if before.mean is not None and after.mean is not None and before.deviation
        ]
        return max(moves, default=None)

    def levels_between(self, name: str) -> float | None:
        """The largest share of rows that changed their level from a file to the next."""
        moves = []
        for before, after in self._consecutive(name):
            if before.levels and after.levels:
                was, now = sum(before.levels.values()), sum(after.levels.values())
                moves.append(
                    sum(
                        max(0.0, n / now - before.levels[level] / was)
                        for level, n in after.levels.items()
                    )
                )
        return max(moves, default=None)

    def missing_between(self, name: str) -> float:
        """The largest rise of the share without a value from a file to the next."""
        pairs = self._consecutive(name)
        return max((b.missing_share - a.missing_share for a, b in pairs), default=0.0)

    def _consecutive(self, name: str) -> list[tuple[ColumnOfFile, ColumnOfFile]]:
        return [(a.columns[name], b.columns[name]) for a, b in pairwise(self.files)]

    def _relate(self, columns: Mapping[str, Cells]) -> None:
        for (part, time, number), found in list(self._residues.items()):
            if len(found) > RESIDUES or time not in columns or number not in columns:
                continue
            both = columns[time].good & columns[number].good
            moments = np.asarray(columns[time].numbers, dtype=np.float64)[both]
            numbers = np.asarray(columns[number].numbers, dtype=np.float64)[both]
            found.update(
                np.unique((PARTS[part](moments) - numbers) % CYCLES[part]).astype(int).tolist()
            )
        for one, two in [pair for pair in self._ordered if set(pair) <= columns.keys()]:
            both = columns[one].good & columns[two].good
            first, second = columns[one].numbers, columns[two].numbers
            if np.any(np.asarray(first)[both] > np.asarray(second)[both]):
                self._ordered.discard((one, two))


def _fits(column: ColumnOfFile, cycle: int) -> bool:
    """Whether a number may count the parts of a time: a counter of something else agrees by chance."""
    low, high = column.minimum, column.maximum
    return low is not None and high is not None and low >= 0 and high <= cycle and column.varies


def _quoted(name: str) -> str:
    plain = name.isidentifier() and name.isascii() and name not in KEYWORDS
    return name if plain else f"`{name}`"
