"""What the functions of a local cloud have logged, as `trimtab local logs` shows it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from local.connection import Connection
from trimtab.errors import NotFound

PREFIX = "/aws/lambda/"


class FunctionLogs:
    """Reads the log groups of all functions, or of one, each line once."""

    def __init__(self, connection: Connection, function: str | None) -> None:
        """Read those of `function` (a folder's name) or of all. Raises NotFound naming those there are."""
        self._client = connection.client("logs")
        self._stage = connection.stage
        self._function = function
        self._groups()
        self._reached: dict[str, int] = {}  # group → time of the newest event that was read
        self._read: dict[str, set[str]] = {}  # group → ids of what was read of that time

    def new_lines(self) -> Iterator[str]:
        """Yield what has been logged since the last call, in the order of time."""
        found = [
            (event["timestamp"], group.removeprefix(PREFIX), event["message"].rstrip())
            for group in self._groups()
            for event in self._new_events(group)
        ]
        for at, name, text in sorted(found, key=lambda one: one[0]):
            moment = datetime.fromtimestamp(at / 1000, UTC)
            yield f"{moment:%H:%M:%S}.{at % 1000:03d} {name}  {text}"

    def _new_events(self, group: str) -> list[dict[str, Any]]:
        """Read on from the newest event that was read, for there may be more than one answer holds."""
        found: list[dict[str, Any]] = []
        while events := self._events(group):
            newest = events[-1]["timestamp"]
            if newest != self._reached.get(group):
                self._reached[group], self._read[group] = newest, set()
            self._read[group] |= {e["eventId"] for e in events if e["timestamp"] == newest}
            found += events
        return found

    def _events(self, group: str) -> list[dict[str, Any]]:
        read = self._read.get(group, set())
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=self._reached.get(group, 0)
        )
        return [event for page in pages for event in page["events"] if event["eventId"] not in read]

    def _groups(self) -> list[str]:
        """Return the log groups to show; those of functions that were made since are among them."""
        pages = self._client.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=PREFIX
        )
        there = [group["logGroupName"] for page in pages for group in page["logGroups"]]
        if self._function is None:
            return there
        wanted = self._function.replace("_", "-")
        groups = [
            name
            for name in there
            if name in (PREFIX + wanted, f"{PREFIX}trimtab-{self._stage}-{wanted}")
        ]
        if not groups:
            known = ", ".join(name.removeprefix(PREFIX) for name in there) or "none"
            raise NotFound(
                f"there is no function {self._function}", hint=f"functions that there are: {known}"
            )
        return groups
