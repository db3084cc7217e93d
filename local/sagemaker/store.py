"""All state of the service: records by kind and name, plain JSON values, one lock."""

import copy
import threading
import time
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]


class Store:
    """Records that survive a restart by being copied out and in again."""

    def __init__(self) -> None:
        """Start empty."""
        self._kinds: dict[str, dict[str, Record]] = {}
        self.changed = threading.Condition(threading.RLock())

    def of(self, kind: str) -> dict[str, Record]:
        """Return the live records of one kind, by name. Hold `changed` to write."""
        return self._kinds.setdefault(kind, {})

    def update(self, record: Record, **fields: Any) -> None:
        """Set fields of a record and wake who waits for a change."""
        with self.changed:
            record.update(fields)
            self.changed.notify_all()

    def notify(self) -> None:
        """Wake who waits for a change that is none of a record."""
        with self.changed:
            self.changed.notify_all()

    def wait(self, done: Callable[[], bool], timeout: float | None = None) -> bool:
        """Block until `done()` holds; False after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.changed:
            while not done():
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self.changed.wait(left)
        return True

    def snapshot(self) -> dict[str, dict[str, Record]]:
        """Return a copy of everything."""
        with self.changed:
            return copy.deepcopy(self._kinds)

    def restore(self, kinds: dict[str, dict[str, Record]]) -> None:
        """Replace everything by a snapshot."""
        with self.changed:
            self._kinds = copy.deepcopy(kinds)
            self.changed.notify_all()
