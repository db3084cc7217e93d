"""How a prediction request is read from HTTP, and what answers it."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from trimtab.aws.invocations import LIMIT
from trimtab.domain.bad_request import BadRequest
from trimtab.domain.inference import CheckedRows, checked_rows
from trimtab.domain.model import ModelSpec
from trimtab.domain.request_csv import csv_rows
from trimtab.domain.request_json import INFERENCE_ID, json_rows
from trimtab.errors import InvalidInput, TooLarge
from trimtab.http import EMPTY, insist_on_json, media_type, not_json

CSV = "text/csv"
VERSION_HEADER = "x-trimtab-version"
ID_HEADER = "x-trimtab-inference-id"
FALLBACK_HEADER = "x-trimtab-fallback-from"
ID_LENGTH = 64  # SageMaker's limit
ID_RULE = f"1 to {ID_LENGTH} printable ASCII characters"  # SageMaker's, but for control characters


@dataclass(frozen=True)
class Request:
    """What a caller asks to be predicted."""

    rows: CheckedRows
    inference_id: str  # the caller's, or a new one


def read(app: APIGatewayHttpResolver, spec: ModelSpec, new_id: str) -> Request:
    """Return the request. Raises UnsupportedMedia, TooLarge, or InvalidInput telling all that breaks the contract."""
    field: object = None
    try:
        if media_type(app) == CSV:
            rows = csv_rows(_text(_raw_body(app)), spec)
        else:
            body = _json(app)
            rows, field = json_rows(body, spec), body.get(INFERENCE_ID)
        checked = checked_rows(rows, spec)
    except BadRequest as refused:
        raise InvalidInput(
            refused.sentence(),
            hint=f"the features of {spec.name} are {', '.join(spec.features)}",
            problems=refused.listed(),
        ) from refused
    return Request(checked, _inference_id(app, field) or new_id)


def _inference_id(app: APIGatewayHttpResolver, field: object) -> str | None:
    """Return the caller's inference id.

    Raises InvalidInput for one that SageMaker would not take: labels that come later under it would be lost.
    """
    header = app.current_event.headers.get(ID_HEADER)
    for place, given in ((ID_HEADER, header), (INFERENCE_ID, field)):
        if given is not None and not _is_id(given):
            raise _wrong_id(place, "is not an inference id", ID_RULE)
    if header is not None and field is not None and header != field:
        raise _wrong_id(INFERENCE_ID, f"differs from the header {ID_HEADER}", "one of the two")
    named = header or field
    return None if named is None else str(named)


def _is_id(given: object) -> bool:
    is_text = isinstance(given, str) and given.isascii() and given.isprintable()
    return is_text and 1 <= len(str(given)) <= ID_LENGTH


def _wrong_id(place: str, message: str, expected: str) -> InvalidInput:
    return InvalidInput(
        f"{place}: {message}, expected {expected}",
        hint="leave it out to be given one",
        problems=[{"field": place, "message": message, "expected": expected}],
    )


def _raw_body(app: APIGatewayHttpResolver) -> bytes:
    event = app.current_event.raw_event
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else str(body).encode()
    if len(raw) > LIMIT:
        raise TooLarge(
            f"the body has {len(raw)} bytes, the limit is {LIMIT}",
            hint="send fewer rows per request",
        )
    return raw


def _json(app: APIGatewayHttpResolver) -> Any:
    insist_on_json(app)
    raw = _raw_body(app)
    try:
        return json.loads(raw)  # takes NaN; the contract check then says where it stands
    except (ValueError, RecursionError) as error:
        raise not_json(_fault(error) if raw else EMPTY) from error


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")  # spreadsheets put a byte order mark before what they export
    except UnicodeDecodeError as error:
        raise InvalidInput("the body is not UTF-8", hint="send CSV in UTF-8") from error


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
