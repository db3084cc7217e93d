"""Asynchronous invocations: queued, bounded, retried and, in the end, sent where failures go.

AWS's rules (Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation"): an event
waits up to its maximum age; a failed attempt is repeated after one minute, then after two; what still fails goes to
the on-failure destination, else to the dead-letter queue. The minutes are local time.
"""

import dataclasses
import functools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from local.clock import LocalClock
from local.lambdas.function import Function, Outcome

logger = logging.getLogger(__name__)

RETRY_SECONDS = (60.0, 120.0)  # before the first and the second repetition
THROTTLE_SECONDS = 1.0  # AWS backs off from 1 s
THROTTLE_LIMIT_SECONDS = 300.0  # to 5 min


@dataclass(frozen=True)
class Target:
    """A function as its configuration stands at the moment of an attempt."""

    function: Function
    retries: int = 2
    maximum_age: float = 21600.0  # seconds; AWS's default of 6 hours
    on_success: str = ""  # ARN
    on_failure: str = ""  # ARN


@dataclass
class Event:
    """One accepted asynchronous invocation."""

    arn: str  # function, with alias or version if one was named
    payload: Any
    accepted: float  # local time
    request_id: str = field(default_factory=lambda: str(uuid4()))
    attempts: int = 0
    throttled: int = 0
    due: float = 0.0  # local time of the next attempt


class Throttled(Exception):
    """The function is at its reserved concurrency."""


class Runtime(Protocol):
    """What delivery needs of the service that knows the functions."""

    def target(self, arn: str) -> Target | None:
        """Return the function's present configuration, None if it is gone."""

    def run(self, event: Event) -> Outcome:
        """Invoke once. Raises Throttled."""


class Destinations(Protocol):
    """Takes the record of a finished event."""

    def dead_letter(self, target: Target, event: Event, outcome: Outcome) -> None:
        """Send the event itself to the function's dead-letter queue or topic."""

    def report(
        self, arn: str, target: Target, event: Event, outcome: Outcome, condition: str
    ) -> None:
        """Send the record of the invocation to a destination."""


class Deliveries:
    """The queue of asynchronous invocations of all functions."""

    def __init__(
        self,
        clock: LocalClock,
        runtime: Runtime,
        destinations: Destinations,
        limit: int,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Make an empty queue that runs `limit` invocations at once; `changed` is told of changes."""
        self._clock = clock
        self._runtime = runtime
        self._destinations = destinations
        self._threads = ThreadPoolExecutor(limit, "lambda-delivery")
        self._closed = threading.Event()
        self._changed = changed
        self._pending: dict[str, Event] = {}  # accepted and not settled, by request id

    def submit(self, arn: str, payload: Any) -> str:
        """Accept an event for the function and return its request id."""
        event = Event(arn, payload, self._clock.time())
        self._pending[event.request_id] = event
        self._changed()
        self._enqueue(event)
        return event.request_id

    def snapshot(self) -> dict[str, Any]:
        """Return what is accepted and not settled, for `restore`."""
        return {"events": [dataclasses.asdict(event) for event in list(self._pending.values())]}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on with what a snapshot holds: what ran or was due runs again, as AWS may at any time."""
        for fields in snapshot.get("events", []):
            event = Event(**fields)
            self._pending[event.request_id] = event
            self._clock.call_at(event.due, functools.partial(self._enqueue, event))

    def close(self) -> None:
        """Accept nothing more and forget what waits."""
        self._closed.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _enqueue(self, event: Event) -> None:
        if not self._closed.is_set():
            self._threads.submit(self._attempt, event)

    def _attempt(self, event: Event) -> None:
        try:
            self._deliver(event)
        except Exception:
            logger.exception("asynchronous invocation %s of %s failed", event.request_id, event.arn)

    def _deliver(self, event: Event) -> None:
        target = self._runtime.target(event.arn)
        if target is None:
            logger.warning("%s is gone; its event %s is dropped", event.arn, event.request_id)
            self._done(event)
            return
        if self._clock.time() - event.accepted > target.maximum_age:
            self._give_up(target, event, _never_ran(event), "EventAgeExceeded")
            return
        try:
            outcome = self._runtime.run(event)
        except Throttled:
            event.throttled += 1
            delay = THROTTLE_SECONDS * 2 ** min(event.throttled - 1, 10)
            self._later(min(delay, THROTTLE_LIMIT_SECONDS), event)
            return
        event.attempts += 1
        self._settle(target, event, outcome)

    def _settle(self, target: Target, event: Event, outcome: Outcome) -> None:
        if not outcome.failed:
            if target.on_success:
                self._destinations.report(target.on_success, target, event, outcome, "Success")
            self._done(event)
        elif event.attempts > target.retries:
            self._give_up(target, event, outcome, "RetriesExhausted")
        else:
            delay = RETRY_SECONDS[min(event.attempts, len(RETRY_SECONDS)) - 1]
            if self._clock.time() + delay - event.accepted > target.maximum_age:
                self._give_up(target, event, outcome, "EventAgeExceeded")
            else:
                self._later(delay, event)

    def _later(self, seconds: float, event: Event) -> None:
        event.due = self._clock.time() + seconds
        self._changed()
        self._clock.call_at(event.due, functools.partial(self._enqueue, event))

    def _done(self, event: Event) -> None:
        self._pending.pop(event.request_id, None)
        self._changed()

    def _give_up(self, target: Target, event: Event, outcome: Outcome, condition: str) -> None:
        if target.on_failure:
            self._destinations.report(target.on_failure, target, event, outcome, condition)
        if target.function.dead_letter_arn:
            self._destinations.dead_letter(target, event, outcome)
        self._done(event)


def _never_ran(event: Event) -> Outcome:
    error = {"errorType": "EventAgeExceeded", "errorMessage": "the event was too old to be tried"}
    return Outcome(event.request_id, error, failed=True, log="", seconds=0.0)
