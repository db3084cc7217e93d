"""The levels of a column of text, counted: one by one as long as they are few, by their hash when they are many."""

import operator
from collections.abc import Collection, Mapping
from itertools import compress, repeat
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt

from trimtab.domain.base import Frozen
from trimtab.domain.distinct import DistinctCounter, Sketch, hashes_of_texts
from trimtab.domain.numbers import NumberCounter, Numbers
from trimtab.domain.reference import LevelCounts, counts_among

LEVELS = 1_000  # more levels than this are an identifier or free text, and their counts say little
LEVEL_LENGTH = 200  # characters; a longer level is free text
BUCKETS = 256
WAITING = 20_000  # levels counted before they are hashed and forgotten


class Buckets(Frozen):
    """How many rows hold a level of each hash: two columns can be compared by it, but no level is named."""

    counts: Annotated[tuple[NonNegativeInt, ...], Field(min_length=BUCKETS, max_length=BUCKETS)]

    @property
    def rows(self) -> int:
        """The rows of all of them."""
        return sum(self.counts)


class Told(NamedTuple):
    """What a counter of levels has to tell."""

    levels: dict[str, int] | None
    buckets: Buckets | None
    distinct: Sketch | None
    lengths: Numbers | None
    among: LevelCounts | None


class LevelCounter:
    """Counts levels block by block."""

    def __init__(self, known: tuple[str, ...] | None = None) -> None:
        self._known = known
        self._news: dict[str, int] = {}  # counted, not yet told apart
        self._levels: dict[str, int] | None = {}
        self._buckets: NDArray[np.int64] | None = np.zeros(BUCKETS, dtype=np.int64)
        self._distinct = DistinctCounter()
        self._lengths: NumberCounter | None = NumberCounter()
        self._among: LevelCounts | None = None

    def add(self, levels: Collection[str], counts: Collection[int]) -> None:
        """Take how often each level occurs in the next rows; a count may be zero."""
        news = self._news
        if 0 in counts:
            levels, counts = list(compress(levels, counts)), list(filter(None, counts))
        before = map(news.get, levels, repeat(0))
        news.update(zip(levels, map(operator.add, before, counts), strict=True))
        if len(news) > WAITING:
            self._settle()

    def _settle(self) -> None:
        """Count what has been waiting: hashing and measuring each level once costs less than once a block."""
        counts, self._news = self._news, {}
        if not counts:
            return
        if self._lengths is not None:
            lengths = np.fromiter(map(len, counts), dtype=np.int64, count=len(counts))
            self._lengths.add_weighted(lengths, np.array(list(counts.values()), dtype=np.int64))
        if self._known is not None:
            self._add_among(counts_among(self._known, counts))
        self._take(counts)

    def add_part(self, part: Told) -> None:
        """Take what was counted elsewhere."""
        if part.lengths is None and part.levels != {}:
            self._lengths = None  # not counted there
        elif part.lengths is not None and self._lengths is not None:
            self._lengths.add_numbers(part.lengths)
        if part.among is not None:
            self._add_among(part.among)
        if part.levels is not None:
            self._take(part.levels)
            return
        self._lose_names()
        if part.buckets is None or part.distinct is None:
            self._buckets = None
        elif self._buckets is not None:
            self._buckets = self._buckets + np.array(part.buckets.counts, dtype=np.int64)
            self._distinct.merge(part.distinct.values)

    def told(self) -> Told:
        """Return what was counted."""
        self._settle()
        lengths = None if self._lengths is None else self._lengths.numbers()
        if self._levels is not None:
            levels = dict(sorted(self._levels.items()))
            return Told(levels, None, None, lengths, self._among)
        if self._buckets is None:  # merged from profiles that are older than buckets
            return Told(None, None, None, lengths, self._among)
        buckets = Buckets(counts=tuple(self._buckets.tolist()))
        return Told(None, buckets, Sketch.of(self._distinct.registers), lengths, self._among)

    def _take(self, counts: Mapping[str, int]) -> None:
        if self._levels is None:
            self._hash(counts)
            return
        levels = self._levels
        for level, count in counts.items():
            levels[level] = levels.get(level, 0) + count
        if len(levels) > LEVELS or any(len(level) > LEVEL_LENGTH for level in counts):
            self._lose_names()

    def _lose_names(self) -> None:
        levels, self._levels = self._levels, None
        if levels:
            self._hash(levels)

    def _hash(self, counts: Mapping[str, int]) -> None:
        if self._buckets is None:
            return
        hashes = hashes_of_texts(tuple(counts))
        self._buckets = self._buckets + bucket_counts(hashes, counts)
        self._distinct.add(hashes)

    def _add_among(self, more: LevelCounts) -> None:
        self._among = more if self._among is None else self._among.merge(more)


def bucket_counts(hashes: NDArray[np.uint64], counts: Mapping[str, int]) -> NDArray[np.int64]:
    """Return the rows of each bucket."""
    places = (hashes >> np.uint64(56)).astype(np.int64)
    rows = np.zeros(BUCKETS, dtype=np.int64)
    np.add.at(rows, places, np.fromiter(counts.values(), dtype=np.int64, count=len(counts)))
    return rows
