"""The best runs of some weeks over all experiments: read from the index by metric, as far as they are told."""

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trimtab.aws import keys
from trimtab.aws.table import Table
from trimtab.aws.tracking.run_finder import Candidate, Hit, RunFinder, checked
from trimtab.aws.tracking.runs import Runs
from trimtab.domain.tracking.run_search import Place, metric_place
from trimtab.domain.tracking.runs import Run
from trimtab.errors import InvalidInput

WEEKS_MOST = 105  # two years; each week is a partition of its own
LEAST_AT_ONCE, AT_ONCE = 10, 100  # runs that one read brings
EXAMINED_MOST = 2000  # runs that one page looks at: then the caller goes on from there
EVERY_NUMBER = (-math.inf, math.inf)


@dataclass(frozen=True)
class Span:
    """A time from which runs are wanted, by their start."""

    since: datetime
    until: datetime

    @property
    def weeks(self) -> tuple[str, ...]:
        """The ISO weeks that it touches. Raises InvalidInput for too many."""
        if self.until - self.since > timedelta(weeks=WEEKS_MOST - 1):
            raise InvalidInput(
                f"from: the time until then holds more than {WEEKS_MOST} weeks",
                hint="ask for a later from, or for an earlier to",
            )
        monday = self.since - timedelta(days=self.since.weekday())
        found = []
        while monday.date() <= self.until.date():
            found.append(keys.week(_ms(monday)))
            monday += timedelta(weeks=1)
        return tuple(found)

    def holds(self, run: Run) -> bool:
        """Say whether a run started in it."""
        return _ms(self.since) <= run.start_ms <= _ms(self.until)


class BestRuns:
    """Finds the runs with the largest or smallest value of a metric."""

    def __init__(self, table: Table, runs: Runs, finder: RunFinder) -> None:
        self._table = table
        self._runs = runs
        self._finder = finder

    def find(
        self,
        metric: str,
        span: Span,
        accepts: Callable[[Run], bool],
        *,
        smallest: bool = False,
        after: Place | None = None,
        page: int = AT_ONCE,
    ) -> Iterator[Hit]:
        """Return the runs of a time that have the metric, the best first; NaN is no value.

        After each EXAMINED_MOST runs that were looked at comes a hit without a run.
        """
        at_once = min(max(page, LEAST_AT_ONCE), AT_ONCE)
        streams = [self._indexed(metric, week, smallest, after, at_once + 1) for week in span.weeks]
        streams += [self._opened(metric, week, smallest) for week in span.weeks]
        merged = heapq.merge(*streams, key=lambda one: one.place)
        behind = (one for one in merged if after is None or one.place > after)
        return checked(
            self._runs,
            behind,
            lambda run: span.holds(run) and accepts(run),
            at_once=at_once,
            examined_most=EXAMINED_MOST,
        )

    def _indexed(
        self, metric: str, week: str, smallest: bool, after: Place | None, page: int
    ) -> Iterator[Candidate]:
        """Runs that have ended, in order of the metric."""
        partition = keys.week_metric(metric, week)
        yield from self._finder.by_value(
            partition, EVERY_NUMBER, ascending=smallest, after=after, page=page
        )

    def _opened(self, metric: str, week: str, smallest: bool) -> Iterator[Candidate]:
        """Runs that are in no index yet, in order of the metric."""
        found = [
            Candidate(metric_place(value, run.start_ms, run.id, ascending=smallest), run.id, run)
            for run in self._open_runs(week)
            if metric in run.metrics and not math.isnan(value := run.metrics[metric].value)
        ]
        yield from sorted(found, key=lambda one: one.place)

    def _open_runs(self, week: str) -> Iterator[Run]:
        after: str | None = None
        while True:
            entries, after = self._table.records(keys.open_in_week(week), after=after)
            yield from self._runs.many(one.sk for one in entries).values()
            if after is None:
                return


def _ms(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)
