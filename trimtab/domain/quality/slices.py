"""Whether a version is worse somewhere, although it is as good on the whole: its loss by slices, like with like.

Each slice asks whether its mean loss is above what was usual of it, with the same tolerance as the whole: a one-sided
test of a mean. Over all slices with labels enough the false discovery rate is held (Benjamini and Hochberg 1995), so
that many slices raise no false alarm between them.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.drift.discoveries import adjusted
from trimtab.domain.quality import metrics
from trimtab.domain.quality.measured import Measured
from trimtab.domain.quality.policy import QualityPolicy
from trimtab.domain.quality.predictions import slice_code, slice_name
from trimtab.domain.quality.sliced import SliceQuality

Floats = NDArray[np.float64]
MOST_LEVELS = 20  # of a column, the most frequent ones
TOLD = 3  # slices named in a sentence


def slice_references(
    columns: Mapping[str, NDArray[Any]], lost: Floats, dependence: float, least: int
) -> dict[str, Measured]:
    """Return what was usually lost in each slice of evaluated rows that has at least so many of them.

    Args:
        columns: Texts (None: nothing) of the columns that rows are sliced by.
        lost: What each row lost.
        dependence: So many rows of one day say as much as one alone.
        least: Rows.
    """
    found = {}
    for column, values in columns.items():
        levels, places = np.unique(
            np.array([slice_name(column, each) for each in values.tolist()]), return_inverse=True
        )
        counts = np.bincount(places)
        for place in np.argsort(-counts, kind="stable")[:MOST_LEVELS].tolist():
            if counts[place] >= least:
                found[str(levels[place])] = metrics.mean(lost[places == place], dependence)
    return found


def judge_slices(
    usual: Mapping[str, Measured],
    slices: NDArray[np.uint32],
    lost: Floats,
    policy: QualityPolicy,
    dependence: float,
) -> dict[str, SliceQuality]:
    """Return how good labelled predictions were in each slice, the worst first."""
    limits = {name: one.high * (1 + policy.tolerance) for name, one in usual.items()}
    there = {name: lost[(slices == slice_code(name)).any(axis=1)] for name in usual}
    losses = {name: metrics.mean(one, dependence) for name, one in there.items() if one.size}
    enough = [name for name, one in there.items() if one.size >= policy.minimum_labels]
    chances = adjusted([_chance(losses[name], limits[name]) for name in enough])
    worse = {name for name, p in zip(enough, chances, strict=True) if p <= policy.alpha}
    found = {
        name: SliceQuality(
            labels=one.size,
            state="worse" if name in worse else "ok" if name in enough else "insufficient_data",
            loss=losses.get(name),
            usual=usual[name].value,
        )
        for name, one in there.items()
    }
    return dict(sorted(found.items(), key=lambda each: (each[0] not in worse, -_excess(each[1]))))


def told(slices: Mapping[str, SliceQuality], loss: str) -> str:
    """Return what is said of the slices that are worse, or nothing."""
    worse = [
        f"{name} ({loss} {one.loss.value:.4g}, in the evaluation {one.usual:.4g})"
        for name, one in slices.items()
        if one.state == "worse" and one.loss
    ]
    more = f" and {len(worse) - TOLD} more slices" if len(worse) > TOLD else ""
    return f"; worse in {', '.join(worse[:TOLD])}{more}" if worse else ""


def _chance(loss: Measured, limit: float) -> float:
    """The chance of such a mean if the loss is no more than the limit."""
    error = (loss.high - loss.value) / metrics.Z
    if not error:
        return float(loss.value <= limit)
    return math.erfc((loss.value - limit) / error / math.sqrt(2)) / 2


def _excess(one: SliceQuality) -> float:
    return one.loss.value - one.usual if one.loss else -math.inf
