"""Runs as our own API tells them, and two side by side."""

import math
from datetime import UTC, datetime

import pytest

from trimtab.domain.tracking.points import Point
from trimtab.domain.tracking.runs import Run
from trimtab.domain.tracking.summaries import (
    RunSummary,
    compared,
    is_about,
    moment,
    summary_of,
    told,
)

CLEAN = {"mlflow.source.git.commit": "abc", "trimtab.code.dirty": "false"}
DIRTY = {**CLEAN, "trimtab.code.dirty": "true", "trimtab.code.diff": "trimtab/code.diff"}


def summary(id: str = "a", **more) -> RunSummary:
    metrics = {key: Point(0, 0, value) for key, value in more.pop("metrics", {}).items()}
    given = {"experiment_id": "1", "name": id, "user_id": "ann", "start_ms": 0, "artifact_uri": ""}
    return summary_of(Run(id=id, metrics=metrics, **{**given, **more}), "churn")


def test_a_run_is_told_with_times_code_and_numbers_that_json_has():
    run = summary(start_ms=1_000, end_ms=2_000, tags=DIRTY, metrics={"auc": 0.7, "loss": math.nan})
    assert (run.started_at, run.experiment) == (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), "churn")
    assert run.ended_at == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)
    assert run.metrics == {"auc": 0.7, "loss": "NaN"}
    assert (run.code.commit, run.code.dirty, run.code.branch) == ("abc", True, None)
    assert summary().code.dirty is None


@pytest.mark.parametrize("ms", [2**62, -(2**62), 10**18])
def test_a_time_that_no_calendar_has_is_told_as_none(ms):
    assert moment(ms) is None


def test_numbers_that_json_lacks_are_told_by_name():
    assert [told(v) for v in (math.inf, -math.inf, 1.5)] == ["Infinity", "-Infinity", 1.5]


def test_two_runs_are_compared_key_by_key():
    a = summary("a", params={"depth": "5", "seed": "0"}, metrics={"auc": 0.7, "odd": math.nan})
    b = summary("b", params={"depth": "6"}, metrics={"auc": 0.75, "odd": 1.0, "new": 2.0})
    diff = compared(a, b, (None, None))
    assert [(one.key, one.a, one.b, one.same) for one in diff.params] == [
        ("depth", "5", "6", False),
        ("seed", "0", None, False),
    ]
    changes = {one.key: one.change for one in diff.metrics}
    assert changes == {"auc": pytest.approx(0.05), "odd": None, "new": None}


@pytest.mark.parametrize(
    ("a", "b", "diffs", "same"),
    [
        (CLEAN, CLEAN, (None, None), True),
        (CLEAN, DIRTY, (None, "-x"), False),
        (DIRTY, DIRTY, ("-x", "-x"), True),
        (DIRTY, DIRTY, ("-x", "-y"), False),
        ({}, {}, (None, None), False),
        ({"mlflow.source.git.commit": "abc"}, {"mlflow.source.git.commit": "abc"}, (None, None), False),
    ],
)  # fmt: skip
def test_code_is_the_same_only_if_all_of_it_is_known_to_be(a, b, diffs, same):
    assert compared(summary(tags=a), summary(tags=b), diffs).code.same is same


def test_a_run_is_about_a_model_by_its_tag_or_its_experiment():
    run = Run("a", "1", "a", "ann", 0, "", tags={"trimtab.model": "churn"})
    assert is_about(run, "try-outs", "churn")
    assert is_about(run, "delays", "delays")
    assert not is_about(run, None, "delays")
