"""monitor_model, where numbers are predicted: what their errors are expected to be, and what labels say of that."""

import csv
import gzip
import io
import json
from datetime import timedelta

import numpy as np
import pytest

from functions.collect_labels.handler import lambda_handler as collect_labels
from functions.monitor_model.handler import lambda_handler as monitor_model
from tests.functions.test_collect_labels import arrival
from tests.functions.test_monitor_model import DAY, TICK, put, watched
from tests.serving_platform import MODEL, MONDAY, SPEC, LambdaContext, Platform
from trimtab.aws import keys
from trimtab.aws.model_specs import ModelSpecs
from trimtab.aws.watches import QualityWatches, Watches
from trimtab.domain.captures import Answered, capture
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.model import Problem

LATE = Column(type=ColumnType.number)
CONTRACT = SPEC.contract.model_copy(update={"columns": {**SPEC.contract.columns, "late": LATE}})
NUMBERS = SPEC.model_copy(update={"problem": Problem.regression, "contract": CONTRACT})


@pytest.fixture
def platform(stage: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Version 1 predicts minutes; in its evaluation it was off by the more the carrier is UA."""
    monkeypatch.setattr(ModelSpecs, "all", lambda _: {MODEL: NUMBERS})
    watched(stage)
    text, chance = io.StringIO(), np.random.default_rng(1)
    writer = csv.writer(text)
    names = ["carrier", "weekday", "temp", "diverted", "late", "scheduled_at", "(prediction)"]
    writer.writerow(names)
    for number in range(4000):
        carrier = ["AA", "AA", "AA", "UA"][number % 4]
        said = float(chance.normal(20, 5))
        true = said + chance.normal(0, 10 if carrier == "UA" else 2)
        at = MONDAY - 20 * DAY + number * timedelta(minutes=7)
        writer.writerow([carrier, 1, 50.0, False, true, at.isoformat(), said])
    put(keys.scored_key(MODEL, "e1"), text.getvalue().encode())
    return stage


def a_day(platform: Platform, share: float, noise: float) -> list[tuple[str, float]]:
    """Let a day of requests pass, this share of them of UA; return what became true of each."""
    chance, noon, lines, labels = np.random.default_rng(7), MONDAY.replace(hour=12), b"", []
    for number in range(800):
        carrier = "UA" if number < 800 * share else "AA"
        said, name = float(chance.normal(20, 5)), f"r{number}"
        row = [carrier, 1, 50.0, False, None]
        lines += b"".join(capture(Answered(1, name, noon, [row], [said]), NUMBERS, f"e-{name}"))
        labels.append((name, said + chance.normal(0, noise * (10 if carrier == "UA" else 2))))
    put(keys.captures_prefix(MODEL, 1, noon) + "a.jsonl.gz", gzip.compress(lines, mtime=0))
    platform.clock.at = MONDAY.replace(hour=2) + DAY
    monitor_model(TICK, LambdaContext())
    return labels


def label(platform: Platform, labels: list[tuple[str, float]]) -> str:
    """Let the labels come, and have their time; return what is said of the window."""
    body = "".join(
        json.dumps({"inference_id": name, "label": true}) + "\n" for name, true in labels
    )
    collect_labels(arrival("1.jsonl", body.encode(), platform.clock.at), LambdaContext())
    platform.clock.at += DAY
    monitor_model(TICK, LambdaContext())
    [window] = QualityWatches(platform.runtime.table).windows(MODEL)[0]
    assert window.metrics["mae"].estimated is not None
    return window.reason


@pytest.mark.parametrize(("share", "least", "most"), [(0.25, 2.9, 3.5), (0.9, 6.5, 8.0)])
def test_errors_are_expected_to_be_those_of_such_rows(
    platform: Platform, share: float, least: float, most: float
) -> None:
    labels = a_day(platform, share, noise=1.0)
    [window] = Watches(platform.runtime.table).windows(MODEL)[0]
    assert window.estimate is not None
    told = window.estimate.metrics["mae"]
    assert least < told.value < most
    assert told.low < told.value < told.high
    assert "was estimated without labels" not in label(platform, labels)


def test_errors_that_such_rows_never_had_are_a_world_that_has_changed(platform: Platform) -> None:
    labels = a_day(platform, 0.25, noise=3.0)
    said = label(platform, labels)
    assert "was estimated without labels: such rows come out otherwise than they did" in said


def test_a_version_that_was_measured_before_there_were_estimates_has_none(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.monitor_model.measuring.error_model", lambda *_: None)
    a_day(platform, 0.25, noise=1.0)
    [window] = Watches(platform.runtime.table).windows(MODEL)[0]
    assert window.estimate is None
