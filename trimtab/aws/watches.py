"""How far each version's live traffic is judged: one record a version, and one for each window."""

from datetime import datetime

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Create, Record, Replace, Table, Write, replace_or_create
from trimtab.domain.audit import AuditEntry
from trimtab.domain.watched import Watch, WatchedWindow

STARTS = "%Y-%m-%dT%H:%M"  # how keys tell when a window began


class Watches:
    """Reads what is known of windows, and commits what was found."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, model: str, version: int) -> Record | None:
        """Return the record of a version's watch, to believe in when it is changed."""
        return self._table.read(keys.model(model), keys.drift_state(version))

    def commit(
        self,
        model: str,
        record: Record | None,
        watch: Watch,
        window: WatchedWindow,
        *entries: AuditEntry,
    ) -> None:
        """Keep a window and how far the version is judged with it. Raises Stale if another judged it meanwhile."""
        partition = keys.model(model)
        start = window.start.strftime(STARTS)
        writes: list[Write] = [
            replace_or_create(
                record, partition, keys.drift_state(watch.version), watch.model_dump(mode="json")
            ),
            Create(
                partition,
                keys.drift_window(window.version, start),
                window.model_dump(mode="json"),
            ),
            *(entry_write(entry) for entry in entries),
        ]
        self._table.commit(*writes)

    def note(self, record: Record, watch: Watch) -> None:
        """Write the watch where `record` was read. Raises Stale if another writer was faster."""
        self._table.commit(Replace(record, watch.model_dump(mode="json")))

    def window(self, model: str, version: int, start: datetime) -> WatchedWindow | None:
        """Return a judged window, or None if it is not judged."""
        place = keys.drift_window(version, start.strftime(STARTS))
        record = self._table.read(keys.model(model), place)
        return WatchedWindow.model_validate(record.body, strict=False) if record else None

    def between(
        self, model: str, version: int, start: datetime, end: datetime
    ) -> list[WatchedWindow]:
        """Return the judged windows of a version that begin from `start` on and before `end`, the oldest first."""
        first, last = (keys.drift_window(version, at.strftime(STARTS)) for at in (start, end))
        found: list[WatchedWindow] = []
        token: str | None = None
        while True:
            records, token = self._table.records(
                keys.model(model), between=(first, last), after=token
            )
            found += [WatchedWindow.model_validate(one.body, strict=False) for one in records]
            if token is None:
                return [one for one in found if one.start < end]

    def windows(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[WatchedWindow], str | None]:
        """Return a page of the model's judged windows, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.DRIFT_WINDOW, newest_first=True, limit=limit, after=after
        )
        return [WatchedWindow.model_validate(one.body, strict=False) for one in records], token


def of_record(record: Record | None) -> Watch | None:
    """Return the watch that a record tells."""
    return None if record is None else Watch.model_validate(record.body, strict=False)


def first(version: int, since: datetime) -> Watch:
    """Return the watch of a version of which no window is judged yet."""
    return Watch(version=version, since=since, judged_until=since)
