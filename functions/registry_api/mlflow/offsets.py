"""Pages of searches that sort everything before they answer: a token says how much was answered already."""

import json
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from typing import TypeVar

from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.fields import Fields, wrong_type

Item = TypeVar("Item")


def page(items: Sequence[Item], most: int, token: str | None) -> tuple[Sequence[Item], str | None]:
    """Return the items of the page that `token` names, `most` at most, and the token of the next one."""
    start = _offset(token) if token else 0
    end = start + most
    following = b64encode(json.dumps({"offset": end}).encode()).decode()
    return items[start:end], following if end < len(items) else None


def page_size(fields: Fields, usual: int, most: int) -> int:
    """Return how many items a page may have, `usual` if the client does not say."""
    given = fields.integer("max_results")
    if given is None:
        return usual
    if given > most:
        raise wrong_type("max_results", str(given))
    if given < 1:
        raise WireError(
            f"Invalid value for max_results. It must be a positive integer, but got {given}"
        )
    return given


def _offset(token: str) -> int:
    try:
        text = b64decode(token.encode(), validate=True)
    except (Error, ValueError) as error:
        raise WireError("Invalid page token, could not base64-decode") from error
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WireError(f"Invalid page token, decoded value={text!r}") from error
    offset = told.get("offset") if isinstance(told, dict) else None
    if type(offset) is not int or not 0 < offset < 2**53:
        raise WireError(f"Invalid page token, parsed value={str(told)[:100]}")
    return offset
