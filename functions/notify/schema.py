"""The events that wake notify."""

import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.domain.events import EVENTS
from trimtab.domain.notifications import Notification, notification
from trimtab.errors import InvalidInput


class _Envelope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    source: Literal["trimtab"]
    detail_type: str = Field(alias="detail-type")
    detail: dict[str, Any]


def read(event: dict[str, Any]) -> Notification | None:
    """Return what people are told of the event, None if nothing. Raises InvalidInput if it is none of Trimtab's."""
    try:
        envelope = _Envelope.model_validate(event)
        kind = EVENTS.get(envelope.detail_type)
        if kind is not None:
            return notification(_id(envelope), kind.model_validate(envelope.detail, strict=False))
    except ValidationError as error:
        problem = f"{error.error_count()} fields are wrong"
    else:
        problem = "it is no event of Trimtab's"
    raise InvalidInput(
        f"notify cannot read {event.get('detail-type', 'an event without detail-type')}: {problem}",
        hint="its rule is in infra/constructs/functions/notify.py",
    )


def _id(envelope: _Envelope) -> str:
    """What the event is known by: it may be published twice, which EventBridge takes for two events."""
    said = json.dumps([envelope.detail_type, envelope.detail], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:32]
