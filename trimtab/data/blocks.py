"""The seam between the reading engine and the rules: a file is a header and a stream of blocks of rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.anomalies import Anomaly
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.datasets import Format

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
    header: tuple[str, ...]
    blocks: Iterator[Block]  # raises Unreadable where the rows cannot be read on


class Unreadable(Exception):
    """The file cannot be read, or not to its end; `anomalies` say why."""

    def __init__(self, *anomalies: Anomaly) -> None:
        super().__init__("; ".join(anomaly.sentence for anomaly in anomalies))
        self.anomalies = anomalies
