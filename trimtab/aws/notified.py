"""Who was told of which event, and how many messages an hour of a model has had."""

from contextlib import suppress

from trimtab.aws import keys
from trimtab.aws.table import Create, Record, Replace, Stale, Table, replace_or_create
from trimtab.domain.notifications import Notification
from trimtab.errors import Contended

ATTEMPTS = 20  # each lost one means that another message of the model was counted


class Notified:
    """Keeps what was told, so that a repetition tells only those who were not."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, told: Notification) -> Record:
        """Return the record of an event, which has its place among the messages of its model's hour."""
        place = keys.model(told.model), keys.notified(told.id)
        hour = keys.model(told.model), keys.notified_hour(told.at)
        for _ in range(ATTEMPTS):
            if record := self._table.read(*place):
                return record
            counted = self._table.read(*hour)
            count = int(counted.body["count"]) + 1 if counted else 1
            try:
                self._table.commit(
                    Create(*place, {"place": count, "told": []}),
                    replace_or_create(counted, *hour, {"count": count}),
                )
            except Stale:
                continue
        raise Contended(
            f"others were counted before each of {ATTEMPTS} attempts to", hint="repeat it"
        )

    def tell(self, record: Record, receiver: str) -> Record:
        """Write down that a receiver was told; returns the record as it is then."""
        while receiver not in record.body["told"]:
            body = {**record.body, "told": sorted({*record.body["told"], receiver})}
            with suppress(Stale):
                self._table.commit(Replace(record, body))
            record = self._table.read(record.pk, record.sk) or record
        return record
