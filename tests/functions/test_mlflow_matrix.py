"""Every endpoint of MLflow's that is served: asked rightly, asked wrongly in every field, and page by page.

`REQUESTS` has one right request for each, in an order in which they all succeed; a new endpoint must join it.
"""

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from functions.registry_api.handler import lambda_handler
from functions.registry_api.mlflow.dispatch import served
from tests.functions.mlflow_wire import ask, call, event
from tests.moto_platform import Context, moto_platform

API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/"
PLAIN = {("GET", "/health"), ("GET", "/version")}
POINT = {"key": "loss", "value": 0.5, "timestamp": 5, "step": 1}
TAG = {"key": "team", "value": "airport"}
MODEL_JSON = json.dumps(
    {"run_id": "r", "artifact_path": "m", "flavors": {}, "utc_time_created": "2026-11-09"}
)

# (method, path, body or query); {run}, {experiment}, {model}, {logged}, {upload} stand for what the set-up made.
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "POST",
        "experiments/create",
        {"name": "made", "artifact_location": "s3://b/x", "tags": [TAG]},
    ),
    ("GET", "experiments/get", {"experiment_id": "{experiment}"}),
    ("GET", "experiments/get-by-name", {"experiment_name": "flights"}),
    ("GET", "experiments/search", {"filter": "name LIKE 'f%'", "max_results": 5}),
    (
        "POST",
        "experiments/search",
        {"filter": "name LIKE 'f%'", "max_results": 5, "order_by": ["name"]},
    ),
    ("POST", "experiments/update", {"experiment_id": "{experiment}", "new_name": "flights"}),
    ("POST", "experiments/set-experiment-tag", {"experiment_id": "{experiment}", **TAG}),
    ("POST", "experiments/delete-experiment-tag", {"experiment_id": "{experiment}", "key": "team"}),
    (
        "POST",
        "runs/create",
        {"experiment_id": "{experiment}", "run_name": "one", "start_time": 1, "tags": [TAG]},
    ),
    ("GET", "runs/get", {"run_id": "{run}"}),
    ("POST", "runs/log-metric", {"run_id": "{run}", **POINT}),
    ("POST", "runs/log-parameter", {"run_id": "{run}", "key": "depth", "value": "3"}),
    (
        "POST",
        "runs/log-batch",
        {
            "run_id": "{run}",
            "metrics": [POINT],
            "params": [{"key": "a", "value": "1"}],
            "tags": [TAG],
        },
    ),
    ("POST", "runs/set-tag", {"run_id": "{run}", **TAG}),
    ("POST", "runs/delete-tag", {"run_id": "{run}", "key": "team"}),
    (
        "POST",
        "runs/log-inputs",
        {
            "run_id": "{run}",
            "datasets": [
                {
                    "dataset": {"name": "d", "digest": "x", "source_type": "s3", "source": "s"},
                    "tags": [TAG],
                }
            ],
            "models": [{"model_id": "{logged}"}],
        },
    ),
    ("POST", "runs/outputs", {"run_id": "{run}", "models": [{"model_id": "{logged}", "step": 1}]}),
    ("POST", "runs/log-model", {"run_id": "{run}", "model_json": MODEL_JSON}),
    (
        "POST",
        "runs/search",
        {
            "experiment_ids": ["{experiment}"],
            "filter": "metrics.loss < 1",
            "run_view_type": "ALL",
            "max_results": 5,
            "order_by": ["metrics.loss"],
        },
    ),
    ("GET", "metrics/get-history", {"run_id": "{run}", "metric_key": "loss", "max_results": 5}),
    (
        "GET",
        "metrics/get-history-bulk",
        {"run_id": "{run}", "metric_key": "loss", "max_results": 5},
    ),
    (
        "GET",
        "metrics/get-history-bulk-interval",
        {
            "run_ids": "{run}",
            "metric_key": "loss",
            "start_step": 0,
            "end_step": 9,
            "max_results": 5,
        },
    ),
    ("GET", "artifacts/list", {"run_id": "{run}", "path": "a"}),
    (
        "POST",
        "artifacts/presigned-upload-url",
        {"run_id": "{run}", "path": "a/b.txt", "expiration": 60},
    ),
    (
        "POST",
        "artifacts/presigned-download-url",
        {"run_id": "{run}", "path": "a/b.txt", "expiration": 60},
    ),
    (
        "POST",
        "runs/update",
        {"run_id": "{run}", "status": "FINISHED", "end_time": 9, "run_name": "done"},
    ),
    ("POST", "runs/delete", {"run_id": "{run}"}),
    ("POST", "runs/restore", {"run_id": "{run}"}),
    (
        "POST",
        "logged-models",
        {
            "experiment_id": "{experiment}",
            "name": "m",
            "model_type": "t",
            "source_run_id": "r",
            "params": [TAG],
            "tags": [TAG],
        },
    ),
    ("GET", "logged-models/{logged}", {"allow_deleted": "true"}),
    ("PATCH", "logged-models/{logged}", {"model_id": "{logged}", "status": "LOGGED_MODEL_READY"}),
    (
        "POST",
        "logged-models/{logged}/params",
        {"model_id": "{logged}", "params": [{"key": "a", "value": "1"}]},
    ),
    ("PATCH", "logged-models/{logged}/tags", {"tags": [TAG]}),
    ("DELETE", "logged-models/{logged}/tags/team", {}),
    ("GET", "logged-models/{logged}/artifacts/directories", {"artifact_directory_path": "a"}),
    (
        "POST",
        "logged-models/search",
        {
            "experiment_ids": ["{experiment}"],
            "filter": "name = 'm'",
            "max_results": 5,
            "datasets": [{"dataset_name": "d"}],
            "order_by": [{"field_name": "name", "ascending": True}],
        },
    ),
    ("POST", "registered-models/create", {"name": "fresh", "description": "d", "tags": [TAG]}),
    ("GET", "registered-models/get", {"name": "{model}"}),
    (
        "GET",
        "registered-models/search",
        {"filter": "name LIKE 't%'", "max_results": 5, "order_by": "name"},
    ),
    ("PATCH", "registered-models/update", {"name": "{model}", "description": "d"}),
    ("POST", "registered-models/set-tag", {"name": "{model}", **TAG}),
    ("DELETE", "registered-models/delete-tag", {"name": "{model}", "key": "team"}),
    (
        "POST",
        "model-versions/create",
        {
            "name": "{model}",
            "source": "s3://b/x",
            "run_id": "{run}",
            "description": "d",
            "tags": [TAG],
        },
    ),
    ("GET", "model-versions/get", {"name": "{model}", "version": "1"}),
    ("GET", "model-versions/get-download-uri", {"name": "{model}", "version": "1"}),
    (
        "GET",
        "model-versions/search",
        {"filter": "name = 'trees'", "max_results": 5, "order_by": "name"},
    ),
    ("PATCH", "model-versions/update", {"name": "{model}", "version": "1", "description": "d"}),
    ("POST", "model-versions/set-tag", {"name": "{model}", "version": "1", **TAG}),
    ("DELETE", "model-versions/delete-tag", {"name": "{model}", "version": "1", "key": "team"}),
    (
        "POST",
        "model-versions/transition-stage",
        {"name": "{model}", "version": "1", "stage": "Staging", "archive_existing_versions": False},
    ),
    ("GET", "registered-models/get-latest-versions", {"name": "{model}", "stages": "Staging"}),
    ("POST", "registered-models/get-latest-versions", {"name": "{model}", "stages": ["Staging"]}),
    ("POST", "registered-models/alias", {"name": "{model}", "alias": "best", "version": "1"}),
    ("GET", "registered-models/alias", {"name": "{model}", "alias": "best"}),
    ("DELETE", "registered-models/alias", {"name": "{model}", "alias": "best"}),
    ("PUT", f"{FILES}artifacts/a/b.txt", {}),
    ("GET", f"{FILES}artifacts/a/b.txt", {}),
    ("GET", f"{FILES}artifacts", {"path": "a"}),
    ("GET", f"{FILES}presigned/a/b.txt", {}),
    ("POST", f"{FILES}mpu/create/a", {"path": "c.txt", "num_parts": 1}),
    ("POST", f"{FILES}mpu/complete/a", {"path": "up.txt", "upload_id": "{upload}", "parts": []}),
    ("POST", f"{FILES}mpu/abort/a", {"path": "other.txt", "upload_id": "{other_upload}"}),
    ("GET", "/api/3.0/mlflow/server-info", {}),
    ("GET", "/health", {}),
    ("GET", "/version", {}),
    ("DELETE", f"{FILES}artifacts/a/b.txt", {}),
    ("DELETE", "model-versions/delete", {"name": "{model}", "version": "1"}),
    ("POST", "registered-models/rename", {"name": "fresh", "new_name": "fresher"}),
    ("DELETE", "registered-models/delete", {"name": "fresher"}),
    ("DELETE", "logged-models/{logged}", {}),
    ("POST", "experiments/delete", {"experiment_id": "{experiment}"}),
    ("POST", "experiments/restore", {"experiment_id": "{experiment}"}),
]
ODD: list[Any] = [
    None,
    "",
    "../\x00\u202e航🛫#?%'\"`",
    "x" * 10_000,
    -1,
    10**30,
    1.5,
    [],
    ["x" * 2000],
    [{"key": None, "value": {}}],
    {"a": [[]]},
    "NaN",
]


@pytest.fixture(scope="module")
def made() -> Iterator[dict[str, str]]:
    """Return what the requests are about, on one deployment for all tests here."""
    with pytest.MonkeyPatch.context() as monkeypatch, moto_platform(monkeypatch) as platform:
        experiment = ask("POST", "experiments/create", {"name": "flights"})["experiment_id"]
        run = ask("POST", "runs/create", {"experiment_id": experiment})["run"]["info"]
        ask("POST", "registered-models/create", {"name": "trees"})
        ask("POST", "model-versions/create", {"name": "trees", "source": "s3://b/x"})
        logged = ask("POST", "logged-models", {"experiment_id": experiment})["model"]["info"]
        bucket, _, key = run["artifact_uri"].removeprefix("s3://").partition("/")
        platform.runtime.s3.put_object(Bucket=bucket, Key=f"{key}/a/b.txt", Body=b"x")
        uploads = [
            ask("POST", f"{FILES}mpu/create/a", {"path": name})["upload_id"]
            for name in ("up.txt", "other.txt")
        ]
        yield {
            "experiment": experiment,
            "run": run["run_id"],
            "model": "trees",
            "logged": logged["model_id"],
            "upload": uploads[0],
            "other_upload": uploads[1],
        }


def filled(value: Any, made: dict[str, str]) -> Any:
    """Return a request with what the set-up made."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda found: made[found[1]], value)
    if isinstance(value, list):
        return [filled(each, made) for each in value]
    if isinstance(value, dict):
        return {key: filled(each, made) for key, each in value.items()}
    return value


def send(method: str, path: str, fields: Any) -> tuple[int, Any]:
    """Send a request as MLflow's client does: a GET's fields in the query, all others' in the body."""
    whole = path if path.startswith("/") else API + path
    if method == "PUT":
        sent = event(method, whole, "bytes", {"content-type": "application/octet-stream"})
    elif method == "GET" and isinstance(fields, dict):
        sent = event(method, whole, **{key: v for key, v in fields.items() if v is not None})
    else:
        sent = event(method, whole, fields)
    answer = lambda_handler(sent, Context())
    is_json = answer["headers"].get("content-type") == "application/json"
    return answer["statusCode"], json.loads(answer["body"]) if is_json else answer["body"]


def templates() -> dict[tuple[str, str], re.Pattern[str]]:
    """Return every endpoint that is served, with what its paths look like."""
    found = {}
    for method, path in served():
        shape = re.escape(re.sub(r"\{(\w+)(\+?)\}", "\0", path)).replace("\0", ".+")
        found[method, path] = re.compile(shape)
    return found


def test_every_endpoint_that_is_served_is_asked_here() -> None:
    asked = {(method, path if path.startswith("/") else API + path) for method, path, _ in REQUESTS}
    unasked = [
        key
        for key, shape in templates().items()
        if key not in asked
        and not any(method == key[0] and shape.fullmatch(path) for method, path in asked)
    ]
    assert unasked == []


def test_each_endpoint_answers_a_right_request(made) -> None:
    for method, path, fields in REQUESTS:
        status, told = send(method, filled(path, made), filled(fields, made))
        assert status in {200, 302}, (method, path, told)


def test_no_field_with_an_odd_value_is_more_than_refused(made) -> None:
    """Each field in turn is left out or odd; the answer is a success or a refusal in MLflow's form, never a failure."""
    for method, path, fields in REQUESTS:
        right = filled(fields, made)
        for name, odd in itertools.product(right, ODD):
            status, told = send(method, filled(path, made), {**right, name: odd})
            assert status < 500, (method, path, name, odd, told)
            if status >= 400:
                assert set(told) == {"error_code", "message"}, (method, path, name, odd)
                assert told["message"], (method, path, name, odd)


BODIES = ["[]", '"x"', "1", "null", "{", "\x00", "[" * 10_000, '{"a":' * 10_000, "NaN"]


def test_no_body_that_is_no_object_is_more_than_refused(made) -> None:
    for method, path, fields in REQUESTS:
        if method == "GET" or not fields:
            continue
        for body in BODIES:
            status, told = send(method, filled(path, made), body)
            assert 400 <= status < 500, (method, path, body[:20], told)
            assert set(told) == {"error_code", "message"}


def test_a_body_of_another_type_is_refused_in_words(made) -> None:
    sent = event("POST", f"{API}runs/create", "a=1", {"content-type": "text/plain"})
    answer = lambda_handler(sent, Context())
    assert answer["statusCode"] == 400
    assert "Content-Type must be one of ['application/json']" in answer["body"]


ODD_PATHS = ["é", "a b", "%00", "\x00", "x" * 3000, "..", ";", "a%2fb", "a\nb"]


def test_no_odd_path_is_more_than_refused(made) -> None:
    for method, template in served():
        if "{" in template:
            for odd in ODD_PATHS:
                path = re.sub(r"\{\w+\+?\}", lambda _, odd=odd: odd, template)
                status, told = send(method, path, {})
                assert status < 500, (method, path, told)


PAGED = {
    "experiments/search": (
        "POST",
        "experiments",
        {"filter": "name LIKE 'page%'", "max_results": 9},
    ),
    "runs/search": ("POST", "runs", {"experiment_ids": ["{paged}"]}),
    "logged-models/search": ("POST", "models", {"experiment_ids": ["{paged}"]}),
    "registered-models/search": ("GET", "registered_models", {"filter": "name LIKE 'page%'"}),
    "model-versions/search": ("GET", "model_versions", {"filter": "name = 'page 0'"}),
    "metrics/get-history": ("GET", "metrics", {"run_id": "{run}", "metric_key": "paged"}),
}


@pytest.fixture(scope="module")
def paged(made) -> dict[str, str]:
    """Make five of everything that comes in pages."""
    ids = [
        ask("POST", "experiments/create", {"name": f"page {number}"})["experiment_id"]
        for number in range(5)
    ]
    run_ids = []
    for number in range(5):
        run = ask("POST", "runs/create", {"experiment_id": ids[0], "start_time": number})["run"]
        run_ids.append(run["info"]["run_id"])
        ask("POST", "logged-models", {"experiment_id": ids[0]})
        ask("POST", "registered-models/create", {"name": f"page {number}"})
        ask("POST", "model-versions/create", {"name": "page 0", "source": "s3://b/x"})
        point = {"key": "paged", "value": number, "timestamp": number}
        ask("POST", "runs/log-metric", {"run_id": run_ids[0], **point})
    return {**made, "paged": ids[0], "run": run_ids[0]}


@pytest.mark.parametrize("path", PAGED)
def test_pages_hold_everything_once(paged, path) -> None:
    method, listed, fields = PAGED[path]
    asked = filled(fields, paged)
    whole = send(method, path, asked)[1][listed]
    assert len(whole) == 5
    found, token, pages = [], None, 0
    while True:
        more = {"page_token": token} if token else {}
        status, told = send(method, path, {**asked, "max_results": 2, **more})
        assert status == 200, told
        found += told[listed]
        pages, token = pages + 1, told.get("next_page_token")
        if not token:
            break
    assert (found, pages) == (whole, 3)


TOKENS = ["x", "é", "%", "bnVsbA==", "W10=", "eyJhIjoxfQ==", "WzEsMl0=", "-" * 9000]


@pytest.mark.parametrize("path", PAGED)
def test_a_page_token_that_is_made_up_is_refused(paged, path) -> None:
    method, _, fields = PAGED[path]
    for token in TOKENS:
        asked = {**filled(fields, paged), "max_results": 2, "page_token": token}
        status, told = send(method, path, asked)
        assert (status, told["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), (token, told)


@pytest.mark.parametrize("path", [path for path in PAGED if path.endswith("/search")])
def test_a_filter_that_is_too_long_is_refused_in_words(paged, path) -> None:
    method, _, fields = PAGED[path]
    asked = {**filled(fields, paged), "filter": "name = '" + "x" * 10_000 + "'"}
    status, told = send(method, path, asked)
    assert (status, told["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "10,009 characters" in told["message"]


def test_what_is_out_of_scope_is_told_to_be_no_endpoint(made) -> None:
    for method, path in (
        ("POST", "/api/3.0/mlflow/traces"),
        ("POST", "/api/2.0/mlflow/webhooks"),
        ("GET", "/api/3.0/mlflow/scorers/list"),
        ("POST", "/api/3.0/mlflow/gateway/endpoints/create"),
        ("GET", "/api/2.0/mlflow/experiments/nonsense"),
        ("PUT", "/api/2.0/mlflow/runs/create"),
    ):
        status, told = call(method, path)
        assert (status, told["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
        assert told["message"] == f"There is no endpoint {method} {path} in this deployment."
