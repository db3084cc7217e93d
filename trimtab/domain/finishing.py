"""The end of a training run: the request as it is kept then, its audit entry, and the event that tells of it."""

from datetime import datetime

from trimtab.domain.audit import AuditEntry
from trimtab.domain.endings import Outcome
from trimtab.domain.events import TrainingFinished
from trimtab.domain.training import TrainingRequest


def ended(request: TrainingRequest, outcome: Outcome, at: datetime) -> TrainingRequest:
    """Return the request as it is kept once its run ended."""
    return request.model_copy(
        update={"phase": outcome.ending, "ended_at": at, "verdict": outcome.reason}
    )


def entry_of(
    model: str, before: TrainingRequest, after: TrainingRequest, *, id: str, actor: str
) -> AuditEntry:
    """Return the audit entry of a run's end. Raises ValueError if it has not ended."""
    told = told_as(model, after)
    return AuditEntry(
        id=id,
        model=model,
        at=told.at,
        actor=actor,
        action=TrainingFinished.__name__,
        subject=f"request {after.request_id}",
        before={"phase": before.phase},
        after={"phase": after.phase, "execution_arn": after.execution_arn},
        reason=told.reason,
    )


def told_as(model: str, request: TrainingRequest) -> TrainingFinished:
    """Return the event that tells of a run's end. Raises ValueError if it has not ended."""
    if request.ended_at is None or request.ending is None:
        raise ValueError(f"request {request.request_id} of {model} has not ended")
    return TrainingFinished(
        model=model,
        at=request.ended_at,
        reason=request.verdict or "",
        request_id=request.request_id,
        execution_arn=request.execution_arn or "",
        phase=request.ending,
    )
