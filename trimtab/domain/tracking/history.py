"""A run's history: its older points, packed in pieces by bucket of metric keys."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trimtab.domain.tracking.points import Logged, Point, order
from trimtab.domain.tracking.runs import TAIL_MOST, Run

BUCKETS = 16  # metrics of one run are read apart by so many; a piece of each may be written at once
PIECE_MOST = 2000  # points of one piece: some 20 KB compressed


@dataclass(frozen=True)
class Piece:
    """Points of the metrics of one bucket: for each key columns of time, step and value, in order of time."""

    bucket: int
    first_ms: int  # the earliest time in it
    span_ms: int  # from the earliest to the latest
    columns: Mapping[str, Sequence[Sequence[Any]]]

    @property
    def digest(self) -> str:
        """What names the piece by what it holds: written again, it is the same."""
        text = json.dumps(self.columns, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def points(self, key: str) -> list[Point]:
        """Return the points of one metric."""
        columns = self.columns.get(key)
        return [] if columns is None else [Point(*one) for one in zip(*columns, strict=True)]


def bucket_of(key: str) -> int:
    """Return the bucket that a metric's points are packed in."""
    return zlib.crc32(key.encode()) % BUCKETS


def spill(run: Run, *, most: int = TAIL_MOST) -> tuple[Run, list[Piece]]:
    """Return the run with a tail that is short enough, and the pieces that take what it gives up."""
    if len(run.tail) <= most:
        return run, []
    pieces = pack(run.tail)
    longest = max(piece.span_ms for piece in pieces)
    spilled = run.spilled + len(run.tail)
    return replace(run, tail=(), spilled=spilled, span_ms=max(run.span_ms, longest)), pieces


def pack(logged: Iterable[Logged]) -> list[Piece]:
    """Return points packed in pieces, each of one bucket and in order of time."""
    buckets: dict[int, list[Logged]] = {}
    for key, point in logged:
        buckets.setdefault(bucket_of(key), []).append((key, point))
    return [
        _piece(bucket, ordered[start : start + PIECE_MOST])
        for bucket, found in sorted(buckets.items())
        for ordered in [sorted(found, key=lambda one: order(one[1]))]
        for start in range(0, len(ordered), PIECE_MOST)
    ]


def tail_points(run: Run, key: str) -> list[Point]:
    """Return the points of a metric that are in the run's tail."""
    return [point for name, point in run.tail if name == key]


def _piece(bucket: int, logged: Sequence[Logged]) -> Piece:
    columns: dict[str, tuple[list[int], list[int], list[float]]] = {}
    for key, point in logged:
        times, steps, values = columns.setdefault(key, ([], [], []))
        times.append(point.timestamp)
        steps.append(point.step)
        values.append(point.value)
    first, last = logged[0][1].timestamp, logged[-1][1].timestamp
    return Piece(bucket, first, last - first, columns)
