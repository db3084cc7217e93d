"""Aliases: names that point at one version of a model, and the history of where they pointed."""

from datetime import datetime
from enum import StrEnum

from pydantic import PositiveInt

from trimtab.domain.base import Frozen


class Alias(StrEnum):
    """The names a version can have."""

    champion = "champion"  # answers the requests
    previous = "previous"  # what a rollback returns to
    challenger = "challenger"  # gets a growing share of the requests


class AliasMove(Frozen):
    """One move of an alias; the last one tells where the alias points."""

    version: PositiveInt | None  # None: the alias points at nothing
    before: PositiveInt | None  # where it pointed before
    actor: str
    reason: str
    at: datetime

    @property
    def is_rollback(self) -> bool:
        """Whether this move returned to an earlier version; a promotion only ever goes to a later one."""
        return self.version is not None and self.before is not None and self.version < self.before
