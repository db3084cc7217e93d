"""Which event of Trimtab's own tells of a receipt."""

from trimtab.aws.datasets import Datasets
from trimtab.domain.datasets import Outcome, Receipt
from trimtab.domain.events import DatasetAccepted, DatasetQuarantined, DatasetRejected, Detail
from trimtab.runtime import Runtime


def event_of(receipt: Receipt, runtime: Runtime) -> Detail | None:
    """Return the event to publish; none for a duplicate or a refusal, which change nothing for anybody."""
    if receipt.outcome is Outcome.accepted and receipt.dataset_version is not None:
        version = Datasets(runtime.table).get(receipt.model, receipt.dataset_version)
        return DatasetAccepted(
            model=receipt.model,
            at=receipt.at,
            reason=receipt.reason,
            dataset_version=version.version,
            batch_key=receipt.key,
            batch_rows=version.batch_rows,
            rows=version.rows,
            manifest_uri=version.manifest_uri,
            released_by=receipt.closing.actor if receipt.closing else None,
        )
    if receipt.closing is not None and receipt.closing.verdict == "rejected":
        return DatasetRejected(
            model=receipt.model,
            at=receipt.at,
            reason=receipt.reason,
            batch_key=receipt.key,
            actor=receipt.closing.actor,
        )
    if receipt.outcome is Outcome.quarantined and receipt.report_uri is not None:
        return DatasetQuarantined(
            model=receipt.model,
            at=receipt.at,
            reason=receipt.reason,
            batch_key=receipt.key,
            report_uri=receipt.report_uri,
            anomalies=tuple(code.value for code in receipt.anomalies),
        )
    return None
