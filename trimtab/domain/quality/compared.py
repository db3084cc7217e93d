"""What a challenger predicts, and what became true of it, beside the champion: counts that may be looked at every hour.

A prediction is bad if it lies outside of what nine tenths of the champion's were in its evaluation; a labelled one if
it lost more than nine tenths of those did. Of both versions those are compared that were made in the same hour and
were known in the same hour: each such pair of hours is a look of the guardrail's count test. What comes later is a
later look; what a look counted is not taken back, but for a corrected label, or for a prediction that was counted
unusually late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.guardrails import Count, Evidence
from trimtab.domain.quality import metrics
from trimtab.domain.quality.predictions import Predictions

Seconds = NDArray[np.int64]
Floats = NDArray[np.float64]
HOUR = 3600
COUNTED = 2 * HOUR  # after it was made, a prediction usually is counted


@dataclass(frozen=True)
class Matched:
    """A version's labelled predictions."""

    at: Seconds  # when each was predicted
    known: Seconds  # when its label was first there
    predicted: Floats
    truth: Floats


@dataclass(frozen=True)
class Verdicts:
    """Which of a version's predictions were bad."""

    at: Seconds  # when each was predicted
    known: Seconds  # since when that can be said, if it was counted by then
    bad: NDArray[np.bool_]


def by_loss(problem: str, matched: Matched, much: float) -> Verdicts:
    """Return which labelled predictions lost more than this."""
    lost = metrics.losses(problem, matched.truth, matched.predicted)
    return Verdicts(matched.at, matched.known, lost > much)


def by_value(predictions: Predictions, middle: tuple[float, float]) -> Verdicts:
    """Return which predictions lie outside of the middle."""
    low, high = middle
    outside = (predictions.values < low) | (predictions.values > high)
    return Verdicts(predictions.at, predictions.at, outside)


def compared(
    champion: Sequence[Verdicts], challenger: Sequence[Verdicts], now: datetime
) -> Evidence:
    """Return what the hours that are over say; both versions since the challenger has requests, in any parts.

    Nothing is taken to be known sooner than two hours after its prediction: a label that came before may have waited
    until that was counted.
    """
    until = int(now.timestamp()) // HOUR
    mine, theirs = _by_hours(champion, until), _by_hours(challenger, until)
    evidence = Evidence()
    for look in sorted(mine.keys() | theirs.keys()):
        evidence = evidence.after(mine.get(look, Count()), theirs.get(look, Count()))
    return evidence


def _by_hours(parts: Sequence[Verdicts], until: int) -> dict[tuple[int, int], Count]:
    """Count by the hour since when it was known and the hour of the prediction."""
    found: dict[tuple[int, int], Count] = {}
    for part in parts:
        known = np.maximum(part.known, part.at + COUNTED) // HOUR
        there = known < until
        hours = np.stack([known[there], part.at[there] // HOUR], axis=1)
        looks, places = np.unique(hours, axis=0, return_inverse=True)
        requests = np.bincount(places.reshape(-1), minlength=len(looks))
        bads = np.bincount(places.reshape(-1), weights=part.bad[there], minlength=len(looks))
        for (late, early), count, of_them in zip(looks.tolist(), requests, bads, strict=True):
            one = Count(int(count), int(of_them))
            found[late, early] = found.get((late, early), Count()) + one
    return found
