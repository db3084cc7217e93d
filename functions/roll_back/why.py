"""Who wants a rollback, and for what reason."""

from datetime import datetime
from typing import NamedTuple


class Why(NamedTuple):
    """Who wants a rollback, and for what reason."""

    actor: str
    reason: str
    alarm: str | None = None  # its name, if it was one


class Came(NamedTuple):
    """What came of it: which version was left, and which answers instead."""

    version: int
    left: int
    at: datetime
    changed: bool  # by this request
    waits: bool = False  # for the endpoint of `version`; the traffic has not moved yet
