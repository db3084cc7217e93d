"""Which event of Trimtab's own tells of a receipt."""

from trimtab.aws.datasets import Datasets
from trimtab.domain.datasets import Outcome, Receipt
from trimtab.domain.events import DatasetAccepted, DatasetQuarantined, DatasetRejected, Detail
from trimtab.domain.evolution import evolved
from trimtab.runtime import Runtime


def events_of(receipt: Receipt, runtime: Runtime) -> list[Detail]:
    """Return the events to publish; none for a duplicate or a refusal, which change nothing for anybody."""
    told = [_event_of(receipt, runtime), _evolution_of(receipt, runtime)]
    return [event for event in told if event is not None]


def _evolution_of(receipt: Receipt, runtime: Runtime) -> Detail | None:
    if receipt.outcome is not Outcome.accepted or receipt.dataset_version is None:
        return None
    datasets, number = Datasets(runtime.table), receipt.dataset_version
    before = datasets.get(receipt.model, number - 1).batch if number > 1 else None
    return evolved(datasets.get(receipt.model, number), before)


def _event_of(receipt: Receipt, runtime: Runtime) -> Detail | None:
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
