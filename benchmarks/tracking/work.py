"""The work that both registries are given, as requests of MLflow's REST API; needs the standard library only."""

import random
import time
from collections.abc import Callable
from typing import Any

Call = Callable[[str, str, dict[str, Any]], dict[str, Any]]
"""(method, endpoint, fields) → the parsed answer; raises if it is a refusal."""

KEYS = 10  # params and metrics that a run logs
PAGE = 50
VERSIONS = 20  # that the alias is moved between
MODEL = "bench"


class Work:
    """The operations, each a method without arguments, on one experiment and one registered model."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._random = random.Random(1)
        self._turn = 0
        name = f"bench {time.time_ns()}"
        self.experiment_id: str = call("POST", "experiments/create", {"name": name})[
            "experiment_id"
        ]

    def prepare_model(self) -> None:
        """Make the registered model and the versions between which the alias moves."""
        self._call("POST", "registered-models/create", {"name": MODEL})
        for _ in range(VERSIONS):
            self.register()
        self.set_alias()

    def run(self) -> str:
        """Create a run, log 10 params and 10 metrics in one batch, end it."""
        now = int(time.time() * 1000)
        started = {"experiment_id": self.experiment_id, "start_time": now, "tags": []}
        run_id: str = self._call("POST", "runs/create", started)["run"]["info"]["run_id"]
        metrics = [
            {"key": f"m{k}", "value": self._random.random(), "timestamp": now, "step": 0}
            for k in range(KEYS)
        ]
        params = [{"key": f"p{k}", "value": str(k)} for k in range(KEYS)]
        self._call(
            "POST", "runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params}
        )
        ended = {"run_id": run_id, "status": "FINISHED", "end_time": now + 1}
        self._call("POST", "runs/update", ended)
        return run_id

    def register(self) -> None:
        """Create a model version."""
        source = {"name": MODEL, "source": "s3://somewhere/model"}
        self._call("POST", "model-versions/create", source)

    def set_alias(self) -> None:
        """Move the alias to the next version."""
        self._turn += 1
        moved = {"name": MODEL, "alias": "best", "version": str(1 + self._turn % VERSIONS)}
        self._call("POST", "registered-models/alias", moved)

    def by_alias(self) -> None:
        """Ask which version the alias is on."""
        self._call("GET", "registered-models/alias", {"name": MODEL, "alias": "best"})

    def search(self) -> int:
        """Search runs by a metric, in its order, one page; return how many were found."""
        asked = {
            "experiment_ids": [self.experiment_id],
            "filter": "metrics.m0 > 0.5",
            "order_by": ["metrics.m0 DESC"],
            "max_results": PAGE,
        }
        return len(self._call("POST", "runs/search", asked).get("runs", []))
