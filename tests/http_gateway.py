"""API Gateway in this process: each request reaches the handler that the table of routes names."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.moto_platform import Context
from trimtab.api.route import Route
from trimtab.api.routes import ROUTES

PERSON = "arn:aws:iam::111122223333:user/example-user"
Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def gateway(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A WSGI application that answers as the deployed API does."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].encode("latin-1").decode()
    route = _route(method, path)
    if route is None:
        answer: dict[str, Any] = {"statusCode": 404, "body": json.dumps({"message": "Not Found"})}
    else:
        handler = import_module(f"functions.{route.function}.handler").lambda_handler
        answer = handler(_event(environ, method, path, route), Context())
    headers = {"Content-Type": "application/json", **answer.get("headers", {})}
    start_response(f"{answer['statusCode']} ", [(name, str(v)) for name, v in headers.items()])
    return [answer["body"].encode()]


def _route(method: str, path: str) -> Route | None:
    """The route of a request; one that names every part of the path goes before one that has a parameter there."""
    fitting = [route for route in ROUTES if route.method == method and _pattern(route, path)]
    return min(fitting, key=lambda route: len(route.parameters), default=None)


def _pattern(route: Route, path: str) -> bool:
    parts = ["[^/]+" if part.startswith("{") else re.escape(part) for part in route.path.split("/")]
    return re.fullmatch("/".join(parts), path, re.DOTALL) is not None


def _event(environ: Environ, method: str, path: str, route: Route) -> dict[str, Any]:
    body = environ["wsgi.input"].read()
    query = environ.get("QUERY_STRING", "")
    event = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(_headers(environ)),
        "requestContext": {
            "stage": "$default",
            "requestId": "fuzz",
            "http": {"method": method, "path": path},
            "authorizer": {"iam": {"userArn": PERSON}},
        },
        **_body(body),
    }
    if query:
        event["queryStringParameters"] = _joined(query)
    return event


def _headers(environ: Environ) -> Iterator[tuple[str, str]]:
    if environ.get("CONTENT_TYPE"):
        yield "content-type", environ["CONTENT_TYPE"]
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name.removeprefix("HTTP_").replace("_", "-").lower(), value


def _joined(query: str) -> dict[str, str]:
    """A parameter that is given twice comes as one, with a comma between."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        found.setdefault(unquote(name), []).append(value)
    return {name: ",".join(values) for name, values in found.items()}


def _body(body: bytes) -> dict[str, Any]:
    if not body:
        return {"isBase64Encoded": False}
    try:
        return {"body": body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
