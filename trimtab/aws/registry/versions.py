"""Versions that clients register: numbered without a gap, changed one at a time, found again by model or by run."""

import itertools
from collections.abc import Callable, Iterable

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.beliefs import Decision
from trimtab.aws.registry.models import RegisteredModels
from trimtab.aws.table import Create, Record, Replace, Table, Write
from trimtab.aws.versions import of_record
from trimtab.domain.audit import AuditEntry
from trimtab.domain.registry.deployed import check_version_is_free
from trimtab.domain.registry.hands import Hand
from trimtab.domain.registry.models import RegisteredModel
from trimtab.domain.registry.stages import Stage
from trimtab.domain.versions import ModelVersion
from trimtab.errors import InvalidState, NotFound

ARCHIVED_MOST = 48  # versions that leave a stage in one transaction, two writes each

Named = tuple[str, ModelVersion]
"""A model's name, and a version of it."""


class RegisteredVersions:
    """Registers versions, reads and changes them."""

    def __init__(self, table: Table, models: RegisteredModels) -> None:
        self._table = table
        self._models = models
        self._beliefs = models.beliefs

    def add(
        self, name: str, make: Callable[[int], ModelVersion], hand: Hand, key: str | None
    ) -> ModelVersion:
        """Register the next version of a model; a request with the same key is answered what it made before.

        Raises NotFound if there is no such model, InvalidState for a deployed one.
        """
        attempts = itertools.count()

        def decide(record: Record | None) -> Decision[ModelVersion]:
            model = self._models.of(record, name)
            check_version_is_free(name, self._models.is_deployed(name))
            repeated = self._made_by(name, key) if next(attempts) and key else None
            if repeated is not None:
                return Decision(repeated)
            version = make(model.newest + 1)
            after = model.updated(hand.at, newest=version.version)
            writes: tuple[Write, ...] = (
                self._models.replacement(record, after),
                *_creation(name, version, key),
                entry_write(_registered(name, version, hand)),
            )
            return Decision(version, writes)

        return self._beliefs.change(keys.MODELS, name, decide)

    def get(self, name: str, number: int) -> ModelVersion:
        """Return a version. Raises NotFound if there is none, or it was deleted."""
        return found(
            of_record(self._table.read(keys.model(name), keys.version(number))), name, number
        )

    def with_model(self, name: str, number: int) -> tuple[ModelVersion, RegisteredModel | None]:
        """Return a version and what is registered of its model, in one read; both are believed in from here on."""
        at = (keys.model(name), keys.version(number))
        read = self._table.read_many([at, (keys.MODELS, name)])
        for record in read.values():
            self._beliefs.remember(record)
        version = found(of_record(read.get(at)), name, number)
        model = read.get((keys.MODELS, name))
        return version, None if model is None else self._models.of(model, name)

    def with_latest(self, name: str) -> tuple[RegisteredModel, dict[tuple[str, int], ModelVersion]]:
        """Return a model and the newest version of each of its stages. Raises NotFound if there is no such model."""
        if self._models.is_deployed(name):  # whose newest version its pipeline counts
            model = self._models.get(name)
            return model, self.many((name, number) for number in model.latest.values())

        def follow(record: Record) -> list[tuple[str, str]]:
            latest = self._models.of(record, name).latest.values()
            return [(keys.model(name), keys.version(number)) for number in latest]

        record, read = self._beliefs.read_following(keys.MODELS, name, follow)
        model = self._models.of(record, name)
        told = filter(None, map(of_record, read.values()))
        return model, {(name, one.version): one for one in told if not one.deleted}

    def led_to(
        self, name: str, lead: Callable[[RegisteredModel], int]
    ) -> tuple[RegisteredModel, ModelVersion]:
        """Return a model and the version of it that `lead` names. Raises NotFound if there is no such one."""
        if self._models.is_deployed(name):  # whose released aliases lead elsewhere than to records
            model = self._models.get(name)
            return model, self.get(name, lead(model))

        def follow(record: Record) -> list[tuple[str, str]]:
            return [(keys.model(name), keys.version(lead(self._models.of(record, name))))]

        record, there = self._beliefs.read_following(keys.MODELS, name, follow)
        model = self._models.of(record, name)
        version = next(iter(there.values()), None)
        return model, found(of_record(version), name, lead(model))

    def change(
        self,
        name: str,
        number: int,
        weigh: Callable[[ModelVersion], ModelVersion],
        tell: Callable[[ModelVersion, ModelVersion], AuditEntry],
    ) -> ModelVersion:
        """Change what is said of a version, with its audit entry; what changes nothing is not told."""

        def decide(record: Record | None) -> Decision[ModelVersion]:
            before = found(of_record(record), name, number)
            after = weigh(before)
            if record is None or after == before:
                return Decision(before)
            told = entry_write(tell(before, after))
            return Decision(after, (Replace(record, body_of(after)), told))

        return self._beliefs.change(keys.model(name), keys.version(number), decide)

    def move(
        self, name: str, number: int, stage: Stage, hand: Hand, *, archive: bool
    ) -> tuple[ModelVersion, RegisteredModel]:
        """Put a version into a stage; `archive` takes out of it what else is there. Returns it with its model."""

        def decide(record: Record | None) -> Decision[tuple[ModelVersion, RegisteredModel]]:
            model = self._models.of(record, name)
            others = [n for n, s in model.staged.items() if archive and s is stage and n != number]
            if len(others) > ARCHIVED_MOST:
                raise InvalidState(
                    f"{len(others)} other versions of {name} are in {stage.value}, and {ARCHIVED_MOST} can be "
                    "archived at once",
                    hint="move some of them first",
                )
            read = self._read(name, [number, *others])
            told = found(of_record(read.get(number)), name, number)
            if told.stage is stage and not others:
                return Decision((told, model))
            after, writes = model.updated(hand.at), list[Write]()
            for one, into in ((number, stage), *((n, Stage.archived) for n in others)):
                before = found(of_record(read.get(one)), name, one)
                moved = before.model_copy(update={"stage": into, "updated_at": hand.at})
                after = after.moved(one, into)
                entry = _moved(name, before, moved, hand)
                writes += [Replace(read[one], body_of(moved)), entry_write(entry)]
                told = moved if one == number else told
            return Decision((told, after), (self._models.replacement(record, after), *writes))

        return self._beliefs.change(keys.MODELS, name, decide)

    def many(self, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], ModelVersion]:
        """Return the versions that there are, by model and number."""
        places = {(keys.model(name), keys.version(n)): (name, n) for name, n in wanted}
        read = self._table.read_many(places)
        told = {places[at]: of_record(record) for at, record in read.items()}
        return {
            place: version for place, version in told.items() if version and not version.deleted
        }

    def of_model(self, name: str) -> list[ModelVersion]:
        """Return all versions of a model."""
        return [version for _, version in self.records(name)]

    def records(self, name: str) -> list[tuple[Record, ModelVersion]]:
        """Return all versions of a model, each with its record, to believe in when it is changed."""
        told = [(record, of_record(record)) for record in self._all(keys.model(name), keys.VERSION)]
        return [(record, version) for record, version in told if version and not version.deleted]

    def of_run(self, run_id: str) -> list[Named]:
        """Return all versions that were made of a run, each with its model's name."""
        told = [record.body for record in self._all(keys.run(run_id), keys.VERSION)]
        read = self.many((body["model"], body["version"]) for body in told)
        return [(name, version) for (name, _), version in sorted(read.items())]

    def _read(self, name: str, numbers: list[int]) -> dict[int, Record]:
        places = {(keys.model(name), keys.version(n)): n for n in numbers}
        return {places[at]: record for at, record in self._table.read_many(places).items()}

    def _all(self, pk: str, prefix: str) -> list[Record]:
        records, after = self._table.records(pk, prefix)
        while after is not None:
            more, after = self._table.records(pk, prefix, after=after)
            records += more
        return records

    def _made_by(self, name: str, key: str) -> ModelVersion | None:
        made = self._table.read(keys.model(name), keys.request_key(key))
        return None if made is None else self.get(name, made.body["version"])


def found(version: ModelVersion | None, name: str, number: int) -> ModelVersion:
    """Return the version. Raises NotFound if there is none, or it was deleted."""
    if version is None or version.deleted:
        raise NotFound(f"Model Version (name={name}, version={number}) not found")
    return version


def body_of(version: ModelVersion) -> dict[str, object]:
    """Return what a record tells of a version."""
    return version.model_dump(mode="json")


def _creation(name: str, version: ModelVersion, key: str | None) -> list[Create]:
    pk, number = keys.model(name), version.version
    told = {"model": name, "version": number}
    writes = [Create(pk, keys.version(number), body_of(version))]
    if key is not None:
        writes.append(Create(pk, keys.request_key(key), told))
    if version.run_id:
        writes.append(Create(keys.run(version.run_id), keys.run_version(number, name), told))
    return writes


def _registered(name: str, version: ModelVersion, hand: Hand) -> AuditEntry:
    after = {"status": version.status.value, "source": version.source, "run_id": version.run_id}
    return hand.entry(name, "VersionRegistered", f"version {version.version}", after=after)


def _moved(name: str, before: ModelVersion, after: ModelVersion, hand: Hand) -> AuditEntry:
    return hand.entry(
        name,
        "VersionStageChanged",
        f"version {after.version}",
        before={"stage": before.stage.value},
        after={"stage": after.stage.value},
    )
