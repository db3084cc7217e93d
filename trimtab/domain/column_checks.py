"""What the contract asks of each value of a column, checked block by block."""

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.anomalies import OFFENDERS, Anomaly, AnomalyCode, Tally, of_rows, percent
from trimtab.domain.cells import Cells, Mask
from trimtab.domain.columns import Column, ColumnType

Rows = NDArray[np.int64]
Numbers = NDArray[np.float64] | NDArray[np.int64]

EXPECTED = {
    ColumnType.integer: "whole numbers",
    ColumnType.number: "finite numbers",
    ColumnType.string: "text",
    ColumnType.boolean: "true or false",
    ColumnType.datetime: "ISO 8601 times such as 2013-01-31 or 2013-01-31T05:00:00Z",
}


class ColumnCheck:
    """Checks one column of a batch."""

    def __init__(self, name: str, column: Column, *, missing_share: float) -> None:
        self._name = name
        self._column = column
        own = column.missing_share
        self._missing_share = missing_share if own is None else own
        self._tallies: dict[AnomalyCode, Tally] = {}
        self._allowed = None if column.allowed is None else frozenset(column.allowed)

    def add(self, cells: Cells, rows: Rows) -> None:
        """Take the column's cells of the next block; `rows` are their row numbers in the batch."""
        self._count(AnomalyCode.missing_value, cells.missing, cells, rows)
        self._count(AnomalyCode.wrong_type, cells.wrong, cells, rows)
        good = cells.good
        if cells.numbers is not None:
            self._check_limits(good, cells.numbers, cells, rows)
        else:
            assert cells.codes is not None
            self._check_levels(good, cells.codes, cells, rows)

    def merge(self, later: "ColumnCheck", *, after: int) -> None:
        """Take what was found in the rows that follow the first `after`."""
        for code, tally in later._tallies.items():  # noqa: SLF001
            mine = self._tallies.setdefault(code, Tally(conceal=self._column.personal))
            mine.merge(tally, after=after)

    def anomalies(self, rows: int) -> list[Anomaly]:
        """Name what the column breaks in a batch of `rows` rows."""
        return [
            self._named(code, tally, rows)
            for code, tally in self._tallies.items()
            if tally.count > self._limit(code) * rows
        ]

    def notices(self, rows: int) -> list[Anomaly]:
        """Name the new values of a column that may have some."""
        tally = self._tallies.get(AnomalyCode.not_allowed)
        if tally is None or tally.count > self._column.new_share * rows:
            return []
        return [self._named(AnomalyCode.not_allowed, tally, rows)]

    def _check_limits(self, good: Mask, numbers: Numbers, cells: Cells, rows: Rows) -> None:
        if (minimum := self._column.minimum) is not None:
            self._count(AnomalyCode.below_minimum, good & (numbers < minimum), cells, rows)
        if (maximum := self._column.maximum) is not None:
            self._count(AnomalyCode.above_maximum, good & (numbers > maximum), cells, rows)

    def _check_levels(self, good: Mask, codes: NDArray[np.int64], cells: Cells, rows: Rows) -> None:
        if self._allowed is not None:
            strange = np.array([level not in self._allowed for level in cells.levels])
            self._count(AnomalyCode.not_allowed, good & strange[codes], cells, rows)
        if (longest := self._column.longest) is not None:
            long = np.array([len(level) > longest for level in cells.levels])
            self._count(AnomalyCode.too_long, good & long[codes], cells, rows)

    def _count(self, code: AnomalyCode, breaks: Mask, cells: Cells, rows: Rows) -> None:
        count = int(np.count_nonzero(breaks))
        if not count:
            return
        if (tally := self._tallies.get(code)) is None:
            tally = self._tallies[code] = Tally(conceal=self._column.personal)
        places = np.flatnonzero(breaks)
        missing = code is AnomalyCode.missing_value
        first = places[: tally.room].tolist()
        tally.add(count, ((int(rows[i]), None if missing else self._text(cells, i)) for i in first))
        if not missing:
            tally.blame(_values(cells, places))

    def _text(self, cells: Cells, place: int) -> str | None:
        return None if self._column.personal else cells.text(place)

    def _limit(self, code: AnomalyCode) -> float:
        if code is AnomalyCode.missing_value and self._column.nullable:
            return self._missing_share
        return self._column.new_share if code is AnomalyCode.not_allowed else 0

    def _named(self, code: AnomalyCode, tally: Tally, rows: int) -> Anomaly:
        limit = self._limit(code)
        if code is AnomalyCode.missing_value and self._column.nullable:
            code = AnomalyCode.missing_share
        what = self._sentence(code, limit)
        return of_rows(code, tally, rows=rows, what=what, column=self._name, limit=limit)

    def _sentence(self, code: AnomalyCode, limit: float) -> str:
        column = self._column
        others = f"at most {percent(limit)} may be others" if limit else "all must be"
        sentences = {
            AnomalyCode.missing_value: "have no value (none may be without)",
            AnomalyCode.missing_share: f"have no value (at most {percent(limit)} may have none)",
            AnomalyCode.below_minimum: f"are under the minimum {column.minimum or 0:g} (none may be)",
            AnomalyCode.above_maximum: f"are over the maximum {column.maximum or 0:g} (none may be)",
            AnomalyCode.not_allowed: f"are not among the {len(column.allowed or ()):,} allowed values ({others})",
            AnomalyCode.too_long: f"have more than {column.longest} characters (none may have)",
            AnomalyCode.wrong_type: f"are not {EXPECTED[column.type]} (all must be)",
        }
        return sentences[code]


def _values(cells: Cells, places: NDArray[np.int64]) -> dict[str, int]:
    """The values at these places and how often each occurs, as far as that is cheap to say."""
    if cells.codes is not None and not cells.wrong[places[0]]:
        codes, counts = np.unique(cells.codes[places], return_counts=True)
        return {cells.levels[c]: n for c, n in zip(codes.tolist(), counts.tolist(), strict=True)}
    if cells.numbers is not None and not cells.wrong[places[0]]:
        numbers, counts = np.unique(cells.numbers[places], return_counts=True)
        often = np.argsort(-counts, kind="stable")[:OFFENDERS].tolist()
        return {f"{numbers[i]:g}": int(counts[i]) for i in often}
    texts = [cells.text(int(place)) for place in places[:OFFENDERS]]
    return {text: texts.count(text) for text in texts}
