"""The local cloud's time: the machine's own, plus an offset that can be pushed forward.

Everything in the local cloud that waits (schedules, alarms, retries, jobs) waits on this clock, so that a test or a
demo can pass an hour in no time. Signatures are the exception: they are made and checked on the machine's own time.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType

logger = logging.getLogger(__name__)

STOP_CHECK_SECONDS = 0.2  # how late a sleeper may notice that its `stop` was set


@dataclass(order=True)
class Timer:
    """A call that the clock owes at a local time."""

    due: float  # local time, seconds since the epoch
    order: int  # timers of one instant fire in the order in which they were set
    action: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


class LocalClock:
    """Tells local time, wakes who waits for it, and can be advanced."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        """Start `offset` ahead of the machine's clock (a restored cloud goes on where it was)."""
        self._offset = offset.total_seconds()
        self._changed = threading.Condition()
        self._timers: list[Timer] = []
        self._orders = itertools.count()
        self._listeners: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def offset(self) -> timedelta:
        """How far local time is ahead of the machine's."""
        return timedelta(seconds=self._offset)

    def time(self) -> float:
        """Return the local time in seconds since the epoch."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """Return the local time, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, by: timedelta) -> datetime:
        """Move local time forward in one jump, wake who waited, and return the new time.

        Timers that fell due fire in the order of their due times, each seeing the time after the jump.
        """
        if by < timedelta(0):
            raise ValueError(f"the local clock cannot go back ({by}); give a positive duration")
        with self._changed:
            self._offset += by.total_seconds()
            self._changed.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener()
        return self.now()

    def on_advance(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each advance, on the thread that advanced."""
        with self._changed:
            self._listeners.append(callback)

    def wait_until(self, when: datetime, stop: threading.Event | None = None) -> bool:
        """Block until local time reaches `when`. Returns False if `stop` was set (or the clock closed) before."""
        due = when.timestamp()
        with self._changed:
            while not (self._closed or (stop is not None and stop.is_set())):
                left = due - self.time()
                if left <= 0:
                    return True
                self._changed.wait(left if stop is None else min(left, STOP_CHECK_SECONDS))
        return False

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Block for `seconds` of local time. Returns False if `stop` was set (or the clock closed) before."""
        return self.wait_until(self.now() + timedelta(seconds=seconds), stop)

    def call_at(self, due: float, action: Callable[[], None]) -> Timer:
        """Call `action` on the clock's thread once local time reaches `due`; it must be quick.

        Cancel with `cancel(timer)`. A due time in the past fires at once.
        """
        with self._changed:
            timer = Timer(due, next(self._orders), action)
            heapq.heappush(self._timers, timer)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="local-clock", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return timer

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Call `action` on the clock's thread after `seconds` of local time."""
        return self.call_at(self.time() + seconds, action)

    def cancel(self, timer: Timer) -> None:
        """Forget the timer; nothing happens if it has fired."""
        timer.cancelled = True

    def close(self) -> None:
        """Drop all timers and let every waiter go."""
        with self._changed:
            self._closed = True
            self._timers.clear()
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while (timer := self._next_due()) is not None:
            if timer.cancelled:
                continue
            try:
                timer.action()
            except Exception:
                logger.exception("a timer of the local clock failed")

    def _next_due(self) -> Timer | None:
        with self._changed:
            while not self._closed:
                left = self._timers[0].due - self.time() if self._timers else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._timers)
                self._changed.wait(left)
        return None


def clock_module(clock: LocalClock) -> ModuleType:
    """Return a stand-in for the `time` module, for code that is to live in local time."""
    module = ModuleType("time", "The time module, telling local time.")
    vars(module).update({name: value for name, value in vars(time).items() if name[0] != "_"})
    vars(module)["time"] = clock.time
    return module
