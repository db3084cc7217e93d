"""Runs and experiments: which point is the latest, how histories are packed, what a run takes and refuses."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.search import Field, Order
from trimtab.domain.tracking.batches import Batch
from trimtab.domain.tracking.experiments import ACTIVE, DELETED, Experiment, parse_id
from trimtab.domain.tracking.history import PIECE_MOST, bucket_of, pack, spill, tail_points
from trimtab.domain.tracking.points import (
    Point,
    identity,
    is_later,
    latest,
    merged,
    order,
    sampled,
    unknown,
)
from trimtab.domain.tracking.run_names import run_name
from trimtab.domain.tracking.run_search import RunQuery, metric_place, start_place, view_of
from trimtab.domain.tracking.runs import RUN_NAME_TAG, TAIL_MOST, Run, new_run, stages
from trimtab.domain.tracking.sampling import Sample
from trimtab.domain.tracking.sortable import number, sortable
from trimtab.errors import InvalidInput, InvalidState, NotFound

EXPERIMENT = Experiment("7", "delays", "s3://b/a/7", ACTIVE, 1, 1, {})
RUN = Run("r1", "7", "keen-oar-001", "ana", 1000, "s3://b/a/7/r1/artifacts")

values = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf, 1.0]))
points = st.builds(Point, st.integers(0, 50), st.integers(-3, 3), values)
logged = st.lists(st.tuples(st.sampled_from("abc"), points), max_size=30)


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_numbers_as_text_sort_as_the_numbers_do_and_come_back(one: float, other: float):
    assert (sortable(one) < sortable(other)) == (one < other)
    assert (sortable(one) == sortable(other)) == (one == other)
    assert number(sortable(one)) == one


@given(logged)
def test_the_latest_point_is_that_of_the_last_step_then_time_then_the_larger_value(given: Any):
    found = latest({}, given)
    assert set(found) == {key for key, _ in given}
    for key, point in given:
        best = found[key]
        told = [
            (one.step, one.timestamp, 0.0 if math.isnan(one.value) else one.value)
            for one in (best, point)
        ]
        assert told[0] >= told[1]
        assert not is_later(point, best)


@given(logged, st.randoms())
def test_the_order_in_which_points_arrive_does_not_matter(given: Any, chance: Any):
    shuffled = list(given)
    chance.shuffle(shuffled)
    one, other = latest({}, given), latest({}, shuffled)
    assert {key: point[:2] for key, point in one.items()} == {
        key: p[:2] for key, p in other.items()
    }
    histories = [
        [identity(point) for point in merged([p for key, p in some if key == "a"])]
        for some in (given, shuffled)
    ]
    assert histories[0] == histories[1]


@given(logged, logged)
def test_a_point_is_known_again_and_kept_once(first: Any, second: Any):
    new = unknown(second, first)
    seen = {(key, identity(point)) for key, point in first}
    told = [(key, identity(point)) for key, point in new]
    assert len(set(told)) == len(told)
    assert set(told) == {(key, identity(point)) for key, point in second} - seen
    assert unknown(second, [*first, *second]) == []


@given(st.lists(points), st.lists(points))
def test_merged_histories_are_in_order_and_hold_each_point_once(first: Any, second: Any):
    found = merged(first, second)
    assert [order(point) for point in found] == sorted(order(point) for point in found)
    assert {identity(point) for point in found} == {identity(point) for point in first + second}
    assert len(found) == len({identity(point) for point in first + second})


@given(logged)
def test_what_is_packed_comes_out_again_from_its_own_bucket(given: Any):
    once = unknown(given, [])
    pieces = pack(once)
    for key in "abc":
        found = [
            point
            for piece in pieces
            if piece.bucket == bucket_of(key)
            for point in piece.points(key)
        ]
        expected = merged([point for name, point in once if name == key])
        assert [identity(point) for point in merged(found)] == [identity(p) for p in expected]
        elsewhere = [
            p for piece in pieces if piece.bucket != bucket_of(key) for p in piece.points(key)
        ]
        assert elsewhere == []
    for piece in pieces:
        times = [time for columns in piece.columns.values() for time in columns[0]]
        assert (piece.first_ms, piece.first_ms + piece.span_ms) == (min(times), max(times))


def test_a_piece_holds_so_many_points_at_most_and_is_named_by_what_it_holds():
    many = [("a", Point(n, n, 1.0)) for n in range(PIECE_MOST + 1)]
    first, second = pack(many)
    assert (len(first.points("a")), len(second.points("a"))) == (PIECE_MOST, 1)
    assert pack(reversed(many))[0].digest == first.digest != second.digest


def test_a_tail_that_grows_too_long_goes_into_the_history_as_a_whole():
    full = RUN.with_points(("a", Point(n, n, 0.5)) for n in range(TAIL_MOST))
    assert spill(full) == (full, [])
    over = full.with_points([("a", Point(TAIL_MOST, 0, 0.5))])
    spilled, pieces = spill(over)
    assert (spilled.tail, spilled.spilled, spilled.span_ms) == ((), TAIL_MOST + 1, TAIL_MOST)
    assert sum(len(piece.points("a")) for piece in pieces) == TAIL_MOST + 1
    assert spilled.metrics == over.metrics
    later, _ = spill(spilled.with_points(("a", Point(n, n, 1.0)) for n in range(2)), most=1)
    assert (later.spilled, later.span_ms) == (TAIL_MOST + 3, TAIL_MOST)


def test_the_tail_tells_the_points_of_one_metric():
    run = RUN.with_points([("a", Point(1, 1, 1.0)), ("b", Point(2, 1, 1.0))])
    assert tail_points(run, "b") == [Point(2, 1, 1.0)]


def test_logging_a_point_again_changes_nothing():
    run = RUN.with_points([("a", Point(1, 1, math.nan))])
    assert run.with_points([("a", Point(1, 1, math.nan))]) is run


@given(st.integers(1, 300), st.integers(1, 50), st.integers(2, 100))
def test_a_sample_is_even_and_has_the_first_and_the_last(count: int, most: int, kept: int):
    sample = Sample(kept=kept)
    for step in range(count):
        sample.add(Point(step, step, 0.0))
    found = [point.step for point in sample.points(most)]
    assert len(found) == len(set(found)) <= most
    assert found == sorted(found)
    assert found[-1] == count - 1
    if most > 1:
        assert found[0] == 0
    assert len(sample._points) <= kept + 1


def test_a_sample_takes_what_lies_in_the_interval_of_steps_whatever_the_times():
    sample = Sample(2, 4)
    for point in (
        Point(9, 2, 1.0),
        Point(1, 4, 1.0),
        Point(5, 3, 1.0),
        Point(5, 1, 1.0),
        Point(5, 5, 1.0),
    ):
        sample.add(point)
    assert [point.step for point in sample.points(10)] == [2, 3, 4]
    assert sampled([Point(1, 1, 1.0), Point(2, 2, 2.0)], 1) == [Point(2, 2, 2.0)]
    assert Sample().points(5) == []


@given(st.integers(0, 2**48))
def test_a_run_without_a_name_gets_one_of_two_words_and_a_number(chance: int):
    kind, thing, digits = run_name(chance).split("-")
    assert kind.isalpha()
    assert thing.isalpha()
    assert len(digits) == 3
    assert digits.isdigit()


def test_a_run_begins_in_an_active_experiment_only():
    begin = {"user_id": "", "start_ms": 0, "name": "", "tags": {}, "chosen_name": "chosen"}
    assert new_run("r", EXPERIMENT, **begin).tags == {RUN_NAME_TAG: "chosen"}
    with pytest.raises(InvalidInput, match="must be in the 'active' state"):
        new_run("r", replace(EXPERIMENT, lifecycle_stage=DELETED), **begin)
    with pytest.raises(InvalidInput, match="different values"):
        new_run("r", EXPERIMENT, **begin | {"name": "a", "tags": {RUN_NAME_TAG: "b"}})


def test_a_run_takes_a_batch_whole_or_not_at_all():
    batch = Batch([("a", Point(1, 1, 1.0))], {"p": "1"}, {"t": "x"})
    run = batch.onto(RUN)
    assert (run.params, run.tags, set(run.metrics)) == ({"p": "1"}, {"t": "x"}, {"a"})
    assert batch.onto(run) == run
    with pytest.raises(InvalidInput, match="'old_value': '1', 'new_value': '2'"):
        Batch(params={"p": "2", "q": "3"}).onto(run)
    assert Batch().onto(run) is run


def test_a_runs_name_follows_its_tag_and_its_tag_the_name():
    assert RUN.with_tags({RUN_NAME_TAG: "tagged"}).name == "tagged"
    assert RUN.with_tags({RUN_NAME_TAG: ""}).name == RUN.name
    renamed = RUN.updated("FINISHED", 5, "named")
    assert (renamed.name, renamed.tags[RUN_NAME_TAG], renamed.end_ms) == ("named", "named", 5)
    assert renamed.has_ended
    assert not renamed.updated("RUNNING", None, None).has_ended
    assert renamed.updated(None, None, None) == renamed
    with pytest.raises(NotFound, match="No tag with name: k in run with id r1"):
        RUN.without_tag("k")


def test_views_show_stages_of_life():
    assert stages(None) == stages("ACTIVE_ONLY") == {ACTIVE}
    assert stages("DELETED_ONLY") == {DELETED}
    assert stages("ALL") == {ACTIVE, DELETED}


def test_an_experiment_is_changed_only_where_it_changes():
    gone = EXPERIMENT.in_stage(DELETED, 9)
    assert (gone.lifecycle_stage, gone.updated_ms) == (DELETED, 9)
    with pytest.raises(NotFound):
        gone.in_stage(DELETED, 10)
    with pytest.raises(InvalidState):
        gone.renamed("x", 10)
    assert json.loads(json.dumps(gone.as_body()))["id"] == "7"


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "1" * 20, "١"])
def test_what_is_no_id_of_an_experiment_is_refused(text: str):
    with pytest.raises(InvalidInput, match="must be a valid integer"):
        parse_id(text)


def test_an_id_is_read_as_a_number_is():
    assert parse_id(" 007 ") == "7"


metric_values = st.one_of(st.none(), values)


@given(st.lists(st.tuples(metric_values, st.integers(-5, 5)), max_size=12), st.booleans())
def test_places_by_metric_sort_numbers_then_nan_then_missing(found: Any, ascending: bool):
    placed = (
        sorted(
            (metric_place(value, start, str(place), ascending=ascending), value)
            for place, (value, start) in enumerate(found)
        )
        if all(value is None or not math.isnan(value) for value, _ in found)
        else []
    )
    groups = [place.group for place, _ in placed]
    assert groups == sorted(groups)
    numbers = [value for place, value in placed if place.group == 0]
    assert numbers == sorted(numbers, reverse=not ascending)


def test_nan_comes_behind_numbers_and_before_what_is_missing_either_way():
    for ascending in (True, False):
        places = [
            metric_place(value, 0, "r", ascending=ascending) for value in (1.0, math.nan, None)
        ]
        assert places == sorted(places)
    assert start_place(5, "a", ascending=True) > start_place(4, "b", ascending=True)
    assert start_place(5, "a", ascending=False) < start_place(4, "b", ascending=False)


def test_a_query_knows_which_index_answers_it_and_within_which_bounds():
    plain = RunQuery.parsed("", [])
    assert (plain.start_order, plain.metric_order, plain.run_ids) == (False, None, None)
    assert RunQuery.parsed("", ["start_time ASC"]).start_order is True
    by_metric = RunQuery.parsed("metrics.auc > 0.5 and metrics.auc <= 0.9", ["metrics.auc DESC"])
    assert by_metric.metric_order == Order(Field.metric, "auc", ascending=False)
    assert by_metric.start_order is None
    assert by_metric.metric_bounds("auc") == (0.5, 0.9)
    assert by_metric.metric_bounds("f1") is None
    other = RunQuery.parsed("metrics.auc != 1 and params.a = 'b'", ["metrics.auc", "params.a"])
    assert (other.metric_order, other.start_order) == (None, None)
    assert other.metric_bounds("auc") == (-math.inf, math.inf)
    assert RunQuery.parsed("start_time >= 5", []).start_bounds() == (5, math.inf)
    assert RunQuery.parsed("run_id = 'a'", []).run_ids == ("a",)
    assert RunQuery.parsed("run_id IN ('a', 'b')", []).run_ids == ("a", "b")
    assert RunQuery.parsed("run_id != 'a'", []).run_ids is None
    assert RunQuery.parsed("run_name = 'a'", []).run_ids is None


def test_a_run_shows_a_search_its_attributes_metrics_and_datasets():
    dataset = {"dataset": {"name": "d", "digest": "1"}, "tags": {"mlflow.data.context": "train"}}
    run = RUN.with_points([("a", Point(1, 1, 2.0))]).with_inputs([dataset], ["m"])
    view = view_of(run)
    assert view.attributes["run_name"] == "keen-oar-001"
    assert view.metrics == {"a": 2.0}
    assert view.datasets == [{"name": "d", "digest": "1", "context": "train"}]
