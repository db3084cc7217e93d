"""Accepting what live traffic has become: later windows are compared with a period of it, by a person's word."""

import json
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from functions.registry_api.handler import lambda_handler
from tests.functions import test_monitor_model as monitored
from tests.serving_platform import MODEL, MONDAY, LambdaContext, Platform, http_event
from trimtab.aws import keys
from trimtab.aws.drift_references import DriftReferences

PATH = f"/v1/models/{MODEL}/drift/accept"
DAY = timedelta(days=1)
MIDNIGHT = MONDAY.replace(hour=0)


@pytest.fixture
def platform(stage: Platform) -> Platform:
    return monitored.watched(stage)


def accept(**body: Any) -> tuple[int, dict[str, Any]]:
    event = http_event(PATH, {"reason": "summer is usual", **body})
    answer = lambda_handler(event, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def hot_days(platform: Platform, *seeds: int) -> None:
    for seed in seeds:
        monitored.a_day(platform, seed * 100, temp=75.0)


def test_what_is_accepted_is_drift_no_more_and_what_was_usual_before_is(platform: Platform) -> None:
    hot_days(platform, 1, 2, 3, 4)
    assert [name for name, _ in platform.events()] == ["DriftDetected"]
    status, told = accept()
    assert status == 200
    assert (at(told["start"]), at(told["end"])) == (MIDNIGHT, MIDNIGHT + 4 * DAY)
    assert (told["windows"], told["rows"], at(told["since"])) == (4, 2400, MIDNIGHT + 5 * DAY)
    [entry] = [one for one in platform.audit() if one.action == "DriftAccepted"]
    assert (entry.reason, entry.actor) == ("summer is usual", told["actor"])

    hot_days(platform, 5)
    assert monitored.windows(platform)[0].state == "drift", "it is judged by the evaluation still"
    hot_days(platform, 6)
    assert monitored.windows(platform)[0].state == "ok"
    assert [name for name, _ in platform.events()] == ["DriftCleared"]
    for day in (7, 8):
        monitored.a_day(platform, day * 100, temp=50.0)
    assert monitored.windows(platform)[0].state == "drift"
    assert [name for name, _ in platform.events()] == ["DriftDetected"]


def test_a_second_period_may_reach_back_over_the_first_windows_of_the_one_before(
    platform: Platform,
) -> None:
    hot_days(platform, 1, 2)
    accept()
    hot_days(platform, 3, 4, 5)
    status, told = accept(start=MIDNIGHT.isoformat())
    assert (status, told["windows"]) == (200, 5)
    hot_days(platform, 6, 7)
    newest = monitored.windows(platform)[0]
    assert (newest.start, newest.state) == (at(told["since"]), "ok")
    kept = keys.live_baseline_key(MODEL, 1, at(told["since"]))
    body = boto3.client("s3").get_object(Bucket=monitored.BUCKET, Key=kept)["Body"].read()
    assert json.loads(body)["rows"] == 3000


def test_the_same_word_again_changes_nothing(platform: Platform) -> None:
    hot_days(platform, 1)
    first, again = accept(), accept()
    assert first == again
    assert len(DriftReferences(platform.runtime.table).of(MODEL, 1)) == 1
    assert [one.action for one in platform.audit()].count("DriftAccepted") == 1


def test_a_period_with_too_few_rows_is_refused(platform: Platform) -> None:
    hot_days(platform, 1)
    end = (MIDNIGHT + timedelta(hours=23)).isoformat()
    status, told = accept(end=end)
    assert (status, told["code"]) == (409, "INVALID_STATE")
    assert told["detail"] == "0 judged windows with 0 rows: 300 are needed"
    assert accept(start="soon")[0] == 400


def test_without_a_champion_there_is_nothing_to_accept(stage: Platform) -> None:
    stage.reset()
    status, told = accept()
    assert (status, told["detail"]) == (409, f"no version of {MODEL} answers yet")
