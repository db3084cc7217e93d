"""The upper tail of the gamma distribution, and the chi-square's with it: two sums, for which no library is needed."""

import math

STEPS = 10_000  # far more than either sum takes before it stands still
STILL = 1e-16
TINY = 1e-300


def chi_square_tail(value: float, freedom: float) -> float:
    """Return the chance of a chi-square with so many degrees of freedom to reach the value."""
    return gamma_tail(freedom / 2, value / 2)


def gamma_tail(shape: float, value: float) -> float:
    """Return the chance of a gamma variable of this shape and scale 1 to reach the value."""
    if value <= 0:
        return 1.0
    front = math.exp(shape * math.log(value) - value - math.lgamma(shape))
    if value < shape + 1:
        return max(0.0, 1.0 - front * _series(shape, value))
    return min(1.0, front * _fraction(shape, value))


def _series(shape: float, value: float) -> float:
    term = total = 1 / shape
    for step in range(1, STEPS):  # pragma: no branch (it stands still long before)
        term *= value / (shape + step)
        total += term
        if term < total * STILL:
            break
    return total


def _fraction(shape: float, value: float) -> float:
    """Lentz's way through the continued fraction."""
    b = value + 1 - shape
    c, d = 1 / TINY, 1 / b
    result = d
    for step in range(1, STEPS):  # pragma: no branch (it stands still long before)
        a = -step * (step - shape)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        change = c * d
        result *= change
        if abs(change - 1) < STILL * 10:
            break
    return result
