"""Metrics as they are told: with their intervals, measured by labels or estimated without them."""

from trimtab.domain.base import Frozen


class Measured(Frozen):
    """A metric and its interval."""

    value: float
    low: float
    high: float


class Estimate(Frozen):
    """What the metrics of a window are expected to be before labels come, or why that is not said."""

    metrics: dict[str, Measured]  # with bands of three standard errors
    reason: str  # what it assumes, or why there is none
