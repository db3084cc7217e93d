"""How far each version is judged, by drift and by quality: one record a version, and one for each window."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Generic, NamedTuple, TypeVar

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Create, Record, Replace, Table, Write, replace_or_create
from trimtab.domain.audit import AuditEntry
from trimtab.domain.quality.windows import QualityWatch, QualityWindow
from trimtab.domain.watched import Watch, WatchedWindow

AnyWatch = TypeVar("AnyWatch", Watch, QualityWatch)
AnyWindow = TypeVar("AnyWindow", WatchedWindow, QualityWindow)

STARTS = "%Y-%m-%dT%H:%M"  # how keys tell when a window began


class SortKeys(NamedTuple):
    """Where the records are."""

    prefix: str  # of all windows
    state: Callable[[int], str]
    window: Callable[[int, str], str]


class JudgedWindows(Generic[AnyWatch, AnyWindow]):
    """Reads what is known of windows, and commits what was found."""

    _watch: type[AnyWatch]
    _window: type[AnyWindow]
    _keys: ClassVar[SortKeys]

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, model: str, version: int) -> tuple[Record | None, AnyWatch | None]:
        """Return a version's watch, and its record, to believe in when it is changed."""
        record = self._table.read(keys.model(model), self._keys.state(version))
        return record, self._watch.model_validate(record.body, strict=False) if record else None

    def commit(
        self,
        model: str,
        record: Record | None,
        watch: AnyWatch,
        window: AnyWindow,
        *entries: AuditEntry,
    ) -> None:
        """Keep a window and how far the version is judged with it. Raises Stale if another judged it meanwhile."""
        partition, state = keys.model(model), self._keys.state(watch.version)
        place = self._keys.window(window.version, _start(window.start))
        writes: list[Write] = [
            replace_or_create(record, partition, state, watch.model_dump(mode="json")),
            Create(partition, place, window.model_dump(mode="json")),
            *(entry_write(entry) for entry in entries),
        ]
        self._table.commit(*writes)

    def note(self, record: Record, watch: AnyWatch) -> None:
        """Write the watch where `record` was read. Raises Stale if another writer was faster."""
        self._table.commit(Replace(record, watch.model_dump(mode="json")))

    def window(self, model: str, version: int, start: datetime) -> AnyWindow | None:
        """Return a judged window, or None if it is not judged."""
        record = self._table.read(keys.model(model), self._keys.window(version, _start(start)))
        return self._told(record) if record else None

    def windows(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[AnyWindow], str | None]:
        """Return a page of the model's judged windows, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), self._keys.prefix, newest_first=True, limit=limit, after=after
        )
        return [self._told(one) for one in records], token

    def between(self, model: str, version: int, start: datetime, end: datetime) -> list[AnyWindow]:
        """Return the judged windows of a version that begin from `start` on and before `end`, the oldest first."""
        bounds = self._keys.window(version, _start(start)), self._keys.window(version, _start(end))
        found: list[AnyWindow] = []
        token: str | None = None
        while True:
            records, token = self._table.records(keys.model(model), between=bounds, after=token)
            found += [self._told(one) for one in records]
            if token is None:
                return [one for one in found if one.start < end]

    def _told(self, record: Record) -> AnyWindow:
        return self._window.model_validate(record.body, strict=False)


class Watches(JudgedWindows[Watch, WatchedWindow]):
    """Windows by their drift."""

    _watch, _window = Watch, WatchedWindow
    _keys = SortKeys(keys.DRIFT_WINDOW, keys.drift_state, keys.drift_window)


class QualityWatches(JudgedWindows[QualityWatch, QualityWindow]):
    """Windows by their quality."""

    _watch, _window = QualityWatch, QualityWindow
    _keys = SortKeys(keys.QUALITY_WINDOW, keys.quality_state, keys.quality_window)


def _start(at: datetime) -> str:
    return at.strftime(STARTS)
