"""What nobody sends on purpose: each is refused with 4xx and in words, whatever the route."""

import io
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from wsgiref.util import setup_testing_defaults

import pytest

from tests.functions.mlflow_wire import call as mlflow
from tests.http_gateway import gateway
from tests.moto_platform import MODEL, MotoPlatform, moto_platform
from trimtab.api.queries import Paged
from trimtab.api.route import Route
from trimtab.api.routes import ROUTES

NAMES = {
    "control characters": "a\x00b\x1fc",
    "lines": "a\nb\r\nc",
    "quotes": '\'; DROP TABLE "models" --',
    "slashes": "..%2F..%2Fetc",
    "hashes": "MODEL#x#VERSION#1",
    "every language": "航班 Flüge рейсы 🛫",
    "both directions": "\u202eevil\u202c",
    "combining": "e" + "\u0301" * 300,
    "long": "x" * 3000,
    "percent": "%",
    "blank": " ",
    "a number": "-0",
    "much too large": "9" * 400,
}
TOKENS = {
    "no base64": "!!!",
    "empty base64": "====",
    "a key of another list": urlsafe_b64encode(b"CAUSE#person").decode(),
    "odd bytes": urlsafe_b64encode(bytes(range(256))).decode(),
    "nothing but zeros": urlsafe_b64encode(b"\x00" * 12).decode(),
    "a long key": urlsafe_b64encode(b"VERSION#" + b"9" * 1016 + b"9" * 100).decode(),
    "no ASCII": "ñ" * 30,
    "long": "A" * 100_000,
    "JSON": json.dumps({"pk": "MODEL#x", "sk": "ROUTE"}),
}
LARGE = 10 * 2**20
BODIES = {
    "a long text": json.dumps({"reason": "x" * LARGE}),
    "many fields": json.dumps({f"field{number}": number for number in range(600_000)}),
    "deep lists": "[" * LARGE,
    "deep objects": '{"a":' * (LARGE // 5),
    "blanks": " " * LARGE,
    "a long number": "9" * LARGE,
    "no JSON": "\x00" * LARGE,
}
OF_MODELS = ("list_models", "list_live")  # not of one model: there is something in them
LISTED = [route for route in ROUTES if route.listed]
NAMED = [route for route in ROUTES if route.parameters]
WITH_BODY = [route for route in ROUTES if route.body is not None]


@pytest.fixture(scope="module", autouse=True)
def platform() -> Iterator[MotoPlatform]:
    """One deployment for all: nothing here changes it."""
    with pytest.MonkeyPatch.context() as monkeypatch, moto_platform(monkeypatch) as deployment:
        yield deployment


def ask(route: Route, *, name: str = MODEL, query: str = "", body: str = "") -> tuple[int, Any]:
    """Send a request as a client would; return status and answer."""
    path = route.path
    for parameter in route.parameters:
        path = path.replace("{" + parameter + "}", name)
    told: dict[str, Any] = {}
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    environ |= {
        "REQUEST_METHOD": route.method,
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(body.encode()),
    }
    [data] = gateway(environ, lambda status, headers: told.update(status=int(status)))
    return told["status"], json.loads(data)


def refused(told: tuple[int, Any]) -> None:
    """Insist that the answer says in words what is wrong with the request."""
    status, answer = told
    assert 400 <= status < 500, answer
    assert answer.get("detail") or answer.get("message") == "Not Found", answer
    assert len(json.dumps(answer)) < 20_000


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("route", NAMED, ids=lambda route: route.name)
def test_an_odd_name_in_a_path_is_refused(route: Route, name: str) -> None:
    body = json.dumps({"reason": "why"}) if route.body is not None else ""
    refused(ask(route, name=name, body=body))


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("route", LISTED, ids=lambda route: route.name)
def test_a_made_up_page_token_is_refused_or_is_only_another_place_in_the_list(
    route: Route, token: str
) -> None:
    status, answer = ask(route, query=f"page_token={quote(token)}")
    if status != 200:
        refused((status, answer))
    else:
        assert answer == {"items": [], "next_page_token": None} or route.name in OF_MODELS


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("route", LISTED, ids=lambda route: route.name)
def test_an_odd_value_of_any_parameter_is_refused_or_finds_nothing(route: Route, name: str) -> None:
    assert route.query is not None
    for parameter in sorted(set(route.query.model_json_schema()["properties"]) - {"page_token"}):
        status, answer = ask(route, query=f"{parameter}={quote(name)}")
        if status != 200:
            refused((status, answer))
        elif parameter not in Paged.model_fields:
            assert answer["items"] == [], parameter


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_parameter_that_no_route_knows_is_refused_by_name(name: str) -> None:
    for route in LISTED:
        status, answer = ask(route, query=f"{quote(name)}=1")
        refused((status, answer))
        if status != 404:  # a list of something that is not there
            said = [problem["message"] for problem in answer["errors"]]
            assert "is not a parameter of this route" in said, route.name


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.name)
def test_a_body_of_ten_megabytes_is_refused(route: Route, kind: str) -> None:
    refused(ask(route, body=BODIES[kind]))


@pytest.mark.parametrize("route", WITH_BODY, ids=lambda route: route.name)
@pytest.mark.parametrize(
    "body", ['"\\ud800"', '{"reason": "\\ud800"}', '{"reason": 1e999}', "\ufeff{}"]
)
def test_json_that_is_no_text_is_refused(route: Route, body: str) -> None:
    refused(ask(route, body=body))


SEARCHES = [
    ("POST", "runs/search", {"experiment_ids": ["0"]}),
    ("POST", "experiments/search", {"max_results": 10}),
    ("GET", "registered-models/search", {}),
    ("GET", "model-versions/search", {}),
    ("POST", "logged-models/search", {"experiment_ids": ["0"]}),
]


def search(method: str, path: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Search as an MLflow client does."""
    if method == "GET":
        return mlflow(method, path, **fields)
    return mlflow(method, path, fields)


def refused_as_mlflow_does(told: tuple[int, dict[str, Any]]) -> None:
    """Insist that a client of MLflow is told in words what is wrong with its request."""
    status, answer = told
    assert 400 <= status < 500, answer
    assert answer["error_code"]
    assert answer["message"]


@pytest.mark.parametrize(("method", "path", "fields"), SEARCHES, ids=lambda one: str(one)[:30])
def test_an_mlflow_filter_of_ten_thousand_characters_is_refused(
    method: str, path: str, fields: dict[str, Any]
) -> None:
    for text in ("x" * 10_000, "(" * 10_000, "name = '" + "y" * 10_000, "a.b = 1 AND " * 800):
        refused_as_mlflow_does(search(method, path, {**fields, "filter": text}))


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize(("method", "path", "fields"), SEARCHES, ids=lambda one: str(one)[:30])
def test_a_made_up_page_token_of_mlflows_is_refused(
    method: str, path: str, fields: dict[str, Any], token: str
) -> None:
    refused_as_mlflow_does(search(method, path, {**fields, "page_token": token}))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_of_ten_megabytes_is_refused_on_mlflows_paths(body: str) -> None:
    refused_as_mlflow_does(mlflow("POST", "runs/log-batch", body))
