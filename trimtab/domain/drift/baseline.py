"""What live windows are compared with: the counts of a period or a data set, on edges that it fixes for good.

A window that was profiled against `Baseline.references()` is counted on these very edges; any other profile is
counted by where its own bins begin.
"""

from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from trimtab.domain.alike import NAMED_LEVELS, reference_of
from trimtab.domain.base import Frozen
from trimtab.domain.bins import numbers_of
from trimtab.domain.columns import ColumnType
from trimtab.domain.distinct import hashes_of_texts
from trimtab.domain.drift.together import Projection
from trimtab.domain.levels import BUCKETS, LEVELS, bucket_counts
from trimtab.domain.profile import ColumnProfile, Profile
from trimtab.domain.reference import Reference, counts_among

Kind = Literal["number", "level", "hashed", "concealed"]
"""How a column is counted: between edges, by level, by a level's hash, or not at all but for its gaps."""

BlockKind = Literal["time", "entity"]
FEWEST = 2  # blocks between which anything can differ


class BaselineColumn(Frozen):
    """One column on the edges, or by the levels, that it fixes."""

    type: ColumnType
    kind: Kind
    rows: NonNegativeInt
    missing: NonNegativeInt
    counts: tuple[NonNegativeInt, ...]  # rows of each bin; see `names`
    edges: tuple[float, ...] = ()  # the first bin lies below the first, the last above the last
    levels: tuple[str, ...] = ()  # the most frequent first; the last count is of all others
    seen_once: NonNegativeInt = 0  # levels with one row: how likely the next row brings a new one
    deviation: float | None = None
    block_rows: tuple[NonNegativeInt, ...] = ()  # of each block, gaps too
    block_missing: tuple[NonNegativeInt, ...] = ()
    block_counts: tuple[tuple[NonNegativeInt, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What each count is of, for people."""
        if self.kind == "number":
            low, high = (
                [f"{edge:.6g}" for edge in self.edges[:-1]],
                [f"{edge:.6g}" for edge in self.edges[1:]],
            )
            between = [
                one if one == two else f"{one} – {two}" for one, two in zip(low, high, strict=True)
            ]
            return ("below", *between, "above") if self.edges else ("all",)
        if self.kind == "level":
            return (*self.levels, "others")
        return tuple(f"hash {place}" for place in range(len(self.counts)))

    @property
    def has_many_levels(self) -> bool:
        """Whether the levels are too many to be compared one by one."""
        return self.kind == "hashed" or len(self.levels) > NAMED_LEVELS

    @property
    def reference(self) -> Reference:
        """What a window's column is to be counted against."""
        if self.kind == "number" and self.edges:
            return Reference(edges=self.edges)
        return Reference(levels=self.levels) if self.kind == "level" else Reference()

    def count(self, column: ColumnProfile) -> tuple[int, ...] | None:
        """Return a profile's rows in these bins; None where it does not tell."""
        match self.kind:
            case "number":
                return _between(self.edges, column)
            case "level":
                return self._among(column)
            case "hashed":
                return _hashed(column)
            case _:
                return ()

    def _among(self, column: ColumnProfile) -> tuple[int, ...] | None:
        if column.among is not None and column.among.levels == self.levels:
            return (*column.among.counts, column.among.other)
        if column.levels is None:
            return None
        among = counts_among(self.levels, column.levels)
        return (*among.counts, among.other)

    def new_levels(self, column: ColumnProfile) -> int | None:
        """Return the rows whose level the baseline has not; None where the names are not known."""
        if self.kind != "level" or column.levels is None:
            return None
        known = set(self.levels)
        return sum(count for level, count in column.levels.items() if level not in known)


class Baseline(Frozen):
    """A period or data set on its own fixed edges."""

    rows: NonNegativeInt
    columns: dict[str, BaselineColumn]
    block: BlockKind = "time"  # what the blocks are, if there are any
    block_rows: tuple[NonNegativeInt, ...] = ()  # rows of each block
    rows_per_entity: float = 1.0  # mean over rows; see `rows_per_entity`
    projection: Projection | None = None  # what its features have in common, if that is compared

    def references(self) -> dict[str, Reference]:
        """Return what each column of a window is to be counted against."""
        return {name: column.reference for name, column in self.columns.items()}


class LiveWindow(Frozen):
    """What is compared: the profile of a window."""

    profile: Profile
    blocks: PositiveInt = 1  # time blocks of the baseline's length that it spans
    rows_per_entity: float = 1.0  # mean over rows; see `rows_per_entity`
    hours: float | None = None  # its length; None: it is no window of a series


def baseline_of(
    profile: Profile,
    blocks: Sequence[Profile] = (),
    *,
    block: BlockKind = "time",
    rows_per_entity: float = 1.0,
    leave_out: Collection[str] = (),
) -> Baseline:
    """Return a profile as a baseline.

    Args:
        profile: The period or data set.
        blocks: The same rows in parts that hang together within: of time, as long as a window is (20 at least, days
            for daily windows), or groups of entities by a hash of the key (64 or more). From their spread is learnt
            how many rows count as one; without them each row counts.
        block: What the blocks are.
        rows_per_entity: How many rows an entity has, as `rows_per_entity` tells.
        leave_out: Columns that are new by nature: keys.
    """
    columns = {
        name: _with_blocks(name, _column(column), blocks)
        for name, column in profile.columns.items()
        if name not in leave_out
        and column.type is not ColumnType.datetime  # time goes by; that is no news
    }
    return Baseline(
        rows=profile.rows,
        columns=columns,
        block=block,
        block_rows=tuple(each.rows for each in blocks),
        rows_per_entity=rows_per_entity,
    )


def rows_per_entity(group_rows: Sequence[int]) -> float:
    """Return how many rows of an entity a row has beside it, itself included, from the rows of groups by hash.

    The spread of the groups' rows tells it: no entity need be counted, and groups of several windows add up.
    """
    groups, rows = len(group_rows), sum(group_rows)
    if groups < FEWEST or not rows:
        return 1.0
    squares = sum(each * each for each in group_rows)
    return max(1.0, (groups * squares - rows * rows) / ((groups - 1) * rows))


def _column(column: ColumnProfile) -> BaselineColumn:
    reference = reference_of(column)
    kind: Kind = "concealed"
    if column.numbers is not None and column.numbers.bins is not None:
        kind = "number"
    elif column.levels is not None:
        kind = "level"
    elif column.buckets is not None:
        kind = "hashed"
    named = column.heaviest(LEVELS)[0] if kind == "level" else ()
    bare = BaselineColumn(
        type=column.type,
        kind=kind,
        rows=column.count,
        missing=column.missing,
        counts=(),
        edges=reference.edges or () if kind == "number" else (),
        levels=tuple(level for level, _ in named),
        seen_once=sum(count == 1 for count in (column.levels or {}).values()),
        deviation=column.deviation,
    )
    return bare.model_copy(update={"counts": bare.count(column) or ()})


def _with_blocks(name: str, column: BaselineColumn, blocks: Sequence[Profile]) -> BaselineColumn:
    there = [each.columns[name] for each in blocks if name in each.columns]
    counted = [column.count(each) for each in there]
    if len(there) < FEWEST or any(counts is None for counts in counted):
        return column
    return column.model_copy(
        update={
            "block_rows": tuple(each.count for each in there),
            "block_missing": tuple(each.missing for each in there),
            "block_counts": tuple(counted),
        }
    )


def _between(edges: tuple[float, ...], column: ColumnProfile) -> tuple[int, ...] | None:
    numbers = column.numbers
    if numbers is None:
        return (0,) * (len(edges) + 1) if column.count == column.missing else None
    if numbers.between is not None and numbers.between.edges == edges:
        return numbers.between.counts
    if numbers.bins is None:
        return None
    starts = numbers_of(numbers.bins.places, numbers.bins.detail)
    places = np.searchsorted(np.array(edges), starts, side="right")
    rows = np.zeros(len(edges) + 1, dtype=np.int64)
    np.add.at(rows, places, np.array(numbers.bins.counts, dtype=np.int64))
    return tuple(rows.tolist())


def _hashed(column: ColumnProfile) -> tuple[int, ...] | None:
    if column.levels is not None:
        if not column.levels:
            return (0,) * BUCKETS
        return tuple(bucket_counts(hashes_of_texts(tuple(column.levels)), column.levels).tolist())
    return None if column.buckets is None else column.buckets.counts
