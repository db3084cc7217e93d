"""The policy of retraining: schedules that EventBridge takes, quiet hours by the clock on the wall, budgets."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trimtab.domain.retraining import Budget, QuietHours, Retraining
from trimtab.domain.schedules import checked
from trimtab.domain.spending import Spent, left, overspent

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
NIGHT = QuietHours(start="22:00", end="06:00")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 hour)",
        "rate(7 days)",
        "cron(0 3 ? * MON *)",
        "cron(0/15 8-18 ? JAN,7 MON-FRI 2026-2030)",
        "cron(30 2 L * ? *)",
        "cron(30 2 15W * ? *)",
        "cron(0 3 ? * 6#3 *)",
        "cron(0 3 ? */2 5L *)",
    ],
)
def test_what_eventbridge_takes_is_taken(expression: str) -> None:
    assert Retraining(schedule=expression).schedule == expression


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("rate(1 hours)", "write rate(1 hour) or rate(2 hours)"),
        ("rate(2 hour)", "write rate(1 hour)"),
        ("rate(0 days)", "write rate(1 day)"),
        ("rate(1 week)", "is neither"),
        ("0 3 * * 1", "is neither"),
        ("at(2026-11-09T08:00:00)", "is neither"),
        ("cron(0 3 * * MON)", "has 5 fields, not the six: minutes, hours"),
        ("cron(0 3 * * MON *)", "one of day of month and day of week must be ?"),
        ("cron(0 3 ? * ? *)", "one of day of month and day of week must be ?"),
        ("cron(60 3 ? * MON *)", "'60' is no minutes: 0 to 59"),
        ("cron(0 24 ? * MON *)", "'24' is no hours"),
        ("cron(0 3 ? * MONDAY *)", "'MONDAY' is no day of week"),
        ("cron(0 3 ? 0 MON *)", "'0' is no month"),
        ("cron(0/0 3 ? * MON *)", "'0/0' is no minutes"),
        ("cron(1-2-3 3 ? * MON *)", "'1-2-3' is no minutes"),
        ("cron(0, 3 ? * MON *)", "'' is no minutes"),
        ("cron(L 3 ? * MON *)", "'L' is no minutes"),
    ],
)
def test_what_eventbridge_would_refuse_is_refused_with_the_part_that_is_wrong(
    expression: str, told: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        checked(expression)


def test_a_time_zone_has_the_name_that_the_database_of_zones_gives_it() -> None:
    assert Retraining(time_zone="Europe/Berlin").zone == BERLIN


@pytest.mark.parametrize("zone", ["Berlin", "../etc", "/etc/localtime", "Europe"])
def test_a_time_zone_that_does_not_exist_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="is no time zone such as"):
        Retraining(time_zone=zone)


@pytest.mark.parametrize("text", ["6:00", "24:00", "12:60", "noon"])
def test_a_time_of_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is no time of day from"):
        QuietHours(start=text, end="06:00")


def test_quiet_hours_without_end_are_refused() -> None:
    with pytest.raises(ValidationError, match="no run could ever be started"):
        QuietHours(start="22:00", end="22:00")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-09T20:59Z", None),  # 21:59 in Berlin
        ("2026-11-09T21:00Z", "2026-11-10T05:00Z"),
        ("2026-11-10T04:59Z", "2026-11-10T05:00Z"),
        ("2026-11-10T05:00Z", None),
        ("2026-07-01T19:59Z", None),  # in summer an hour earlier
        ("2026-07-01T20:00Z", "2026-07-02T04:00Z"),
    ],
)
def test_quiet_hours_follow_the_clock_of_their_time_zone(now: str, until: str | None) -> None:
    found = NIGHT.end_of(datetime.fromisoformat(now), BERLIN)
    assert found == (datetime.fromisoformat(until) if until else None)


def test_quiet_hours_by_day_end_on_the_same_day() -> None:
    day = QuietHours(start="08:00", end="18:00")
    assert day.end_of(NOON, ZoneInfo("UTC")) == NOON.replace(hour=18)
    assert day.end_of(NOON.replace(hour=18), ZoneInfo("UTC")) is None


def test_an_hour_that_comes_twice_is_over_when_it_is_over_the_second_time() -> None:
    quiet = QuietHours(start="01:00", end="02:30")
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 in Berlin, again
    assert quiet.end_of(second, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.times().map(lambda at: f"{at:%H:%M}"),
    st.times().map(lambda at: f"{at:%H:%M}"),
)
def test_quiet_hours_always_end_later_and_are_over_then(now, start, end) -> None:
    if start == end:
        return
    quiet, now = QuietHours(start=start, end=end), now.replace(tzinfo=UTC)
    until = quiet.end_of(now, BERLIN)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert quiet.end_of(until, BERLIN) is None


def spent(*hours_ago: float, hours: float = 1.0) -> list[Spent]:
    """Return runs that were asked for so many hours before noon."""
    return [Spent(at=NOON - timedelta(hours=ago), instance_hours=hours) for ago in hours_ago]


def test_a_budget_of_runs_is_free_again_when_the_oldest_is_forgotten() -> None:
    budget = Budget(days=1, runs=2)
    assert overspent(budget, spent(3), NOON) is None
    assert overspent(budget, spent(3, 25), NOON) is None
    over = overspent(budget, spent(3, 5, 2), NOON)
    assert over is not None
    assert (over.line, over.used, over.limit) == ("retraining.budget.runs", 3, 2)
    assert over.until == NOON + timedelta(hours=21)  # one of the three is the third's
    assert overspent(budget, spent(3, 5, 2), over.until) is None
    assert overspent(budget, spent(3, 5, 2), over.until - timedelta(seconds=1)) is not None


def test_a_budget_of_instance_hours_is_free_again_when_enough_of_them_are_forgotten() -> None:
    budget = Budget(days=1, instance_hours=2.5)
    over = overspent(budget, spent(1, 2, 3), NOON)
    assert over is not None
    assert (over.line, over.used) == ("retraining.budget.instance_hours", 3.0)
    assert over.until == NOON + timedelta(hours=21)
    assert overspent(budget, spent(1, 2), NOON) is None
    several = overspent(Budget(days=1, instance_hours=0.5), spent(1, 2, 3), NOON)
    assert several is not None
    assert several.until == NOON + timedelta(hours=23)


def test_what_is_left_of_a_budget_is_never_less_than_nothing() -> None:
    told = left(Budget(days=1, runs=2, instance_hours=1.5), spent(1, 2, 3), NOON)
    assert (told.runs, told.instance_hours) == (0, 0.0)
    told = left(Budget(days=1, runs=2), spent(1), NOON)
    assert (told.runs, told.runs_most, told.instance_hours) == (1, 2, None)
    assert left(Budget(instance_hours=2), spent(1), NOON).instance_hours == 1.0
