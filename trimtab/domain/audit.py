"""The audit entry: who did what to which subject, what it was before and after, why, and when."""

from datetime import datetime
from typing import Any

from trimtab.domain.base import Frozen


class AuditEntry(Frozen):
    """One change of state; written in the same transaction as the change, never changed, never deleted."""

    id: str
    model: str
    at: datetime
    actor: str  # ARN of the caller, or the function's name for what Trimtab decided itself
    action: str  # past tense: an event name of trimtab.domain.events where there is one
    subject: str  # "dataset 3", "version 2", "alias champion"
    before: Any = None
    after: Any = None
    reason: str
