"""The seam between the reading engine and the rules: a file is a header and a stream of blocks of rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.dialect import Dialect, Format

MAX_COLUMNS = 4_096  # more is not a table that a person wrote, and each costs memory in every block


class Block(Protocol):
    """Some rows of a file."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """The numbers of the block's rows in the file; 1 is the first row after the header."""
        ...

    def cells(self, name: str, type_: ColumnType) -> Cells:
        """Return the column's cells, read as the type; the name is one of the header."""
        ...


@dataclass(frozen=True)
class Source:
    """A file that can be read as rows."""

    format: Format
    header: tuple[str, ...]  # of JSON lines: the names that the first lines have
    blocks: Iterator[Block]  # raises Unreadable where the rows cannot be read on
    dialect: Dialect | None = None  # of CSV: how the file turned out to be written
    later: list[str] = field(default_factory=list)  # names that JSON lines had further down

    @property
    def may_widen(self) -> bool:
        """Whether rows may name columns that the header has not; they are known when all blocks are read."""
        return self.format == "jsonl"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, as far as the file is read."""
        return (*self.header, *self.later)


class Unreadable(Exception):
    """The file cannot be read, or not to its end; `anomalies` say why."""

    def __init__(self, *anomalies: Anomaly) -> None:
        super().__init__("; ".join(anomaly.sentence for anomaly in anomalies))
        self.anomalies = anomalies


def insist_on_width(columns: int) -> None:
    """Refuse a file of too many columns. Raises Unreadable."""
    if columns > MAX_COLUMNS:
        code = AnomalyCode.too_many_columns
        sentence = f"the file has {columns:,} columns; at most {MAX_COLUMNS:,} are read"
        raise Unreadable(Anomaly(code=code, count=columns, limit=MAX_COLUMNS, sentence=sentence))
