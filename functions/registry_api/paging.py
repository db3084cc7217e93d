"""Pages of lists: `limit`, `page_token` and `fields` in, `items` and `next_page_token` out."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel

from trimtab.api.queries import Paged
from trimtab.errors import InvalidInput
from trimtab.query import read_query, wanted_fields

TOKEN_MOST = 1024  # bytes that a sort key of the table can have

Listed = Callable[[int, str | None], tuple[Sequence[BaseModel], str | None]]


class Lister(Protocol):
    """A store's list of one model's things, newest first."""

    def __call__(
        self, model: str, *, limit: int, after: str | None
    ) -> tuple[Sequence[BaseModel], str | None]:
        """Return a page and where the next one begins."""
        ...


def page(app: APIGatewayHttpResolver, kind: type[BaseModel], listed: Listed) -> dict[str, Any]:
    """Return the page of `kind` that the request asks for. Raises InvalidInput if there is no such page."""
    return page_of(read_query(app, Paged), kind, listed)


def page_of(query: Paged, kind: type[BaseModel], listed: Listed) -> dict[str, Any]:
    """Return the page of `kind` that the query asks for. Raises InvalidInput if there is no such page."""
    wanted = wanted_fields(query, kind)
    items, token = listed(query.limit, _after(query.page_token))
    return {
        "items": [item.model_dump(mode="json", include=wanted) for item in items],
        "next_page_token": None if token is None else urlsafe_b64encode(token.encode()).decode(),
    }


def _after(given: str | None) -> str | None:
    if not given:
        return None
    try:
        token = urlsafe_b64decode(given.encode("ascii")).decode()
    except ValueError:
        token = ""
    if not 0 < len(token.encode()) <= TOKEN_MOST:
        expected = str(Paged.model_fields["page_token"].description)
        raise InvalidInput(
            f"page_token: expected {expected}",
            hint="leave page_token out to begin with",
            problems=[
                {"field": "page_token", "message": "has a wrong value", "expected": expected}
            ],
        )
    return token
