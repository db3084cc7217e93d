"""The event bus that carries Trimtab's own events."""

from typing import TYPE_CHECKING

from trimtab.domain.events import SOURCE, Detail
from trimtab.errors import Fault

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class Bus:
    """Publishes events; delivery is at least once, so every consumer is idempotent."""

    def __init__(self, client: "EventBridgeClient", name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, *events: Detail) -> None:
        """Put the events on the bus (10 at most). Raises Fault if the bus took any of them not."""
        answer = self._client.put_events(
            Entries=[
                {
                    "EventBusName": self._name,
                    "Source": SOURCE,
                    "DetailType": type(event).__name__,
                    "Detail": event.model_dump_json(),
                }
                for event in events
            ]
        )
        if answer["FailedEntryCount"]:
            refused = [e.get("ErrorCode", "") for e in answer["Entries"] if e.get("ErrorCode")]
            raise Fault(f"the event bus {self._name} refused {len(refused)} events: {refused}")
