"""The predictions of a day, by the ids under which labels come for them: what is kept of each to measure quality."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.captured import PREDICTION, Capture

Keys = NDArray[np.uint64]
Seconds = NDArray[np.int64]  # of the epoch
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Slices = NDArray[np.uint32]  # codes of the slices that each lies in; 0: none

DAY = 86_400
ID = re.compile("([0-9a-f]{12})7[0-9a-f]{3}[89ab][0-9a-f]{15}")  # a UUID of version 7 (RFC 9562)
FIRST = 1_577_836_800  # 2020-01-01: no prediction is older
UNKNOWN = -1
MISSING = "(missing)"
SLOTS = 4  # slices that a prediction lies in, one of each column at most


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


def slice_code(name: str) -> int:
    """Return what stands for a slice such as `origin=LGA`: 32 bits of its hash, never 0."""
    digest = hashlib.blake2b(name.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") or 1


def slice_name(column: str, value: object) -> str:
    """Return what people call the rows that have this value."""
    told = str(value).lower() if isinstance(value, bool) else value
    return f"{column}={MISSING if value is None else told}"


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
    slices: Slices = field(default_factory=lambda: np.zeros((0, SLOTS), dtype=np.uint32))

    def __post_init__(self) -> None:
        """Predictions that were kept before there were slices lie in none."""
        if len(self.slices) != len(self.keys):
            empty = np.zeros((len(self.keys), SLOTS), dtype=np.uint32)
            object.__setattr__(self, "slices", empty)

    @classmethod
    def of(
        cls,
        keys: Iterable[int],
        versions: object,
        at: object,
        values: object,
        slices: Sequence[Sequence[int]] = (),
    ) -> Self:
        """Return predictions given in any order; of those with the same key the first stays."""
        all_keys = np.array([*keys], dtype=np.uint64)
        unique, places = np.unique(all_keys, return_index=True)
        codes = np.zeros((len(all_keys), SLOTS), dtype=np.uint32)
        for place, each in enumerate(slices):
            codes[place, : len(each)] = each
        return cls(
            unique,
            np.asarray(versions, dtype=np.int64)[places],
            np.asarray(at, dtype=np.int64)[places],
            np.asarray(values, dtype=np.float64)[places],
            codes[places],
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
            np.concatenate([self.slices, more.slices])[places],
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


def predicted(
    captures: Sequence[Capture], version: int, sliced: Sequence[str] = ()
) -> dict[date, Predictions]:
    """Return what captures say that a version predicted, by the day of the request; what is no number is left out.

    `sliced` are columns whose values tell in which slices a prediction lies, four at most.
    """
    found: dict[date, tuple[list[int], list[int], list[float], list[list[int]]]] = {}
    code = cache(lambda column, value: slice_code(slice_name(column, value)))
    for capture in captures:
        keys, at, values, slices = found.setdefault(day_of(capture.at), ([], [], [], []))
        columns = [(name, capture.columns[name]) for name in sliced if name in capture.columns]
        for place, value in enumerate(capture.columns[PREDICTION]):
            if isinstance(value, int | float):
                keys.append(key_of(capture.inference_id, capture.first_row + place))
                at.append(capture.at)
                values.append(float(value))
                slices.append([code(name, column[place]) for name, column in columns])
    return {
        day: Predictions.of(keys, [version] * len(keys), at, values, slices)
        for day, (keys, at, values, slices) in found.items()
    }
