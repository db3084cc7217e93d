"""The events that wake start_rollout."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.domain.events import SOURCE, VersionApproved
from trimtab.errors import InvalidInput

ENDS = ("RolloutPromoted", "RolloutRolledBack")


class EndpointStateChange(BaseModel):
    """What is used of SageMaker's "SageMaker Endpoint State Change"; its other fields may change."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    EndpointName: str
    EndpointStatus: str


class RolloutEnded(BaseModel):
    """What is used of RolloutPromoted and RolloutRolledBack: the model's next version may begin."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    source: Literal["trimtab", "aws.sagemaker"]
    detail_type: str = Field("", alias="detail-type")
    detail: dict[str, Any]


def read(event: dict[str, Any]) -> VersionApproved | RolloutEnded | EndpointStateChange:
    """Return what the event says. Raises InvalidInput if it is none of them."""
    try:
        envelope = _Envelope.model_validate(event)
        if envelope.detail_type in ENDS:
            return RolloutEnded.model_validate(envelope.detail)
        if envelope.source == SOURCE:
            return VersionApproved.model_validate(envelope.detail, strict=False)
        return EndpointStateChange.model_validate(envelope.detail)
    except ValidationError as error:
        kind = event.get("detail-type", "an event without detail-type")
        raise InvalidInput(
            f"start_rollout cannot read {kind}: {error.error_count()} fields are wrong",
            hint="its rules are in infra/constructs/functions/start_rollout.py",
        ) from error
