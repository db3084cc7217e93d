"""Which quarantined objects a person may release: those whose rows can all be read and trained on."""

from trimtab.domain.anomalies import Anomaly, AnomalyCode
from trimtab.domain.datasets import Closing, Receipt, Report
from trimtab.domain.model import ModelSpec

NO_ROWS = frozenset(
    {
        AnomalyCode.unknown_model,
        AnomalyCode.empty_file,
        AnomalyCode.file_too_large,
        AnomalyCode.not_csv_or_parquet,
        AnomalyCode.unreadable,
        AnomalyCode.no_header,
        AnomalyCode.too_many_columns,
        AnomalyCode.missing_column,
        AnomalyCode.duplicate_column,
        AnomalyCode.field_count,
        AnomalyCode.invalid_encoding,
        AnomalyCode.malformed_row,
        AnomalyCode.row_too_long,
        AnomalyCode.wrong_type,
    }
)
"""What leaves rows that nobody could train on: they were not all read, or not as the contract's types."""


def release_refusal(report: Report, spec: ModelSpec) -> str | None:
    """Say why no word of a person's can make a batch of the object; None if it can."""
    if report.rows == 0 or report.format is None or report.sha256 is None:
        return f"no row of it was read: {report.reason}"
    for anomaly in report.anomalies:
        if anomaly.code in NO_ROWS:
            return f"its rows cannot be trained on as they are: {anomaly.sentence}"
        if _is_needed(anomaly, spec):
            return f"no row can be trained on without {anomaly.column}: {anomaly.sentence}"
    return None


def closed_already(receipt: Receipt, wanted: str) -> str | None:
    """Say why a closed quarantine cannot be closed so; None if it was closed just so, or is open."""
    closing = receipt.closing
    if closing is None or closing.verdict == wanted:
        return None
    return f"{receipt.key} was {closing.verdict} by {closing.actor}: {closing.reason}"


def rejected(receipt: Receipt, closing: Closing) -> Receipt:
    """Return the receipt of an object that stays out for good."""
    who = closing.actor.rpartition(":")[2]
    reason = f"{receipt.key} was rejected by {who}: {closing.reason}"
    return receipt.model_copy(update={"closing": closing, "reason": reason, "at": closing.at})


def _is_needed(anomaly: Anomaly, spec: ModelSpec) -> bool:
    needed = {spec.data.target, spec.data.time_column} - {None}
    return anomaly.code is AnomalyCode.missing_value and anomaly.column in needed
