"""Whether a challenger is worse than the champion somewhere, although it is as good on the whole.

Each slice asks: is the challenger worse there by more than the margin? Its p-value is that of a one-sided test of the
paired difference, whose standard error the bootstrap gives; over all slices the false discovery rate is held at 5 %
(Benjamini and Hochberg 1995), so that many slices do not refuse good challengers by chance.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .bootstrap import Bootstrap, Interval
from .metrics import LARGER_IS_BETTER, metric

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

RATE = 0.05  # of slices called worse that are not
QUARTERS = 4  # slices of a numeric column
MOST_LEVELS = 20  # of a column's values, the most frequent ones
MISSING = "(missing)"


@dataclass(frozen=True)
class Slice:
    """Some of the evaluation rows, and how challenger and champion do on them."""

    column: str
    level: str
    rows: int
    verdict: str  # ok, worse, or unknown: too few rows or one class only
    value: float | None = None  # the challenger's metric
    gain: Interval | None = None  # over the champion; positive is better
    p_value: float | None = None  # of being no worse than the margin

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.column}={self.level}"

    def as_json(self) -> dict[str, Any]:
        """Return the slice as evaluation.json has it."""
        return {
            "slice": self.name,
            "column": self.column,
            "level": self.level,
            "rows": self.rows,
            "verdict": self.verdict,
            "value": None if self.value is None else round(self.value, 6),
            "gain": None if self.gain is None else self.gain.as_json(),
            "p_value": None if self.p_value is None else round(self.p_value, 6),
        }


@dataclass(frozen=True)
class Question:
    """What is asked of every slice."""

    metric: str
    margin: float
    minimum_rows: int
    seed: int


def judge_slices(
    rows: pd.DataFrame,
    columns: Sequence[str],
    truth: Floats,
    answers: dict[str, Floats],
    question: Question,
) -> tuple[Slice, ...]:
    """Return every slice of these columns with its verdict, those that are worse first."""
    found = [
        _measured(column, level, chosen, truth, answers, question)
        for column in columns
        for level, chosen in levels(rows[column])
    ]
    return tuple(sorted(with_verdicts(found), key=_worst_first))


def levels(values: pd.Series) -> Iterator[tuple[str, Rows]]:
    """Return a column's slices: its values, or quarters of a number of many values, and what is missing."""
    missing = values.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > MOST_LEVELS:
        edges = np.unique(
            np.nanquantile(values.to_numpy(dtype=np.float64), np.linspace(0, 1, QUARTERS + 1))
        )
        place = np.searchsorted(edges[1:-1], values.to_numpy(dtype=np.float64), side="right")
        for number, (low, high) in enumerate(itertools.pairwise(edges)):
            yield f"{low:g} to {high:g}", np.flatnonzero((place == number) & ~missing)
    else:
        for level in values[~missing].value_counts().index[:MOST_LEVELS]:
            yield str(level), np.flatnonzero((values == level).to_numpy())
    if missing.any():
        yield MISSING, np.flatnonzero(missing)


def with_verdicts(slices: Sequence[Slice]) -> list[Slice]:
    """Call worse what the false discovery rate allows to be called so."""
    tested = sorted(
        (each.p_value, at) for at, each in enumerate(slices) if each.p_value is not None
    )
    worse: set[int] = set()
    for rank, (p_value, _) in enumerate(tested, start=1):
        if p_value <= RATE * rank / len(tested):
            worse = {at for _, at in tested[:rank]}
    return [
        replace(each, verdict="worse") if at in worse else each for at, each in enumerate(slices)
    ]


def _measured(
    column: str,
    level: str,
    chosen: Rows,
    truth: Floats,
    answers: dict[str, Floats],
    question: Question,
) -> Slice:
    known = truth[chosen]
    one_class = question.metric == "auc" and len(np.unique(known)) < 2  # noqa: PLR2004
    if len(chosen) < question.minimum_rows or one_class:
        return Slice(column, level, len(chosen), "unknown")
    measures = {
        who: metric(question.metric, known, predicted[chosen]) for who, predicted in answers.items()
    }
    bootstrap = Bootstrap(measures, len(chosen), question.seed)
    value = bootstrap.interval("challenger").value
    if "champion" not in measures:
        return Slice(column, level, len(chosen), "ok", value)
    better = LARGER_IS_BETTER[question.metric]
    sides = ("challenger", "champion") if better else ("champion", "challenger")
    gain = bootstrap.difference(*sides)
    chance = chance_of_no_worse(gain.value, bootstrap.standard_error(*sides), question.margin)
    return Slice(column, level, len(chosen), "ok", value, gain, chance)


def chance_of_no_worse(gain: float, error: float, margin: float) -> float:
    """Return the one-sided p-value of `gain` if the true one were minus the margin, by the normal distribution."""
    if error <= 0:
        return float(gain >= -margin)
    return 0.5 * math.erfc(-(gain + margin) / error / math.sqrt(2))


def _worst_first(each: Slice) -> tuple[bool, float, str]:
    chance = math.inf if each.p_value is None else each.p_value
    return each.verdict != "worse", chance, each.name
