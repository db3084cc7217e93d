"""Rules that stop a rollout: ours, and those in use elsewhere. Each says at which look, or never."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.rollout_work.traffic import Seen
from trimtab.domain.guardrails import Count, Evidence

Stopped = NDArray[
    np.int64
]  # of each rollout, the look; the number of looks if it was never stopped
Rule = Callable[[Seen], Stopped]

ALPHA = 0.05
STRIKES = 4  # failed looks that end it: Argo's failureLimit of 3 lets three pass
WORSE_BY = 1.2  # the ratio that Argo's users write most
ONE_SIDED = 1.6449  # z of p = 0.05


def ours(seen: Seen) -> Stopped:
    """The guardrail's evidence reaches 1 / alpha."""
    return np.array([_our_look(seen, run) for run in range(len(seen.champion))])


def _our_look(seen: Seen, run: int) -> int:
    evidence, looks = Evidence(), seen.champion.shape[1]
    for look in range(looks):
        champion = Count(int(seen.champion[run, look]), int(seen.champion_bad[run, look]))
        challenger = Count(int(seen.challenger[run, look]), int(seen.challenger_bad[run, look]))
        evidence = evidence.after(champion, challenger)
        if evidence.against >= 1 / ALPHA:
            return look
    return looks


def argo(seen: Seen) -> Stopped:
    """The challenger's share of errors since the last look is a fifth above the champion's, for the fourth time."""
    mine = (
        seen.challenger_bad * seen.champion
    )  # shares compared without dividing: a look may hold no request
    failed = mine > WORSE_BY * seen.champion_bad * seen.challenger
    return _first(failed.cumsum(axis=1) >= STRIKES)


def z_test(seen: Seen) -> Stopped:
    """A test of two proportions on all requests so far says p < 0.05."""
    champion, challenger = seen.champion.cumsum(axis=1), seen.challenger.cumsum(axis=1)
    champion_bad, challenger_bad = (
        seen.champion_bad.cumsum(axis=1),
        seen.challenger_bad.cumsum(axis=1),
    )
    pooled = (champion_bad + challenger_bad) / np.maximum(champion + challenger, 1)
    each = 1 / np.maximum(champion, 1) + 1 / np.maximum(challenger, 1)
    error = np.sqrt(pooled * (1 - pooled) * each)
    gap = challenger_bad / np.maximum(challenger, 1) - champion_bad / np.maximum(champion, 1)
    return _first(gap > ONE_SIDED * error)


def _first(met: NDArray[np.bool_]) -> Stopped:
    return np.where(met.any(axis=1), met.argmax(axis=1), met.shape[1])
