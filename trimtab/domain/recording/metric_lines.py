"""The values of metrics that stand in a job's log, by the regular expressions that the job was given."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from trimtab.domain.recording.facts import MetricValue
from trimtab.domain.tracking.points import Point, sampled

POINTS_MOST = 100  # of a run, of all metrics together: so many stay beside it, in one record


def metric_values(
    lines: Iterable[tuple[datetime, str]], patterns: Mapping[str, str]
) -> tuple[MetricValue, ...]:
    """Return what the lines tell, each metric by its steps: all of them, or as many as fit, evenly spread."""
    expressions = {name: found for name, text in patterns.items() if (found := _compiled(text))}
    series: dict[str, list[Point]] = {name: [] for name in expressions}
    for at, line in lines:
        for name, expression in expressions.items():
            value = _value(expression, line)
            if value is not None:
                series[name].append(Point(round(at.timestamp() * 1000), len(series[name]), value))
    most = max(POINTS_MOST // max(len(series), 1), 1)
    return tuple(
        MetricValue(
            name=name,
            value=point.value,
            at=datetime.fromtimestamp(point.timestamp / 1000, at.tzinfo),
            step=point.step,
        )
        for name, points in series.items()
        for point in sampled(points, most)
    )


def _compiled(text: str) -> re.Pattern[str] | None:
    """Return an expression with a group for the value; None for one that only SageMaker can read."""
    try:
        found = re.compile(text)
    except re.error:
        return None
    return found if found.groups else None


def _value(expression: re.Pattern[str], line: str) -> float | None:
    found = expression.search(line)
    try:
        return float(found[1]) if found else None
    except (TypeError, ValueError):
        return None
