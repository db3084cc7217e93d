"""How every HTTP function of Trimtab reads a request and says what went wrong (RFC 9457 problem documents)."""

import json
from http import HTTPStatus
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json

from trimtab.callers import signer
from trimtab.errors import (
    Fault,
    InvalidInput,
    NotFound,
    TooLarge,
    TrimtabError,
    UnsupportedMedia,
)
from trimtab.observability import logger

Body = TypeVar("Body", bound=BaseModel)

PROBLEM = "application/problem+json"
JSON = "application/json"
PLAIN = "identity"  # HTTP's word for a body that is not compressed
EMPTY = "it is empty"
BODY_MOST = (
    256 * 1024
)  # bytes; what people ask for is small, and each wrong field of a body costs time to tell
LISTED = 20  # problems told one by one; more would not be read
PYDANTIC_SAYS = (
    "Input should be "  # what its messages begin with before they tell what was expected
)
LENGTH_SAYS = "String should have "  # the same, of a text that is too short or too long


def api() -> APIGatewayHttpResolver:
    """Return a resolver whose every failure is a problem document, and never a stack trace."""
    app = APIGatewayHttpResolver()

    def no_such_route(_: NotFoundError) -> Response[str]:
        event = app.current_event
        return problem(
            NotFound(
                f"there is no route {event.http_method} {event.path}",
                hint="GET /v1/models lists the models; everything else stands below one",
            )
        )

    def unforeseen(error: Exception) -> Response[str]:
        logger.exception("request failed", error=type(error).__name__)
        request_id = app.current_event.request_context.request_id
        return problem(
            Fault(
                "the request could not be served",
                hint=f"the function's log tells why; look for request {request_id}",
            )
        )

    app.exception_handler(TrimtabError)(told)
    app.exception_handler(NotFoundError)(no_such_route)
    app.exception_handler(Exception)(unforeseen)
    return app


def told(error: TrimtabError) -> Response[str]:
    """Return the answer to a request that was refused on purpose."""
    logger.info("request refused", code=error.code, status=error.status, reason=error.message)
    return problem(error)


def problem(error: TrimtabError) -> Response[str]:
    """Return the problem document of an error."""
    body = {
        "type": f"urn:trimtab:problem:{error.code.lower().replace('_', '-')}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "hint": error.hint,
        "errors": error.problems,
    }
    return Response(
        status_code=error.status, content_type=PROBLEM, body=json.dumps(body, ensure_ascii=False)
    )


def accepted(body: dict[str, Any]) -> Response[str]:
    """Return the answer to a request that was taken but is not done yet."""
    return Response(
        status_code=HTTPStatus.ACCEPTED,
        content_type="application/json",
        body=json.dumps(body, ensure_ascii=False),
    )


def caller(app: APIGatewayHttpResolver) -> str:
    """Return the ARN of who signed the request. Raises NotAllowed if nobody did."""
    return signer(app.current_event.raw_event)


def body_json(app: APIGatewayHttpResolver, model_type: type[Body]) -> Body:
    """Return the body as `model_type`. Raises InvalidInput with a problem for every field that is wrong."""
    insist_on_json(app)
    if len(app.current_event.body or "") > BODY_MOST:
        raise TooLarge(
            f"the body has more than {BODY_MOST:,} bytes", hint="no field of it can be that long"
        )
    try:
        body = app.current_event.decoded_body or ""
        from_json(body, allow_inf_nan=False)  # JSON has no NaN, though many parsers take it
    except ValueError as error:
        raise not_json(str(error) if app.current_event.body else EMPTY) from error
    try:
        return model_type.model_validate_json(body)
    except ValidationError as error:
        raise refused(error, model_type) from error


def refused(error: ValidationError, model_type: type[BaseModel]) -> InvalidInput:
    """Return what a caller is told of a body that is not a `model_type`: each field, never its value."""
    problems = [
        _field_problem(detail, model_type)
        for detail in error.errors(include_url=False, include_input=False, include_context=False)[
            :LISTED
        ]
    ]
    first = problems[0]
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return InvalidInput(
        f"{first['field']}: {first['message']}, expected {first['expected']}{more}",
        hint="mend the fields named under errors",
        problems=problems,
    )


def not_json(what: str) -> InvalidInput:
    """Return what a caller is told whose body cannot be read; `what` is wrong with it."""
    return InvalidInput(f"the body is not JSON: {what}", hint="send one JSON object in UTF-8")


def media_type(app: APIGatewayHttpResolver) -> str:
    """Return what the body is said to be, JSON if nothing is said. Raises UnsupportedMedia for a compressed one."""
    headers = app.current_event.headers
    encoding = (headers.get("content-encoding") or PLAIN).strip().lower()
    if encoding != PLAIN:
        raise UnsupportedMedia(
            f"the body is encoded as {encoding}", hint="send it without content-encoding"
        )
    return (headers.get("content-type") or JSON).partition(";")[0].strip().lower()


def insist_on_json(app: APIGatewayHttpResolver) -> None:
    """Do nothing for a JSON body. Raises UnsupportedMedia for any other, and for a compressed one."""
    media = media_type(app)
    if media != JSON and not media.endswith("+json"):
        raise UnsupportedMedia(
            f"the body is {media}", hint="send JSON with the header content-type: application/json"
        )


def _field_problem(detail: ErrorDetails, model_type: type[BaseModel]) -> dict[str, Any]:
    field = ".".join(str(part) for part in detail["loc"]) or "body"
    fields = ", ".join(model_type.model_fields)
    match detail["type"]:
        case "missing":
            message, expected = "is missing", "a value"
        case "extra_forbidden":
            message, expected = "is not a field of this body", f"only {fields}"
        case "string_too_short" | "string_too_long" as fault:
            message = "is " + fault.removeprefix("string_").replace("_", " ")
            expected = detail["msg"].removeprefix(LENGTH_SAYS)
        case _ if detail["msg"].startswith(PYDANTIC_SAYS):
            message, expected = "has a wrong value", detail["msg"].removeprefix(PYDANTIC_SAYS)
        case _:
            message, expected = detail["msg"], "a valid value"
    return {"field": field, "message": message, "expected": expected}
