"""Times of one operation, repeated."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """Seconds that one operation took, each time."""

    seconds: Sequence[float]

    @property
    def p50(self) -> float:
        """The median, in milliseconds."""
        return self._at(0.5)

    @property
    def p99(self) -> float:
        """What one in a hundred exceeds, in milliseconds; the slowest where there are fewer."""
        return self._at(0.99)

    @property
    def per_second(self) -> float:
        """Operations a second, one after the other."""
        return len(self.seconds) / sum(self.seconds)

    def facts(self, prefix: str) -> dict[str, float]:
        """Return the numbers under names that begin with `prefix`."""
        return {
            f"{prefix}_p50_ms": self.p50,
            f"{prefix}_p99_ms": self.p99,
            f"{prefix}_per_second": self.per_second,
            f"{prefix}_repeats": len(self.seconds),
        }

    def _at(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


def timed(operation: Callable[[], object]) -> float:
    """Return how many seconds one call takes."""
    started = time.perf_counter()
    operation()
    return time.perf_counter() - started


def in_turns(
    operations: Mapping[str, Callable[[], object]], repeats: int, *, warm: int = 2
) -> dict[str, Times]:
    """Time several operations in turns, so that a busy machine slows all of them alike."""
    for operation in operations.values():
        for _ in range(warm):
            operation()
    taken: dict[str, list[float]] = {name: [] for name in operations}
    for _ in range(repeats):
        for name, operation in operations.items():
            taken[name].append(timed(operation))
    return {name: Times(seconds) for name, seconds in taken.items()}
