"""What wakes monitor_model."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.errors import InvalidInput


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
            f"monitor_model cannot read {kind}: it is no tick of the clock",
            hint="its schedule is in infra/constructs/functions/monitor_model.py",
        ) from error
