"""monitor_model: what arrived is counted once, a window is judged once, and drift is told once."""

import csv
import gzip
import io
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.client import BaseClient

from functions.monitor_model.handler import lambda_handler
from tests.serving_platform import MODEL, MONDAY, SPEC, LambdaContext, Platform
from trimtab.aws import keys
from trimtab.aws.live_traffic import LiveTraffic
from trimtab.aws.watches import Watches
from trimtab.domain.captures import Answered, capture
from trimtab.errors import InvalidInput

BUCKET = "data"
ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)
TICK = {"detail-type": "Tick", "detail": {"due": "2026-03-02T08:00:00Z"}}


@pytest.fixture
def platform(stage: Platform) -> Platform:
    """Version 1 is the champion since Monday morning, and was evaluated on twenty days."""
    return watched(stage)


def watched(stage: Platform) -> Platform:
    stage.reset()
    for each in boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", []):
        boto3.client("s3").delete_object(Bucket=BUCKET, Key=each["Key"])
    stage.promote(1)
    put(keys.scored_key(MODEL, "e1"), scored())
    stage.events()
    return stage


def put(key: str, body: bytes) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)


def flights(rows: int, seed: int, *, temp: float = 50.0) -> list[dict[str, Any]]:
    """Flights as the contract wants them."""
    chance = np.random.default_rng(seed)
    carriers = chance.choice(["AA", "UA", "B6"], rows, p=[0.5, 0.3, 0.2]).tolist()
    weekdays = chance.integers(0, 7, rows).tolist()
    temps = chance.normal(temp, 10, rows).round(2).tolist()
    return [
        {"carrier": c, "weekday": w, "temp": t, "diverted": False, "booked_at": None}
        for c, w, t in zip(carriers, weekdays, temps, strict=True)
    ]


def scored() -> bytes:
    rows, chance = flights(6000, 1), np.random.default_rng(2)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0], "scheduled_at", "(prediction)"])
    writer.writeheader()
    for number, row in enumerate(rows):
        at = MONDAY - timedelta(days=20) + timedelta(minutes=4 * number)
        score = round(float(chance.beta(2, 5)), 4)
        writer.writerow({**row, "scheduled_at": at.isoformat(), "(prediction)": score})
    return text.getvalue().encode()


def arrive(at: datetime, rows: int, seed: int, *, name: str = "a", **changed: float) -> None:
    """Let captures of so many requests arrive in an hour, as Firehose writes them."""
    chance = np.random.default_rng(seed + 1000)
    lines = b"".join(
        line
        for number, row in enumerate(flights(rows, seed, **changed))
        for line in capture(
            Answered(
                1,
                f"{name}-{number}",
                at,
                [[row[feature] for feature in SPEC.features]],
                [float(chance.beta(2, 5))],
            ),
            SPEC,
            f"{at:%d%H}-{seed}-{number}",
        )
    )
    key = keys.captures_prefix(MODEL, 1, at) + f"{name}.jsonl.gz"
    put(key, gzip.compress(lines, mtime=0))


def a_day(platform: Platform, seed: int, *, temp: float = 50.0) -> None:
    """Let the rest of the day pass, with requests in two of its hours, and the clock tick after it."""
    midnight = platform.clock.at.replace(hour=0, minute=0, second=0, microsecond=0)
    for hour in (10, 15):
        arrive(midnight + timedelta(hours=hour), 300, seed + hour, temp=temp)
    platform.clock.at = midnight + DAY + timedelta(hours=1, minutes=5)
    tick()


def tick() -> dict[str, int]:
    judged: dict[str, int] = lambda_handler(TICK, LambdaContext())["windows"]
    return judged


def windows(platform: Platform) -> list[Any]:
    return Watches(platform.runtime.table).windows(MODEL)[0]


def test_a_quiet_day_is_judged_once_and_told_to_nobody(platform: Platform) -> None:
    a_day(platform, 1)
    assert tick() == {MODEL: 0}
    [window] = windows(platform)
    assert (window.state, window.rows, window.start) == ("ok", 600, MONDAY.replace(hour=0))
    assert platform.events() == []


def test_what_is_asked_otherwise_than_in_the_evaluation_is_drift_and_opens_one_incident(
    platform: Platform,
) -> None:
    a_day(platform, 1)
    for day in range(2, 5):
        a_day(platform, day * 100, temp=75.0)
    told = platform.events()
    assert [name for name, _ in told] == ["DriftDetected"]
    detail = told[0][1]
    assert (detail["kind"], detail["features"][0], detail["rows"]) == ("data", "temp", 600)
    assert detail["effect"] > detail["limit"] > 0
    assert windows(platform)[0].state == "drift"
    [entry] = [one for one in platform.audit() if one.action == "DriftDetected"]
    assert entry.reason == detail["reason"]
    assert "temp" in detail["reason"]


def test_drift_that_is_over_is_told_too(platform: Platform) -> None:
    a_day(platform, 1, temp=90.0)
    for day in range(2, 7):
        a_day(platform, day * 100)
    assert [name for name, _ in platform.events()] == ["DriftDetected", "DriftCleared"]


def test_an_hour_costs_the_requests_that_the_docs_say(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    sent = vars(BaseClient)["_make_api_call"]

    def counting(self: BaseClient, operation: str, params: dict[str, Any]) -> Any:
        asked[operation] += 1
        return sent(self, operation, params)

    monkeypatch.setattr(BaseClient, "_make_api_call", counting)
    hours = []
    for hour in range(5):
        at = MONDAY + timedelta(hours=hour)
        arrive(at, 20, hour, name=f"h{hour}")
        platform.clock.at = at + timedelta(minutes=55)
        asked.clear()
        tick()
        hours.append(dict(asked))
    assert hours[-1] == hours[-2], "what is counted is not read again"
    asked.clear()
    tick()
    told = (ROOT / "docs/costs.md").read_text()
    for requests in (hours[-1], dict(asked)):
        words = ", ".join(f"{count} {name}" for name, count in sorted(requests.items()))
        assert words in told, words


def test_the_page_of_a_window_lies_where_the_window_says(platform: Platform) -> None:
    a_day(platform, 1)
    [window] = windows(platform)
    key = window.report_uri.removeprefix(f"s3://{BUCKET}/")
    page = boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    assert page.startswith("<!doctype html>")
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key=key.replace(".html", ".json"))
    assert json.loads(body["Body"].read())["state"] == "ok"


def test_captures_count_once_in_whatever_order_pieces_and_repetitions_they_arrive(
    platform: Platform,
) -> None:
    at = MONDAY + timedelta(hours=2)
    arrive(at, 200, 7)
    platform.clock.at = at + timedelta(minutes=30)
    tick()
    arrive(at, 200, 7, name="b")  # the same events again, in another object
    arrive(at, 50, 8, name="c")
    platform.clock.at = at + timedelta(hours=3)
    tick()
    tick()
    live = LiveTraffic(platform.runtime.s3, BUCKET, MODEL, 1)
    [(_, piecewise)] = live.hours(at, at + timedelta(hours=1))
    assert piecewise.profile.rows == 250
    for key in (keys.live_hour_key(MODEL, 1, at), keys.live_read_key(MODEL, 1)):
        boto3.client("s3").delete_object(Bucket=BUCKET, Key=key)
    tick()
    [(_, at_once)] = live.hours(at, at + timedelta(hours=1))
    assert at_once == piecewise


def test_a_day_with_few_requests_says_that_it_can_tell_nothing(platform: Platform) -> None:
    arrive(MONDAY + timedelta(hours=2), 40, 3, temp=90.0)
    platform.clock.at = MONDAY.replace(hour=1) + DAY
    tick()
    [window] = windows(platform)
    assert (window.state, window.rows) == ("insufficient_data", 40)


def test_a_day_without_requests_says_so_and_is_no_error(platform: Platform) -> None:
    a_day(platform, 1)
    platform.clock.at += DAY
    tick()
    window, _ = windows(platform)
    assert (window.state, window.rows, window.drifted) == ("insufficient_data", 0, ())


def test_a_monitor_that_sees_nothing_any_more_says_so_once(platform: Platform) -> None:
    a_day(platform, 1)
    for _ in range(5):
        platform.clock.at += DAY
        tick()
    [(name, detail)] = platform.events()
    assert (name, detail["kind"], detail["windows"]) == ("MonitoringBlinded", "drift", 3)
    assert "of the last: " in detail["reason"]
    [entry] = [one for one in platform.audit() if one.action == "MonitoringBlinded"]
    assert entry.reason == detail["reason"]
    a_day(platform, 8)
    for _ in range(3):
        platform.clock.at += DAY
        tick()
    assert [name for name, _ in platform.events()] == ["MonitoringBlinded"]


def test_a_version_whose_evaluation_kept_no_rows_is_not_judged(platform: Platform) -> None:
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=keys.scored_key(MODEL, "e1"))
    a_day(platform, 1)
    assert windows(platform) == []


def test_a_line_that_is_no_capture_is_counted_and_keeps_no_other_from_it(
    platform: Platform,
) -> None:
    at = MONDAY + timedelta(hours=2)
    arrive(at, 20, 3)
    put(keys.captures_prefix(MODEL, 1, at) + "broken.jsonl.gz", gzip.compress(b"hello\n{}\n"))
    platform.clock.at = at + timedelta(hours=1)
    tick()
    live = LiveTraffic(platform.runtime.s3, BUCKET, MODEL, 1)
    [(_, hour)] = live.hours(at, at + timedelta(hours=1))
    assert (hour.unread, hour.profile.rows) == (2, 20)


def test_an_event_that_is_no_tick_is_refused(platform: Platform) -> None:
    with pytest.raises(InvalidInput, match="monitor_model cannot read Nothing"):
        lambda_handler({"detail-type": "Nothing"}, LambdaContext())
