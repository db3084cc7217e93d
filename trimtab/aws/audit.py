"""The audit trail: append-only, one partition per model, and a sparse index over all of them; newest first."""

from datetime import UTC, datetime

from trimtab.aws import keys
from trimtab.aws.pages import wanted_page
from trimtab.aws.table import Create, Record, Table
from trimtab.domain.audit import AuditEntry, Wanted
from trimtab.errors import InvalidInput


def entry_write(entry: AuditEntry, partition: str | None = None) -> Create:
    """The write that appends the entry; goes into the transaction of the change it tells of.

    It is appended to `partition`, where the change belongs to no model.
    """
    key = keys.audit(_sortable(entry.at), entry.id)
    index = {keys.TRAIL: keys.WHOLE_TRAIL}
    pk = partition or keys.model(entry.model)
    return Create(pk, key, entry.model_dump(mode="json"), index)


class AuditTrail:
    """Reads audit entries."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def entries(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[AuditEntry], str | None]:
        """Return a page of the model's entries, newest first, and the token of the next page."""
        return self.search(Wanted(model=model), limit=limit, after=after)

    def search(
        self, wanted: Wanted, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[AuditEntry], str | None]:
        """Return a page of the entries that are wanted, newest first, and the token of the next page.

        A page may hold less than `limit` and still have a next one: of a long trail only so much is read at once.
        Over all models, entries of the last moments may be missing, and those written before there was an index are.
        """
        if after is not None and not after.startswith(keys.AUDIT):
            raise InvalidInput(
                f"{after!r} is not a page token of this list", hint="start again without one"
            )

        def told(record: Record) -> AuditEntry | None:
            entry = AuditEntry.model_validate(record.body, strict=False)
            return entry if wanted.matches(entry) else None

        return wanted_page(
            lambda below, size: self._below(wanted, below, size),
            told,
            limit=limit,
            after=after,
            all_wanted=wanted.is_of_time_only,
        )

    def _below(
        self, wanted: Wanted, after: str | None, size: int
    ) -> tuple[list[Record], str | None]:
        """Read the next records in the wanted time: those whose sort keys are less than `after`."""
        first, last = _bounds(wanted)
        last = last if after is None else min(last, after)
        if first > last:
            return [], None
        read = self._of_model if wanted.model is not None else self._of_all
        records, more = read(wanted.model or "", (first, last), size + 1)
        return [record for record in records if record.sk != after], more

    def _of_model(
        self, model: str, between: tuple[str, str], limit: int
    ) -> tuple[list[Record], str | None]:
        return self._table.records(
            keys.model(model), newest_first=True, limit=limit, between=between
        )

    def _of_all(
        self, _: str, between: tuple[str, str], limit: int
    ) -> tuple[list[Record], str | None]:
        return self._table.indexed(
            keys.TRAIL, keys.WHOLE_TRAIL, newest_first=True, limit=limit, between=between
        )


def _bounds(wanted: Wanted) -> tuple[str, str]:
    """The first and the last sort key that an entry of the wanted time can have."""
    first = keys.AUDIT + (_sortable(wanted.since) if wanted.since else "")
    return first, keys.AUDIT + (_sortable(wanted.until) if wanted.until else "") + keys.LAST


def _sortable(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
