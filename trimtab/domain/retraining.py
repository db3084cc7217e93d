"""The policy of a model's retraining: what is reason enough for a run, when none is started, and what runs may use."""

import re
from datetime import datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from trimtab.domain.base import Frozen
from trimtab.domain.schedules import ScheduleExpression

TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _time_of_day(text: str) -> str:
    if not TIME_OF_DAY.fullmatch(text):
        raise ValueError(f'{text!r} is no time of day from "00:00" to "23:59"')
    return text


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone such as UTC or Europe/Berlin") from error
    return name


TimeZone = Annotated[str, StringConstraints(min_length=1, max_length=50), AfterValidator(_zone)]


class QuietHours(Frozen):
    """Hours of every day in which no run is started."""

    start: TimeOfDay  # in quotes, such as "22:00"
    end: TimeOfDay  # in quotes; runs are started again from this minute on

    @model_validator(mode="after")
    def _leave_time(self) -> Self:
        if self.start == self.end:
            raise ValueError("start and end are the same: no run could ever be started")
        return self

    def end_of(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the quiet hours that `now` lies in are over, or None if it lies in none."""
        here = now.astimezone(zone)
        start, end, present = (
            time.fromisoformat(self.start),
            time.fromisoformat(self.end),
            here.time(),
        )
        over_midnight = start > end
        if not (present >= start or present < end if over_midnight else start <= present < end):
            return None
        day = here.date() + timedelta(days=1 if over_midnight and present >= start else 0)
        over = datetime.combine(day, end, zone)
        # An hour that comes twice, when summer ends, is over when it is over for the second time.
        return (over if over.astimezone(now.tzinfo) > now else over.replace(fold=1)).astimezone(
            now.tzinfo
        )


class Budget(Frozen):
    """What a model's runs may use up together."""

    days: Annotated[int, Field(ge=1, le=366)] = 30  # counted over the last so many days
    runs: PositiveInt | None = None  # this many are started at most
    instance_hours: PositiveFloat | None = None  # used up by runs, no other is started

    @property
    def span(self) -> timedelta:
        """The time over which is counted."""
        return timedelta(days=self.days)


class Retraining(Frozen):
    """When a model is trained again without anybody's asking, and what training may use."""

    schedule: ScheduleExpression | None = None  # of EventBridge, such as cron(0 3 ? * MON *)
    time_zone: TimeZone = "UTC"  # of schedule and quiet hours, such as Europe/Berlin
    minimum_new_rows: NonNegativeInt = 0  # since the last training, for new data and the schedule
    minimum_new_labels: NonNegativeInt = 0  # rows with a target since the last training, and labels
    cool_down_minutes: NonNegativeInt = 0  # after a start, none for so long, but for a person
    quiet_hours: QuietHours | None = None  # none is started in these, but by force
    budget: Budget | None = None  # none is started over this, but by force

    @property
    def cool_down(self) -> timedelta:
        """Time after a training's start in which no cause but a person starts another."""
        return timedelta(minutes=self.cool_down_minutes)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of schedule and quiet hours."""
        return ZoneInfo(self.time_zone)
