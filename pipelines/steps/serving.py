"""Whether a model would serve: its archive, in the image's own server, asked over HTTP as an endpoint asks it.

AWS's framework images have `serve` on their path; it loads the model below SAGEMAKER_BASE_DIR and listens where
SAGEMAKER_BIND_TO_PORT says. An own image brings a `serve` of its own.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .failure import StepFailure
from .golden import chosen
from .scoring import JSON, answered, request_of

BATCH = 100  # rows of one more request
CLOSE = 1e-6  # relative: an answer is written as text, and one row may be summed in another order than many
LOOK = 0.05  # seconds between looks at a server that starts
GRACE = 5.0  # seconds a server has to end by itself
LONGEST_ANSWER = 60.0  # seconds
TOLD = 400  # characters of a server's last words
GOOD = 200
NONE = 0  # the status of a request that got no answer

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Served:
    """How a model did in its server."""

    load_seconds: float
    golden: int  # requests that were asked
    answered: int  # of these, answered as the evaluation was
    milliseconds: tuple[float, ...] = field(repr=False)  # that each request of one row took
    problem: str = ""  # why a request was not answered as it should be

    @property
    def latency_ms(self) -> float:
        """The time under which 95 % of the requests of one row were answered."""
        return float(np.quantile(self.milliseconds, 0.95))

    def as_json(self) -> dict[str, float]:
        """Return what was measured as evaluation.json has it; it differs from run to run."""
        return {
            "load_seconds": round(self.load_seconds, 2),
            "latency_ms": round(self.latency_ms, 1),
            "golden": self.golden,
            "answered": self.answered,
        }


AskServer = Callable[[pd.DataFrame, Floats], Served]


class CannotServe(Exception):
    """The server did not come up; the message says why."""


@contextmanager
def serving(base: Path, *, patience: float, program: str) -> Iterator[AskServer]:
    """Bring up `<base>/model` in the image's server, and hand over what asks it golden requests once it is healthy.

    It starts at once and beside whatever the caller does meanwhile; it ends with the block.

    Args:
        base: the folder that the server takes for its own, with `model/` in it.
        patience: seconds until the server must be healthy.
        program: name of the model's serving script.

    What is handed over takes evaluation rows in order and what the model answered to them in the evaluation. It raises
    CannotServe if the server does not come up. Raises StepFailure if the image has no server.
    """
    # The server ends before the thread is waited for, which then sees that and ends too.
    with ThreadPoolExecutor(1) as pool, _server(base, program) as (port, process, log):
        healthy = pool.submit(_wait, port, process, log, patience)
        yield lambda rows, scored: _asked(port, rows, scored, healthy.result())


@contextmanager
def _server(base: Path, program: str) -> Iterator[tuple[int, subprocess.Popen[bytes], Path]]:
    found = shutil.which("serve")
    if found is None:
        raise StepFailure(
            "the image has no program `serve`, which every image that serves must have"
        )
    port, log = _free_port(), base / "serve.log"
    variables = {
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_PROGRAM": program,
        "SAGEMAKER_SUBMIT_DIRECTORY": str(base / "model" / "code"),
    }
    with log.open("wb") as said:
        process = subprocess.Popen(
            [found],
            env={**os.environ, **variables},
            cwd=base,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield port, process, log
    finally:
        _end(process)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path, patience: float) -> float:
    """Wait until the server is healthy; return the seconds that took."""
    started = time.monotonic()
    while True:
        if (code := process.poll()) is not None:
            raise CannotServe(f"the server ended with exit code {code}: {_last_words(log)}")
        try:
            if _request(port, "GET", "/ping")[0] == GOOD:
                return time.monotonic() - started
        except (OSError, http.client.HTTPException):
            pass  # it does not listen yet
        if time.monotonic() - started > patience:
            raise CannotServe(
                f"the server was not healthy within {patience:g} s: {_last_words(log)}"
            )
        time.sleep(LOOK)


def _asked(port: int, rows: pd.DataFrame, scored: Floats, seconds: float) -> Served:
    places = chosen(len(rows))
    requests = [rows.iloc[[at]] for at in places] + [rows.iloc[:BATCH]]
    expected = [scored[[at]] for at in places] + [scored[:BATCH]]
    problems, took = [], []
    _answer(port, requests[0])  # the first one pays for what loads late
    for one, wanted in zip(requests, expected, strict=True):
        started = time.monotonic()
        status, body = _answer(port, one)
        if len(one) == 1:
            took.append((time.monotonic() - started) * 1000)
        if told := _difference(status, body, wanted):
            problems.append(told)
    good = len(requests) - len(problems)
    return Served(seconds, len(requests), good, tuple(took), problems[0] if problems else "")


def _answer(port: int, rows: pd.DataFrame) -> tuple[int, bytes]:
    try:
        return _request(port, "POST", "/invocations", request_of(rows))
    except (OSError, http.client.HTTPException) as error:
        return NONE, f"{type(error).__name__}: {error}".encode()


def _difference(status: int, body: bytes, wanted: Floats) -> str:
    if status == NONE:
        return f"no answer: {_short(body)}"
    if status != GOOD:
        return f"status {status}: {_short(body)}"
    try:
        given = answered(body)
    except (ValueError, KeyError, TypeError):
        return f'not {{"predictions": [...]}}: {_short(body)}'
    if given.shape != wanted.shape or not np.allclose(given, wanted, rtol=CLOSE, atol=CLOSE):
        return f"{_short(body)} where the evaluation had {wanted[0]:g}"
    return ""


def _request(port: int, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_ANSWER)
    try:
        headers = {"Content-Type": JSON, "Accept": JSON} if body else {}
        line.request(method, path, body, headers)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-3:])[-TOLD:] or "it said nothing"


def _short(body: bytes) -> str:
    return body[:TOLD].decode(errors="replace")
