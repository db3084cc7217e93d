"""What the log of a training job tells of its metrics, read as its lines come."""

import math
import re
from collections.abc import Callable, Iterable

from local.sagemaker.errors import invalid
from local.sagemaker.store import Record


def check_metrics(operation: str, definitions: Iterable[Record]) -> None:
    """Raise ValidationException for metrics that no line of a log can tell."""
    names = [each["Name"] for each in definitions]
    if len(set(names)) != len(names):
        raise invalid(
            f"{operation}: names of MetricDefinitions must be unique, not {', '.join(names)}"
        )
    for each in definitions:
        try:
            groups = re.compile(each["Regex"]).groups
        except re.error as problem:
            raise invalid(
                f"{operation}: the regular expression of metric {each['Name']} is none: {problem}"
            ) from None
        if not groups:
            raise invalid(
                f"{operation}: the regular expression of metric {each['Name']} needs a group, in parentheses, for the value"
            )


class Series:
    """The values of each metric in the order of their lines; safe to read while the log grows."""

    def __init__(
        self,
        definitions: Iterable[Record],
        now: Callable[[], float],
        changed: Callable[[], None] | None = None,
    ) -> None:
        """Know the metrics by their definitions; `changed` is called after each value."""
        self._patterns = {each["Name"]: re.compile(each["Regex"]) for each in definitions}
        self._values: dict[str, list[tuple[float, float]]] = {name: [] for name in self._patterns}
        self._now = now
        self._changed = changed

    def hear(self, line: str) -> None:
        """Keep what a line tells."""
        told = False
        for name, pattern in self._patterns.items():
            value = _value(pattern.search(line))
            if value is not None:
                self._values[name].append((self._now(), value))
                told = True
        if told and self._changed is not None:
            self._changed()

    def of(self, name: str) -> list[float]:
        """Return a metric's values so far."""
        return [value for _, value in self._values.get(name, [])]

    def final(self) -> list[Record]:
        """Return the last value of each metric that was told, as DescribeTrainingJob has it."""
        return [
            {"MetricName": name, "Value": values[-1][1], "Timestamp": round(values[-1][0], 3)}
            for name, values in self._values.items()
            if values
        ]


def _value(found: re.Match[str] | None) -> float | None:
    try:
        value = float(found[1]) if found else math.nan
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
