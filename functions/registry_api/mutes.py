"""What of a model's drift nobody is told for a while: it is judged and kept all the same."""

import difflib
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from functions.registry_api.paging import page
from trimtab.api.bodies import DriftMute, DriftMuteList, DriftUnmute
from trimtab.aws.drift_mutes import DriftMutes
from trimtab.domain.audit import AuditEntry
from trimtab.domain.drift.incidents import Mute
from trimtab.domain.drift.mutes import Muted, Mutes
from trimtab.errors import Conflict, InvalidInput
from trimtab.http import body_json, caller
from trimtab.runtime import Runtime, get_runtime

MOST = 100  # mutes of a model


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API the routes of mutes."""

    @app.get("/v1/models/<model>/drift/mutes")
    def list_drift_mutes(model: str) -> dict[str, Any]:
        runtime = get_runtime()
        runtime.models.get(model)
        standing = DriftMutes(runtime.table).get(model).standing(runtime.clock.now())[::-1]

        def listed(limit: int, after: str | None) -> tuple[tuple[Muted, ...], str | None]:
            begin = int(after) if after and after.isdecimal() else 0
            end = begin + limit
            return standing[begin:end], str(end) if end < len(standing) else None

        return page(app, Muted, listed)

    @app.post("/v1/models/<model>/drift/mute")
    def mute_drift(model: str) -> dict[str, Any]:
        asked = body_json(app, DriftMute)
        return _told(_mute(get_runtime(), model, caller(app), asked))

    @app.post("/v1/models/<model>/drift/unmute")
    def unmute_drift(model: str) -> dict[str, Any]:
        asked = body_json(app, DriftUnmute)
        return _told(_unmute(get_runtime(), model, caller(app), asked))


def _mute(runtime: Runtime, model: str, actor: str, asked: DriftMute) -> tuple[Muted, ...]:
    now = runtime.clock.now()
    _insist_on_features(runtime, model, asked.columns)
    if asked.until <= now:
        raise InvalidInput(
            f"until: {asked.until.isoformat()} has passed", hint="name a time to come"
        )
    mute = Mute(reason=asked.reason, until=asked.until, cause=asked.kind, columns=asked.columns)
    one = Muted(mute=mute, actor=actor, at=now)

    def change(before: Mutes) -> tuple[Mutes, AuditEntry | None]:
        if len(before.standing(now)) >= MOST:
            raise Conflict(
                f"{model} has {MOST} mutes already",
                hint="unmute some, or mute more columns at once",
            )
        same = [each.mute for each in before.standing(now)]
        entry = _entry(runtime, model, one, "DriftMuted", until=asked.until)
        return before.with_one(one), None if mute in same else entry

    return DriftMutes(runtime.table).change(model, change).standing(now)


def _unmute(runtime: Runtime, model: str, actor: str, asked: DriftUnmute) -> tuple[Muted, ...]:
    now = runtime.clock.now()
    _insist_on_features(runtime, model, asked.columns)

    def change(before: Mutes) -> tuple[Mutes, AuditEntry | None]:
        found = [one for one in before.standing(now) if one.is_about(asked.columns, asked.kind)]
        if not found:
            return before, None
        ended = found[0].mute.model_copy(update={"reason": asked.reason})
        entry = _entry(
            runtime, model, Muted(mute=ended, actor=actor, at=now), "DriftUnmuted", until=None
        )
        return before.without(asked.columns, asked.kind, now), entry

    return DriftMutes(runtime.table).change(model, change).standing(now)


def _entry(
    runtime: Runtime, model: str, one: Muted, action: str, *, until: datetime | None
) -> AuditEntry:
    about = ", ".join(one.mute.columns) or "every column"
    kind = f"{one.mute.cause} drift" if one.mute.cause else "drift"
    return AuditEntry(
        id=runtime.new_id(),
        model=model,
        at=one.at,
        actor=one.actor,
        action=action,
        subject=f"{kind} of {about}",
        before=None,
        after={"until": until.isoformat() if until else None},
        reason=one.mute.reason,
    )


def _insist_on_features(runtime: Runtime, model: str, columns: tuple[str, ...]) -> None:
    features = runtime.models.get(model).features
    for name in columns:
        if name not in features:
            near = difflib.get_close_matches(name, features, 1)
            raise InvalidInput(
                f"columns: {name!r} is no feature of {model}",
                hint=f"did you mean {near[0]}?" if near else f"they are {', '.join(features)}",
            )


def _told(standing: tuple[Muted, ...]) -> dict[str, Any]:
    return DriftMuteList(items=standing[::-1]).model_dump(mode="json")
