"""What people are told of each event, and whom a webhook is for."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from trimtab.domain import events
from trimtab.domain.notifications import (
    LIMIT,
    TELLS,
    Notification,
    as_text,
    last_words,
    notification,
)
from trimtab.domain.webhooks import Webhook

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
WINDOW = {"window_start": AT, "window_end": AT}
DRIFT = {
    "incident_id": "i1",
    "version": 3,
    "rows": 900,
    "metric": "psi",
    "effect": 0.31,
    "limit": 0.2,
}
SAMPLES: list[tuple[type[events.Detail], dict[str, Any], str]] = [
    (
        events.DatasetQuarantined,
        {
            "batch_key": "incoming/a/b.csv",
            "report_uri": "s3://r",
            "anomalies": ("NO_HEADER", "TIME_GAP"),
        },
        "delays: a batch is quarantined (NO_HEADER, TIME_GAP)",
    ),
    (
        events.TrainingFinished,
        {"request_id": "r", "execution_arn": "a", "phase": "failed"},
        "delays: what a training made was refused",
    ),
    (
        events.TrainingFinished,
        {"request_id": "r", "execution_arn": "a", "phase": "error"},
        "delays: what a training made could not be told",
    ),
    (events.VersionRejected, {"version": 3, "actor": "ana"}, "delays: version 3 may not serve"),
    (
        events.RolloutPromoted,
        {"version": 3, "previous_version": 2},
        "delays: version 3 is the champion",
    ),
    (
        events.RolloutPromoted,
        {"version": 1, "previous_version": None},
        "delays: version 1 is the champion",
    ),
    (
        events.RolloutRolledBack,
        {"version": 2, "from_version": 3, "actor": "ana"},
        "delays: traffic returned from version 3 to version 2",
    ),
    (
        events.RollbackRefused,
        {"alarm": "failing", "version": 3},
        "delays: a rollback moved no traffic",
    ),
    (
        events.DriftDetected,
        {**DRIFT, **WINDOW, "kind": "data", "features": ("temp", "wind")},
        "delays: temp, wind drifted",
    ),
    (
        events.DriftDetected,
        {**DRIFT, **WINDOW, "kind": "data", "features": ("a", "b", "c", "d", "e")},
        "delays: a, b, c and 2 more drifted",
    ),
    (
        events.DriftDetected,
        {**DRIFT, **WINDOW, "kind": "prediction", "features": ("(prediction)",)},
        "delays: predictions drifted",
    ),
    (
        events.DriftCleared,
        {"incident_id": "i1", "version": 3, "kind": "data", "features": ("temp",), **WINDOW},
        "delays: the drift is over",
    ),
    (
        events.QualityBreached,
        {
            "incident_id": "i1",
            "version": 3,
            "metric": "auc",
            "effect": 0.61,
            "limit": 0.65,
            "labels": 900,
            **WINDOW,
        },
        "delays: auc is 0.61, the limit is 0.65",
    ),
    (
        events.MonitoringBlinded,
        {"version": 3, "kind": "quality", "windows": 3, **WINDOW},
        "delays: quality cannot be told for want of labels",
    ),
    (
        events.MonitoringBlinded,
        {"version": 3, "kind": "drift", "windows": 3, **WINDOW},
        "delays: drift cannot be told for want of requests",
    ),
    (
        events.QualityRecovered,
        {
            "incident_id": "i1",
            "version": 3,
            "metric": "brier",
            "effect": 0.15,
            "limit": 0.17,
            **WINDOW,
        },
        "delays: brier is 0.15, as usual again",
    ),
]


def told(event: type[events.Detail], **fields: Any) -> Notification | None:
    return notification("e1", event(model="delays", at=AT, reason="for a reason", **fields))


@pytest.mark.parametrize(("kind", "fields", "title"), SAMPLES)
def test_an_event_is_told_in_a_few_words(
    kind: type[events.Detail], fields: dict[str, Any], title: str
):
    message = told(kind, **fields)
    assert message is not None
    assert (message.title, message.event, message.reason) == (title, kind.__name__, "for a reason")
    assert message.look.startswith("trimtab ")
    assert as_text(message, "and this").split("\n\n") == [
        "for a reason",
        message.done,
        f"More: {message.look}",
        "and this",
    ]


def test_every_event_that_is_told_has_a_sample():
    assert {kind for kind, _, _ in SAMPLES} == set(TELLS)


def test_good_news_of_every_day_is_told_to_nobody():
    ended = {"request_id": "r", "execution_arn": "a"}
    assert told(events.TrainingFinished, phase="successful", **ended) is None
    assert told(events.VersionRegistered, version=1, model_package_arn="a") is None


def test_the_last_message_of_an_hour_says_that_it_is():
    assert last_words(1) == ""
    assert "is held back" in (last_words(LIMIT) or "")
    assert last_words(LIMIT + 1) is None


def test_a_webhook_is_told_of_its_models_and_events():
    message = told(events.RollbackRefused, alarm=None, version=3)
    assert message is not None
    url = "https://example.com/hook"
    assert Webhook(url=url).wants(message)
    assert Webhook(url=url, models=("delays",), events=("RollbackRefused",)).wants(message)
    assert not Webhook(url=url, models=("churn",)).wants(message)
    assert not Webhook(url=url, events=("DriftDetected",)).wants(message)


@pytest.mark.parametrize("form", ["json", "slack", "teams"])
def test_a_note_stands_in_every_form(form: Any):
    message = told(events.RollbackRefused, alarm=None, version=3)
    assert message is not None
    hook = Webhook(url="https://example.com/hook", form=form)
    assert "the last one" in json.dumps(json.loads(hook.body(message, "the last one")))
    assert "webhook-signature" not in hook.headers(message, b"{}", 1)


def test_a_secret_of_plain_text_signs_as_it_is():
    message = told(events.RollbackRefused, alarm=None, version=3)
    assert message is not None
    secret = "twenty-four characters and more"
    signature = Webhook(url="https://example.com", secret=secret).headers(message, b"{}", 7)
    digest = hmac.new(secret.encode(), b"e1.7.{}", hashlib.sha256).digest()
    assert signature["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
