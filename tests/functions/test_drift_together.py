"""monitor_model, where features are compared together too: rows whose features no longer belong to each other."""

import csv
import gzip
import io
from datetime import datetime, timedelta
from typing import Any

import boto3
import numpy as np
import pytest

from tests.functions import test_monitor_model as monitored
from tests.functions.test_drift_accept import accept
from tests.serving_platform import MODEL, MONDAY, SPEC, Platform
from trimtab.aws import keys
from trimtab.aws.model_specs import ModelSpecs
from trimtab.domain.captures import Answered, capture
from trimtab.domain.drift.together import TOGETHER

DAY = timedelta(days=1)


def flights(rows: int, seed: int, *, mixed: bool = False) -> list[dict[str, Any]]:
    """The later in the week, the warmer; or mixed up: each column as ever, and no row as any was."""
    chance = np.random.default_rng(seed)
    weekdays = chance.integers(0, 7, rows)
    temps = (20 + 10 * weekdays + chance.normal(0, 3, rows)).round(2)
    if mixed:
        temps = chance.permutation(temps)
    carriers = chance.choice(["AA", "UA"], rows)
    return [
        {"carrier": c, "weekday": w, "temp": t, "diverted": False, "booked_at": None}
        for c, w, t in zip(carriers.tolist(), weekdays.tolist(), temps.tolist(), strict=True)
    ]


def evaluated() -> bytes:
    rows, chance, text = flights(6000, 1), np.random.default_rng(2), io.StringIO()
    writer = csv.DictWriter(text, [*rows[0], "scheduled_at", "(prediction)"])
    writer.writeheader()
    for number, row in enumerate(rows):
        at = MONDAY - 20 * DAY + number * timedelta(minutes=4)
        told = {"scheduled_at": at.isoformat(), "(prediction)": round(float(chance.beta(2, 5)), 4)}
        writer.writerow(row | told)
    return text.getvalue().encode()


def arrive(at: datetime, seed: int, *, mixed: bool) -> None:
    chance = np.random.default_rng(seed)
    lines = b"".join(
        line
        for number, row in enumerate(flights(600, seed, mixed=mixed))
        for line in capture(
            Answered(
                1,
                f"{seed}-{number}",
                at,
                [[row[name] for name in SPEC.features]],
                [float(chance.beta(2, 5))],
            ),
            SPEC,
            f"{seed}-{number}",
        )
    )
    prefix = keys.captures_prefix(MODEL, 1, at)
    boto3.client("s3").put_object(
        Bucket=monitored.BUCKET, Key=f"{prefix}{seed}.jsonl.gz", Body=gzip.compress(lines, mtime=0)
    )


def days(platform: Platform, *mixed: bool) -> list[tuple[str, tuple[str, ...]]]:
    """Let days pass; return what each showed."""
    for is_mixed in mixed:
        midnight = platform.clock.at.replace(hour=0, minute=0, second=0, microsecond=0)
        arrive(midnight + timedelta(hours=10), midnight.toordinal(), mixed=is_mixed)
        platform.clock.at = midnight + DAY + timedelta(hours=1, minutes=5)
        monitored.tick()
    return [(one.state, one.drifted) for one in reversed(monitored.windows(platform))][
        -len(mixed) :
    ]


def watching(stage: Platform, monkeypatch: pytest.MonkeyPatch, *, together: bool) -> Platform:
    drift = SPEC.monitoring.drift.model_copy(update={"together": together})
    monitoring = SPEC.monitoring.model_copy(update={"drift": drift})
    spec = SPEC.model_copy(update={"monitoring": monitoring})
    monkeypatch.setattr(ModelSpecs, "all", lambda _: {MODEL: spec})
    monitored.watched(stage)
    monitored.put(keys.scored_key(MODEL, "e1"), evaluated())
    return stage


def test_features_that_no_longer_go_together_are_drift_though_each_is_as_ever(
    stage: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = watching(stage, monkeypatch, together=True)
    assert days(platform, False, False, True) == [("ok", ()), ("ok", ()), ("drift", (TOGETHER,))]
    [(name, told)] = [one for one in platform.events() if one[0].startswith("Drift")]
    assert (name, told["features"]) == ("DriftDetected", [TOGETHER])


def test_unless_asked_for_nobody_looks(stage: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = watching(stage, monkeypatch, together=False)
    assert days(platform, False, True, True) == [("ok", ())] * 3


def test_an_accepted_period_says_what_goes_together_too(
    stage: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = watching(stage, monkeypatch, together=True)
    days(platform, True, True, True)
    assert accept()[0] == 200
    assert days(platform, True, True, True)[-1] == ("ok", ())
    assert days(platform, False, False)[-1] == ("drift", (TOGETHER,))


def test_a_window_without_requests_is_not_drift(
    stage: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = watching(stage, monkeypatch, together=True)
    days(platform, False)
    platform.clock.at += DAY
    monitored.tick()
    assert monitored.windows(platform)[0].state == "insufficient_data"
