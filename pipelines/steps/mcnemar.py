"""McNemar's exact test: whether two models that answer the same rows are right equally often.

Only rows that one of them alone answers right tell them apart. Were they equally good, each of these would be a coin's
throw; the p-value is the chance of a split at least as uneven. It rests on no resampling, and says nothing of how large
the difference is: that is the bootstrap's interval.
"""

from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LIMIT = 0.5  # a chance from here on answers yes, as for accuracy
NEGLIGIBLE = 1e-17  # of the sum so far: a further term changes no digit of it


@dataclass(frozen=True)
class McNemar:
    """How many rows only one of two models answers right, and how likely so uneven a split is by chance."""

    only_challenger: int
    only_champion: int

    @property
    def p_value(self) -> float:
        """The two-sided chance of a split at least as uneven, if both were equally good."""
        fewer, rows = min(self.only_challenger, self.only_champion), self.told
        if 2 * fewer >= rows:
            return 1.0
        ways = lgamma(rows + 1) - lgamma(fewer + 1) - lgamma(rows - fewer + 1)
        term = total = exp(ways - rows * log(2))
        for right in range(
            fewer, 0, -1
        ):  # from the largest term down, each by its ratio to the one before
            term *= right / (rows - right + 1)
            total += term
            if term < total * NEGLIGIBLE:
                break
        return min(1.0, 2 * total)

    @property
    def told(self) -> int:
        """The rows that tell the models apart."""
        return self.only_challenger + self.only_champion

    def sentence(self) -> str:
        """Say who is right where the other is not."""
        return (
            f"only the challenger is right on {self.only_challenger:,} rows, only the champion on"
            f" {self.only_champion:,} (McNemar's exact p {self.p_value:.2g})"
        )

    def as_json(self) -> dict[str, Any]:
        """Return counts and p-value."""
        return {
            "only_challenger": self.only_challenger,
            "only_champion": self.only_champion,
            "p_value": float(f"{self.p_value:.6g}"),
            "sentence": self.sentence(),
        }


def compare(truth: Floats, challenger: Floats, champion: Floats) -> McNemar:
    """Return the test of two models' chances of yes on the same rows."""
    right, other = (((each >= LIMIT) == (truth == 1)) for each in (challenger, champion))
    return McNemar(int((right & ~other).sum()), int((other & ~right).sum()))
