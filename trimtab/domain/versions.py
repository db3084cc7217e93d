"""Model versions: what SageMaker's registry says of one, and what follows from it."""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import PositiveInt

from trimtab.domain.base import Frozen

DESCRIPTION = re.compile(r"^(?P<reason>.*) \(by (?P<actor>[^()]+)\)$", re.DOTALL)
DESCRIPTION_LENGTH = 1024  # SageMaker's limit for an approval description
AUTOMATIC = "record_training"  # the actor of an approval that the model's policy gives


class VersionStatus(StrEnum):
    """Whether a version may serve."""

    pending_approval = "pending_approval"
    approved = "approved"
    rejected = "rejected"
    blocked = "blocked"  # was rolled back; never serves again


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
    approved_by: str | None = None
    reason: str  # of the status


class Change(Frozen):
    """One step of a version's status, who took it and why."""

    status: VersionStatus
    actor: str
    reason: str


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
    package: Package, metrics: Mapping[str, Any] | None, verdict: str | None
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
        reason=verdict or "registered without an evaluation",
    )


def change(version: ModelVersion, package: Package) -> Change | None:
    """Say what the package's approval changes. Rejected and blocked are final; nothing goes back to pending."""
    actor, reason = read_description(package)
    wanted = {"Approved": VersionStatus.approved, "Rejected": VersionStatus.rejected}.get(
        package.approval
    )
    reachable = {
        VersionStatus.pending_approval: {VersionStatus.approved, VersionStatus.rejected},
        VersionStatus.approved: {VersionStatus.rejected},
    }.get(version.status, set())
    return Change(status=wanted, actor=actor, reason=reason) if wanted in reachable else None


def changed(version: ModelVersion, change: Change) -> ModelVersion:
    """Return the version after the change."""
    approved = change.status is VersionStatus.approved
    return version.model_copy(
        update={
            "status": change.status,
            "reason": change.reason,
            "approved_by": change.actor if approved else version.approved_by,
        }
    )
