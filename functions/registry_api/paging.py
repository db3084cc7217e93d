"""Pages of lists: `limit` and `page_token` in, `items` and `next_page_token` out."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel

from trimtab.errors import InvalidInput

LIMIT = 50
LIMIT_MOST = 100
TOKEN_MOST = 1024  # bytes that a sort key of the table can have

Listed = Callable[[int, str | None], tuple[Sequence[dict[str, Any]], str | None]]


class Lister(Protocol):
    """A store's list of one model's things, newest first."""

    def __call__(
        self, model: str, *, limit: int, after: str | None
    ) -> tuple[Sequence[BaseModel], str | None]:
        """Return a page and where the next one begins."""
        ...


def page(
    app: APIGatewayHttpResolver,
    listed: Callable[[int, str | None], tuple[Sequence[BaseModel], str | None]],
) -> dict[str, Any]:
    """Return the page of a store's list that the request asks for."""

    def as_json(limit: int, after: str | None) -> tuple[list[dict[str, Any]], str | None]:
        items, token = listed(limit, after)
        return [item.model_dump(mode="json") for item in items], token

    return page_of(app, as_json)


def page_of(app: APIGatewayHttpResolver, listed: Listed) -> dict[str, Any]:
    """Return the page that the request asks for. Raises InvalidInput if it asks for none there could be."""
    query = app.current_event.query_string_parameters
    items, token = listed(_limit(query), _after(query))
    told = None if token is None else urlsafe_b64encode(token.encode()).decode()
    return {"items": items, "next_page_token": told}


def _limit(query: Mapping[str, str]) -> int:
    given = query.get("limit")
    if given is None:
        return LIMIT
    if given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= LIMIT_MOST:
        return int(given[:9])
    raise _wrong("limit", f"a whole number from 1 to {LIMIT_MOST}")


def _after(query: Mapping[str, str]) -> str | None:
    given = query.get("page_token")
    if not given:
        return None
    try:
        token = urlsafe_b64decode(given.encode("ascii")).decode()
    except ValueError:
        token = ""
    if not 0 < len(token.encode()) <= TOKEN_MOST:
        raise _wrong("page_token", "the next_page_token of an earlier page of the same list")
    return token


def _wrong(field: str, expected: str) -> InvalidInput:
    return InvalidInput(
        f"{field}: expected {expected}",
        hint=f"leave {field} out to begin with",
        problems=[{"field": field, "message": "has a wrong value", "expected": expected}],
    )
