"""What training runs have used up, against the budget of their model."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import NonNegativeFloat

from trimtab.domain.base import Frozen
from trimtab.domain.retraining import Budget


class Spent(Frozen):
    """What one run has used."""

    at: datetime  # when it was asked for
    instance_hours: NonNegativeFloat


class Left(Frozen):
    """What a budget still allows."""

    days: int  # counted over so many
    runs: int | None  # None: no limit
    runs_most: int | None
    instance_hours: float | None  # None: no limit
    instance_hours_most: float | None


class Overspent(Frozen):
    """A part of the budget that is used up, and when enough of it will be free again."""

    line: str
    used: float
    limit: float
    until: datetime


def counted(budget: Budget, spent: Sequence[Spent], now: datetime) -> list[Spent]:
    """Return what counts now, the oldest first."""
    return sorted((one for one in spent if one.at > now - budget.span), key=lambda one: one.at)


def left(budget: Budget, spent: Sequence[Spent], now: datetime) -> Left:
    """Return what the budget still allows."""
    counts = counted(budget, spent, now)
    hours = sum(one.instance_hours for one in counts)
    return Left(
        days=budget.days,
        runs=None if budget.runs is None else max(budget.runs - len(counts), 0),
        runs_most=budget.runs,
        instance_hours=None
        if budget.instance_hours is None
        else max(budget.instance_hours - hours, 0.0),
        instance_hours_most=budget.instance_hours,
    )


def overspent(budget: Budget, spent: Sequence[Spent], now: datetime) -> Overspent | None:
    """Return the part of the budget that lets no run start, or None if one may."""
    counts = counted(budget, spent, now)
    if budget.runs is not None and len(counts) >= budget.runs:
        return Overspent(
            line="retraining.budget.runs",
            used=len(counts),
            limit=budget.runs,
            until=counts[len(counts) - budget.runs].at + budget.span,
        )
    hours = sum(one.instance_hours for one in counts)
    if budget.instance_hours is not None and hours >= budget.instance_hours:
        return Overspent(
            line="retraining.budget.instance_hours",
            used=hours,
            limit=budget.instance_hours,
            until=_free(counts, hours, budget.instance_hours) + budget.span,
        )
    return None


def _free(counts: Sequence[Spent], hours: float, limit: float) -> datetime:
    """When the last of those was asked for that must be forgotten to have less than `limit` used."""
    at = counts[0].at
    for one in counts:
        if hours < limit:
            break
        hours, at = hours - one.instance_hours, one.at
    return at
