"""Whether a rerun reproduced its origin: by the artifact's bytes, or else by what other seeds make of the metric."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from trimtab.domain.base import Frozen
from trimtab.domain.recording.recipe import Difference
from trimtab.domain.recording.runs import metrics_of
from trimtab.domain.tracking.runs import Run

SEEDS = 3  # further runs with other seeds, only where the bytes differ; with the origin they are four draws
QUANTILE = {1: 12.706, 2: 4.303, 3: 3.182}  # Student's t, 97.5 %, by degrees of freedom
SHOWN_MOST = 8  # differences that a sentence names; the run's artifact has all
REPRODUCTION_TAG = "trimtab.reproduction"  # the result
SENTENCE_TAG = "trimtab.reproduction.sentence"
SPREAD_TAG = "trimtab.reproduction.seed_runs"  # ids of the runs that measured the spread
REPRODUCTION_FILE = "recipe/reproduction.json"  # among the run's artifacts

Result = Literal["bit-equal", "within spread", "not", "measuring"]
"""`measuring`: the bytes differ, and runs with other seeds are still to tell how much that means."""

REPRODUCED: frozenset[Result] = frozenset({"bit-equal", "within spread"})


def seed_runs_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return the runs with other seeds that have ended for a rerun's verdict."""
    return tuple(filter(None, tags.get(SPREAD_TAG, "").split(",")))


def with_seed_run(rerun: Run, run_id: str) -> Run:
    """Return a rerun that knows one more run with another seed; one that it knows already changes nothing."""
    known = dict.fromkeys((*seed_runs_of(rerun.tags), run_id))
    return replace(rerun, tags={**rerun.tags, SPREAD_TAG: ",".join(known)})


def next_seed(seed: str, number: int) -> str:
    """Return another seed for the run with this number, counted from 1."""
    return str(int(seed) + number) if seed.lstrip("-").isdigit() else f"{seed}-{number}"


class Made(Frozen):
    """What a run made: the digest of its artifact, and its metric."""

    run_id: str
    digest: str | None
    value: float | None


class Spread(Frozen):
    """How far two runs of one recipe are apart when only their seeds differ."""

    values: tuple[float, ...]
    limit: float | None  # 95 % of such pairs are closer; None if too few runs ended to tell

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Measure it on the origin's value and those of other seeds."""
        degrees = len(values) - 1
        if degrees < 1:
            return cls(values=tuple(values), limit=None)
        student = QUANTILE[min(degrees, max(QUANTILE))]
        limit = student * statistics.stdev(values) * math.sqrt(2)
        return cls(values=tuple(values), limit=limit)


class Reproduction(Frozen):
    """Whether a rerun reproduced its origin, why that is said, and in what the two differ."""

    result: Result
    sentence: str
    origin_run_id: str
    metric: str
    origin: Made
    rerun: Made
    spread: Spread | None = None  # None: nobody needed it
    differences: tuple[Difference, ...] = ()

    @property
    def reproduced(self) -> bool:
        """Whether it did."""
        return self.result in REPRODUCED


def made_by(run_id: str, report: Mapping[str, Any] | None, metric: str) -> Made:
    """Return what a run made, as its evaluation tells it."""
    artifact = (report or {}).get("artifact")
    digest = artifact.get("digest") if isinstance(artifact, Mapping) else None
    return Made(
        run_id=run_id,
        digest=digest if isinstance(digest, str) else None,
        value=metrics_of(report).get(metric, {}).get("value"),
    )


def compare(
    origin: Made,
    rerun: Made,
    *,
    metric: str,
    seeds: Sequence[Made],
    left: int,
    differences: Sequence[Difference],
) -> Reproduction:
    """Say whether the rerun reproduced; `seeds` are runs of the same recipe with other seeds, `left` are to come."""
    spread = None
    if rerun.value is None or origin.value is None:
        who = "the rerun" if rerun.value is None else "the origin"
        result, told = _not(f"{who} has no evaluation with {metric}")
    elif origin.digest is not None and origin.digest == rerun.digest:
        result, told = "bit-equal", f"reproduced: bit-equal, artifact digest {rerun.digest[:12]}"
    elif rerun.value == origin.value:  # no spread is narrower than none: nothing need be measured
        result = "within spread"
        told = f"reproduced: within spread, the bytes differ and {metric} is the same, {rerun.value:.6g}"
    elif left > 0:
        result, told = "measuring", f"the bytes differ; {left} runs with other seeds are to come"
    else:
        values = [one.value for one in seeds if one.value is not None]
        spread = Spread.of([origin.value, *values])
        result, told = _by_spread(metric, origin.value, rerun.value, spread)
    return Reproduction(
        result=result,
        sentence=told + _differing(differences),
        origin_run_id=origin.run_id,
        metric=metric,
        origin=origin,
        rerun=rerun,
        spread=spread,
        differences=tuple(differences),
    )


def _by_spread(metric: str, before: float, after: float, spread: Spread) -> tuple[Result, str]:
    apart = abs(after - before)
    facts = f"{metric} {after:.6g} against {before:.6g}, {apart:.2g} apart"
    if spread.limit is None:
        return _not(
            f"the bytes differ, {facts}, and no run with another seed ended to compare with"
        )
    runs = len(spread.values)
    if apart <= spread.limit:
        return "within spread", (
            f"reproduced: within spread, {facts} <= {spread.limit:.2g}, "
            f"under which 95 % of pairs of other seeds stay (measured on {runs} seeds)"
        )
    return _not(
        f"{facts} > {spread.limit:.2g}, under which 95 % of pairs of other seeds stay (measured on {runs} seeds)"
    )


def _not(why: str) -> tuple[Result, str]:
    return "not", f"not reproduced: {why}"


def _differing(differences: Sequence[Difference]) -> str:
    if not differences:
        return "; the recipes are the same"
    shown = ", ".join(one.sentence() for one in differences[:SHOWN_MOST])
    more = len(differences) - SHOWN_MOST
    return f"; differs: {shown}" + (f" and {more} more" if more > 0 else "")
