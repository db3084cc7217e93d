"""One container as a process: started, logged, ended by its own will, by a time limit or by a stop."""

import re
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.sagemaker.context import Context
from local.sagemaker.process_log import ProcessLog

CONTAINERS = Path(__file__).parent / "containers"
STOP_GRACE = 5.0  # seconds from SIGTERM to SIGKILL; AWS gives 120, a laptop should not wait
OPT_ML = re.compile(r"(?<![\w/.-])/opt/ml(?=/|$)")
PYTHONS = frozenset(("python", "python3"))


@dataclass(frozen=True)
class Outcome:
    """How a container ended."""

    exit_code: int
    timed_out: bool
    last_lines: tuple[str, ...]


class Container:
    """A job's process; made before it runs, so that it can be stopped at any time."""

    def __init__(self, context: Context, root: Path, role: str) -> None:
        """Take the folder that is /opt/ml for it, and the role it acts as."""
        self._context = context
        self.root = root
        self._role = role
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped = threading.Event()

    def run(
        self,
        command: list[str],
        variables: dict[str, str],
        *,
        seconds: float,
        group: str,
        stream: str,
        hear: Callable[[str], None] | None = None,
    ) -> Outcome:
        """Run the command to its end, for at most `seconds`; each line of its log is told to `hear`."""
        process = self._start(command, variables)
        if process is None:
            return Outcome(exit_code=-15, timed_out=False, last_lines=())
        assert process.stdout is not None
        logs = self._context.clients.get("logs", self._role)
        now = self._context.clock.time
        log = ProcessLog(process.stdout, logs, now, group=group, stream=stream, hear=hear)
        timed_out = threading.Event()

        def time_is_up() -> None:
            timed_out.set()
            self._context.children.terminate(process, STOP_GRACE)

        timer = threading.Timer(seconds, time_is_up)
        timer.daemon = True
        timer.start()
        exit_code = process.wait()
        timer.cancel()
        self._context.children.terminate(process, grace=0)  # whatever it left behind in its group
        log.join()
        return Outcome(exit_code, timed_out.is_set(), tuple(log.last_lines(20)))

    def stop(self) -> None:
        """End the process, or keep it from starting."""
        with self._lock:
            self.stopped.set()
            process = self._process
        if process is not None:
            self._context.children.terminate(process, STOP_GRACE)

    def inside(self, value: str) -> str:
        """Return a path, argument or variable with /opt/ml turned into the job's own folder."""
        return OPT_ML.sub(str(self.root), value)

    def _start(
        self, command: list[str], variables: dict[str, str]
    ) -> subprocess.Popen[bytes] | None:
        for folder in ("tmp", "packages"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        program = "python" if command[0] in PYTHONS else command[0]
        with self._lock:
            if self.stopped.is_set():
                return None
            self._process = self._context.children.spawn(
                [program, *command[1:]],
                env=self._environment(variables),
                cwd=self.root,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            return self._process

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        return {
            "PATH": f"{self._context.config.jobs_bin}:{CONTAINERS / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.root),
            "TMPDIR": str(self.root / "tmp"),
            "LANG": "C.UTF-8",
            # A source directory's requirements.txt is installed here, never into the jobs' environment.
            "PIP_TARGET": str(self.root / "packages"),
            "PYTHONPATH": f"{CONTAINERS}:{self.root / 'packages'}",
            "PYTHONUNBUFFERED": "1",
            "SAGEMAKER_BASE_DIR": str(self.root),
            **{name: self.inside(value) for name, value in variables.items()},
            **self._context.clients.environment(self._role),
        }
