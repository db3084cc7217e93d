"""The predictions of a day, by the ids under which labels come for them: what is kept of each to measure quality."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.captured import PREDICTION, Capture
from trimtab.domain.quality.metrics import MIDDLE

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
NAMED = 50  # predictions of a day whose ids are kept as a sample, and as many that are uncertain
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
class Names:
    """The ids of some predictions, in order of their keys: those that people may be asked to label."""

    keys: Keys
    ids: NDArray[np.str_]  # of the requests
    rows: NDArray[np.int64]  # of each request

    @classmethod
    def of(cls, keys: Sequence[int], names: Sequence[tuple[str, int]]) -> Self:
        """Return names given in any order."""
        unique, places = np.unique(np.array(keys, dtype=np.uint64), return_index=True)
        ids, rows = zip(*names, strict=True) if names else ((), ())
        told = np.array(ids, dtype=np.str_) if ids else np.zeros(0, dtype="U1")
        return cls(unique, told[places], np.array(rows, dtype=np.int64)[places])

    def with_more(self, more: "Names") -> "Names":
        """Return both together."""
        unique, places = np.unique(np.concatenate([self.keys, more.keys]), return_index=True)
        return Names(
            unique,
            np.concatenate([self.ids, more.ids])[places],
            np.concatenate([self.rows, more.rows])[places],
        )

    def only(self, mask: Mask) -> "Names":
        """Return those of the mask."""
        return Names(self.keys[mask], self.ids[mask], self.rows[mask])


@dataclass(frozen=True)
class Predictions:
    """Predictions in order of their keys, each key once."""

    keys: Keys
    versions: NDArray[np.int64]
    at: Seconds
    values: Floats
    slices: Slices = field(default_factory=lambda: np.zeros((0, SLOTS), dtype=np.uint32))
    # Of some of them, see `Names`: those with the least keys, which are a sample, and the most uncertain.
    named: Keys = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    ids: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype="U1"))
    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

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
        names: Sequence[tuple[str, int]] = (),
    ) -> Self:
        """Return predictions given in any order; of those with the same key the first stays."""
        keys = [*keys]
        all_keys = np.array(keys, dtype=np.uint64)
        unique, places = np.unique(all_keys, return_index=True)
        codes = np.zeros((len(all_keys), SLOTS), dtype=np.uint32)
        for place, each in enumerate(slices):
            codes[place, : len(each)] = each
        found = cls(
            unique,
            np.asarray(versions, dtype=np.int64)[places],
            np.asarray(at, dtype=np.int64)[places],
            np.asarray(values, dtype=np.float64)[places],
            codes[places],
        )
        return found._naming(Names.of(keys, names)) if names else found

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
        both = Predictions(
            unique,
            np.concatenate([self.versions, more.versions])[places],
            np.concatenate([self.at, more.at])[places],
            np.concatenate([self.values, more.values])[places],
            np.concatenate([self.slices, more.slices])[places],
        )
        return both._naming(self.names.with_more(more.names))

    @property
    def names(self) -> Names:
        """The ids of some of them."""
        return Names(self.named, self.ids, self.rows)

    def uncertain(self, names: Names) -> Mask:
        """Return which of the named predictions are the most uncertain, nearest to the middle of two outcomes."""
        far = np.abs(self.values[np.searchsorted(self.keys, names.keys)] - MIDDLE)
        mask = np.zeros(len(names.keys), dtype=np.bool_)
        mask[np.lexsort((names.keys, far))[:NAMED]] = True
        return mask

    def _naming(self, names: Names) -> Self:
        """Keep the names of a sample, and of the most uncertain. Whatever came in whatever order, they are the same."""
        kept = names.only((np.arange(len(names.keys)) < NAMED) | self.uncertain(names))
        return replace(self, named=kept.keys, ids=kept.ids, rows=kept.rows)

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
        return Predictions(
            self.keys[mask],
            self.versions[mask],
            self.at[mask],
            self.values[mask],
            self.slices[mask],
        )


def predicted(
    captures: Sequence[Capture], version: int, sliced: Sequence[str] = ()
) -> dict[date, Predictions]:
    """Return what captures say that a version predicted, by the day of the request; what is no number is left out.

    `sliced` are columns whose values tell in which slices a prediction lies, four at most.
    """
    found: dict[date, Columns] = {}
    code = cache(lambda column, value: slice_code(slice_name(column, value)))
    for capture in captures:
        those = found.setdefault(day_of(capture.at), Columns())
        columns = [(name, capture.columns[name]) for name in sliced if name in capture.columns]
        for place, value in enumerate(capture.columns[PREDICTION]):
            if isinstance(value, int | float):
                row = capture.first_row + place
                those.keys.append(key_of(capture.inference_id, row))
                those.at.append(capture.at)
                those.values.append(float(value))
                those.slices.append([code(name, column[place]) for name, column in columns])
                those.names.append((capture.inference_id, row))
    return {
        day: Predictions.of(
            one.keys, [version] * len(one.keys), one.at, one.values, one.slices, one.names
        )
        for day, one in found.items()
    }


@dataclass
class Columns:
    """What captures say of the predictions of a day."""

    keys: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    slices: list[list[int]] = field(default_factory=list)
    names: list[tuple[str, int]] = field(default_factory=list)
