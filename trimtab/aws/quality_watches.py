"""How far each version's quality is judged: one record a version, and one for each window."""

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Create, Record, Replace, Table, Write, replace_or_create
from trimtab.aws.watches import STARTS
from trimtab.domain.audit import AuditEntry
from trimtab.domain.quality.windows import QualityWatch, QualityWindow


class QualityWatches:
    """Reads what is known of a version's quality, and commits what was found."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, model: str, version: int) -> Record | None:
        """Return the record of a version's watch, to believe in when it is changed."""
        return self._table.read(keys.model(model), keys.quality_state(version))

    def commit(
        self,
        model: str,
        record: Record | None,
        watch: QualityWatch,
        window: QualityWindow,
        *entries: AuditEntry,
    ) -> None:
        """Keep a window and how far the version is judged with it. Raises Stale if another judged it meanwhile."""
        partition = keys.model(model)
        place = keys.quality_window(window.version, window.start.strftime(STARTS))
        state = keys.quality_state(watch.version)
        writes: list[Write] = [
            replace_or_create(record, partition, state, watch.model_dump(mode="json")),
            Create(partition, place, window.model_dump(mode="json")),
            *(entry_write(entry) for entry in entries),
        ]
        self._table.commit(*writes)

    def note(self, record: Record, watch: QualityWatch) -> None:
        """Write the watch where `record` was read. Raises Stale if another writer was faster."""
        self._table.commit(Replace(record, watch.model_dump(mode="json")))

    def windows(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[QualityWindow], str | None]:
        """Return a page of the model's judged windows, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.QUALITY_WINDOW, newest_first=True, limit=limit, after=after
        )
        return [QualityWindow.model_validate(one.body, strict=False) for one in records], token


def of_record(record: Record | None) -> QualityWatch | None:
    """Return the watch that a record tells."""
    return None if record is None else QualityWatch.model_validate(record.body, strict=False)
