"""Measures each request to an endpoint: what a champion's alarms watch."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from aws_lambda_powertools.metrics import MetricUnit

from trimtab.domain.metrics import FAILED_REQUESTS, LATENCY
from trimtab.errors import EndpointError
from trimtab.observability import metrics


@contextmanager
def measured(stage: str, model: str, version: int) -> Iterator[None]:
    """Tell of the request inside whether its endpoint failed on it and, if not, how long it took.

    What the caller could mend, such as too many rows, is no failure, and is not measured.
    """
    began = time.monotonic()
    try:
        yield
    except EndpointError:
        _tell(stage, model, version, failed=1)
        raise
    _tell(stage, model, version, failed=0, took=(time.monotonic() - began) * 1000)


def _tell(stage: str, model: str, version: int, *, failed: int, took: float | None = None) -> None:
    metrics.add_dimension(name="stage", value=stage)
    metrics.add_dimension(name="model", value=model)
    metrics.add_metadata(key="version", value=version)
    metrics.add_metric(name=FAILED_REQUESTS, unit=MetricUnit.Count, value=failed)
    if took is not None:
        metrics.add_metric(name=LATENCY, unit=MetricUnit.Milliseconds, value=took)
    metrics.flush_metrics()
