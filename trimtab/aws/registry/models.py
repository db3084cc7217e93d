"""Registered models: one record each, in one partition, which every change of versions and aliases insists on."""

from collections.abc import Callable, Iterator
from datetime import datetime

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.beliefs import Beliefs, Decision
from trimtab.aws.model_specs import ModelSpecs
from trimtab.aws.registry.emptying import empty
from trimtab.aws.table import Create, Record, Replace, Stale, Table
from trimtab.aws.versions import Versions
from trimtab.domain.audit import AuditEntry
from trimtab.domain.registry.models import RegisteredModel
from trimtab.errors import AlreadyExists, NotFound

Weigh = Callable[[RegisteredModel], RegisteredModel]
Tell = Callable[[RegisteredModel, RegisteredModel], AuditEntry]


class RegisteredModels:
    """Reads registered models and changes what is said of them.

    A deployed model, which has a spec, is registered from the start: the first who asks for its record makes it.
    """

    def __init__(
        self, table: Table, beliefs: Beliefs, specs: ModelSpecs, now: Callable[[], datetime]
    ) -> None:
        self._table = table
        self.beliefs = beliefs
        self._specs = specs
        self._now = now

    def is_deployed(self, name: str) -> bool:
        """Whether this deployment trains and serves the model."""
        return name in self._specs.all()

    def get(self, name: str) -> RegisteredModel:
        """Return a model. Raises NotFound if there is none."""
        return self.counted(self.of(self.beliefs.read(keys.MODELS, name), name))

    def all(self) -> list[RegisteredModel]:
        """Return all models, in order of their names."""
        found = {model.name: model for model in map(model_of, self._records()) if not model.leaving}
        for name in self._specs.all():
            found[name] = self.counted(found.get(name) or self._adopted(name))
        return [found[name] for name in sorted(found)]

    def create(self, model: RegisteredModel, entry: AuditEntry) -> RegisteredModel:
        """Keep a new model; under a name that is taken, return what a repeated request has made before.

        Raises AlreadyExists if another has the name.
        """
        if self.is_deployed(model.name):
            raise _taken(model.name)
        try:
            self._table.commit(creation(model), entry_write(entry))
        except Stale:
            kept = self._table.read(keys.MODELS, model.name)
            repeated = kept is not None and model.made_by is not None
            if kept is not None and repeated and kept.body.get("made_by") == model.made_by:
                return self.of(kept, model.name)
            self.insist_on_free(model.name)
            return self.create(model, entry)
        return model

    def insist_on_free(self, name: str) -> None:
        """Do nothing for a name that nothing has. Raises AlreadyExists for any other.

        A deletion that has died on its way is brought to its end.
        """
        record = self._table.read(keys.MODELS, name)
        if self.is_deployed(name) or (record is not None and not model_of(record).leaving):
            raise _taken(name)
        if record is not None:
            empty(self._table, name)

    def change(self, name: str, weigh: Weigh, tell: Tell) -> RegisteredModel:
        """Change what is said of a model, with its audit entry; what changes nothing is not told."""

        def decide(record: Record | None) -> Decision[RegisteredModel]:
            before = self.of(record, name)
            after = weigh(before)
            if after == before:
                return Decision(before)
            told = entry_write(tell(before, after))
            return Decision(after, (self.replacement(record, after), told))

        return self.counted(self.beliefs.change(keys.MODELS, name, decide))

    def of(self, record: Record | None, name: str) -> RegisteredModel:
        """Return the model that a record tells. Raises NotFound if there is none, or it is being deleted."""
        if record is None and self.is_deployed(name):
            return self._adopted(name)
        model = None if record is None else model_of(record)
        if model is None or model.leaving:
            raise NotFound(f"Registered Model with name={name} not found")
        return model

    def replacement(self, record: Record | None, model: RegisteredModel) -> Replace:
        """The write that puts `model` where `record` was read, or was made meanwhile."""
        if record is None:  # a deployed model's, which `of` has made
            record = self.beliefs.read(keys.MODELS, model.name)
            assert record is not None
        return Replace(record, body_of(model))

    def counted(self, model: RegisteredModel) -> RegisteredModel:
        """Return the model with its newest version: a deployed one's pipeline counts by itself."""
        if not self.is_deployed(model.name):
            return model
        newest = Versions(self._table).latest(model.name)
        return model.model_copy(update={"newest": newest.version if newest else 0})

    def _adopted(self, name: str) -> RegisteredModel:
        now = self._now()
        model = RegisteredModel(name=name, created_at=now, updated_at=now)
        try:
            self._table.commit(creation(model))
        except Stale as stale:
            return model if stale.current is None else model_of(stale.current)
        return model

    def _records(self) -> Iterator[Record]:
        records, after = self._table.records(keys.MODELS)
        yield from records
        while after is not None:
            records, after = self._table.records(keys.MODELS, after=after)
            yield from records


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"Registered Model (name={name}) already exists.")


def model_of(record: Record) -> RegisteredModel:
    """Return the model that a record tells."""
    return RegisteredModel.model_validate(record.body, strict=False)


def body_of(model: RegisteredModel) -> dict[str, object]:
    """Return what a record tells of a model."""
    return model.model_dump(mode="json")


def creation(model: RegisteredModel) -> Create:
    """The write of a new model."""
    return Create(keys.MODELS, model.name, body_of(model))
