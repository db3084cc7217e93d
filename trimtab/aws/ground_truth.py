"""A model's predictions in the bucket, day by day, and the labels that came for them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from trimtab.aws import keys
from trimtab.aws.arrays import pack, unpack
from trimtab.aws.objects import Objects
from trimtab.domain.quality.compared import Matched
from trimtab.domain.quality.judging import Outcomes
from trimtab.domain.quality.labels import Arrivals, Labels, Taken
from trimtab.domain.quality.predictions import DAY, NAMED, Floats, Predictions
from trimtab.domain.quality.reference import QualityReference
from trimtab.domain.quality.wanted import Wanted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOT_TOLD = b"null"  # the evaluation kept no target
LOOKED_BACK = 100  # days in which the prediction of a label is looked for that does not say its day


@dataclass(frozen=True)
class Placed:
    """What became of labels that were held against predictions."""

    taken: Taken
    rest: Arrivals  # for predictions that are not known
    newest: int | None  # second of the newest prediction that has a label of these


class GroundTruth:
    """Predictions and labels of one model. Whatever is written twice is there once."""

    def __init__(self, client: "S3Client", bucket: str, model: str) -> None:
        self._client = client
        self._bucket = bucket
        self._objects = Objects(client, bucket)
        self._model = model

    def note(self, predicted: Mapping[date, Predictions]) -> None:
        """Keep what was predicted, beside what is kept already."""
        for day, more in predicted.items():
            self._objects.change(
                keys.predictions_key(self._model, day),
                partial(_with_more, more),
            )

    def days(self, since: date) -> list[date]:
        """Return the days from this one on that have predictions, newest first."""
        prefix = keys.predictions_prefix(self._model)
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=prefix,
            StartAfter=keys.predictions_key(self._model, since - timedelta(days=1)),
        )
        names = [
            each["Key"].removeprefix(prefix) for page in pages for each in page.get("Contents", [])
        ]
        return sorted(
            (date.fromisoformat(name.removesuffix(".npz")) for name in names), reverse=True
        )

    def place(
        self,
        arrivals: Arrivals,
        collection: str,
        received: datetime,
        among: Iterable[date],
        look: Callable[[date], Predictions] | None = None,
    ) -> Placed:
        """Hold labels against the predictions of these days, and keep those that have one.

        A label that says the day of its prediction is looked for on that day only. Labels of the same collection that
        are placed again change nothing, and count as they did. `look` is `predictions`, or remembers what that told.
        """
        taken, newest, rest = Taken(), None, arrivals
        for day in among:
            may = (rest.made < 0) | (rest.made // DAY == _number(day))
            if not may.any():
                continue
            known = (look or self.predictions)(day)
            here = may & known.has(rest.keys)
            if not here.any():
                continue
            found = rest.only(here)
            taken += self._keep(day, found, collection, int(received.timestamp()))
            latest = int(known.at[np.searchsorted(known.keys, found.keys)].max())
            newest = latest if newest is None else max(newest, latest)
            rest = rest.only(~here)
        return Placed(taken, rest, newest)

    def predictions(self, day: date) -> Predictions:
        """Return what was predicted on a day, by all versions."""
        return _predictions(self._objects.read(keys.predictions_key(self._model, day))[0])

    def wanted(self, day: date, *, by_middle: bool) -> list[Wanted]:
        """Return predictions of a day that have no label, a sample first, then, if asked for, the most uncertain."""
        known = self.predictions(day)
        names = known.names
        unlabelled = ~np.isin(names.keys, self._labels(day).keys)
        uncertain = known.uncertain(names)
        sampled = np.arange(len(names.keys)) < NAMED
        weight = len(known) / max(1, int(sampled.sum()))
        order = np.flatnonzero(unlabelled & (sampled | (uncertain & by_middle)))
        found = []
        for name in order[np.argsort(~sampled[order], kind="stable")].tolist():
            place = int(np.searchsorted(known.keys, names.keys[name]))
            found.append(
                Wanted(
                    inference_id=str(names.ids[name]),
                    row=int(names.rows[name]),
                    version=int(known.versions[place]),
                    at=datetime.fromtimestamp(int(known.at[place]), UTC),
                    prediction=float(known.values[place]),
                    why="random" if sampled[name] else "uncertain",
                    weight=weight if sampled[name] else None,
                )
            )
        return found

    def outcomes(self, version: int, start: datetime, end: datetime, delay: timedelta) -> Outcomes:
        """Return what a version predicted in this time, and the labels that each had `delay` after it."""
        predicted, has_label, truth, slices = [], [], [], []
        for day in days_of(start, end):
            found = self.predictions(day).between(version, start, end)
            known_by = found.at + int(delay.total_seconds())
            has, values = self._labels(day).of(found, known_by)
            predicted.append(found.values)
            has_label.append(has)
            truth.append(values)
            slices.append(found.slices)
        return Outcomes(
            np.concatenate(predicted),
            np.concatenate(has_label),
            np.concatenate(truth),
            np.concatenate(slices),
        )

    def matched(self, version: int, start: datetime, end: datetime) -> Iterator[Matched]:
        """Yield what a version predicted in this time and has a label, day by day."""
        for day in days_of(start, end):
            found, labels = self.predictions(day).between(version, start, end), self._labels(day)
            known_by = np.full(len(found), int(end.timestamp()), dtype=np.int64)
            has, truth = labels.of(found, known_by)
            known = labels.first_known(found)
            yield Matched(found.at[has], known[has], found.values[has], truth[has])

    def predicted(self, version: int, start: datetime, end: datetime) -> list[Predictions]:
        """Return what a version predicted in this time, day by day."""
        return [self.predictions(day).between(version, start, end) for day in days_of(start, end)]

    def scores(self, version: int, start: datetime, end: datetime) -> Floats:
        """Return the values of what a version predicted in this time."""
        return np.concatenate([each.values for each in self.predicted(version, start, end)])

    def keep_waiting(self, collection: str, rest: Arrivals) -> None:
        """Keep labels whose predictions may still become known, in place of those kept of this collection."""
        self._objects.change(keys.waiting_labels_key(self._model, collection), lambda _: pack(rest))

    def waiting(self, since: datetime) -> Iterator[tuple[str, Arrivals]]:
        """Yield the labels that wait, of each collection that came since."""
        prefix = keys.waiting_labels_key(self._model, "").removesuffix(".npz")
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=f"{prefix}{since:%Y%m%dT%H%M%S}"
        )
        for key in [each["Key"] for page in pages for each in page.get("Contents", [])]:
            body, _ = self._objects.read(key)
            if body is not None and len(rest := unpack(Arrivals, body)):
                yield key.removeprefix(prefix).removesuffix(".npz"), rest

    def reference(self, version: int) -> tuple[bool, QualityReference | None]:
        """Return whether it is known how good a version was in its evaluation, and how good; None: that is not told."""
        body, _ = self._objects.read(keys.quality_reference_key(self._model, version))
        if body in (None, NOT_TOLD):
            return body is not None, None
        return True, QualityReference.model_validate_json(body)

    def keep_reference(self, version: int, reference: QualityReference | None) -> None:
        """Keep how good a version was in its evaluation; whoever measures it, it is the same."""
        body = reference.model_dump_json().encode() if reference else NOT_TOLD
        key = keys.quality_reference_key(self._model, version)
        self._objects.change(key, lambda _: body)

    def _labels(self, day: date) -> Labels:
        return _labels(self._objects.read(keys.ground_truth_key(self._model, day))[0])

    def _keep(self, day: date, found: Arrivals, collection: str, received: int) -> Taken:
        taken = Taken()

        def change(body: bytes | None) -> bytes:
            nonlocal taken
            labels, taken = _labels(body).taking(found, collection, received)
            return pack(labels)

        self._objects.change(keys.ground_truth_key(self._model, day), change)
        return taken


def _with_more(more: Predictions, body: bytes | None) -> bytes:
    return pack(_predictions(body).with_more(more))


def _predictions(body: bytes | None) -> Predictions:
    return Predictions.none() if body is None else unpack(Predictions, body)


def _labels(body: bytes | None) -> Labels:
    return Labels.none() if body is None else unpack(Labels, body)


def days_of(start: datetime, end: datetime) -> list[date]:
    """Return the days in UTC from one moment to the last before another."""
    first, last = start.astimezone(UTC).date(), (end - timedelta(seconds=1)).astimezone(UTC).date()
    return [first + timedelta(days=after) for after in range((last - first).days + 1)]


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
