"""The SageMaker events that wake this function, as far as it believes them.

An event names what changed; what it is now is asked of SageMaker, since events come late, twice and out of order.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter


class ExecutionDetail(BaseModel):
    """Which pipeline execution changed, and the status that this event tells of."""

    arn: Annotated[str, Field(alias="pipelineExecutionArn")]
    status: Annotated[str, Field(alias="currentPipelineExecutionStatus")]

    @property
    def pipeline(self) -> str:
        """Name of the pipeline: arn:aws:sagemaker:<region>:<account>:pipeline/<name>/execution/<id>."""
        return self.arn.split("/")[1]


class PackageDetail(BaseModel):
    """Which model package changed, and the approval that this event tells of."""

    arn: Annotated[str, Field(alias="ModelPackageArn")]
    group: Annotated[str, Field(alias="ModelPackageGroupName")]
    status: Annotated[str, Field(alias="ModelPackageStatus")] = "Completed"
    approval: Annotated[str, Field(alias="ModelApprovalStatus")] = "PendingManualApproval"


class ExecutionChanged(BaseModel):
    """A pipeline execution is in another state."""

    detail_type: Annotated[
        Literal["SageMaker Model Building Pipeline Execution Status Change"],
        Field(alias="detail-type"),
    ]
    detail: ExecutionDetail


class PackageChanged(BaseModel):
    """A model package is new, or its approval changed."""

    detail_type: Annotated[
        Literal["SageMaker Model Package State Change"], Field(alias="detail-type")
    ]
    detail: PackageDetail


_EVENT: TypeAdapter[ExecutionChanged | PackageChanged] = TypeAdapter(
    Annotated[ExecutionChanged | PackageChanged, Field(discriminator="detail_type")]
)


def parse(event: dict[str, Any]) -> ExecutionDetail | PackageDetail:
    """Return what an event is about. Raises pydantic's ValidationError on any other event."""
    return _EVENT.validate_python(event).detail
