"""Reads a broken CSV file row by row: keeps the rows that can be read, counts and names those that cannot.

About ten times slower than the engine, which stops at the first such row; so only for a file that is refused anyway.
"""

import csv
from collections.abc import Iterator
from typing import Any

import numpy as np
from arro3.core import Array, DataType, RecordBatch

from trimtab.data.arrow import ArrowBlock
from trimtab.data.blocks import Block
from trimtab.data.lines import bounded_lines
from trimtab.data.text import DAMAGE, TextFile, broken_gzip
from trimtab.domain.anomalies import Anomaly, AnomalyCode, Tally, of_rows
from trimtab.domain.dialect import Dialect

BLOCK_ROWS = 4_096  # rows of Python strings in memory at once
MALFORMED = "cannot be read: a quote is misplaced or never closed, or a value is too long"


class BrokenCsv:
    """The rows of a CSV file that has rows which cannot be read."""

    def __init__(self, text: TextFile, dialect: Dialect, fields: int) -> None:
        self._text = text
        self._dialect = dialect
        self._fields = fields
        self._rows = 0
        self._field_count, self._not_utf8, self._malformed = Tally(), Tally(), Tally()

    def blocks(self, places: dict[str, int], *, after: int) -> Iterator[Block]:
        """Give the readable rows that follow the first `after` rows; the unreadable ones are counted."""
        good: list[tuple[int, list[str]]] = []
        for row, values in self._readable():
            if row > after:
                good.append((row, values))
            if len(good) == BLOCK_ROWS:
                yield self._block(good, places)
                good = []
        if good:
            yield self._block(good, places)

    def read_through(self) -> None:
        """Read the file to its end, to count the rows that cannot be read."""
        for _ in self._readable():
            pass

    def faults(self) -> tuple[Anomaly, ...]:
        """Name what the rows given so far showed."""
        named = (
            (
                AnomalyCode.field_count,
                self._field_count,
                f"have fewer or more than the header's {self._fields:,} fields"
                if self._dialect.header
                else f"have fewer or more fields than the contract's {self._fields:,} columns",
            ),
            (AnomalyCode.invalid_encoding, self._not_utf8, "are not UTF-8; save the file as UTF-8"),
            (AnomalyCode.malformed_row, self._malformed, MALFORMED),
        )
        return tuple(
            of_rows(code, tally, rows=self._rows, what=what)
            for code, tally, what in named
            if tally.count
        )

    def _readable(self) -> Iterator[tuple[int, list[str]]]:
        with self._text.lines() as file:
            read = csv.reader(
                bounded_lines(file),
                strict=True,
                delimiter=self._dialect.separator or ",",
                quotechar=self._dialect.quote,
            )
            rows = (values for values in read if values)
            try:
                if self._dialect.header:
                    next(rows, None)
                for values in rows:
                    self._rows += 1
                    if self._is_good(values):
                        yield self._rows, values
            except csv.Error as error:
                self._rows += 1
                self._malformed.add(1, [(self._rows, str(error))])
            except DAMAGE as error:
                raise broken_gzip(error) from error

    def _is_good(self, values: list[str]) -> bool:
        line = (self._dialect.separator or ",").join(values)
        right_count, utf8 = len(values) == self._fields, _is_utf8(line)
        if not right_count:
            self._field_count.add(1, [(self._rows, f"{len(values):,} fields: {line}")])
        if not utf8:
            self._not_utf8.add(1, [(self._rows, line)])
        return right_count and utf8

    def _block(self, rows: list[tuple[int, list[str]]], places: dict[str, int]) -> Block:
        columns = zip(*(values for _, values in rows), strict=True)
        arrays: dict[str, Any] = {
            str(place): Array([value or None for value in column], type=DataType.string())
            for place, column in enumerate(columns)
        }
        numbers = np.array([row for row, _ in rows], dtype=np.int64)
        return ArrowBlock(RecordBatch.from_pydict(arrays), places, numbers)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
