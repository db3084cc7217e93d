"""Periods of a version's live traffic that a person has accepted as what is usual from then on."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen


class AcceptedPeriod(Frozen):
    """A period with which later windows are compared, in place of the version's evaluation."""

    version: PositiveInt
    start: AwareDatetime  # of its first window
    end: AwareDatetime  # of its last
    since: AwareDatetime  # the first window that is compared with it begins then
    windows: PositiveInt
    rows: NonNegativeInt
    actor: str  # IAM ARN of the caller
    reason: str
    at: AwareDatetime


def standing(periods: Sequence[AcceptedPeriod], at: datetime) -> AcceptedPeriod | None:
    """Return the period with which a window is compared that begins then; None: the evaluation."""
    known = [one for one in periods if one.since <= at]
    return max(known, key=lambda one: one.since, default=None)
