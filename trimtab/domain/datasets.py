"""Batches, the dataset versions made of them, and what became of each object that arrived."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from trimtab.domain.anomalies import Anomaly, AnomalyCode, cut
from trimtab.domain.base import Frozen
from trimtab.domain.dialect import Dialect, Format
from trimtab.domain.windows import Window

INCOMING = "incoming/"
NO_MODEL = "_none"  # stands for the model of an object that lies under no model's folder; no model has such a name
HELD = {
    "key",
    "version_id",
    "size",
    "sha256",
    "rows",
    "format",
}  # what a batch is, of all its fields
NOTICES = 2  # in the sentence of a dataset version; all of them are in its batch
MODEL_LENGTH = 100  # characters of a made-up folder name that keys and audit entries repeat


class Arrival(Frozen):
    """One version of one object under incoming/."""

    key: str
    version_id: str  # "null" in a bucket that keeps no versions

    @property
    def model(self) -> str:
        """The folder below incoming/, which names the model; there may be no such model."""
        folder, slash, _ = self.key.removeprefix(INCOMING).partition("/")
        return folder[:MODEL_LENGTH] if slash and folder else NO_MODEL


class Release(Frozen):
    """A person's word that a quarantined batch is to be used after all."""

    actor: str
    reason: str
    at: datetime
    report_uri: str
    anomalies: tuple[AnomalyCode, ...]  # that are lived with


class Batch(Frozen):
    """Rows that passed their contract, or that a person released, pinned: this object version, with these bytes."""

    key: str
    version_id: str
    size: NonNegativeInt
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rows: NonNegativeInt
    labelled_rows: NonNegativeInt | None = None  # whose target is known; None in older manifests
    format: Format
    dialect: Dialect | None = None  # of CSV: how it was read, for whoever reads it again
    profile_uri: str | None = None  # None in manifests older than this field
    accepted_at: datetime | None = None  # the same
    newest_row_at: datetime | None = None  # by data.time_column; None where there is none
    release: Release | None = None  # None for a batch that keeps its contract
    contract: str | None = None  # digest of the contract it was judged by
    notices: tuple[str, ...] = ()  # what was new in it and yet let it pass
    new_columns: tuple[str, ...] = ()  # that it has and the contract has not, 20 at most
    awaited_columns: tuple[str, ...] = ()  # that are new in the contract, and not in it yet

    @property
    def arrival(self) -> Arrival:
        """The object version that the batch is."""
        return Arrival(key=self.key, version_id=self.version_id)


class Manifest(Frozen):
    """The content of one dataset version; never changes."""

    model: str
    version: PositiveInt
    batches: Annotated[tuple[Batch, ...], Field(min_length=1)]  # the last one made this version
    rows: NonNegativeInt
    created_at: datetime
    window: Window = Window.model_construct()  # the policy that chose the batches
    profile_uri: str | None = None  # of all batches together; None if theirs cannot be merged

    @model_validator(mode="after")
    def _rows_add_up(self) -> Self:
        if self.rows != sum(batch.rows for batch in self.batches):
            raise ValueError(f"rows is {self.rows}, which is not the sum over the batches")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 over the batches: two manifests with the same digest hold the same data in the same order."""
        return digest(self.batches)

    @property
    def sentence(self) -> str:
        """Why this version exists."""
        newest, count = self.batches[-1], len(self.batches)
        batches = "1 batch" if count == 1 else f"{count:,} batches"
        return (
            f"{cut(newest.key)} {_why(newest)}; "
            f"dataset version {self.version} holds {batches} with {self.rows:,} rows"
        )


class DatasetVersion(Frozen):
    """What the registry tells of a dataset version; the list of its batches is in the manifest."""

    model: str
    version: PositiveInt
    rows: NonNegativeInt
    batch_count: PositiveInt
    batches_digest: str
    batch: Batch  # the one that made this version
    manifest_uri: str
    profile_uri: str | None  # of the version's batches together; None if theirs cannot be merged
    created_at: datetime
    reason: str

    @property
    def batch_rows(self) -> int:
        """The rows that are new in this version."""
        return self.batch.rows


class Outcome(StrEnum):
    """What can become of an object."""

    accepted = "accepted"
    duplicate = "duplicate"  # a batch with the same bytes was accepted before
    quarantined = "quarantined"
    handed_over = "handed_over"  # a job examines it; nothing is decided yet
    refused = "refused"  # there is nothing to keep: the object is gone, or is only a folder's mark


class Closing(Frozen):
    """How a person ended a quarantine."""

    verdict: Literal["released", "rejected"]
    actor: str
    reason: str
    at: datetime


class Receipt(Frozen):
    """What became of one object version; a repeated event finds the answer here."""

    id: str
    model: str
    key: str
    version_id: str
    outcome: Outcome
    reason: str
    at: datetime
    dataset_version: PositiveInt | None = (
        None  # that holds the batch, also where a duplicate is concerned
    )
    sha256: str | None = None
    report_uri: str | None = None
    anomalies: tuple[AnomalyCode, ...] = ()
    closing: Closing | None = None  # None: never in quarantine, or still there

    @property
    def arrival(self) -> Arrival:
        """The object version that this is about."""
        return Arrival(key=self.key, version_id=self.version_id)

    @property
    def is_in_quarantine(self) -> bool:
        """Whether the object waits for a person's word."""
        return self.outcome is Outcome.quarantined and self.closing is None


class Report(Frozen):
    """Why an object was quarantined; lies beside its copy as report.json, and as report.md for people."""

    schema_version: Literal[1] = 1
    model: str
    key: str
    version_id: str
    verdict: Literal["quarantined"] = "quarantined"
    reason: str
    at: datetime
    size: NonNegativeInt  # bytes
    sha256: str | None  # None if the object was not read
    format: Format | None  # None if it is none of these
    rows: NonNegativeInt  # rows that could be read
    copy_uri: str | None  # None if the object is too large to copy: it stays where it came
    anomalies: tuple[Anomaly, ...]
    notices: tuple[Anomaly, ...] = ()  # what is new and would not keep it out
    contract: str | None = None  # digest of the contract it was judged by; None if by none
    compared_with: PositiveInt | None = None  # dataset version whose batch it was compared with


def digest(batches: Sequence[Batch]) -> str:
    """Return the SHA-256 over what the batches hold, in their order; how they came to be accepted is left out."""
    lines = "\n".join(batch.model_dump_json(include=HELD) for batch in batches)
    return hashlib.sha256(lines.encode()).hexdigest()


def _why(batch: Batch) -> str:
    """Why the batch is used."""
    if batch.release is None:
        told = f" ({'; '.join(batch.notices[:NOTICES])})" if batch.notices else ""
        return f"keeps its contract in all {batch.rows:,} rows{told}"
    broken = ", ".join(batch.release.anomalies)
    who = batch.release.actor.rpartition(":")[2]
    return (
        f"was released from quarantine by {who} with {broken} "
        f"in its {batch.rows:,} rows: {batch.release.reason}"
    )
