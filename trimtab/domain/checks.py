"""The contract's rules, checked block by block: which rows break which rule, counted in one pass."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.anomalies import (
    EXAMPLES,
    Anomaly,
    AnomalyCode,
    Example,
    Tally,
    cut,
    of_rows,
    percent,
)
from trimtab.domain.cells import Cells, Mask
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import Contract

Rows = NDArray[np.int64]

LISTED = 5  # names in a sentence; the examples hold more
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}  # that other programs put for commas

EXPECTED = {
    ColumnType.integer: "whole numbers",
    ColumnType.number: "finite numbers",
    ColumnType.string: "text",
    ColumnType.boolean: "true or false",
    ColumnType.datetime: "ISO 8601 times such as 2013-01-31 or 2013-01-31T05:00:00Z",
}


def check_header(header: Sequence[str], contract: Contract, *, target: str) -> list[Anomaly]:
    """Say which columns are missing, unknown or there twice; no anomaly means that the header fits."""
    known = contract.columns
    found = set(header)
    if not found & set(known):
        sentence = (
            f"the first line names none of the contract's {len(known)} columns "
            f"({_listed(list(known))}): {_why_no_header(header, known)}"
        )
        return [Anomaly(code=AnomalyCode.no_header, sentence=sentence, count=len(known), limit=0)]
    missing = [
        _missing_column(name, is_target=name == target) for name in known if name not in found
    ]
    unknown = [name for name in dict.fromkeys(header) if name not in known]
    twice = [name for name in known if list(header).count(name) > 1]
    return [
        *missing,
        *_columns(
            AnomalyCode.unknown_column,
            unknown,
            "not in the contract",
            told=lambda name: _with_meant(name, known),
        ),
        *_columns(AnomalyCode.duplicate_column, twice, "there more than once"),
    ]


def _why_no_header(header: Sequence[str], known: Collection[str]) -> str:
    """What a person most likely did."""
    if any(_meant(name, known) for name in header):
        return "names are compared as they are written, with their case and spaces"
    for separator, name in SEPARATORS.items():
        if len(header) == 1 and set(header[0].split(separator)) & set(known):
            return f"columns are separated by commas, not by {name}"
    return "a CSV file needs a header"


def _meant(name: str, known: Collection[str]) -> str | None:
    """The column that differs from the name in case or in spaces around it only."""
    bare = name.strip().casefold()
    return next((column for column in known if column.strip().casefold() == bare), None)


def _with_meant(name: str, known: Collection[str]) -> str:
    meant = _meant(name, known)
    return cut(name) if meant is None else f"{cut(name)!r} (meant: {meant!r}?)"


def _missing_column(name: str, *, is_target: bool) -> Anomaly:
    role = ", the target," if is_target else ""
    return Anomaly(
        code=AnomalyCode.missing_column,
        column=name,
        count=1,
        limit=0,
        sentence=f"column {name}{role} is missing; the contract asks for it",
    )


def _columns(
    code: AnomalyCode, names: Sequence[str], what: str, told: Callable[[str], str] = cut
) -> list[Anomaly]:
    if not names:
        return []
    verb = "column is" if len(names) == 1 else "columns are"
    return [
        Anomaly(
            code=code,
            column=cut(names[0]) if len(names) == 1 else None,
            count=len(names),
            limit=0,
            examples=tuple(Example(value=cut(name)) for name in names[:EXAMPLES]),
            sentence=f"{len(names):,} {verb} {what}: {_listed(names, told)}",
        )
    ]


def _listed(names: Sequence[str], told: Callable[[str], str] = cut) -> str:
    return ", ".join(map(told, names[:LISTED])) + (", …" if len(names) > LISTED else "")


class ColumnCheck:
    """Checks one column of a batch."""

    def __init__(self, name: str, column: Column, *, missing_share: float) -> None:
        self._name = name
        self._column = column
        self._missing_share = missing_share
        self._tallies: dict[AnomalyCode, Tally] = {}
        self._allowed = None if column.allowed is None else frozenset(column.allowed)

    def add(self, cells: Cells, rows: Rows) -> None:
        """Take the column's cells of the next block; `rows` are their row numbers in the batch."""
        self._count(AnomalyCode.missing_value, cells.missing, cells, rows)
        self._count(AnomalyCode.wrong_type, cells.wrong, cells, rows)
        good = cells.good
        if self._column.minimum is not None and cells.numbers is not None:
            below = good & (cells.numbers < self._column.minimum)
            self._count(AnomalyCode.below_minimum, below, cells, rows)
        if self._column.maximum is not None and cells.numbers is not None:
            above = good & (cells.numbers > self._column.maximum)
            self._count(AnomalyCode.above_maximum, above, cells, rows)
        if self._allowed is not None and cells.codes is not None and cells.levels:
            strange = np.array([level not in self._allowed for level in cells.levels])
            self._count(AnomalyCode.not_allowed, good & strange[cells.codes], cells, rows)

    def anomalies(self, rows: int) -> list[Anomaly]:
        """Name what the column breaks in a batch of `rows` rows."""
        found = []
        for code, tally in self._tallies.items():
            if code is AnomalyCode.missing_value and self._column.nullable:
                found += self._too_many_missing(tally, rows)
            else:
                what = self._sentence(code)
                found.append(of_rows(code, tally, rows=rows, what=what, column=self._name))
        return found

    def _count(self, code: AnomalyCode, breaks: Mask, cells: Cells, rows: Rows) -> None:
        count = int(np.count_nonzero(breaks))
        if not count:
            return
        tally = self._tallies.setdefault(code, Tally())
        places = np.flatnonzero(breaks)[: tally.room].tolist()
        missing = code is AnomalyCode.missing_value
        tally.add(count, ((int(rows[i]), None if missing else cells.text(i)) for i in places))

    def _too_many_missing(self, tally: Tally, rows: int) -> list[Anomaly]:
        limit = self._missing_share
        if tally.count <= limit * rows:
            return []
        what = f"have no value (at most {percent(limit)} may have none)"
        return [
            of_rows(
                AnomalyCode.missing_share,
                tally,
                rows=rows,
                what=what,
                column=self._name,
                limit=limit,
            )
        ]

    def _sentence(self, code: AnomalyCode) -> str:
        column = self._column
        match code:
            case AnomalyCode.missing_value:
                return "have no value (none may be without)"
            case AnomalyCode.below_minimum:
                return f"are under the minimum {column.minimum:g} (none may be)"
            case AnomalyCode.above_maximum:
                return f"are over the maximum {column.maximum:g} (none may be)"
            case AnomalyCode.not_allowed:
                allowed = len(column.allowed or ())
                return f"are not among the {allowed:,} allowed values (all must be)"
            case _:
                return f"are not {EXPECTED[column.type]} (all must be)"


class ContractCheck:
    """Checks a batch against its contract, one block of rows after the other."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._checks = {
            name: ColumnCheck(name, column, missing_share=contract.missing_share)
            for name, column in contract.columns.items()
        }
        self.rows = 0

    def add(self, rows: Rows, columns: Mapping[str, Cells]) -> None:
        """Take the next block: its row numbers, its cells. A column that the batch has not is left out."""
        for name, cells in columns.items():
            self._checks[name].add(cells, rows)
        self.rows += len(rows)

    def broken_rules(self) -> list[Anomaly]:
        """Name every rule that the rows taken so far break, in the contract's order of columns."""
        return [
            anomaly for check in self._checks.values() for anomaly in check.anomalies(self.rows)
        ]

    def too_few_rows(self) -> list[Anomaly]:
        """Name it if the rows taken so far are fewer than a batch must have."""
        minimum = self._contract.minimum_rows
        if self.rows >= minimum:
            return []
        sentence = f"{self.rows:,} rows; a batch has at least {minimum:,}"
        code = AnomalyCode.too_few_rows
        return [Anomaly(code=code, count=self.rows, limit=minimum, sentence=sentence)]
