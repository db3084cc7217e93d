"""What a whole process costs, interpreter start included."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The kernel charges a program with the memory of the process that started it. So a small one starts it, and measures.
STARTER = """
import json, os, sys, time
said, command = int(sys.argv[1]), sys.argv[2:]
started = time.perf_counter()
pid = os.fork()
if pid == 0:
    os.close(said)
    os.execvp(command[0], command)
_, status, usage = os.wait4(pid, 0)
facts = {"wall": time.perf_counter() - started, "cpu": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}
os.write(said, json.dumps(facts).encode())
sys.exit(os.waitstatus_to_exitcode(status) % 256)
"""


@dataclass(frozen=True)
class Cost:
    """What one process took from its start to its end."""

    wall: float  # seconds
    cpu: float  # seconds of all its threads, user and system
    peak_mb: float  # largest resident set, in MiB
    output: str  # what it printed


def process_cost(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    core: int | None = None,
) -> Cost:
    """Run a command to its end, on one core if named. Raises RuntimeError if it fails."""
    pinned = ["taskset", "-c", str(core), *command] if core is not None else list(command)
    reading, said = os.pipe()
    with os.fdopen(reading) as facts:
        try:
            done = subprocess.run(
                [sys.executable, "-S", "-c", STARTER, str(said), *pinned],
                env=env and dict(env),
                cwd=cwd,
                pass_fds=[said],
                stdout=subprocess.PIPE,
                text=True,
                check=False,
            )
        finally:
            os.close(said)
        if done.returncode:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout[-500:]}")
        return Cost(**json.load(facts), output=done.stdout)
