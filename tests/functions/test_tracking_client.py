"""What the spooling client relies on: the registry hears each of its requests once, and in order."""

from typing import Any

from functions.registry_api.handler import lambda_handler
from tests.functions.mlflow_wire import ask, event
from tests.moto_platform import Context

KEY = "X-Trimtab-Request-Key".lower()  # as API Gateway passes it on


def told(path: str, key: str, body: dict[str, Any]) -> int:
    """Send a request under a key; return its status."""
    made = event("POST", f"/api/2.0/mlflow/{path}", body, headers={KEY: key})
    return lambda_handler(made, Context())["statusCode"]


def run_of(key: str) -> dict[str, Any]:
    body = {"experiment_id": "0", "start_time": 1}
    return ask("POST", "runs/create", body, headers={KEY: key})["run"]


def tags_of(run_id: str) -> dict[str, str]:
    run = ask("GET", "runs/get", run_id=run_id)["run"]
    return {tag["key"]: tag["value"] for tag in run["data"]["tags"]}


def tagged(run_id: str, number: int, value: str, client: str = "client") -> int:
    body = {"run_id": run_id, "tags": [{"key": "phase", "value": value}]}
    return told("runs/log-batch", f"{client}:{number}", body)


def test_a_run_created_twice_under_one_key_is_one(platform):
    first, again, other = run_of("a:1"), run_of("a:1"), run_of("b:1")
    assert first["info"] == again["info"]
    assert first["info"]["run_id"] != other["info"]["run_id"]


def test_what_comes_late_changes_nothing_and_is_answered_as_if_it_had(platform):
    run_id = run_of("client:1")["info"]["run_id"]
    assert tagged(run_id, 2, "fitting") == 200
    assert tagged(run_id, 3, "scoring") == 200
    assert tagged(run_id, 2, "fitting") == 200, "the first try of a request that was repeated"
    assert tags_of(run_id)["phase"] == "scoring"


def test_other_clients_are_heard_by_their_own_count(platform):
    run_id = run_of("client:1")["info"]["run_id"]
    assert tagged(run_id, 900, "fitting") == 200
    assert tagged(run_id, 1, "scoring", client="other") == 200
    assert tags_of(run_id)["phase"] == "scoring"


def test_an_end_that_comes_again_after_a_resumption_does_not_end_the_run(platform):
    run_id = run_of("client:1")["info"]["run_id"]
    ended = {"run_id": run_id, "status": "FINISHED", "end_time": 2}
    resumed = {"run_id": run_id, "status": "RUNNING"}
    assert told("runs/update", "client:2", ended) == 200
    assert told("runs/update", "resumption:1", resumed) == 200
    assert told("runs/update", "client:2", ended) == 200
    assert ask("GET", "runs/get", run_id=run_id)["run"]["info"]["status"] == "RUNNING"


def test_a_refused_request_is_not_counted_as_heard(platform):
    run_id = run_of("client:1")["info"]["run_id"]
    params = [{"key": "depth", "value": "6"}]
    assert told("runs/log-batch", "client:2", {"run_id": run_id, "params": params}) == 200
    changed = [{"key": "depth", "value": "7"}, {"key": "rate", "value": "0.1"}]
    assert told("runs/log-batch", "client:4", {"run_id": run_id, "params": changed}) == 400
    assert told("runs/log-batch", "client:4", {"run_id": run_id, "params": changed[1:]}) == 200
    run = ask("GET", "runs/get", run_id=run_id)["run"]
    assert {each["key"]: each["value"] for each in run["data"]["params"]} == {
        "depth": "6",
        "rate": "0.1",
    }
