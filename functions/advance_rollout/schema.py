"""What wakes advance_rollout beside API Gateway, and what people may say about a rollout."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.errors import InvalidInput

ORDERS = ("pause", "resume", "promote", "abort", "retry")


class _Tick(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    detail_type: Literal["Tick"] = Field(alias="detail-type")


def insist_on_tick(event: dict[str, Any]) -> None:
    """Raise InvalidInput if the event is no tick of the clock."""
    try:
        _Tick.model_validate(event)
    except ValidationError as error:
        kind = event.get("detail-type", "an event without detail-type")
        raise InvalidInput(
            f"advance_rollout cannot read {kind}: it is no tick of the clock",
            hint="its schedule is in infra/constructs/functions/advance_rollout.py",
        ) from error
