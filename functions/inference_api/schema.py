"""How a prediction request is read from HTTP, and what answers it."""

import base64
import binascii
import json
from typing import Any, NoReturn

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from trimtab.aws.invocations import LIMIT
from trimtab.domain.inference import INFERENCE_ID, BadRequest, checked_rows
from trimtab.domain.model import ModelSpec
from trimtab.errors import InvalidInput, TooLarge
from trimtab.http import insist_on_json

VERSION_HEADER = "x-trimtab-version"
ID_HEADER = "x-trimtab-inference-id"
ID_LENGTH = 64  # SageMaker's limit; printable characters only


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
        _not_json(error)


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
    """Return the caller's inference id if SageMaker takes it, else the new one."""
    given = app.current_event.headers.get(ID_HEADER) or body.get(INFERENCE_ID)
    is_good = isinstance(given, str) and given.isascii() and given.isprintable()
    return given if is_good and 1 <= len(given) <= ID_LENGTH else new_id


def _raw_body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        _not_json(error)


def _not_json(error: Exception) -> NoReturn:
    what = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be decoded"
    raise InvalidInput(
        f"the body is not JSON: {what}", hint="send one JSON object in UTF-8"
    ) from error
