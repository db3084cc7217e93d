"""What is told of the difference of two dataset versions; it needs no data engine, as comparing them does."""

from pydantic import NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.columns import ColumnType


class Moved(Frozen):
    """How far the values of one column moved."""

    column: str
    distance: float  # 0: as before; 1: nothing in common
    how: str  # in numbers


class Retyped(Frozen):
    """A column that is of another type now."""

    column: str
    before: ColumnType
    after: ColumnType


class DatasetDiff(Frozen):
    """Two dataset versions compared; lists of batches hold keys."""

    model: str
    base: PositiveInt
    version: PositiveInt
    rows_before: NonNegativeInt
    rows_after: NonNegativeInt
    batches_added: tuple[str, ...]
    batches_removed: tuple[str, ...]
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    columns_retyped: tuple[Retyped, ...]
    moved: tuple[Moved, ...]  # those that moved most first
    sentence: str
