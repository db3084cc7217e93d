"""Many writers at once, each a process of its own, on MLflow's endpoints: nothing is lost, nothing is done twice."""

import threading
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from functions.registry_api.mlflow import dispatch
from functions.registry_api.mlflow.request import Request
from tests.functions.mlflow_wire import ask, event
from tests.moto_platform import ENVIRONMENT, MotoPlatform
from tests.tracking_world import OneAtATime, at_once
from trimtab.aws.table import Table
from trimtab.domain.audit import Wanted
from trimtab.runtime import Runtime
from trimtab.settings import Settings

LOGGERS = 32
WRITERS = 16
MODEL = "trees"

Answers = list[dict[str, Any]]


class Processes:
    """Processes of registry_api: each has seen nothing but what it read itself."""

    def __init__(self) -> None:
        self._dynamodb = OneAtATime(boto3.client("dynamodb"))

    def new(self) -> Callable[..., Any]:
        """Return what asks a new process."""
        runtime = Runtime(Settings.from_environment())
        runtime.__dict__["table"] = Table(self._dynamodb, ENVIRONMENT["TRIMTAB_TABLE"])

        def asked(method: str, path: str, body: Any = None, **headers: str) -> Any:
            whole = event(method, f"/api/2.0/mlflow/{path}", body, headers)
            endpoint, values = dispatch.find(method, whole["rawPath"])
            return endpoint(Request(runtime, whole, values))

        return asked


@pytest.fixture
def processes(platform):
    return Processes()


def test_32_processes_log_to_one_run_and_nothing_is_lost(processes):
    run_id = ask("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]

    def work(writer: int) -> Callable[[], None]:
        asked = processes.new()

        def log() -> None:
            for step in range(3):
                point = {"key": "loss", "value": writer, "timestamp": step, "step": writer}
                asked("POST", "runs/log-metric", {"run_id": run_id, **point})
            batch = {
                "metrics": [
                    {"key": f"m{writer}", "value": step, "timestamp": 1, "step": step}
                    for step in range(20)
                ],
                "params": [{"key": f"p{writer}", "value": str(writer)}],
                "tags": [{"key": f"t{writer}", "value": str(writer)}],
            }
            asked("POST", "runs/log-batch", {"run_id": run_id, **batch})

        return log

    assert at_once(*map(work, range(LOGGERS))) == []
    run = ask("GET", "runs/get", run_id=run_id)["run"]["data"]
    assert {each["key"]: each["value"] for each in run["params"]} == {
        f"p{writer}": str(writer) for writer in range(LOGGERS)
    }
    assert {f"t{writer}" for writer in range(LOGGERS)} <= {each["key"] for each in run["tags"]}
    latest = {each["key"]: each["value"] for each in run["metrics"]}
    assert latest == {"loss": LOGGERS - 1} | {f"m{writer}": 19 for writer in range(LOGGERS)}
    history = ask("GET", "metrics/get-history", run_id=run_id, metric_key="loss")["metrics"]
    assert sorted((each["step"], each["timestamp"]) for each in history) == [
        (writer, step) for writer in range(LOGGERS) for step in range(3)
    ]
    one = ask("GET", "metrics/get-history", run_id=run_id, metric_key="m7")["metrics"]
    assert [each["value"] for each in one] == list(range(20))


def test_16_processes_make_versions_of_one_model_numbered_without_a_gap(processes):
    ask("POST", "registered-models/create", {"name": MODEL})
    made: Answers = []

    def work(writer: int) -> Callable[[], None]:
        asked, body = processes.new(), {"name": MODEL, "source": f"s3://b/{writer}"}
        return lambda: made.append(asked("POST", "model-versions/create", body)["model_version"])

    assert at_once(*map(work, range(WRITERS))) == []
    assert sorted(int(each["version"]) for each in made) == list(range(1, WRITERS + 1))
    for each in made:
        query = {"name": MODEL, "version": each["version"]}
        kept = ask("GET", "model-versions/get", **query)["model_version"]
        assert kept["source"] == each["source"]


def test_16_processes_move_one_alias_and_its_history_is_whole(processes, platform):
    ask("POST", "registered-models/create", {"name": MODEL})
    for writer in range(WRITERS):
        ask("POST", "model-versions/create", {"name": MODEL, "source": f"s3://b/{writer}"})

    def work(writer: int) -> Callable[[], None]:
        asked = processes.new()
        body = {"name": MODEL, "alias": "best", "version": str(writer + 1)}
        return lambda: asked("POST", "registered-models/alias", body)

    assert at_once(*map(work, range(WRITERS))) == []
    moves, _ = platform.runtime.registry.pointing.history(MODEL, "best")
    assert sorted(move.version for move in moves) == list(range(1, WRITERS + 1))
    oldest_first = list(reversed(moves))
    assert [move.before for move in oldest_first] == [
        None,
        *(move.version for move in oldest_first[:-1]),
    ]
    query = {"name": MODEL, "alias": "best"}
    now = ask("GET", "registered-models/alias", **query)["model_version"]["version"]
    assert int(now) == moves[0].version


def test_16_processes_change_one_logged_model_and_nothing_is_lost(processes):
    made = ask("POST", "logged-models", {"experiment_id": "0"})["model"]["info"]["model_id"]
    path = f"logged-models/{made}"

    def work(writer: int) -> Callable[[], None]:
        asked = processes.new()

        def change() -> None:
            pair = {"key": str(writer), "value": str(writer)}
            asked("PATCH", f"{path}/tags", {"tags": [pair]})
            asked("POST", f"{path}/params", {"model_id": made, "params": [pair]})

        return change

    assert at_once(*map(work, range(WRITERS))) == []
    told = ask("GET", path)["model"]
    for pairs in (told["info"]["tags"], told["data"]["params"]):
        assert {each["key"] for each in pairs} == {str(writer) for writer in range(WRITERS)}


def test_a_repeated_request_changes_nothing_twice(processes, platform):
    key = {"x-trimtab-request-key": "k1"}
    first, second = processes.new(), processes.new()
    run = first("POST", "runs/create", {"experiment_id": "0"}, **key)["run"]
    run_id = run["info"]["run_id"]
    first("POST", "registered-models/create", {"name": MODEL})
    point = {"key": "loss", "value": 1.5, "timestamp": 3, "step": 1}
    model = first("POST", "logged-models", {"experiment_id": "0"})["model"]["info"]["model_id"]
    repeated = [
        ("POST", "runs/create", {"experiment_id": "0"}),
        ("POST", "runs/log-metric", {"run_id": run_id, **point}),
        ("POST", "runs/log-parameter", {"run_id": run_id, "key": "p", "value": "1"}),
        ("POST", "runs/set-tag", {"run_id": run_id, "key": "t", "value": "1"}),
        (
            "POST",
            "runs/log-batch",
            {
                "run_id": run_id,
                "metrics": [point, {**point, "step": 2}],
                "params": [{"key": "q", "value": "1"}],
            },
        ),
        ("POST", "model-versions/create", {"name": MODEL, "source": "s3://b/1"}),
        ("POST", "registered-models/alias", {"name": MODEL, "alias": "best", "version": "1"}),
        ("PATCH", f"logged-models/{model}", {"model_id": model, "status": 2}),
        ("PATCH", f"logged-models/{model}/tags", {"tags": [{"key": "a", "value": "1"}]}),
        ("POST", "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": 9}),
        ("DELETE", f"logged-models/{model}", {}),
    ]
    for method, path, body in repeated:
        told = first(method, path, body, **key)
        kept = known(platform, run_id, model)
        for asked in (first, second):
            assert asked(method, path, body, **key) == told, path
        assert known(platform, run_id, model) == kept, path
    points = known(platform, run_id, model)["history"]["metrics"]
    assert [(each["timestamp"], each["step"]) for each in points] == [(3, 1), (3, 2)]


def known(platform: MotoPlatform, run_id: str, model_id: str) -> dict[str, Any]:
    """Return all that the API tells of what the requests change, and every audit entry."""
    runs = ask("POST", "runs/search", {"experiment_ids": ["0"], "run_view_type": "ALL"})
    history = ask("GET", "metrics/get-history", run_id=run_id, metric_key="loss")
    entries, _ = platform.runtime.audit.search(Wanted(), limit=100)
    return {
        "runs": runs,
        "history": history,
        "models": ask("GET", "registered-models/search"),
        "versions": ask("GET", "model-versions/search"),
        "logged": ask("GET", f"logged-models/{model_id}", allow_deleted="true"),
        "audit": [entry.id for entry in entries],
    }


def test_one_request_key_that_comes_twice_at_the_same_time_makes_one_run(processes):
    key, made = {"x-trimtab-request-key": "k2"}, []
    lock = threading.Lock()

    def work(_: int) -> Callable[[], None]:
        asked = processes.new()

        def create() -> None:
            told = asked("POST", "runs/create", {"experiment_id": "0", "start_time": 5}, **key)
            with lock:
                made.append(told["run"]["info"]["run_id"])

        return create

    assert at_once(*map(work, range(8))) == []
    assert len(made) == 8
    assert len(set(made)) == 1
