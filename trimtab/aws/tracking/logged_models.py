"""Logged models: one record each, and per experiment an index by time of creation, newest first."""

import heapq
from collections.abc import Callable, Iterator, Sequence

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.beliefs import Beliefs, Decision
from trimtab.aws.table import Create, Delete, Record, Replace, Table, Write, written
from trimtab.domain.audit import AuditEntry
from trimtab.domain.tracking.logged_models import LoggedModel, not_there
from trimtab.domain.tracking.logged_search import LoggedSearch

PAGE = 100  # models read at once, as many as one call of DynamoDB can

Found = tuple[str, str]  # where a model stands in the order of creation, and its id


class LoggedModels:
    """Reads logged models, and changes them."""

    def __init__(self, table: Table, beliefs: Beliefs) -> None:
        self._table = table
        self._beliefs = beliefs

    def create(self, model: LoggedModel, entry: AuditEntry) -> None:
        """Write a new model, with the audit entry that tells of it. Raises Stale if there is one with its id."""
        pk, place = (
            keys.logged_model(model.model_id),
            keys.logged_created(model.created_ms, model.model_id),
        )
        made = Create(pk, keys.LOGGED, model.as_body())
        listed = Create(keys.experiment(model.experiment_id), place, {})
        self._table.commit(made, listed, entry_write(entry, pk))
        self._beliefs.remember(written(made))

    def get(self, model_id: str, *, even_deleted: bool = False) -> LoggedModel:
        """Return a model. Raises NotFound if there is none, or only a deleted one."""
        record = self._table.read(keys.logged_model(model_id), keys.LOGGED)
        if record is None:
            raise not_there(model_id)
        model = _model(record)
        if model.deleted and not even_deleted:
            raise not_there(model_id)
        return model

    def change(
        self,
        model_id: str,
        weigh: Callable[[LoggedModel], LoggedModel],
        entry: Callable[[LoggedModel, LoggedModel], AuditEntry] | None = None,
    ) -> LoggedModel:
        """Make of a model what `weigh` says, with an audit entry if it is to have one. Raises NotFound for no model."""
        pk = keys.logged_model(model_id)

        def decide(record: Record | None) -> Decision[LoggedModel]:
            if record is None:
                raise not_there(model_id)
            before = _model(record)
            after = weigh(before)
            if after == before:
                return Decision(after)
            told = [entry_write(entry(before, after), pk)] if entry else []
            return Decision(after, [*_writes(record, before, after), *told])

        return self._beliefs.change(pk, keys.LOGGED, decide)

    def search(
        self,
        experiment_ids: Sequence[str],
        wanted: LoggedSearch,
        *,
        limit: int,
        after: Found | None,
    ) -> tuple[list[LoggedModel], Found | None]:
        """Return a page of the models that are wanted, newest first, and where the next one begins."""
        found: list[LoggedModel] = []
        last: Found | None = None
        for place, model in self._read_all(self._merged(experiment_ids, after)):
            if wanted.matches(model):
                if len(found) == limit:
                    return found, last
                found.append(model)
                last = place
        return found, None

    def sorted(
        self, experiment_ids: Sequence[str], wanted: LoggedSearch, *, limit: int, offset: int
    ) -> tuple[list[LoggedModel], int | None]:
        """Return a page of the models that are wanted, in their order, which takes reading all there are."""
        everything = self._read_all(self._merged(experiment_ids, None))
        matching = [model for _, model in everything if wanted.matches(model)]
        page = sorted(matching, key=wanted.key)[offset : offset + limit]
        return page, offset + limit if len(matching) > offset + limit else None

    def _merged(self, experiment_ids: Sequence[str], after: Found | None) -> Iterator[Found]:
        listed = [self._listed(one, after) for one in dict.fromkeys(experiment_ids)]
        return heapq.merge(*listed)

    def _listed(self, experiment_id: str, after: Found | None) -> Iterator[Found]:
        """Yield the places of one experiment's models behind `after`, page by page."""
        pk, token = keys.experiment(experiment_id), None
        first = keys.LOGGED_CREATED if after is None else keys.logged_place(*after) + "\x00"
        while True:
            records, token = self._table.records(
                pk, between=(first, keys.LOGGED_LAST), after=token, limit=10 * PAGE
            )
            yield from (keys.logged_found(record.sk) for record in records)
            if token is None:
                return

    def _read_all(self, places: Iterator[Found]) -> Iterator[tuple[Found, LoggedModel]]:
        while page := [place for _, place in zip(range(PAGE), places, strict=False)]:
            wanted = {place: (keys.logged_model(place[1]), keys.LOGGED) for place in page}
            records = self._table.read_many(wanted.values())
            for place, key in wanted.items():
                if key in records:
                    yield place, _model(records[key])


def _writes(record: Record, before: LoggedModel, after: LoggedModel) -> list[Write]:
    writes: list[Write] = [Replace(record, after.as_body())]
    if after.deleted and not before.deleted:
        place = keys.logged_created(before.created_ms, before.model_id)
        writes.append(Delete(keys.experiment(before.experiment_id), place))
    return writes


def _model(record: Record) -> LoggedModel:
    return LoggedModel.of_body(record.body)
