"""Whether a challenger fails more often than the champion: a count test that may be looked at as often as one likes.

Whatever can be counted as good or bad is judged so: errors, invalid outputs, answers slower than the champion's usual.
Champion and challenger answer at the same time. If both fail equally often, a bad answer is the challenger's with the
share of requests that it had in that look; if it fails r times as often, the odds are r times that. The product of
the likelihood ratios over all looks is at any time as likely to reach 1 / alpha as alpha says, at most: whatever the
number of looks, the traffic and the changes of weight between looks. Nothing is assumed of how often the champion
fails, but that requests fail independently of each other: where one entity makes many requests, count entities.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Floats = tuple[float, ...]

WORSE = (1.25, 1.5, 2.0, 3.0, 5.0)  # times as many failures: what evidence is sought for
# From an eighth to 16 times, in steps of 9 %: what an interval is made of.
RATIOS = tuple(2.0 ** (step / 8) for step in range(-24, 33))
BETTER = (0.2, 0.35, 0.5, 0.65, 0.8)  # of a limit: what evidence for being below it is sought with
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


@dataclass(frozen=True)
class Evidence:
    """What all looks so far say of one guardrail; looks may come in any order."""

    champion: Count = Count()
    challenger: Count = Count()
    _log_worse: Floats = (0.0,) * len(WORSE)
    _log_ratios: Floats = (0.0,) * len(RATIOS)

    def after(self, champion: Count, challenger: Count) -> "Evidence":
        """Return the evidence with one more look: what both versions answered since the last, at one weight."""
        return Evidence(
            self.champion + champion,
            self.challenger + challenger,
            _with_look(self._log_worse, WORSE, champion, challenger),
            _with_look(self._log_ratios, RATIOS, champion, challenger),
        )

    def told(self) -> dict[str, list[float]]:
        """Return the evidence in numbers that JSON holds."""
        return {
            "champion": [self.champion.requests, self.champion.bad],
            "challenger": [self.challenger.requests, self.challenger.bad],
            "worse": [*self._log_worse],
            "ratios": [*self._log_ratios],
        }

    @classmethod
    def of(cls, told: Mapping[str, Sequence[float]]) -> "Evidence":
        """Return the evidence that `told` gave these numbers."""
        champion, challenger = (Count(*map(int, told[of])) for of in ("champion", "challenger"))
        return cls(champion, challenger, tuple(told["worse"]), tuple(told["ratios"]))

    @property
    def against(self) -> float:
        """How many times likelier the counts are if the challenger is worse than if it is not: an e-value."""
        return _mean_of_exponentials(self._log_worse)

    def highest_ratio(self, alpha: float) -> float:
        """How many times as often as the champion the challenger fails at most; wrong at any look with chance alpha."""
        highest = max(self._log_ratios)
        mixture = math.log(_mean_of_exponentials([log - highest for log in self._log_ratios]))
        limit = highest + mixture + math.log(alpha)
        held = max(place for place, log in enumerate(self._log_ratios) if log > limit)
        return RATIOS[held + 1] if held + 1 < len(RATIOS) else math.inf

    def is_below(self, share: float, alpha: float) -> bool:
        """Whether the challenger is shown to fail in less than `share` of its requests; wrong with chance alpha."""
        good = self.challenger.requests - self.challenger.bad
        bad = self.challenger.bad
        logs = [
            bad * math.log(better) + good * (math.log1p(-share * better) - math.log1p(-share))
            for better in BETTER
        ]
        return _mean_of_exponentials(logs) >= 1 / alpha


def _with_look(logs: Floats, ratios: Floats, champion: Count, challenger: Count) -> Floats:
    """The logarithms of the likelihoods of each ratio over a ratio of one, with one more look."""
    bad = champion.bad + challenger.bad
    if not bad:
        return logs  # what went well says nothing of how often what fails is the challenger's
    share = challenger.requests / (champion.requests + challenger.requests)
    return tuple(
        log + challenger.bad * math.log(ratio) - bad * math.log(share * ratio + 1 - share)
        for log, ratio in zip(logs, ratios, strict=True)
    )


def _mean_of_exponentials(logs: Sequence[float]) -> float:
    return math.fsum(math.exp(min(log, LARGEST)) for log in logs) / len(logs)
