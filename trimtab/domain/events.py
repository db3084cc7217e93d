"""The events Trimtab puts on its bus: one per decision, past tense, versioned detail, source `trimtab`."""

from datetime import datetime
from typing import Literal

from trimtab.domain.base import Frozen
from trimtab.domain.training import WaitsFor

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
    """A cause was weighed and is not reason enough for a training run."""

    cause: str
    dataset_version: int | None = None
    policy: str | None = None  # the field of model.yaml that decided
    value: float | None = None  # what was measured against it
    limit: float | None = None  # what it says


class TrainingJoined(Detail):
    """A cause was weighed that a run under way serves, or that is decided together with one that waits."""

    cause: str
    dataset_version: int | None = None
    request_id: str | None = None  # of the run; None: of none yet


class TrainingDeferred(Detail):
    """A cause was weighed and is kept: it is decided when what it waits for has come."""

    cause: str
    dataset_version: int | None = None
    waits_for: WaitsFor
    until: datetime | None = None  # None: not a time is waited for but an event
    policy: str | None = None  # as in TrainingSkipped
    value: float | None = None
    limit: float | None = None


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


class RolloutAdvanced(Detail):
    """A challenger gets more of the requests."""

    version: int
    champion_version: int  # whom it is compared with
    weight: int  # per cent of the requests, from now on


class RolloutPromoted(Detail):
    """A version is the champion."""

    version: int
    previous_version: int | None


class RolloutRolledBack(Detail):
    """Traffic returned to an earlier version."""

    version: int  # the version that answers now
    from_version: int
    actor: str
    weight: int = 100  # per cent of the requests that the version had which is left
    # failed: it was worse, or somebody said so; inconclusive: that could not be told in time
    phase: Literal["failed", "inconclusive"] = "failed"


class RollbackRefused(Detail):
    """An alarm about the champion, or a rollback that waited for an endpoint, moved no traffic."""

    alarm: str | None  # its name; None if a person asked
    version: int | None  # the champion


class DriftDetected(Detail):
    """What a version is asked, or what it answers, is no more what it was trained on."""

    incident_id: str  # the same until the drift is over
    version: int
    kind: Literal["data", "prediction"]
    features: tuple[str, ...]  # that drifted, the furthest first
    metric: str  # how far is measured, such as psi
    effect: float  # of the feature that drifted furthest
    limit: float
    rows: int  # that were compared
    window_start: datetime
    window_end: datetime


class DriftCleared(Detail):
    """What drifted is as it was again."""

    incident_id: str
    version: int
    kind: Literal["data", "prediction"]
    features: tuple[str, ...]  # that had drifted
    window_start: datetime
    window_end: datetime


class MonitoringBlinded(Detail):
    """Of several windows in a row nothing could be told: too few requests, too few labels, or nothing readable."""

    version: int
    kind: Literal["drift", "quality"]  # what is watched
    windows: int  # in a row
    window_start: datetime  # of the last
    window_end: datetime


class QualityBreached(Detail):
    """A version's predictions, held against labels that came later, are worse than its policy allows."""

    incident_id: str  # the same until the quality is back
    version: int
    metric: str  # such as auc
    effect: float  # its value in the window
    limit: float
    labels: int  # that it was measured on
    window_start: datetime
    window_end: datetime


class QualityRecovered(Detail):
    """A version whose quality was lost is as good as usual again."""

    incident_id: str
    version: int
    metric: str
    effect: float  # its value in the window
    limit: float
    window_start: datetime
    window_end: datetime


class LabelsCollected(Detail):
    """Labels came for predictions that were made."""

    labels: int  # in this collection
    total: int  # of the model up to now, so that one may be told twice, late, or never
    newest_at: datetime | None = None  # when the newest of the predictions was made


EVENTS: dict[str, type[Detail]] = {
    event.__name__: event
    for event in (
        DatasetAccepted,
        DatasetQuarantined,
        SchemaEvolved,
        DatasetRejected,
        TrainingRequested,
        TrainingSkipped,
        TrainingJoined,
        TrainingDeferred,
        TrainingFinished,
        VersionRegistered,
        VersionApproved,
        VersionRejected,
        RolloutStarted,
        RolloutAdvanced,
        RolloutPromoted,
        RolloutRolledBack,
        RollbackRefused,
        DriftDetected,
        DriftCleared,
        MonitoringBlinded,
        QualityBreached,
        QualityRecovered,
        LabelsCollected,
    )
}
