"""Runs that are told whole: many in few requests, each once, whoever else tells them at the same moment."""

from dataclasses import replace
from typing import Any

import pytest

from tests.moto_platform import MotoPlatform
from trimtab.aws import keys
from trimtab.aws.beliefs import Beliefs
from trimtab.aws.table import Create, Table
from trimtab.aws.tracking.recorded_runs import RecordedRuns
from trimtab.aws.tracking.run_bodies import RunBodies
from trimtab.aws.tracking.runs import Runs
from trimtab.domain.recording.runs import brought_up
from trimtab.domain.tracking.points import Point
from trimtab.domain.tracking.runs import RUN_NAME_TAG, Run


@pytest.fixture
def table(platform: MotoPlatform) -> Table:
    """The table of a deployment that has nothing in it."""
    return platform.table


def stores(table: Table) -> tuple[Runs, RecordedRuns]:
    bodies = RunBodies(lambda: pytest.fail("no run is so large"), "bucket")  # type: ignore[arg-type]
    runs = Runs(table, Beliefs(table), bodies)
    return runs, RecordedRuns(table, runs, bodies)


def ended(number: int, **changed: Any) -> Run:
    run = Run(f"r{number}", "1", f"trial {number}", "ann", 1000 + number, "s3://b/a", **changed)
    tags = {**run.tags, RUN_NAME_TAG: run.name}
    over = replace(run, status="FINISHED", end_ms=9000, tags=tags)
    return over.with_points([("auc", Point(9000, 0, number / 1000)), ("cost", Point(9000, 0, 1.0))])


def test_more_runs_than_one_call_reads_take_few_requests_and_are_found_by_start_and_metric(table):
    runs, recorded = stores(table)
    asked: list[str] = []
    table._client.meta.events.register(
        "before-call.dynamodb", lambda model, **_: asked.append(model.name)
    )
    told = [ended(number) for number in range(110)]
    recorded.keep(told, brought_up)
    assert asked.count("BatchGetItem") == 2  # whether they are there, a hundred a time
    assert asked.count("TransactWriteItems") == 7  # of six writes each, sixteen together
    found, _ = runs.of_experiment("1", limit=100)
    assert [run.id for run in found] == [f"r{number}" for number in range(109, 9, -1)]
    assert found[0].is_indexed
    best, _ = table.records(keys.experiment_metric("1", "auc"), newest_first=True, limit=1)
    assert keys.run_of(best[0].sk) == "r109"
    assert table.records(keys.experiment("1"), keys.OPEN)[0] == []
    before = runs.many(["r7"])
    asked.clear()
    recorded.keep(told, brought_up)
    assert "TransactWriteItems" not in asked
    assert runs.many(["r7"]) == before


def test_a_run_that_another_tells_at_the_same_moment_is_kept_once_and_completed(table):
    runs, recorded = stores(table)
    begun = Run("r3", "1", "trial 3", "ann", 1003, "s3://b/a", tags={"note": "mine"})
    real = table.commit
    rivals = [begun]

    def commit(*writes: Any) -> None:
        if rivals and isinstance(writes[0], Create):
            rival = rivals.pop()
            stores(Table(table._client, table._name))[0].create(rival)
        real(*writes)

    table.commit = commit
    recorded.keep([ended(number) for number in range(5)], brought_up)
    kept = runs.many(f"r{number}" for number in range(5))
    assert len(kept) == 5
    assert {run.status for run in kept.values()} == {"FINISHED"}
    assert kept["r3"].tags["note"] == "mine"
    assert kept["r3"].metrics["auc"].value == 0.003


def test_a_run_with_more_metrics_than_indexes_take_stays_among_the_open_ones(table):
    runs, recorded = stores(table)
    many = ended(1).with_points([(f"m{n}", Point(9000, 0, float(n))) for n in range(40)])
    recorded.keep([many], brought_up)
    assert not runs.get("r1").is_indexed
    [entry], _ = table.records(keys.experiment("1"), keys.OPEN)
    assert keys.run_of(entry.sk) == "r1"


def test_nothing_told_is_nothing_asked(table):
    stores(table)[1].keep([], brought_up)
