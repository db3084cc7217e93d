"""Features together: how far each row lies from what the baseline's rows have in common, as one more column.

Features may each be as ever, and no longer go together: a join that went wrong, a unit that changed in half of the
rows. The principal components of the baseline's features say what goes together; what of a row they do not explain,
its reconstruction error, is a number like any other: counted, compared and told as a column. A row's error is computed
from it alone, in one order of operations, so it is the same whatever rows it came with.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.base import Frozen
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType

TOGETHER = "(features together)"
EXPLAINED = 0.65  # share of the variance that the components must explain
MOST_LEVELS = 10  # of a column of texts, the most frequent ones
MOST_ROWS = 100_000  # that components are learnt from, spread evenly
FEWEST = 2  # axes; one alone goes together with nothing

Floats = NDArray[np.float64]
Values = NDArray[Any]  # floats (NaN: no value), or texts (None: no value) of an array of objects


class Axis(Frozen):
    """A number, or whether a text is this level, in standard deviations from the mean."""

    column: str
    level: str | None  # None: a number
    mean: float
    deviation: float

    def of(self, cells: Cells | None) -> Floats | float:
        """Return where rows lie; what has no value lies at the mean."""
        if cells is None:
            return 0.0
        if self.level is None:
            values = np.asarray(cells.numbers, dtype=np.float64)
        else:
            is_it = np.array([level == self.level for level in cells.levels] or [False])
            values = is_it[np.where(cells.good, np.asarray(cells.codes), 0)].astype(np.float64)
        return np.where(cells.good, (values - self.mean) / self.deviation, 0.0)


class Projection(Frozen):
    """What a baseline's features have in common."""

    axes: tuple[Axis, ...]
    components: tuple[tuple[float, ...], ...]  # directions in these axes

    def errors(self, columns: Mapping[str, Cells], rows: int) -> Cells:
        """Return how far each row lies from all of them; a column that is not there lies at its mean."""
        at = [axis.of(columns.get(axis.column)) for axis in self.axes]
        rest = [np.zeros(rows) + each for each in at]
        for component in self.components:
            score = np.zeros(rows)
            for weight, each in zip(component, at, strict=True):
                score = score + weight * each
            rest = [one - weight * score for weight, one in zip(component, rest, strict=True)]
        squares = np.zeros(rows)
        for one in rest:
            squares = squares + one * one
        none = np.zeros(rows, dtype=np.bool_)
        return Cells(ColumnType.number, none, none, str, numbers=np.sqrt(squares))


def projection_of(columns: Mapping[str, Values]) -> Projection | None:
    """Return what these columns have in common; None where no two of them vary."""
    found = [axis for name in sorted(columns) for axis in _axes(name, columns[name])]
    if len(found) < FEWEST:
        return None
    rows = len(next(iter(columns.values())))
    chosen = np.linspace(0, rows - 1, min(rows, MOST_ROWS)).astype(np.int64)
    table = np.stack([_along(axis, columns[axis.column][chosen]) for axis in found], axis=1)
    values, vectors = np.linalg.eigh(table.T @ table / len(chosen))
    order = np.argsort(values)[::-1]
    share = np.cumsum(values[order]) / values.sum()
    kept = order[: int(np.searchsorted(share, EXPLAINED)) + 1]
    return Projection(
        axes=tuple(found),
        components=tuple(tuple(vectors[:, each].tolist()) for each in kept),
    )


def _axes(name: str, values: Values) -> list[Axis]:
    if values.dtype == np.float64:
        there = values[np.isfinite(values)]
        if not there.size or not there.std():
            return []
        mean, deviation = float(there.mean()), float(there.std())
        return [Axis(column=name, level=None, mean=mean, deviation=deviation)]
    texts = Counter(each for each in values.tolist() if each is not None)
    rows = sum(texts.values())
    shares = [
        (level, count / rows) for level, count in sorted(texts.items(), key=_first) if count < rows
    ]
    return [
        Axis(column=name, level=level, mean=share, deviation=(share * (1 - share)) ** 0.5)
        for level, share in shares[:MOST_LEVELS]
    ]


def _first(one: tuple[str, int]) -> tuple[int, str]:
    return -one[1], one[0]


def _along(axis: Axis, values: Values) -> Floats:
    if axis.level is None:
        there = values.astype(np.float64)
    else:
        there = np.array(
            [np.nan if each is None else float(each == axis.level) for each in values.tolist()]
        )
    return np.nan_to_num((there - axis.mean) / axis.deviation)
