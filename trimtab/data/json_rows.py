"""Reads JSON lines one by one: says what each value is, and names the lines that are no objects."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from arro3.core import Array, DataType
from numpy.typing import NDArray

from trimtab.data.arrow import read_as
from trimtab.domain.anomalies import Anomaly, AnomalyCode, Tally, of_rows
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType

NO_OBJECT = "are no JSON object; each line must be one"


class Literal(str):
    """A number as it stands in JSON."""

    __slots__ = ()


class JsonBlock:
    """Some rows of JSON lines."""

    def __init__(self, rows: NDArray[np.int64], objects: Sequence[dict[str, Any]]) -> None:
        self.rows = rows
        self._objects = objects

    def cells(self, name: str, type_: ColumnType) -> Cells:
        """Return the column's cells, read as the type; a row without the key has no value."""
        values = [row.get(name) for row in self._objects]
        strange = np.array([not _may_be(type_, value) for value in values], dtype=np.bool_)
        texts = [
            None if value is None or odd else _text(value)
            for value, odd in zip(values, strange, strict=True)
        ]
        read = read_as(type_, Array(texts, type=DataType.string()))
        return Cells(
            type=type_,
            missing=read.missing & ~strange,
            wrong=read.wrong | strange,
            text=lambda place: _text(values[place]),
            numbers=read.numbers,
            levels=read.levels,
            codes=read.codes,
        )


class JsonRows:
    """Reads chunks of JSON lines and keeps what was wrong with them."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}  # keys seen, in the order of their first appearance
        self._not_utf8, self._malformed = Tally(), Tally()

    def read(self, chunk: bytes, *, after: int = 0) -> JsonBlock:
        """Read lines that follow the first `after` rows; those that are no object are counted."""
        numbers, objects = [], []
        lines = (line for line in chunk.split(b"\n") if line.strip())
        for number, line in enumerate(lines, start=after + 1):
            row = self._object(line, number)
            if row is not None:
                numbers.append(number)
                objects.append(row)
                self.names.update(dict.fromkeys(row))
        return JsonBlock(np.array(numbers, dtype=np.int64), objects)

    def faults(self, rows: int) -> tuple[Anomaly, ...]:
        """Name what the lines read so far showed, of `rows` lines in all."""
        utf8 = (
            AnomalyCode.invalid_encoding,
            self._not_utf8,
            "are not UTF-8; save the file as UTF-8",
        )
        named = (utf8, (AnomalyCode.malformed_row, self._malformed, NO_OBJECT))
        return tuple(
            of_rows(code, tally, rows=rows, what=what) for code, tally, what in named if tally.count
        )

    def _object(self, line: bytes, number: int) -> dict[str, Any] | None:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self._not_utf8.add(1, [(number, line.decode(errors="backslashreplace"))])
            return None
        try:
            row = json.loads(text, parse_float=Literal, parse_int=Literal, parse_constant=Literal)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            return row
        self._malformed.add(1, [(number, text)])
        return None


def _may_be(type_: ColumnType, value: Any) -> bool:
    """Whether a value of this kind may stand for the type; read_as says whether it does."""
    if value is None:
        return True
    is_number = isinstance(value, Literal)
    match type_:
        case ColumnType.integer | ColumnType.number:
            return isinstance(value, str)
        case ColumnType.boolean:
            return isinstance(value, (str, bool))
        case _:
            return isinstance(value, str) and not is_number


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()  # JSON may spell half a character
