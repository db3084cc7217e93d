"""Page tokens: where a list goes on, sealed with what was asked, so that one list's token is none of another's."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from functions.registry_api.mlflow.errors import WireError

TOKEN_MOST = 4096  # characters


def token_of(place: Any, *asked: Any) -> str:
    """Return the token of a place (JSON) in the list that was asked for."""
    text = json.dumps([_seal(asked), place], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode()


def place_of(token: str | None, *asked: Any) -> Any:
    """Return the place that a token tells, None without one. Raises WireError for what is no token of this list."""
    if not token:
        return None
    try:
        seal, place = json.loads(urlsafe_b64decode(token[:TOKEN_MOST].encode("ascii")))
    except (ValueError, TypeError, RecursionError):
        raise WireError("Invalid page token, could not base64-decode") from None
    if seal != _seal(asked):
        raise WireError("Invalid page token, it belongs to another search")
    return place


def _seal(asked: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]
