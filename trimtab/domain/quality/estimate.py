"""How good predictions are as long as nobody knows: from the predictions alone, if they are probabilities.

If the score of a row is the chance p that it is a one, whatever became of the row counts p as a one and 1 - p as a
zero, and any metric follows (confidence-based performance estimation). It holds as long as scores mean what they
meant where the version was evaluated: when other rows are asked, yes; when the same rows come out otherwise than they
did, no. What labels say later, less what was estimated, is therefore the sign of such a change.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.base import Frozen
from trimtab.domain.quality.measured import Estimate, Measured
from trimtab.domain.quality.metrics import MIDDLE, SMALLEST, Z

Floats = NDArray[np.float64]

FOLDS = 5
BINS = 20  # by quantiles, in which calibration is judged
ERRORS = 3.0  # standard errors that the band is wide
STRANGE = 0.2  # share of rows unlike any in the evaluation from which on nothing is estimated


class Calibration(Frozen):
    """What scores mean, as chances: steps that never fall, each from a score on (isotonic regression)."""

    scores: tuple[float, ...]
    chances: tuple[float, ...]

    def chances_of(self, scores: Floats) -> Floats:
        """Return what these scores mean."""
        places = np.searchsorted(np.array(self.scores), scores, side="right") - 1
        return np.array(self.chances)[np.maximum(places, 0)]


def calibration_of(truth: Floats, scores: Floats) -> Calibration | None:
    """Return what scores mean by these outcomes, or None where taking them at their word errs less on rows unseen."""
    if truth.size < FOLDS * BINS:
        return None
    folds = np.arange(truth.size) % FOLDS
    mended = np.zeros(truth.size)
    for fold in range(FOLDS):
        others = folds != fold
        mended[~others] = isotonic(truth[others], scores[others]).chances_of(scores[~others])
    if calibration_error(truth, mended) >= calibration_error(truth, scores):
        return None
    return isotonic(truth, scores)


def isotonic(truth: Floats, scores: Floats) -> Calibration:
    """Return the steps nearest to the outcomes that never fall: neighbours that do are pooled (Ayer et al. 1955)."""
    levels, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ones = np.bincount(places, weights=truth)
    pools: list[list[float]] = []  # first score, ones, rows
    for score, one, count in zip(levels.tolist(), ones.tolist(), counts.tolist(), strict=True):
        pools.append([score, one, float(count)])
        while len(pools) > 1 and pools[-2][1] * pools[-1][2] >= pools[-1][1] * pools[-2][2]:
            _, more_ones, more_rows = pools.pop()
            pools[-1][1] += more_ones
            pools[-1][2] += more_rows
    return Calibration(
        scores=tuple(pool[0] for pool in pools),
        chances=tuple(pool[1] / pool[2] for pool in pools),
    )


def calibration_error(truth: Floats, chances: Floats) -> float:
    """Return how far chances are from what became true, in bins of equally many rows (expected calibration error)."""
    order = np.argsort(chances, kind="stable")
    parts = zip(
        np.array_split(truth[order], BINS), np.array_split(chances[order], BINS), strict=True
    )
    return float(sum(abs(float(t.sum() - c.sum())) for t, c in parts) / truth.size)


def expected(scores: Floats, chances: Floats) -> dict[str, float]:
    """Return the metrics that scores have on average if each row is a one with its chance."""
    chance = np.clip(scores, SMALLEST, 1 - SMALLEST)
    found = {
        "brier": float((chances * (1 - scores) ** 2 + (1 - chances) * scores**2).mean()),
        "log_loss": float(-(chances * np.log(chance) + (1 - chances) * np.log1p(-chance)).mean()),
        "accuracy": float(np.where(scores >= MIDDLE, chances, 1 - chances).mean()),
    }
    _, places = np.unique(scores, return_inverse=True)
    ones, zeros = np.bincount(places, weights=chances), np.bincount(places, weights=1 - chances)
    # Rows of one score are pairs too, but no row is one with itself.
    same = np.bincount(places, weights=chances * (1 - chances))
    pairs = ones.sum() * zeros.sum() - float((chances * (1 - chances)).sum())
    if pairs > 0:
        below = np.cumsum(zeros) - zeros
        won = float((ones * below).sum() + ((ones * zeros - same) / 2).sum())
        found["auc"] = float(won / pairs)
    return found


def estimate(
    scores: Floats,
    calibration: Calibration | None,
    usual: Mapping[str, Measured],
    usual_rows: int,
    strange: Sequence[tuple[str, float]],
) -> Estimate:
    """Return what the metrics of these predictions are expected to be, with bands of three standard errors.

    `usual` are the metrics of the evaluation, on so many rows: their intervals say how metrics vary with rows.
    `strange` are columns and the shares of their values that the evaluation never saw.
    """
    if (nothing := withheld(scores.size, strange)) is not None:
        return nothing
    chances = scores if calibration is None else calibration.chances_of(scores)
    return Estimate(
        metrics=banded(expected(scores, chances), usual, usual_rows, scores.size),
        reason="estimated without labels; assumes that the same rows still come out as they did in the evaluation",
    )


def withheld(rows: int, strange: Sequence[tuple[str, float]]) -> Estimate | None:
    """Return why nothing is estimated of so many rows; None if nothing is in the way."""
    if not rows:
        return Estimate(metrics={}, reason="there was no prediction")
    worst = max(strange, key=lambda one: one[1], default=("", 0.0))
    if worst[1] > STRANGE:
        return Estimate(
            metrics={},
            reason=f"not estimated: {worst[1]:.0%} of {worst[0]} is outside of what the evaluation saw",
        )
    return None


def banded(
    found: Mapping[str, float], usual: Mapping[str, Measured], usual_rows: int, rows: int
) -> dict[str, Measured]:
    """Return metrics with the bands that so many rows leave, by the intervals that the evaluation's rows left."""
    metrics = {}
    for name, value in found.items():
        if (known := usual.get(name)) is None:
            continue
        half = (known.high - known.low) / (2 * Z) * (usual_rows / rows) ** 0.5 * ERRORS
        metrics[name] = Measured(value=value, low=value - half, high=value + half)
    return metrics
