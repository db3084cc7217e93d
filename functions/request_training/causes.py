"""Makes causes of training from the events that are one."""

from functions.request_training.schema import ACTOR, ScheduleDue
from trimtab.domain.events import DatasetAccepted, DriftDetected, QualityBreached
from trimtab.domain.training import Cause, CauseKind

Causing = DatasetAccepted | DriftDetected | QualityBreached | ScheduleDue


def cause_of(detail: Causing) -> Cause:
    """Return the cause that an event is; its key is the same however often the event comes."""
    match detail:
        case DatasetAccepted():
            return Cause(
                kind=CauseKind.new_data,
                key=f"dataset-{detail.dataset_version}",
                actor=ACTOR,
                reason=detail.reason,
                dataset_version=detail.dataset_version,
            )
        case DriftDetected():
            return _incident(CauseKind.drift, detail)
        case QualityBreached():
            return _incident(CauseKind.quality, detail)
        case ScheduleDue():
            return Cause(
                kind=CauseKind.schedule,
                key=f"schedule-{detail.due:%Y%m%dT%H%M%SZ}",
                actor=ACTOR,
                reason=f"{detail.expression} was due (retraining.schedule)",
            )


def _incident(kind: CauseKind, detail: DriftDetected | QualityBreached) -> Cause:
    return Cause(kind=kind, key=f"{kind}-{detail.incident_id}", actor=ACTOR, reason=detail.reason)
