"""Dataset versions, quarantined objects and receipts, as the table tells of them."""

from datetime import datetime
from typing import Any

from trimtab.aws import keys
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Create, Replace, Stale, Table, Write
from trimtab.domain.audit import AuditEntry
from trimtab.domain.datasets import Arrival, DatasetVersion, Outcome, Receipt
from trimtab.errors import Fault, NotFound

ACTOR = "validate_dataset"
ACTIONS = {
    Outcome.accepted: "DatasetAccepted",
    Outcome.duplicate: "DuplicateRecorded",
    Outcome.quarantined: "DatasetQuarantined",
    Outcome.refused: "ObjectRefused",
}
CLOSINGS = {"released": "DatasetReleased", "rejected": "DatasetRejected"}


def receipt_id(arrival: Arrival) -> str:
    """Return the id of the receipt of an object version."""
    return keys.receipt(arrival.key, arrival.version_id).removeprefix(keys.RECEIPT)


def receipt_of(
    arrival: Arrival, outcome: Outcome, *, reason: str, at: datetime, **told: Any
) -> Receipt:
    """Return the receipt of an object version; `told` is what else there is to say of this outcome."""
    return Receipt(
        id=receipt_id(arrival),
        model=arrival.model,
        key=arrival.key,
        version_id=arrival.version_id,
        outcome=outcome,
        reason=reason,
        at=at,
        **told,
    )


class Datasets:
    """The datasets of all models."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, model: str, version: int) -> DatasetVersion:
        """Return a dataset version. Raises NotFound."""
        record = self._table.read(keys.model(model), keys.dataset(version))
        if record is None:
            raise NotFound(
                f"{model} has no dataset version {version}",
                hint=f"GET /v1/models/{model}/datasets lists those it has",
            )
        return DatasetVersion.model_validate(record.body, strict=False)

    def latest(self, model: str) -> DatasetVersion | None:
        """Return the newest dataset version, or None if there is none yet."""
        found, _ = self.list(model, limit=1)
        return found[0] if found else None

    def since(self, model: str, version: int) -> list[DatasetVersion]:
        """Return the dataset versions after `version`, newest first."""
        found: list[DatasetVersion] = []
        token: str | None = None
        between = keys.dataset(version + 1), keys.DATASET + keys.LAST
        while True:
            records, token = self._table.records(
                keys.model(model), newest_first=True, after=token, between=between
            )
            found += [DatasetVersion.model_validate(r.body, strict=False) for r in records]
            if token is None:
                return found

    def quarantined(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[Receipt], str | None]:
        """Return a page of the receipts of quarantined objects, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.QUARANTINE, newest_first=True, limit=limit, after=after
        )
        return [Receipt.model_validate(r.body, strict=False) for r in records], token

    def receipt(self, arrival: Arrival) -> Receipt | None:
        """Return what became of an object version, or None if it was not decided yet."""
        return self.receipt_with(arrival.model, receipt_id(arrival))

    def receipt_with(self, model: str, id: str) -> Receipt | None:
        """Return the receipt with this id, or None if the model has none such."""
        record = self._table.read(keys.model(model), keys.RECEIPT + id)
        return None if record is None else Receipt.model_validate(record.body, strict=False)

    def version_with(self, model: str, sha256: str) -> int | None:
        """Return the dataset version that a batch with these bytes made, or None if there is no such batch."""
        record = self._table.read(keys.model(model), keys.batch(sha256))
        return None if record is None else int(record.body["dataset_version"])

    def has(self, model: str, version: int) -> bool:
        """Say whether the dataset version exists."""
        return self._table.read(keys.model(model), keys.dataset(version)) is not None

    def record(self, receipt: Receipt) -> Receipt:
        """Write down what became of an object that made no dataset version; the first receipt of it stands."""
        writes = _receipt_writes(receipt)
        if receipt.outcome is Outcome.quarantined:
            body = receipt.model_dump(mode="json")
            writes.append(Create(keys.model(receipt.model), _quarantine_key(receipt), body))
        try:
            self._table.commit(*writes)
        except Stale as stale:
            if (first := self.receipt(receipt.arrival)) is not None:
                return first
            raise Fault(f"no receipt could be written for {receipt.key}") from stale
        return receipt

    def add(self, version: DatasetVersion, receipt: Receipt) -> None:
        """Make a dataset version: it, its batch, the receipt and the audit entry, or nothing. Raises Stale.

        The receipt of a batch that a person released takes the place of the one that quarantined it.
        """
        pk = keys.model(version.model)
        batch = {"dataset_version": version.version, **version.batch.model_dump(mode="json")}
        subject = f"dataset {version.version}"
        self._table.commit(
            Create(pk, keys.dataset(version.version), version.model_dump(mode="json")),
            Create(pk, keys.batch(version.batch.sha256), batch),
            *(
                _receipt_writes(receipt, subject=subject)
                if receipt.closing is None
                else self._closing_writes(receipt, subject=subject)
            ),
        )

    def close(self, receipt: Receipt) -> None:
        """End the quarantine of an object that makes no dataset version. Raises Stale if it is not open any more."""
        self._table.commit(*self._closing_writes(receipt, subject=f"object {receipt.key}"))

    def _closing_writes(self, receipt: Receipt, *, subject: str) -> list[Write]:
        """The writes that put a receipt with a closing in the place of the open one."""
        pk = keys.model(receipt.model)
        record = self._table.read(pk, keys.RECEIPT + receipt.id)
        standing = Receipt.model_validate(record.body, strict=False) if record else None
        if record is None or standing is None or not standing.is_in_quarantine:
            raise Stale([keys.RECEIPT + receipt.id])
        listed = self._table.read(pk, _quarantine_key(standing))
        if listed is None:
            raise Fault(f"{receipt.key} is quarantined and stands in no list of it")
        shown = standing.model_copy(
            update={"closing": receipt.closing, "dataset_version": receipt.dataset_version}
        )
        entry = _closing_entry(standing, receipt, subject)
        return [
            Replace(record, receipt.model_dump(mode="json")),
            Replace(listed, shown.model_dump(mode="json")),
            entry_write(entry),
        ]

    def list(
        self, model: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[DatasetVersion], str | None]:
        """Return a page of dataset versions, newest first, and the token of the next page."""
        records, token = self._table.records(
            keys.model(model), keys.DATASET, newest_first=True, limit=limit, after=after
        )
        return [DatasetVersion.model_validate(r.body, strict=False) for r in records], token


def _quarantine_key(receipt: Receipt) -> str:
    return keys.quarantine(receipt.at.isoformat(timespec="microseconds"), receipt.id)


def _closing_entry(before: Receipt, after: Receipt, subject: str) -> AuditEntry:
    closing = after.closing
    assert closing is not None
    return AuditEntry(
        id=f"{after.id[:24]}-closing",
        model=after.model,
        at=after.at,
        actor=closing.actor,
        action=CLOSINGS[closing.verdict],
        subject=subject,
        before={"outcome": before.outcome.value, "anomalies": [a.value for a in before.anomalies]},
        after={
            "outcome": after.outcome.value,
            "key": after.key,
            "version_id": after.version_id,
            "dataset_version": after.dataset_version,
        },
        reason=after.reason,
    )


def _receipt_writes(receipt: Receipt, *, subject: str | None = None) -> list[Write]:
    body = receipt.model_dump(mode="json")
    entry = AuditEntry(
        id=receipt.id[:32],
        model=receipt.model,
        at=receipt.at,
        actor=ACTOR,
        action=ACTIONS[receipt.outcome],
        subject=subject or f"object {receipt.key}",
        after=receipt.model_dump(mode="json", exclude={"reason", "model", "at"}, exclude_none=True),
        reason=receipt.reason,
    )
    key = keys.receipt(receipt.key, receipt.version_id)
    return [Create(keys.model(receipt.model), key, body), entry_write(entry)]
