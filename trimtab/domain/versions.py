"""Model versions: what SageMaker's registry says of one, and what follows from it."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from pydantic import Field, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.model import Release
from trimtab.domain.registry.stages import Stage

DESCRIPTION = re.compile(
    r"^(?P<reason>.*) \(by (?P<actor>[^()]+?)(?: until (?P<until>\d{4}-[^\s()]+))?\)$", re.DOTALL
)
DESCRIPTION_LENGTH = 1024  # SageMaker's limit for an approval description
GATE = "gate"  # the actor of a refusal that the pipeline's own gate decided on
AUTOMATIC = "record_training"  # the actor of an approval that the model's policy gives


class VersionStatus(StrEnum):
    """Whether a version may serve."""

    pending_approval = "pending_approval"
    approved = "approved"
    rejected = "rejected"
    blocked = "blocked"  # was rolled back; never serves again


REACHABLE = {
    VersionStatus.pending_approval: (VersionStatus.approved, VersionStatus.rejected),
    VersionStatus.approved: (VersionStatus.rejected,),
}
"""Where SageMaker's registry may move a version to; from everywhere else, nowhere."""

Approval = Literal["PendingManualApproval", "Approved", "Rejected"]


class Package(Frozen):
    """What SageMaker's registry says of a model package."""

    version: PositiveInt
    arn: str
    approval: Approval
    description: str  # of the approval
    modified_by: str | None  # who touched the package last, where SageMaker tells
    created_at: datetime
    image: str
    model_data_uri: str
    properties: dict[str, str]  # what the pipeline said when it registered the package


class ModelVersion(Frozen):
    """A model version: where it comes from, how good it was, and whether it may serve.

    A version of a deployed model is a model package of SageMaker's registry, made by the model's pipeline; any other
    was registered over MLflow's API, and has a source instead.
    """

    version: PositiveInt
    model_package_arn: str | None = None
    status: VersionStatus
    dataset_version: PositiveInt | None = None  # None if no pipeline of ours registered it
    request_id: str | None = None
    execution_id: str | None = None
    metrics: dict[str, Any] = Field(default_factory=dict)
    model_data_uri: str | None = None
    image: str | None = None
    created_at: datetime
    verdict: str | None = None  # the gate's sentence; None if no gate has passed it
    refusal: str | None = None  # the gate's sentence, if it refused the version
    approved_by: str | None = None
    decided_by: str  # who put it into this status
    decided_at: datetime
    reason: str  # of the status
    expires_at: datetime | None = (
        None  # of the approval: the version starts to serve before it or never
    )
    created_by: str | None = None  # who registered it, or asked for the training that did
    source: str | None = None  # where a client said that its files lie
    location: str | None = None  # where they do lie, if the source names another version
    run_id: str | None = None
    run_link: str | None = None
    model_id: str | None = None  # of the logged model that it was registered from
    description: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    stage: Stage = Stage.none
    updated_at: datetime | None = None
    deleted: bool = False  # its number is never given again

    @property
    def files(self) -> str:
        """Where the version's files lie."""
        return self.location or self.source or self.model_data_uri or ""

    @property
    def last_change(self) -> datetime:
        """When the version was changed last."""
        return max(self.decided_at, self.updated_at or self.created_at)


class Judgement(Frozen):
    """Who gave or refused an approval, why, and until when an approval holds."""

    actor: str
    reason: str
    expires_at: datetime | None = None


def describe(actor: str, reason: str, expires_at: datetime | None = None) -> str:
    """Return the approval description that carries actor, reason and end through SageMaker's registry."""
    until = f" until {expires_at.isoformat(timespec='seconds')}" if expires_at else ""
    tail = f" (by {actor}{until})"
    line = " ".join(reason.split())
    return line[: DESCRIPTION_LENGTH - len(tail)] + tail


def read_description(package: Package) -> Judgement:
    """Return who judged a package, why, and until when that holds; also of one judged in SageMaker itself."""
    if match := DESCRIPTION.match(package.description):
        until = _moment(match["until"])
        return Judgement(actor=match["actor"], reason=match["reason"], expires_at=until)
    word = "approved" if package.approval == "Approved" else "rejected"
    return Judgement(
        actor=package.modified_by or "sagemaker",
        reason=package.description or f"{word} in SageMaker's registry",
    )


def _moment(text: str | None) -> datetime | None:
    """Return the end of an approval; None for what somebody wrote by hand and is no time with its zone."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else None


class GateSaid(NamedTuple):
    """What a pipeline's gate said of a version."""

    passed: bool
    sentence: str


def registered(
    package: Package,
    metrics: Mapping[str, Any] | None,
    said: GateSaid | None,
    now: datetime,
    asked_by: str | None = None,
    run_id: str | None = None,
) -> ModelVersion:
    """Return the version that a new package is; it waits for approval whatever SageMaker says already."""
    dataset = package.properties.get("dataset_version", "")
    return ModelVersion(
        version=package.version,
        model_package_arn=package.arn,
        status=VersionStatus.pending_approval,
        dataset_version=int(dataset) if dataset.isdigit() and int(dataset) else None,
        request_id=package.properties.get("request_id"),
        execution_id=package.properties.get("execution_id"),
        metrics=dict(metrics or {}),
        model_data_uri=package.model_data_uri,
        image=package.image,
        created_at=package.created_at,
        verdict=said.sentence if said and said.passed else None,
        refusal=said.sentence if said and not said.passed else None,
        decided_by=AUTOMATIC,
        decided_at=now,
        reason=said.sentence if said else "registered without a gate's verdict",
        created_by=asked_by,
        run_id=run_id,
    )


def earns_approval(version: ModelVersion, release: Release) -> bool:
    """Whether the model's policy approves the version by itself: only what the gate has passed."""
    waits = version.status is VersionStatus.pending_approval
    return waits and release.approval == "auto" and version.verdict is not None


def followed(version: ModelVersion, package: Package, now: datetime) -> ModelVersion | None:
    """Return the version after what the package's approval changes; None if it changes nothing.

    Rejected and blocked are final, and nothing goes back to waiting for approval.
    """
    status = {"Approved": VersionStatus.approved, "Rejected": VersionStatus.rejected}.get(
        package.approval
    )
    if status is None or status not in REACHABLE.get(version.status, ()):
        return None
    by_the_gate = version.refusal is not None and not package.description
    judgement = (
        Judgement(actor=GATE, reason=version.reason) if by_the_gate else read_description(package)
    )
    return judged(version, status, judgement, now)


def judged(
    version: ModelVersion, status: VersionStatus, judgement: Judgement, now: datetime
) -> ModelVersion:
    """Return the version after an approval or a rejection."""
    approved = status is VersionStatus.approved
    return version.model_copy(
        update={
            "status": status,
            "reason": judgement.reason,
            "approved_by": judgement.actor if approved else version.approved_by,
            "decided_by": judgement.actor,
            "decided_at": now,
            "expires_at": judgement.expires_at if approved else None,
        }
    )


def serving_status(status: str | None, expires_at: datetime | None, now: datetime) -> str | None:
    """Return what a status is worth for a version that is to begin to serve: an approval may have ended."""
    if status == VersionStatus.approved and expires_at is not None and expires_at <= now:
        return f"approved until {expires_at.isoformat(timespec='seconds')}, which has passed"
    return status


def self_approval_refusal(version: ModelVersion, actor: str, release: Release) -> str | None:
    """Why the actor cannot approve the version, or None: a policy may ask for a second pair of eyes."""
    if release.self_approval or version.created_by != actor:
        return None
    return f"version {version.version} was made on your own request, and the model's policy wants another's approval"


def approval_refusal(version: ModelVersion, approval: Approval) -> str | None:
    """Why the version cannot be approved any more, or None. `approval` is what SageMaker's registry says."""
    if version.status in (VersionStatus.blocked, VersionStatus.rejected):
        told = f"{version.status.value} by {version.decided_by}: {version.reason}"
        return f"version {version.version} is {told}"
    if approval == "Rejected":
        return f"version {version.version} is rejected in SageMaker's registry"
    return None


def rejection_refusal(version: ModelVersion, champion: int | None) -> str | None:
    """Why the version cannot be rejected, or None."""
    if version.version == champion:
        return f"version {version.version} is the champion"
    if version.status is VersionStatus.blocked:
        return f"version {version.version} is blocked by {version.decided_by}: {version.reason}"
    return None


def redacted(version: ModelVersion, actor: str, reason: str, now: datetime) -> ModelVersion:
    """Return what is kept of a version that is deleted: that there was one, and who deleted it."""
    return ModelVersion(
        version=version.version,
        status=VersionStatus.rejected,
        created_at=version.created_at,
        created_by=version.created_by,
        decided_by=actor,
        decided_at=now,
        reason=reason,
        updated_at=now,
        deleted=True,
    )
