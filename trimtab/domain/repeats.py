"""Finds what stands in a batch more than once: values of a unique column, keys, whole rows.

Eight bytes a row and check are kept, and as much again while they are sorted: about 0.5 GB for the largest file with
all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from trimtab.domain.anomalies import EXAMPLES, Anomaly, AnomalyCode, Tally, of_rows, percent
from trimtab.domain.cells import Cells, Mask
from trimtab.domain.column_checks import Rows
from trimtab.domain.contract import Contract
from trimtab.domain.fingerprints import Fingerprints, fingerprints, joined


@dataclass
class _Watch:
    """What is kept of one thing that must not repeat."""

    code: AnomalyCode
    columns: tuple[str, ...]
    limit: float
    what: str
    column: str | None = None
    parts: list[Fingerprints] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)


class Repeats:
    """Watches the columns that are unique, the key, and whole rows, as far as the contract asks for it."""

    def __init__(self, contract: Contract) -> None:
        self._watched = [
            _Watch(
                AnomalyCode.not_unique,
                (name,),
                0,
                "repeat an earlier value (none may)",
                column=name,
            )
            for name, column in contract.columns.items()
            if column.unique
        ]
        if contract.key:
            what = f"repeat an earlier key of {', '.join(contract.key)} (none may)"
            self._watched.append(_Watch(AnomalyCode.not_unique, contract.key, 0, what))
        if (limit := contract.duplicate_share) is not None:
            what = f"repeat an earlier row whole (at most {percent(limit)} may)"
            everything = tuple(contract.columns)
            self._watched.append(_Watch(AnomalyCode.duplicate_rows, everything, limit, what))

    def add(self, rows: Rows, columns: Mapping[str, Cells]) -> None:
        """Take the next block."""
        needed = {name for watch in self._watched for name in watch.columns} & columns.keys()
        told = {name: fingerprints(columns[name]) for name in needed}
        for watch in self._watched:
            names = [name for name in watch.columns if name in columns]
            if not names:
                continue
            parts, kept = joined([told[name] for name in names]), rows
            if watch.code is AnomalyCode.not_unique:
                there = _complete([columns[name] for name in names])
                parts, kept = parts[there], rows[there]
            watch.parts.append(parts)
            watch.rows.append(kept)

    def merge(self, later: "Repeats", *, after: int) -> None:
        """Take what was kept of the rows that follow the first `after`."""
        for mine, theirs in zip(self._watched, later._watched, strict=True):  # noqa: SLF001
            mine.parts += theirs.parts
            mine.rows += [rows + after for rows in theirs.rows]

    def anomalies(self, rows: int) -> list[Anomaly]:
        """Name what repeats more often than it may, in a batch of `rows` rows."""
        return [found for watch in self._watched for found in _found(watch, rows)]


def _complete(cells: list[Cells]) -> Mask:
    there = cells[0].good
    for more in cells[1:]:
        there = there & more.good
    return there


def _found(watch: _Watch, rows: int) -> list[Anomaly]:
    if not watch.parts:
        return []
    parts = np.concatenate(watch.parts)
    told = np.sort(parts)  # ten times as fast as finding their order, which mostly nobody needs
    if np.count_nonzero(told[1:] == told[:-1]) <= watch.limit * rows:
        return []
    places = np.concatenate(watch.rows)
    order = np.argsort(parts, kind="stable")  # equal ones stay in the order of their rows
    again = order[1:][told[1:] == told[:-1]]
    tally = Tally()
    first = np.sort(places[again])[:EXAMPLES].tolist()
    tally.add(int(again.size), ((row, None) for row in first))
    return [
        of_rows(
            watch.code, tally, rows=rows, what=watch.what, column=watch.column, limit=watch.limit
        )
    ]
