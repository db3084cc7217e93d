"""A process's output: its last lines kept at hand, all of it sent to CloudWatch Logs."""

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

KEPT_LINES = 50
FLUSH_SECONDS = 0.5  # how long a line may wait for others before it is sent
BATCH_LINES = 500


class ProcessLog:
    """Reads a process's output on a thread of its own until it ends."""

    def __init__(
        self,
        output: IO[bytes],
        logs: Any,
        now: Callable[[], float],
        *,
        group: str,
        stream: str,
        hear: Callable[[str], None] | None = None,
    ) -> None:
        """Start reading `output`; lines go to the log stream, which is made with the first one, and to `hear`."""
        self._output = output
        self._logs = logs
        self._now = now
        self._group = group
        self._stream = stream
        self._hear = hear
        self._made = False
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._waiting: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._run, name=f"log {stream}", daemon=True)
        self._thread.start()

    def last_lines(self, count: int) -> list[str]:
        """Return the last lines that say something."""
        return [line for line in list(self._lines) if line.strip()][-count:]

    def join(self, timeout: float = 5.0) -> None:
        """Wait until the output has ended and is sent."""
        self._thread.join(timeout)

    def _run(self) -> None:
        rest = b""
        with self._output:
            while True:
                timeout = FLUSH_SECONDS if self._waiting else None
                if not select.select([self._output], [], [], timeout)[0]:
                    self._flush()
                    continue
                chunk = os.read(self._output.fileno(), 65536)
                if not chunk:
                    break
                *lines, rest = (rest + chunk).split(b"\n")
                self._keep(lines)
            self._keep([rest] if rest else [])
            self._flush()

    def _keep(self, lines: list[bytes]) -> None:
        at = round(self._now() * 1000)
        for raw in lines:
            line = raw.decode("utf-8", "replace").rstrip("\r")
            self._lines.append(line)
            if self._hear is not None:
                self._hear(line)
            # CloudWatch Logs refuses empty messages and, as of old, those over 256 KB.
            self._waiting.append({"timestamp": at, "message": line[:200_000] or " "})
        if len(self._waiting) >= BATCH_LINES:
            self._flush()

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        # As on AWS: a role without rights to write logs has no log, and the job goes on.
        with contextlib.suppress(ClientError, BotoCoreError):
            self._make_stream()
            self._logs.put_log_events(
                logGroupName=self._group, logStreamName=self._stream, logEvents=batch
            )

    def _make_stream(self) -> None:
        if self._made:
            return
        # The group may be there already, and the role may lack the right to make one.
        with contextlib.suppress(ClientError):
            self._logs.create_log_group(logGroupName=self._group)
        with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
        self._made = True
