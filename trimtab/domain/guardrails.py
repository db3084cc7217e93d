"""Whether a challenger fails more often than the champion: a count test that may be looked at as often as one likes.

Whatever can be counted as good or bad is judged so: errors, invalid outputs, answers slower than the champion's usual.
Champion and challenger answer at the same time. If both fail equally often, a bad answer is the challenger's with the
share of requests that it had in that look; if it fails r times as often, the odds are r times that. The product of
the likelihood ratios over all looks is at any time as likely to reach 1 / alpha as alpha says, at most: whatever the
number of looks, the traffic and the changes of weight between looks. Nothing is assumed of how often the champion
fails, but that requests fail independently of each other: where one entity makes many requests, count entities.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WORSE = np.array([1.25, 1.5, 2.0, 3.0, 5.0])  # times as many failures: what evidence is sought for
RATIOS = 2.0 ** (
    np.arange(-24, 33) / 8
)  # from an eighth to 16 times, in steps of 9 %: what an interval is made of
BETTER = np.array(
    [0.2, 0.35, 0.5, 0.65, 0.8]
)  # of a limit: what evidence for being below it is sought with
LARGEST = 700.0  # logarithm of a number that a float still holds


@dataclass(frozen=True)
class Count:
    """Requests that a version answered, and how many of them badly."""

    requests: int = 0
    bad: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.requests + other.requests, self.bad + other.bad)

    def __str__(self) -> str:
        return f"{self.bad:,} of {self.requests:,}"


@dataclass(frozen=True, eq=False)
class Evidence:
    """What all looks so far say of one guardrail; looks may come in any order."""

    champion: Count = Count()
    challenger: Count = Count()
    _log_worse: Floats = field(default_factory=lambda: np.zeros(len(WORSE)))
    _log_ratios: Floats = field(default_factory=lambda: np.zeros(len(RATIOS)))

    def after(self, champion: Count, challenger: Count) -> "Evidence":
        """Return the evidence with one more look: what both versions answered since the last, at one weight."""
        return Evidence(
            self.champion + champion,
            self.challenger + challenger,
            self._log_worse + _log_likelihood(WORSE, champion, challenger),
            self._log_ratios + _log_likelihood(RATIOS, champion, challenger),
        )

    @property
    def against(self) -> float:
        """How many times likelier the counts are if the challenger is worse than if it is not: an e-value."""
        return _mean_of_exponentials(self._log_worse)

    def highest_ratio(self, alpha: float) -> float:
        """How many times as often as the champion the challenger fails at most; wrong at any look with chance alpha."""
        mixture = math.log(_mean_of_exponentials(self._log_ratios - self._log_ratios.max()))
        held = np.flatnonzero(self._log_ratios > self._log_ratios.max() + mixture + math.log(alpha))
        return float(RATIOS[held[-1] + 1]) if held[-1] + 1 < len(RATIOS) else math.inf

    def is_below(self, share: float, alpha: float) -> bool:
        """Whether the challenger is shown to fail in less than `share` of its requests; wrong with chance alpha."""
        good = self.challenger.requests - self.challenger.bad
        logs = self.challenger.bad * np.log(BETTER)
        logs = logs + good * (np.log1p(-share * BETTER) - math.log1p(-share))
        return _mean_of_exponentials(logs) >= 1 / alpha


def _log_likelihood(ratios: Floats, champion: Count, challenger: Count) -> Floats:
    """Of each ratio, compared with a ratio of one."""
    requests = champion.requests + challenger.requests
    share = challenger.requests / requests if requests else 0.0
    bad = champion.bad + challenger.bad
    odds: Floats = challenger.bad * np.log(ratios) - bad * np.log(share * ratios + 1 - share)
    return odds


def _mean_of_exponentials(logs: Floats) -> float:
    return float(np.exp(np.minimum(logs, LARGEST)).mean())
