"""A sample of a metric's points that fits in memory however many there are, to be drawn."""

from dataclasses import dataclass, field

from trimtab.domain.tracking.points import Point, sampled, step_order

KEPT_MOST = 100_000  # points: forty for each that is drawn


@dataclass
class Sample:
    """Takes points one by one; of more than `kept` it keeps every second, then every fourth, and so on.

    The first and the last in order of steps it always keeps.
    """

    first_step: int | None = None
    last_step: int | None = None
    kept: int = KEPT_MOST
    _points: list[Point] = field(default_factory=list)
    _ends: list[Point] = field(default_factory=list)
    _every: int = 1
    _seen: int = 0

    def add(self, point: Point) -> None:
        """Take a point, unless it lies outside of the interval of steps."""
        if self.first_step is not None and point.step < self.first_step:
            return
        if self.last_step is not None and point.step > self.last_step:
            return
        if self._seen % self._every == 0:
            self._points.append(point)
        self._seen += 1
        if not self._ends:
            self._ends = [point, point]
        first, last = self._ends
        if point.step <= first.step:
            self._ends[0] = min(first, point, key=step_order)
        if point.step >= last.step:
            self._ends[1] = max(last, point, key=step_order)
        if len(self._points) > self.kept:
            self._points = self._points[::2]
            self._every *= 2

    def points(self, most: int) -> list[Point]:
        """Return at most `most` points, evenly chosen over the steps."""
        inner = [point for point in self._points if point not in self._ends]
        return sampled([*dict.fromkeys(self._ends), *inner], most)
