"""Sums of floats without any rounding, so that they do not hang on the order in which parts are added."""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

SCALE = 1074  # every float is a whole number of 2**-1074: the smallest there is
PIECE = (
    1 << 14
)  # values at once: they stay near the processor, and 2**16 of 36 bits would still add up exactly
GRID_BITS = 35
SMALL, LARGE = 2.0**-900, 2.0**900  # beyond these the grid would underflow or overflow

Floats = NDArray[np.float64]


def exact_sum(values: Floats | NDArray[np.int64]) -> Fraction:
    """Return the sum of finite numbers without any rounding."""
    return fraction(scaled_sum(values))


def fraction(scaled: int) -> Fraction:
    """Return a number that was scaled by 2**1074."""
    return Fraction(scaled, 1 << SCALE)


def scaled_sum(values: Floats | NDArray[np.int64]) -> int:
    """Return the sum of finite numbers, times 2**1074, without any rounding.

    Each value is cut into pieces that are whole multiples of a grid, of at most 36 bits; a float64 adds up 65,536 of
    those exactly. Numbers of few digits need one or two cuts, at 2 ns a value each.
    """
    if values.dtype.kind == "i":
        integers = values.astype(np.int64, copy=False)
        high, low = integers >> 26, integers & 0x3FFFFFF
        return ((int(high.sum()) << 26) + int(low.sum())) << SCALE
    floats = values.astype(np.float64, copy=False)
    parts = (floats[start : start + PIECE] for start in range(0, len(values), PIECE))
    return sum(map(_sum_of_piece, parts))


def _sum_of_piece(values: Floats) -> int:
    total, rest = 0, values.copy()
    high = np.empty_like(rest)
    while largest := max(float(rest.max()), -float(rest.min())):
        if not SMALL <= largest < LARGE:
            return total + sum(map(_scaled, rest[rest != 0].tolist()))
        mask = 1.5 * 2.0 ** (math.frexp(largest)[1] + 52 - GRID_BITS)
        np.add(rest, mask, out=high)
        np.subtract(high, mask, out=high)
        total += _scaled(float(high.sum()))
        np.subtract(rest, high, out=rest)
    return total


def _scaled(value: float) -> int:
    over, under = value.as_integer_ratio()
    return over * ((1 << SCALE) // under)
