"""Logged models: what changes them, and which of them a search finds, in which order."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.tracking.logged_models import (
    METRICS_MOST,
    LoggedMetric,
    LoggedModel,
    LoggedModelStatus,
    checked_id,
    checked_name,
    checked_params,
    checked_tags,
    checked_type,
)
from trimtab.domain.tracking.logged_search import Dataset, LoggedSearch
from trimtab.errors import InvalidInput, NotFound

READY = LoggedModelStatus.LOGGED_MODEL_READY


def model(model_id="m-1", **told):
    facts = {"experiment_id": "1", "name": "trees", "artifact_uri": "s3://b/artifacts/1/models/m-1"}
    return LoggedModel(**{"model_id": model_id, "created_ms": 5, "updated_ms": 5, **facts, **told})


def metric(key="auc", value=0.5, *, step=0, at=0, run="r", dataset=None, digest=None):
    return LoggedMetric(key, value, at, step, run, dataset, digest)


def found(models, text="", order_by=(), datasets=()):
    wanted = LoggedSearch.of(text, order_by, datasets)
    matching = [one for one in models if wanted.matches(one)]
    return [one.model_id for one in sorted(matching, key=wanted.key)]


def test_a_model_is_the_same_after_it_was_kept():
    whole = model(params={"a": "1"}, tags={"b": "2"}, metrics=(metric(dataset="d"),), status=READY)
    assert LoggedModel.of_body(whole.as_body()) == whole


def test_a_status_is_set_once_and_its_repetition_changes_nothing():
    ready = model().finalized(READY, 9)
    assert (ready.status, ready.updated_ms) == (READY, 9)
    assert ready.finalized(READY, 12) is ready


def test_a_model_is_deleted_once():
    gone = model().removed(9)
    assert (gone.deleted, gone.updated_ms) == (True, 9)
    assert gone.removed(12) is gone


def test_a_parameter_never_changes_its_value():
    logged = model(params={"a": "1"}).with_params({"a": "1", "b": "2"})
    assert logged.params == {"a": "1", "b": "2"}
    with pytest.raises(InvalidInput, match="Changing param values is not allowed"):
        logged.with_params({"c": "3", "a": "2"})


def test_tags_are_set_over_and_taken_away():
    tagged = model(tags={"a": "1", "b": "2"}).with_tags({"a": "3"})
    assert tagged.without_tag("b").tags == {"a": "3"}
    with pytest.raises(NotFound, match="No tag with key 'c' found for model with ID 'm-1'"):
        tagged.without_tag("c")


def test_the_same_measurement_counts_once_and_old_ones_go_when_there_are_too_many():
    logged = model().with_metrics([metric(), metric(), metric(step=1), metric(dataset="d")])
    assert len(logged.metrics) == 3
    assert logged.with_metrics([metric(value=0.9)]).metrics == logged.metrics
    full = logged.with_metrics([metric(step=step) for step in range(2, METRICS_MOST + 5)])
    assert len(full.metrics) == METRICS_MOST
    assert full.metrics[-1].step == METRICS_MOST + 4


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", ""])
def test_a_name_has_no_character_that_means_something_in_an_address(name):
    with pytest.raises(InvalidInput, match="Invalid model name"):
        checked_name(name)


@given(st.text(min_size=1, max_size=500).filter(lambda text: not set(text) & set("/:.%\"'")))
def test_any_other_name_is_one(name):
    assert checked_name(name) == name


def test_what_is_too_long_or_too_much_is_refused_with_its_numbers():
    refused = {
        "it has 501": lambda: checked_name("x" * 501),
        "'model_type' exceeds the maximum length of 500": lambda: checked_type("x" * 501),
        "2,000 params. Got 2,001": lambda: checked_params({str(n): "" for n in range(2001)}),
        "1,000 tags. Got 1,001": lambda: checked_tags({str(n): "" for n in range(1001)}),
        "'tags key' exceeds": lambda: checked_tags({"x" * 251: ""}),
        "'params value of 'a'' exceeds": lambda: checked_params({"a": "x" * 8001}),
        "150,000 bytes in all": lambda: checked_params({str(n): "x" * 8000 for n in range(20)}),
    }
    for words, attempt in refused.items():
        with pytest.raises(InvalidInput, match=words):
            attempt()


@pytest.mark.parametrize("text", ["m-1/../x", "é", "", "x" * 65, "a b"])
def test_what_cannot_be_an_id_is_not_found(text):
    with pytest.raises(NotFound, match="Logged model with ID"):
        checked_id(text)
    assert checked_id("m-0a") == "m-0a"


MODELS = (
    model(
        "m-1",
        name="trees",
        created_ms=1,
        params={"depth": "3"},
        tags={"by": "ann"},
        metrics=(metric("auc", 0.7, step=1), metric("auc", 0.6, step=2)),
    ),
    model(
        "m-2",
        created_ms=2,
        status=READY,
        metrics=(metric("auc", 0.8, dataset="test", digest="x"), metric("loss", math.nan)),
    ),
    model("m-3", created_ms=3, name="lines", model_type="agent", experiment_id="2"),
    model("m-4", created_ms=4, deleted=True),
)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["m-3", "m-2", "m-1"]),
        ("name = 'trees'", ["m-2", "m-1"]),
        ("name LIKE 'l%'", ["m-3"]),
        ("params.depth = '3' AND tags.by = 'ann'", ["m-1"]),
        ("status = 'READY'", ["m-2"]),
        ("model_type = 'agent'", ["m-3"]),
        ("creation_timestamp >= 2", ["m-3", "m-2"]),
        ("metrics.auc > 0.65", ["m-2", "m-1"]),
        ("metrics.auc < 0.65", ["m-1"]),
        ("metrics.auc > 0.65 AND metrics.loss > 0", []),
    ],
)
def test_a_search_finds_the_newest_first(text, ids):
    assert found(MODELS, text) == ids


def test_a_search_may_ask_for_measurements_on_a_dataset():
    assert found(MODELS, datasets=[Dataset("test")]) == ["m-2"]
    assert found(MODELS, datasets=[Dataset("test", "x")]) == ["m-2"]
    assert found(MODELS, datasets=[Dataset("test", "y")]) == []
    assert found(MODELS, "metrics.auc > 0.65", datasets=[Dataset("test")]) == ["m-2"]
    with pytest.raises(InvalidInput, match="`dataset_name` in the `datasets` clause"):
        LoggedSearch.of("", datasets=[Dataset("")])


def test_models_come_in_order_of_their_latest_measurement_and_those_without_come_last():
    by_auc = [{"field_name": "metrics.auc", "ascending": True}]
    assert found(MODELS, order_by=by_auc) == ["m-1", "m-2", "m-3"]
    assert found(MODELS, order_by=[{**by_auc[0], "ascending": False}]) == ["m-2", "m-1", "m-3"]
    assert found(MODELS, order_by=[{**by_auc[0], "dataset_name": "test"}]) == ["m-2", "m-3", "m-1"]
    on_digest = {**by_auc[0], "dataset_name": "test", "dataset_digest": "x"}
    assert found(MODELS, order_by=[on_digest]) == ["m-2", "m-3", "m-1"]


def test_of_measurements_at_the_same_time_the_first_runs_counts():
    twice = model(metrics=(metric(value=0.1, run="b"), metric(value=0.9, run="a")))
    other = model("m-2", metrics=(metric(value=0.5),))
    assert found([twice, other], order_by=[{"field_name": "metrics.auc"}]) == ["m-2", "m-1"]


def test_only_the_order_of_creation_can_be_read_without_reading_all():
    assert LoggedSearch.of("name = 'x'").is_newest_first
    assert not LoggedSearch.of("", [{"field_name": "name"}]).is_newest_first
