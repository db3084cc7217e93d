"""The audit trail: append-only, one partition per model, newest first."""

from trimtab.aws import keys
from trimtab.aws.table import Create, Table
from trimtab.domain.audit import AuditEntry


def entry_write(entry: AuditEntry) -> Create:
    """The write that appends the entry; goes into the transaction of the change it tells of."""
    at = entry.at.isoformat(timespec="microseconds")
    body = entry.model_dump(mode="json")
    return Create(keys.model(entry.model), keys.audit(at, entry.id), body)


class AuditTrail:
    """Reads the audit entries of a model."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def entries(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[AuditEntry], str | None]:
        """Return a page of the model's entries, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.AUDIT, newest_first=True, limit=limit, after=after
        )
        return [AuditEntry.model_validate(r.body, strict=False) for r in records], token
