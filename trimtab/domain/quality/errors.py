"""How far off predicted numbers are as long as nobody knows: from where their rows lie.

On the evaluation's rows a second model learns how far off predictions were, from the features and the prediction
itself (direct loss estimation); its mean over a window's rows is the error that is expected of them. This one adds up
what each column's bin says, so its mean over any rows follows from how many of them lie in each bin: from counts that
a window has anyway, in whatever order they came. What only columns together tell is not in it. It holds as long as
rows are predicted as well as such rows were; where the world has changed it is blind. The band is wider the further
the estimate is from what is usual, by as much as the fit was off at its ends.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.baseline import BaselineColumn, Kind
from trimtab.domain.profile import Profile
from trimtab.domain.quality.estimate import banded, withheld
from trimtab.domain.quality.measured import Estimate, Measured

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Values = NDArray[Any]  # of float64, or of objects

MOST_TEXTS = 100  # of a column; one with more tells rows apart, not kinds of rows
# Between which numbers are told apart: a window may lie where the evaluation had few rows.
QUANTILES = (
    0.002,
    0.005,
    0.01,
    0.025,
    *(each / 20 for each in range(1, 20)),
    0.975,
    0.99,
    0.995,
    0.998,
)
SHRINK = 10.0  # rows that say nothing in each bin: what few rows say of it counts little (ridge regression)
REASON = "estimated without labels; assumes that such rows are still predicted as well as in the evaluation"
UNLIKE = "not estimated: {} was not counted as the evaluation was"


class Fit(Frozen):
    """What the mean of one kind of error is, and what the bins of each column add to it."""

    mean: float  # over the evaluation
    effects: dict[str, tuple[float, ...]]  # the last of each is of rows without a value
    doubt: float  # share by which it was off, of what it said beside the mean, where it said least and most


class ErrorModel(Frozen):
    """How far off predictions are, by the bins of their rows."""

    rows: PositiveInt
    columns: dict[str, BaselineColumn]  # their edges or levels alone
    absolute: Fit
    squared: Fit

    def expected(self, profile: Profile) -> dict[str, tuple[float, float]] | str:
        """Return the errors expected of counted rows, each with its doubt; or the column whose counts say nothing."""
        absolute, squared = self.absolute.mean, self.squared.mean
        for name, known in self.columns.items():
            column = profile.columns.get(name)
            counts = None if column is None or not column.count else known.count(column)
            if column is None or counts is None:
                return name
            shares = np.array([*counts, column.missing]) / column.count
            absolute += float(shares @ np.array(self.absolute.effects[name]))
            squared += float(shares @ np.array(self.squared.effects[name]))
        root = max(0.0, squared) ** 0.5
        off = self.squared.doubt * abs(squared - self.squared.mean)
        return {
            "mae": (max(0.0, absolute), self.absolute.doubt * abs(absolute - self.absolute.mean)),
            "rmse": (root, max(0.0, squared + off) ** 0.5 - root),
        }


def error_model(columns: Mapping[str, Values], errors: Floats) -> ErrorModel | None:
    """Learn how far off predictions are from evaluated rows; None if there is none.

    Args:
        columns: What each row has: floats (NaN: nothing), or texts (None: nothing) of an array of objects. A column of
            more than a hundred texts is left out.
        errors: Prediction less truth of each row.
    """
    if not errors.size:
        return None
    kept = {name: column for name in sorted(columns) if (column := _column(columns[name]))}
    sizes = {name: _bins(column) + 1 for name, column in kept.items()}
    starts = dict(zip(kept, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    rows = [_places(kept[name], columns[name]) + start for name, start in starts.items()]
    found = np.stack([np.abs(errors), errors**2], axis=1)
    effects = _ridge(rows, sum(sizes.values()), found - found.mean(axis=0))

    def fit(kind: int) -> Fit:
        mean, mine = float(found[:, kind].mean()), effects[:, kind]
        said = np.sum([mine[each] for each in rows], axis=0) if rows else np.zeros(errors.size)
        return Fit(
            mean=mean,
            effects={
                name: tuple(mine[start : start + sizes[name]].tolist())
                for name, start in starts.items()
            },
            doubt=_doubt(said, found[:, kind] - mean),
        )

    return ErrorModel(rows=errors.size, columns=kept, absolute=fit(0), squared=fit(1))


def _column(values: Values) -> BaselineColumn | None:
    """The bins of a column: between quantiles, closer to each other at the ends; or its texts, frequent ones first."""
    if values.dtype == np.float64:
        there = values[np.isfinite(values)]
        edges = np.unique(np.quantile(there, QUANTILES, method="higher")) if there.size else there
        return _bare(ColumnType.number, "number", edges=tuple(edges.tolist()))
    texts = Counter(each for each in values.tolist() if each is not None)
    if len(texts) > MOST_TEXTS:
        return None
    ranked = sorted(texts, key=lambda text: (-texts[text], text))
    return _bare(ColumnType.string, "level", levels=tuple(ranked))


def _bare(
    type_: ColumnType, kind: Kind, *, edges: tuple[float, ...] = (), levels: tuple[str, ...] = ()
) -> BaselineColumn:
    return BaselineColumn(
        type=type_, kind=kind, rows=0, missing=0, counts=(), edges=edges, levels=levels
    )


def _bins(column: BaselineColumn) -> int:
    return len(column.edges) + 1 if column.kind == "number" else len(column.levels) + 1


def _places(column: BaselineColumn, values: Values) -> Places:
    """The bin of each row; the place after the last is of rows without a value."""
    gap = _bins(column)
    if column.kind == "number":
        found = np.searchsorted(np.array(column.edges), values, side="right")
        return np.where(np.isnan(values), gap, found).astype(np.int64)
    known: dict[str | None, int] = {text: place for place, text in enumerate(column.levels)}
    known[None] = gap
    return np.array([known[each] for each in values.tolist()], dtype=np.int64)


def _doubt(said: Floats, real: Floats) -> float:
    """By which share of what was said of the tenth of rows with the least, and of that with the most, it was off."""
    order, tenth = np.argsort(said, kind="stable"), -(-said.size // 10)
    ends = [
        (float(said[end].mean()), float(real[end].mean()))
        for end in (order[:tenth], order[-tenth:])
    ]
    return min(1.0, max(abs(real - said) / abs(said) if said else 0.0 for said, real in ends))


def estimate_errors(
    model: ErrorModel,
    profile: Profile,
    usual: Mapping[str, Measured],
    strange: Sequence[tuple[str, float]],
) -> Estimate:
    """Return what the errors of these rows are expected to be; the rest is as in `estimate`."""
    if (nothing := withheld(profile.rows, strange)) is not None:
        return nothing
    found = model.expected(profile)
    if isinstance(found, str):
        return Estimate(metrics={}, reason=UNLIKE.format(found))
    values = {name: value for name, (value, _) in found.items()}
    metrics = {
        name: Measured(
            value=one.value, low=max(0.0, one.low - found[name][1]), high=one.high + found[name][1]
        )
        for name, one in banded(values, usual, model.rows, profile.rows).items()
    }
    return Estimate(metrics=metrics, reason=REASON)


def _ridge(rows: Sequence[Places], size: int, found: Floats) -> Floats:
    """What each bin adds: ridge regression on whether a row lies in it, for each of the errors."""
    gram = np.eye(size) * SHRINK
    sums = np.zeros((size, found.shape[1]))
    for place, mine in enumerate(rows):
        for column in range(found.shape[1]):
            sums[:, column] += np.bincount(mine, weights=found[:, column], minlength=size)
        for other in rows[place:]:
            low, width = int(other.min()), int(np.ptp(other)) + 1
            pairs = np.bincount(mine * width + (other - low), minlength=size * width)
            block = pairs.reshape(size, width).astype(np.float64)
            gram[:, low : low + width] += block
            if other is not mine:
                gram[low : low + width, :] += block.T
    return np.asarray(np.linalg.solve(gram, sums), dtype=np.float64)
