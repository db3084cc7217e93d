"""Which endpoint answers a request of an MLflow client: by method and path, from one table per family."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from functions.registry_api.mlflow.errors import (
    ENDPOINT_NOT_FOUND,
    INTERNAL_ERROR,
    WireError,
    error_answer,
    refusal,
)
from functions.registry_api.mlflow.request import Answer, Request, path_part
from trimtab.errors import TrimtabError
from trimtab.observability import logger
from trimtab.runtime import get_runtime

Endpoint = Callable[[Request], dict[str, Any] | Answer]
Endpoints = Mapping[tuple[str, str], Endpoint]

# The first part of a path after /api/<version>/mlflow/, or the whole path of what is not below /api → the module of
# this folder that has `ENDPOINTS`. It is imported with the first request that needs it.
FAMILIES: dict[str, str] = {
    "/health": "server",
    "/version": "server",
    "server-info": "server",
    "mlflow-artifacts": "proxied_artifacts",
    "artifacts": "artifacts",
    "experiments": "experiments",
    "logged-models": "logged_models",
    "metrics": "metrics",
    "runs": "runs",
    "model-versions": "model_versions",
    "registered-models": "registered_models",
}
PLACEHOLDER = re.compile(r"\{(\w+)(\+?)\}")


def serves(path: str) -> bool:
    """Tell whether a path is of MLflow's API, and not of our own."""
    return path.startswith("/api/") or path in FAMILIES


def answer(event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer API Gateway's event as MLflow's server would; never raise."""
    method, path = event["requestContext"]["http"]["method"], event["rawPath"]
    try:
        endpoint, values = find(method, path)
        told = endpoint(Request(get_runtime(), event, values))
    except (WireError, TrimtabError) as error:
        code, message = refusal(error)
        logger.info("request refused", code=code, path=path, reason=message)
        return error_answer(code, message)
    except Exception as error:
        logger.exception("request failed", error=type(error).__name__, path=path)
        request_id = event["requestContext"].get("requestId", "")
        return error_answer(
            INTERNAL_ERROR,
            f"the request could not be served; the function's log tells why, look for request {request_id}",
        )
    return _told(told)


def find(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """Return the endpoint of a path, and what stands for the placeholders of its template."""
    endpoints = family(_family_of(path))
    exact = endpoints.get((method, path))
    if exact:
        return exact, {}
    for (verb, template), endpoint in endpoints.items():
        if verb == method and "{" in template:
            found = _pattern(template).fullmatch(path)
            if found:
                return endpoint, {name: path_part(v) for name, v in found.groupdict().items()}
    raise WireError(f"There is no endpoint {method} {path} in this deployment.", ENDPOINT_NOT_FOUND)


def family(name: str) -> Endpoints:
    """Return the endpoints of one family; none if there is no such family."""
    module = FAMILIES.get(name)
    if module is None:
        return {}
    found: Endpoints = import_module(f"functions.registry_api.mlflow.{module}").ENDPOINTS
    return found


def served() -> dict[tuple[str, str], Endpoint]:
    """Return every endpoint there is."""
    return {key: endpoint for name in FAMILIES for key, endpoint in family(name).items()}


def _family_of(path: str) -> str:
    parts = path.split("/")
    if parts[1] != "api":
        return path
    below = parts[4:] if parts[3:4] == ["mlflow"] else parts[3:]
    return below[0] if below else ""


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """`{name}` stands for one part of a path, `{name+}` for all the rest."""
    pieces, end = [], 0
    for found in PLACEHOLDER.finditer(template):
        greedy = ".+" if found[2] else "[^/]+"
        pieces += [re.escape(template[end : found.start()]), f"(?P<{found[1]}>{greedy})"]
        end = found.end()
    return re.compile("".join(pieces) + re.escape(template[end:]), re.DOTALL)


def _told(told: dict[str, Any] | Answer) -> dict[str, Any]:
    if isinstance(told, Answer):
        return {
            "statusCode": told.status,
            "headers": dict(told.headers),
            "body": told.body,
            "isBase64Encoded": told.is_base64,
        }
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        # Numbers that JSON lacks are strings in proto-JSON; whoever forgot that is told here, not by the client.
        "body": json.dumps(told, separators=(",", ":"), ensure_ascii=False, allow_nan=False),
    }
