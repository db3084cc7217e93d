"""The periods that were accepted as the reference of each version's drift: one record each, never changed."""

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Create, Stale, Table
from trimtab.domain.audit import AuditEntry
from trimtab.domain.drift.accepted import AcceptedPeriod


class DriftReferences:
    """Reads and keeps them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, model: str, version: int) -> list[AcceptedPeriod]:
        """Return the periods that were accepted of a version, the oldest first."""
        records, _ = self._table.records(keys.model(model), keys.drift_reference(version))
        return [AcceptedPeriod.model_validate(one.body, strict=False) for one in records]

    def accept(self, model: str, period: AcceptedPeriod, entry: AuditEntry) -> AcceptedPeriod:
        """Keep a period, with its audit entry; where one is kept for this first window already, return that."""
        place = keys.model(model), keys.drift_reference(period.version, period.since)
        try:
            self._table.commit(
                Create(*place, period.model_dump(mode="json")),
                entry_write(entry),
            )
        except Stale:
            known = self._table.read(*place)
            if known is None:
                raise
            return AcceptedPeriod.model_validate(known.body, strict=False)
        return period
