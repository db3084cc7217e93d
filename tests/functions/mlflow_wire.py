"""Calls registry_api as an MLflow client does, through the event that API Gateway makes of it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from functions.registry_api.handler import lambda_handler
from tests.moto_platform import Context

EVENT = json.loads((Path(__file__).parents[1] / "events/http_get_models.json").read_text())


def event(
    method: str, path: str, /, body: Any = None, headers: dict[str, str] | None = None, **query: Any
) -> dict[str, Any]:
    """Return the event of one request; `query` values may be lists."""
    made: dict[str, Any] = json.loads(json.dumps(EVENT))
    made["requestContext"]["http"] |= {"method": method, "path": path}
    made["rawPath"] = path
    made["rawQueryString"] = urlencode(query, doseq=True)
    if body is not None:
        made["body"] = body if isinstance(body, str) else json.dumps(body)
        made["headers"]["content-type"] = "application/json"
    made["headers"] |= headers or {}
    return made


def call(method: str, path: str, /, body: Any = None, **query: Any) -> tuple[int, dict[str, Any]]:
    """Call the API; return status and parsed body. A path without /api is below /api/2.0/mlflow."""
    whole = path if path.startswith("/api/") else f"/api/2.0/mlflow/{path}"
    answer = lambda_handler(event(method, whole, body, **query), Context())
    assert answer["headers"]["content-type"] == "application/json"
    return answer["statusCode"], json.loads(answer["body"])


def ask(method: str, path: str, /, body: Any = None, **query: Any) -> dict[str, Any]:
    """Return what a request is answered, which must be a success."""
    status, told = call(method, path, body, **query)
    assert status == 200, told
    return told


def refused(method: str, path: str, /, body: Any = None, **query: Any) -> tuple[int, str, str]:
    """Return status, error code and message of a request that must be refused."""
    status, told = call(method, path, body, **query)
    assert status >= 400, told
    assert set(told) == {"error_code", "message"}
    return status, told["error_code"], told["message"]
