"""The audit entry: who did what to which subject, what it was before and after, why, and when."""

from datetime import datetime
from typing import Any

from trimtab.domain.base import Frozen


class AuditEntry(Frozen):
    """One change of state; written in the same transaction as the change, never changed, never deleted."""

    id: str
    model: str  # empty for what belongs to none: experiments, runs
    at: datetime
    actor: str  # ARN of the caller, or the function's name for what Trimtab decided itself
    action: str  # past tense: an event name of trimtab.domain.events where there is one
    subject: str  # "dataset 3", "version 2", "alias champion"
    before: Any = None
    after: Any = None
    reason: str


class Wanted(Frozen):
    """Which entries of the trail are looked for; None: whatever it is."""

    model: str | None = None
    subject: str | None = None
    actor: str | None = None  # an ARN, or what follows the account in one
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_of_time_only(self) -> bool:
        """Whether every entry of the wanted model and time is wanted."""
        return self.subject is None and self.actor is None and self.action is None

    def matches(self, entry: AuditEntry) -> bool:
        """Say whether an entry is one of those."""
        return (
            self.model in (None, entry.model)
            and self.subject in (None, entry.subject)
            and self.actor in (None, entry.actor, name_of(entry.actor))
            and self.action in (None, entry.action)
            and (self.since is None or self.since <= entry.at)
            and (self.until is None or entry.at <= self.until)
        )


def name_of(actor: str) -> str:
    """Return an actor as people call it: what follows the account in an ARN."""
    return actor.rpartition(":")[2] if actor.startswith("arn:") else actor
