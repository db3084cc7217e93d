"""Metrics in log lines: CloudWatch's embedded metric format.

The form is AWS's "Specification: Embedded metric format": a JSON line whose `_aws.CloudWatchMetrics` names, for each
namespace, the members that are metrics and the sets of members that are their dimensions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.lambdas.logs import parsed


@dataclass(frozen=True)
class Datum:
    """One metric under one set of dimensions."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    unit: str
    values: list[float]
    timestamp: float | None  # seconds since the epoch, as the function's own clock told


def embedded_metrics(line: str) -> Iterator[Datum]:
    """Yield what a log line measures; a line in another form, or a broken one, yields nothing."""
    if '"CloudWatchMetrics"' not in line or (root := parsed(line)) is None:
        return
    metadata = root.get("_aws")
    if not isinstance(metadata, dict):
        return
    timestamp = metadata.get("Timestamp")
    at = timestamp / 1000 if isinstance(timestamp, int | float) else None
    for directive in metadata.get("CloudWatchMetrics") or []:
        yield from _of_directive(directive, root, at)


def _of_directive(
    directive: dict[str, Any], root: dict[str, Any], at: float | None
) -> Iterator[Datum]:
    for metric in directive.get("Metrics") or []:
        values = _numbers(root.get(metric.get("Name")))
        for names in directive.get("Dimensions") or [[]]:
            if values and all(name in root for name in names):
                dimensions = {name: str(root[name]) for name in names}
                unit = metric.get("Unit", "None")
                yield Datum(directive["Namespace"], metric["Name"], dimensions, unit, values, at)


def _numbers(value: object) -> list[float]:
    values = value if isinstance(value, list) else [value]
    return [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


def on_local_time(timestamp: float | None, *, local: float, offset: float) -> float:
    """Return when a datum was measured, in local time.

    Libraries stamp with `datetime`, which stays real in a worker, or with `time.time`, which tells local time: the
    nearer of the two is what was meant.
    """
    if timestamp is None:
        return local
    real = local - offset
    return timestamp + offset if abs(timestamp - real) < abs(timestamp - local) else timestamp
