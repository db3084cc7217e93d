"""How a search of runs is best answered: from which index, within which bounds, and in which places runs come."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from trimtab.domain.search import Comparison, Field, Kind, Order, View, parse_filter, parse_orders
from trimtab.domain.tracking.runs import Run

CONTEXT_TAG = "mlflow.data.context"
START, ID = "start_time", "run_id"
TIES = (Order(Field.attribute, START, ascending=False), Order(Field.attribute, ID))

NUMBERED, NOT_A_NUMBER, WITHOUT = 0, 1, 2  # groups of places in order of a metric


class Place(NamedTuple):
    """Where a run comes in a list; places compare as the runs come."""

    group: int
    value: float  # negated where the largest comes first
    start_ms: int  # negated where the last comes first
    run_id: str


@dataclass(frozen=True)
class RunQuery:
    """What is searched for, and in which order."""

    comparisons: tuple[Comparison, ...]
    orders: tuple[Order, ...]

    @classmethod
    def parsed(cls, text: str | None, order_by: Sequence[str] | None) -> "RunQuery":
        """Read a filter and its order. Raises InvalidInput, in MLflow's words."""
        return cls(parse_filter(text, Kind.run), parse_orders(order_by, Kind.run))

    @property
    def start_order(self) -> bool | None:
        """Whether runs come in order of start, first (True) or last (False) begun first; None if in another order."""
        if self.orders == TIES:
            return False
        return True if self.orders == (Order(Field.attribute, START), TIES[1]) else None

    @property
    def metric_order(self) -> Order | None:
        """The metric in whose order runs come, or None."""
        first, *rest = self.orders
        return first if first.field is Field.metric and tuple(rest) == TIES else None

    @property
    def run_ids(self) -> tuple[str, ...] | None:
        """The only runs that the filter lets through, if it names them."""
        for one in self.comparisons:
            if one.field is Field.attribute and one.key == ID:
                if one.operator == "=":
                    return (str(one.value),)
                if one.operator == "IN" and isinstance(one.value, tuple):
                    return one.value
        return None

    def metric_bounds(self, key: str) -> tuple[float, float] | None:
        """Between which values the filter wants a metric, both included; None if it asks nothing of it."""
        asked = [one for one in self.comparisons if one.field is Field.metric and one.key == key]
        return _bounds(asked) if asked else None

    def start_bounds(self) -> tuple[float, float]:
        """Between which times the filter wants runs to have begun, both included."""
        return _bounds(
            one for one in self.comparisons if one.field is Field.attribute and one.key == START
        )


def view_of(run: Run) -> View:
    """Return what a run shows to a search."""
    return View(
        attributes={
            "run_id": run.id,
            "run_name": run.name,
            "status": run.status,
            "start_time": run.start_ms,
            "end_time": run.end_ms,
            "artifact_uri": run.artifact_uri,
            "user_id": run.user_id,
        },
        metrics={key: point.value for key, point in run.metrics.items()},
        params=run.params,
        tags=run.tags,
        datasets=[
            {
                "name": one["dataset"]["name"],
                "digest": one["dataset"]["digest"],
                "context": one["tags"].get(CONTEXT_TAG),
            }
            for one in run.datasets
        ],
    )


def metric_place(value: float | None, start_ms: int, run_id: str, *, ascending: bool) -> Place:
    """Return where a run comes in order of a metric: NaN behind every number, runs without it last."""
    if value is None:
        return Place(WITHOUT, 0.0, -start_ms, run_id)
    if math.isnan(value):
        return Place(NOT_A_NUMBER, 0.0, -start_ms, run_id)
    return Place(NUMBERED, value if ascending else -value, -start_ms, run_id)


def start_place(start_ms: int, run_id: str, *, ascending: bool) -> Place:
    """Return where a run comes in order of its start."""
    return Place(NUMBERED, 0.0, start_ms if ascending else -start_ms, run_id)


def _bounds(comparisons: Iterable[Comparison]) -> tuple[float, float]:
    low, high = -math.inf, math.inf
    for one in comparisons:
        value: Any = one.value  # of a metric and of a time the language takes numbers only
        if one.operator in (">", ">=", "="):
            low = max(low, value)
        if one.operator in ("<", "<=", "="):
            high = min(high, value)
    return low, high
