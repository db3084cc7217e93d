"""Finds runs in the order that a search asks for, reading as much as is taken: index entries first, then the runs."""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from trimtab.aws import keys
from trimtab.aws.table import Record, Table
from trimtab.aws.tracking.runs import Runs
from trimtab.domain.search import Kind, predicate, sort_key
from trimtab.domain.tracking.run_search import (
    NOT_A_NUMBER,
    WITHOUT,
    Place,
    RunQuery,
    metric_place,
    start_place,
    view_of,
)
from trimtab.domain.tracking.runs import Run
from trimtab.domain.tracking.sortable import number

AT_ONCE = 100  # runs that one read brings
MARGIN = 5  # entries read beyond a page: runs of one value are told once the next value is seen
EXAMINED_MOST = (
    5000  # runs that one page looks at, found or not: then the caller goes on from there
)
HIGH = "~"  # sorts behind every key of ours

Accepts = Callable[[Run], bool]


@dataclass(frozen=True)
class Candidate:
    """A run where an index has it; the run itself if it was read already."""

    place: Place
    run_id: str
    run: Run | None = None


@dataclass(frozen=True)
class Hit:
    """A run that was found, or, without one, how far the search has looked."""

    place: Place
    run: Run | None


class RunFinder:
    """Answers searches of runs."""

    def __init__(self, table: Table, runs: Runs) -> None:
        self._table = table
        self._runs = runs

    def find(
        self,
        experiment_ids: Sequence[str],
        query: RunQuery,
        stages: frozenset[str],
        *,
        after: Place | None = None,
        page: int = AT_ONCE,
    ) -> Iterator[Hit]:
        """Return the runs that are found behind `after`, in order; `page` says how many will likely be taken.

        After each EXAMINED_MOST runs that were looked at comes a hit without a run.
        """
        holds = predicate(query.comparisons, Kind.run)

        def accepts(run: Run) -> bool:
            return run.lifecycle_stage in stages and holds(view_of(run))

        wanted = list(dict.fromkeys(experiment_ids))
        if query.run_ids is not None or (query.start_order is None and query.metric_order is None):
            return self._sorted(wanted, query, accepts, after)
        candidates = self._candidates(wanted, query, after, min(max(page, 10) + MARGIN, 1000))
        at_once = min(max(page, 10), AT_ONCE)
        return checked(
            self._runs, candidates, accepts, at_once=at_once, examined_most=EXAMINED_MOST
        )

    def _candidates(
        self, experiment_ids: Sequence[str], query: RunQuery, after: Place | None, page: int
    ) -> Iterator[Candidate]:
        order = query.metric_order
        if order is None:
            ascending = bool(query.start_order)
            streams = [
                self._started(one, query.start_bounds(), ascending, after, page)
                for one in experiment_ids
            ]
            return _merged(streams, after)
        bounds = query.metric_bounds(order.key)
        streams = [
            self._by_metric(one, order.key, order.ascending, bounds, after, page)
            for one in experiment_ids
        ]
        return _merged(streams, after)

    def _started(
        self,
        experiment_id: str,
        bounds: tuple[float, float],
        ascending: bool,
        after: Place | None,
        page: int,
    ) -> Iterator[Candidate]:
        """Candidates in order of start; of one moment in order of their ids, whichever way the time runs."""
        first, last = _whole(bounds[0], -keys.SHIFT), _whole(bounds[1], keys.SHIFT - 1)
        if after is not None and ascending:
            first = max(first, after.start_ms)
        elif after is not None:
            last = min(last, -after.start_ms)
        between = (keys.started(first, ""), keys.started(last, HIGH))
        found = self._entries(
            keys.experiment(experiment_id), between, newest_first=not ascending, page=page
        )
        for start, group in groupby(found, key=lambda one: int(one.sk.split("#")[1]) - keys.SHIFT):
            ids = [keys.run_of(one.sk) for one in group]
            for run_id in ids if ascending else reversed(ids):
                yield Candidate(start_place(start, run_id, ascending=ascending), run_id)

    def _by_metric(
        self,
        experiment_id: str,
        key: str,
        ascending: bool,
        bounds: tuple[float, float] | None,
        after: Place | None,
        page: int,
    ) -> Iterator[Candidate]:
        """Candidates in order of a metric: the open runs, read first, merged with what the index holds."""
        runs = self.open_runs(experiment_id)
        opened = [
            Candidate(_place_of(run, key, ascending), run.id, run)
            for run in runs
            if key in run.metrics or bounds is None
        ]
        opened.sort(key=lambda one: one.place)
        partition = keys.experiment_metric(experiment_id, key)
        indexed = self.by_value(partition, bounds, ascending=ascending, after=after, page=page)
        yield from heapq.merge(
            (one for one in opened if one.place.group != WITHOUT), indexed, key=_place
        )
        if bounds is None:
            yield from self._without(experiment_id, key, after, page)

    def open_runs(self, experiment_id: str) -> list[Run]:
        """Return the runs of an experiment whose metrics are in no index."""
        entries = self._entries(
            keys.experiment(experiment_id), (keys.OPEN, keys.OPEN + HIGH), newest_first=False
        )
        return list(self._runs.many(keys.run_of(one.sk) for one in entries).values())

    def by_value(
        self,
        partition: str,
        bounds: tuple[float, float] | None,
        *,
        ascending: bool,
        after: Place | None = None,
        page: int = AT_ONCE,
    ) -> Iterator[Candidate]:
        """Return what an index by metric holds, in order: numbers within the bounds, then, without bounds, NaN."""
        low, high = bounds or (-math.inf, math.inf)
        if after is not None and after.group == 0:
            low, high = (
                (max(low, after.value), high) if ascending else (low, min(high, -after.value))
            )
        if after is None or after.group == 0:
            between = (keys.metric_rank(low), keys.metric_rank(high) + HIGH)
            found = self._entries(partition, between, newest_first=not ascending, page=page)
            for value, group in groupby(found, key=_value):
                entries = list(group)
                for one in entries if ascending else reversed(entries):
                    yield _candidate(one, value, ascending)
        if bounds is None and (after is None or after.group <= NOT_A_NUMBER):
            between = (keys.NAN, keys.NAN + HIGH)
            for one in self._entries(partition, between, newest_first=False, page=page):
                yield _candidate(one, math.nan, ascending)

    def _without(
        self, experiment_id: str, key: str, after: Place | None, page: int
    ) -> Iterator[Candidate]:
        """Candidates that lack a metric, last begun first."""
        behind = after if after is not None and after.group == WITHOUT else None
        everything = self._started(experiment_id, (-math.inf, math.inf), False, behind, page)
        while some := list(islice(everything, AT_ONCE)):
            runs = self._runs.many(one.run_id for one in some)
            for one in some:
                run = runs.get(one.run_id)
                if run is not None and key not in run.metrics:
                    place = metric_place(None, run.start_ms, run.id, ascending=True)
                    yield Candidate(place, run.id, run)

    def _sorted(
        self,
        experiment_ids: Sequence[str],
        query: RunQuery,
        accepts: Accepts,
        after: Place | None,
    ) -> Iterator[Hit]:
        """Runs in an order that no index has: all of them are read; a place is how many came before."""
        runs = self._all(experiment_ids, query)
        order = sort_key(query.orders)
        found = sorted((run for run in runs if accepts(run)), key=lambda run: order(view_of(run)))
        begin = 0 if after is None else int(after.value)
        for count, run in enumerate(found[begin:], begin + 1):
            yield Hit(Place(0, count, 0, run.id), run)

    def _all(self, experiment_ids: Sequence[str], query: RunQuery) -> Iterator[Run]:
        if query.run_ids is not None:
            within = set(experiment_ids)
            for run in self._runs.many(query.run_ids).values():
                if run.experiment_id in within:
                    yield run
            return
        for experiment_id in experiment_ids:
            found = self._started(experiment_id, query.start_bounds(), True, None, 1000)
            while some := [one.run_id for one in islice(found, AT_ONCE)]:
                yield from self._runs.many(some).values()

    def _entries(
        self, partition: str, between: tuple[str, str], *, newest_first: bool, page: int = 1000
    ) -> Iterator[Record]:
        if between[0] > between[1]:
            return
        after: str | None = None
        while True:
            records, after = self._table.records(
                partition, between=between, newest_first=newest_first, limit=page, after=after
            )
            yield from records
            if after is None:
                return


def checked(
    runs: Runs,
    candidates: Iterator[Candidate],
    accepts: Accepts,
    *,
    at_once: int,
    examined_most: int,
) -> Iterator[Hit]:
    """Read the candidates, `at_once` in one call, and yield those that are accepted, each once.

    After each `examined_most` that were looked at comes a hit without a run.
    """
    examined, told = 0, set[str]()
    while some := list(islice(candidates, at_once)):
        unread = [one.run_id for one in some if one.run is None]
        read = runs.many(unread) if unread else {}
        for one in some:
            run = one.run or read.get(one.run_id)
            # A run that ended while this was read stands among the open ones and in the index.
            if run is not None and run.id not in told and accepts(run):
                told.add(run.id)
                yield Hit(one.place, run)
        examined += len(some)
        if examined >= examined_most:
            examined = 0
            yield Hit(some[-1].place, None)


def _merged(streams: Iterable[Iterator[Candidate]], after: Place | None) -> Iterator[Candidate]:
    for one in heapq.merge(*streams, key=_place):
        if after is None or one.place > after:
            yield one


def _place(one: Candidate) -> Place:
    return one.place


def _place_of(run: Run, key: str, ascending: bool) -> Place:
    point = run.metrics.get(key)
    value = None if point is None else point.value
    return metric_place(value, run.start_ms, run.id, ascending=ascending)


def _value(entry: Record) -> float:
    return number(entry.sk.split("#")[0].removeprefix(keys.NUMBER))


def _candidate(entry: Record, value: float, ascending: bool) -> Candidate:
    _, inverted, run_id = entry.sk.split("#")
    start_ms = -1 - (int(inverted) - keys.SHIFT)
    return Candidate(metric_place(value, start_ms, run_id, ascending=ascending), run_id)


def _whole(bound: float, otherwise: int) -> int:
    """A bound in milliseconds, wide enough; `otherwise` for an endless one."""
    if math.isinf(bound):
        return otherwise
    return min(max(int(bound), -keys.SHIFT), keys.SHIFT - 1)
