"""Lineage as the table tells it: one model's life in a few reads, and the runs that clients log beside it."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel

from trimtab import names
from trimtab.aws import keys
from trimtab.aws.datasets import Datasets
from trimtab.aws.manifests import Manifests
from trimtab.aws.registry.registry import Registry
from trimtab.aws.rollouts import Rollouts
from trimtab.aws.table import Table
from trimtab.aws.tracking.runs import Runs
from trimtab.aws.training import Trainings
from trimtab.aws.versions import Versions
from trimtab.domain.datasets import INCOMING, Arrival, Batch, DatasetVersion
from trimtab.domain.lineage import JUDGED, Kind, Lineage, ModelFacts, Thing, of_version, traced
from trimtab.domain.recording.ids import run_id_of
from trimtab.domain.recording.runs import (
    EXECUTION_TAG,
    ORIGIN_TAG,
    PARENT_TAG,
    REQUEST_TAG,
)
from trimtab.domain.tracking.runs import Run
from trimtab.domain.tracking.summaries import MODEL_TAG, moment
from trimtab.domain.training import TrainingRequest
from trimtab.errors import InvalidInput, NotFound

Item = TypeVar("Item", bound=BaseModel)
Page = Callable[[str | None], tuple[Sequence[Item], str | None]]

KEPT_MOST = 2000  # newest things of one kind that are looked at
MANIFESTS_MOST = (
    200  # newest dataset versions whose batches are read from the bucket where they must be
)
DIGEST = 36  # characters of a digest that MLflow takes


class Lineages:
    """Answers what was made of what."""

    def __init__(
        self,
        table: Table,
        *,
        runs: Runs,
        registry: Registry,
        manifests: Manifests,
        bucket: str,
        stage: str,
    ) -> None:
        self._table = table
        self._runs = runs
        self._registry = registry
        self._manifests = manifests
        self._bucket = bucket
        self._stage = stage
        self._known: dict[str, ModelFacts] = {}

    def of(self, ref: str, *, up: bool, down: bool) -> Lineage:
        """Return the lineage of a thing. Raises InvalidInput for what names none, NotFound for what is not there."""
        kind, name = _read(ref)
        found = self._find(kind, name)
        if not found:
            raise NotFound(
                f"there is no {kind.value} {name[:200]!r}",
                hint="a file has lineage once it is accepted; kinds are file, dataset, training, run, version, endpoint",
            )
        return traced(found, above=self._above if up else None, below=self._below if down else None)

    def _find(self, kind: Kind, name: str) -> tuple[Thing, ...]:
        if kind is Kind.run:
            run = self._runs.many([name]).get(name) if _fits(name) else None
            return () if run is None else (_of_run(run),)
        if kind is Kind.data:
            readers = _fits(name) and next(self._runs.readers(name), None)
            return (_of_data(name, readers["name"]),) if readers else ()
        model = self._model_of(kind, name)
        if not model or not _fits(model):
            return ()
        own = (
            name.partition("/")[2] if kind in (Kind.dataset, Kind.training, Kind.version) else name
        )
        return self._facts(model).find(kind, own)

    def _above(self, thing: Thing) -> Iterator[Thing]:
        """What a thing was made of."""
        if thing.kind is Kind.run:
            run = self._runs.get(thing.id)
            for one in run.datasets:
                yield self._read_by(one["dataset"])
            yield from self._training_of(run)
            yield from self._runs_named(run.tags.get(ORIGIN_TAG), run.tags.get(PARENT_TAG))
            return
        model = self._model_of(thing.kind, thing.id)
        if not model:
            return
        facts = self._facts(model)
        yield from facts.above(thing)
        if thing.kind is Kind.version:
            version = facts.versions.get(int(thing.id.rpartition("/")[2]))
            if version is not None and version.run_id:
                yield from map(_of_run, self._runs.many([version.run_id]).values())

    def _below(self, thing: Thing) -> Iterator[Thing]:
        """What was made of a thing."""
        if thing.kind is Kind.run:
            for model, version in self._registry.versions.of_run(thing.id):
                yield of_version(model, version)
            yield from self._reruns(self._runs.get(thing.id))
            return
        yield from self._readers(thing)
        model = self._model_of(thing.kind, thing.id)
        if model:
            yield from self._facts(model).below(thing)
        if model and thing.kind is Kind.training:
            asked = self._facts(model).requests[thing.id.partition("/")[2]]
            yield from self._runs_named(_run_of(asked))

    def _training_of(self, run: Run) -> Iterator[Thing]:
        """The training whose execution a run is."""
        model, request = run.tags.get(MODEL_TAG, ""), run.tags.get(REQUEST_TAG, "")
        if EXECUTION_TAG in run.tags and _fits(model) and _fits(request):
            yield from self._facts(model).find(Kind.training, request)

    def _reruns(self, run: Run) -> Iterator[Thing]:
        """The runs that ran a run's recipe again."""
        if EXECUTION_TAG not in run.tags:
            return
        asked = self._facts(run.tags.get(MODEL_TAG, "")).requests.values()
        yield from self._runs_named(
            *(_run_of(one) for one in asked if one.plan.origin_run_id == run.id)
        )

    def _runs_named(self, *run_ids: str | None) -> Iterator[Thing]:
        yield from map(_of_run, self._runs.many(one for one in run_ids if one).values())

    def _readers(self, thing: Thing) -> Iterator[Thing]:
        """The runs that read a dataset, which they know by a digest."""
        digest = self._digest(thing)
        if digest is not None:
            ids = [one["run_id"] for one in islice(self._runs.readers(digest), KEPT_MOST)]
            yield from map(_of_run, self._runs.many(ids).values())

    def _digest(self, thing: Thing) -> str | None:
        """How a run names a thing that it reads: MLflow takes the first characters of a digest of ours."""
        if thing.kind is Kind.data:
            return thing.id
        if thing.kind is Kind.dataset:
            dataset = self._dataset(thing.id)
            return dataset.batches_digest[:DIGEST] if dataset else None
        if thing.kind is Kind.file:
            batch = self._batch(thing.id)
            return batch.sha256[:DIGEST] if batch else None
        return None

    def _read_by(self, dataset: dict[str, str]) -> Thing:
        """What a run read: a thing of ours where its source says so, or else just what it is called."""
        key = _key_of(dataset.get("source", ""), self._bucket)
        if key.startswith(INCOMING):
            found = self._find(Kind.file, key)
            if found:
                return found[-1]
        elif key.startswith("datasets/") and key.endswith("/manifest.json"):
            found = self._find(Kind.dataset, key.removeprefix("datasets/").removesuffix("/manifest.json"))  # fmt: skip
            if found:
                return found[0]
        return _of_data(dataset["digest"], dataset["name"])

    def _model_of(self, kind: Kind, name: str) -> str:
        match kind:
            case Kind.file:
                return Arrival(key=name, version_id="").model
            case Kind.endpoint:
                found = names.of_endpoint(self._stage, name)
                return found[0] if found else ""
            case Kind.report:
                key = name.removeprefix(f"s3://{self._bucket}/")
                return key.split("/")[1] if key.startswith(f"{keys.ARTIFACTS}/") else ""
            case Kind.dataset | Kind.training | Kind.version:
                return name.partition("/")[0]
            case _:
                return ""

    def _dataset(self, name: str) -> DatasetVersion | None:
        model, _, number = name.partition("/")
        return self._facts(model).datasets.get(int(number))

    def _batch(self, name: str) -> Batch | None:
        datasets = self._facts(Arrival(key=name, version_id="").model).datasets.values()
        accepted = (one.batch for one in datasets)
        return next((one for one in accepted if f"{one.key}@{one.version_id}" == name), None)

    def _facts(self, model: str) -> ModelFacts:
        if model not in self._known:
            self._known[model] = self._read_facts(model)
        return self._known[model]

    def _read_facts(self, model: str) -> ModelFacts:
        table = self._table
        datasets = {
            one.version: one
            for one in _all(lambda after: Datasets(table).list(model, limit=500, after=after))
        }
        requests = {
            one.request_id: one
            for one in _all(lambda after: Trainings(table).requests(model, limit=500, after=after))
        }
        listed = _all(lambda after: Versions(table).list(model, limit=500, after=after))
        rollouts = _all(lambda after: Rollouts(table).list(model, limit=500, after=after))
        return ModelFacts(
            model=model,
            held=self._held(datasets),
            datasets=datasets,
            requests=requests,
            versions={one.version: one for one in listed if not one.deleted},
            rollouts={one.version: one for one in rollouts},
            reports={
                one.request_id: self._report(model, one.execution_arn)
                for one in requests.values()
                if one.execution_arn and one.phase in JUDGED
            },
        )

    def _held(self, datasets: dict[int, DatasetVersion]) -> Callable[[int], Sequence[Batch]]:
        """What each dataset version holds: told by the table alone where it holds all there were until then."""

        @cache
        def held(number: int) -> Sequence[Batch]:
            dataset = datasets[number]
            if dataset.batch_count == 1:
                return (dataset.batch,)
            earlier = [datasets[one].batch for one in range(1, number + 1) if one in datasets]
            if dataset.batch_count == number == len(earlier):
                return earlier
            return self._manifests.of(dataset).batches

        return held

    def _report(self, model: str, execution_arn: str) -> str:
        execution = execution_arn.rpartition("/")[2]
        return f"s3://{self._bucket}/{keys.evaluation_key(model, execution)}"


def _run_of(request: TrainingRequest) -> str | None:
    """The run of a request's execution."""
    arn = request.execution_arn
    return run_id_of(arn.rpartition("/")[2]) if arn else None


def _read(ref: str) -> tuple[Kind, str]:
    kind, found, name = ref.partition(":")
    if not found or not name or kind not in list(Kind):
        raise InvalidInput(
            f"of: {ref[:100]!r} names nothing, expected <kind>:<name> with a kind of {', '.join(Kind)}",
            hint="for example of=dataset:flight-delays/3 or of=file:incoming/flight-delays/may.csv",
        )
    return Kind(kind), name


def _all(page: Page[Item]) -> list[Item]:
    found: list[Item] = []
    after: str | None = None
    while len(found) < KEPT_MOST:
        items, after = page(after)
        found += items
        if after is None:
            break
    return found


def _fits(name: str) -> bool:
    """Say whether a key can be made of a name."""
    return 0 < len(name.encode()) <= keys.NAME_MOST


def _key_of(source: str, bucket: str) -> str:
    """The key in our bucket that a dataset's source names, or nothing."""
    try:
        told = json.loads(source)
    except ValueError:
        told = source
    uri = told.get("uri") or told.get("url") or "" if isinstance(told, dict) else told
    here = f"s3://{bucket}/"
    return uri.removeprefix(here) if isinstance(uri, str) and uri.startswith(here) else ""


def _of_run(run: Run) -> Thing:
    return Thing(
        kind=Kind.run, id=run.id, at=moment(run.start_ms), says=f"{run.name}: {run.status}"
    )


def _of_data(digest: str, name: str) -> Thing:
    return Thing(kind=Kind.data, id=digest, at=None, says=f"dataset {name} of runs")
