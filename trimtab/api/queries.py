"""What stands behind the question mark of a request; each description says what is expected."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from trimtab.domain.base import Frozen

LIMIT_MOST = 100  # items of a page
TOKEN_MOST = 2048  # characters; a sort key of the table has 1024 bytes at most


def _whole(given: Any) -> Any:
    """Take a number as text, but only one written in plain digits."""
    if isinstance(given, str):
        if not given.isascii() or not given.isdigit() or len(given) > len(str(2**63)):
            raise ValueError("not a whole number")
        return int(given)
    return given


Whole = Annotated[int, BeforeValidator(_whole)]


class Sparse(Frozen):
    """What every answer can be cut down to."""

    fields: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None, description="names of fields with commas between: only these are answered"
    )


class Paged(Sparse):
    """Which page of a list."""

    limit: Annotated[Whole, Field(ge=1, le=LIMIT_MOST)] = Field(
        50, description=f"a whole number from 1 to {LIMIT_MOST}"
    )
    page_token: Annotated[str, Field(max_length=TOKEN_MOST)] | None = Field(
        None, description="the next_page_token of an earlier page of the same list"
    )
