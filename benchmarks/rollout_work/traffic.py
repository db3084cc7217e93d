"""Simulated rollouts: what champion and challenger answered between two looks, thousands of rollouts at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]  # of each rollout, by look


@dataclass(frozen=True)
class Scene:
    """One kind of rollout."""

    what: str
    a_minute: int  # requests
    every: int  # minutes between two looks
    weights: tuple[
        int, ...
    ]  # of the challenger in per cent, one after the other over the whole time
    minutes: int = 120
    errors: float = 0.01  # share of the champion's requests
    times: float = 1.0  # as many errors of the challenger

    def seen(self, runs: int, chance: np.random.Generator) -> "Seen":
        """Return what so many rollouts look like."""
        looks = self.minutes // self.every
        weights = np.array([self.weights[at * len(self.weights) // looks] for at in range(looks)])
        requests = np.full((runs, looks), self.a_minute * self.every)
        challenger = chance.binomial(requests, weights / 100)  # who is answered by whom is drawn
        champion = requests - challenger
        return Seen(
            champion,
            chance.binomial(champion, self.errors),
            challenger,
            chance.binomial(challenger, self.errors * self.times),
        )


@dataclass(frozen=True)
class Seen:
    """Requests and errors of both versions since the look before."""

    champion: Counts
    champion_bad: Counts
    challenger: Counts
    challenger_bad: Counts
