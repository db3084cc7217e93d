"""The audit entry of what an MLflow client asks for."""

from typing import Any

from functions.registry_api.mlflow.request import Request
from trimtab.domain.audit import AuditEntry

REASON = "asked for over MLflow's API"  # which has no field for a reason


def entry_of(request: Request, action: str, subject: str, before: Any, after: Any) -> AuditEntry:
    """Return the entry that tells of a change which the request makes."""
    return AuditEntry(
        id=request.runtime.new_id(),
        model="",
        at=request.runtime.clock.now(),
        actor=request.actor,
        action=action,
        subject=subject,
        before=before,
        after=after,
        reason=REASON,
    )
