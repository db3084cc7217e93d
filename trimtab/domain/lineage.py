"""Lineage: what was made of what, from a file to what a version answers, and back."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from trimtab.domain.base import Frozen
from trimtab.domain.datasets import Batch, DatasetVersion
from trimtab.domain.rollouts import Rollout
from trimtab.domain.training import TrainingRequest
from trimtab.domain.versions import ModelVersion

MOST = 500  # things of one answer
JUDGED = ("successful", "failed")  # phases of a training that came as far as an evaluation


class Kind(StrEnum):
    """What there is lineage of, in the order in which one is made of the other."""

    file = "file"  # <key>@<version id>
    data = "data"  # <digest>: a dataset as a run names it
    dataset = "dataset"  # <model>/<version>
    training = "training"  # <model>/<request id>
    run = "run"  # <run id>
    version = "version"  # <model>/<version>
    endpoint = "endpoint"  # <name>
    report = "report"  # <address>: an evaluation


class Thing(Frozen):
    """One thing that was made."""

    kind: Kind
    id: str
    at: datetime | None  # when it was made, as far as is known
    says: str

    @property
    def ref(self) -> str:
        """What it is called: its kind and its id."""
        return f"{self.kind.value}:{self.id}"


class Link(Frozen):
    """One thing was made of another, or with it."""

    source: str  # ref
    target: str


class Lineage(Frozen):
    """What some things were made of, and what was made of them."""

    of: tuple[Thing, ...]
    things: tuple[Thing, ...]  # all others, in the order of their making
    links: tuple[Link, ...]
    complete: bool  # False: there is more than fits


@dataclass(frozen=True)
class ModelFacts:
    """What is known of one model's life."""

    model: str
    held: Callable[[int], Sequence[Batch]]  # what a dataset version holds
    datasets: Mapping[int, DatasetVersion] = field(default_factory=dict)
    requests: Mapping[str, TrainingRequest] = field(default_factory=dict)
    versions: Mapping[int, ModelVersion] = field(default_factory=dict)
    rollouts: Mapping[int, Rollout] = field(default_factory=dict)
    reports: Mapping[str, str] = field(default_factory=dict)  # by request: where its report lies

    def find(self, kind: Kind, name: str) -> tuple[Thing, ...]:
        """Return the things that a name means: of a file without version, each of its versions."""
        match kind:
            case Kind.file:
                accepted = (one.batch for one in self.datasets.values())
                return tuple(of_batch(one) for one in accepted if name in _names(one))
            case Kind.dataset:
                return tuple(of_dataset(one) for one in _at(self.datasets, name))
            case Kind.version:
                return tuple(of_version(self.model, one) for one in _at(self.versions, name))
            case Kind.training:
                asked = self.requests.get(name)
                return () if asked is None else (of_training(self.model, asked),)
            case Kind.endpoint:
                named = (one for one in self.rollouts.values() if one.endpoint_name == name)
                return tuple(of_endpoint(one) for one in named)
            case _:
                return tuple(
                    of_report(self.model, self.requests[request], uri)
                    for request, uri in self.reports.items()
                    if uri == name
                )

    def below(self, thing: Thing) -> list[Thing]:
        """Return what was made of a thing of this model.

        Of the dataset versions that hold a file these are the one that it made and those that were trained on.
        """
        if thing.kind is Kind.file:
            return [of_dataset(one) for one in self._holders(thing)]
        return [made for source, made in self._pairs if source.ref == thing.ref]

    def above(self, thing: Thing) -> list[Thing]:
        """Return what a thing of this model was made of."""
        if thing.kind is Kind.dataset:
            return [of_batch(one) for one in self.held(int(thing.id.rpartition("/")[2]))]
        return [source for source, made in self._pairs if made.ref == thing.ref]

    def _holders(self, file: Thing) -> Iterator[DatasetVersion]:
        trained = {one.dataset_version for one in self.requests.values()}
        for number, dataset in self.datasets.items():
            made = file.id in _names(dataset.batch)
            if made or (number in trained and any(file.id in _names(b) for b in self.held(number))):
                yield dataset

    @cached_property
    def _pairs(self) -> list[tuple[Thing, Thing]]:
        """Each thing with one that was made of it, files aside."""
        pairs = []
        for request in self.requests.values():
            training = of_training(self.model, request)
            if (dataset := self.datasets.get(request.dataset_version)) is not None:
                pairs.append((of_dataset(dataset), training))
            if (uri := self.reports.get(request.request_id)) is not None:
                pairs.append((training, of_report(self.model, request, uri)))
        for version in self.versions.values():
            made = of_version(self.model, version)
            if (asked := self.requests.get(version.request_id or "")) is not None:
                pairs.append((of_training(self.model, asked), made))
            if (rollout := self.rollouts.get(version.version)) is not None:
                pairs.append((made, of_endpoint(rollout)))
        return pairs


Value = TypeVar("Value")
Step = Callable[[Thing], Iterable[Thing]]


def traced(of: Sequence[Thing], *, above: Step | None, below: Step | None) -> Lineage:
    """Return what the things were made of, by `above`, and what was made of them, by `below`; None: not asked."""
    things = {one.ref: one for one in of}
    links: dict[tuple[str, str], None] = {}
    complete = True
    for step, is_up in ((above, True), (below, False)):
        waiting = list(of) if step is not None else []
        seen = {one.ref for one in of}
        while waiting and step is not None:
            thing = waiting.pop(0)
            for other in step(thing):
                if other.ref not in things and len(things) >= MOST:
                    complete = False
                    continue
                things.setdefault(other.ref, other)
                links[(other.ref, thing.ref) if is_up else (thing.ref, other.ref)] = None
                if other.ref not in seen:
                    seen.add(other.ref)
                    waiting.append(other)
    own = {one.ref for one in of}
    order = list(Kind)
    others = sorted(
        (one for one in things.values() if one.ref not in own),
        key=lambda one: (order.index(one.kind), one.at.isoformat() if one.at else "", one.id),
    )
    return Lineage(
        of=tuple(of),
        things=tuple(others),
        links=tuple(Link(source=source, target=target) for source, target in links),
        complete=complete,
    )


def of_batch(batch: Batch) -> Thing:
    """A file that was accepted."""
    return Thing(
        kind=Kind.file,
        id=f"{batch.key}@{batch.version_id}",
        at=batch.accepted_at,
        says=f"{batch.rows:,} rows, {batch.size:,} bytes, sha256 {batch.sha256[:12]}",
    )


def of_dataset(dataset: DatasetVersion) -> Thing:
    """A dataset version."""
    return Thing(
        kind=Kind.dataset,
        id=f"{dataset.model}/{dataset.version}",
        at=dataset.created_at,
        says=f"{dataset.rows:,} rows in {dataset.batch_count:,} batches",
    )


def of_training(model: str, request: TrainingRequest) -> Thing:
    """A training run of the model's pipeline."""
    said = f": {request.verdict}" if request.verdict else ""
    return Thing(
        kind=Kind.training,
        id=f"{model}/{request.request_id}",
        at=request.requested_at,
        says=f"{request.phase}{said}",
    )


def of_version(model: str, version: ModelVersion) -> Thing:
    """A model version."""
    return Thing(
        kind=Kind.version,
        id=f"{model}/{version.version}",
        at=version.created_at,
        says=f"{version.status.value}: {version.reason}",
    )


def of_endpoint(rollout: Rollout) -> Thing:
    """The endpoint of a version."""
    return Thing(
        kind=Kind.endpoint,
        id=rollout.endpoint_name,
        at=rollout.started_at,
        says=f"rollout {rollout.phase.value}: {rollout.reason}",
    )


def of_report(model: str, request: TrainingRequest, uri: str) -> Thing:
    """The report of a training's evaluation."""
    return Thing(
        kind=Kind.report,
        id=uri,
        at=request.ended_at,
        says=f"evaluation of {model}, training {request.request_id}",
    )


def _names(batch: Batch) -> tuple[str, str]:
    """How a batch can be called: by its key, and by its key and version."""
    return batch.key, f"{batch.key}@{batch.version_id}"


def _at(things: Mapping[int, Value], number: str) -> tuple[Value, ...]:
    if not number.isascii() or not number.isdigit() or len(number) > len("99999999"):
        return ()
    found = things.get(int(number))
    return () if found is None else (found,)
