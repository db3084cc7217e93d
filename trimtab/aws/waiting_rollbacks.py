"""The rollback of a model that waits until the endpoint of the version it returns to is made again."""

from trimtab.aws import keys
from trimtab.aws.table import Record, Replace, Stale, Table, Write, replace_or_create
from trimtab.domain.rollbacks import WaitingRollback


class WaitingRollbacks:
    """Reads and writes what waits; a model has one at most, and the last stays with `waits` unset."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, model: str) -> Record | None:
        """Return the record of what waits or waited, to believe in when it is changed."""
        return self._table.read(keys.model(model), keys.WAITING_ROLLBACK)

    def get(self, model: str) -> WaitingRollback | None:
        """Return the rollback that waits, or None."""
        return self.of_record(self.read(model))

    @staticmethod
    def of_record(record: Record | None) -> WaitingRollback | None:
        """Return the rollback that a record tells, or None if it waits no more."""
        if record is None:
            return None
        told = WaitingRollback.model_validate(record.body, strict=False)
        return told if told.waits else None

    @staticmethod
    def write(model: str, record: Record | None, waiting: WaitingRollback) -> Write:
        """The write that has a rollback wait where `record` was read."""
        body = waiting.model_dump(mode="json")
        return replace_or_create(record, keys.model(model), keys.WAITING_ROLLBACK, body)

    def end(self, model: str, waiting: WaitingRollback) -> None:
        """Have this rollback wait no more; nothing if another waits by now."""
        record = self.read(model)
        if record is None or self.of_record(record) != waiting:
            return
        ended = waiting.model_copy(update={"waits": False}).model_dump(mode="json")
        try:
            self._table.commit(Replace(record, ended))
        except Stale:
            return  # somebody else ended it, or has another wait
