"""Captures, counted: rows and predictions of an hour, each event once, on the edges of the version's baseline."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.base import Frozen
from trimtab.domain.cells import Cells
from trimtab.domain.columns import NUMBERS, ColumnType
from trimtab.domain.drift.together import TOGETHER, Projection
from trimtab.domain.profile import ColumnCounter, Profile, profile_of
from trimtab.domain.reference import Reference

PREDICTION = (
    "(prediction)"  # no column of a contract is named so; the evaluation's rows name it alike
)

LATE = timedelta(hours=25)  # Firehose tries for a day to deliver what S3 did not take
Values = Sequence[Any]


@dataclass(frozen=True)
class Capture:
    """One line: some rows of an answer."""

    event: str  # the same however often it is delivered
    inference_id: str  # of the request, under which labels come
    at: int  # second of the request
    first_row: int  # of the request, that it holds
    columns: dict[str, list[Any]]  # the features, and the prediction beside them

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return len(self.columns[PREDICTION])


def read_capture(line: bytes) -> Capture:
    """Return what a line of a capture holds. Raises ValueError, KeyError or TypeError if it is none."""
    record = json.loads(line)
    data = record["captureData"]
    asked = json.loads(data["endpointInput"]["data"])
    predictions = json.loads(data["endpointOutput"]["data"])["predictions"]
    if len(predictions) != len(asked["data"]):
        raise ValueError(f"{len(predictions)} predictions for {len(asked['data'])} rows")
    columns = {
        name: [row[place] for row in asked["data"]] for place, name in enumerate(asked["columns"])
    }
    told = record["eventMetadata"]
    at = datetime.fromisoformat(told["inferenceTime"])
    return Capture(
        event=told["eventId"],
        inference_id=told["inferenceId"],
        at=int(at.timestamp()),
        first_row=int(told["firstRow"]),
        columns={**columns, PREDICTION: predictions},
    )


@dataclass(frozen=True)
class News:
    """What is new of an hour."""

    objects: tuple[str, ...]  # that were not read before
    captures: tuple[Capture, ...] = ()  # that were not counted before
    marks: tuple[str, ...] = ()  # hashes of their events
    unread: int = 0  # lines that are no captures


class Hour(Frozen):
    """The captures of one hour."""

    objects: tuple[str, ...] = ()  # that were read, in order
    events: tuple[str, ...] = ()  # hashes of those that were counted, in order
    unread: int = 0  # lines that are no captures
    profile: Profile = Profile(columns={})

    def news(self, names: Collection[str], lines: Callable[[str], Sequence[bytes]]) -> News:
        """Return what these objects hold beside what was counted before, in whatever object."""
        new = sorted(set(names) - set(self.objects))
        known, captures, marks, unread = set(self.events), [], [], 0
        for name in new:
            for line in lines(name):
                try:
                    capture = read_capture(line)
                except (ValueError, KeyError, TypeError):
                    unread += 1
                    continue
                mark = hashlib.blake2b(capture.event.encode(), digest_size=8).hexdigest()
                if mark not in known:
                    known.add(mark)
                    marks.append(mark)
                    captures.append(capture)
        return News(tuple(new), tuple(captures), tuple(marks), unread)

    def with_news(
        self,
        news: News,
        types: Mapping[str, ColumnType],
        references: Mapping[str, Reference],
        projection: Projection | None = None,
    ) -> "Hour":
        """Return the hour with what is new of it counted too."""
        return Hour(
            objects=tuple(sorted({*self.objects, *news.objects})),
            events=tuple(sorted({*self.events, *news.marks})),
            unread=self.unread + news.unread,
            profile=self.profile.merge(count(news.captures, types, references, projection)),
        )


def count(
    captures: Sequence[Capture],
    types: Mapping[str, ColumnType],
    references: Mapping[str, Reference],
    projection: Projection | None = None,
) -> Profile:
    """Return the profile of the captures' rows in the columns that have a type; a column that none has is left out.

    With `projection` it also tells how far the rows lie from what the baseline's have in common.
    """
    there = {name for capture in captures for name in capture.columns} & types.keys()
    rows = sum(capture.rows for capture in captures)
    columns, all_cells = {}, {}
    for name in sorted(there):
        counter = ColumnCounter(types[name], references.get(name))
        values = [
            value
            for capture in captures
            for value in capture.columns.get(name, [None] * capture.rows)
        ]
        all_cells[name] = cells_of(types[name], values)
        counter.add(all_cells[name])
        columns[name] = counter.profile()
    if projection is not None and rows:
        errors = projection.errors(all_cells, rows)
        columns[TOGETHER] = profile_of(errors, references.get(TOGETHER))
    return Profile(rows=rows, columns=columns)


def cells_of(type_: ColumnType, values: Values) -> Cells:
    """Return values of a request, which has kept the contract, as a column's cells."""
    missing = np.array([value is None for value in values], dtype=np.bool_)
    if type_ in NUMBERS:
        numbers = np.array([np.nan if value is None else float(value) for value in values])
        wrong = ~(np.isfinite(numbers) | missing)
        # There is one zero: -0.0 and 0.0 are the same number.
        return Cells(type_, missing, wrong, lambda at: str(values[at]), numbers=numbers + 0.0)
    return _levels(type_, values, missing)


def _levels(type_: ColumnType, values: Values, missing: NDArray[np.bool_]) -> Cells:
    written = ["" if value is None else _written(value) for value in values]
    levels = tuple(dict.fromkeys(written)) or ("",)
    places = {level: place for place, level in enumerate(levels)}
    codes = np.array([places[each] for each in written], dtype=np.int64)
    missing = missing | np.array([not each for each in written], dtype=np.bool_)
    wrong = np.zeros(len(written), dtype=np.bool_)
    return Cells(type_, missing, wrong, written.__getitem__, levels=levels, codes=codes)


def _written(value: Any) -> str:
    """A level as files have it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
