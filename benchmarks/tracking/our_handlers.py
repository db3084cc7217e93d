"""registry_api in this process, on the DynamoDB of a local cloud; what DynamoDB takes is told apart."""

import http.client
import json
import os
import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from local.cloud import LocalCloud

PREFIX = "/api/2.0/mlflow/"
CALLER = "arn:aws:iam::000000000000:user/bench"
CONTEXT = SimpleNamespace(
    function_name="bench",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:bench",
    aws_request_id="bench",
)


def settle_in(cloud: LocalCloud) -> None:
    """Give this process the environment that registry_api has in the cloud."""
    function = f"trimtab-{cloud.connection.stage}-registry-api"
    found = cloud.client("lambda").get_function_configuration(FunctionName=function)
    os.environ.update(found["Environment"]["Variables"])
    os.environ.update(
        AWS_ENDPOINT_URL=cloud.connection.endpoint_url,
        AWS_ACCESS_KEY_ID=cloud.connection.access_key_id,
        AWS_SECRET_ACCESS_KEY=cloud.connection.secret_access_key,
        AWS_DEFAULT_REGION=cloud.connection.region,
        AWS_REGION=cloud.connection.region,
        AWS_LAMBDA_FUNCTION_NAME=function,
        POWERTOOLS_LOG_LEVEL="ERROR",
    )


class DatabaseTime:
    """Counts the seconds from a request to DynamoDB until its answer is read."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0
        for owner, name in (
            (http.client.HTTPConnection, "request"),
            (http.client.HTTPConnection, "getresponse"),
            (http.client.HTTPResponse, "read"),
        ):
            self._watch(owner, name)

    def _watch(self, owner: Any, name: str) -> None:
        method = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - started
                self.calls += name == "request"

        setattr(owner, name, watched)


class Handler:
    """Calls the handler with the events that API Gateway would make."""

    def __init__(self) -> None:
        from functions.registry_api.handler import lambda_handler  # noqa: PLC0415 (reads the environment)

        self._handle = lambda_handler

    def __call__(self, method: str, endpoint: str, fields: dict[str, Any]) -> dict[str, Any]:
        query, body = (urlencode(fields), None) if method == "GET" else ("", json.dumps(fields))
        answer = self._handle(event(method, PREFIX + endpoint, query, body), CONTEXT)  # type: ignore[arg-type]
        if answer["statusCode"] != 200:
            raise RuntimeError(f"{endpoint} answered {answer['statusCode']}: {answer['body']}")
        told: dict[str, Any] = json.loads(answer["body"])
        return told


def event(method: str, path: str, query: str, body: str | None) -> dict[str, Any]:
    """Return API Gateway's event (payload format 2.0) of a signed request."""
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json", "host": "bench"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "bench",
            "authorizer": {"iam": {"userArn": CALLER, "accountId": "000000000000"}},
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "::1"},
            "requestId": "bench",
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
        },
        "isBase64Encoded": False,
    }
    if query:
        made["queryStringParameters"] = dict(part.split("=", 1) for part in query.split("&"))
    if body is not None:
        made["body"] = body
    return made
