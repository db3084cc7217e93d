"""What a baseline fixes for all later profiles: edges of numbers, levels of text."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, model_validator

from trimtab.domain.base import Frozen
from trimtab.errors import Conflict


class Reference(Frozen):
    """What one column of a later profile is counted against."""

    edges: tuple[float, ...] | None = (
        None  # a number belongs to the bin of the last edge at or below it
    )
    levels: tuple[str, ...] | None = None


class EdgeCounts(Frozen):
    """Rows between fixed edges."""

    edges: Annotated[tuple[float, ...], Field(min_length=1)]
    counts: tuple[NonNegativeInt, ...]  # one more than edges: the first is below all of them

    @model_validator(mode="after")
    def _fits(self) -> "EdgeCounts":
        if len(self.counts) != len(self.edges) + 1 or list(self.edges) != sorted(set(self.edges)):
            raise ValueError("edges must rise, and there is one count more than edges")
        return self

    def merge(self, other: "EdgeCounts") -> "EdgeCounts":
        """Return the counts of both. Raises Conflict if their edges are not the same."""
        if self.edges != other.edges:
            raise Conflict(
                "counts on different edges have no sum",
                hint="merge profiles that were made against one baseline",
            )
        pairs = zip(self.counts, other.counts, strict=True)
        return EdgeCounts(edges=self.edges, counts=tuple(a + b for a, b in pairs))


class LevelCounts(Frozen):
    """Rows of each level of a baseline, and of all others together."""

    levels: tuple[str, ...]
    counts: tuple[NonNegativeInt, ...]
    other: NonNegativeInt = 0

    def merge(self, other: "LevelCounts") -> "LevelCounts":
        """Return the counts of both. Raises Conflict if their levels are not the same."""
        if self.levels != other.levels:
            raise Conflict(
                "counts of different levels have no sum",
                hint="merge profiles that were made against one baseline",
            )
        counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return LevelCounts(levels=self.levels, counts=counts, other=self.other + other.other)


def counts_between(edges: tuple[float, ...], values: NDArray[np.float64]) -> EdgeCounts:
    """Count numbers between the edges."""
    below = np.searchsorted(np.sort(values), np.array(edges), side="left")
    counts = np.diff(below, prepend=0, append=len(values))
    return EdgeCounts(edges=edges, counts=tuple(counts.tolist()))


def counts_among(levels: tuple[str, ...], counts: dict[str, int]) -> LevelCounts:
    """Count levels by those of the baseline."""
    known = tuple(counts.get(level, 0) for level in levels)
    return LevelCounts(levels=levels, counts=known, other=sum(counts.values()) - sum(known))
