"""Takes orders on standard input, one JSON line each, and answers how long the work took; for other interpreters."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parents[2]


class Party(Protocol):
    """Whoever does the work."""

    def seconds(self, operation: str, repeats: int) -> list[float]:
        """Return how long each repeat of an operation took."""
        ...


class Here:
    """Works in this process."""

    def __init__(self, operations: Mapping[str, Callable[[], object]]) -> None:
        self._operations = operations

    def seconds(self, operation: str, repeats: int) -> list[float]:
        return [_timed(self._operations[operation]) for _ in range(repeats)]


class Elsewhere:
    """Works in a process of its own, which runs `python -m module` with these arguments."""

    def __init__(
        self, python: Path, module: str, arguments: Sequence[str], env: Mapping[str, str]
    ) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [str(python), "-m", module, *arguments],
            cwd=ROOT,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts = self._answer()

    def seconds(self, operation: str, repeats: int) -> list[float]:
        return self.order(operation, repeats)["seconds"]

    def order(self, operation: str, repeats: int) -> Any:
        """Return all that is said of an operation."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([operation, repeats]) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._module} ended with {self._process.wait(30)}")
        return json.loads(line)


def obey(
    operations: Mapping[str, Callable[[], object]],
    facts: Mapping[str, Any],
    within: Callable[[], float] = lambda: 0.0,
) -> None:
    """Do what standard input orders; `within` tells how many seconds went by in the database so far."""
    said, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(facts), file=said, flush=True)
    for line in sys.stdin:
        operation, repeats = json.loads(line)
        seconds, database, answers = [], [], []
        for _ in range(repeats):
            before, started = within(), time.perf_counter()
            answers.append(operations[operation]())
            seconds.append(time.perf_counter() - started)
            database.append(within() - before)
        told = {"seconds": seconds, "database": database, "answers": answers}
        print(json.dumps(told), file=said, flush=True)


def _timed(operation: Callable[[], object]) -> float:
    started = time.perf_counter()
    operation()
    return time.perf_counter() - started
