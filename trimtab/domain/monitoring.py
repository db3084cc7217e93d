"""How a model's live traffic is cut into windows, and which of them are to be judged."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import NonNegativeInt

from trimtab.domain.base import Frozen
from trimtab.domain.drift.policy import DriftPolicy
from trimtab.domain.quality.policy import QualityPolicy

HOUR = timedelta(hours=1)
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)  # windows of a week begin on Mondays, all on full hours

WEEK_HOURS = 168


class Monitoring(Frozen):
    """How a model's live traffic is watched."""

    window_hours: Literal[1, 6, 12, 24, 168] = 24  # that are compared with the baseline together
    late_hours: NonNegativeInt = 1  # after a window's end, until it is judged
    season: Literal["none", "week"] = "none"  # week: with the same hours of the baseline's weeks
    drift: DriftPolicy = DriftPolicy.model_construct()  # when a window has drifted
    quality: QualityPolicy = (
        QualityPolicy.model_construct()
    )  # when predictions are worse than usual

    def begin(self, at: datetime) -> datetime:
        """Return when the window began that holds this moment."""
        length = timedelta(hours=self.window_hours)
        return MONDAY + (at - MONDAY) // length * length

    def slot(self, at: datetime) -> int | None:
        """Return which of the week's windows holds this moment, 0 on Monday; None where all are compared alike."""
        slots = WEEK_HOURS // self.window_hours
        if self.season == "none" or slots == 1:
            return None
        return (at - MONDAY) // timedelta(hours=self.window_hours) % slots

    def due(self, judged_until: datetime, now: datetime) -> Iterator[datetime]:
        """Yield the begins of the windows that can be judged now and are not yet, in order."""
        return self.windows(judged_until, now - self.late_hours * HOUR)

    def labelled(self, judged_until: datetime, now: datetime) -> Iterator[datetime]:
        """Yield the begins of the windows whose labels can be judged now and are not yet, in order."""
        return self.windows(judged_until, now - self.late_hours * HOUR - self.quality.label_delay)

    def windows(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the begins of the windows from one begin on that are over by an end, in order."""
        length = timedelta(hours=self.window_hours)
        while start + length <= end:
            yield start
            start += length


def full_hour(at: datetime) -> datetime:
    """Return the begin of the hour."""
    return at.replace(minute=0, second=0, microsecond=0)
