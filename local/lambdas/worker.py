"""One process that serves one function, one invocation at a time."""

import contextlib
import json
import os
import selectors
import struct
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

LENGTH = struct.Struct(">I")
CHUNK = 1 << 16
LOG_LIMIT = 1 << 24  # bytes of one invocation's log that are kept


class WorkerGone(Exception):
    """The process ended by itself."""


class WorkerSlow(Exception):
    """The process did not answer in time."""


@dataclass
class Worker:
    """A started bootstrap and its three pipes."""

    process: subprocess.Popen[bytes]
    fingerprint: str
    log_stream: str
    scratch: Path  # its temporary files
    log: bytearray = field(default_factory=bytearray)  # printed, and not yet taken
    idle_since: float = 0.0

    def __post_init__(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    def ask(
        self, request: dict[str, Any], seconds: float, *, marked: bool = True
    ) -> dict[str, Any]:
        """Send a request and return the answer. Raises WorkerGone or WorkerSlow; `log` holds what was printed."""
        marker = f"\0{uuid4().hex}\0" if marked else ""
        body = json.dumps({**request, "marker": marker}).encode()
        exchange = Exchange(self, LENGTH.pack(len(body)) + body, marker.encode())
        with exchange:
            return exchange.run(time.monotonic() + seconds)

    def take_log(self) -> str:
        """Return what was printed since the last call."""
        text = bytes(self.log).decode("utf-8", "replace")
        self.log.clear()
        return text

    def exit_sentence(self) -> str:
        """Say in AWS's words how the process ended."""
        code = self.process.poll()
        if not code:
            return "Runtime exited without providing a reason"
        if code < 0:
            return f"Runtime exited with error: signal: {-code}"
        return f"Runtime exited with error: exit status {code}"

    def close(self) -> None:
        """Let go of the pipes."""
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Exchange:
    """One request and its answer over a worker's pipes, none of which may block another."""

    def __init__(self, worker: Worker, request: bytes, marker: bytes) -> None:
        self._worker = worker
        self._unsent = memoryview(request)
        self._marker = marker
        self._log_open = bool(marker)
        self._answer = bytearray()
        self._answer_open = True
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "Exchange":
        process = self._worker.process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._selector.register(process.stdin, selectors.EVENT_WRITE, self._send)
        self._selector.register(process.stdout, selectors.EVENT_READ, self._read_answer)
        self._selector.register(process.stderr, selectors.EVENT_READ, self._read_log)
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()

    def run(self, deadline: float) -> dict[str, Any]:
        """Move bytes until the answer and the end of the log are here."""
        while (answer := self._complete()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise WorkerSlow
            for key, _ in self._selector.select(left):
                key.data(key.fd)
        return answer

    def _complete(self) -> dict[str, Any] | None:
        if len(self._answer) >= LENGTH.size:
            size = LENGTH.unpack(self._answer[: LENGTH.size])[0]
            if len(self._answer) == LENGTH.size + size and not self._log_open:
                answer: dict[str, Any] = json.loads(self._answer[LENGTH.size :])
                return answer
        if not self._answer_open:
            raise WorkerGone
        return None

    def _send(self, descriptor: int) -> None:
        try:
            sent = os.write(descriptor, self._unsent[:CHUNK])
        except BrokenPipeError:
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._selector.unregister(descriptor)

    def _read_answer(self, descriptor: int) -> None:
        data = os.read(descriptor, CHUNK)
        if not data:
            self._selector.unregister(descriptor)
            self._drain_log()
            self._answer_open = False
        self._answer += data

    def _read_log(self, descriptor: int) -> None:
        data = os.read(descriptor, CHUNK)
        if not data:
            self._selector.unregister(descriptor)
            self._log_open = False
        self._keep(data)

    def _keep(self, data: bytes) -> None:
        log = self._worker.log
        log += data
        if self._marker and (at := log.find(self._marker, max(0, len(log) - len(data) - 64))) >= 0:
            del log[at : at + len(self._marker)]
            self._log_open = False
        if len(log) > LOG_LIMIT:
            del log[LOG_LIMIT // 2 : -LOG_LIMIT // 4]

    def _drain_log(self) -> None:
        """Take what a dead process left; its own children may hold the pipe open, so don't wait for its end."""
        assert self._worker.process.stderr is not None
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._worker.process.stderr.fileno(), CHUNK):
                self._keep(data)
