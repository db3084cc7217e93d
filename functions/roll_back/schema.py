"""What a person says who rolls back, and what she is told."""

from typing import Annotated

from pydantic import PositiveInt, StringConstraints

from trimtab.domain.base import Frozen


class RollBackRequest(Frozen):
    """Why, and from which version if the caller wants to be sure."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    from_version: PositiveInt | None = None  # the champion the caller believes in


class RollBackAnswer(Frozen):
    """Where the traffic is now."""

    model: str
    version: int
    from_version: int
    endpoint_name: str
    changed: bool  # False: an earlier request had already done it
    at: str
    sentence: str
