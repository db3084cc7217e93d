"""The predictions of a day, by the ids under which labels come for them: what is kept of each to measure quality."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.captured import PREDICTION, Capture

Keys = NDArray[np.uint64]
Seconds = NDArray[np.int64]  # of the epoch
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

DAY = 86_400
ID = re.compile("([0-9a-f]{12})7[0-9a-f]{3}[89ab][0-9a-f]{15}")  # a UUID of version 7 (RFC 9562)
FIRST = 1_577_836_800  # 2020-01-01: no prediction is older
UNKNOWN = -1


def key_of(inference_id: str, row: int) -> int:
    """Return what stands for one row of one request: 64 bits of its hash."""
    digest = hashlib.blake2b(f"{row} {inference_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def made_at(inference_id: str, told: int, by: int) -> int:
    """Return the second in which a prediction was made, or `UNKNOWN`.

    An id of ours says it, or else its label (`told`). A time before Trimtab, or later than a day after `by`, the
    second at which the label came, is nobody's: an id that somebody made otherwise may look like ours.
    """
    found = ID.fullmatch(inference_id)
    for second in (int(found[1], 16) // 1000 if found else UNKNOWN, told):
        if FIRST <= second <= by + DAY:
            return second
    return UNKNOWN


def day_of(seconds: int) -> date:
    """Return the day in UTC."""
    return datetime.fromtimestamp(seconds, UTC).date()


@dataclass(frozen=True)
class Predictions:
    """Predictions in order of their keys, each key once."""

    keys: Keys
    versions: NDArray[np.int64]
    at: Seconds
    values: Floats

    @classmethod
    def of(cls, keys: Iterable[int], versions: object, at: object, values: object) -> Self:
        """Return predictions given in any order; of those with the same key the first stays."""
        all_keys = np.array([*keys], dtype=np.uint64)
        unique, places = np.unique(all_keys, return_index=True)
        return cls(
            unique,
            np.asarray(versions, dtype=np.int64)[places],
            np.asarray(at, dtype=np.int64)[places],
            np.asarray(values, dtype=np.float64)[places],
        )

    @classmethod
    def none(cls) -> Self:
        """Return no predictions."""
        return cls.of([], [], [], [])

    def __len__(self) -> int:
        return len(self.keys)

    def with_more(self, more: "Predictions") -> "Predictions":
        """Return both together. What came first under a key stays: an id that is used again is a repetition."""
        keys = np.concatenate([self.keys, more.keys])
        unique, places = np.unique(keys, return_index=True)
        return Predictions(
            unique,
            np.concatenate([self.versions, more.versions])[places],
            np.concatenate([self.at, more.at])[places],
            np.concatenate([self.values, more.values])[places],
        )

    def has(self, keys: Keys) -> Mask:
        """Return which of the keys have a prediction."""
        places = np.searchsorted(self.keys, keys)
        places[places == len(self.keys)] = 0
        return self.keys[places] == keys if len(self.keys) else np.zeros(len(keys), dtype=np.bool_)

    def between(self, version: int, start: datetime, end: datetime) -> "Predictions":
        """Return what a version predicted from `start` on and before `end`."""
        mask = (
            (self.versions == version)
            & (self.at >= int(start.timestamp()))
            & (self.at < int(end.timestamp()))
        )
        return Predictions(*(getattr(self, each.name)[mask] for each in fields(self)))


def predicted(captures: Sequence[Capture], version: int) -> dict[date, Predictions]:
    """Return what captures say that a version predicted, by the day of the request; what is no number is left out."""
    keys: dict[date, list[int]] = {}
    at: dict[date, list[int]] = {}
    values: dict[date, list[float]] = {}
    for capture in captures:
        day = day_of(capture.at)
        for place, value in enumerate(capture.columns[PREDICTION]):
            if isinstance(value, int | float):
                keys.setdefault(day, []).append(
                    key_of(capture.inference_id, capture.first_row + place)
                )
                at.setdefault(day, []).append(capture.at)
                values.setdefault(day, []).append(float(value))
    return {
        day: Predictions.of(keys[day], [version] * len(keys[day]), at[day], values[day])
        for day in keys
    }
