"""Child processes and scratch files that end with the local cloud, however it ends.

Children are started in their own process group and are known to a reaper process
(`local/reaper.py`) before they run a line of their command; the reaper lives as long as its owner
and then kills every group and removes the scratch directory. So Ctrl-C, SIGTERM, a crash and
`kill -9` all leave nothing behind.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeAlias

from trimtab.errors import Fault

REAPER = Path(__file__).with_name("reaper.py")
# The child tells the reaper its group, then becomes the command with exactly the environment given,
# by way of `env`: shells add variables of their own and drop names such as SM_HP_max-depth.
INTRODUCE = 'echo "$$" >"$0" && exec env -i "$@"'

Stream: TypeAlias = int | IO[bytes] | None


class Children:
    """The processes and the scratch directory of one local cloud."""

    scratch: Path  # root of all temporary files; gone once the owner is

    def __init__(self, root: Path | None = None) -> None:
        """Start the reaper, which makes `scratch` (under `root`, else where the system says)."""
        self._reaper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(REAPER), str(root or "")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._reaper.stdout is not None
        with self._reaper.stdout as answer:
            self.scratch = Path(answer.readline().decode().strip())
        if not self.scratch.name:
            raise Fault("the reaper of the local cloud did not start", hint="see the lines above")
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def spawn(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | str,
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
        pass_fds: Iterable[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start `command` in a group of its own with exactly `env`; `stdin` is empty unless given.

        Raises FileNotFoundError if there is no such command, Fault if the cloud is closing.
        """
        program = shutil.which(command[0], path=env.get("PATH", os.defpath))
        if program is None:
            raise FileNotFoundError(command[0])
        variables = [f"{name}={value}" for name, value in env.items()]
        with self._lock:
            self._expect_open()
            process = subprocess.Popen(
                ["/bin/sh", "-c", INTRODUCE, self._door, *variables, program, *command[1:]],
                cwd=cwd,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=tuple(pass_fds),
                start_new_session=True,
            )
            self._running = {child for child in self._running if child.poll() is None}
            self._running.add(process)
        return process

    def terminate(self, process: subprocess.Popen[bytes], grace: float = 5.0) -> None:
        """End the process and its group: asked first, killed after `grace` seconds."""
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
        _kill(process)
        with self._lock:
            self._running.discard(process)

    def close(self, grace: float = 2.0) -> None:
        """End every child and remove the scratch directory. A second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            running = [process for process in self._running if process.poll() is None]
        for process in running:
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + grace
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
            _kill(process)
        assert self._reaper.stdin is not None
        self._reaper.stdin.close()
        self._reaper.wait()

    @property
    def _door(self) -> str:
        return str(self.scratch / "door")

    def _expect_open(self) -> None:
        if self._closed:
            raise Fault("the local cloud is closing and starts no process", hint="start it again")
        if self._reaper.poll() is not None:
            raise Fault(
                f"the reaper process {self._reaper.pid} of the local cloud has been killed",
                hint="run `trimtab local down`, then `trimtab local up`",
            )


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the process's whole group, as far as there is one left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the group and wait for its first process."""
    _signal(process, signal.SIGKILL)
    process.wait()
