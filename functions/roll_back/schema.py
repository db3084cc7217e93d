"""What a person says who rolls back, and what she is told."""

from pydantic import PositiveInt

from trimtab.domain.base import Frozen
from trimtab.http import Reasoned


class RollBackRequest(Reasoned):
    """Why, and from which version if the caller wants to be sure."""

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
