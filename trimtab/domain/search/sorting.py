"""Puts found entities into order: NaN behind every number, and what is missing behind everything, either way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from trimtab.domain.search.comparisons import Field, View
from trimtab.domain.search.orders import Order

NUMBERED = "experiment_id"  # is text that sorts as the number it is


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Descending:
    """A value that sorts against its own order."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and bool(self.value == other.value)

    def __lt__(self, other: "Descending") -> bool:
        return bool(other.value < self.value)

    def __hash__(self) -> int:
        return hash(self.value)


def sort_key(orders: Sequence[Order]) -> Callable[[View], tuple[Any, ...]]:
    """Return the function that gives the key by which `sorted` and `heapq.merge` bring views into order."""
    readers = [(_reader(order), order.ascending) for order in orders]

    def key(view: View) -> tuple[Any, ...]:
        return tuple(_ranked(read(view), ascending) for read, ascending in readers)

    return key


def _ranked(value: Any, ascending: bool) -> tuple[int, Any]:
    if value is None:
        return 2, 0
    if value != value:  # noqa: PLR0124 (only NaN is not itself)
        return 1, 0
    return 0, value if ascending else Descending(value)


def _reader(order: Order) -> Callable[[View], Any]:
    key = order.key
    match order.field:
        case Field.metric:
            return lambda view: view.metrics.get(key)
        case Field.parameter:
            return lambda view: view.params.get(key)
        case Field.tag:
            return lambda view: view.tags.get(key)
        case _ if key == NUMBERED:
            return lambda view: int(view.attributes[key] or 0)
        case _:
            return lambda view: view.attributes.get(key)
