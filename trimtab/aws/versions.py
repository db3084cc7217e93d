"""Model versions: one record each, changed by what SageMaker's registry says and by rollbacks."""

from datetime import datetime

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Put, Record, Replace, Table, replace_or_create
from trimtab.domain.audit import AuditEntry
from trimtab.domain.versions import ModelVersion, VersionStatus


class Versions:
    """Reads versions, and makes the writes that change them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, model: str, version: int) -> ModelVersion | None:
        """Return one version, or None if there is no such version."""
        return of_record(self.read(model, version))

    def read(self, model: str, version: int) -> Record | None:
        """Return the record of a version, to believe in when it is changed."""
        return self._table.read(keys.model(model), keys.version(version))

    def list(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[ModelVersion], str | None]:
        """Return a page of the model's versions, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.VERSION, newest_first=True, limit=limit, after=after
        )
        return [_version(record) for record in records], token

    def latest(self, model: str) -> ModelVersion | None:
        """Return the newest version, or None while there is none."""
        newest, _ = self.list(model, limit=1)
        return newest[0] if newest else None

    def write(
        self, model: str, record: Record | None, version: ModelVersion, *entries: AuditEntry
    ) -> None:
        """Put the version where `record` was read. Raises Stale if another writer was faster."""
        body = version.model_dump(mode="json")
        key = keys.version(version.version)
        self._table.commit(
            replace_or_create(record, keys.model(model), key, body),
            *_of_its_run(model, version),
            *(entry_write(entry) for entry in entries),
        )

    @staticmethod
    def block_write(record: Record, actor: str, reason: str, at: datetime) -> Replace:
        """The write that keeps a version from ever serving again; the audit entry beside it is the caller's."""
        blocked = {
            "status": VersionStatus.blocked.value,
            "decided_by": actor,
            "decided_at": at.isoformat(),
            "reason": reason,
        }
        return Replace(record, record.body | blocked)


def _of_its_run(model: str, version: ModelVersion) -> list[Put]:
    """The entry by which the version is found from the run that made it."""
    if version.run_id is None:
        return []
    told = {"model": model, "version": version.version}
    return [Put(keys.run(version.run_id), keys.run_version(version.version, model), told)]


def of_record(record: Record | None) -> ModelVersion | None:
    """Return the version that a record tells."""
    return None if record is None else _version(record)


def _version(record: Record) -> ModelVersion:
    return ModelVersion.model_validate(record.body, strict=False)
