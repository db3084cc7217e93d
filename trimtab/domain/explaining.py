"""Why a model was trained, or was not: what asked for it in a span of time, what came of each, and what still waits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from trimtab.domain.audit import AuditEntry
from trimtab.domain.base import Frozen
from trimtab.domain.spending import Left
from trimtab.domain.training import CauseKind, Run, Waiting, WaitsFor

OUTCOMES: dict[str, Literal["start", "wait", "join", "skip"]] = {
    "TrainingRequested": "start",
    "TrainingDeferred": "wait",
    "TrainingJoined": "join",
    "TrainingSkipped": "skip",
}
"""What became of a cause, by the action of its audit entry."""

FINISHED = "TrainingFinished"


class ToldCause(Frozen):
    """What became of one cause at one moment."""

    at: datetime
    cause: CauseKind
    key: str  # the same in all entries of a cause, as when it waited first
    actor: str
    outcome: Literal["start", "wait", "join", "skip"]
    reason: str
    policy: str | None = None  # the field of model.yaml that decided
    value: float | None = None  # what was measured against it
    limit: float | None = None  # what it says
    waits_for: WaitsFor | None = None
    until: datetime | None = None
    request_id: str | None = None
    dataset_version: int | None = None


class ToldEnd(Frozen):
    """How one run ended."""

    at: datetime
    request_id: str
    phase: str
    reason: str


class Why(Frozen):
    """The answer to why a model was trained, or was not, in a span of time."""

    sentence: str
    since: datetime
    until: datetime
    causes: tuple[ToldCause, ...]  # of that time, the newest first
    ends: tuple[ToldEnd, ...]  # of runs, in that time
    running: Run | None  # now
    waiting: tuple[Waiting, ...]  # now
    budget: Left | None  # now; None: the model has none


def told_causes(entries: Sequence[AuditEntry]) -> tuple[ToldCause, ...]:
    """Return what the audit trail tells of causes, in its order; entries without a decision are passed over."""
    return tuple(
        _cause(entry, entry.after["decision"])
        for entry in entries
        if entry.action in OUTCOMES and "decision" in (entry.after or {})
    )


def told_ends(entries: Sequence[AuditEntry]) -> tuple[ToldEnd, ...]:
    """Return what the audit trail tells of the ends of runs, in its order."""
    return tuple(
        ToldEnd(
            at=entry.at,
            request_id=entry.subject.removeprefix("request "),
            phase=entry.after["phase"],
            reason=entry.reason,
        )
        for entry in entries
        if entry.action == FINISHED
    )


def explained(
    model: str,
    entries: Sequence[AuditEntry],
    *,
    since: datetime,
    until: datetime,
    running: Run | None,
    waiting: tuple[Waiting, ...],
    budget: Left | None,
) -> Why:
    """Return the whole answer, from the model's audit entries of the time (the newest first) and what is now."""
    causes, ends = told_causes(entries), told_ends(entries)
    return Why(
        sentence=_sentence(model, causes, ends, since, until),
        since=since,
        until=until,
        causes=causes,
        ends=ends,
        running=running,
        waiting=waiting,
        budget=budget,
    )


def _cause(entry: AuditEntry, decision: dict[str, Any]) -> ToldCause:
    known = {
        name: decision.get(name) for name in ("policy", "value", "limit", "waits_for", "until")
    }
    return ToldCause.model_validate(
        {
            **known,
            "at": entry.at,
            "cause": decision["cause"]["kind"],
            "key": decision["cause"]["key"],
            "actor": entry.actor,
            "outcome": OUTCOMES[entry.action],
            "reason": entry.reason,
            "request_id": decision.get("request_id"),
            "dataset_version": decision.get("dataset_version"),
        },
        strict=False,
    )


def _sentence(
    model: str,
    causes: Sequence[ToldCause],
    ends: Sequence[ToldEnd],
    since: datetime,
    until: datetime,
) -> str:
    span = f"between {_time(since)} and {_time(until)}"
    started = [one for one in causes if one.outcome == "start"]
    if started:
        last = started[0]
        end = next((one for one in ends if one.request_id == last.request_id), None)
        came = f"It ended as {end.phase}: {end.reason}" if end else "It had not ended by then"
        many = (
            f"{len(started)} runs were started, the last"
            if len(started) > 1
            else "A run was started"
        )
        return f"{many} at {_time(last.at)} for {_named(last)}: {last.reason}. {came}."
    if not causes:
        return f"{model} was not trained {span}: nothing asked for it."
    keys = {one.key for one in causes}
    came = "1 cause came" if len(keys) == 1 else f"{len(keys)} causes came"
    last = causes[0]
    outcome = {"wait": "waits", "join": "joined what was under way", "skip": "was no reason enough"}
    return (
        f"{model} was not trained {span}: {came}; the last, {_named(last)}, "
        f"{outcome[last.outcome]}: {last.reason}."
    )


def _named(cause: ToldCause) -> str:
    return cause.cause.value.replace("_", " ")


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"
