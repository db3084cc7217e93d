"""The events that wake this function."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from trimtab.domain.events import DatasetAccepted, TrainingFinished

ACTOR = "request_training"  # who decides where no person asked


class Accepted(BaseModel):
    """A dataset version is there."""

    detail_type: Annotated[Literal["DatasetAccepted"], Field(alias="detail-type")]
    detail: DatasetAccepted


class Finished(BaseModel):
    """A run ended."""

    detail_type: Annotated[Literal["TrainingFinished"], Field(alias="detail-type")]
    detail: TrainingFinished


_EVENT: TypeAdapter[Accepted | Finished] = TypeAdapter(
    Annotated[Accepted | Finished, Field(discriminator="detail_type")]
)


def parse(event: dict[str, Any]) -> DatasetAccepted | TrainingFinished:
    """Return the detail of an event of ours. Raises pydantic's ValidationError on any other."""
    return _EVENT.validate_python(event, strict=False).detail
