"""`mlflow server` as a peer: SQLite, one worker, no job execution, which it is quickest with."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import urllib3

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv-mlflow" / "bin"
PATIENCE = 600  # seconds that it may take to come up: five on an idle machine, minutes on one where others build
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def environment() -> dict[str, str]:
    """Return the variables that a process of MLflow's environment gets."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MLFLOW_"))}
    return {
        **kept,
        **QUIET,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
        "PYTHONPATH": str(ROOT),
    }


def version() -> str:
    """Return MLflow's version."""
    command = [
        str(BIN / "python"),
        "-c",
        "from importlib.metadata import version; print(version('mlflow'))",
    ]
    return subprocess.check_output(command, text=True, env=environment()).strip()


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Run the server with its files in a folder; yield its address."""
    port = free_port()
    command = [str(BIN / "mlflow"), "server", "--workers", "1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--default-artifact-root", f"{folder}/artifacts"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=log, stderr=log, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, server, folder)
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def clone_runs(folder: Path, run_id: str, count: int) -> None:
    """Copy a run with all it has logged until there are `count` copies, each with an m0 of its own in [0, 1)."""
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db", timeout=60)) as database:
        database.create_function("spread", 1, lambda number: (number * 0.618034) % 1)
        database.execute("CREATE TEMP TABLE copies (id TEXT, number INTEGER)")
        rows = [(f"{number:032x}", number) for number in range(_known(database), count)]
        database.executemany("INSERT INTO copies VALUES (?, ?)", rows)
        for table in ("runs", "params", "tags", "metrics", "latest_metrics"):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            values = [_copied(table, column) for column in columns]
            database.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "
                f"FROM {table}, copies WHERE run_uuid = ?",
                (run_id,),
            )
        database.commit()


def _known(database: sqlite3.Connection) -> int:
    (known,) = database.execute(
        "SELECT count(*) FROM runs WHERE run_uuid LIKE '0000000000%'"
    ).fetchone()
    return int(known)


def _copied(table: str, column: str) -> str:
    if column == "run_uuid":
        return "copies.id"
    if column == "value" and table in ("metrics", "latest_metrics"):
        return "CASE key WHEN 'm0' THEN spread(copies.number) ELSE value END"
    return column


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(url: str, server: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            if urllib3.request("GET", f"{url}/health", retries=False, timeout=2).status == 200:
                return
        time.sleep(0.1)
    log = (folder / "server.log").read_text()[-2000:]
    raise RuntimeError(f"mlflow server does not come up:\n{log}")
