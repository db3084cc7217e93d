"""Model packages in SageMaker's registry: where approvals are given, also ours."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal

from trimtab.domain.versions import Package, describe

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


class Packages:
    """Reads model packages and decides on their approval."""

    def __init__(self, client: "SageMakerClient") -> None:
        self._client = client

    def get(self, arn: str) -> Package:
        """Return what the registry says of a package now."""
        told = self._client.describe_model_package(ModelPackageName=arn)
        container = told.get("InferenceSpecification", {}).get("Containers", [{}])[0]
        return Package(
            version=told["ModelPackageVersion"],
            arn=told["ModelPackageArn"],
            approval=told.get("ModelApprovalStatus", "PendingManualApproval"),
            description=told.get("ApprovalDescription", ""),
            modified_by=told.get("LastModifiedBy", {}).get("UserProfileName"),
            created_at=told["CreationTime"],
            image=container.get("Image", ""),
            model_data_uri=container.get("ModelDataUrl", ""),
            properties=told.get("CustomerMetadataProperties", {}),
        )

    def decide(
        self,
        arn: str,
        approval: Literal["Approved", "Rejected"],
        *,
        actor: str,
        reason: str,
        expires_at: datetime | None = None,
    ) -> None:
        """Approve or reject a package; the registry's event then changes our own record."""
        self._client.update_model_package(
            ModelPackageArn=arn,
            ModelApprovalStatus=approval,
            ApprovalDescription=describe(actor, reason, expires_at),
        )
