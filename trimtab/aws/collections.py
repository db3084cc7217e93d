"""What became of labels that came together: one record a collection, and one that counts all of a model's."""

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Record, Stale, Table, replace_or_create
from trimtab.domain.audit import AuditEntry
from trimtab.domain.quality.collections import Collection
from trimtab.errors import Contended

ATTEMPTS = 20  # each lost one means that labels of another collection were counted


class Collections:
    """Reads and commits what became of collections."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, model: str, collection_id: str) -> Collection | None:
        """Return what became of a collection, or None if it was not taken in."""
        return _of(self._table.read(keys.model(model), keys.collection(collection_id)))

    def list(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[Collection], str | None]:
        """Return a page of the model's collections, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.COLLECTION, newest_first=True, limit=limit, after=after
        )
        return [Collection.model_validate(one.body, strict=False) for one in records], token

    def record(self, found: Collection, entry: AuditEntry) -> Collection:
        """Keep what became of a collection, once; return it, as it was kept first, with the model's total."""
        return self._commit(found, entry, found.new, before=None)

    def settle(self, before: Collection, further: Collection, entry: AuditEntry) -> Collection:
        """Keep that labels of a collection have their predictions now, once; return it with the model's total."""
        return self._commit(further, entry, further.new - before.new, before=before)

    def _commit(
        self, further: Collection, entry: AuditEntry, more: int, *, before: Collection | None
    ) -> Collection:
        place = keys.model(further.model), keys.collection(further.id)
        totals = keys.model(further.model), keys.LABELS_TOTAL
        for _ in range(ATTEMPTS):
            record, total = self._table.read(*place), self._table.read(*totals)
            known = _of(record)
            if known is not None and known != before:
                return known
            count = (int(total.body["total"]) if total else 0) + more
            told = further.model_copy(update={"total": count})
            try:
                self._table.commit(
                    replace_or_create(record, *place, told.model_dump(mode="json")),
                    replace_or_create(total, *totals, {"total": count}),
                    entry_write(entry),
                )
            except Stale:
                continue
            return told
        raise Contended(
            f"others were counted before each of {ATTEMPTS} attempts to", hint="repeat it"
        )


def _of(record: Record | None) -> Collection | None:
    return None if record is None else Collection.model_validate(record.body, strict=False)
