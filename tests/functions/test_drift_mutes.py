"""Muting drift: whoever may be told is not, while it is judged and kept; every word of it is audited."""

import json
from typing import Any

import pytest

from functions.registry_api.handler import lambda_handler
from tests.functions import test_monitor_model as monitored
from tests.serving_platform import MODEL, LambdaContext, Platform, http_event
from trimtab.aws.drift_mutes import DriftMutes

PATH = f"/v1/models/{MODEL}/drift"


@pytest.fixture
def platform(stage: Platform) -> Platform:
    return monitored.watched(stage)


def ask(path: str, body: Any) -> tuple[int, Any]:
    answer = lambda_handler(http_event(path, body), LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def mute(**changes: Any) -> tuple[int, Any]:
    body = {"columns": ["temp"], "until": "2027-01-01T00:00:00Z", "reason": "new sensors"}
    return ask(f"{PATH}/mute", {**body, **changes})


def days(platform: Platform) -> None:
    monitored.a_day(platform, 1)
    for day in range(2, 5):
        monitored.a_day(platform, day * 100, temp=75.0)


def test_muted_drift_is_judged_kept_and_told_to_nobody(platform: Platform) -> None:
    status, told = mute()
    assert status == 200
    assert [one["mute"]["columns"] for one in told["items"]] == [["temp"]]
    days(platform)
    assert platform.events() == []
    assert monitored.windows(platform)[0].state == "drift"
    assert "DriftDetected" not in [entry.action for entry in platform.audit()]


def test_what_is_unmuted_before_is_told(platform: Platform) -> None:
    mute()
    status, told = ask(f"{PATH}/unmute", {"columns": ["temp"], "reason": "calibrated"})
    assert (status, told["items"]) == (200, [])
    days(platform)
    assert [name for name, _ in platform.events()] == ["DriftDetected"]


def test_the_same_words_again_change_nothing_and_each_change_is_audited(platform: Platform) -> None:
    for _ in range(2):
        mute()
    for _ in range(2):
        ask(f"{PATH}/unmute", {"columns": ["temp"], "reason": "calibrated"})
    said = [
        (e.action, e.subject, e.reason)
        for e in platform.audit()
        if "Mut" in e.action or "mut" in e.action
    ]
    assert said == [
        ("DriftUnmuted", "drift of temp", "calibrated"),
        ("DriftMuted", "drift of temp", "new sensors"),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": ["tmep"]}, "columns: 'tmep' is no feature of delays"),
        ({"until": "2026-01-01T00:00:00Z"}, "until: 2026-01-01T00:00:00+00:00 has passed"),
        ({"until": "tomorrow"}, "until: "),
        ({"kind": "weather"}, "kind: "),
        ({"reason": ""}, "reason: "),
    ],
)
def test_what_cannot_be_muted_is_refused(
    platform: Platform, changes: dict[str, Any], said: str
) -> None:
    status, problem = mute(**changes)
    assert status == 400
    assert problem["detail"].startswith(said)
    assert DriftMutes(platform.runtime.table).get(MODEL).muted == ()


def test_mutes_are_listed_in_pages(platform: Platform) -> None:
    for columns in (["temp"], ["weekday"], []):
        mute(columns=columns)
    event = http_event(f"{PATH}/mutes", None)
    event["requestContext"]["http"]["method"] = "GET"
    event["queryStringParameters"] = {"limit": "2"}
    first = json.loads(lambda_handler(event, LambdaContext())["body"])
    event["queryStringParameters"] = {"limit": "2", "page_token": first["next_page_token"]}
    rest = json.loads(lambda_handler(event, LambdaContext())["body"])
    shown = [one["mute"]["columns"] for one in first["items"] + rest["items"]]
    assert shown == [[], ["weekday"], ["temp"]]
    assert rest["next_page_token"] is None
