"""Reads a file into a profile, and into the profiles of parts of it that hang together: days, or groups of entities."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trimtab.data.source import open_source
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.together import TOGETHER, Projection
from trimtab.domain.profile import ColumnCounter, Profile
from trimtab.domain.reference import Reference

GROUPS = 64  # of entities, by a hash of their key: enough that their spread is known within a tenth
MOST_BLOCKS = 1_000  # days in three years; more are no days, but a column of something else
DAY = 86_400_000_000  # microseconds
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Parting:
    """By which column rows are parted."""

    column: str
    by: Literal["time", "entity"]


@dataclass
class Tally:
    """What was counted of a file."""

    profile: Profile
    is_typed: bool = True  # whether every value could be read as its column's type
    parts: list[Profile] = field(default_factory=list)

    @property
    def part_rows(self) -> list[int]:
        """Rows of each part."""
        return [part.rows for part in self.parts]


class _Counting:
    """Counts all rows, or those of one part."""

    def __init__(
        self, types: Mapping[str, ColumnType], references: Mapping[str, Reference]
    ) -> None:
        self._counters = {
            name: ColumnCounter(type_, references.get(name)) for name, type_ in types.items()
        }
        self._rows = 0

    def add(self, columns: Mapping[str, Cells], rows: int) -> None:
        self._rows += rows
        for name, cells in columns.items():
            self._counters[name].add(cells)

    def profile(self) -> Profile:
        columns = {name: counter.profile() for name, counter in self._counters.items()}
        return Profile(rows=self._rows, columns=columns)


def tally(
    path: Path,
    types: Mapping[str, ColumnType],
    *,
    parting: Parting | None = None,
    references: Mapping[str, Reference] | None = None,
    projection: Projection | None = None,
) -> Tally:
    """Count a file's columns of these types, and those of its parts. Raises Unreadable.

    With `projection` it also counts how far rows lie from what others have in common.
    """
    known = references or {}
    source = open_source(path, types=types)
    there = {
        name: type_ for name, type_ in types.items() if source.may_widen or name in source.header
    }
    counted = there if projection is None else {**there, TOGETHER: ColumnType.number}
    whole = _Counting(counted, known)
    is_typed = True
    parts: dict[int, _Counting] = {}
    for block in source.blocks:
        columns = {name: block.cells(name, type_) for name, type_ in there.items()}
        is_typed = is_typed and not any(cells.wrong.any() for cells in columns.values())
        if projection is not None:
            columns[TOGETHER] = projection.errors(columns, len(block.rows))
        whole.add(columns, len(block.rows))
        if parting is None or parting.column not in columns:
            continue
        keys = _keys(columns[parting.column], parting)
        for key in np.unique(keys[keys >= 0])[:MOST_BLOCKS].tolist():
            mask = keys == key
            counting = parts.setdefault(key, _Counting(counted, known))
            counting.add(
                {name: _only(cells, mask) for name, cells in columns.items()}, int(mask.sum())
            )
    found = [parts[key].profile() for key in sorted(parts)]
    return Tally(whole.profile(), is_typed, found if 1 < len(found) < MOST_BLOCKS else [])


def _keys(cells: Cells, parting: Parting) -> Places:
    """The part of each row; -1 where it has none."""
    if cells.codes is not None:
        groups = np.array([_group(level) for level in cells.levels], dtype=np.int64)[cells.codes]
    elif parting.by == "time":
        groups = np.asarray(cells.numbers, dtype=np.int64) // DAY
    else:
        different, places = np.unique(np.asarray(cells.numbers), return_inverse=True)
        groups = np.array([_group(repr(each)) for each in different.tolist()], dtype=np.int64)[
            places
        ]
    return np.where(cells.good, groups, -1).astype(np.int64)


def _group(key: str) -> int:
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % GROUPS


def _only(cells: Cells, mask: NDArray[np.bool_]) -> Cells:
    return Cells(
        type=cells.type,
        missing=cells.missing[mask],
        wrong=cells.wrong[mask],
        text=str,
        numbers=None if cells.numbers is None else cells.numbers[mask],
        levels=cells.levels,
        codes=None if cells.codes is None else cells.codes[mask],
    )
