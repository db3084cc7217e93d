"""One incident per model and cause, not one alarm per feature and window; and who has muted what, why, until when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import AwareDatetime, StringConstraints

from trimtab.domain.base import Frozen
from trimtab.domain.drift.report import Cause, DriftReport, Judgement

Change = Literal["opened", "grown", "goes_on", "closed", "none"]


class Incident(Frozen):
    """Drift of one cause, from the first window to the last."""

    id: str
    cause: Cause
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    columns: tuple[str, ...]  # all that took part, in the order in which they did
    sentence: str  # of the newest window


class Mute(Frozen):
    """What nobody wants to be told for a while; it is judged and recorded all the same."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    until: AwareDatetime
    cause: Cause | None = None  # None: any
    columns: tuple[str, ...] = ()  # none: any

    def covers(self, judgement: Judgement, at: datetime) -> bool:
        """Say whether this need not be told."""
        return (
            at < self.until
            and self.cause in {None, judgement.cause}
            and (not self.columns or judgement.column in self.columns)
        )


class Followed(NamedTuple):
    """What a window makes of an incident."""

    incident: Incident | None
    change: Change
    is_told: bool  # whether people are to hear of it


def follow(
    incident: Incident | None,
    report: DriftReport,
    cause: Cause,
    *,
    at: datetime,
    new_id: str,
    mutes: Sequence[Mute] = (),
) -> Followed:
    """Say what becomes of the open incident of this cause, or whether there is one now.

    A window that could tell nothing changes nothing. People hear of it when it opens, when columns join it that
    nobody has muted, and when it closes.
    """
    drifted = report.drifted(cause)
    if not drifted:
        return _quiet(incident, report, cause, at, mutes)
    told = [one for one in drifted if not any(mute.covers(one, at) for mute in mutes)]
    names = tuple(dict.fromkeys(one.column for one in drifted))
    if incident is None:
        opened = Incident(
            id=new_id, cause=cause, opened_at=at, columns=names, sentence=drifted[0].sentence
        )
        return Followed(opened, "opened", bool(told))
    joined = [name for name in names if name not in incident.columns]
    grown = incident.model_copy(
        update={"columns": (*incident.columns, *joined), "sentence": drifted[0].sentence}
    )
    if not joined:
        return Followed(grown, "goes_on", is_told=False)
    return Followed(grown, "grown", any(one.column in joined for one in told))


def _quiet(
    incident: Incident | None,
    report: DriftReport,
    cause: Cause,
    at: datetime,
    mutes: Sequence[Mute],
) -> Followed:
    if incident is None:
        return Followed(None, "none", is_told=False)
    judged = [one for one in report.judgements if one.cause == cause]
    unsure = {one.column for one in judged if one.state in ("insufficient_data", "error")}
    if not judged or unsure & set(incident.columns):
        return Followed(incident, "goes_on", is_told=False)
    closed = incident.model_copy(update={"closed_at": at, "sentence": report.sentence})
    muted = any(
        at < mute.until and mute.cause in {None, cause} and not mute.columns for mute in mutes
    )
    return Followed(closed, "closed", not muted)
