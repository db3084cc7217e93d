"""The events that wake this function."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from trimtab.domain.base import Frozen
from trimtab.domain.events import (
    DatasetAccepted,
    DriftDetected,
    LabelsCollected,
    QualityBreached,
    TrainingFinished,
)

ACTOR = "request_training"  # who decides where no person asked


class ScheduleDue(Frozen):
    """The hour of a model's schedule has come."""

    model: str
    expression: str  # of the schedule
    due: datetime  # the same in every repetition


class Tick(Frozen):
    """Time has passed: what waits for a time is weighed, and what was decided and not done is done."""

    due: datetime
    model: str | None = None  # None: of every model


class Accepted(BaseModel):
    """A dataset version is there."""

    detail_type: Annotated[Literal["DatasetAccepted"], Field(alias="detail-type")]
    detail: DatasetAccepted


class Finished(BaseModel):
    """A run ended."""

    detail_type: Annotated[Literal["TrainingFinished"], Field(alias="detail-type")]
    detail: TrainingFinished


class Drifted(BaseModel):
    """What a version is asked is no more what it was trained on."""

    detail_type: Annotated[Literal["DriftDetected"], Field(alias="detail-type")]
    detail: DriftDetected


class Breached(BaseModel):
    """A version's predictions are worse than its policy allows."""

    detail_type: Annotated[Literal["QualityBreached"], Field(alias="detail-type")]
    detail: QualityBreached


class Labelled(BaseModel):
    """Labels came."""

    detail_type: Annotated[Literal["LabelsCollected"], Field(alias="detail-type")]
    detail: LabelsCollected


class Scheduled(BaseModel):
    """A model's schedule fired."""

    detail_type: Annotated[Literal["ScheduleDue"], Field(alias="detail-type")]
    detail: ScheduleDue


class Ticked(BaseModel):
    """The clock of all models, or of the end of one's quiet hours, fired."""

    detail_type: Annotated[Literal["Tick"], Field(alias="detail-type")]
    detail: Tick


Told = (
    DatasetAccepted
    | TrainingFinished
    | DriftDetected
    | QualityBreached
    | LabelsCollected
    | ScheduleDue
    | Tick
)
_EVENT: TypeAdapter[Accepted | Finished | Drifted | Breached | Labelled | Scheduled | Ticked] = (
    TypeAdapter(
        Annotated[
            Accepted | Finished | Drifted | Breached | Labelled | Scheduled | Ticked,
            Field(discriminator="detail_type"),
        ]
    )
)


def parse(event: dict[str, Any]) -> Told:
    """Return the detail of an event of ours. Raises pydantic's ValidationError on any other."""
    return _EVENT.validate_python(event, strict=False).detail
