"""How a prediction request is read from HTTP, and what answers it."""

import base64
import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from trimtab.aws.invocations import LIMIT
from trimtab.domain.inference import INFERENCE_ID, BadRequest, checked_rows
from trimtab.domain.model import ModelSpec
from trimtab.errors import InvalidInput, TooLarge
from trimtab.http import EMPTY, insist_on_json, not_json

VERSION_HEADER = "x-trimtab-version"
ID_HEADER = "x-trimtab-inference-id"
ID_LENGTH = 64  # SageMaker's limit
ID_RULE = f"1 to {ID_LENGTH} printable ASCII characters"  # SageMaker's, but for control characters


def read_body(app: APIGatewayHttpResolver) -> Any:
    """Return the JSON of the request. Raises UnsupportedMedia, TooLarge or InvalidInput."""
    insist_on_json(app)
    raw = _raw_body(app.current_event.raw_event)
    if len(raw) > LIMIT:
        raise TooLarge(
            f"the body has {len(raw)} bytes, the limit is {LIMIT}",
            hint="send fewer rows per request",
        )
    try:
        return json.loads(raw)  # takes NaN; the contract check then says where it stands
    except (ValueError, RecursionError) as error:
        raise not_json(_fault(error) if raw else EMPTY) from error


def checked(body: object, spec: ModelSpec) -> list[list[Any]]:
    """Return the rows that keep the contract. Raises InvalidInput telling every field that does not."""
    try:
        return checked_rows(body, spec)
    except BadRequest as refused:
        raise InvalidInput(
            refused.sentence(),
            hint=f"the features of {spec.name} are {', '.join(spec.features)}",
            problems=refused.listed(),
        ) from refused


def inference_id(app: APIGatewayHttpResolver, body: Any, new_id: str) -> str:
    """Return the caller's inference id, or the new one if none is given.

    Raises InvalidInput for one that SageMaker would not take: labels that come later under it would be lost.
    """
    header, field = app.current_event.headers.get(ID_HEADER), body.get(INFERENCE_ID)
    for place, given in ((ID_HEADER, header), (INFERENCE_ID, field)):
        if given is not None and not _is_id(given):
            raise _wrong_id(place, "is not an inference id", ID_RULE)
    if header is not None and field is not None and header != field:
        raise _wrong_id(INFERENCE_ID, f"differs from the header {ID_HEADER}", "one of the two")
    return str(header or field or new_id)


def _is_id(given: object) -> bool:
    is_text = isinstance(given, str) and given.isascii() and given.isprintable()
    return is_text and 1 <= len(str(given)) <= ID_LENGTH


def _wrong_id(place: str, message: str, expected: str) -> InvalidInput:
    return InvalidInput(
        f"{place}: {message}, expected {expected}",
        hint="leave it out to be given one",
        problems=[{"field": place, "message": message, "expected": expected}],
    )


def _raw_body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    return base64.b64decode(body)


def _fault(error: Exception) -> str:
    match error:
        case json.JSONDecodeError():
            return str(error)
        case UnicodeDecodeError():
            return "it is not UTF-8"
        case RecursionError():
            return "it is nested too deeply"
        case _:
            return "a number in it has too many digits"
