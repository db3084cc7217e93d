"""Runs over our own API, of what an MLflow client logged."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.functions.mlflow_wire import ask
from tests.functions.test_registry_api import call, get
from tests.moto_platform import ENVIRONMENT, MotoPlatform

MONDAY = datetime.fromisoformat("2026-11-09T08:00:00+00:00")  # the platform's present


def track(
    experiment: str, name: str, *, days_ago: float = 0, end: bool = True, **logged: Any
) -> str:
    """Log a run as a client does; return its id."""
    found = call("GET", "/v1/runs", experiment=experiment, limit="1")
    assert found[0] == 200
    at = int((MONDAY - timedelta(days=days_ago)).timestamp() * 1000)
    body = {"experiment_id": _experiment(experiment), "run_name": name, "start_time": at}
    run_id: str = ask("POST", "runs/create", body)["run"]["info"]["run_id"]
    ask(
        "POST",
        "runs/log-batch",
        {
            "run_id": run_id,
            "params": [{"key": k, "value": v} for k, v in logged.get("params", {}).items()],
            "tags": [{"key": k, "value": v} for k, v in logged.get("tags", {}).items()],
            "metrics": [
                {"key": k, "value": v, "timestamp": at, "step": 0}
                for k, v in logged.get("metrics", {}).items()
            ],
        },
    )
    if end:
        ask("POST", "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": at + 1})
    return run_id


def _experiment(name: str) -> str:
    status, found = _named(name)
    if status == 200:
        return str(found["experiment"]["experiment_id"])
    return str(ask("POST", "experiments/create", {"name": name})["experiment_id"])


def _named(name: str) -> tuple[int, Any]:
    from tests.functions.mlflow_wire import call as wire

    return wire("GET", "experiments/get-by-name", experiment_name=name)


def names(found: dict[str, Any]) -> list[str]:
    return [run["name"] for run in found["items"]]


@pytest.fixture
def tracked(platform: MotoPlatform) -> MotoPlatform:
    """Five runs of two experiments and four weeks."""
    track("delays", "good", metrics={"auc": 0.7, "loss": 0.3}, params={"depth": "5"})
    track("delays", "better", days_ago=6, metrics={"auc": 0.8, "loss": 0.2}, params={"depth": "6"})
    track("tries", "best", days_ago=12, metrics={"auc": 0.9}, tags={"trimtab.model": "delays"})
    track("tries", "running", end=False, metrics={"auc": 0.85})
    track("tries", "old", days_ago=25, metrics={"auc": 0.95})
    track("tries", "none", metrics={"auc": "NaN"})
    return platform


def test_the_best_runs_of_all_experiments_come_in_order_of_the_metric(tracked):
    told = get("/v1/runs/best", metric="auc", **{"from": "2026-10-26"})
    assert names(told) == ["best", "running", "better", "good"]
    assert names(get("/v1/runs/best", metric="auc")) == ["old", "best", "running", "better", "good"]
    assert names(get("/v1/runs/best", metric="loss", order="min")) == ["better", "good"]
    assert names(get("/v1/runs/best", metric="rmse")) == []


def test_the_best_runs_are_those_of_a_model_a_time_and_a_filter(tracked):
    assert names(get("/v1/runs/best", metric="auc", model="delays")) == ["best", "better", "good"]
    until = {"to": "2026-11-03T08:00:00"}
    assert names(get("/v1/runs/best", metric="auc", **until)) == ["old", "best", "better"]
    told = get("/v1/runs/best", metric="auc", filter="params.depth = '5' and metrics.loss < 1")
    assert names(told) == ["good"]


@pytest.mark.parametrize("limit", ["1", "2"])
def test_pages_of_the_best_runs_have_no_gap_and_no_repetition(tracked, limit):
    seen, token = [], ""
    while token is not None:
        page = get("/v1/runs/best", metric="auc", limit=limit, page_token=token, fields="name")
        seen += names(page)
        token = page["next_page_token"]
    assert seen == ["old", "best", "running", "better", "good"]


def test_the_best_run_is_found_by_reading_no_more_than_it_and_what_is_open(platform):
    for number in range(30):
        track("delays", f"run {number}", metrics={"auc": number / 100})
    reads: list[str] = []
    client = platform.runtime.table._client
    client.meta.events.register("before-call.dynamodb", lambda model, **_: reads.append(model.name))
    assert names(get("/v1/runs/best", metric="auc", limit="1")) == ["run 29"]
    # Five weeks, the index of each and its open runs; then ten runs in one read, and their experiment.
    assert [name for name in reads if name != "GetItem"] == [*["Query"] * 10, "BatchGetItem"]
    assert reads.count("GetItem") <= 1


def test_runs_are_listed_newest_first_of_one_experiment_or_of_all(tracked):
    assert names(get("/v1/runs", experiment="delays")) == ["good", "better"]
    assert names(get("/v1/runs"))[-2:] == ["best", "old"]
    assert len(names(get("/v1/runs"))) == 6
    assert names(get("/v1/runs", filter="metrics.auc > 0.84", limit="2")) != []
    assert names(get("/v1/runs", experiment="nothing")) == []


def test_a_run_is_shown_with_its_numbers(tracked):
    [best] = get("/v1/runs/best", metric="auc", limit="1")["items"]
    told = get(f"/v1/runs/{best['run_id']}")
    assert told == {**best, "recipe": None, "execution": None, "reproduction": None}
    assert (told["experiment"], told["status"], told["metrics"]) == (
        "tries", "FINISHED", {"auc": 0.95},
    )  # fmt: skip
    assert get(f"/v1/runs/{best['run_id']}", fields="name") == {"name": "old"}


def test_two_runs_are_told_side_by_side_with_their_code(platform):
    code = {"mlflow.source.git.commit": "abc", "trimtab.code.dirty": "true"}
    diff = {"trimtab.code.diff": "trimtab/code.diff"}
    a = track("delays", "a", params={"depth": "5"}, metrics={"auc": 0.7}, tags={**code, **diff})
    b = track("delays", "b", params={"depth": "6"}, metrics={"auc": 0.8}, tags=code)
    run = platform.runtime.runs.get(a)
    bucket = ENVIRONMENT["TRIMTAB_BUCKET"]
    key = f"{run.artifact_uri.removeprefix(f's3://{bucket}/')}/trimtab/code.diff"
    platform.runtime.s3.put_object(Bucket=bucket, Key=key, Body=b"-depth = 4\n+depth = 5\n")
    told = get("/v1/runs/diff", a=a, b=b)
    assert told["params"] == [{"key": "depth", "a": "5", "b": "6", "same": False}]
    assert told["metrics"][0]["change"] == pytest.approx(0.1)
    assert (told["code"]["same"], told["code"]["a_diff"]) == (False, "-depth = 4\n+depth = 5\n")
    assert told["code"]["b_diff"] is None
    assert get("/v1/runs/diff", a=a, b=a, fields="code")["code"]["same"] is True


def test_a_diff_that_cannot_be_read_is_told_as_none(platform):
    tags = {"mlflow.source.git.commit": "abc", "trimtab.code.diff": "../elsewhere"}
    run = track("delays", "a", tags=tags)
    assert get("/v1/runs/diff", a=run, b=run)["code"]["a_diff"] is None


@pytest.mark.parametrize(
    ("path", "query", "status", "says"),
    [
        ("/v1/runs/best", {}, 400, "metric: is missing"),
        ("/v1/runs/best", {"metric": "auc", "order": "up"}, 400, "order: has a wrong value"),
        ("/v1/runs/best", {"metric": "auc", "filter": "depth is 5"}, 400, "Invalid"),
        ("/v1/runs/best", {"metric": "auc", "filter": "x" * 10_000}, 400, "filter: has a wrong"),
        ("/v1/runs/best", {"metric": "auc", "from": "2001-01-01"}, 400, "more than 105 weeks"),
        ("/v1/runs/best", {"metric": "auc", "from": "2027-01-01"}, 200, ""),
        ("/v1/runs/best", {"metric": "auc", "page_token": "WzEsMl0="}, 400, "tells no run"),
        ("/v1/runs", {"page_token": "e30="}, 400, "tells no run"),
        ("/v1/runs/diff", {"a": "x"}, 400, "b: is missing"),
        ("/v1/runs/diff", {"a": "x", "b": "y"}, 404, "x not found"),
        ("/v1/runs/..", {}, 404, "there is no run"),
        ("/v1/runs/nothing", {}, 404, "nothing not found"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(platform, path, query, status, says):
    found, told = call("GET", path, **query)
    assert found == status
    assert says in told.get("detail", "")
