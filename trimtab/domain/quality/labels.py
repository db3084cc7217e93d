"""The labels of a day's predictions, every one that said something new, with the time from which it was known.

What is true of a prediction is what its label observed last says. As nothing is written over, what was known at any
earlier time can be told again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.quality.predictions import (
    Floats,
    Keys,
    Mask,
    Predictions,
    Seconds,
)


@dataclass(frozen=True)
class Arrivals:
    """Labels that came together, in the order in which they stood."""

    keys: Keys
    values: Floats
    observed: Seconds  # when each was so
    made: Seconds  # when its prediction was made, as the label or the id says; -1 where nothing says it

    @classmethod
    def of(
        cls,
        keys: Sequence[int],
        values: Sequence[float],
        observed: Sequence[int],
        made: Sequence[int],
    ) -> Self:
        """Return labels of these columns."""
        return cls(
            np.array(keys, dtype=np.uint64),
            np.array(values, dtype=np.float64),
            np.array(observed, dtype=np.int64),
            np.array(made, dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def only(self, mask: Mask) -> "Arrivals":
        """Return those of the mask."""
        return Arrivals(*(getattr(self, each.name)[mask] for each in fields(self)))


@dataclass(frozen=True)
class Taken:
    """What became of labels for predictions that are known."""

    new: int = 0  # the first for their prediction
    repeated: int = 0  # say what was known
    corrected: int = 0  # say something else, and hold from now on
    outdated: int = 0  # say something else, but were observed before what is known

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.new + other.new,
            self.repeated + other.repeated,
            self.corrected + other.corrected,
            self.outdated + other.outdated,
        )


@dataclass(frozen=True)
class Labels:
    """Labels in the order in which they came."""

    keys: Keys
    values: Floats
    observed: Seconds
    received: Seconds
    origins: NDArray[np.int64]  # place in `collections`
    collections: NDArray[np.str_]  # in which they came

    @classmethod
    def none(cls) -> Self:
        """Return no labels."""
        seconds = np.zeros(0, dtype=np.int64)
        return cls(
            np.zeros(0, dtype=np.uint64),
            np.zeros(0, dtype=np.float64),
            seconds,
            seconds,
            seconds,
            np.zeros(0, dtype="U1"),
        )

    def __len__(self) -> int:
        return len(self.keys)

    def taking(self, arrivals: Arrivals, collection: str, received: int) -> tuple["Labels", Taken]:
        """Return the labels with more of them, and what became of those; taken again they count as the first time."""
        before = self._without(collection, arrivals.keys)
        standing = {
            int(key): (int(observed), float(value))
            for key, observed, value in zip(*_latest(before, arrivals.keys), strict=True)
        }
        counts = {"new": 0, "repeated": 0, "corrected": 0, "outdated": 0}
        told = []
        for place, (key, observed, value) in enumerate(
            zip(
                arrivals.keys.tolist(),
                arrivals.observed.tolist(),
                arrivals.values.tolist(),
                strict=True,
            )
        ):
            outcome = _outcome(standing.get(key), observed, value)
            counts[outcome] += 1
            if outcome != "repeated":
                told.append(place)
            if outcome in ("new", "corrected"):
                standing[key] = (observed, value)
        said = arrivals.only(np.array(told, dtype=np.intp))
        return _with(before, said, collection, received), Taken(**counts)

    def of(self, predictions: Predictions, known_by: Seconds) -> tuple[Mask, Floats]:
        """Return which of the predictions had a label by the second given for each, and its value where it had one."""
        order = np.argsort(self.observed, kind="stable")
        places = np.searchsorted(predictions.keys, self.keys[order])
        places[places == len(predictions)] = 0
        if not len(predictions):
            return np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.float64)
        counts = (predictions.keys[places] == self.keys[order]) & (
            self.received[order] <= known_by[places]
        )
        has = np.zeros(len(predictions), dtype=np.bool_)
        values = np.zeros(len(predictions), dtype=np.float64)
        # Of several labels for one prediction the one observed last stays: NumPy assigns in order.
        has[places[counts]] = True
        values[places[counts]] = self.values[order][counts]
        return has, values

    def first_known(self, predictions: Predictions) -> Seconds:
        """Return the second in which each prediction had its first label; of one without any, nothing can be said."""
        order = np.argsort(self.received, kind="stable")[::-1]
        places = np.searchsorted(predictions.keys, self.keys[order])
        places[places == len(predictions)] = 0
        first = np.zeros(len(predictions), dtype=np.int64)
        if len(predictions):
            there = predictions.keys[places] == self.keys[order]
            # Of several labels the one received first stays: NumPy assigns in order.
            first[places[there]] = self.received[order][there]
        return first

    def _without(self, collection: str, keys: Keys) -> "Labels":
        mask = (self.collections[self.origins] != collection) | ~np.isin(self.keys, keys)
        return replace(
            self,
            keys=self.keys[mask],
            values=self.values[mask],
            observed=self.observed[mask],
            received=self.received[mask],
            origins=self.origins[mask],
        )


def _latest(labels: Labels, keys: Keys) -> tuple[list[int], list[int], list[float]]:
    """Of these keys, as far as they have labels: each once, with when it was observed last and what it is."""
    mask = np.isin(labels.keys, keys)
    order = np.argsort(labels.observed[mask], kind="stable")[::-1]
    found, places = np.unique(labels.keys[mask][order], return_index=True)
    picked = np.arange(len(labels))[mask][order][places]
    return found.tolist(), labels.observed[picked].tolist(), labels.values[picked].tolist()


def _with(labels: Labels, more: Arrivals, collection: str, received: int) -> Labels:
    names = [str(name) for name in labels.collections]
    if collection not in names:
        names.append(collection)
    count, origin = len(more), names.index(collection)
    return Labels(
        np.concatenate([labels.keys, more.keys]),
        np.concatenate([labels.values, more.values]),
        np.concatenate([labels.observed, more.observed]),
        np.concatenate([labels.received, np.full(count, received, dtype=np.int64)]),
        np.concatenate([labels.origins, np.full(count, origin, dtype=np.int64)]),
        np.array(names),
    )


def _outcome(standing: tuple[int, float] | None, observed: int, value: float) -> str:
    if standing is None:
        return "new"
    if standing[1] == value:
        return "repeated"
    return "corrected" if observed >= standing[0] else "outdated"
