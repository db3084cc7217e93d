"""How the columns of batches change from one to the next, without any of them being refused for it."""

from collections.abc import Sequence
from typing import Any

from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.datasets import Batch, DatasetVersion
from trimtab.domain.events import SchemaEvolved


def told_of(notices: Sequence[Anomaly]) -> dict[str, Any]:
    """Return the fields of a batch that keep what was new in it."""
    return {
        "notices": tuple(notice.sentence for notice in notices),
        "new_columns": tuple(
            example.value
            for notice in notices
            if notice.code is AnomalyCode.unknown_column
            for example in notice.examples
            if example.value is not None
        ),
        "awaited_columns": tuple(
            notice.column
            for notice in notices
            if notice.code is AnomalyCode.missing_column and notice.column is not None
        ),
    }


def evolved(version: DatasetVersion, before: Batch | None) -> SchemaEvolved | None:
    """Return the event that tells of the columns of a version's batch; None if they are those of the one before."""
    batch = version.batch
    columns = (batch.new_columns, batch.awaited_columns)
    if columns == ((before.new_columns, before.awaited_columns) if before else ((), ())):
        return None
    parts = (
        ("has new columns", batch.new_columns),
        ("has not yet", batch.awaited_columns),
        ("has no more", _gone(batch, before)),
    )
    said = "; ".join(f"{words} {', '.join(names)}" for words, names in parts if names)
    return SchemaEvolved(
        model=version.model,
        at=version.created_at,
        reason=f"the batch of dataset version {version.version} {said or 'has all columns of the contract'}",
        dataset_version=version.version,
        batch_key=batch.key,
        new_columns=batch.new_columns,
        awaited_columns=batch.awaited_columns,
        contract=batch.contract,
    )


def _gone(batch: Batch, before: Batch | None) -> tuple[str, ...]:
    """Columns outside the contract that came with the batch before and do not come any more."""
    if before is None:
        return ()
    return tuple(name for name in before.new_columns if name not in batch.new_columns)
