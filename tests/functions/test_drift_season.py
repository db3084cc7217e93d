"""Weeks that have a shape: a day is compared with the same weekday of the baseline, where its weeks are enough."""

import csv
import io
from datetime import timedelta

import numpy as np
import pytest

from tests.functions import test_monitor_model as monitored
from tests.functions.test_drift_accept import accept
from tests.serving_platform import MODEL, MONDAY, SPEC, Platform
from trimtab.aws import keys
from trimtab.aws.live_traffic import LiveTraffic
from trimtab.aws.model_specs import ModelSpecs

DAY = timedelta(days=1)
WEEKDAY, WEEKEND = 50.0, 75.0  # degrees


def evaluated(weeks: int) -> bytes:
    """Rows of so many weeks before the first Monday, warm at their ends; some a day."""
    chance, text = np.random.default_rng(1), io.StringIO()
    rows = monitored.flights(weeks * 7 * 120, 1)
    writer = csv.DictWriter(text, [*rows[0], "scheduled_at", "(prediction)"])
    writer.writeheader()
    for number, row in enumerate(rows):
        at = MONDAY.replace(hour=0) - weeks * 7 * DAY + number * timedelta(minutes=12)
        temp = chance.normal(WEEKEND if at.weekday() >= 5 else WEEKDAY, 10)
        score = round(float(chance.beta(2, 5)), 4)
        row |= {"temp": round(temp, 2), "scheduled_at": at.isoformat(), "(prediction)": score}
        writer.writerow(row)
    return text.getvalue().encode()


def stage_with(
    stage: Platform, monkeypatch: pytest.MonkeyPatch, *, season: str, weeks: int = 8
) -> Platform:
    monitoring = SPEC.monitoring.model_copy(update={"season": season})
    spec = SPEC.model_copy(update={"monitoring": monitoring})
    monkeypatch.setattr(ModelSpecs, "all", lambda _: {MODEL: spec})
    monitored.watched(stage)
    monitored.put(keys.scored_key(MODEL, "e1"), evaluated(weeks))
    return stage


def a_week(platform: Platform, *, warm: tuple[int, ...] = (5, 6)) -> list[str]:
    """Let a week pass; return the states of its days, Monday first."""
    for day in range(7):
        monitored.a_day(platform, 100 * day, temp=WEEKEND if day in warm else WEEKDAY)
    return [one.state for one in reversed(monitored.windows(platform))][-7:]


def test_a_weekend_like_all_weekends_is_no_drift(
    stage: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = stage_with(stage, monkeypatch, season="week")
    assert a_week(platform) == ["ok"] * 7
    saturday = LiveTraffic(platform.runtime.s3, monitored.BUCKET, MODEL, 1).baseline(slot=5)
    assert saturday is not None
    assert saturday.rows == 8 * 120


WARM = (2, 5, 6)  # Wednesday, beside the weekend


def test_a_wednesday_as_warm_as_a_weekend_is_drift(
    stage: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = stage_with(stage, monkeypatch, season="week")
    states = a_week(platform, warm=WARM)
    assert (states[:3], states[5:]) == (["ok", "ok", "drift"], ["ok", "ok"])


def test_without_a_season_it_is_a_day_like_any_other(
    stage: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = stage_with(stage, monkeypatch, season="none")
    assert a_week(platform, warm=WARM) == ["ok"] * 7


def test_where_the_baseline_has_too_few_weeks_all_its_days_are_compared_with(
    stage: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = stage_with(stage, monkeypatch, season="week", weeks=3)
    assert a_week(platform, warm=WARM) == ["ok"] * 7
    saturday = LiveTraffic(platform.runtime.s3, monitored.BUCKET, MODEL, 1).baseline(slot=5)
    assert saturday is not None
    assert saturday.rows == 3 * 7 * 120


def test_the_weeks_of_an_accepted_period_are_known_too(
    stage: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = stage_with(stage, monkeypatch, season="week", weeks=3)
    for _ in range(4):
        a_week(platform)
    status, told = accept(start=MONDAY.replace(hour=0).isoformat())
    assert (status, told["windows"]) == (200, 28)
    a_week(platform)  # the period is what later windows are compared with
    states = a_week(platform, warm=WARM)
    assert (states[:3], states[5:]) == (["ok", "ok", "drift"], ["ok", "ok"])
