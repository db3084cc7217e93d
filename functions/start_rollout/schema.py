"""The two events that wake start_rollout."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from trimtab.domain.events import SOURCE, VersionApproved
from trimtab.errors import InvalidInput


class EndpointStateChange(BaseModel):
    """What is used of SageMaker's "SageMaker Endpoint State Change"; its other fields may change."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    EndpointName: str
    EndpointStatus: str


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    source: Literal["trimtab", "aws.sagemaker"]
    detail: dict[str, Any]


def read(event: dict[str, Any]) -> VersionApproved | EndpointStateChange:
    """Return what the event says. Raises InvalidInput if it is neither of the two."""
    try:
        envelope = _Envelope.model_validate(event)
        if envelope.source == SOURCE:
            return VersionApproved.model_validate(envelope.detail, strict=False)
        return EndpointStateChange.model_validate(envelope.detail)
    except ValidationError as error:
        kind = event.get("detail-type", "an event without detail-type")
        raise InvalidInput(
            f"start_rollout cannot read {kind}: {error.error_count()} fields are wrong",
            hint="its rules are in infra/constructs/functions/start_rollout.py",
        ) from error
