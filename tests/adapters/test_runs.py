"""Runs in the table: nothing is lost however many log at once, and what is read costs what it shows."""

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from tests.tracking_world import Process, World, at_once, keep, new_run, world
from trimtab.aws import keys
from trimtab.domain.search import Kind, predicate, sort_key
from trimtab.domain.tracking.points import Point
from trimtab.domain.tracking.run_search import RunQuery, view_of
from trimtab.domain.tracking.runs import Run, stages
from trimtab.errors import InvalidInput, NotFound

ACTIVE_ONLY = stages(None)


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture
def aws(shared: World) -> World:
    shared.reset()
    return shared


def log(process: Process, run_id: str, key: str, *points: Point) -> None:
    process.runs.log(run_id, [(key, point) for point in points])


def finish(process: Process, run_id: str) -> None:
    process.runs.change(run_id, lambda run: run.updated("FINISHED", 9, None))


def history(process: Process, run_id: str, key: str) -> list[Point]:
    return list(process.histories.points(process.runs.get(run_id), key))


def test_thirty_two_writers_log_to_one_run_and_nothing_is_lost(aws: World):
    aws.process().runs.create(new_run())

    def work(writer: int) -> None:
        process = aws.process()
        for step in range(5):
            log(process, "r1", f"m{writer % 4}", Point(writer, step, writer + step / 100))

    assert at_once(*[lambda writer=writer: work(writer) for writer in range(32)]) == []
    process = aws.process()
    for key in range(4):
        expected = [
            Point(writer, step, writer + step / 100)
            for writer in range(key, 32, 4)
            for step in range(5)
        ]
        assert history(process, "r1", f"m{key}") == sorted(expected)
        assert process.runs.get("r1").metrics[f"m{key}"] == Point(28 + key, 4, 28 + key + 0.04)


def test_what_was_told_of_a_run_that_is_read_is_there_though_others_write(aws: World):
    aws.process().runs.create(new_run())
    writers = [aws.process() for _ in range(6)]

    def work(process: Process, number: int) -> None:
        for step in range(4):
            process.runs.change(
                "r1", lambda run, step=step: run.with_params({f"{number}-{step}": "x"})
            )
            assert f"{number}-{step}" in process.runs.get("r1").params

    works = [lambda process=process, n=n: work(process, n) for n, process in enumerate(writers)]
    assert at_once(*works) == []
    assert len(aws.process().runs.get("r1").params) == 24


def test_round_trips_of_a_runs_life(aws: World):
    process = aws.process()
    experiment = process.experiments.get("0")
    assert aws.counted(lambda: process.experiments.recall("0")) == ["GetItem"]
    assert aws.counted(lambda: process.experiments.recall("0")) == []
    run = new_run(experiment_id=experiment.id)
    assert aws.counted(lambda: process.runs.create(run)) == ["TransactWriteItems"]
    one = Point(1, 1, 0.5)
    assert aws.counted(lambda: log(process, "r1", "auc", one)) == ["UpdateItem"]
    two = Point(2, 2, 0.5)
    assert aws.counted(lambda: log(aws.process(), "r1", "auc", two)) == ["UpdateItem"]
    assert aws.counted(lambda: process.runs.change("r1", lambda run: run.with_param("p", "1"))) == (
        ["PutItem", "PutItem"]  # another process logged meanwhile
    )
    many = [Point(n, n, 0.5) for n in range(1000)]
    assert aws.counted(lambda: log(process, "r1", "auc", *many)) == ["TransactWriteItems"]
    assert aws.counted(lambda: finish(process, "r1")) == ["TransactWriteItems"]
    assert aws.counted(lambda: aws.process().runs.get("r1")) == ["GetItem"]
    # A run that is over has entries by metric, which move with its metrics: its refusal brings the record.
    cold = aws.process()
    assert aws.counted(lambda: log(cold, "r1", "f1", one)) == ["UpdateItem", "TransactWriteItems"]


def test_points_that_were_appended_are_there_for_every_reader_and_are_taken_in_by_the_next_change(
    aws: World,
):
    process = aws.process()
    process.runs.create(new_run())
    for step in range(40):  # more than wait at once
        log(process, "r1", "loss", Point(step, step, step / 2))
    assert len(process.table.read(keys.run("r1"), keys.RUN).appended) == 7
    assert aws.process().runs.get("r1").metrics == {"loss": Point(39, 39, 19.5)}
    assert len(history(aws.process(), "r1", "loss")) == 40
    (found,) = process.finder.find(["0"], RunQuery.parsed("metrics.loss > 19", []), ACTIVE_ONLY)
    assert found.run.id == "r1"
    process.runs.change("r1", lambda run: run.with_tags({"k": "v"}))
    assert process.table.read(keys.run("r1"), keys.RUN).appended == ()
    assert len(history(aws.process(), "r1", "loss")) == 40


def test_nothing_is_appended_to_a_run_that_is_deleted_or_that_there_is_not(aws: World):
    process = aws.process()
    process.runs.create(new_run())
    process.runs.change("r1", lambda run: run.in_stage("deleted"))
    with pytest.raises(InvalidInput, match="must be in the 'active' state"):
        log(process, "r1", "loss", Point(1, 1, 1.0))
    with pytest.raises(NotFound):
        log(process, "none", "loss", Point(1, 1, 1.0))
    process.runs.move_all("0", "active")
    log(process, "r1", "loss", Point(1, 1, 1.0))
    assert process.runs.get("r1").metrics == {"loss": Point(1, 1, 1.0)}


def test_a_batch_of_a_thousand_metrics_is_one_round_trip(aws: World):
    process = aws.process()
    process.runs.create(new_run())
    batch = [(f"metric {n}", Point(5, 1, float(n))) for n in range(1000)]
    calls = aws.counted(lambda: process.runs.change("r1", lambda run: run.with_points(batch)))
    assert calls == ["TransactWriteItems"]
    run = aws.process().runs.get("r1")
    assert (len(run.metrics), len(run.tail), run.spilled) == (1000, 0, 1000)
    assert history(process, "r1", "metric 77") == [Point(5, 1, 77.0)]


def test_a_creation_that_is_repeated_returns_what_is_kept(aws: World):
    first = aws.process().runs.create(new_run(start_ms=1))
    assert aws.process().runs.create(new_run(start_ms=2)) == first


def test_a_history_of_many_pieces_is_read_from_where_a_page_ended(aws: World):
    process = aws.process()
    process.runs.create(new_run())
    points = [Point(1000 * n, n, n / 7) for n in range(3000)]
    order = list(range(0, 3000, 150))
    random.Random(1).shuffle(order)
    for start in order:
        log(process, "r1", "loss", *points[start : start + 150])
    assert history(process, "r1", "loss") == points
    run = process.runs.get("r1")
    found, has_more = process.histories.page(run, "loss", most=100, after=points[2500])
    assert (found, has_more) == (points[2501:2601], True)
    read = aws.counted(lambda: process.histories.page(run, "loss", most=100, after=points[2500]))
    assert read == ["Query"]
    rest, has_more = process.histories.page(run, "loss", most=1000, after=points[2500])
    assert (rest, has_more) == (points[2501:], False)


def test_points_that_come_again_after_they_were_packed_are_told_once(aws: World):
    process = aws.process()
    process.runs.create(new_run())
    points = [Point(n, n, math.nan if n % 2 else 0.0) for n in range(200)]
    for _ in range(2):
        log(process, "r1", "loss", *points)
    log(process, "r1", "loss", points[7])
    found = history(process, "r1", "loss")
    assert [point[:2] for point in found] == [point[:2] for point in points]


def run_with(run_id: str, start_ms: int, auc: float | None, **fields: Any) -> Run:
    """A run that is over, unless `fields` say otherwise, with one metric or none."""
    metrics = {} if auc is None else {"auc": Point(1, 1, auc)}
    given = {"status": "FINISHED", "metrics": metrics, **fields}
    return replace(new_run(run_id, start_ms), **given)


def some_runs(process: Process, count: int) -> list[Run]:
    """Keep runs of two experiments: numbers, NaN, endless values, ties, nothing; over or not; deleted or not."""
    chance = random.Random(7)
    values = [0.5, 0.5, 0.1, -3.0, math.nan, math.inf, -math.inf, None, 0.0, -0.0]
    made = [
        run_with(
            f"{chance.randrange(16**8):08x}",
            chance.randrange(5) * 1000,
            values[n % len(values)],
            experiment_id=str(n % 2),
            status="FINISHED" if chance.random() < 0.7 else "RUNNING",
            lifecycle_stage="deleted" if chance.random() < 0.2 else "active",
        )
        for n in range(count)
    ]
    keep(process, *made)
    return made


ORDERS = (
    [],
    ["start_time ASC"],
    ["metrics.auc"],
    ["metrics.auc DESC"],
    ["metrics.none DESC"],
    ["run_name"],
    ["metrics.auc DESC", "run_name DESC"],
)
FILTERS = ("", "metrics.auc >= 0.1", "metrics.auc < 0.5", "start_time > 1000", "metrics.auc = 0.5")


def test_every_order_and_filter_finds_what_sorting_all_runs_would(aws: World):
    process = aws.process()
    runs = some_runs(process, 40)
    for order_by in ORDERS:
        for text in FILTERS:
            query = RunQuery.parsed(text, order_by)
            holds, order = predicate(query.comparisons, Kind.run), sort_key(query.orders)
            expected = sorted(
                (run for run in runs if run.lifecycle_stage == "active" and holds(view_of(run))),
                key=lambda run: order(view_of(run)),
            )
            found = process.finder.find(["0", "1", "0"], query, ACTIVE_ONLY)
            assert [hit.run.id for hit in found] == [run.id for run in expected], (order_by, text)


def test_a_search_goes_on_behind_any_place(aws: World):
    process = aws.process()
    some_runs(process, 20)
    for order_by in ORDERS:
        query = RunQuery.parsed("", order_by)
        hits = list(process.finder.find(["0", "1"], query, ACTIVE_ONLY))
        for count, hit in enumerate(hits[::4]):
            rest = process.finder.find(["0", "1"], query, ACTIVE_ONLY, after=hit.place, page=7)
            expected = [one.run.id for one in hits[count * 4 + 1 :]]
            assert [one.run.id for one in rest] == expected, (order_by, count)


def test_the_first_page_in_order_of_a_metric_reads_no_more_than_it_shows(aws: World):
    process = aws.process()
    keep(process, *(run_with(f"{n:03d}", n, float(n)) for n in range(120)))
    query = RunQuery.parsed("", ["metrics.auc DESC"])

    def page() -> None:
        found = process.finder.find(["0"], query, ACTIVE_ONLY, page=10)
        assert [hit.run.id for hit in islice(found, 10)] == [
            f"{n:03d}" for n in range(119, 109, -1)
        ]

    assert aws.counted(page) == ["Query", "Query", "BatchGetItem"]  # open runs, index, ten runs


def test_a_search_that_finds_nothing_in_many_runs_says_how_far_it_looked(
    aws: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("trimtab.aws.tracking.run_finder.EXAMINED_MOST", 20)
    process = aws.process()
    keep(process, *(new_run(f"{n:03d}", n) for n in range(45)))
    query = RunQuery.parsed("params.none = 'x'", [])
    hits = list(process.finder.find(["0"], query, ACTIVE_ONLY, page=10))
    assert [(hit.run, hit.place.run_id) for hit in hits] == [(None, "025"), (None, "005")]
    behind = process.finder.find(["0"], query, ACTIVE_ONLY, after=hits[1].place, page=10)
    assert list(behind) == []


def test_a_runs_entries_follow_its_metrics_and_go_when_they_become_too_many(aws: World):
    process = aws.process()
    process.runs.create(new_run())
    log(process, "r1", "auc", Point(1, 1, 0.5))
    finish(process, "r1")
    partition = keys.experiment_metric("0", "auc")
    assert len(process.table.records(partition)[0]) == 1
    assert process.table.read(keys.experiment("0"), keys.open_run("r1")) is None
    log(process, "r1", "auc", Point(2, 2, 0.7))
    (entry,), _ = process.table.records(partition)
    assert entry.sk.startswith(keys.metric_rank(0.7))
    many = [(f"m{n}", Point(1, 1, 1.0)) for n in range(50)]
    process.runs.change("r1", lambda run: run.with_points(many))
    assert process.table.records(partition)[0] == []
    assert process.table.read(keys.experiment("0"), keys.open_run("r1")) is not None
    assert not process.runs.get("r1").is_indexed


def test_all_runs_of_an_experiment_are_deleted_and_restored(aws: World):
    process = aws.process()
    keep(process, *(new_run(f"{n:03d}", n) for n in range(105)))
    process.runs.move_all("0", "deleted")
    found = process.finder.find(["0"], RunQuery.parsed("", []), stages("DELETED_ONLY"))
    assert len(list(found)) == 105


def test_times_beyond_the_calendar_are_in_its_first_and_last_week():
    assert keys.week(0) == "1970-W01"
    assert keys.week(-(2**63)) == "1970-W01"
    assert keys.week(2**63 - 1) == "9999-W52"
