"""The points of a metric: which is the latest, which are the same, and in which order they come."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Point(NamedTuple):
    """One value of a metric, when it was measured (milliseconds of the epoch) and at which step."""

    timestamp: int
    step: int
    value: float


Logged = tuple[str, Point]  # a metric's key and one point of it
Identity = tuple[int, int, float | None]


def identity(point: Point) -> Identity:
    """What tells a point from others of its metric; NaN, which is not equal to itself, is the same as NaN."""
    return (point.timestamp, point.step, None if math.isnan(point.value) else point.value)


def order(point: Point) -> tuple[int, int, float, bool]:
    """The key by which a history is sorted: time, step, value; NaN counts as 0, and comes behind it."""
    is_nan = math.isnan(point.value)
    return (point.timestamp, point.step, 0.0 if is_nan else point.value, is_nan)


def step_order(point: Point) -> tuple[int, int, float, bool]:
    """The key by which points are sorted that are drawn over their steps."""
    timestamp, step, value, is_nan = order(point)
    return (step, timestamp, value, is_nan)


def is_later(one: Point, other: Point) -> bool:
    """Tell whether `one` is the more recent value: of a later step, then of a later time, then the larger."""
    return _recency(one) > _recency(other)


def latest(known: Mapping[str, Point], logged: Iterable[Logged]) -> dict[str, Point]:
    """Return the most recent point of each metric, of those that were known and those that are logged."""
    found = dict(known)
    for key, point in logged:
        if key not in found or is_later(point, found[key]):
            found[key] = point
    return found


def unknown(logged: Iterable[Logged], known: Iterable[Logged]) -> list[Logged]:
    """Return what is logged and not among what is known, each point once."""
    seen = {(key, identity(point)) for key, point in known}
    found = []
    for key, point in logged:
        told = (key, identity(point))
        if told not in seen:
            seen.add(told)
            found.append((key, point))
    return found


def merged(*histories: Iterable[Point]) -> list[Point]:
    """Return the points of several histories of one metric in order, each once."""
    found = {identity(point): point for history in histories for point in history}
    return sorted(found.values(), key=order)


def sampled(points: list[Point], most: int) -> list[Point]:
    """Return at most `most` of a metric's points, evenly spread over its steps, the first and the last among them.

    Of one point alone it is the last.
    """
    ordered = sorted(points, key=step_order)
    if len(ordered) <= most:
        return ordered
    if most == 1:
        return [ordered[-1]]
    last = len(ordered) - 1
    return [ordered[round(place * last / (most - 1))] for place in range(most)]


def _recency(point: Point) -> tuple[int, int, float]:
    return (point.step, point.timestamp, 0.0 if math.isnan(point.value) else point.value)
