"""Prediction requests in CSV: a line of names, then a line for each row, read by the contract's types.

What a text of a batch means, it means here too: nothing between two separators is null, and truth is written in the
same words. A text that cannot be read as its column's type stays a text, and the contract check tells it.
"""

import csv
from collections.abc import Callable
from typing import Any

from trimtab.domain.bad_request import BadRequest
from trimtab.domain.columns import ColumnType
from trimtab.domain.dialect import TRUTHS
from trimtab.domain.model import ModelSpec
from trimtab.domain.request_rows import Form, Rows, table

HEADER = "line 1"


def csv_rows(text: str, spec: ModelSpec) -> Rows:
    """Return the rows of a request's CSV. Raises BadRequest if it is none, or has no rows or wrong columns."""
    dialect = spec.contract.dialect
    lines: list[tuple[int, list[str]]] = []  # each record, and the line of the text it ends in
    reader = csv.reader(
        [f"{line}\n" for line in text.split("\n")],  # no other sign ends a line, quoted or not
        delimiter=dialect.separator or ",",
        quotechar=dialect.quote,
        strict=True,
    )
    try:
        lines.extend((reader.line_num, cells) for cells in reader if cells)
    except csv.Error as error:
        raise BadRequest.of(f"line {reader.line_num}", f"is not CSV: {error}", "CSV") from error
    if len(lines) < 2:  # noqa: PLR2004 (names, and a row)
        raise BadRequest.of("body", "has no rows", "a line of column names, then one line per row")
    names = lines.pop(0)[1]
    form = Form(
        header=HEADER,
        name=lambda place, _: f"{HEADER}, value {place + 1}",
        row=lambda row: f"line {lines[row][0]}",
        cell=lambda row, name: f"line {lines[row][0]}, {name}",
    )
    rows = table(names, [cells for _, cells in lines], form, spec)
    types = spec.contract.types
    read = {name: _read_all(READ[types[name]], cells) for name, cells in rows.columns.items()}
    return Rows(read, rows.cell)


def _read_all(read: Callable[[str], Any], cells: list[str]) -> list[Any]:
    return [read(cell) if cell else None for cell in cells]


def _number(text: str) -> int | float | str:
    if "_" in text or not text.isascii():
        return text  # Python's digits are more than those of CSV
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _truth(text: str) -> bool | str:
    return TRUTHS.get(text.lower(), text)


READ: dict[ColumnType, Callable[[str], Any]] = {
    ColumnType.integer: _number,
    ColumnType.number: _number,
    ColumnType.boolean: _truth,
    ColumnType.string: str,
    ColumnType.datetime: str,
}
