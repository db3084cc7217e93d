"""HTTP APIs under AWS's limits: who may call, how long an integration may take, how large a body may be."""

import asyncio
import contextvars
import json
import logging
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core.responses import get_account_id, get_region
from ministack.services import apigateway, lambda_svc

from local.emulator import event_targets
from local.lambdas.function import SYNC_LIMIT

logger = logging.getLogger(__name__)

INTEGRATION_SECONDS = 30.0  # an HTTP API's integration timeout; it cannot be raised
BODY_LIMIT = 10 * 1024 * 1024  # bytes of a request's body
SERVICE = "apigateway.amazonaws.com"

Answer = tuple[int, dict[str, str], bytes]

# Set while an HTTP API waits for its function: only there is a failed function told as a bare 500.
_in_http_api: contextvars.ContextVar[bool] = contextvars.ContextVar("in_http_api", default=False)


def install(integration_seconds: float = INTEGRATION_SECONDS) -> None:
    """Put AWS's limits around the emulator's HTTP APIs."""
    app._enforce_execute_api = _forbidding(app._enforce_execute_api)
    apigateway.handle_execute = _limited(apigateway.handle_execute)
    apigateway._invoke_lambda_proxy = _allowed(apigateway._invoke_lambda_proxy, integration_seconds)
    lambda_svc.lambda_execute_result_to_api_proxy_response = _shaped(
        lambda_svc.lambda_execute_result_to_api_proxy_response
    )


def _forbidding(enforce: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a call of an HTTP API in its own words, which never say why."""

    def enforce_forbidding(api_id: str, *call: Any, **options: Any) -> Any:
        refusal = enforce(api_id, *call, **options)
        if refusal is None or apigateway.find_api_scope(api_id) is None:
            return refusal
        return _message(403, "Forbidden")

    return enforce_forbidding


def _limited(execute: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a request that is too large for API Gateway."""

    async def execute_limited(*request: Any, **options: Any) -> Any:
        body = request[5]
        if len(body or b"") > BODY_LIMIT:
            return _message(413, "Request Entity Too Large")
        return await execute(*request, **options)

    return execute_limited


def _allowed(invoke: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    """Invoke a function only if its policy allows the API to, and wait for `seconds` at most."""

    async def invoke_allowed(integration: dict[str, Any], *request: Any, **options: Any) -> Any:
        api_id, stage, path, method, headers, body = request[:6]
        if not _may_invoke(integration, f"{api_id}/{stage}/{method}{path}"):
            return _message(500, "Internal Server Error")
        if _in_event(body or b"", headers) > SYNC_LIMIT:
            return _message(413, "Request Entity Too Large")
        token = _in_http_api.set(True)
        try:
            return await asyncio.wait_for(invoke(integration, *request, **options), seconds)
        except TimeoutError:
            return _message(503, "Service Unavailable")
        finally:
            _in_http_api.reset(token)

    return invoke_allowed


def _in_event(body: bytes, headers: dict[str, str]) -> int:
    """Say how many bytes a body takes in the function's event: what is no text stands there in base64."""
    if apigateway._v2_request_body_is_text(headers.get("content-type")):
        return len(body)
    return -(-len(body) // 3) * 4


def _shaped(shape: Callable[..., Any]) -> Callable[..., Any]:
    """Tell a caller of an HTTP API nothing of how a function failed."""

    def shape_result(result: dict[str, Any]) -> Any:
        if _in_http_api.get() and result.get("error") and not result.get("throttle"):
            _status, headers, body = _message(500, "Internal Server Error")
            return {"statusCode": 500, "headers": headers, "body": body.decode()}, None
        return shape(result)

    return shape_result


def _may_invoke(integration: dict[str, Any], call: str) -> bool:
    """Say whether the function's policy lets this API invoke it, and tell the log if not."""
    uri = integration.get("integrationUri", "")
    reference = apigateway._extract_lambda_ref_from_integration_uri(uri)
    record, _config, name = lambda_svc._get_func_record_for_ref(reference)
    if record is None:
        return True  # the emulator answers for a missing function
    place = f"{get_region()}:{get_account_id()}"
    arn, source = f"arn:aws:lambda:{place}:function:{name}", f"arn:aws:execute-api:{place}:{call}"
    if event_targets.service_may_invoke(record["policy"], arn, SERVICE, source):
        return True
    logger.warning("the policy of %s does not let %s invoke it for %s", arn, SERVICE, source)
    return False


def _message(status: int, text: str) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps({"message": text}).encode()
