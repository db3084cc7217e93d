"""Which point a tuning job tries next: at random, along a grid, or where a model of the results hopes most."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np

from local.sagemaker.search_space import Point, Space
from local.sagemaker.surrogate import Surrogate

DRAWS = 100  # tries to draw a point that was not tried yet, before the rest of the space is listed
LISTED = 20_000  # points of a space that are listed at most
FIRST = 4  # a model needs more results than these; until then points are spread evenly
CANDIDATES, NEAR = 512, 128  # points that the model is asked about: anywhere, and around the best
STEP = 0.25  # how far around the best, of each range


@dataclass(frozen=True)
class Tried:
    """A point and what came of it: larger is better, None if nothing did or nothing has yet."""

    point: Point
    value: float | None = None


class Strategy(Protocol):
    """A way to search."""

    def next(self, tried: Sequence[Tried]) -> Point | None:
        """Return a point that was not tried yet; None if there is none left."""


class RandomSearch:
    """Draws by a seed: the n-th draw is the same whatever came of those before."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed

    def next(self, tried: Sequence[Tried]) -> Point | None:
        """Return a point that was not tried yet; None if there is none left."""
        seen = [each.point for each in tried]
        chance = np.random.default_rng([self._seed, len(tried)])
        for _ in range(DRAWS):
            point = self._space.point(chance.random(len(self._space.dimensions)).tolist())
            if point not in seen:
                return point
        left = [] if self._space.size > LISTED else _untried(self._space, seen)
        return left[chance.integers(len(left))] if left else None


class GridSearch:
    """Takes every point once, in the order of the ranges."""

    def __init__(self, space: Space) -> None:
        self._space = space

    def next(self, tried: Sequence[Tried]) -> Point | None:
        """Return a point that was not tried yet; None if there is none left."""
        return next(iter(_untried(self._space, [each.point for each in tried])), None)


class BayesianSearch:
    """Spreads the first points evenly, then asks a Gaussian process where the most is to be gained."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._random = RandomSearch(space, seed)

    def next(self, tried: Sequence[Tried]) -> Point | None:
        """Return a point that was not tried yet; None if there is none left."""
        known = [each for each in tried if each.value is not None]
        if len(known) <= FIRST:
            return self._spread(tried)
        chance = np.random.default_rng([self._seed, len(tried)])
        seen = [each.point for each in tried]
        asked = [point for point in self._candidates(known, chance) if point not in seen]
        if not asked:
            return self._random.next(tried)
        # What runs still is taken for middling, so that two that run at once are not neighbours.
        values = [each.value for each in known if each.value is not None]
        middle = float(np.mean(values))
        places = [self._place(each.point) for each in tried]
        told = [middle if each.value is None else each.value for each in tried]
        model = Surrogate(np.array(places), np.array(told))
        hoped = model.improvement(np.array([self._place(point) for point in asked]), max(values))
        return asked[int(np.argmax(hoped))]

    def _spread(self, tried: Sequence[Tried]) -> Point | None:
        """The next of a few points of which no two share a stratum of any range."""
        strata = FIRST + 1
        chance = np.random.default_rng(self._seed)
        width = len(self._space.dimensions)
        cells = np.array([chance.permutation(strata) for _ in range(width)]).reshape(width, strata)
        shares = (cells + chance.random((width, strata))) / strata
        seen = [each.point for each in tried]
        for index in range(len(tried), strata):
            point = self._space.point(shares[:, index].tolist())
            if point not in seen:
                return point
        return self._random.next(tried)

    def _candidates(self, known: Sequence[Tried], chance: np.random.Generator) -> list[Point]:
        width = len(self._space.dimensions)
        shares = chance.random((CANDIDATES, width))
        best = max(known, key=lambda each: each.value or 0.0).point
        around = np.array([self._share(best, index) for index in range(width)])
        near = np.clip(around + chance.normal(0, STEP, (NEAR, width)), 0, 1)
        return [self._space.point(row.tolist()) for row in np.vstack((shares, near))]

    def _share(self, point: Point, index: int) -> float:
        each = self._space.dimensions[index]
        place = each.place(point[each.name]) or [0.0]
        if each.width == 1:
            return place[0]
        return (int(np.argmax(place)) + 0.5) / each.width

    def _place(self, point: Point) -> list[float]:
        place = self._space.place(point)
        assert place is not None, "only points of the space are tried"
        return place


def _untried(space: Space, seen: Sequence[Point]) -> list[Point]:
    return [point for point in islice(space.points(), LISTED) if point not in seen]
