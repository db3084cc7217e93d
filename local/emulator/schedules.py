"""Fires EventBridge's scheduled rules and Scheduler's schedules on the local clock.

After an advance over several periods a rule fires once, for the last time that it missed: its work looks at the
present, and repeating it for each period would tell nothing new. A one-time schedule that was passed fires.
"""

import json
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from ministack.services import eventbridge, scheduler

from local.clock import LocalClock, clock_module
from local.emulator import event_targets
from local.emulator.environment import ACCOUNT, REGION

logger = logging.getLogger(__name__)

LOOK_SECONDS = (
    5.0  # how late a rule made since the last look may be noticed; the shortest rate is a minute
)
AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")


@dataclass(frozen=True)
class Entry:
    """Something that is to fire: a rule or a schedule."""

    key: str
    expression: str
    zone: str
    created: float
    start: float | None
    end: float | None
    fire: Callable[[float], None]  # takes the time that it was due


class Schedules:
    """Knows when each entry fired last and waits for the next."""

    def __init__(self, clock: LocalClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = clock.time()  # what was due before is not made good: the cloud was off
        self._fired: dict[str, float] = {}
        self._look()

    def _look(self) -> None:
        """Fire what is due and come back for what is next."""
        now = self._clock.time()
        soonest = now + LOOK_SECONDS
        try:
            with self._lock, event_targets.service_scope():
                entries = [*_rules(), *_schedules()]
                self._forget_all_but(entries)
                for entry in entries:
                    soonest = min(soonest, self._serve(entry, now))
        except Exception:
            logger.exception("the schedules could not be looked through")
        finally:
            self._clock.call_at(soonest, self._look)

    def _serve(self, entry: Entry, now: float) -> float:
        """Fire the entry if it is due and return when it is due next (infinity: never)."""
        last = self._fired.get(entry.key) or max(entry.created, self._begun)
        due = _last_due(entry, last, now)
        if due is not None:
            self._fired[entry.key] = due
            try:
                entry.fire(due)
            except Exception:
                logger.exception("%s could not be fired", entry.key)
        return _next_due(entry, max(last, due or 0.0)) or float("inf")

    def _forget_all_but(self, entries: list[Entry]) -> None:
        kept = {entry.key for entry in entries}
        self._fired = {key: at for key, at in self._fired.items() if key in kept}


def install(clock: LocalClock) -> Schedules:
    """Take the firing of rules and schedules over from the emulator."""
    scheduler.time = clock_module(clock)
    eventbridge.start_scheduler = scheduler.start_scheduler = lambda: None
    return Schedules(clock)


def _last_due(entry: Entry, after: float, now: float) -> float | None:
    """Return the last time in (after, now] at which the entry was due."""
    if entry.end is not None:
        now = min(now, entry.end)
    interval = eventbridge._parse_rate_seconds(entry.expression)
    if interval is not None:
        first = _next_due(entry, after)
        if first is None or first > now:
            return None
        return float(first + (now - first) // interval * interval)
    due, found = _next_due(entry, after), None
    while due is not None and due <= now:
        found, due = due, _next_due(entry, due)
    return found


def _next_due(entry: Entry, after: float) -> float | None:
    """Return the first time later than `after` at which the entry is due, None if never."""
    if entry.start is not None:
        after = max(after, entry.start - 1e-6)
    due = _next_of_expression(entry, after)
    return None if due is None or (entry.end is not None and due > entry.end) else due


def _next_of_expression(entry: Entry, after: float) -> float | None:
    interval = eventbridge._parse_rate_seconds(entry.expression)
    if interval is not None:
        anchor = entry.created if entry.start is None else entry.start
        return float(anchor + ((after - anchor) // interval + 1) * interval)
    zone = ZoneInfo(entry.zone)
    if at := AT.fullmatch(entry.expression.strip()):
        moment = datetime.fromisoformat(at[1]).replace(tzinfo=zone).timestamp()
        return moment if moment > after else None
    fields = eventbridge._parse_cron_fields(entry.expression)
    if fields is None:
        return None
    found = eventbridge._cron_next_fire(fields, datetime.fromtimestamp(after, zone))
    return None if found is None else float(found.timestamp())


def _rules() -> list[Entry]:
    entries = []
    for key, rule in list(eventbridge._rules.items()):
        expression = rule.get("ScheduleExpression")
        if expression and rule.get("State") == "ENABLED":
            created = float(rule.get("CreationTime") or 0)
            fire = _rule_firing(key, rule)
            entries.append(
                Entry(f"{rule['Arn']} {expression}", expression, "UTC", created, None, None, fire)
            )
    return entries


def _rule_firing(key: str, rule: dict[str, Any]) -> Callable[[float], None]:
    def fire(due: float) -> None:
        event = {
            "EventId": str(uuid4()),
            "Source": "aws.events",
            "DetailType": "Scheduled Event",
            "Detail": "{}",
            "EventBusName": rule.get("EventBusName", "default"),
            "Time": int(due),
            "Resources": [rule["Arn"]],
            "Account": ACCOUNT,
            "Region": REGION,
        }
        for target in list(eventbridge._targets.get(key, [])):
            eventbridge._invoke_target(target, event, rule)

    return fire


def _schedules() -> list[Entry]:
    entries = []
    for key, schedule in list(scheduler._schedules.items()):
        if schedule.get("State") == "ENABLED":
            entries.append(
                Entry(
                    key=f"{schedule['Arn']} {schedule['ScheduleExpression']}",
                    expression=schedule["ScheduleExpression"],
                    zone=schedule.get("ScheduleExpressionTimezone") or "UTC",
                    created=float(schedule.get("CreationDate") or 0),
                    start=scheduler._to_epoch(schedule.get("StartDate")),
                    end=scheduler._to_epoch(schedule.get("EndDate")),
                    fire=_schedule_firing(key, schedule),
                )
            )
    return entries


def _schedule_firing(key: str, schedule: dict[str, Any]) -> Callable[[float], None]:
    def fire(due: float) -> None:
        eventbridge._invoke_target(_scheduled_target(schedule, due), _NO_EVENT, schedule)
        one_time = AT.fullmatch(schedule["ScheduleExpression"].strip()) is not None
        if one_time and schedule.get("ActionAfterCompletion") == "DELETE":
            scheduler._schedules.pop(key, None)

    return fire


_NO_EVENT = {"Source": "aws.scheduler", "DetailType": "Scheduled Event", "Detail": "{}"}


def _scheduled_target(schedule: dict[str, Any], due: float) -> dict[str, Any]:
    """Return the schedule's target with the input that Scheduler sends at `due`."""
    target: dict[str, Any] = schedule["Target"]
    moment = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    execution = str(uuid4())
    told = target.get("Input")
    if not told:
        event = {
            "version": "0",
            "id": execution,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": moment,
            "region": REGION,
            "resources": [schedule["Arn"]],
            "detail": "{}",  # a string, as AWS sends it
        }
        return {**target, "Input": json.dumps(event)}
    context = {
        "schedule-arn": schedule["Arn"],
        "scheduled-time": moment,
        "execution-id": execution,
        "attempt-number": "1",
    }
    for name, value in context.items():
        told = told.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": told}
