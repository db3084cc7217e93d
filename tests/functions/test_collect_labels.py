"""collect_labels: every label is accounted for, whatever comes late, wrong, twice, corrected or of an unknown id."""

import gzip
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from arro3.core import Array, DataType

from functions.collect_labels.handler import lambda_handler
from functions.monitor_model.handler import lambda_handler as monitor_model
from tests import flights
from tests.functions.test_monitor_model import BUCKET, DAY, TICK, put, watched
from tests.serving_platform import (
    MODEL,
    MONDAY,
    SPEC,
    LambdaContext,
    Platform,
    http_event,
)
from trimtab.aws import keys
from trimtab.aws.collections import Collections
from trimtab.aws.model_specs import ModelSpecs
from trimtab.aws.watches import QualityWatches, Watches
from trimtab.domain.captures import Answered, capture
from trimtab.errors import InvalidInput, NotFound

HOUR = timedelta(hours=1)
DELAY = DAY  # that each label has
COUNTS = ("received", "new", "repeated", "corrected", "outdated", "unknown", "refused")
NOON = MONDAY.replace(hour=12)


@pytest.fixture
def platform(stage: Platform) -> Platform:
    return served(stage)


def served(stage: Platform) -> Platform:
    """Version 1 is the champion since Monday morning; its evaluation kept what was true of each row."""
    watched(stage)
    put(keys.scored_key(MODEL, "e1"), scored())
    return stage


def scored() -> bytes:
    chance, text = np.random.default_rng(1), io.StringIO()
    text.write("carrier,weekday,temp,diverted,late,scheduled_at,(prediction)\n")
    for number in range(4000):
        score = chance.beta(1, 3)
        at = MONDAY - 20 * DAY + number * timedelta(minutes=7)
        text.write(f"AA,1,50.0,false,{chance.binomial(1, score)},{at.isoformat()},{score:.4f}\n")
    return text.getvalue().encode()


def predict(at: datetime, *ids: str, scores: list[float] | None = None, rows: int = 1) -> None:
    """Let captures of version 1 arrive in the hour in which the requests were made."""
    row = ["AA", 1, 50.0, False, None]
    answers = scores or [0.25] * len(ids)
    lines = b"".join(
        line
        for name, score in zip(ids, answers, strict=True)
        for line in capture(
            Answered(1, name, at, [row[: len(SPEC.features)]] * rows, [score] * rows),
            SPEC,
            f"e-{name}",
        )
    )
    put(keys.captures_prefix(MODEL, 1, at) + f"{ids[0]}.jsonl.gz", gzip.compress(lines, mtime=0))


def tick() -> None:
    monitor_model(TICK, LambdaContext())


def arrival(name: str, body: bytes, at: datetime, folder: str = MODEL) -> dict[str, Any]:
    """Put a file under labels/ and return the event that tells of it."""
    key = f"labels/{folder}/{name}"
    put(key, body)
    return {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key, "version-id": "null"}},
    }


def deliver(event: dict[str, Any]) -> dict[str, int]:
    """Deliver the event; return the table of what became of the labels, without what is none."""
    told = lambda_handler(event, LambdaContext())
    return {name: told[name] for name in COUNTS if told[name]}


def csv(*lines: str, header: str = "inference_id,label") -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def send(*labels: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """POST labels."""
    event = http_event(f"/v1/models/{MODEL}/labels", {"labels": labels})
    answer = lambda_handler(event, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def known(platform: Platform, *ids: str) -> None:
    """Let these requests be answered at noon, and be counted."""
    predict(NOON, *ids)
    platform.clock.at = NOON + HOUR
    tick()
    platform.events()


def test_every_label_is_accounted_for(platform: Platform) -> None:
    known(platform, "a", "b", "c", "d")
    at = platform.clock.at
    first = arrival("1.csv", csv("a,1", "b,0", "nobody,1", "c,maybe", ",1", "d,", "d,7"), at)
    assert deliver(first) == {"received": 7, "new": 2, "unknown": 1, "refused": 4}
    second = arrival("2.csv", csv("a,1", "b,1", "c,0"), at + HOUR)
    assert deliver(second) == {"received": 3, "new": 1, "repeated": 1, "corrected": 1}
    late = f"{(at - HOUR).isoformat()}"
    third = arrival(
        "3.csv", csv(f"b,0,{late}", f"d,0,{late}", header="inference_id,late,observed_at"), at + DAY
    )
    assert deliver(third) == {"received": 2, "new": 1, "outdated": 1}
    newest, older, oldest = Collections(platform.runtime.table).list(MODEL)[0]
    assert [one.total for one in (oldest, older, newest)] == [2, 3, 4]
    assert {(one.reason, one.count, one.rows) for one in oldest.refusals} == {
        ("the label is not of type integer", 1, (4,)),
        ("inference_id is missing", 1, (5,)),
        ("the label is missing", 1, (6,)),
        ("the label is neither 0 nor 1", 1, (7,)),
    }
    told = [detail for name, detail in platform.events() if name == "LabelsCollected"]
    assert [(one["labels"], one["total"]) for one in told] == [(2, 2), (1, 3), (1, 4)]
    assert told[0]["newest_at"] == NOON.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_event_that_comes_again_changes_nothing_and_is_told_the_same(platform: Platform) -> None:
    known(platform, "a", "b")
    event = arrival("1.csv", csv("a,1", "b,0"), platform.clock.at)
    assert deliver(event) == deliver(event) == {"received": 2, "new": 2}
    first, again = (detail for _, detail in platform.events())
    assert first == again
    assert len(Collections(platform.runtime.table).list(MODEL)[0]) == 1


def test_labels_of_requests_say_their_row_and_count_at_once(platform: Platform) -> None:
    predict(NOON, "many", rows=3)
    platform.clock.at = NOON + HOUR
    tick()
    status, told = send(
        {"inference_id": "many", "row": 2, "label": True},
        {"inference_id": "many", "label": 0},
        {"inference_id": "many", "row": 3, "label": 1},
    )
    assert status == 200
    assert (told["new"], told["unknown"]) == (2, 1)
    assert told["actor"].startswith("arn:aws:iam::")
    assert send({"inference_id": "many", "label": 0.0})[1]["repeated"] == 1
    [entry] = [one for one in platform.audit() if one.subject == told["id"]]
    assert entry.reason == "3 labels from POST /v1/models/delays/labels: 2 new, 1 unknown"


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ({"inference_id": "a", "label": 0.5}, "labels.1.label: neither 0 nor 1"),
        ({"inference_id": "a", "label": "yes"}, "labels.1.label"),
        ({"inference_id": "", "label": 1}, "labels.1.inference_id"),
        ({"inference_id": "a", "label": 1, "row": -1}, "labels.1.row"),
        ({"label": 1}, "labels.1.inference_id"),
        ({"inference_id": "a", "label": 1, "observed_at": "soon"}, "labels.1.observed_at"),
    ],
)
def test_a_request_with_a_wrong_label_is_refused_whole(
    platform: Platform, label: dict[str, Any], says: str
) -> None:
    status, told = send({"inference_id": "a", "label": 1}, label)
    assert status == 400
    assert says in told["detail"]
    assert Collections(platform.runtime.table).list(MODEL)[0] == []


def test_labels_that_come_before_their_predictions_are_known_wait_for_them(
    platform: Platform,
) -> None:
    platform.clock.at = NOON
    event = arrival("1.csv", csv("a,1", "nobody,0"), NOON)
    assert deliver(event) == {"received": 2, "unknown": 2}
    assert platform.events() == []
    predict(NOON - HOUR, "a")
    platform.clock.at = NOON + HOUR
    tick()
    [(name, detail)] = platform.events()
    assert (name, detail["labels"], detail["total"]) == ("LabelsCollected", 1, 1)
    tick()
    assert platform.events() == []
    [collection] = Collections(platform.runtime.table).list(MODEL)[0]
    assert (collection.new, collection.unknown) == (1, 1)
    assert deliver(event) == {"received": 2, "new": 1, "unknown": 1}


def test_an_id_of_ours_is_looked_for_on_its_day_and_any_other_on_every_day(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = f"{int(NOON.timestamp()) * 1000:012x}7000a000000000000000"
    known(platform, ours, "theirs")
    for day in range(1, 4):
        predict(NOON + day * DAY, f"other-{day}")
        platform.clock.at = NOON + day * DAY + HOUR
        tick()
    read: list[str] = []
    client = platform.runtime.s3
    got = client.get_object
    monkeypatch.setattr(
        client, "get_object", lambda **asked: (read.append(asked["Key"]), got(**asked))[1]
    )
    days = f"predictions/{MODEL}/"
    assert deliver(arrival("1.csv", csv(f"{ours},1"), platform.clock.at)) == {
        "received": 1,
        "new": 1,
    }
    assert [key for key in read if key.startswith(days)] == [f"{days}2026-03-02.npz"]
    read.clear()
    said = csv(f"theirs,1,{NOON.isoformat()}", header="inference_id,label,predicted_at")
    assert deliver(arrival("2.csv", said, platform.clock.at)) == {"received": 1, "new": 1}
    assert [key for key in read if key.startswith(days)] == [f"{days}2026-03-02.npz"]
    read.clear()
    assert deliver(arrival("3.csv", csv("theirs,1"), platform.clock.at)) == {
        "received": 1,
        "repeated": 1,
    }
    assert [key for key in read if key.startswith(days)] == [
        f"{days}2026-03-0{day}.npz" for day in (5, 4, 3, 2)
    ]


def test_ids_and_times_of_no_calendar_are_looked_for_as_any_other(platform: Platform) -> None:
    far = "f" * 12 + "7fffbfffffffffffffff"
    known(platform, far, "theirs")
    said = csv(
        f"{far},1,", "theirs,0,9999-12-31T23:59:59", header="inference_id,label,predicted_at"
    )
    assert deliver(arrival("1.csv", said, platform.clock.at)) == {"received": 2, "new": 2}
    late = {"inference_id": "theirs", "label": 0, "predicted_at": "9999-12-31T23:59:59Z"}
    assert send(late)[1]["repeated"] == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the file is empty: 0 bytes"),
        (b"id,outcome\n1,0\n", "no column inference_id and no column label; its columns are id"),
        (b"inference_id,outcome\n1,0\n", "no column label; its columns are inference_id"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    platform: Platform, body: bytes, reason: str
) -> None:
    assert deliver(arrival("1.csv", body, NOON)) == {"received": 1, "refused": 1}
    [collection] = Collections(platform.runtime.table).list(MODEL)[0]
    assert reason in collection.refusals[0].reason
    assert reason in collection.sentence


def test_labels_come_as_json_lines_and_parquet_too(platform: Platform, tmp_path: Path) -> None:
    known(platform, "a", "b")
    lines = b'{"inference_id": "a", "label": 1, "row": 0}\n{"inference_id": "b", "label": 0, "row": -1}\n'
    assert deliver(arrival("1.jsonl", lines, NOON)) == {"received": 2, "new": 1, "refused": 1}
    ids = Array(["b", "a"], type=DataType.string())
    packed = flights.parquet(
        tmp_path / "p", inference_id=ids, late=Array([1, 0], type=DataType.int64())
    )
    assert deliver(arrival("2.parquet", packed, NOON + HOUR)) == {
        "received": 2,
        "new": 1,
        "corrected": 1,
    }


def test_a_hundred_thousand_labels_at_once_are_all_accounted_for(platform: Platform) -> None:
    ids = [f"i{number}" for number in range(2000)]
    known(platform, *ids)
    lines = [f"{name},{number % 2}" for number, name in enumerate(ids)]
    strangers = [f"s{number},1" for number in range(96_000)]
    body = csv(*lines, *strangers, *lines)
    assert deliver(arrival("1.csv", body, NOON)) == {
        "received": 100_000,
        "new": 2000,
        "repeated": 2000,
        "unknown": 96_000,
    }


def test_files_that_come_at_the_same_moment_lose_no_label(platform: Platform) -> None:
    ids = [f"i{number}" for number in range(40)]
    known(platform, *ids)
    events = [
        arrival(f"{part}.csv", csv(*(f"{name},1" for name in ids[part::8])), platform.clock.at)
        for part in range(8)
    ]
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(deliver, events))
    assert counted == [{"received": 5, "new": 5}] * 8
    assert max(one.total for one in Collections(platform.runtime.table).list(MODEL)[0]) == 40


def test_what_is_no_file_of_labels_of_a_model_is_refused(platform: Platform) -> None:
    assert lambda_handler(arrival("", b"", NOON), LambdaContext()) == {}
    with pytest.raises(NotFound, match="there is no model 'nobody'"):
        lambda_handler(arrival("1.csv", b"x", NOON, folder="nobody"), LambdaContext())
    elsewhere = arrival("1.csv", b"x", NOON)
    elsewhere["detail"]["bucket"]["name"] = "other"
    with pytest.raises(InvalidInput, match="is not under s3://data/labels/"):
        lambda_handler(elsewhere, LambdaContext())
    with pytest.raises(InvalidInput, match="detail is missing or wrong"):
        lambda_handler({"time": "2026-03-02T08:00:00Z"}, LambdaContext())
    gone = arrival("2.csv", b"x", NOON)
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=gone["detail"]["object"]["key"])
    assert deliver(gone) == {"received": 1, "refused": 1}


def ask_wanted(query: str = "", model: str = MODEL) -> tuple[int, dict[str, Any]]:
    """GET what is to be labelled."""
    event = http_event(f"/v1/models/{model}/labels/wanted", None)
    event["requestContext"]["http"]["method"] = "GET"
    event["rawQueryString"] = query
    event["queryStringParameters"] = dict(part.split("=") for part in query.split("&") if part)
    answer = lambda_handler(event, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def test_a_sample_and_the_least_certain_predictions_are_asked_to_be_labelled(
    platform: Platform,
) -> None:
    scores = np.linspace(0.01, 0.99, 400).round(4).tolist()
    ids = [f"w{number}" for number in range(400)]
    predict(NOON, *ids, scores=scores)
    platform.clock.at = NOON + HOUR
    tick()
    status, told = ask_wanted()
    assert (status, told["day"]) == (200, "2026-03-02")
    sample = [one for one in told["items"] if one["why"] == "random"]
    rest = [one for one in told["items"] if one["why"] == "uncertain"]
    assert told["items"] == [*sample, *rest]
    assert len(sample) == 50
    assert {one["weight"] for one in sample} == {8.0}
    assert np.mean([one["prediction"] for one in sample]) == pytest.approx(0.5, abs=0.15)
    assert max(abs(one["prediction"] - 0.5) for one in rest) < 0.07
    assert {one["weight"] for one in rest} == {None}
    first = sample[0]
    assert (first["version"], first["row"], first["at"]) == (1, 0, "2026-03-02T12:00:00Z")
    assert first["prediction"] == scores[ids.index(first["inference_id"])]
    deliver(arrival("1.csv", csv(f"{first['inference_id']},1"), platform.clock.at))
    _, after = ask_wanted("day=2026-03-02&fields=items")
    assert after == {"items": [one for one in told["items"] if one != first]}


def test_without_predictions_nothing_is_asked_to_be_labelled(platform: Platform) -> None:
    assert ask_wanted() == (200, {"day": None, "items": []})
    assert ask_wanted("day=2026-03-01") == (200, {"day": "2026-03-01", "items": []})
    status, told = ask_wanted("day=yesterday")
    assert (status, told["errors"][0]["field"]) == (400, "day")
    assert ask_wanted(model="nobody")[0] == 404


def a_labelled_day(platform: Platform, day: int, *, good: bool) -> dict[str, Any]:
    """Let a day of requests pass, and return the event of its labels, which come the day after."""
    chance, noon = np.random.default_rng(day), NOON + day * DAY
    scores = chance.beta(1, 3, 600).round(4).tolist()
    ids = [f"d{day}-{number}" for number in range(600)]
    predict(noon, *ids, scores=scores)
    platform.clock.at = noon + HOUR
    tick()
    true = chance.binomial(1, scores if good else [0.7] * 600).tolist()
    labels = csv(*(f"{name},{label}" for name, label in zip(ids, true, strict=True)))
    return arrival(f"{day}.csv", labels, noon + DAY)


def windows(platform: Platform) -> list[Any]:
    return QualityWatches(platform.runtime.table).windows(MODEL)[0]


def test_quality_that_is_lost_is_told_once_labels_had_their_time_and_so_is_its_return(
    platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    goods = [True, True, False, False, True, True, True]
    for day, good in enumerate(goods):
        deliver(a_labelled_day(platform, day, good=good))
    assert len(windows(platform)) == len(goods) - 2, "the last two have not had their labels' time"
    platform.clock.at = MONDAY.replace(hour=2) + len(goods) * DAY + DELAY
    tick()
    tick()
    found = windows(platform)
    assert [one.state for one in reversed(found)] == [
        "ok",
        "ok",
        "breached",
        "breached",
        "breached",
        "ok",
        "ok",
    ]
    assert {(one.predictions, one.labels) for one in found} == {(600, 600)}
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    measured = [line for line in printed if "quality_breached" in line]
    assert [line["quality_breached"] for line in measured] == [
        [float(one.state == "breached")] for one in reversed(found)
    ]
    assert {(line["model"], line["stage"]) for line in measured} == {(MODEL, "dev")}
    assert all(line["drift_incidents"] == [0.0] for line in printed if "drift_incidents" in line)
    told = [(name, detail) for name, detail in platform.events() if name.startswith("Quality")]
    assert [name for name, _ in told] == ["QualityBreached", "QualityRecovered"]
    breached = told[0][1]
    assert breached["effect"] > breached["limit"] > 0.1
    assert breached["incident_id"] == "delays-v1-quality-20260304T00"
    entries = [one for one in platform.audit() if one.action.startswith("Quality")]
    assert {one.reason for one in entries} == {detail["reason"] for _, detail in told}


def test_labels_that_come_after_their_time_are_kept_and_judge_nothing(platform: Platform) -> None:
    event = a_labelled_day(platform, 0, good=True)
    platform.clock.at = MONDAY.replace(hour=2) + DAY + DELAY
    event["time"] = platform.clock.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert deliver(event) == {"received": 600, "new": 600}
    tick()
    [window] = windows(platform)
    assert (window.state, window.labels, window.predictions) == ("insufficient_data", 0, 600)


def test_quality_is_estimated_when_a_window_is_over_and_told_beside_what_labels_say(
    platform: Platform,
) -> None:
    event = a_labelled_day(platform, 0, good=False)
    platform.clock.at = MONDAY.replace(hour=2) + DAY
    tick()
    [window] = Watches(platform.runtime.table).windows(MODEL)[0]
    assert window.estimate is not None
    assert window.estimate.reason.startswith("estimated without labels")
    told = window.estimate.metrics["brier"]
    assert 0.1 < told.low < told.value < told.high < 0.25
    deliver(event)
    platform.clock.at += DELAY
    tick()
    judged = windows(platform)[-1]
    assert judged.metrics["brier"].estimated == told.value
    assert "such rows come out otherwise than they did" in judged.reason


def test_quality_is_told_of_the_slices_that_the_gate_looks_at_too(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = SPEC.evaluation.model_copy(update={"slices": ("carrier", "diverted", "temp")})
    sliced = SPEC.model_copy(update={"evaluation": evaluation})
    monkeypatch.setattr(ModelSpecs, "all", lambda _: {MODEL: sliced})
    deliver(a_labelled_day(platform, 0, good=False))
    platform.clock.at = MONDAY.replace(hour=2) + DAY + DELAY
    tick()
    [window] = windows(platform)
    assert set(window.slices) == {"carrier=AA", "diverted=false"}
    assert {(one.state, one.labels) for one in window.slices.values()} == {("worse", 600)}
    assert "worse in " in window.reason


def test_without_targets_in_the_evaluation_nothing_is_judged(platform: Platform) -> None:
    columns = scored().decode().replace("late", "other")
    put(keys.scored_key(MODEL, "e1"), columns.encode())
    deliver(a_labelled_day(platform, 0, good=True))
    platform.clock.at = MONDAY.replace(hour=2) + 2 * DAY + DELAY
    tick()
    assert windows(platform) == []
