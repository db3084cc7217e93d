"""The event that wakes this function: S3's "Object Created", as EventBridge delivers it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.domain.datasets import INCOMING, Arrival
from trimtab.errors import InvalidInput


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # AWS adds fields without notice


class _Object(_Said):
    key: Annotated[
        str, Field(min_length=1)
    ]  # as it is, not URL-encoded: a plus sign is a plus sign
    version_id: Annotated[str, Field(alias="version-id")] = "null"


class _Bucket(_Said):
    name: str


class _Detail(_Said):
    bucket: _Bucket
    object: _Object


class _Event(_Said):
    detail: _Detail


def read(event: dict[str, Any], *, bucket: str) -> Arrival:
    """Return the object version that arrived. Raises InvalidInput if the event tells of none under incoming/."""
    try:
        detail = _Event.model_validate(event).detail
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise InvalidInput(
            f"validate_dataset cannot read the event: {fields} is missing or wrong",
            hint="its rule passes S3's Object Created; see infra/constructs/functions/validate_dataset.py",
        ) from error
    if detail.bucket.name != bucket or not detail.object.key.startswith(INCOMING):
        raise InvalidInput(
            f"s3://{detail.bucket.name}/{detail.object.key} is not under s3://{bucket}/{INCOMING}",
            hint="its rule passes that prefix only; see infra/constructs/functions/validate_dataset.py",
        )
    return Arrival(key=detail.object.key, version_id=detail.object.version_id)


class _Job(_Said):
    name: Annotated[str, Field(alias="ProcessingJobName")]


class _JobEvent(_Said):
    detail: _Job


def job_of(event: dict[str, Any]) -> str | None:
    """Return the name of the job that an event of SageMaker tells of; None for an event of S3."""
    if event.get("source") != "aws.sagemaker":
        return None
    return _JobEvent.model_validate(event).detail.name
