"""The events that wake this function: of an object that was created, and of a job that ended."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from trimtab.domain.datasets import INCOMING, Arrival
from trimtab.object_created import read_object_created


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # AWS adds fields without notice


def read(event: dict[str, Any], *, bucket: str) -> Arrival:
    """Return the object version that arrived. Raises InvalidInput if the event tells of none under incoming/."""
    created = read_object_created(event, by="validate_dataset", bucket=bucket, prefix=INCOMING)
    return Arrival(key=created.key, version_id=created.version_id)


class _Job(_Said):
    name: Annotated[str, Field(alias="ProcessingJobName")]


class _JobEvent(_Said):
    detail: _Job


def job_of(event: dict[str, Any]) -> str | None:
    """Return the name of the job that an event of SageMaker tells of; None for an event of S3."""
    if event.get("source") != "aws.sagemaker":
        return None
    return _JobEvent.model_validate(event).detail.name
