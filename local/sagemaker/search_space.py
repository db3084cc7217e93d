"""The hyperparameters that a tuning job may choose, and every point that they span.

A dimension turns a number from 0 to 1 into a value as SageMaker hands it to a script, a text, and back.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Point = dict[str, str]

WIDE = 100.0  # an Auto range whose ends lie so many times apart is searched by its logarithm


@dataclass(frozen=True)
class Numbers:
    """An integer or continuous range."""

    name: str
    low: float
    high: float
    whole: bool
    scaling: str = "Linear"

    @property
    def size(self) -> float:
        """How many values it has."""
        if self.low == self.high:
            return 1
        return self.high - self.low + 1 if self.whole else math.inf

    @property
    def width(self) -> int:
        """How many coordinates a place has in it."""
        return 1

    def value(self, share: float) -> str:
        """Return the value that lies at a share of the range, by its scale."""
        low, high = self._ends
        there = self._back(low + share * (high - low))
        if not self.whole:
            return repr(float(min(max(there, self.low), self.high)))
        return str(int(min(max(math.floor(there), self.low), self.high)))

    def place(self, text: str) -> list[float] | None:
        """Return where a value lies; None if it lies outside or is none."""
        try:
            value = float(text)
        except ValueError:
            return None
        if not self.low <= value <= self.high:
            return None
        low, high = self._ends
        middle = value + 0.5 if self.whole else value
        return [(self._scaled(middle) - low) / (high - low) if high > low else 0.0]

    def values(self) -> Iterator[str]:
        """Yield every value of a range that has an end of them."""
        if not self.whole:
            yield repr(float(self.low))
            return
        yield from (str(value) for value in range(int(self.low), int(self.high) + 1))

    @property
    def _ends(self) -> tuple[float, float]:
        # Every integer gets a stretch of its own, from itself to the next.
        return self._scaled(self.low), self._scaled(self.high + self.whole)

    def _scaled(self, value: float) -> float:
        if self.scaling == "Logarithmic":
            return math.log(value)
        return -math.log1p(-value) if self.scaling == "ReverseLogarithmic" else value

    def _back(self, scaled: float) -> float:
        if self.scaling == "Logarithmic":
            # The logarithm of an integer comes back as a little less than it was.
            return math.exp(scaled) * (1 + 1e-12)
        return -math.expm1(-scaled) if self.scaling == "ReverseLogarithmic" else scaled


@dataclass(frozen=True)
class Choices:
    """A categorical range."""

    name: str
    options: tuple[str, ...]

    @property
    def size(self) -> float:
        """How many values it has."""
        return len(self.options)

    @property
    def width(self) -> int:
        """How many coordinates a place has in it."""
        return len(self.options)

    def value(self, share: float) -> str:
        """Return the option that a share falls to."""
        return self.options[min(int(share * len(self.options)), len(self.options) - 1)]

    def place(self, text: str) -> list[float] | None:
        """Return where an option lies: as far from each other option."""
        if text not in self.options:
            return None
        return [math.sqrt(0.5) if option == text else 0.0 for option in self.options]

    def values(self) -> Iterator[str]:
        """Yield every option."""
        yield from self.options


Dimension = Numbers | Choices


@dataclass(frozen=True)
class Space:
    """Every point that a tuning job may try."""

    dimensions: tuple[Dimension, ...]

    @property
    def size(self) -> float:
        """How many points there are."""
        return math.prod(each.size for each in self.dimensions)

    def point(self, shares: Sequence[float]) -> Point:
        """Return the point that lies at a share of each dimension."""
        pairs = zip(self.dimensions, shares, strict=True)
        return {each.name: each.value(share) for each, share in pairs}

    def place(self, point: Mapping[str, str]) -> list[float] | None:
        """Return the coordinates of a point; None if it lies outside of the space."""
        found: list[float] = []
        for each in self.dimensions:
            there = each.place(point[each.name]) if each.name in point else None
            if there is None:
                return None
            found += there
        return found

    def own(self, point: Mapping[str, str]) -> Point | None:
        """Return the part of a point that this space has; None if it lies outside of the space."""
        if self.place(point) is None:
            return None
        return {each.name: point[each.name] for each in self.dimensions}

    def points(self) -> Iterator[Point]:
        """Yield every point, in the order of the ranges; of a space that has an end of them."""
        names = [each.name for each in self.dimensions]
        for values in itertools.product(*(tuple(each.values()) for each in self.dimensions)):
            yield dict(zip(names, values, strict=True))


def scale_of(asked: str, low: float, high: float) -> str:
    """Return the scale by which a range is searched; Auto is Logarithmic where the ends lie far apart."""
    if asked != "Auto":
        return asked
    return "Logarithmic" if low > 0 and high / low >= WIDE else "Linear"
