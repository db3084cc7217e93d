"""A collection: labels that came together, in a file or a request, and a table of what became of each."""

from datetime import datetime

from pydantic import AwareDatetime, NonNegativeInt, PositiveInt

from trimtab.domain.audit import AuditEntry
from trimtab.domain.base import Frozen

EXAMPLES = 20  # rows named of each reason
COUNTED = ("new", "repeated", "corrected", "outdated", "unknown", "refused")


class Refusal(Frozen):
    """Labels that could not be taken, for one reason."""

    reason: str
    count: PositiveInt
    rows: tuple[int, ...] = ()  # the first of them; 1 is the first row


class Collection(Frozen):
    """Labels that came together. What was received is new, repeated, corrected, outdated, unknown or refused."""

    id: str
    model: str
    source: str  # the file's address, or the route
    actor: str
    received_at: AwareDatetime
    received: NonNegativeInt
    new: NonNegativeInt = 0  # the first for their prediction
    repeated: NonNegativeInt = 0  # say what was known
    corrected: NonNegativeInt = 0  # say something else, and hold from then on
    outdated: NonNegativeInt = 0  # say something else, but were observed before what was known
    unknown: NonNegativeInt = 0  # no prediction has their id; it may still arrive
    refused: NonNegativeInt = 0  # cannot be read
    refusals: tuple[Refusal, ...] = ()  # why
    newest_at: AwareDatetime | None = None  # when the newest of the predictions was made
    total: NonNegativeInt = 0  # of the model, with these

    def entry(self, entry_id: str, at: datetime, actor: str) -> AuditEntry:
        """Return the audit entry of what became of it."""
        return AuditEntry(
            id=entry_id,
            model=self.model,
            at=at,
            actor=actor,
            action="LabelsCollected",
            subject=self.id,
            before=None,
            after={name: getattr(self, name) for name in COUNTED},
            reason=self.sentence,
        )

    @property
    def sentence(self) -> str:
        """What became of it, in one sentence."""
        counts = {name: getattr(self, name) for name in COUNTED}
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        why = f": {self.refusals[0].reason}" if self.refusals else ""
        return f"{self.received:,} labels from {self.source}: {told or 'none'}{why}"
