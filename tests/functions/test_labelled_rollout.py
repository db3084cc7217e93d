"""A challenger that is judged by what became true of its predictions: monitor_model counts, advance_rollout decides."""

import gzip
from collections.abc import Iterator
from datetime import timedelta

import boto3
import numpy as np
import pytest

from functions.collect_labels.handler import lambda_handler as collect_labels
from functions.monitor_model.handler import lambda_handler as monitor_model
from tests.functions.test_advance_rollout import alias, rollout, weights
from tests.functions.test_collect_labels import arrival, csv, scored
from tests.functions.test_monitor_model import BUCKET, TICK, put
from tests.serving_platform import MODEL, SPEC, LambdaContext, Platform, deployed
from trimtab.aws import keys
from trimtab.domain.captures import Answered, capture
from trimtab.domain.rollouts import Phase
from trimtab.domain.steps import Guardrail, Guardrails, Steps

STEPS = Steps(
    weights=(5, 50),
    bake_minutes=10,
    deadline_minutes=3 * 1440,
    minimum_requests=100,
    guardrails=Guardrails(
        failed=Guardrail(tolerable=0.05),
        unusual=Guardrail(margin=1.6, tolerable=0.01),
        loss=Guardrail(margin=1.6, tolerable=0.01),
    ),
)
HOUR = timedelta(hours=1)
BASE = 0.25  # share of ones in what the champion says


@pytest.fixture(scope="module")
def stage() -> Iterator[Platform]:
    with deployed(STEPS) as platform:
        yield platform


@pytest.fixture
def platform(stage: Platform) -> Platform:
    """Version 1 is the champion, version 2 has half of the requests; both kept their evaluations."""
    stage.reset()
    for each in boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", []):
        boto3.client("s3").delete_object(Bucket=BUCKET, Key=each["Key"])
    stage.promote(1)
    for version in (1, 2):
        put(keys.scored_key(MODEL, f"e{version}"), scored())
    stage.clock.forward(seconds=20)
    stage.record_version(2)
    stage.approve(2)
    for _ in range(13):
        minute(stage)
    assert weights(stage) == {1: 50, 2: 50}
    return stage


def minute(platform: Platform) -> None:
    """Let a minute of requests pass, and the clock tick."""
    platform.measure(1, 200)
    platform.measure(2, 30)
    platform.clock.forward(minutes=1)
    platform.tick(1)


def an_hour(
    platform: Platform, requests: int, *, worse: bool = False, lies: bool = False
) -> list[str]:
    """Let both versions predict for an hour; return the labels that will come.

    A challenger that is worse says the opposite every second time; one that lies says what is usual, of other rows.
    """
    chance, at = np.random.default_rng(platform.clock.at.hour), platform.clock.at
    labels = []
    for version in (1, 2):
        lines = b""
        for number in range(requests):
            score, name = float(chance.beta(1, 3)), f"v{version}-{at:%d%H}-{number}"
            said = 1 - score if worse and version == 2 and number % 2 else score
            if lies and version == 2:
                score = float(chance.beta(8, 3))
            row = [["AA", 1, 50.0, False, None]]
            lines += b"".join(capture(Answered(version, name, at, row, [said]), SPEC, f"e-{name}"))
            labels.append(f"{name},{int(chance.random() < score)}")
        key = keys.captures_prefix(MODEL, version, at) + f"{at:%d%H}.jsonl.gz"
        put(key, gzip.compress(lines, mtime=0))
    platform.clock.at += HOUR
    monitor_model(TICK, LambdaContext())
    return labels


def label(platform: Platform, labels: list[str]) -> None:
    """Let labels come, and be counted once no other can count as having come before them."""
    collect_labels(
        arrival(f"{platform.clock.at:%d%H}.csv", csv(*labels), platform.clock.at), LambdaContext()
    )
    hours_pass(platform)


def hours_pass(platform: Platform) -> None:
    """Let so much time pass that all that was predicted and labelled until now is counted."""
    for _ in range(3):
        platform.clock.at += HOUR
        monitor_model(TICK, LambdaContext())


def test_the_last_step_waits_for_labels_and_they_promote_what_is_no_worse(
    platform: Platform,
) -> None:
    for _ in range(13):
        minute(platform)
    assert rollout(platform).reason == "unusual: 0 of 100 predictions judged"
    label(platform, an_hour(platform, 600))
    minute(platform)
    seen = rollout(platform).progress
    assert seen is not None
    assert (
        seen.readings["loss"].champion_requests == seen.readings["loss"].challenger_requests == 600
    )
    for _ in range(3):
        label(platform, an_hour(platform, 900))
    minute(platform)
    assert (rollout(platform).phase, alias(platform, "champion")) == (Phase.successful, 2)


def test_labels_stop_a_challenger_that_predicts_worse_whatever_else_is_well(
    platform: Platform,
) -> None:
    label(platform, an_hour(platform, 600, lies=True))
    minute(platform)
    ended = rollout(platform)
    assert ended.phase is Phase.failed
    assert "labelled predictions of the challenger" in ended.reason
    assert weights(platform) == {1: 100}
    [entry] = [one for one in platform.audit() if one.action == "RolloutRolledBack"]
    assert entry.reason == ended.reason
    assert ended.reason.startswith("loss: ")


def test_labels_that_never_come_end_it_at_its_deadline_and_never_pass(platform: Platform) -> None:
    for _ in range(9):
        minute(platform)
    an_hour(platform, 300)
    hours_pass(platform)
    platform.clock.at += timedelta(days=3)
    minute(platform)
    ended = rollout(platform)
    assert (ended.phase, weights(platform)) == (Phase.inconclusive, {1: 100})
    assert ended.reason.startswith("loss: 0 of 100 labelled predictions judged, after ")


def test_labels_are_counted_once_however_often_one_looks(platform: Platform) -> None:
    label(platform, an_hour(platform, 300))
    for _ in range(3):
        monitor_model(TICK, LambdaContext())
        minute(platform)
    seen = rollout(platform).progress
    assert seen is not None
    assert seen.readings["loss"].challenger_requests == 300


def test_what_labels_said_of_an_earlier_try_counts_no_more(platform: Platform) -> None:
    label(platform, an_hour(platform, 300))
    minute(platform)
    assert platform.say("abort", 2)[0] == 200
    assert platform.say("retry", 2)[0] == 200
    platform.clock.forward(minutes=3)
    platform.tick(1)
    seen = rollout(platform).progress
    assert seen is not None
    assert seen.readings["loss"].challenger_requests == 0


def test_without_truth_in_the_champions_evaluation_labels_say_nothing(platform: Platform) -> None:
    put(keys.scored_key(MODEL, "e1"), scored().replace(b"late", b"other"))
    label(platform, an_hour(platform, 300))
    minute(platform)
    seen = rollout(platform).progress
    assert seen is not None
    assert seen.readings["loss"].challenger_requests == 0


def test_predictions_that_the_champion_seldom_made_stop_a_challenger_within_hours(
    platform: Platform,
) -> None:
    """No label is needed: a challenger that says the opposite says what nobody said before."""
    an_hour(platform, 600, worse=True)
    hours_pass(platform)
    minute(platform)
    ended = rollout(platform)
    assert ended.phase is Phase.failed
    assert ended.reason.startswith("unusual: ")
    assert "predictions of the challenger" in ended.reason
