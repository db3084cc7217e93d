"""The mutes of each model's drift: one record a model."""

from collections.abc import Callable

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Stale, Table, replace_or_create
from trimtab.domain.audit import AuditEntry
from trimtab.domain.drift.mutes import Mutes
from trimtab.errors import Contended

ATTEMPTS = 8  # each lost one means that another writer got on

Change = Callable[[Mutes], tuple[Mutes, AuditEntry | None]]


class DriftMutes:
    """Reads and changes them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, model: str) -> Mutes:
        """Return the model's mutes, those that are over too."""
        record = self._table.read(keys.model(model), keys.DRIFT_MUTES)
        return Mutes.model_validate(record.body, strict=False) if record else Mutes()

    def change(self, model: str, change: Change) -> Mutes:
        """Write what `change` makes of the mutes, with its audit entry; without one, nothing is written."""
        for _ in range(ATTEMPTS):
            record = self._table.read(keys.model(model), keys.DRIFT_MUTES)
            before = Mutes.model_validate(record.body, strict=False) if record else Mutes()
            after, entry = change(before)
            if entry is None:
                return before
            body = after.model_dump(mode="json")
            try:
                self._table.commit(
                    replace_or_create(record, keys.model(model), keys.DRIFT_MUTES, body),
                    entry_write(entry),
                )
            except Stale:
                continue
            return after
        raise Contended(
            f"others changed the mutes of {model} before each of {ATTEMPTS} attempts to",
            hint="repeat the request",
        )
