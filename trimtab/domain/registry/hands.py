"""Whose hand changes something in the registry, and the audit entries that tell of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.domain.aliases import AliasMove
from trimtab.domain.audit import AuditEntry


@dataclass(frozen=True)
class Hand:
    """Who makes a change, why, and when."""

    actor: str
    reason: str
    at: datetime
    new_id: Callable[[], str]

    def entry(
        self, model: str, action: str, subject: str, *, before: Any = None, after: Any = None
    ) -> AuditEntry:
        """Return the audit entry of the change."""
        return AuditEntry(
            id=self.new_id(),
            model=model,
            at=self.at,
            actor=self.actor,
            action=action,
            subject=subject,
            before=before,
            after=after,
            reason=self.reason,
        )

    def move(self, before: int | None, version: int | None) -> AliasMove:
        """Return the move of an alias."""
        return AliasMove(
            version=version, before=before, actor=self.actor, reason=self.reason, at=self.at
        )
