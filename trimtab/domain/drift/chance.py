"""How often chance alone gives a distance as large, with just so many rows that hang together just so.

Windows are drawn as if nothing had changed: from the shares of both together, swayed as the blocks of the baseline are,
so that rows hang together as they do there. The limit is thus one for 200 rows and another for 2,000,
and no number of blocks must be guessed. Most features are far from any limit, and a hundred draws show it; where few
of them reach the distance, a thousand are drawn; where none of these does, a gamma distribution with their moments
is read (the statistic is nearly a weighted sum of chi-squares). The draws are the same each time.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.drift.dependence import Counts, Dependence
from trimtab.domain.drift.gamma import gamma_tail

Shares = NDArray[np.float64]
Statistic = Callable[[Shares, Shares], Shares]

FIRST, MORE = 99, 900  # draws; (reached + 1) / (draws + 1) is then a p-value of two or three digits
LEAST_SKEW = 0.1  # below it a gamma distribution is a normal one
ENOUGH = 10  # draws that reach the distance: more would tell the same


class Chance(NamedTuple):
    """How likely a distance is where nothing changed."""

    p: float
    draws: int
    reached: int  # draws at least as far


@dataclass(frozen=True, eq=False)
class Pair:
    """The rows of both in the same bins, and how they hang together."""

    reference: Counts
    window: Counts
    dependence: Dependence | None = None
    excess: float = 0.0  # of the window; see `Dependence.excess`
    excess_of_halves: float = 0.0  # the same of `Dependence.of_halves`


def smoothed(counts: NDArray[np.int64]) -> Shares:
    """Return shares in the last axis, with half a row added to each count."""
    more = counts + 0.5
    shares: Shares = more / more.sum(axis=-1, keepdims=True)
    return shares


def chance(pair: Pair, statistic: Statistic, *, name: str) -> Chance:
    """Return how likely the distance is; `statistic` grows with the square of a change of shares."""
    observed = float(statistic(smoothed(pair.reference), smoothed(pair.window)))
    seed = zlib.crc32(f"{name}:{pair.reference.tolist()}:{pair.window.tolist()}".encode())
    rng = np.random.default_rng(seed)
    null = _draw(pair, statistic, FIRST, rng)
    reached = int(np.count_nonzero(null >= observed))
    if reached < ENOUGH:
        null = np.concatenate((null, _draw(pair, statistic, MORE, rng)))
        reached = int(np.count_nonzero(null >= observed))
    counted = (reached + 1) / (len(null) + 1)
    if reached:
        return Chance(counted, len(null), reached)
    return Chance(min(counted, _tail(null, observed)), len(null), reached)


def _tail(null: Shares, observed: float) -> float:
    mean, deviation = float(null.mean()), float(null.std())
    if deviation <= 0:
        return 1.0
    skew = float(np.mean(((null - mean) / deviation) ** 3))
    # Two gamma distributions have this mean and spread: one begins at zero, one has the draws' skewness.
    shapes = {(mean / deviation) ** 2, (2 / max(skew, LEAST_SKEW)) ** 2}
    return max(
        gamma_tail(shape, shape + shape**0.5 * (observed - mean) / deviation) for shape in shapes
    )


def _draw(pair: Pair, statistic: Statistic, draws: int, rng: np.random.Generator) -> Shares:
    both = pair.reference + pair.window
    shares = both / both.sum()
    ours = theirs = np.broadcast_to(shares, (draws, len(shares)))
    if pair.dependence is not None and pair.dependence.spread > 1:
        sway = pair.dependence.sway(draws, rng)
        theirs = _swayed(shares, sway * np.sqrt(pair.excess))
        ours = _swayed(
            shares, pair.dependence.sway(draws, rng) * np.sqrt(pair.dependence.excess_of_all)
        )
    reference = rng.multinomial(int(pair.reference.sum()), ours)
    window = rng.multinomial(int(pair.window.sum()), theirs)
    return statistic(smoothed(reference), smoothed(window))


def _swayed(shares: Shares, deviations: Shares) -> Shares:
    moved = np.maximum(0.0, shares + deviations)
    swayed: Shares = moved / moved.sum(axis=1, keepdims=True)
    return swayed
