"""The runtime: InvokeEndpoint, its limits and its errors."""

import json
import re
from dataclasses import dataclass

from local.sagemaker.context import Context
from local.sagemaker.endpoints import Endpoints
from local.sagemaker.errors import ServiceError
from local.sagemaker.fleet import Variant
from local.sagemaker.loopback import Reply

PATH = re.compile(r"/endpoints/([^/]+)/(invocations(?:-response-stream)?|async-invocations)")
SUCCESS, CLIENT_ERROR = 2, 4  # first digit of a status
PATIENCE = 10.0  # seconds a request waits for a server that is being started again
PREFIX = "x-amzn-sagemaker-"
REFUSED = (
    "target-model",
    "target-container-hostname",
    "enable-explanations",
    "inference-component",
)
PASSED_ON = ("custom-attributes", "inference-id")
LENGTHS = {"custom-attributes": (0, 1024), "inference-id": (1, 64)}


@dataclass(frozen=True)
class Answer:
    """What goes back on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class Invocations:
    """Takes inference requests to the model servers."""

    def __init__(self, context: Context, endpoints: Endpoints) -> None:
        """Serve the endpoints given."""
        self._context = context
        self._endpoints = endpoints

    def invoke(self, endpoint: str, headers: dict[str, str], body: bytes) -> Answer:
        """InvokeEndpoint. Raises ServiceError with the runtime's error types."""
        _check_headers(headers)
        variant = self._variant(endpoint, headers.get(f"{PREFIX}target-variant"))
        if len(body) > variant.body_limit:
            raise _validation(
                "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must "
                f"have length less than or equal to {variant.body_limit}"
            )
        if not variant.slots.acquire(blocking=False):
            raise ServiceError(
                "ThrottlingException", "Rate exceeded: MaxConcurrency is reached", 429
            )
        try:
            reply = self._ask(endpoint, variant, headers, body)
        finally:
            variant.slots.release()
        return self._answer(endpoint, variant, reply)

    def _variant(self, endpoint: str, wanted: str | None) -> Variant:
        if not self._endpoints.exists(endpoint):
            raise _validation(
                f"Endpoint {endpoint} of account {self._context.config.account} not found."
            )
        if not self._endpoints.in_service(endpoint):
            raise _validation(
                f"Endpoint {endpoint} of account {self._context.config.account} is not in service."
            )
        fleet = self._endpoints.fleet(endpoint, PATIENCE)
        if fleet is None:
            raise ServiceError("ModelNotReadyException", f"Endpoint {endpoint} is starting.", 429)
        variant = fleet.choose(wanted)
        if variant is None:
            raise _validation(
                f"Variant {wanted or 'with a weight over 0'} not found for Endpoint {endpoint}."
            )
        return variant

    def _ask(self, endpoint: str, variant: Variant, headers: dict[str, str], body: bytes) -> Reply:
        passed = {"Content-Type": headers.get("content-type", "application/octet-stream")}
        if accept := headers.get("accept"):
            passed["Accept"] = accept
        for name in PASSED_ON:
            if value := headers.get(PREFIX + name):
                passed[PREFIX + name] = value
        try:
            limit = self._context.config.invocation_seconds
            reply = variant.server.invoke(body, passed, limit, PATIENCE)
        except TimeoutError:
            raise self._model_error(
                endpoint,
                0,
                "Your invocation timed out while waiting for a response from container primary. Review "
                "the latency metrics for each container in Amazon CloudWatch, resolve the issue, and "
                "try again.",
            ) from None
        if reply is None:
            raise ServiceError(
                "ServiceUnavailable", "The model server is not available; try again.", 503
            )
        return reply

    def _answer(self, endpoint: str, variant: Variant, reply: Reply) -> Answer:
        if reply.status // 100 != SUCCESS:
            said = reply.body.decode("utf-8", "replace")
            raise self._model_error(endpoint, reply.status, said)
        if len(reply.body) > variant.body_limit:
            raise self._model_error(
                endpoint,
                reply.status,
                f"the response of {len(reply.body)} bytes is over the limit of {variant.body_limit}",
            )
        headers = {
            "Content-Type": reply.content_type,
            "x-Amzn-Invoked-Production-Variant": variant.name,
        }
        if reply.custom_attributes:
            headers["X-Amzn-SageMaker-Custom-Attributes"] = reply.custom_attributes
        return Answer(200, headers, reply.body)

    def _model_error(self, endpoint: str, status: int, said: str) -> ServiceError:
        side = "client" if status // 100 == CLIENT_ERROR else "server"
        config = self._context.config
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        return ServiceError(
            "ModelError",
            f'Received {side} error ({status}) from primary with message "{said[:1024]}". '
            f"See log group {group} of account {config.account} for more information.",
            424,
            ErrorCode=f"{side.upper()}_ERROR_FROM_MODEL",
            OriginalStatusCode=status,
            OriginalMessage=said[:1024],
            LogStreamArn=f"arn:aws:logs:{config.region}:{config.account}:log-group:{group}",
        )


def error_answer(error: ServiceError) -> Answer:
    """Return an error as the runtime answers it."""
    body = {"Message": error.message, **error.fields}
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
    return Answer(error.status, headers, json.dumps(body).encode())


def _check_headers(headers: dict[str, str]) -> None:
    for name in REFUSED:
        if headers.get(PREFIX + name):
            raise _validation(f"InvokeEndpoint: {name} is not supported by the local cloud")
    for name, (shortest, longest) in LENGTHS.items():
        value = headers.get(PREFIX + name)
        if value is not None and not shortest <= len(value) <= longest:
            raise _validation(f"{name} must have between {shortest} and {longest} characters")


def _validation(message: str) -> ServiceError:
    return ServiceError("ValidationError", message, 400)
