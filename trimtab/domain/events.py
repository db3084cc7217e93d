"""The events Trimtab puts on its bus: one per decision, past tense, versioned detail, source `trimtab`."""

from datetime import datetime
from typing import Literal

from trimtab.domain.base import Frozen

SOURCE = "trimtab"


class Detail(Frozen):
    """What every event says."""

    schema_version: Literal[1] = 1
    model: str
    at: datetime  # when the decision was taken, UTC
    reason: str  # the sentence that also stands in the audit entry


class DatasetAccepted(Detail):
    """A batch passed its contract, or was released from quarantine, and a dataset version holds it."""

    dataset_version: int
    batch_key: str  # S3 key of the batch
    batch_rows: int
    rows: int  # rows of the whole dataset version
    manifest_uri: str
    released_by: str | None = None  # who released the batch; None if it keeps its contract


class DatasetQuarantined(Detail):
    """A batch broke its contract, or could not be read; it is kept under `quarantine/` with a report."""

    batch_key: str
    report_uri: str
    anomalies: tuple[str, ...]  # codes


class SchemaEvolved(Detail):
    """The columns of an accepted batch are others than those of the batch before it; nothing was refused for it."""

    dataset_version: int
    batch_key: str
    new_columns: tuple[str, ...]  # that the batch has and the contract has not, 20 at most
    awaited_columns: tuple[str, ...]  # that are new in the contract, and not in the batch yet
    contract: str | None  # digest of the contract the batch was judged by


class DatasetRejected(Detail):
    """A person closed a quarantine: the batch stays out for good."""

    batch_key: str
    actor: str


class TrainingRequested(Detail):
    """A training run was started."""

    request_id: str
    cause: str
    dataset_version: int
    execution_arn: str


class TrainingSkipped(Detail):
    """A cause was weighed and no training run was started for it."""

    cause: str
    dataset_version: int | None = None


class TrainingFinished(Detail):
    """A training run ended."""

    request_id: str
    execution_arn: str
    # failed: the check or the gate said no; error: it could not be told
    phase: Literal["successful", "failed", "error"]


class VersionRegistered(Detail):
    """A model version exists; it waits for approval."""

    version: int
    model_package_arn: str


class VersionApproved(Detail):
    """A model version may serve."""

    version: int
    actor: str


class VersionRejected(Detail):
    """A model version may not serve."""

    version: int
    actor: str


class RolloutStarted(Detail):
    """A version's endpoint is being made."""

    version: int
    endpoint_name: str


class RolloutPromoted(Detail):
    """A version is the champion."""

    version: int
    previous_version: int | None


class RolloutRolledBack(Detail):
    """Traffic returned to an earlier version."""

    version: int  # the version that answers now
    from_version: int
    actor: str


EVENTS: dict[str, type[Detail]] = {
    event.__name__: event
    for event in (
        DatasetAccepted,
        DatasetQuarantined,
        SchemaEvolved,
        DatasetRejected,
        TrainingRequested,
        TrainingSkipped,
        TrainingFinished,
        VersionRegistered,
        VersionApproved,
        VersionRejected,
        RolloutStarted,
        RolloutPromoted,
        RolloutRolledBack,
    )
}
