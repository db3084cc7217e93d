"""What labels say of a challenger beside the champion: counts that may be looked at as often as labels come.

A labelled prediction is bad if it lost more than nine tenths of the champion's evaluation did. Of both versions those
are compared that were made in the same hour, and whose labels came in the same hour: each such pair of hours is a look
of the guardrail's count test. A label that comes later is a later look; what a look counted is not taken back, but
for a correction, or for a prediction that was counted unusually late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.guardrails import Count, Evidence
from trimtab.domain.quality import metrics

Seconds = NDArray[np.int64]
Floats = NDArray[np.float64]
HOUR = 3600


@dataclass(frozen=True)
class Matched:
    """A version's labelled predictions."""

    at: Seconds  # when each was predicted
    known: Seconds  # when its label was first there
    predicted: Floats
    truth: Floats


def compared(
    problem: str,
    champion: Sequence[Matched],
    challenger: Sequence[Matched],
    much: float,
    now: datetime,
    settled: timedelta,
) -> Evidence:
    """Return what the labels of full hours say.

    Args:
        problem: What is predicted.
        champion: Its labelled predictions since the challenger has requests, in parts.
        challenger: The same of the challenger.
        much: A loss above this is bad.
        now: Labels that came in this hour are not looked at yet.
        settled: A label is taken to be known so long after its prediction at the earliest: one that came sooner may
            have waited until the prediction was counted.
    """
    until = int(now.timestamp()) // HOUR
    mine, theirs = (
        _hours(problem, parts, much, int(settled.total_seconds()), until)
        for parts in (champion, challenger)
    )
    evidence = Evidence()
    for look in sorted(mine.keys() | theirs.keys()):
        evidence = evidence.after(mine.get(look, Count()), theirs.get(look, Count()))
    return evidence


def _hours(
    problem: str, parts: Sequence[Matched], much: float, settled: int, until: int
) -> dict[tuple[int, int], Count]:
    """Count by the hour in which labels were known and the hour of the prediction."""
    found: dict[tuple[int, int], Count] = {}
    for part in parts:
        known = np.maximum(part.known, part.at + settled) // HOUR
        bad = metrics.losses(problem, part.truth, part.predicted) > much
        there = known < until
        hours = np.stack([known[there], part.at[there] // HOUR], axis=1)
        looks, places = np.unique(hours, axis=0, return_inverse=True)
        requests = np.bincount(places.reshape(-1), minlength=len(looks))
        bads = np.bincount(places.reshape(-1), weights=bad[there], minlength=len(looks))
        for (late, early), count, of_them in zip(looks.tolist(), requests, bads, strict=True):
            one = Count(int(count), int(of_them))
            found[late, early] = found.get((late, early), Count()) + one
    return found
