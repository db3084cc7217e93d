"""Whether a version loses more than it should: a test that may be looked at after every label.

A loss is never negative. If its mean is at most the limit, whatever has been seen, then betting a share c of a stake
on it (times 1 + c (loss / limit - 1)) gains nothing on average, so that the stake grows to 1 / alpha with a chance
of at most alpha, at whatever time one looks (Ville 1939; Waudby-Smith and Ramdas 2024, estimating means by betting).
The mean over several shares is such a stake too. Labels that come together say less than as many alone: the bets of
so many are counted as one, which loses power and nothing else.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHARES = (0.05, 0.1, 0.2, 0.4, 0.8)  # of the stake, one bet each
NOTHING = (0.0,) * len(SHARES)
LARGEST = 700.0  # logarithm of a number that a float still holds


def after(
    stakes: Sequence[float], losses: NDArray[np.float64], limit: float, dependence: float
) -> tuple[float, ...]:
    """Return the logarithms of the stakes once these losses were bet on; the order of losses says nothing."""
    gains = losses / limit - 1
    return tuple(
        stake + float(np.log1p(share * gains).sum()) / max(1.0, dependence)
        for stake, share in zip(stakes, SHARES, strict=True)
    )


def evidence(stakes: Sequence[float]) -> float:
    """Return how many times its first stake a mean bet holds: an e-value against "the loss is at most the limit"."""
    return math.fsum(math.exp(min(stake, LARGEST)) for stake in stakes) / len(stakes)
