"""The unmodified MLflow client against one address; runs on `.venv-mlflow`: python -m … ADDRESS EXPERIMENT_ID."""

import sys
import time

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from benchmarks.tracking.turns import obey
from benchmarks.tracking.work import KEYS, MODEL, PAGE, VERSIONS


class ClientWork:
    """The same operations as `Work`, as a user of the client writes them."""

    def __init__(self, url: str, experiment_id: str) -> None:
        self._client = MlflowClient(url, registry_uri=url)
        self._experiment_id = experiment_id
        self._turn = 0

    def run(self) -> None:
        """Create a run, log 10 params and 10 metrics in one batch, end it."""
        run_id = self._client.create_run(self._experiment_id).info.run_id
        now = int(time.time() * 1000)
        metrics = [Metric(f"m{k}", now % (k + 7) / 10, now, 0) for k in range(KEYS)]
        params = [Param(f"p{k}", str(k)) for k in range(KEYS)]
        self._client.log_batch(run_id, metrics=metrics, params=params)
        self._client.set_terminated(run_id)

    def register(self) -> None:
        """Create a model version."""
        self._client.create_model_version(MODEL, "s3://somewhere/model")

    def set_alias(self) -> None:
        """Move the alias to the next version."""
        self._turn += 1
        self._client.set_registered_model_alias(MODEL, "best", str(1 + self._turn % VERSIONS))

    def by_alias(self) -> None:
        """Ask which version the alias is on."""
        self._client.get_model_version_by_alias(MODEL, "best")

    def search(self) -> None:
        """Search runs by a metric, in its order, one page."""
        order = ["metrics.m0 DESC"]
        self._client.search_runs(
            [self._experiment_id], "metrics.m0 > 0.5", order_by=order, max_results=PAGE
        )


if __name__ == "__main__":
    work = ClientWork(*sys.argv[1:])
    names = ("run", "register", "set_alias", "by_alias", "search")
    obey({name: getattr(work, name) for name in names}, {})
