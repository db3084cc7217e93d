"""Histories of metrics: the run's tail and the pieces of its older points, merged in order as they are read."""

from collections.abc import Iterator
from itertools import islice

from trimtab.aws import keys
from trimtab.aws.table import Record, Table
from trimtab.domain.tracking.history import Piece, bucket_of, tail_points
from trimtab.domain.tracking.points import Point, merged, order
from trimtab.domain.tracking.runs import Run

PAGE = 100  # pieces of one read: some 10,000 points


class Histories:
    """Reads all points of a metric, in order of time, step and value, each once."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def page(
        self, run: Run, key: str, *, most: int, after: Point | None = None
    ) -> tuple[list[Point], bool]:
        """Return at most `most` points that come after `after`, and whether there are more."""
        found = list(islice(self.points(run, key, after=after), most + 1))
        return found[:most], len(found) > most

    def points(self, run: Run, key: str, *, after: Point | None = None) -> Iterator[Point]:
        """Return the points that come after `after`, reading as far as they are taken.

        `run` must have been read before: what its tail gave up since then is found twice, and told once.
        """
        waiting = _behind(tail_points(run, key), after)
        for piece in self._pieces(run, key, after):
            # Pieces come in order of their first times: nothing that is read later comes before this one's.
            ready = [point for point in waiting if point.timestamp < piece.first_ms]
            yield from merged(ready)
            rest = (point for point in waiting if point.timestamp >= piece.first_ms)
            waiting = merged(rest, _behind(piece.points(key), after))
        yield from merged(waiting)

    def _pieces(self, run: Run, key: str, after: Point | None) -> Iterator[Piece]:
        if not run.spilled:
            return
        bucket = bucket_of(key)
        # A piece that begins before `after` holds later points only if it spans that far.
        first_ms = -keys.SHIFT if after is None else max(after.timestamp - run.span_ms, -keys.SHIFT)
        between = (keys.history(bucket, first_ms), keys.history(bucket, keys.SHIFT - 1, "~"))
        start: str | None = None
        while True:
            records, start = self._table.records(
                keys.run(run.id), between=between, limit=PAGE, after=start
            )
            for record in records:
                yield _piece(bucket, record)
            if start is None:
                return


def _piece(bucket: int, record: Record) -> Piece:
    first_ms = int(record.sk.split("#")[2]) - keys.SHIFT
    return Piece(bucket, first_ms, record.body["span_ms"], record.body["columns"])


def _behind(points: list[Point], after: Point | None) -> list[Point]:
    if after is None:
        return points
    return [point for point in points if order(point) > order(after)]
