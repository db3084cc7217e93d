"""The main process of a local cloud: puts its parts together, serves, and ends all of them."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import bytecode
from local import connection as connections
from local.changes import Changes
from local.clock import LocalClock
from local.connection import Connection
from local.data_dir import DataDir
from local.emulator import environment
from local.listener import LOOPBACK, listen
from local.processes import Children
from trimtab.errors import TrimtabError

if TYPE_CHECKING:
    from local.parts import Parts

SAVE_SECONDS = 5.0  # how much of what is not in S3 a `kill -9` can cost
MINUTE = 60.0  # what changes with time alone, such as measurements of queues, does so each minute
STOP_SECONDS = 15.0  # after this long a stop that hangs is cut off


@dataclass(frozen=True)
class Options:
    """How a local cloud is to be started."""

    port: int = 0  # 0: a free one
    data: Path | None = None  # where state is kept over a restart
    assembly: Path | None = (
        None  # what to deploy instead of this project's own synthesised assembly
    )
    deploy: bool = True
    log_to_file: bool = False  # write the log beside the connection file, not to the terminal
    watch_stdin: bool = (
        False  # stop at the end of standard input: whoever started the cloud is gone
    )
    verbose: bool = False


class Server:
    """One local cloud, from taking its port to leaving nothing behind."""

    def __init__(self, options: Options, announce: Callable[[Connection], None]) -> None:
        """Prepare; `announce` is called once everything is deployed."""
        self.options = options
        self.announce = announce
        self.started_at = datetime.now(UTC)
        self.failure: TrimtabError | None = None
        self.connection: Connection | None = None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self.changes = Changes(self._loop)

    def run(self) -> None:
        """Serve until told to stop. Raises the TrimtabError that kept the cloud from coming up."""
        with contextlib.ExitStack() as ending:
            listener = ending.enter_context(listen(self.options.port))
            port = int(listener.getsockname()[1])
            self._write_log(port)
            data = None if self.options.data is None else DataDir(self.options.data)
            if data is not None:
                ending.callback(data.close)
            children = ending.enter_context(Children())
            root = environment.prepare(
                port=port,
                scratch=children.scratch,
                data=None if data is None else data.path,
                log_level="INFO" if self.options.verbose else "WARNING",
            )
            clock = _restored_clock(data)
            bytecode.keep()
            from local.parts import Parts  # noqa: PLC0415 (ministack reads its environment at import)

            parts = Parts(self, children, clock, data, root=root, port=port)
            self._serve(parts, listener)
            connections.file_of(port).unlink(missing_ok=True)
            if self.failure is None and self.options.log_to_file:
                connections.log_of(port).unlink(missing_ok=True)
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """Begin to end the cloud; callable from any thread."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def fail(self, failure: TrimtabError) -> None:
        """End the cloud because it cannot come up; what fails as the cloud is being ended is no reason."""
        if not self._stop.is_set():
            self.failure = failure
            self.stop()

    def status(self) -> dict[str, Any]:
        """Return facts about the running cloud."""
        return {
            "pid": os.getpid(),
            "since": self.started_at.isoformat(),
            "ready": self.connection is not None,
            "data": str(self.options.data.absolute()) if self.options.data else None,
        }

    def _serve(self, parts: "Parts", listener: socket.socket) -> None:
        asyncio.set_event_loop(self._loop)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._loop.add_signal_handler(number, self._stop.set)
        if self.options.watch_stdin:
            self._loop.add_reader(sys.stdin.fileno(), self._on_stdin)
        starter = threading.Thread(target=parts.start, name="start", daemon=True)
        starter.start()
        try:
            self._loop.run_until_complete(self._until_stopped(parts, listener))
        finally:
            _cut_off_after(STOP_SECONDS)
            parts.close()

    async def _until_stopped(self, parts: "Parts", listener: socket.socket) -> None:
        saving = asyncio.ensure_future(self._save_now_and_then(parts))
        await parts.serve(listener, self._stop)
        saving.cancel()

    async def _save_now_and_then(self, parts: "Parts") -> None:
        while self.options.data is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.changes.happened(), MINUTE)
            await asyncio.sleep(SAVE_SECONDS)
            self.changes.forget()
            parts.save()

    def _on_stdin(self) -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            self._loop.remove_reader(sys.stdin.fileno())
            self._stop.set()

    def _write_log(self, port: int) -> None:
        if not self.options.log_to_file:
            return
        path = connections.log_of(port)
        path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, sys.stderr.fileno())
        os.close(log)


def endpoint_url(port: int) -> str:
    """Return the address of every AWS service of the cloud on this port."""
    return f"http://{LOOPBACK}:{port}"


def _restored_clock(data: DataDir | None) -> LocalClock:
    kept = {} if data is None else data.read("cloud")
    return LocalClock(timedelta(seconds=kept.get("clock_offset_seconds", 0.0)))


def _cut_off_after(seconds: float) -> None:
    """End the process if its parts don't; the reaper then ends what they started."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()
