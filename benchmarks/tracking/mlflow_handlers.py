"""MLflow's own handlers with no HTTP around them, on SQLite; runs on `.venv-mlflow`: python -m … FOLDER.

What SQLite takes is told apart: the rest is the handlers' own time.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.tracking.turns import obey
from benchmarks.tracking.work import Work

FOLDER = Path(sys.argv[1])
os.environ["_MLFLOW_SERVER_FILE_STORE"] = f"sqlite:///{FOLDER}/mlflow.db"
os.environ["_MLFLOW_SERVER_REGISTRY_STORE"] = f"sqlite:///{FOLDER}/mlflow.db"
os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = str(FOLDER / "artifacts")

from mlflow.server import app  # noqa: E402 (it reads the environment)
from sqlalchemy.engine import default  # noqa: E402


class Stopwatch:
    """Counts the seconds within calls of methods."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self, owner: Any, name: str) -> None:
        """Count the time within a method from here on."""
        method = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                self.seconds += time.perf_counter() - started

        setattr(owner, name, watched)


def main() -> None:
    """Do what is ordered."""
    database = Stopwatch()
    for name in ("do_execute", "do_executemany", "do_commit", "do_rollback"):
        database.watch(default.DefaultDialect, name)
    client = app.test_client()

    def call(method: str, endpoint: str, fields: dict[str, Any]) -> dict[str, Any]:
        given = {"query_string": fields} if method == "GET" else {"json": fields}
        answer = client.open(f"/api/2.0/mlflow/{endpoint}", method=method, **given)
        if answer.status_code != 200:
            raise RuntimeError(f"{endpoint} answered {answer.status}: {answer.text}")
        told: dict[str, Any] = answer.get_json(force=True)
        return told

    work = Work(call)
    names = ("run", "register", "set_alias", "by_alias", "search", "prepare_model")
    operations = {name: getattr(work, name) for name in names}
    obey(operations, {"experiment_id": work.experiment_id}, lambda: database.seconds)


if __name__ == "__main__":
    main()
