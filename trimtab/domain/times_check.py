"""What the contract expects of the times of a batch: at which hours, how new, how long, without a hole."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.anomalies import OFFENDERS, Anomaly, AnomalyCode, Example, Tally, of_rows
from trimtab.domain.cells import Cells, Mask
from trimtab.domain.column_checks import Rows
from trimtab.domain.contract import Times
from trimtab.domain.sets import union

HOUR = 3_600_000_000  # microseconds
DAY = 24 * HOUR
HOURS_KEPT = 1_000_000  # 114 years; more different hours are no time column's


class TimesCheck:
    """Checks the times of one column; `now` is when the batch is judged."""

    def __init__(self, times: Times, *, personal: bool, now: datetime) -> None:
        self._times = times
        self._now = int(now.timestamp() * 1e6)
        self._strange_hour = Tally(conceal=personal)
        self._future = Tally(conceal=personal)
        self._oldest: int | None = None
        self._newest: int | None = None
        self._hours: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def add(self, cells: Cells, rows: Rows) -> None:
        """Take the column's cells of the next block."""
        moments, good = np.asarray(cells.numbers, dtype=np.int64), cells.good
        if self._times.hours is not None:
            strange = good & ~np.isin(moments // HOUR % 24, self._times.hours)
            _count(self._strange_hour, strange, cells, rows)
        if self._times.future_hours is not None:
            limit = self._now + round(self._times.future_hours * HOUR)
            _count(self._future, good & (moments > limit), cells, rows)
        self._remember(moments[good])

    def merge(self, later: "TimesCheck", *, after: int) -> None:
        """Take what was found in the rows that follow the first `after`."""
        self._strange_hour.merge(later._strange_hour, after=after)  # noqa: SLF001
        self._future.merge(later._future, after=after)  # noqa: SLF001
        seen = [each for each in (later._oldest, later._newest) if each is not None]  # noqa: SLF001
        self._remember(np.array(seen, dtype=np.int64))
        self._hours = union(self._hours, later._hours)  # noqa: SLF001

    def anomalies(self, rows: int) -> list[Anomaly]:
        """Name what the times break."""
        column, times = self._times.column, self._times
        found = []
        if self._strange_hour.count:
            what = (
                f"lie outside the {len(times.hours or ())} hours of the day (UTC) that are expected"
            )
            found.append(
                of_rows(
                    AnomalyCode.hour_outside,
                    self._strange_hour,
                    rows=rows,
                    what=what,
                    column=column,
                )
            )
        if self._future.count:
            what = f"lie more than {times.future_hours:g} hours in the future"
            found.append(
                of_rows(AnomalyCode.future_time, self._future, rows=rows, what=what, column=column)
            )
        if self._newest is not None and self._oldest is not None:
            found += [*self._age(self._newest), *self._span(self._newest - self._oldest)]
            found += self._gap()
        return found

    def _remember(self, moments: NDArray[np.int64]) -> None:
        if not moments.size:
            return
        oldest, newest = int(moments.min()), int(moments.max())
        self._oldest = oldest if self._oldest is None else min(self._oldest, oldest)
        self._newest = newest if self._newest is None else max(self._newest, newest)
        if self._times.gap_hours is not None and self._hours.size <= HOURS_KEPT:
            self._hours = union(self._hours, moments // HOUR)

    def _age(self, newest: int) -> list[Anomaly]:
        limit, days = self._times.oldest_days, (self._now - newest) / DAY
        if limit is None or days <= limit:
            return []
        said = f"the newest row is {days:,.1f} days old (at most {limit:g})"
        return [self._named(AnomalyCode.stale, said, limit)]

    def _span(self, span: int) -> list[Anomaly]:
        limits, days = self._times.span_days, span / DAY
        if limits is None or limits.holds(days):
            return []
        limit = (
            limits.minimum
            if limits.minimum is not None and days < limits.minimum
            else limits.maximum
        )
        said = f"from the oldest row to the newest are {days:,.1f} days ({limits.words} expected)"
        return [self._named(AnomalyCode.span_outside, said, limit)]

    def _gap(self) -> list[Anomaly]:
        limit = self._times.gap_hours
        if limit is None or self._hours.size > HOURS_KEPT or self._hours.size == 1:
            return []
        gaps = np.diff(self._hours) - 1
        holes = np.flatnonzero(gaps > limit)
        if not holes.size:
            return []
        longest = int(gaps.max())
        more = f", in {holes.size:,} places" if holes.size > 1 else ""
        said = f"there is no row for {longest:,} whole hours in a row{more} (at most {limit:g})"
        found = self._named(AnomalyCode.time_gap, said, limit)
        told: dict[str, object] = {"count": int(holes.size)}
        if not self._strange_hour.conceal:
            told["examples"] = tuple(self._holes(holes[:OFFENDERS].tolist()))
        return [found.model_copy(update=told)]

    def _holes(self, holes: list[int]) -> Iterator[Example]:
        """Give from which hour to which there is no row."""
        for place in holes:
            first, last = int(self._hours[place]) + 1, int(self._hours[place + 1])
            start, end = (np.datetime64(hour, "h") for hour in (first, last))
            yield Example(value=f"{start}:00Z to {end}:00Z")

    def _named(self, code: AnomalyCode, said: str, limit: float | None) -> Anomaly:
        column = self._times.column
        return Anomaly(code=code, column=column, limit=limit, sentence=f"{column}: {said}")


def _count(tally: Tally, breaks: Mask, cells: Cells, rows: Rows) -> None:
    places = np.flatnonzero(breaks)
    first = places[: tally.room].tolist()
    tally.add(
        int(places.size),
        ((int(rows[i]), None if tally.conceal else cells.text(i)) for i in first),
    )
