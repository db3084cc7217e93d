"""What is usual of a model's live traffic, by a person's word: a period of it in place of the evaluation."""

from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from trimtab.api.bodies import DriftAcceptance
from trimtab.aws.aliases import Aliases
from trimtab.aws.drift_references import DriftReferences
from trimtab.aws.watches import Watches
from trimtab.domain.aliases import Alias
from trimtab.domain.audit import AuditEntry
from trimtab.domain.drift.accepted import AcceptedPeriod
from trimtab.domain.model import ModelSpec
from trimtab.domain.watched import WatchedWindow
from trimtab.errors import Conflict, InvalidState
from trimtab.http import body_json, caller
from trimtab.runtime import Runtime, get_runtime

USUAL = timedelta(days=28)  # the period, unless another is named
AHEAD = timedelta(
    hours=2
)  # the first window begins so far ahead: counts of none are on two references


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API the route of accepted periods."""

    @app.post("/v1/models/<model>/drift/accept")
    def accept_drift(model: str) -> dict[str, Any]:
        runtime = get_runtime()
        spec = runtime.models.get(model)
        asked = body_json(app, DriftAcceptance)
        return _accept(runtime, spec, caller(app), asked).model_dump(mode="json")


def _accept(
    runtime: Runtime, spec: ModelSpec, actor: str, asked: DriftAcceptance
) -> AcceptedPeriod:
    champion = Aliases(runtime.table).get(spec.name, Alias.champion)
    if champion is None or champion.version is None:
        raise Conflict(
            f"no version of {spec.name} answers yet", hint="there is no traffic that could be usual"
        )
    policy, now = spec.monitoring, runtime.clock.now()
    windows = _windows(runtime, spec, champion.version, asked)
    rows = sum(one.rows for one in windows)
    if rows < policy.drift.minimum_rows:
        raise InvalidState(
            f"{len(windows)} judged windows with {rows:,} rows: {policy.drift.minimum_rows:,} are needed",
            hint=f"trimtab drift list {spec.name} shows the windows of version {champion.version}",
        )
    since = policy.begin(now + AHEAD) + timedelta(hours=policy.window_hours)
    period = AcceptedPeriod(
        version=champion.version,
        start=windows[-1].start,
        end=windows[0].end,
        since=since,
        windows=len(windows),
        rows=rows,
        actor=actor,
        reason=asked.reason,
        at=now,
    )
    entry = AuditEntry(
        id=runtime.new_id(),
        model=spec.name,
        at=now,
        actor=actor,
        action="DriftAccepted",
        subject=f"version {champion.version}",
        before=None,
        after=period.model_dump(mode="json", include={"start", "end", "since", "rows"}),
        reason=asked.reason,
    )
    return DriftReferences(runtime.table).accept(spec.name, period, entry)


def _windows(
    runtime: Runtime, spec: ModelSpec, version: int, asked: DriftAcceptance
) -> list[WatchedWindow]:
    """The judged windows of the period, newest first; those that could not be read are no part of it."""
    watches = Watches(runtime.table)
    end = asked.end or runtime.clock.now()
    start: datetime = asked.start or end - USUAL
    found = watches.between(spec.name, version, start, end)
    return [one for one in reversed(found) if one.end <= end and one.state != "error"]
