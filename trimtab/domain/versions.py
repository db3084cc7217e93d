"""Model versions: what SageMaker's registry says of one, and what follows from it."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.model import Release

DESCRIPTION = re.compile(r"^(?P<reason>.*) \(by (?P<actor>[^()]+)\)$", re.DOTALL)
DESCRIPTION_LENGTH = 1024  # SageMaker's limit for an approval description
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
    """A model version: where it comes from, how good it was, and whether it may serve."""

    version: PositiveInt
    model_package_arn: str
    status: VersionStatus
    dataset_version: (
        PositiveInt | None
    )  # None if the package was not registered by a pipeline of ours
    request_id: str | None
    execution_id: str | None
    metrics: dict[str, Any]
    model_data_uri: str
    image: str
    created_at: datetime
    verdict: str | None  # the gate's sentence; None if no gate has passed it
    approved_by: str | None = None
    decided_by: str  # who put it into this status
    decided_at: datetime
    reason: str  # of the status


def describe(actor: str, reason: str) -> str:
    """Return the approval description that carries actor and reason through SageMaker's registry."""
    tail = f" (by {actor})"
    line = " ".join(reason.split())
    return line[: DESCRIPTION_LENGTH - len(tail)] + tail


def read_description(package: Package) -> tuple[str, str]:
    """Return actor and reason of a package's approval, also of one given in SageMaker itself."""
    if match := DESCRIPTION.match(package.description):
        return match["actor"], match["reason"]
    word = "approved" if package.approval == "Approved" else "rejected"
    return (
        package.modified_by or "sagemaker",
        package.description or f"{word} in SageMaker's registry",
    )


def registered(
    package: Package, metrics: Mapping[str, Any] | None, verdict: str | None, now: datetime
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
        verdict=verdict,
        decided_by=AUTOMATIC,
        decided_at=now,
        reason=verdict or "registered without a gate's verdict",
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
    actor, reason = read_description(package)
    approved_by = actor if status is VersionStatus.approved else version.approved_by
    return version.model_copy(
        update={
            "status": status,
            "reason": reason,
            "approved_by": approved_by,
            "decided_by": actor,
            "decided_at": now,
        }
    )


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
