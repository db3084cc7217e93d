"""Where numbers may lie, proposed from where they were seen: round, and with room for what was not seen."""

import math
from collections.abc import Callable

NATURAL = (1, 6, 7, 12, 23, 24, 31, 59, 60, 100, 359, 360, 366, 1439, 1440, 86_399, 86_400)
"""Limits that clocks, calendars, angles and shares have by nature."""

NEAR_ZERO = 0.05  # of the highest value: from there on, zero is the limit that is meant
CODES = 32  # whole numbers that follow each other, up to so many, are codes or counts of something bounded


def rounded(value: float) -> float:
    """Return a number of two digits near the value."""
    return float(f"{value:.2g}")


def floor(value: float, digits: int = 2) -> float:
    """Return a number of so many digits that is not over the value."""
    return _on_grid(value, math.floor, digits)


def ceiling(value: float, digits: int = 2) -> float:
    """Return a number of so many digits that is not under the value."""
    return _on_grid(value, math.ceil, digits)


def lowest(low: float, high: float, *, codes: bool) -> tuple[float, str]:
    """Return the proposed minimum, and why."""
    if codes:
        return low, "the codes that were seen"
    room = (high - low) / 2
    if low >= 0 and (high in NATURAL or low <= high * NEAR_ZERO):
        return 0.0, f"from {low:g}; never negative"
    return floor(low - room), f"from {low:g}; half the width of what was seen as room"


def highest(low: float, high: float, *, codes: bool) -> tuple[float, str]:
    """Return the proposed maximum, and why."""
    if codes:
        return high, "the codes that were seen"
    if high in NATURAL and low >= 0:
        return high, f"to {high:g}, a natural limit"
    room = (high - low) / 2 or abs(high) or 1.0
    return ceiling(high + room), f"to {high:g}; half the width of what was seen as room"


def are_codes(low: float, high: float, different: int) -> bool:
    """Whether whole numbers fill all places from the lowest to the highest, which are few."""
    return different <= CODES and high - low + 1 == different


def _on_grid(value: float, rounding: Callable[[float], int], digits: int) -> float:
    if not value:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - digits)
    return float(f"{rounding(value / step) * step:.{digits}g}")
