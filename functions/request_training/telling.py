"""What the bus and the audit trail are told of decisions and requests."""

from trimtab.domain.audit import AuditEntry
from trimtab.domain.events import (
    Detail,
    TrainingDeferred,
    TrainingJoined,
    TrainingRequested,
    TrainingSkipped,
)
from trimtab.domain.finishing import told_as
from trimtab.domain.training import Decision, TrainingRequest, TrainingState

ACTIONS = {
    "start": TrainingRequested.__name__,
    "wait": TrainingDeferred.__name__,
    "join": TrainingJoined.__name__,
    "skip": TrainingSkipped.__name__,
}
LEFT_OUT = {"waiting"}  # of the state: each of them has its own entries


def of_request(model: str, request: TrainingRequest) -> Detail:
    """Return the event that tells of a request: of its end, if that is all there ever was of it."""
    if request.never_started:
        return told_as(model, request)
    return TrainingRequested(
        model=model,
        at=request.requested_at,
        reason=request.reason,
        request_id=request.request_id,
        cause=request.cause.value,
        dataset_version=request.dataset_version,
        execution_arn=request.execution_arn or "",
    )


def of_decision(model: str, decision: Decision) -> Detail:
    """Return the event that tells of a decision which started nothing."""
    cause, version = decision.cause.kind.value, decision.dataset_version
    at, reason = decision.at, decision.reason
    if decision.kind == "join":
        return TrainingJoined(
            model=model,
            at=at,
            reason=reason,
            cause=cause,
            dataset_version=version,
            request_id=decision.request_id,
        )
    if decision.waits_for is None:
        return TrainingSkipped(
            model=model,
            at=at,
            reason=reason,
            cause=cause,
            dataset_version=version,
            policy=decision.policy,
            value=decision.value,
            limit=decision.limit,
        )
    return TrainingDeferred(
        model=model,
        at=at,
        reason=reason,
        cause=cause,
        dataset_version=version,
        waits_for=decision.waits_for,
        until=decision.until,
        policy=decision.policy,
        value=decision.value,
        limit=decision.limit,
    )


def entry_of(
    model: str, before: TrainingState, after: TrainingState, decision: Decision, *, id: str
) -> AuditEntry:
    """Return the audit entry of a decision; what it was decided by stands in it too."""
    on = decision.dataset_version
    told = decision.model_dump(mode="json", exclude={"at", "reason"}, exclude_defaults=True)
    return AuditEntry(
        id=id,
        model=model,
        at=decision.at,
        actor=decision.cause.actor,
        action=ACTIONS[decision.kind],
        subject="training" if on is None else f"training on dataset {on}",
        before=before.model_dump(mode="json", exclude=LEFT_OUT),
        after={**after.model_dump(mode="json", exclude=LEFT_OUT), "decision": told},
        reason=decision.reason,
    )
