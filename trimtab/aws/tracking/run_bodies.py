"""Runs as JSON: in the table, or, when a run grows too large for an item, in S3 by the content's hash."""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from trimtab.aws import keys
from trimtab.aws.items import FAST
from trimtab.aws.table import Body, Record
from trimtab.domain.tracking.experiments import ACTIVE
from trimtab.domain.tracking.points import Logged, Point
from trimtab.domain.tracking.runs import Run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SURELY_FITS = 90_000  # characters: of four bytes each, and escaped, they are an item still
ITEM_MOST = 380_000  # bytes of a compressed body: an item has 400 KB, and keys and revision in it
MOVED = "moved_to"
CLOSED = "closed"  # on a run that is deleted, or whose entries must move with its metrics
PLAIN = (
    "id experiment_id name user_id start_ms artifact_uri status end_ms lifecycle_stage params tags datasets "
    "model_inputs model_outputs spilled span_ms is_indexed heard"
).split()
SEQUENCES = ("datasets", "model_inputs", "model_outputs")
FEW_WORDS = 200  # characters around a value, at most


class RunBodies:
    """Turns runs into bodies of records and back; `s3` is asked for a client only by a run that is too large."""

    def __init__(self, s3: Callable[[], "S3Client"], bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def body(self, run: Run) -> Body:
        """Return what the record of the run says; a large run is put into S3, and the body says where."""
        body = _as_body(run)
        if _size(run) < SURELY_FITS:
            return body
        packed = zlib.compress(json.dumps(body, separators=(",", ":")).encode(), FAST)
        if len(packed) <= ITEM_MOST:
            return body
        key = keys.run_body_key(run.id, hashlib.sha256(packed).hexdigest())
        self._s3().put_object(Bucket=self._bucket, Key=key, Body=packed)
        return {MOVED: key}

    def run(self, record: Record) -> Run:
        """Return the run that a record tells of, with the points that were appended to it."""
        moved, body = record.body.get(MOVED), record.body
        if moved is not None:
            packed = self._s3().get_object(Bucket=self._bucket, Key=moved)["Body"].read()
            body = json.loads(zlib.decompress(packed))
        run = _of_body(body)
        if not record.appended:
            return run
        return run.with_points(one for text in record.appended for one in points_of(text))


def text_of(logged: Iterable[Logged]) -> str:
    """Return points as they are appended to a run's record."""
    return json.dumps([(key, *point) for key, point in logged], separators=(",", ":"))


def points_of(text: str) -> Iterator[Logged]:
    """Return the points that `text_of` made the text of."""
    return ((key, Point(*point)) for key, *point in json.loads(text))


def marks_of(run: Run) -> dict[str, str]:
    """Return the attribute of a run's record that keeps points from being appended to it."""
    return {CLOSED: "yes"} if run.is_indexed or run.lifecycle_stage != ACTIVE else {}


def _as_body(run: Run) -> Body:
    body: dict[str, Any] = {name: getattr(run, name) for name in PLAIN}
    body["metrics"] = run.metrics
    body["tail"] = [(key, *point) for key, point in run.tail]
    return body


def _of_body(body: Body) -> Run:
    told = dict(body)
    told["metrics"] = {key: Point(*point) for key, point in body["metrics"].items()}
    told["tail"] = tuple((key, Point(*point)) for key, *point in body["tail"])
    for (
        name
    ) in SEQUENCES:  # as the run itself has them: only so is what did not change equal to what was
        told[name] = tuple(body[name])
    return Run(**told)


def _size(run: Run) -> int:
    """Characters that a run surely has no more of than this."""
    texts = sum(
        len(key) + len(value) for pairs in (run.params, run.tags) for key, value in pairs.items()
    )
    datasets = sum(
        len(str(value)) for one in run.datasets for part in one.values() for value in part.values()
    )
    many = len(run.metrics) + len(run.tail) + len(run.params) + len(run.tags) + len(run.datasets)
    models = len(run.model_inputs) + len(run.model_outputs)
    return texts + datasets + FEW_WORDS * (many + models)
