"""What inference_api adds to a prediction, beside `mlflow models serve` and a bare gunicorn of the same model.

The function is called in this process with API Gateway's events; the services that it calls answer over HTTP from
another. What it adds is counted in CPU time, since it waits for nothing but AWS: its own code is what is left without
the calls of AWS's SDK.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import urllib3

from benchmarks.frame import Options, Row, Times, run
from benchmarks.frame.timing import timed
from benchmarks.inference_work.columns import FEATURES
from benchmarks.inference_work.ours import Function, taken, tell
from benchmarks.tracking.mlflow_server import BIN, ROOT, environment, free_port, version

OWN_MS = 0.3  # of our code in a request
REFUSED_EVERY = 50  # calls of Firehose, in the audit
WARM = 20  # requests that are not counted
PATIENCE = 120  # seconds that a server may take to come up


@dataclass(frozen=True)
class Servers:
    """Addresses of everybody."""

    services: str
    gunicorn: str
    mlflow: str


def measure(options: Options) -> Iterator[Row]:
    """Yield what a request of one row and one of a hundred cost, the calls it makes, and the audit of its captures."""
    repeats = 300 if options.quick else 2000
    with contextlib.ExitStack() as stack:
        servers = _up(stack)
        function = Function(servers.services)
        for rows in (1, 100):
            yield from _costs(servers, function, rows, repeats)
        yield _calls(function, repeats)
        yield _audit(servers, function, repeats)


def _costs(servers: Servers, function: Function, rows: int, repeats: int) -> Iterator[Row]:
    data = np.random.default_rng(rows).normal(size=(rows, len(FEATURES))).round(3).tolist()
    table = {"columns": FEATURES, "data": data}
    theirs = _asker(servers.mlflow, {"dataframe_split": table})
    bare = _asker(servers.gunicorn, table)
    own: list[float] = []
    sdk: list[float] = []
    others: list[float] = []
    gunicorn: list[float] = []
    for number in range(repeats + WARM):
        function.spent.clear()
        with contextlib.redirect_stdout(io.StringIO()):  # CloudWatch's agent reads what is printed
            started = time.thread_time()
            function(data)
            whole, library = time.thread_time() - started, function.spent.seconds
        mlflow_took, gunicorn_took = timed(theirs), timed(bare)
        if number < WARM:
            continue
        own.append(whole - library)
        sdk.append(library)
        others.append(mlflow_took)
        gunicorn.append(gunicorn_took)
    mine, boto3, peer, model = (Times(each) for each in (own, sdk, others, gunicorn))
    said = f"{rows} row" + "s" * (rows > 1)
    limit = OWN_MS if rows == 1 else None
    detail = {**mine.facts("own"), **boto3.facts("sdk")}
    yield Row(
        f"{said}: our own code", mine.p50, "limit", OWN_MS, 1.0 if limit else None, detail=detail
    )
    yield Row(
        f"{said}: boto3, for the calls that it makes", boto3.p50, "none", None, note="no peer"
    )
    whole_ms = model.p50 + mine.p50 + boto3.p50
    peer_name = f"mlflow models serve {version()}"
    yield Row(
        f"{said}: model behind gunicorn and our function",
        whole_ms,
        peer_name,
        peer.p50,
        detail=peer.facts("theirs"),
    )
    yield Row(
        f"{said}: the same beside gunicorn alone",
        whole_ms,
        "gunicorn",
        model.p50,
        detail=model.facts("theirs"),
    )


def _calls(function: Function, repeats: int) -> Row:
    data = [[0.0] * len(FEATURES)]
    function.spent.clear()
    with contextlib.redirect_stdout(io.StringIO()):
        for _ in range(repeats):
            function(data)
    beside = function.spent.calls / repeats - 1
    return Row.within("calls of AWS's SDK beside the invoke, a request", beside, 1.0, "calls")


def _audit(servers: Servers, function: Function, repeats: int) -> Row:
    """Ask while Firehose refuses one call in fifty: each answer is captured or counted as dropped."""
    tell(servers.services, refused_every=REFUSED_EVERY, calls=0, taken=[])
    data, printed = [[0.0] * len(FEATURES)], io.StringIO()
    asked = [f"audit-{number:06d}" for number in range(repeats)]
    with contextlib.redirect_stdout(printed):
        for inference_id in asked:
            function(data, inference_id)
    dropped = {
        line["inference_id"]
        for line in map(json.loads, filter(None, printed.getvalue().splitlines()))
        if "captures_dropped" in line
    }
    captured = taken(servers.services)
    wrong = len(set(asked) ^ (set(captured) | dropped)) + len(captured) - len(set(captured))
    wrong += len(set(captured) & dropped)
    note = f"{len(asked)} answered, {len(captured)} captured, {len(dropped)} counted as dropped"
    return Row.within("answers neither captured nor counted", wrong, 0, "answers", note=note)


def _asker(url: str, body: Mapping[str, object]) -> Callable[[], object]:
    pool, sent = urllib3.PoolManager(), json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}

    def ask() -> None:
        answer = pool.request("POST", f"{url}/invocations", body=sent, headers=headers)
        if answer.status != 200:
            raise RuntimeError(f"{url} answered {answer.status}: {answer.data[:500]!r}")

    return ask


def _up(stack: contextlib.ExitStack) -> Servers:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    python = str(BIN / "python")
    subprocess.run(
        [python, "-m", "benchmarks.inference_work.peers", str(folder)],
        env=environment(),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    gunicorn, mlflow = free_port(), free_port()
    where = folder / "port"
    here = dict(os.environ)
    _start(
        stack,
        folder,
        [sys.executable, "-m", "benchmarks.inference_work.services", str(where)],
        here,
    )
    served = {**environment(), "MODEL": str(folder)}
    app = "benchmarks.inference_work.peers:app"
    command = [str(BIN / "gunicorn"), "--bind", f"127.0.0.1:{gunicorn}", "--keep-alive", "60"]
    command += ["--worker-class", "gthread", "--threads", "1", "--chdir", str(ROOT), app]
    _start(stack, folder, command, served)
    command = [str(BIN / "mlflow"), "models", "serve", "--model-uri", str(folder / "mlflow")]
    command += ["--port", str(mlflow), "--env-manager", "local", "--workers", "1"]
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    _start(stack, folder, command, {**served, "PATH": path})
    for port, path in ((gunicorn, "/"), (mlflow, "/ping")):
        _await(port, path)
    deadline = time.monotonic() + PATIENCE
    while not (where.exists() and where.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return Servers(*(f"http://127.0.0.1:{port}" for port in (where.read_text(), gunicorn, mlflow)))


def _start(
    stack: contextlib.ExitStack, folder: Path, command: list[str], env: Mapping[str, str]
) -> None:
    log = stack.enter_context((folder / f"{Path(command[0]).name}.log").open("a"))
    process = subprocess.Popen(command, cwd=ROOT, env=dict(env), stdout=log, stderr=log)
    stack.callback(process.wait, 15)
    stack.callback(process.terminate)


def _await(port: int, path: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            urllib3.request("GET", f"http://127.0.0.1:{port}{path}", retries=False, timeout=2)
            return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port} after {PATIENCE} s")


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    raise SystemExit(run("inference", measure, str(__doc__)))
