"""Traffic in which nothing drifts, as it comes: dependent, seasonal, uneven, small, broad; and some that drifts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]  # a column for each feature; missing is NaN
WEEK = 7


@dataclass(frozen=True)
class Scene:
    """How rows of one model come about."""

    what: str
    features: int = 10
    rows: int = 1_000  # of a day
    reference_days: int = 28
    per_customer: int = 1  # rows of one customer, which are alike
    alike: float = 0.0  # intra-class correlation of a customer's rows
    day_moves: float = 0.0  # by how much a day's mean varies, in standard deviations
    memory: float = 0.0  # how much of it is left the next day
    weekend: float = 0.0  # by how much the mean of two days in seven differs
    uneven: float = 0.0  # standard deviation of the logarithm of a day's rows
    tails: bool = False  # half of the features are lognormal, two hold levels, one has gaps
    drift: Callable[[Rows, np.random.Generator], None] | None = None  # what becomes of feature 0


@dataclass(frozen=True)
class Day:
    """The rows of one day."""

    values: Rows
    customers: NDArray[np.int64]
    weekday: int


SCENES = (
    Scene("independent rows, 1,000 a day"),
    Scene("200 rows a day", rows=200),
    Scene("20 rows a customer, 50 customers a day", per_customer=20, alike=0.3),
    Scene("days that differ by 0.1 sd, half of it left the next day", day_moves=0.1, memory=0.5),
    Scene("days that differ by 0.3 sd", day_moves=0.3),
    Scene("days that differ by 0.3 sd, half of it left the next day", day_moves=0.3, memory=0.5),
    Scene("weekends 0.5 sd away", weekend=0.5, reference_days=56),
    Scene("100 to 10,000 rows a day", uneven=1.0),
    Scene("heavy tails, rare levels, gaps", tails=True),
    Scene("500 features", features=500),
)


def days(scene: Scene, count: int, chance: np.random.Generator) -> Iterator[Day]:
    """Make so many days in a row."""
    move = np.zeros(scene.features)
    fresh = scene.day_moves * np.sqrt(1 - scene.memory**2)
    for number in range(count):
        move = scene.memory * move + chance.normal(0, 1, scene.features) * fresh
        size = scene.rows
        if scene.uneven:
            size = int(np.clip(size * np.exp(chance.normal(0, scene.uneven)), 100, 10_000))
        people = max(1, size // scene.per_customer)
        customers = np.repeat(chance.integers(0, 2**40, people), scene.per_customer)
        own = chance.normal(0, np.sqrt(scene.alike), (people, scene.features))
        values = np.repeat(own, scene.per_customer, axis=0)
        values = values + chance.normal(0, np.sqrt(1 - scene.alike), values.shape)
        weekday = number % WEEK
        values += move + (scene.weekend if weekday >= WEEK - 2 else 0)
        if scene.tails:
            _tails(values, chance)
        if scene.drift is not None:
            scene.drift(values, chance)
        yield Day(values, customers, weekday)


def _tails(values: Rows, chance: np.random.Generator) -> None:
    half = values.shape[1] // 2
    values[:, half:] = np.exp(1.5 * values[:, half:])
    for column, base in ((0, 1.3), (1, 2.5)):
        values[:, column] = np.minimum(chance.zipf(base, len(values)), 200)
    values[:, 2][chance.random(len(values)) < 0.1] = np.nan


def _shifted(by: float) -> Callable[[Rows, np.random.Generator], None]:
    def drift(values: Rows, _: np.random.Generator) -> None:
        values[:, 0] += by

    return drift


def _spread(values: Rows, _: np.random.Generator) -> None:
    values[:, 0] *= 1.5


def _gaps(values: Rows, chance: np.random.Generator) -> None:
    values[:, 0][chance.random(len(values)) < 0.15] = np.nan


def _stuck(values: Rows, _: np.random.Generator) -> None:
    values[:, 0] = 0.0


def _outside(values: Rows, chance: np.random.Generator) -> None:
    values[:, 0][chance.random(len(values)) < 0.05] = 50.0


EFFECTS = {
    "mean moves by 0.25 sd": _shifted(0.25),
    "mean moves by 0.5 sd": _shifted(0.5),
    "mean moves by 1 sd": _shifted(1.0),
    "spread times 1.5": _spread,
    "15 % missing": _gaps,
    "one value in all rows": _stuck,
    "5 % far outside the range": _outside,
}


def drifting(effect: str, rows: int = 1_000) -> Scene:
    """A scene that drifts from its first day on, after a reference that does not."""
    return replace(SCENES[0], what=effect, rows=rows, drift=EFFECTS[effect])
