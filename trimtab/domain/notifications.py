"""What people are told of: events that somebody may want to act on, each in a few words, a sentence and a command."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from trimtab.domain import events
from trimtab.domain.base import Frozen

NAMED = 3  # features in a title
LIMIT = 20  # messages of one model in an hour: more are read by nobody


class Notification(Frozen):
    """One message."""

    id: str  # of the event
    event: str  # its type
    model: str
    at: datetime
    title: str
    reason: str  # the sentence that stands in the audit trail too
    done: str  # what was done about it, or is to be done
    look: str  # the command that tells more


class _Told(NamedTuple):
    """How an event is told."""

    title: str
    done: str
    look: str


def notification(event_id: str, detail: events.Detail) -> Notification | None:
    """Return what people are told of an event, or None if nobody need be told."""
    tell = TELLS.get(type(detail))
    told = tell(detail) if tell else None
    if told is None:
        return None
    return Notification(
        id=event_id,
        event=type(detail).__name__,
        model=detail.model,
        at=detail.at,
        title=told.title,
        reason=detail.reason,
        done=told.done,
        look=told.look,
    )


def _quarantined(detail: events.DatasetQuarantined) -> _Told:
    return _Told(
        f"{detail.model}: a batch is quarantined ({', '.join(detail.anomalies)})",
        f"{detail.batch_key} is kept and trains nothing until somebody releases it",
        f"trimtab data quarantine {detail.model}",
    )


def _trained(detail: events.TrainingFinished) -> _Told | None:
    if detail.phase == "successful":
        return None
    said = "was refused" if detail.phase == "failed" else "could not be told"
    return _Told(
        f"{detail.model}: what a training made {said}",
        "the champion stays as it is",
        f"trimtab training why {detail.model}",
    )


def _rejected(detail: events.VersionRejected) -> _Told:
    return _Told(
        f"{detail.model}: version {detail.version} may not serve",
        f"{detail.actor} rejected it",
        f"trimtab models show {detail.model}",
    )


def _promoted(detail: events.RolloutPromoted) -> _Told:
    left = detail.previous_version
    kept = f"; version {left} is kept warm for a rollback" if left else ""
    return _Told(
        f"{detail.model}: version {detail.version} is the champion",
        f"it answers all requests{kept}",
        f"trimtab models show {detail.model}",
    )


def _rolled_back(detail: events.RolloutRolledBack) -> _Told:
    return _Told(
        f"{detail.model}: traffic returned from version {detail.from_version} to version {detail.version}",
        f"by {detail.actor}; version {detail.from_version} had {detail.weight} % of the requests",
        f"trimtab audit list {detail.model}",
    )


def _refused(detail: events.RollbackRefused) -> _Told:
    return _Told(
        f"{detail.model}: a rollback moved no traffic",
        "nothing: somebody has to look into it",
        f"trimtab audit list {detail.model}",
    )


def _drifted(detail: events.DriftDetected) -> _Told:
    named, others = detail.features[:NAMED], len(detail.features) - NAMED
    what = "predictions" if detail.kind == "prediction" else ", ".join(named)
    more = f" and {others} more" if others > 0 and detail.kind == "data" else ""
    return _Told(
        f"{detail.model}: {what}{more} drifted",
        "a training is asked for; its policy decides",
        f"trimtab drift list {detail.model}",
    )


def _cleared(detail: events.DriftCleared) -> _Told:
    return _Told(
        f"{detail.model}: the drift is over",
        f"version {detail.version} sees again what it was trained on",
        f"trimtab drift list {detail.model}",
    )


def _worse(detail: events.QualityBreached) -> _Told:
    return _Told(
        f"{detail.model}: {detail.metric} is {detail.effect:.3g}, the limit is {detail.limit:.3g}",
        "a training is asked for; its policy decides",
        f"trimtab training why {detail.model}",
    )


def _blinded(detail: events.MonitoringBlinded) -> _Told:
    lacks = "labels" if detail.kind == "quality" else "requests"
    return _Told(
        f"{detail.model}: {detail.kind} cannot be told for want of {lacks}",
        f"nothing: version {detail.version} goes on unwatched; this is told once until a window can be judged",
        f"trimtab {detail.kind} list {detail.model}",
    )


def _recovered(detail: events.QualityRecovered) -> _Told:
    return _Told(
        f"{detail.model}: {detail.metric} is {detail.effect:.3g}, as usual again",
        f"version {detail.version} predicts as well as in its evaluation",
        f"trimtab quality list {detail.model}",
    )


TELLS: dict[type[events.Detail], Callable[..., _Told | None]] = {
    events.DatasetQuarantined: _quarantined,
    events.TrainingFinished: _trained,
    events.VersionRejected: _rejected,
    events.RolloutPromoted: _promoted,
    events.RolloutRolledBack: _rolled_back,
    events.RollbackRefused: _refused,
    events.DriftDetected: _drifted,
    events.DriftCleared: _cleared,
    events.QualityBreached: _worse,
    events.QualityRecovered: _recovered,
    events.MonitoringBlinded: _blinded,
}


def as_text(told: Notification, note: str = "") -> str:
    """Return a message as plain text."""
    lines = [told.reason, told.done, f"More: {told.look}", *([note] if note else [])]
    return "\n\n".join(lines)


def last_words(place: int) -> str | None:
    """Return what is added to the message that has this place in its model's hour; None if it is held back."""
    if place > LIMIT:
        return None
    if place == LIMIT:
        return (
            f"This is message {LIMIT} about this model within the hour: what follows in it is held back,"
            " and stands in the audit trail."
        )
    return ""
