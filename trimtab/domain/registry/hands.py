"""Whose hand changes something in the registry, and the audit entries that tell of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.domain.aliases import AliasMove
from trimtab.domain.audit import AuditEntry
from trimtab.domain.registry.models import RegisteredModel
from trimtab.domain.versions import ModelVersion

TEXT_MOST = 1000  # characters of a text that an audit entry repeats
TOLD_MOST = 100  # texts that it repeats


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


def said(thing: RegisteredModel | ModelVersion) -> dict[str, str | None]:
    """Return what people say of a model or a version: its description and its tags."""
    return {"description": thing.description, **{f"tag {k}": v for k, v in thing.tags.items()}}


def differences(
    before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return what was said and is not any more, and what is said instead, long texts cut."""
    changed = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)][
        :TOLD_MOST
    ]
    was, is_now = ({name: _cut(told.get(name)) for name in changed} for told in (before, after))
    return was, is_now


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= TEXT_MOST else text[:TEXT_MOST] + "…"
