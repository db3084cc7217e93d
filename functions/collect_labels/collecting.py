"""From labels that came together to a table of what became of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from functions.collect_labels.schema import collection_of
from trimtab.api.bodies import Label, LabelsWanted
from trimtab.aws.collections import Collections
from trimtab.aws.ground_truth import LOOKED_BACK, GroundTruth
from trimtab.aws.incoming import Incoming, ObjectGone
from trimtab.data.blocks import Unreadable
from trimtab.data.label_file import Asked, LabelRows, read_labels
from trimtab.domain.datasets import Arrival
from trimtab.domain.events import LabelsCollected
from trimtab.domain.model import ModelSpec, Problem
from trimtab.domain.quality.collections import Collection, Refusal
from trimtab.domain.quality.labels import Arrivals
from trimtab.domain.quality.predictions import UNKNOWN, day_of, key_of, made_at
from trimtab.errors import InvalidInput
from trimtab.http import LISTED
from trimtab.object_created import ObjectCreated
from trimtab.runtime import Runtime

LARGEST = 2 << 30  # bytes of a file


@dataclass(frozen=True)
class Origin:
    """Where labels come from."""

    id: str  # of the collection
    source: str
    actor: str
    received_at: datetime


class Collecting:
    """Takes in labels of one model."""

    def __init__(self, runtime: Runtime, spec: ModelSpec) -> None:
        self._runtime = runtime
        self._spec = spec
        self._truth = GroundTruth(runtime.s3, runtime.settings.bucket, spec.name)
        self._collections = Collections(runtime.table)

    def take_file(self, file: ObjectCreated) -> Collection:
        """Take in a file, once; a file that cannot be read is refused, and stays where it is."""
        collection = collection_of(file)
        if known := self._collections.get(self._spec.name, collection):
            return known
        origin = Origin(collection, file.uri, "s3", file.time)
        try:
            found = self._rows(file)
        except Unreadable as error:
            return self._refuse(origin, str(error))
        except ObjectGone:
            return self._refuse(origin, "the object was gone before it could be read")
        return self._take(origin, found)

    def take_request(self, origin: Origin, labels: Sequence[Label]) -> Collection:
        """Take in the labels of a request."""
        received = int(origin.received_at.timestamp())
        arrivals = Arrivals.of(
            [key_of(one.inference_id, one.row) for one in labels],
            [float(one.label) for one in labels],
            [_second(one.observed_at, received) for one in labels],
            [
                made_at(one.inference_id, _second(one.predicted_at, UNKNOWN), received)
                for one in labels
            ],
        )
        return self._take(origin, LabelRows(received=len(labels), arrivals=arrivals))

    def wanted(self, day: date | None) -> LabelsWanted:
        """Return the predictions of a day, the newest unless given, that have no label and are worth one."""
        if day is None:
            today = self._runtime.clock.now().date()
            day = next(iter(self._truth.days(today - timedelta(days=LOOKED_BACK))), None)
        if day is None:
            return LabelsWanted(day=None, items=())
        by_middle = self._spec.problem is Problem.binary
        return LabelsWanted(day=day, items=tuple(self._truth.wanted(day, by_middle=by_middle)))

    def _rows(self, file: ObjectCreated) -> LabelRows:
        incoming = Incoming(self._runtime.s3, self._runtime.settings.bucket)
        arrival = Arrival(key=file.key, version_id=file.version_id)
        size = incoming.size(arrival)
        if size > LARGEST:
            return _whole(
                f"the file has {size:,} bytes; at most {LARGEST:,} are read: send it in parts"
            )
        target = self._spec.data.target
        with incoming.download(arrival) as download:
            return read_labels(
                download.path,
                Asked(
                    target=target,
                    type=self._spec.contract.types[target],
                    is_binary=self._spec.problem is Problem.binary,
                    received=int(file.time.timestamp()),
                ),
            )

    def _refuse(self, origin: Origin, reason: str) -> Collection:
        return self._take(origin, _whole(reason))

    def _take(self, origin: Origin, found: LabelRows) -> Collection:
        """Place what can be placed, let the rest wait, and record the table last: until then all of it repeats."""
        placed = self._truth.place(
            found.arrivals, origin.id, origin.received_at, self._days(found.arrivals)
        )
        if len(placed.rest):
            self._truth.keep_waiting(origin.id, placed.rest)
        taken, newest = placed.taken, placed.newest
        collection = Collection(
            id=origin.id,
            model=self._spec.name,
            source=origin.source,
            actor=origin.actor,
            received_at=origin.received_at,
            received=found.received,
            new=taken.new,
            repeated=taken.repeated,
            corrected=taken.corrected,
            outdated=taken.outdated,
            unknown=len(placed.rest),
            refused=found.received - len(found.arrivals),
            refusals=found.refusals,
            newest_at=None if newest is None else datetime.fromtimestamp(newest, UTC),
        )
        runtime = self._runtime
        entry = collection.entry(runtime.new_id(), runtime.clock.now(), origin.actor)
        return self._collections.record(collection, entry)

    def _days(self, arrivals: Arrivals) -> Iterator[date]:
        """The days on which predictions of these labels may have been made: those they say, or the last hundred."""
        said = {day_of(second) for second in set((arrivals.made[arrivals.made >= 0]).tolist())}
        if (arrivals.made < 0).any():
            today = self._runtime.clock.now().date()
            said.update(self._truth.days(today - timedelta(days=LOOKED_BACK)))
        return iter(sorted(said, reverse=True))


def insist_on(labels: Sequence[Label], spec: ModelSpec) -> None:
    """Raise InvalidInput if any label can be none of the model's."""
    if spec.problem is not Problem.binary:
        return
    wrong = [place for place, one in enumerate(labels) if one.label not in (0, 1)]
    if wrong:
        raise InvalidInput(
            f"labels.{wrong[0]}.label: neither 0 nor 1, as {spec.name} predicts one of two",
            hint="nothing was taken: mend the labels named under errors, and send all again",
            problems=[
                {
                    "field": f"labels.{place}.label",
                    "message": "is neither 0 nor 1",
                    "expected": "0, 1, true or false",
                }
                for place in wrong[:LISTED]
            ],
        )


def told_of(found: Collection) -> list[LabelsCollected]:
    """Return what everybody is told of a collection: nothing if none of its labels is new."""
    if not found.new:
        return []
    return [
        LabelsCollected(
            model=found.model,
            at=found.received_at,
            reason=found.sentence,
            labels=found.new,
            total=found.total,
            newest_at=found.newest_at,
        )
    ]


def _whole(reason: str) -> LabelRows:
    """A file of which nothing could be read: it counts as one refused row."""
    return LabelRows(received=1, refusals=(Refusal(reason=reason, count=1),))


def _second(at: datetime | None, default: int) -> int:
    return default if at is None else int(at.timestamp())
