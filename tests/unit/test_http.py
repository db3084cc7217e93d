"""Every HTTP function answers what it cannot serve with a problem document that says what to do."""

import base64
import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from trimtab.api.bodies import Reasoned
from trimtab.errors import Conflict
from trimtab.http import api, body_json, caller


class Wish(Reasoned):
    """A body as routes parse it."""

    count: int = 1


def request(method: str = "POST", path: str = "/wishes", **changes: Any) -> dict[str, Any]:
    """Return a request as API Gateway's payload 2.0 gives it, as far as these tests need it."""
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "stage": "$default",
            "requestId": "r-1",
            "http": {"method": method, "path": path},
            "authorizer": {"iam": {"userArn": "arn:aws:iam::000000000000:user/ann"}},
        },
        "isBase64Encoded": False,
        **changes,
    }


@pytest.fixture
def answer():
    """Ask an API with one route of every outcome."""
    app = api()

    @app.post("/wishes")
    def wish() -> dict[str, Any]:
        return {"by": caller(app), **body_json(app, Wish).model_dump()}

    @app.get("/taken")
    def taken() -> dict[str, Any]:
        raise Conflict("it is taken", hint="choose another")

    @app.get("/broken")
    def broken() -> dict[str, Any]:
        raise ZeroDivisionError("secret detail")

    def ask(event: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, Any]]:
        told = app.resolve(event, LambdaContext())
        return told["statusCode"], json.loads(told["body"]), told["headers"]

    return ask


def test_a_good_body_reaches_the_route_with_the_callers_arn(answer):
    status, body, _ = answer(request(body='{"reason": "because", "count": 2}'))
    assert status == 200
    assert body == {"by": "arn:aws:iam::000000000000:user/ann", "reason": "because", "count": 2}


def test_a_base64_body_is_decoded(answer):
    body = base64.b64encode('{"reason": "früh"}'.encode()).decode()
    assert answer(request(body=body, isBase64Encoded=True))[1]["reason"] == "früh"


def test_an_error_told_on_purpose_becomes_a_problem_with_code_and_hint(answer):
    status, body, headers = answer(request("GET", "/taken"))
    assert status == 409
    assert headers["Content-Type"] == "application/problem+json"
    assert body == {
        "type": "urn:trimtab:problem:conflict",
        "title": "Conflict",
        "status": 409,
        "detail": "it is taken",
        "code": "CONFLICT",
        "hint": "choose another",
        "errors": [],
    }


def test_an_unforeseen_error_tells_the_caller_where_to_look_and_nothing_else(answer, caplog):
    status, body, _ = answer(request("GET", "/broken"))
    assert (status, body["code"]) == (500, "FAULT")
    assert "r-1" in body["hint"]
    assert "secret detail" not in json.dumps(body)
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("DELETE", "/wishes")])
def test_an_unknown_route_or_method_is_named_in_the_problem(answer, method, path):
    status, body, headers = answer(request(method, path))
    assert (status, body["code"]) == (404, "NOT_FOUND")
    assert headers["Content-Type"] == "application/problem+json"
    assert f"{method} {path}" in body["detail"]


@pytest.mark.parametrize(
    "body",
    [None, "", "{", "NaN", '{"reason": NaN}', "[" * 5000, '{"reason": "x"'],
)
def test_a_body_that_is_not_json_is_refused(answer, body):
    status, told, _ = answer(request(body=body))
    assert (status, told["code"]) == (400, "INVALID_INPUT")
    assert "not JSON" in told["detail"]


def test_a_body_that_is_not_text_is_refused(answer):
    body = base64.b64encode(b"\xff\xfe\x00").decode()
    status, told, _ = answer(request(body=body, isBase64Encoded=True))
    assert (status, told["code"]) == (400, "INVALID_INPUT")


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ("{}", "reason", "a value"),
        ('{"reason": 7}', "reason", "a valid string"),
        ('{"reason": " "}', "reason", "at least 1 character"),
        ('{"reason": "' + "x" * 501 + '"}', "reason", "at most 500 characters"),
        ('{"reason": "x", "count": "2"}', "count", "a valid integer"),
        ('{"reason": "x", "resaon": "y"}', "resaon", "only reason, count"),
        ("[]", "body", "an object"),
    ],
)
def test_each_wrong_field_is_named_with_what_was_expected(answer, body, field, expected):
    status, told, _ = answer(request(body=body))
    assert status == 400
    assert [problem["field"] for problem in told["errors"]] == [field]
    assert expected in told["errors"][0]["expected"]
    assert field in told["detail"]


def test_the_value_of_a_wrong_field_is_never_repeated(answer):
    assert "hunter2" not in json.dumps(
        answer(request(body='{"reason": "x", "count": "hunter2"}'))[1]
    )


def test_a_body_of_another_media_type_is_refused(answer):
    status, told, _ = answer(request(body="reason=x", headers={"content-type": "text/plain"}))
    assert (status, told["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_unsigned_request_is_refused(answer):
    event = request(body='{"reason": "x"}')
    del event["requestContext"]["authorizer"]
    assert answer(event)[0] == 403
