"""What is known of a version's live traffic: how far it is judged, what drifts, and what each window showed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.drift.incidents import Followed, Incident
from trimtab.domain.drift.report import Cause, DriftReport, State, Trace
from trimtab.domain.events import DriftCleared, DriftDetected, MonitoringBlinded
from trimtab.domain.quality.measured import Estimate
from trimtab.domain.quality.windows import QualityWindow

BLIND = 3  # windows in a row of which nothing can be told are told


class Watch(Frozen):
    """How far a version's windows are judged."""

    version: PositiveInt
    since: datetime  # the begin of the first window
    judged_until: datetime
    traces: tuple[Trace, ...] = ()  # of the newest windows, the oldest first
    incidents: dict[Cause, Incident] = Field(default_factory=dict)  # that are open
    detected: tuple[DriftDetected, ...] = ()  # what everybody is still to be told
    cleared: tuple[DriftCleared, ...] = ()
    blind: NonNegativeInt = 0  # windows in a row of which nothing could be told
    blinded: tuple[MonitoringBlinded, ...] = ()

    @property
    def news(self) -> tuple[DriftDetected | DriftCleared | MonitoringBlinded, ...]:
        """What everybody is still to be told."""
        return (*self.detected, *self.cleared, *self.blinded)

    def without_news(self) -> "Watch":
        """Return it once everybody was told."""
        return self.model_copy(update={"detected": (), "cleared": (), "blinded": ()})


class WatchedWindow(Frozen):
    """What was found of a window."""

    version: PositiveInt
    start: datetime
    end: datetime
    state: State
    reason: str
    rows: NonNegativeInt
    drifted: tuple[str, ...]  # columns, the furthest first
    judged_at: datetime
    report_uri: str | None  # the page
    estimate: Estimate | None = None  # of its quality, before labels come


def detected(
    model: str, window: WatchedWindow, report: DriftReport, cause: Cause, followed: Followed
) -> DriftDetected | DriftCleared | None:
    """Return what is to be told of a window, or None."""
    incident = followed.incident
    if incident is None or not followed.is_told or cause == "feed":
        return None
    if followed.change == "closed":
        return DriftCleared(
            model=model,
            incident_id=incident.id,
            version=window.version,
            kind=cause,
            features=incident.columns,
            window_start=window.start,
            window_end=window.end,
            at=window.judged_at,
            reason=incident.sentence,
        )
    worst = report.drifted(cause)
    return DriftDetected(
        model=model,
        incident_id=incident.id,
        version=window.version,
        kind=cause,
        features=tuple(dict.fromkeys(one.column for one in worst)),
        metric=worst[0].measure,
        effect=worst[0].effect or 0.0,
        limit=worst[0].floor or 0.0,
        rows=report.rows,
        window_start=window.start,
        window_end=window.end,
        at=window.judged_at,
        reason=worst[0].sentence,
    )


def blinded(
    model: str,
    kind: Literal["drift", "quality"],
    window: WatchedWindow | QualityWindow,
    blind: int,
) -> tuple[MonitoringBlinded, ...]:
    """Return what is to be told once nothing could be told of so many windows in a row, the latest among them."""
    if blind != BLIND:
        return ()
    return (
        MonitoringBlinded(
            model=model,
            version=window.version,
            kind=kind,
            windows=blind,
            window_start=window.start,
            window_end=window.end,
            at=window.judged_at,
            reason=f"nothing could be told of {blind} windows in a row; of the last: {window.reason}",
        ),
    )


def kept(traces: Sequence[Trace], newest: Trace, most: int) -> tuple[Trace, ...]:
    """Return as many traces as later windows need."""
    return (*traces, newest)[-most:]
