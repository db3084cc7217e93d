"""Features that say nothing, and features that say the target itself."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROWS_A_LEVEL = 10  # with fewer, levels that each have one target value may be chance
SAME = 1 - 1e-9  # of a correlation; rounding alone keeps a copy from being exactly 1
FEWEST = 20  # rows; with fewer, anything may match by chance
MOST_MISSING = 0.5  # of a feature; with more, what is left says little of the whole


def constant(rows: pd.DataFrame, features: tuple[str, ...]) -> list[str]:
    """Return the features that have the same value, or none, in every row."""
    return [name for name in features if rows[name].nunique(dropna=False) <= 1]


def copies(
    rows: pd.DataFrame, features: tuple[str, ...], target: str, *, binary: bool
) -> dict[str, str]:
    """Return the features that tell the target of every row, each with how it does."""
    truth = rows[target].to_numpy(dtype=np.float64)
    if len(rows) < FEWEST or len(np.unique(truth)) < 2:  # noqa: PLR2004 (nothing to tell apart)
        return {}
    found = {}
    for name in features:
        if (how := _how(rows[name], truth, binary=binary)) is not None:
            found[name] = how
    return found


def _how(values: pd.Series, truth: NDArray[np.float64], *, binary: bool) -> str | None:
    if values.nunique(dropna=False) <= 1:
        return None
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=np.float64)
        there = ~np.isnan(numbers)
        if there.mean() >= MOST_MISSING and (how := _numeric(numbers[there], truth[there], binary)):
            return how
    return _by_level(values, truth)


def _numeric(numbers: NDArray[np.float64], truth: NDArray[np.float64], binary: bool) -> str | None:
    if len(np.unique(truth)) < 2 or len(np.unique(numbers)) < 2:  # noqa: PLR2004
        return None
    if np.array_equal(numbers, truth):
        return "equals it"
    if abs(float(np.corrcoef(numbers, truth)[0, 1])) > SAME:
        return "is it times a number, plus a number"
    if binary:
        low, high = numbers[truth == truth.min()], numbers[truth == truth.max()]
        if low.max() < high.min() or high.max() < low.min():
            return (
                "lies on one side of a limit in all rows of one class and on the other in all else"
            )
    return None


def _by_level(values: pd.Series, truth: NDArray[np.float64]) -> str | None:
    codes, levels = pd.factorize(values, use_na_sentinel=False)
    if len(levels) * ROWS_A_LEVEL > len(values):
        return None
    by_level = pd.Series(truth).groupby(codes).nunique()
    if (by_level <= 1).all():
        return f"has {len(levels)} values, each with a single value of it"
    return None
