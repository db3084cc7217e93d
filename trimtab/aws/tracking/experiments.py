"""The experiments: each kept twice, by id and by name, so that either finds it in one read."""

import itertools
from collections.abc import Callable, Iterator

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.beliefs import Beliefs, Decision
from trimtab.aws.table import Create, Delete, Put, Record, Replace, Stale, Table, Write
from trimtab.domain.audit import AuditEntry
from trimtab.domain.tracking.experiments import (
    ACTIVE,
    DEFAULT_ID,
    DEFAULT_NAME,
    Experiment,
    no_experiment,
)
from trimtab.errors import AlreadyExists

BELIEVED = 5.0  # seconds that a run may start in an experiment after it was deleted elsewhere; it is deleted with it


class Experiments:
    """Reads experiments, and commits their changes with the audit entries that tell of them."""

    def __init__(
        self, table: Table, beliefs: Beliefs, *, artifacts_uri: str, now_ms: Callable[[], int]
    ) -> None:
        self._table = table
        self._beliefs = beliefs
        self._now_ms = now_ms
        self._artifacts_uri = artifacts_uri  # under which experiments have their artifacts

    def get(self, experiment_id: str) -> Experiment:
        """Return an experiment. Raises NotFound if there is none; the default one there always is."""
        record = self._table.read(keys.EXPERIMENTS, keys.experiment(experiment_id))
        return self._of(record, experiment_id)

    def recall(self, experiment_id: str) -> Experiment:
        """Return an experiment as it was a few seconds ago at most. Raises NotFound if there was none."""
        key = keys.experiment(experiment_id)
        record = self._beliefs.recall(keys.EXPERIMENTS, key, within=BELIEVED)
        return self._of(record, experiment_id)

    def named(self, name: str) -> Experiment | None:
        """Return the experiment of this name, or None."""
        record = self._table.read(keys.EXPERIMENTS, keys.experiment_name(name))
        if record is None and name == DEFAULT_NAME:
            default = self._default()
            return default if default.name == name else None
        return None if record is None else _experiment(record)

    def all(self) -> list[Experiment]:
        """Return all experiments, the default one among them, in order of their ids as text."""
        found = [_experiment(record) for record in self._pages()]
        if not any(one.id == DEFAULT_ID for one in found):
            found.insert(0, self._default())
        return found

    def create(self, experiment: Experiment, entry: AuditEntry) -> Experiment:
        """Keep a new experiment; under an id that is taken, return what was kept, since the request was repeated.

        Raises AlreadyExists if another has its name.
        """
        try:
            self._table.commit(*self._creation(experiment), _audited(experiment, entry))
        except Stale:
            kept = self._table.read(keys.EXPERIMENTS, keys.experiment(experiment.id))
            if kept is None:
                raise AlreadyExists(f"Experiment(name={experiment.name}) already exists.") from None
            return _experiment(kept)
        return experiment

    def change(
        self,
        experiment_id: str,
        weigh: Callable[[Experiment], Experiment],
        entry: Callable[[Experiment, Experiment], AuditEntry],
    ) -> Experiment:
        """Change an experiment as `weigh` says, with its audit entry. Raises AlreadyExists for a name that is taken."""
        times = itertools.count()

        def decide(record: Record | None) -> Decision[Experiment]:
            before = self._of(record, experiment_id)
            after = weigh(before)
            if after == before:
                return Decision(after)
            if record is None:  # the default one, which was made just now
                record = self._beliefs.read(keys.EXPERIMENTS, keys.experiment(experiment_id))
                assert record is not None
            if next(times) and after.name != before.name:  # a first attempt finds out by itself
                self._insist_on_free(after.name)
            told = _audited(after, entry(before, after))
            return Decision(after, (*_changes(record, before, after), told))

        return self._beliefs.change(keys.EXPERIMENTS, keys.experiment(experiment_id), decide)

    def artifact_location(self, experiment_id: str) -> str:
        """Where an experiment's artifacts are unless it says otherwise."""
        return f"{self._artifacts_uri}/{experiment_id}"

    def _insist_on_free(self, name: str) -> None:
        taken = self.named(name)
        if taken is not None:
            raise AlreadyExists(f"Experiment(name={name}) already exists.")

    def _of(self, record: Record | None, experiment_id: str) -> Experiment:
        if record is not None:
            return _experiment(record)
        if experiment_id != DEFAULT_ID:
            raise no_experiment(experiment_id)
        return self._default()

    def _default(self) -> Experiment:
        """Return the default experiment; the first who asks for it makes it."""
        now_ms = self._now_ms()
        made = Experiment(
            id=DEFAULT_ID,
            name=DEFAULT_NAME,
            artifact_location=self.artifact_location(DEFAULT_ID),
            lifecycle_stage=ACTIVE,
            created_ms=now_ms,
            updated_ms=now_ms,
            tags={},
        )
        try:
            self._table.commit(*self._creation(made))
        except Stale:
            return _experiment(
                _found(self._table.read(keys.EXPERIMENTS, keys.experiment(DEFAULT_ID)))
            )
        return made

    @staticmethod
    def _creation(experiment: Experiment) -> tuple[Create, Create]:
        body = experiment.as_body()
        return (
            Create(keys.EXPERIMENTS, keys.experiment(experiment.id), body),
            Create(keys.EXPERIMENTS, keys.experiment_name(experiment.name), body),
        )

    def _pages(self) -> Iterator[Record]:
        records, after = self._table.records(keys.EXPERIMENTS, keys.EXPERIMENT)
        yield from records
        while after is not None:
            records, after = self._table.records(keys.EXPERIMENTS, keys.EXPERIMENT, after=after)
            yield from records


def _changes(record: Record, before: Experiment, after: Experiment) -> list[Write]:
    """The writes that change both records: the one by id proves the belief for both."""
    body = after.as_body()
    new_name = keys.experiment_name(after.name)
    if after.name == before.name:
        return [Replace(record, body), Put(keys.EXPERIMENTS, new_name, body)]
    return [
        Replace(record, body),
        Delete(keys.EXPERIMENTS, keys.experiment_name(before.name)),
        Create(keys.EXPERIMENTS, new_name, body),
    ]


def _audited(experiment: Experiment, entry: AuditEntry) -> Create:
    return entry_write(entry, keys.experiment(experiment.id))


def _experiment(record: Record) -> Experiment:
    return Experiment(**record.body)


def _found(record: Record | None) -> Record:
    assert record is not None
    return record
