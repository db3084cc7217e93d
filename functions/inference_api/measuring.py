"""Measures each request to an endpoint: what a champion's alarms watch, and what a challenger is judged on."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from aws_lambda_powertools.metrics import MetricUnit

from trimtab.domain.metrics import FAILED_REQUESTS, LATENCY, SLOW_ANSWERS
from trimtab.domain.routing import Route
from trimtab.errors import EndpointError
from trimtab.observability import metrics


@dataclass(frozen=True)
class Measuring:
    """What is told of the requests of one model that one version answers."""

    stage: str
    model: str
    version: int
    slow_ms: int | None  # while versions are compared: both are measured by themselves too

    @classmethod
    def of(cls, stage: str, model: str, version: int, route: Route) -> "Measuring":
        """Return what is to be told under this route."""
        return cls(stage, model, version, route.slow_ms if route.is_split else None)

    @contextmanager
    def measured(self, **about: object) -> Iterator[None]:
        """Tell of the request inside whether its endpoint failed on it and, if not, how long it took.

        With what is told `about` it, this is the request's line in the log. What the caller could mend, such as too
        many rows, is no failure, and is not measured.
        """
        began = time.monotonic()
        try:
            yield
        except EndpointError:
            self._tell(about, failed=1)
            raise
        self._tell(about, failed=0, took=(time.monotonic() - began) * 1000)

    def _tell(self, about: Mapping[str, object], *, failed: int, took: float | None = None) -> None:
        self._dimensions()
        for key, value in {"version": self.version, **about}.items():
            metrics.add_metadata(key=key, value=value)
        metrics.add_metric(name=FAILED_REQUESTS, unit=MetricUnit.Count, value=failed)
        if took is not None:
            metrics.add_metric(name=LATENCY, unit=MetricUnit.Milliseconds, value=took)
        metrics.flush_metrics()
        if self.slow_ms is not None:
            self._compare(failed, took, self.slow_ms)

    def _compare(self, failed: int, took: float | None, slow_ms: int) -> None:
        """Tell of the version alone, in counts: rollouts are judged on them."""
        self._dimensions()
        metrics.add_dimension(name="version", value=str(self.version))
        metrics.add_metric(name=FAILED_REQUESTS, unit=MetricUnit.Count, value=failed)
        if took is not None:
            slow = int(took > slow_ms)
            metrics.add_metric(name=SLOW_ANSWERS, unit=MetricUnit.Count, value=slow)
        metrics.flush_metrics()

    def _dimensions(self) -> None:
        metrics.add_dimension(name="stage", value=self.stage)
        metrics.add_dimension(name="model", value=self.model)
